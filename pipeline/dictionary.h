/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Dictionaries of the filter translate: texts, patterns or parts of texts to values.
 *
 * Built by one thread, const afterwards; any number of workers ask. Values are handed out as copies
 * in the arena of the asker's batch, so a dictionary may go while events live. */
#ifndef PIPELINE_DICTIONARY_H
#define PIPELINE_DICTIONARY_H

#include "codec/value.h"
#include "pipeline/regex.h"

enum dictionary_kind {
    DICTIONARY_TEXTS,    /* the key is the text */
    DICTIONARY_PATTERNS, /* the first key that is found in the text */
    DICTIONARY_PARTS     /* every key in the text gives way to its value */
};

struct dictionary;

struct dictionary *dictionary_new(enum dictionary_kind kind);
/* The entries of old as a start; it stays as it is. */
struct dictionary *dictionary_from(const struct dictionary *old);
void dictionary_free(struct dictionary **d);
/* An equal key takes the new value and keeps its place. value lies in arena a. */
void dictionary_put(struct dictionary *d, struct slice key, struct arena *a, struct value *value);
/* After the last put. -1: a key that is no pattern. */
int dictionary_finish(struct dictionary *d, struct err *err);

/* Adds what the file holds: .yml, .yaml, .json, .csv, two columns (filters.md 11). limit: bytes. */
int dictionary_load(struct dictionary *d, const char *path, size_t limit, struct err *err);

/* DICTIONARY_TEXTS and _PATTERNS. False: no such key. */
bool dictionary_find(const struct dictionary *d, struct regex_scratch *scratch, struct slice text,
                     struct arena *a, struct value *out);
/* DICTIONARY_PARTS: appends the new text. False: no key is in it, and nothing was appended. */
bool dictionary_replace(const struct dictionary *d, struct slice text, struct buf *out);

#endif
