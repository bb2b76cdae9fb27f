/* SPDX-License-Identifier: GPL-3.0-or-later */
/* filter throttle: the common options run only for events before or after a number of events of the
 * same key in a period of event time (reference/filters.md 24).
 *
 * Shared by nature: the counters of all workers are one table under one lock, made by prepare and
 * freed with the plan. Bounded by max_counters: the key that was not seen for longest goes. */
#include "codec/base/error.h"
#include "codec/base/hash.h"
#include "pipeline/filter.h"

#include <pthread.h>
#include <stdlib.h>

#define BUCKETS        4096
#define DEFAULT_PERIOD 60

/* Events of one period. */
struct slot {
    int64_t number; /* periods since the origin; may be negative */
    int64_t count;
};

struct counter {
    struct counter *hash_next;
    struct counter *newer, *older; /* by last use */
    uint64_t hash;
    int64_t origin; /* second of the first event */
    int64_t latest; /* number of the latest slot */
    struct slot *slots;
    size_t n, cap;
    size_t key_n;
    char key[];
};

struct table {
    pthread_mutex_t lock;
    struct counter *bucket[BUCKETS];
    struct counter *newest, *oldest;
    int64_t n;
};

struct conf {
    struct template *key, *period;
    double before_count, after_count, max_age; /* Logstash takes fractions */
    int64_t max_counters;
    struct table *table;
};

struct local {
    struct buf key, period;
};

#define C struct conf
static const struct option options[] = {
    OPT_TEMPLATE(C, key, .required = true, .help = "events of the same text are counted together"),
    OPT_NUMBER(C, before_count, .dflt = "-1", .help = "matches while fewer events came; -1: off"),
    OPT_NUMBER(C, after_count, .dflt = "-1", .help = "matches once more events came; -1: off"),
    OPT_TEMPLATE(C, period, .dflt = "60", .help = "seconds of event time"),
    OPT_NUMBER(C, max_age, .dflt = "3600", .help = "seconds that a period is remembered"),
    OPT_INT(C, max_counters, .dflt = "100000", .help = "keys that are remembered; -1: any number"),
    OPT_END,
};
#undef C

static int
prepare(void *conf, const struct plugin_context *ctx, struct err *err)
{
    struct conf *c = conf;

    (void)ctx;
    (void)err;
    c->table = xcalloc(1, sizeof *c->table);
    pthread_mutex_init(&c->table->lock, NULL);
    return 0;
}

static void
dispose(void *conf)
{
    struct conf *c = conf;

    if (c->table == NULL)
        return;
    for (struct counter *k = c->table->newest, *older; k != NULL; k = older) {
        older = k->older;
        free(k->slots);
        free(k);
    }
    pthread_mutex_destroy(&c->table->lock);
    free(c->table);
    c->table = NULL;
}

static void
stop(const void *conf, void *local)
{
    struct local *l = local;

    (void)conf;
    buf_fini(&l->key);
    buf_fini(&l->period);
}

/* ---- the table, under its lock ---- */

static void
unlink_locked(struct table *t, struct counter *k)
{
    *(k->newer != NULL ? &k->newer->older : &t->newest) = k->older;
    *(k->older != NULL ? &k->older->newer : &t->oldest) = k->newer;
    k->newer = k->older = NULL;
}

static void
push_newest_locked(struct table *t, struct counter *k)
{
    k->older = t->newest;
    *(t->newest != NULL ? &t->newest->newer : &t->oldest) = k;
    t->newest = k;
}

static void
forget_oldest_locked(struct table *t)
{
    struct counter *k = t->oldest, **at = &t->bucket[k->hash % BUCKETS];

    while (*at != k)
        at = &(*at)->hash_next;
    *at = k->hash_next;
    unlink_locked(t, k);
    t->n--;
    free(k->slots);
    free(k);
}

static struct counter *
find_locked(const struct conf *c, struct slice key, int64_t second)
{
    struct table *t = c->table;
    uint64_t hash = hash_bytes(key, 0);
    struct counter *k = t->bucket[hash % BUCKETS];

    while (k != NULL && !(k->hash == hash && slice_eq((struct slice){ k->key, k->key_n }, key)))
        k = k->hash_next;
    if (k != NULL) {
        unlink_locked(t, k);
        push_newest_locked(t, k);
        return k;
    }
    if (c->max_counters > 0 && t->n >= c->max_counters)
        forget_oldest_locked(t);
    k = xcalloc(1, sizeof *k + key.n);
    k->hash = hash;
    k->origin = second;
    k->key_n = key.n;
    if (key.n > 0)
        memcpy(k->key, key.p, key.n);
    k->hash_next = t->bucket[hash % BUCKETS];
    t->bucket[hash % BUCKETS] = k;
    push_newest_locked(t, k);
    t->n++;
    return k;
}

static int64_t
floor_divide(int64_t a, int64_t b)
{
    return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

static struct slot *
slot_locked(struct counter *k, int64_t number)
{
    for (size_t i = 0; i < k->n; i++)
        if (k->slots[i].number == number)
            return &k->slots[i];
    if (k->n == k->cap) {
        k->cap = k->cap == 0 ? 2 : k->cap * 2;
        k->slots = xrealloc(k->slots, k->cap * sizeof k->slots[0]);
    }
    if (k->n == 0 || number > k->latest)
        k->latest = number;
    k->slots[k->n] = (struct slot){ .number = number };
    return &k->slots[k->n++];
}

/* Also bounds the slots of a key: those of max_age seconds. */
static void
expire_locked(const struct conf *c, struct counter *k, int64_t period)
{
    for (size_t i = 0; i < k->n;) {
        if ((double)((k->latest - k->slots[i].number) * period) > c->max_age)
            k->slots[i] = k->slots[--k->n];
        else
            i++;
    }
}

static int64_t
count_event(const struct conf *c, struct slice key, int64_t second, int64_t period)
{
    struct counter *k;
    struct slot *s;
    int64_t count;

    pthread_mutex_lock(&c->table->lock);
    k = find_locked(c, key, second);
    s = slot_locked(k, floor_divide(second - k->origin, period));
    count = ++s->count;
    expire_locked(c, k, period);
    pthread_mutex_unlock(&c->table->lock);
    return count;
}

/* ---- an event ---- */

/* Seconds; what cannot be read, or is no positive number, is 60. */
static int64_t
period_of(const struct conf *c, struct local *l, struct event *ev)
{
    int64_t period;

    buf_clear(&l->period);
    template_render(c->period, ev, &l->period);
    if (!slice_to_int64(buf_slice(&l->period), &period) || period <= 0)
        return DEFAULT_PERIOD;
    return period;
}

static enum verdict
apply(const void *conf, void *local, struct event *ev)
{
    const struct conf *c = conf;
    struct local *l = local;
    struct timestamp t = { 0 };
    int64_t count;

    event_timestamp(ev, &t);
    buf_clear(&l->key);
    template_render(c->key, ev, &l->key);
    count = count_event(c, buf_slice(&l->key), t.sec, period_of(c, l, ev));
    if ((c->before_count >= 0 && (double)count < c->before_count) ||
        (c->after_count >= 0 && (double)count > c->after_count))
        return EVENT_KEEP;
    return EVENT_SKIP;
}

const struct filter_type filter_throttle = {
    .name = "throttle",
    .conf_size = sizeof(struct conf),
    .local_size = sizeof(struct local),
    .options = options,
    .prepare = prepare,
    .dispose = dispose,
    .stop = stop,
    .apply = apply,
};
