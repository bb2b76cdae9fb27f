/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Field references, compiled once: `a`, `[a][b]`, `[@metadata][x]` (event-model.md 3). */
#ifndef CODEC_FIELDREF_H
#define CODEC_FIELDREF_H

#include "codec/base/error.h"
#include "codec/value.h"

enum escape_style { ESCAPE_NONE, ESCAPE_PERCENT, ESCAPE_AMPERSAND };

struct fieldpart {
    struct slice key;
    struct value member; /* a null of that name, for where it has to be added */
    uint64_t names;      /* value_name_bits() of it */
    int64_t index;       /* when it addresses a list */
    bool has_index;      /* a decimal integer */
};

enum fieldref_kind {
    REF_FIELD,
    REF_TIMESTAMP, /* exactly @timestamp */
    REF_TAGS,      /* exactly tags */
    REF_IN_TAGS,   /* below tags */
    REF_METADATA   /* the whole metadata: n is 0 */
};

struct fieldref {
    struct slice text; /* as written */
    struct fieldpart *part;
    uint32_t n;
    bool meta; /* the root is @metadata */
    enum fieldref_kind kind;
};

/* A null of the part's name at the end of an object that has none of that name. */
static inline struct value *
fieldpart_add(struct arena *a, struct value *object, const struct fieldpart *part)
{
    return value_adopt_named(a, object, &part->member, part->names);
}

/* -1 for an illegal reference: "Invalid FieldReference: `TEXT`". Everything in the arena. */
int fieldref_compile(struct arena *a, struct slice text, enum escape_style style,
                     struct fieldref *out, struct err *err);
/* A reference of one literal key. */
struct fieldref fieldref_key(struct arena *a, struct slice key);

#endif
