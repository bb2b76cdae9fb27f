/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tools/beats_send/report.h"

#include "codec/json_write.h"

#include <inttypes.h>
#include <stdarg.h>
#include <sys/resource.h>

void
counts_add(struct counts *to, const struct counts *from)
{
    to->events_sent += from->events_sent;
    to->events_acked += from->events_acked;
    to->windows_sent += from->windows_sent;
    to->windows_acked += from->windows_acked;
    to->windows_resent += from->windows_resent;
    to->bytes_sent += from->bytes_sent;
    to->keepalives += from->keepalives;
    to->partials += from->partials;
    to->connects += from->connects;
    to->lost += from->lost;
    to->damaged += from->damaged;
    to->damaged_acked += from->damaged_acked;
    if (from->gap_most_ms > to->gap_most_ms)
        to->gap_most_ms = from->gap_most_ms;
    if (from->ack_most_us > to->ack_most_us)
        to->ack_most_us = from->ack_most_us;
    for (unsigned i = 0; i < REPORT_TIMES; i++)
        to->ack_us[i] += from->ack_us[i];
}

/* So many buckets for each doubling: neighbours are less than 2 % apart. */
#define STEPS ((uint64_t)64)

/* Bucket STEPS x k + j holds times from (STEPS + j) << (k - 1) up; below STEPS each has its own. */
static unsigned
bucket_of(uint64_t us)
{
    unsigned shift = 0;

    while (us >> shift >= 2 * STEPS)
        shift++;
    return (unsigned)(STEPS * shift + (us >> shift));
}

static uint64_t
bucket_time(unsigned i)
{
    return i < 2 * STEPS ? i : (STEPS + i % STEPS) << (i / STEPS - 1);
}

void
counts_ack_time(struct counts *c, uint64_t us)
{
    unsigned i = bucket_of(us);

    c->ack_us[i < REPORT_TIMES ? i : REPORT_TIMES - 1]++;
    if (us > c->ack_most_us)
        c->ack_most_us = us;
}

static double
quantile_ms(const struct counts *c, double part)
{
    uint64_t all = 0, below = 0;

    for (unsigned i = 0; i < REPORT_TIMES; i++)
        all += c->ack_us[i];
    for (unsigned i = 0; i < REPORT_TIMES; i++) {
        below += c->ack_us[i];
        if (below > 0 && (double)below >= part * (double)all)
            return (double)bucket_time(i) / 1000;
    }
    return 0;
}

int
report_init(struct report *r, const struct options *o, struct err *err)
{
    *r = (struct report){ .prefix = o->prefix };
    pthread_mutex_init(&r->lock, NULL);
    if (o->ledger == NULL)
        return 0;
    r->ledger = fopen(o->ledger, "we");
    if (r->ledger == NULL)
        return err_errno(err, "%s", o->ledger);
    return 0;
}

void
report_fini(struct report *r)
{
    if (r->ledger != NULL)
        fclose(r->ledger);
    pthread_mutex_destroy(&r->lock);
}

void
report_fault(struct report *r, const char *fmt, ...)
{
    va_list ap;

    pthread_mutex_lock(&r->lock);
    if (r->faults < REPORT_FAULTS) {
        va_start(ap, fmt);
        vsnprintf(r->fault[r->faults], sizeof r->fault[0], fmt, ap);
        va_end(ap);
    }
    r->faults++;
    pthread_mutex_unlock(&r->lock);
}

/* The other end of a kill test reads it: what is acknowledged must be in the file. */
void
report_ids(struct report *r, char what, uint64_t first, uint32_t n)
{
    if (r->ledger == NULL)
        return;
    pthread_mutex_lock(&r->lock);
    for (uint32_t i = 0; i < n; i++)
        fprintf(r->ledger, "%c\t%s%" PRIu64 "\n", what, r->prefix, first + i);
    fflush(r->ledger);
    pthread_mutex_unlock(&r->lock);
}

static double
cpu_seconds(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return (double)u.ru_utime.tv_sec + (double)u.ru_stime.tv_sec +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void
put(struct buf *out, const char *key, uint64_t n)
{
    buf_printf(out, "\"%s\":%" PRIu64 ",", key, n);
}

void
report_print(const struct report *r, const struct counts *c, double seconds)
{
    struct buf out = { 0 };

    buf_byte(&out, '{');
    put(&out, "events_sent", c->events_sent);
    put(&out, "events_acked", c->events_acked);
    put(&out, "windows_sent", c->windows_sent);
    put(&out, "windows_acked", c->windows_acked);
    put(&out, "windows_resent", c->windows_resent);
    put(&out, "bytes_sent", c->bytes_sent);
    put(&out, "connects", c->connects);
    put(&out, "connections_lost", c->lost);
    put(&out, "keepalives", c->keepalives);
    put(&out, "partial_acks", c->partials);
    put(&out, "max_gap_ms", c->gap_most_ms);
    put(&out, "damaged_windows", c->damaged);
    put(&out, "damaged_windows_acked", c->damaged_acked);
    buf_printf(&out,
               "\"seconds\":%.3f,\"events_per_second\":%.0f,\"cpu_seconds\":%.3f,"
               "\"ack_ms\":{\"p50\":%.3f,\"p99\":%.3f,\"max\":%.3f},",
               seconds, seconds > 0 ? (double)c->events_acked / seconds : 0, cpu_seconds(),
               quantile_ms(c, 0.5), quantile_ms(c, 0.99), (double)c->ack_most_us / 1000);
    buf_printf(&out, "\"faults\":%" PRIu64 ",\"fault_texts\":[", r->faults);
    for (uint64_t i = 0; i < r->faults && i < REPORT_FAULTS; i++) {
        if (i > 0)
            buf_byte(&out, ',');
        json_write_string(slice_of(r->fault[i]), &out);
    }
    buf_append(&out, SLICE("]}"));
    puts(buf_cstr(&out));
    buf_fini(&out);
}
