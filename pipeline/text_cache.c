/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/text_cache.h"

#include "codec/base/error.h"

#include <assert.h>
#include <stdlib.h>

#define WAYS       5 /* what a cache line has room for */
#define CACHE_LINE 64
/* Lines of an entry that are asked for at once, before its length is known. */
#define LINES_AHEAD 6

struct entry {
    uint32_t key_n, value_n;
    char bytes[]; /* key, then value */
};

/* The entry asked for last stands first. A cache line: most sets are out of the caches. */
struct set {
    _Alignas(CACHE_LINE) uint32_t tag[WAYS]; /* of the hash: most misses need no entry */
    struct entry *at[WAYS];
};
static_assert(sizeof(struct set) == CACHE_LINE, "a set is asked for in one go");

/* A key that was announced. */
struct announced {
    struct slice key;
    uint64_t hash;
};

struct text_cache {
    struct announced ahead[TEXT_CACHE_AHEAD];
    unsigned announced, asked; /* how many, since the beginning */
    void *memory;              /* of the sets: pages that nobody asked for stay the system's */
    struct set *sets;
    size_t n;           /* a power of two */
    size_t bytes, most; /* of all entries */
    size_t sweep;       /* the set that gives up something next when there are too many bytes */
};

struct text_cache *
text_cache_new(size_t entries, size_t bytes)
{
    struct text_cache *c = xcalloc(1, sizeof *c);

    c->most = bytes;
    for (c->n = 1; c->n * WAYS < entries; c->n *= 2)
        ;
    c->memory = xcalloc(c->n + 1, sizeof c->sets[0]);
    c->sets = (struct set *)(((uintptr_t)c->memory + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE);
    return c;
}

static void
drop(struct text_cache *c, struct set *set, unsigned way)
{
    struct entry *e = set->at[way];

    if (e == NULL)
        return;
    c->bytes -= sizeof *e + e->key_n + e->value_n;
    free(e);
    set->at[way] = NULL;
    set->tag[way] = 0;
}

void
text_cache_free(struct text_cache **c)
{
    if (*c == NULL)
        return;
    for (size_t i = 0; i < (*c)->n; i++)
        for (unsigned way = 0; way < WAYS; way++)
            drop(*c, &(*c)->sets[i], way);
    free((*c)->memory);
    free(*c);
    *c = NULL;
}

/* Sixteen bytes a step, in two sums that do not wait for each other: keys are of a hundred bytes
 * and more. */
static uint64_t
hash_of(struct slice s)
{
    uint64_t h = s.n * 0x9e3779b97f4a7c15u, g = ~h, word[2];

    while (s.n > sizeof word) {
        memcpy(word, s.p, sizeof word);
        h = (h ^ word[0]) * 0x9fb21c651e98df25u;
        g = (g ^ word[1]) * 0xd6e8feb86659fd93u;
        h ^= h >> 32;
        g ^= g >> 32;
        s.p += sizeof word;
        s.n -= sizeof word;
    }
    word[0] = word[1] = 0;
    memcpy(word, s.p, s.n);
    h = (h ^ word[0]) * 0x9fb21c651e98df25u;
    g = (g ^ word[1]) * 0xd6e8feb86659fd93u;
    h ^= h >> 32;
    h = (h ^ g ^ g >> 29) * 0x9fb21c651e98df25u;
    h = (h ^ h >> 32) * 0xd6e8feb86659fd93u;
    return h ^ h >> 32;
}

static struct set *
set_of(const struct text_cache *c, uint64_t hash)
{
    return &c->sets[hash & (c->n - 1)];
}

static void
to_front(struct set *set, unsigned way)
{
    struct entry *e = set->at[way];
    uint32_t tag = set->tag[way];

    for (; way > 0; way--) {
        set->at[way] = set->at[way - 1];
        set->tag[way] = set->tag[way - 1];
    }
    set->at[0] = e;
    set->tag[0] = tag;
}

static void
fetch(const struct entry *e)
{
    for (unsigned i = 0; i < LINES_AHEAD; i++)
        __builtin_prefetch((const char *)e + i * CACHE_LINE);
}

static void
fetch_entry(const struct text_cache *c, uint64_t hash)
{
    const struct set *set = set_of(c, hash);

    for (unsigned way = 0; way < WAYS; way++)
        if (set->tag[way] == (uint32_t)(hash >> 32) && set->at[way] != NULL) {
            fetch(set->at[way]);
            return;
        }
}

/* Its set is asked for now. That of the key half the way before has come, and says where the entry
 * is. */
void
text_cache_ahead(struct text_cache *c, struct slice key)
{
    struct announced *new = &c->ahead[c->announced % TEXT_CACHE_AHEAD];
    struct announced *old = &c->ahead[(c->announced - TEXT_CACHE_AHEAD / 2) % TEXT_CACHE_AHEAD];

    *new = (struct announced){ key, hash_of(key) };
    c->announced++;
    __builtin_prefetch(set_of(c, new->hash));
    fetch_entry(c, old->hash);
}

/* Keys are asked for as they were announced, or not announced at all. */
static uint64_t
known_hash(struct text_cache *c, struct slice key)
{
    const struct announced *next = &c->ahead[c->asked % TEXT_CACHE_AHEAD];

    if (c->asked == c->announced)
        return hash_of(key);
    c->asked++;
    return next->key.p == key.p && next->key.n == key.n ? next->hash : hash_of(key);
}

bool
text_cache_get(struct text_cache *c, struct slice key, struct slice *value)
{
    uint64_t hash = known_hash(c, key);
    struct set *set = set_of(c, hash);

    for (unsigned way = 0; way < WAYS; way++) {
        struct entry *e = set->at[way];

        if (set->tag[way] != (uint32_t)(hash >> 32) || e == NULL)
            continue;
        fetch(e);
        if (e->key_n != key.n || memcmp(e->bytes, key.p, key.n) != 0)
            continue;
        *value = (struct slice){ e->bytes + e->key_n, e->value_n };
        to_front(set, way);
        return true;
    }
    return false;
}

/* The last of each set in turn, until there is room. */
static void
make_room(struct text_cache *c, size_t bytes)
{
    for (size_t tries = 0; c->bytes + bytes > c->most && tries < c->n * WAYS; tries++) {
        struct set *set = &c->sets[c->sweep++ & (c->n - 1)];
        unsigned way = WAYS;

        while (way > 0 && set->at[way - 1] == NULL)
            way--;
        if (way > 0)
            drop(c, set, way - 1);
    }
}

void
text_cache_put(struct text_cache *c, struct slice key, struct slice value)
{
    uint64_t hash = hash_of(key);
    struct set *set = set_of(c, hash);
    size_t bytes = sizeof(struct entry) + key.n + value.n;
    struct entry *e;

    if (key.n > TEXT_CACHE_ENTRY || value.n > TEXT_CACHE_ENTRY)
        return;
    make_room(c, bytes);
    drop(c, set, WAYS - 1);
    e = xmalloc(bytes);
    *e = (struct entry){ (uint32_t)key.n, (uint32_t)value.n };
    if (key.n > 0)
        memcpy(e->bytes, key.p, key.n);
    if (value.n > 0)
        memcpy(e->bytes + key.n, value.p, value.n);
    set->at[WAYS - 1] = e;
    set->tag[WAYS - 1] = (uint32_t)(hash >> 32);
    to_front(set, WAYS - 1);
    c->bytes += bytes;
}
