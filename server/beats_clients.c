/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/beats_clients.h"

#include "codec/base/error.h"
#include "codec/base/hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define BUCKETS 1024 /* a power of two */

void
beats_clients_init(struct beats_clients *all, size_t most)
{
    *all = (struct beats_clients){ .most = most };
    link_init(&all->idle);
}

void
beats_clients_fini(struct beats_clients *all)
{
    for (size_t i = 0; all->bucket != NULL && i < BUCKETS; i++)
        for (struct beats_client *c = all->bucket[i], *next; c != NULL; c = next) {
            next = c->next;
            free(c);
        }
    free(all->bucket);
    free(all->others);
    beats_clients_init(all, all->most);
}

/* ---- entries ---- */

void
beats_client_text(struct slice s, char *out, size_t max)
{
    size_t n = s.n < max - 1 ? s.n : max - 1;

    while (n > 0 && n < s.n && ((unsigned char)s.p[n] & 0xC0) == 0x80)
        n--;
    if (n > 0)
        memcpy(out, s.p, n);
    out[n] = '\0';
}

static struct beats_client
named(const struct beats_client_id *id)
{
    struct beats_client c = { 0 };

    beats_client_text(id->subject, c.subject, sizeof c.subject);
    beats_client_text(id->agent, c.agent, sizeof c.agent);
    beats_client_text(id->address, c.address, sizeof c.address);
    c.hash = hash_bytes(slice_of(c.subject), 0);
    c.hash = hash_bytes(slice_of(c.agent), c.hash);
    c.hash = hash_bytes(slice_of(c.address), c.hash);
    return c;
}

static bool
is_same(const struct beats_client *x, const struct beats_client *y)
{
    return x->hash == y->hash && strcmp(x->subject, y->subject) == 0 &&
           strcmp(x->agent, y->agent) == 0 && strcmp(x->address, y->address) == 0;
}

static struct beats_client **
bucket_of(struct beats_clients *all, uint64_t hash)
{
    if (all->bucket == NULL)
        all->bucket = xcalloc(BUCKETS, sizeof all->bucket[0]);
    return &all->bucket[hash & (BUCKETS - 1)];
}

static void
forget(struct beats_clients *all, struct beats_client *c)
{
    struct beats_client **at = bucket_of(all, c->hash);

    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    free(c);
    all->n--;
    all->forgotten++;
}

/* NULL: all entries are in use. */
static struct beats_client *
add(struct beats_clients *all, const struct beats_client *wanted)
{
    struct beats_client *c, **at;
    struct link *oldest;

    if (all->n >= all->most) {
        oldest = link_take(&all->idle);
        if (oldest == NULL)
            return NULL;
        forget(all, CONTAINER_OF(oldest, struct beats_client, link));
    }
    c = xmalloc(sizeof *c);
    *c = *wanted;
    at = bucket_of(all, c->hash);
    c->next = *at;
    *at = c;
    all->n++;
    return c;
}

static struct beats_client *
others(struct beats_clients *all, uint64_t now_s)
{
    if (all->others == NULL) {
        all->others = xcalloc(1, sizeof *all->others);
        snprintf(all->others->agent, sizeof all->others->agent, "(others)");
        all->others->since_s = now_s;
    }
    return all->others;
}

struct beats_client *
beats_clients_join(struct beats_clients *all, const struct beats_client_id *id, uint64_t now_s)
{
    struct beats_client wanted = named(id), *c = *bucket_of(all, wanted.hash);

    while (c != NULL && !is_same(c, &wanted))
        c = c->next;
    if (c == NULL) {
        wanted.since_s = now_s;
        c = add(all, &wanted);
    }
    if (c == NULL)
        c = others(all, now_s);
    link_remove(&c->link);
    c->connections++;
    c->connects++;
    c->seen_s = now_s;
    return c;
}

void
beats_clients_leave(struct beats_clients *all, struct beats_client *c, uint64_t now_s)
{
    c->seen_s = now_s;
    if (--c->connections > 0)
        return;
    c->windows_open = 0;
    if (c != all->others)
        link_append(&all->idle, &c->link);
}

/* ---- latency ---- */

/* Bucket 0: below 1 ms; then four for each doubling. */
static unsigned
bucket_for(uint64_t ms)
{
    unsigned octave, bucket;

    if (ms == 0)
        return 0;
    octave = 63 - (unsigned)__builtin_clzll(ms);
    bucket =
        1 + 4 * octave + (unsigned)(octave >= 2 ? ms >> (octave - 2) & 3 : ms << (2 - octave) & 3);
    return bucket < CLIENT_LATENCIES ? bucket : CLIENT_LATENCIES - 1;
}

/* The largest time that falls into the bucket, up to rounding. */
static uint64_t
bucket_top(unsigned bucket)
{
    unsigned octave = (bucket - 1) / 4, quarter = (bucket - 1) % 4;

    if (bucket == 0)
        return 0;
    return (((uint64_t)5 + quarter) << octave) / 4 - (octave >= 2);
}

void
beats_client_acked(struct beats_client *c, uint64_t ms)
{
    c->acks++;
    c->latency[bucket_for(ms)]++;
    if (ms > c->ack_most_ms)
        c->ack_most_ms = ms;
}

uint64_t
beats_client_latency(const struct beats_client *c, unsigned per_mille)
{
    uint64_t all = 0, seen = 0;

    for (unsigned i = 0; i < CLIENT_LATENCIES; i++)
        all += c->latency[i];
    for (unsigned i = 0; i + 1 < CLIENT_LATENCIES && all > 0; i++) {
        seen += c->latency[i];
        if (seen * 1000 >= all * per_mille)
            return bucket_top(i) < c->ack_most_ms ? bucket_top(i) : c->ack_most_ms;
    }
    return c->ack_most_ms;
}

/* ---- readings ---- */

static void
put(struct beats_clients_copy *out, const struct beats_client *c)
{
    if (out->n == out->cap) {
        out->cap = out->cap == 0 ? 64 : out->cap * 2;
        out->at = xrealloc(out->at, out->cap * sizeof out->at[0]);
    }
    out->at[out->n] = *c;
    out->at[out->n].next = NULL;
    out->at[out->n++].link = (struct link){ 0 };
}

void
beats_clients_copy(const struct beats_clients *all, struct beats_clients_copy *out)
{
    for (size_t i = 0; all->bucket != NULL && i < BUCKETS; i++)
        for (const struct beats_client *c = all->bucket[i]; c != NULL; c = c->next)
            put(out, c);
    if (all->others != NULL)
        put(out, all->others);
    out->forgotten += all->forgotten;
}

void
beats_clients_copy_fini(struct beats_clients_copy *copy)
{
    free(copy->at);
    *copy = (struct beats_clients_copy){ 0 };
}

void
beats_clients_take(struct beats_clients_copy *copy, const struct beats_clients_copy *more)
{
    for (size_t i = 0; i < more->n; i++)
        put(copy, &more->at[i]);
    copy->forgotten += more->forgotten;
}

static void
add_up(struct beats_client *into, const struct beats_client *c)
{
    into->since_s = into->since_s < c->since_s ? into->since_s : c->since_s;
    into->seen_s = into->seen_s > c->seen_s ? into->seen_s : c->seen_s;
    into->connects += c->connects;
    into->events += c->events;
    into->bytes += c->bytes;
    into->windows += c->windows;
    into->quarantined += c->quarantined;
    into->errors += c->errors;
    into->connections += c->connections;
    into->windows_open += c->windows_open;
    into->acks += c->acks;
    if (c->ack_most_ms > into->ack_most_ms)
        into->ack_most_ms = c->ack_most_ms;
    for (unsigned i = 0; i < CLIENT_LATENCIES; i++)
        into->latency[i] += c->latency[i];
}

static int
by_hash(const void *x, const void *y)
{
    const struct beats_client *a = x, *b = y;

    return a->hash < b->hash ? -1 : a->hash > b->hash;
}

static int
by_bytes(const void *x, const void *y)
{
    const struct beats_client *a = x, *b = y;

    return a->bytes > b->bytes ? -1 : a->bytes < b->bytes;
}

void
beats_clients_merge(struct beats_clients_copy *copy)
{
    size_t kept = 0;

    if (copy->n == 0)
        return;
    qsort(copy->at, copy->n, sizeof copy->at[0], by_hash);
    for (size_t i = 1; i < copy->n; i++) {
        if (is_same(&copy->at[kept], &copy->at[i]))
            add_up(&copy->at[kept], &copy->at[i]);
        else
            copy->at[++kept] = copy->at[i];
    }
    copy->n = kept + 1;
    qsort(copy->at, copy->n, sizeof copy->at[0], by_bytes);
}

static const char *
print_time(uint64_t s, char out[32])
{
    time_t t = (time_t)s;
    struct tm tm;

    gmtime_r(&t, &tm);
    strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
    return out;
}

static void
log_client(const struct beats_client *c, const struct log *log)
{
    char since[32], seen[32];
    struct log_param params[] = {
        LOG_TEXT("address", slice_of(c->address)),
        LOG_TEXT("agent", slice_of(c->agent)),
        LOG_TEXT("subject", slice_of(c->subject)),
        LOG_TEXT("since", slice_of(print_time(c->since_s, since))),
        LOG_TEXT("last_seen", slice_of(print_time(c->seen_s, seen))),
        LOG_INT("connections", c->connections),
        LOG_INT("connects", c->connects),
        LOG_INT("windows", c->windows),
        LOG_INT("windows_open", c->windows_open),
        LOG_INT("events", c->events),
        LOG_INT("bytes", c->bytes),
        LOG_INT("acks", c->acks),
        LOG_INT("ack_ms_p99", beats_client_latency(c, 990)),
        LOG_INT("ack_ms_most", c->ack_most_ms),
        LOG_INT("quarantined", c->quarantined),
        LOG_INT("errors", c->errors),
    };

    log_params(log, LOG_INFO, params, COUNT(params), "Client");
}

void
beats_clients_log(const struct beats_clients_copy *copy, size_t lines, const struct log *log)
{
    size_t n = copy->n < lines ? copy->n : lines;
    struct log_param params[] = { LOG_INT("clients", copy->n), LOG_INT("not_shown", copy->n - n),
                                  LOG_INT("forgotten", copy->forgotten) };

    for (size_t i = 0; i < n; i++)
        log_client(&copy->at[i], log);
    log_params(log, LOG_INFO, params, COUNT(params), "Clients");
}
