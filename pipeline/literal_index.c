/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/literal_index.h"

#define BUCKETS 4096u

/* In the list of its first two bytes. */
struct literal {
    struct literal *next;
    struct slice text;
    uint32_t rule;
};

struct literal_index {
    struct arena *arena;
    struct literal *bucket[BUCKETS];
    uint64_t *always;
    size_t words;
};

struct literal_index *
literal_index_new(struct arena *a, uint32_t rules)
{
    struct literal_index *x = arena_calloc(a, 1, sizeof *x);

    x->arena = a;
    x->words = (rules + 63) / 64;
    x->always = arena_calloc(a, x->words, sizeof x->always[0]);
    return x;
}

static struct literal **
bucket_of(const struct literal_index *x, char first, char second)
{
    uint32_t both = (uint32_t)(unsigned char)first << 8 | (unsigned char)second;

    return (struct literal **)&x->bucket[both * 0x9e3779b1u >> 20];
}

void
literal_index_add(struct literal_index *x, struct slice text, uint32_t rule)
{
    struct literal **list = bucket_of(x, text.p[0], text.p[1]);
    struct literal *l = arena_alloc(x->arena, sizeof *l);

    *l = (struct literal){ *list, text, rule };
    *list = l;
}

static void
set_bit(uint64_t *words, uint32_t i)
{
    words[i / 64] |= UINT64_C(1) << (i % 64);
}

void
literal_index_always(struct literal_index *x, uint32_t rule)
{
    set_bit(x->always, rule);
}

size_t
literal_index_words(const struct literal_index *x)
{
    return x->words;
}

static char
lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool
stands_at(struct slice text, struct slice literal)
{
    if (text.n < literal.n)
        return false;
    for (size_t i = LITERAL_LEAST; i < literal.n; i++)
        if (lower(text.p[i]) != literal.p[i])
            return false;
    return true;
}

void
literal_index_scan(const struct literal_index *x, struct slice text, uint64_t *out)
{
    memcpy(out, x->always, x->words * sizeof out[0]);
    for (; text.n >= LITERAL_LEAST; text.p++, text.n--) {
        char first = lower(text.p[0]), second = lower(text.p[1]);

        for (const struct literal *l = *bucket_of(x, first, second); l != NULL; l = l->next)
            if (l->text.p[0] == first && l->text.p[1] == second && stands_at(text, l->text))
                set_bit(out, l->rule);
    }
}
