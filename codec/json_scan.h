/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JSON text to values: one scanner, always fully validating.
 *
 * Grammar, escapes, UTF-8, depth, no raw control characters in strings. Line ends between tokens
 * are legal and blanked in place, so that a copied run never splits an NDJSON line. The escape of
 * half a surrogate pair that stands alone becomes that of U+FFFD, which is as long. The vector form
 * is chosen once by the CPU; the scalar twin gives the same answers (fuzzed against each other).
 *
 * The text must stay where it is as long as the values (they alias it), be writable, and have
 * ARENA_PAD readable bytes behind its end. Errors carry the byte offset in err->pos:
 * ERR_INVALID_JSON, ERR_JSON_NOT_OBJECT, ERR_JSON_TOO_DEEP, ERR_INVALID_UTF8. */
#ifndef CODEC_JSON_SCAN_H
#define CODEC_JSON_SCAN_H

#include "codec/base/error.h"
#include "codec/value.h"

#define JSON_DEPTH 1000 /* the default limit; 1 is the root alone */

/* The whole text is one object, blanks around it allowed: its top level comes indexed. Equal keys
 * at top level: the last one wins and stays alone. */
int json_scan_object(struct arena *a, char *text, size_t n, uint32_t depth, struct value *out,
                     struct err *err);
/* Any value at the front of the text; what follows it is not looked at (event-model.md 10). *used:
 * bytes up to its end. Blank text: -1 with ERR_PARSE. */
int json_scan_value(struct arena *a, char *text, size_t n, uint32_t depth, struct value *out,
                    size_t *used, struct err *err);
/* The same, which also tells whether a number in it, however deep, is other than an int64. */
int json_scan_numbers(struct arena *a, char *text, size_t n, uint32_t depth, struct value *out,
                      size_t *used, bool *wide, struct err *err);
/* The children of a container whose text was validated before: for value.c. out->at has room that
 * the function takes from the arena. */
void json_index(struct arena *a, const char *raw, uint32_t len, struct kids *out);

/* Of equal keys the last one stays, of these members alone, not of what is in them. True if any
 * went. What json_scan_object() gives has none. */
bool json_kids_unique(struct arena *a, struct kids *kids);

/* For tests and the bench: which form runs. */
enum json_isa { JSON_SCALAR, JSON_AVX2, JSON_AVX512 };
#define JSON_ISAS 3
enum json_isa json_scan_isa(void);
bool json_scan_use(enum json_isa isa); /* false: this CPU does not have it */

#endif
