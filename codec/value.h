/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A value: one node of an event, 24 bytes (design 5).
 *
 * A container is opaque (its raw JSON text) until something addresses it, then indexed: a child
 * vector in the arena, edited in place. Scalars are JSON text, the sender's or ours; strings with
 * escapes are decoded at first use. Writing copies opaque and unchanged neighbours as they came.
 * raw was validated before it got here (json_scan.c), so nothing here can fail on bad text.
 *
 * Everything lives in the arena of the batch; addressing an opaque value is a write, so one thread
 * owns all of it. A struct value without its key may be passed by value and assigned to a slot. */
#ifndef CODEC_VALUE_H
#define CODEC_VALUE_H

#include "codec/base/arena.h"
#include "codec/base/buf.h"
#include "codec/base/error.h"
#include "codec/base/slice.h"
#include "codec/timestamp.h"

#include <assert.h>

enum value_type {
    V_NULL,
    V_BOOL,
    V_INT,     /* fits int64 */
    V_BIGINT,  /* integer digits beyond it */
    V_DOUBLE,  /* digits with fraction or exponent; "\"NaN\"" and the infinities quoted */
    V_DECIMAL, /* digits of arbitrary precision, kept exactly (filter json) */
    V_STRING,
    V_TIMESTAMP, /* raw is the canonical text, quoted */
    V_ARRAY,
    V_OBJECT
};

enum {
    V_CHANGED = 1,    /* the text around it no longer tells the truth: written, not copied */
    V_INDEXED = 2,    /* kids */
    V_DECODED = 4,    /* text */
    V_ESCAPED = 8,    /* raw string has backslashes */
    KEY_LONG = 16,    /* key points to a struct slice */
    KEY_ESCAPED = 32, /* key text has backslashes */
    V_BARE = 64, /* raw string without its quotes, which needs no escapes: a piece of another */
    V_KEY_FLAGS = KEY_LONG | KEY_ESCAPED
};

struct kids;
struct text;

struct value {
    union {
        const char *raw;   /* a scalar, or a container that is still opaque */
        struct kids *kids; /* V_INDEXED: its children; the head keeps raw and its length */
        struct text *text; /* V_DECODED: a string without its escapes; keeps raw too */
    };
    const char *key;  /* as received, behind its quote; NULL in an array */
    uint32_t len;     /* of raw */
    uint16_t key_len; /* KEY_LONG: key points to a struct slice */
    uint8_t type, flags;
};
static_assert(sizeof(struct value) == 24, "14 members are 336 bytes, and a lookup reads them all");

#define KIDS_FIRST 4 /* room in a container that was empty */

struct kids {
    const char *raw; /* the container as received; NULL when it was made here */
    uint32_t n, cap;
    struct value *at;
    uint64_t
        names; /* value_name_bit() of each key: without its bit a name need not be looked for */
};

struct text {
    struct slice plain;
    const char *raw; /* as received, with quotes; NULL when the string was made here */
};

/* A group that a name is in, of 64: names that events mostly do not have are mostly in groups of
 * which they have none. Cheap and weak. */
static inline uint64_t
value_name_bit(struct slice key)
{
    unsigned h = (unsigned)key.n;

    if (key.n > 0)
        h += 10u * (unsigned char)key.p[0] + 13u * (unsigned char)key.p[key.n - 1];
    return UINT64_C(1) << (h % 64);
}

/* Making values. Texts are copied into the arena. Strings may hold any bytes: what is not UTF-8
 * becomes U+FFFD when it is written. */
static inline struct value value_null(void);
static inline struct value value_bool(bool b);
struct value value_int(struct arena *a, int64_t n);
struct value value_double(struct arena *a, double d);
struct value value_str(struct arena *a, struct slice s);
/* The same in a slot, as value_assign() would put it there, at less cost. */
void value_assign_str(struct arena *a, struct value *slot, struct slice s);
/* Aliases s, which must live as long as the arena; costs less than a copy. */
struct value value_str_alias(struct arena *a, struct slice s);
void value_assign_str_alias(struct arena *a, struct value *slot, struct slice s);
struct value value_timestamp(struct arena *a, struct timestamp t);
void value_assign_timestamp(struct arena *a, struct value *slot, struct timestamp_day *day,
                            struct timestamp t);
/* A string that is the canonical text of a time becomes one as it stands; false: it is no such. */
bool value_becomes_timestamp(struct value *v);
struct value value_array(struct arena *a);
struct value value_object(struct arena *a);
/* An empty one of either with room for some children, in a slot. */
void value_assign_container(struct arena *a, struct value *slot, enum value_type type);
/* A number of the given class from its JSON digits (copied). */
struct value value_digits(struct arena *a, enum value_type type, struct slice digits);
/* What is inline here takes a value apart at once: a node that is written in small pieces and then
 * copied whole makes the CPU wait for each of them. */

/* Around JSON text that is known to be valid and lives in the arena. */
static inline struct value
value_raw(enum value_type type, struct slice raw)
{
    ASSERT(raw.n <= UINT32_MAX);
    return (struct value){
        .raw = raw.p, .len = (uint32_t)raw.n, .type = (uint8_t)type, .flags = V_CHANGED
    };
}

static inline struct value
value_null(void)
{
    return value_raw(V_NULL, SLICE("null"));
}

static inline struct value
value_bool(bool b)
{
    return value_raw(V_BOOL, b ? SLICE("true") : SLICE("false"));
}

/* A text that lives as long as the arena, is not empty and needs no escape, as it stands. */
static inline struct value
value_bare_str(struct slice s)
{
    ASSERT(s.n > 0 && s.n <= UINT32_MAX);
    return (struct value){
        .raw = s.p, .len = (uint32_t)s.n, .type = V_STRING, .flags = V_CHANGED | V_BARE
    };
}

/* A member that is always the same, for value_adopt; name and json are literals that need no
 * escape. */
#define VALUE_MEMBER(name, value_type, json)                                \
    {                                                                       \
        .raw = json, .key = &("\"" name "\"")[1], .len = sizeof(json) - 1,  \
        .key_len = sizeof(name) - 1, .type = value_type, .flags = V_CHANGED \
    }

/* The value of a member, without its key. */
static inline struct value
value_bare(const struct value *member)
{
    return (struct value){ .raw = member->raw, /* whichever member of the union it is */
                           .len = member->len,
                           .type = member->type,
                           .flags = member->flags & (uint8_t)~V_KEY_FLAGS };
}

/* Puts v in a slot: the key stays, the slot is marked changed. */
static inline void
value_assign(struct value *slot, struct value v)
{
    slot->raw = v.raw;
    slot->len = v.len;
    slot->type = v.type;
    slot->flags = (uint8_t)((v.flags & ~V_KEY_FLAGS) | (slot->flags & V_KEY_FLAGS) | V_CHANGED);
}

/* Puts a text into a slot, which may be empty, lives as long as the arena and needs no escape: see
 * value_is_plain(). */
static inline void
value_assign_plain(struct value *slot, struct slice s)
{
    value_assign(slot, s.n > 0 ? value_bare_str(s) : value_raw(V_STRING, SLICE("\"\"")));
}

/* Deep, as far as nodes are indexed; raw text is shared. Both belong to batches of one arena. */
struct value value_copy(struct arena *a, const struct value *v);
/* The same from another batch: text is copied too. */
struct value value_import(struct arena *a, const struct value *v);

/* Reading. */
static inline bool
value_is_container(const struct value *v)
{
    return v->type == V_ARRAY || v->type == V_OBJECT;
}

static inline bool
value_is_number(const struct value *v)
{
    return v->type == V_INT || v->type == V_BIGINT || v->type == V_DOUBLE || v->type == V_DECIMAL;
}

/* Of a V_STRING: it came without escapes, or was found to need none. So its text may stand between
 * quotes as it is, and each piece of it that is cut between characters. */
static inline bool
value_is_plain(const struct value *v)
{
    return !(v->flags & (V_DECODED | V_ESCAPED));
}

struct slice value_special_text(struct arena *a, struct value *v); /* no text between quotes */

/* Of a V_STRING: without quotes and escapes; lives as long as the arena. */
static inline struct slice
value_text(struct arena *a, struct value *v)
{
    ASSERT(v->type == V_STRING);
    return v->flags & (V_DECODED | V_BARE | V_ESCAPED) ? value_special_text(a, v)
                                                       : (struct slice){ v->raw + 1, v->len - 2 };
}

/* The JSON text of a scalar that is not a decoded string. */
struct slice value_raw_text(const struct value *v);
int64_t value_to_int(const struct value *v);                /* V_INT */
double value_to_double(const struct value *v);              /* any number */
bool value_to_bool(const struct value *v);                  /* V_BOOL */
struct timestamp value_to_timestamp(const struct value *v); /* V_TIMESTAMP */

/* The nodes of the children, made from the raw text at the first call; NULL for a scalar. */
struct kids *value_index(struct arena *a, struct value *v);

/* Children of a container; a scalar has none. */
static inline uint32_t
value_count(struct arena *a, struct value *v)
{
    const struct kids *k = v->flags & V_INDEXED ? v->kids : value_index(a, v);

    return k == NULL ? 0 : k->n;
}

static inline struct value *
value_at(struct arena *a, struct value *v, uint32_t i) /* i < count */
{
    struct kids *k = v->flags & V_INDEXED ? v->kids : value_index(a, v);

    ASSERT(k != NULL && i < k->n);
    return &k->at[i];
}

/* The member called key, or NULL. From the end: of two equal keys the last one wins. */
struct value *value_get(struct arena *a, struct value *object, struct slice key);
struct slice value_special_key(struct arena *a, const struct value *member); /* long or escaped */

static inline struct slice /* without escapes */
value_key(struct arena *a, const struct value *member)
{
    return member->flags & V_KEY_FLAGS ? value_special_key(a, member)
                                       : (struct slice){ member->key, member->key_len };
}

/* For struct kids: all that it may be called. */
static inline uint64_t
value_name_bits(const struct value *member)
{
    return member->flags & V_KEY_FLAGS
               ? UINT64_MAX
               : value_name_bit((struct slice){ member->key, member->key_len });
}

bool value_is_called(struct arena *a, const struct value *member, struct slice key);

/* Editing: the caller marks what lies on the way (event.c does). */
struct value *value_put(struct arena *a, struct value *object,
                        struct slice key); /* found or null */
/* A null called key at the end; there is none of that name yet. */
struct value *value_add(struct arena *a, struct value *object, struct slice key);
struct value *value_push(struct arena *a, struct value *array); /* a null at the end */
/* Room for so many more children, for filters that add many at once. */
void value_reserve(struct arena *a, struct value *container, uint32_t more);
/* One more child at the end, of which nothing is set yet, not even a key: that is the caller's. The
 * container is indexed. */
static inline struct value *
value_open(struct arena *a, struct value *container)
{
    struct kids *k = container->kids;

    ASSERT(container->flags & V_INDEXED);
    container->flags |= V_CHANGED;
    k->names = UINT64_MAX;
    if (k->n == k->cap)
        value_reserve(a, container, k->n + 4);
    return &k->at[k->n++];
}

/* A null that is called key, ready for value_adopt(): for keys that are added again and again. */
struct value value_named(struct arena *a, struct slice key);
/* A member of another object at the end, key and all; there is none of that name yet. The slot.
 * names: its value_name_bits(). */
static inline struct value *
value_adopt_named(struct arena *a, struct value *object, const struct value *member, uint64_t names)
{
    struct kids *k = object->flags & V_INDEXED ? object->kids : value_index(a, object);
    struct value *slot;

    ASSERT(object->type == V_OBJECT);
    if (k->n == k->cap)
        value_reserve(a, object, k->cap < KIDS_FIRST ? KIDS_FIRST : k->cap);
    object->flags |= V_CHANGED;
    k->names |= names;
    slot = &k->at[k->n++];
    *slot = *member;
    return slot;
}

static inline struct value *
value_adopt(struct arena *a, struct value *object, const struct value *member)
{
    return value_adopt_named(a, object, member, value_name_bits(member));
}

struct value *value_insert(struct arena *a, struct value *array, uint32_t i);
void value_remove_at(struct arena *a, struct value *container, uint32_t i);
bool value_remove_key(struct arena *a, struct value *object, struct slice key);
/* An object with equal keys keeps the last of them; deep. For the error path, where a server
 * refused the document. */
void value_unique_keys(struct arena *a, struct value *v);

/* Deep, typed: integer 5 is not double 5.0; objects without regard to order. */
bool value_equal(struct arena *a, struct value *x, struct value *y);

/* As in a template: event-model.md 7. Nothing for null. */
void value_render(struct arena *a, struct value *v, struct buf *out);
/* Java's text of a map or list inside a list: {k=v, k2=v2}, [a, b]. */
void value_render_java(struct arena *a, struct value *v, struct buf *out);

#endif
