/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The ledger of clients: who sends, since when, how much, and how fast it is acknowledged.
 *
 * A client is a certificate subject, an agent (its id, else its host) and an address; several
 * connections share an entry. Each loop has a ledger of its own, on its thread only; for a reading
 * copies are merged. Bounded by number: the entry that has been without connections for the longest
 * time goes first, and when all have some, newcomers share one entry. */
#ifndef SERVER_BEATS_CLIENTS_H
#define SERVER_BEATS_CLIENTS_H

#include "codec/base/log.h"
#include "server/net/link.h"
#include "server/net/resolver.h"

#define CLIENT_SUBJECT 192
#define CLIENT_AGENT   96

/* Four buckets for each doubling, from 1 ms to a minute: percentiles are at most 19 % too high. */
#define CLIENT_LATENCIES 66

/* Borrowed texts; empty: not known. */
struct beats_client_id {
    struct slice subject, agent, address;
};

struct beats_client {
    struct link link;          /* by when they were last without connections; not with some */
    struct beats_client *next; /* of equal hash */
    uint64_t hash;
    char subject[CLIENT_SUBJECT], agent[CLIENT_AGENT], address[ADDRESS_TEXT]; /* cut */
    uint64_t since_s, seen_s;                                                 /* Unix time */
    uint64_t connects, events, bytes, windows, quarantined, errors;
    uint32_t connections;  /* open now */
    uint32_t windows_open; /* complete and not acknowledged; filled in for a reading */
    uint64_t acks, ack_most_ms;
    uint32_t latency[CLIENT_LATENCIES];
};

/* Zero-initialised, then set most. */
struct beats_clients {
    struct beats_client **bucket;
    struct link idle; /* oldest first */
    size_t n, most;
    struct beats_client *others; /* shared once all entries are in use */
    uint64_t forgotten;
};

void beats_clients_init(struct beats_clients *all, size_t most);
void beats_clients_fini(struct beats_clients *all);
/* A copy, cut where a character ends; strange bytes are the log writer's business. */
void beats_client_text(struct slice s, char *out, size_t max);
/* One more connection of that client; never NULL. */
struct beats_client *beats_clients_join(struct beats_clients *all, const struct beats_client_id *id,
                                        uint64_t now_s);
void beats_clients_leave(struct beats_clients *all, struct beats_client *c, uint64_t now_s);
/* A window of the client was acknowledged so long after it was complete. */
void beats_client_acked(struct beats_client *c, uint64_t ms);

/* ---- readings ---- */

/* Copies that are their reader's own, next and link aside. */
struct beats_clients_copy {
    struct beats_client *at;
    size_t n, cap;
    uint64_t forgotten;
};

void beats_clients_copy(const struct beats_clients *all, struct beats_clients_copy *out);
void beats_clients_copy_fini(struct beats_clients_copy *copy);
/* Adds the entries of more. */
void beats_clients_take(struct beats_clients_copy *copy, const struct beats_clients_copy *more);
/* Entries of one client become one; those with most bytes first. */
void beats_clients_merge(struct beats_clients_copy *copy);
/* Milliseconds that per_mille of all ACKs did not exceed, rounded up to a bucket; 0 without ACKs.
 */
uint64_t beats_client_latency(const struct beats_client *c, unsigned per_mille);
/* One line an entry, at most lines of them, and one that says how many there are besides. */
void beats_clients_log(const struct beats_clients_copy *copy, size_t lines, const struct log *log);

#endif
