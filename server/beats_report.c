/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the beats input says of its senders: refusals and oddities in the log, one line a second and
 * loop, so that a peer who misbehaves fills no disk; the ledger of clients; the answer to SIGQUIT.
 * Loop threads, beats_report aside. */
#include "server/beats_conn_priv.h"

#include <stdio.h>
#include <time.h>

#define LOG_EVERY_MS 1000

/* ---- the ledger ---- */

/* What came before the agent was known is counted now. */
static void
join_ledger(struct conn *c, const char *agent)
{
    struct beats_client_id id = { .subject =
                                      slice_of(c->peer->info != NULL ? c->peer->info->subject : ""),
                                  .agent = slice_of(agent),
                                  .address = slice_of(c->peer->ip) };

    c->client = beats_clients_join(&c->home->clients, &id, (uint64_t)time(NULL));
    c->client->bytes += c->bytes;
    c->client->windows += c->acks.first + c->acks.n;
    atomic_store_explicit(&c->peer->known, true, memory_order_relaxed);
}

void
conn_received(struct conn *c, size_t n)
{
    c->bytes += n;
    if (c->client != NULL) {
        c->client->bytes += n;
        c->client->seen_s = (uint64_t)time(NULL);
    }
    atomic_fetch_add_explicit(&c->home->in->base.stats.bytes, n, memory_order_relaxed);
}

void
conn_left(struct conn *c)
{
    if (c->client != NULL)
        beats_clients_leave(&c->home->clients, c->client, (uint64_t)time(NULL));
    c->client = NULL;
}

/* ---- logging ---- */

/* One line a second and loop names a peer and a reason; the next says how many there were. */
void
conn_refused(struct conn *c, const char *what)
{
    uint64_t swallowed;

    atomic_fetch_add_explicit(&c->home->in->refused, 1, memory_order_relaxed);
    if (c->client == NULL)
        join_ledger(c, "");
    c->client->errors++;
    if (!log_throttle_pass(&c->home->refusals, conn_now(c), LOG_EVERY_MS, &swallowed))
        return;
    if (swallowed > 0)
        log_warn(&c->log, "closing: %s (and %llu more refusals since the last line)", what,
                 (unsigned long long)swallowed);
    else
        log_warn(&c->log, "closing: %s", what);
}

void
conn_probed(struct conn *c)
{
    atomic_fetch_add_explicit(&c->home->in->probes, 1, memory_order_relaxed);
}

/* Events that go on, though not as they came: rate-limited, with the peer and the reason. */
static void
log_oddities(struct conn *c, const struct beats_found *m)
{
    uint64_t bad = 0, swallowed;
    char more[80] = "";

    for (int i = 0; i < LJ_BAD_KINDS; i++)
        bad += m->bad_events[i];
    c->client->quarantined += bad;
    if (bad + m->bad_times == 0 || m->bad ||
        !log_throttle_pass(&c->home->oddities, conn_now(c), LOG_EVERY_MS, &swallowed))
        return;
    if (swallowed > 0)
        snprintf(more, sizeof more, " (and %llu more windows like this since the last line)",
                 (unsigned long long)swallowed);
    if (bad > 0)
        log_warn(&c->log, "%llu event%s of a window quarantined; the first: %s%s",
                 (unsigned long long)bad, bad == 1 ? "" : "s", m->first_bad, more);
    else
        log_warn(&c->log, "@timestamp of %llu event%s of a window cannot be read%s",
                 (unsigned long long)m->bad_times, m->bad_times == 1 ? "" : "s", more);
}

void
conn_found(struct conn *c, const struct beats_found *m)
{
    if (c->client == NULL)
        join_ledger(c, m->agent);
    c->client->events += m->events;
    log_oddities(c, m);
}

/* ---- the answer to SIGQUIT ---- */

#define CLIENT_LINES 1000 /* what the log's buffer holds */

/* Filled in for a reading only. */
static void
count_open(struct beats_loop *bl)
{
    for (struct link *at = bl->conns.next; at != &bl->conns; at = at->next) {
        struct conn *c = CONTAINER_OF(at, struct conn, link);

        if (c->client != NULL)
            c->client->windows_open = 0;
    }
    for (struct link *at = bl->conns.next; at != &bl->conns; at = at->next) {
        struct conn *c = CONTAINER_OF(at, struct conn, link);

        if (c->client != NULL)
            c->client->windows_open += beats_ack_waiting(&c->acks);
    }
}

static void
copy_clients(struct beats_loop *bl)
{
    count_open(bl);
    beats_clients_copy(&bl->clients, &bl->reading);
}

static void
report_counters(struct beats_input *in)
{
    struct log_param params[] = {
        LOG_INT("connections", atomic_load(&in->base.stats.connections)),
        LOG_INT("probes", atomic_load(&in->probes)),
        LOG_INT("refused", atomic_load(&in->refused)),
        LOG_INT("windows", atomic_load(&in->base.stats.windows)),
        LOG_INT("acks", atomic_load(&in->acks)),
        LOG_INT("keepalives", atomic_load(&in->keepalives)),
        LOG_INT("bytes", atomic_load(&in->base.stats.bytes)),
        LOG_INT("events", atomic_load(&in->base.stats.events)),
        LOG_INT("bad_json", atomic_load(&in->bad_events[LJ_BAD_JSON])),
        LOG_INT("not_object", atomic_load(&in->bad_events[LJ_NOT_OBJECT])),
        LOG_INT("bad_utf8", atomic_load(&in->bad_events[LJ_BAD_UTF8])),
        LOG_INT("too_deep", atomic_load(&in->bad_events[LJ_TOO_DEEP])),
        LOG_INT("bad_timestamps", atomic_load(&in->timestamps)),
    };

    log_params(in->base.env.log, LOG_INFO, params, COUNT(params), "Connections and windows");
}

void
beats_report(struct input *input)
{
    struct beats_input *in = (struct beats_input *)(void *)input;
    struct beats_clients_copy all = { 0 };

    report_counters(in);
    beats_each_loop(in, copy_clients);
    for (size_t i = 0; i < in->base.env.loops_n; i++) {
        beats_clients_take(&all, &in->loops[i].reading);
        beats_clients_copy_fini(&in->loops[i].reading);
    }
    beats_clients_merge(&all);
    beats_clients_log(&all, CLIENT_LINES, in->base.env.log);
    beats_clients_copy_fini(&all);
}
