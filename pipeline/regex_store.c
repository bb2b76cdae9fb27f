/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/regex_store.h"

#include "codec/base/hash.h"

#include <pthread.h>
#include <stdlib.h>

/* Chains are short up to some ten thousand patterns. */
#define BUCKETS 4096u

struct regex_entry {
    struct regex_store *store;
    struct regex *regex;
    struct regex_entry *next; /* of the bucket */
    size_t bucket, users;
};

struct regex_store {
    pthread_mutex_t lock;
    struct regex_entry *buckets[BUCKETS];
    size_t n; /* entries */
    bool owned;
};

struct regex_store *
regex_store_new(void)
{
    struct regex_store *s = xcalloc(1, sizeof *s);

    pthread_mutex_init(&s->lock, NULL);
    s->owned = true;
    return s;
}

/* With the lock, which it gives back. */
static void
unlock_or_free(struct regex_store *s)
{
    bool last = !s->owned && s->n == 0;

    pthread_mutex_unlock(&s->lock);
    if (!last)
        return;
    pthread_mutex_destroy(&s->lock);
    free(s);
}

void
regex_store_drop(struct regex_store **s)
{
    if (*s == NULL)
        return;
    pthread_mutex_lock(&(*s)->lock);
    (*s)->owned = false;
    unlock_or_free(*s);
    *s = NULL;
}

size_t
regex_store_count(struct regex_store *s)
{
    size_t n;

    pthread_mutex_lock(&s->lock);
    n = s->n;
    pthread_mutex_unlock(&s->lock);
    return n;
}

static bool
is_same(const struct regex *re, struct slice pattern, struct regex_options options)
{
    struct regex_options o = regex_options_of(re);

    return o.dot_newline == options.dot_newline && o.icase == options.icase &&
           o.java == options.java && slice_eq(regex_pattern(re), pattern);
}

static struct regex_entry *
find(const struct regex_store *s, size_t bucket, struct slice pattern, struct regex_options options)
{
    struct regex_entry *e = s->buckets[bucket];

    while (e != NULL && !is_same(e->regex, pattern, options))
        e = e->next;
    return e;
}

static struct regex_entry *
add(struct regex_store *s, size_t bucket, struct slice pattern, struct regex_options options,
    struct err *err)
{
    struct regex_options alone = options;
    struct regex_entry *e;
    struct regex *re;

    alone.store = NULL;
    re = regex_new(pattern, alone, err);
    if (re == NULL)
        return NULL;
    e = xcalloc(1, sizeof *e);
    *e = (struct regex_entry){
        .store = s, .regex = re, .next = s->buckets[bucket], .bucket = bucket
    };
    s->buckets[bucket] = e;
    s->n++;
    regex_set_entry(re, e);
    return e;
}

struct regex *
regex_store_take(struct regex_store *s, struct slice pattern, struct regex_options options,
                 struct err *err)
{
    size_t bucket = (size_t)(hash_bytes(pattern, 0) % BUCKETS);
    struct regex_entry *e;

    pthread_mutex_lock(&s->lock);
    e = find(s, bucket, pattern, options);
    if (e == NULL)
        e = add(s, bucket, pattern, options, err);
    if (e != NULL)
        e->users++;
    pthread_mutex_unlock(&s->lock);
    return e == NULL ? NULL : e->regex;
}

static void
take_out(struct regex_store *s, struct regex_entry *e)
{
    struct regex_entry **at = &s->buckets[e->bucket];

    while (*at != e)
        at = &(*at)->next;
    *at = e->next;
    s->n--;
    regex_set_entry(e->regex, NULL);
    regex_free(e->regex);
    free(e);
}

void
regex_store_give(struct regex_entry *e)
{
    struct regex_store *s = e->store;

    pthread_mutex_lock(&s->lock);
    if (--e->users == 0)
        take_out(s, e);
    unlock_or_free(s);
}
