/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shared by the two files of the vector form: bitmaps of a strip, and what goes over its end.
 *
 * A map has a word for each block of 64 bytes; bit i stands for byte i of the block. */
#ifndef CODEC_JSON_SCAN_AVX2_H
#define CODEC_JSON_SCAN_AVX2_H

#include "codec/json_scan_priv.h"

#include <immintrin.h>

#define VECTOR     __attribute__((target("avx2,pclmul,bmi,bmi2")))
#define VECTOR_INL static inline __attribute__((target("avx2,pclmul,bmi,bmi2"), always_inline))
/* With registers of 64 bytes. */
#define WIDE __attribute__((target("avx2,pclmul,bmi,bmi2,avx512f,avx512bw")))
#define WIDE_INL \
    static inline __attribute__((target("avx2,pclmul,bmi,bmi2,avx512f,avx512bw"), always_inline))

#define STRIP 16 /* blocks; a multiple of LANES */
#define LANES 4  /* words of a vector */

typedef uint64_t json_map[STRIP] __attribute__((aligned(32)));

struct json_strip {
    json_map quote;        /* those that no backslash precedes */
    json_map slash;        /* then: what one of them escapes, quotes and backslashes aside */
    json_map colon, comma; /* outside strings, as are brackets */
    json_map open, close;  /* brackets of both kinds */
    json_map space;        /* blanks, inside strings as well */
    json_map special;      /* control characters and high bytes */
    json_map inside;       /* of strings, with the opening quote */
    json_map in_object;    /* around the byte and its own bracket, not in an array */
    json_map keep;         /* up to the root's end; all ones where that is not in the block */
    size_t base;           /* where the first block lies in the text */
    unsigned n;            /* blocks; the maps of those behind them are zero */
};

/* What one strip hands to the next. Single bits, at bit 0. */
struct json_carry {
    uint64_t in_string; /* all ones or none */
    uint64_t escaped, key, word;
    uint64_t before_key, before_value, after_sign, after_value, after_key;
    __m256i tail; /* the last bytes of the block before, if any of them was high */
    bool has_tail;
};

/* Everything that walking over strings and brackets has not seen; false: not valid. */
bool json_avx2_check(struct json_walk *w, struct json_strip *s, struct json_carry *c);

#endif
