/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The vector form's checks of one strip: escapes, control characters, UTF-8, numbers and literals,
 * and the grammar.
 *
 * Grammar: each kind of token may only be followed by some kinds, so the map of the places behind
 * one is compared with the maps of what may stand there. Without blanks between tokens, which is
 * how senders write, that is four blocks at a time; with blanks, one, and an addition carries the
 * places through each run of them. UTF-8: three table lookups a byte (Keiser and Lemire,
 * "Validating UTF-8 in less than one instruction per byte"), only in blocks with high bytes.
 * Numbers and literals are seldom and looked at one by one. */
#include "codec/json_scan_priv.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include "codec/json_scan_avx2.h"

/* ---- UTF-8 ---- */

enum {                /* what two bytes in a row may have done */
       TOO_SHORT = 1, /* a lead without what must follow */
       TOO_LONG = 2,  /* a follower behind ASCII */
       OVERLONG_3 = 4,
       TOO_LARGE = 8, /* beyond 10FFFF */
       SURROGATE = 16,
       OVERLONG_2 = 32,
       TOO_LARGE_8 = 64, /* F5 and more before a byte of 80 to 8F */
       OVERLONG_4 = 64,  /* F0 before the same; both are decided by the first byte */
       TWO_FOLLOW = 128, /* two followers: right only as the third or fourth byte */
       ANY_FOLLOW = TOO_SHORT | TOO_LONG | TWO_FOLLOW
};

#define TWICE(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p)                                     \
    _mm256_setr_epi8((char)(a), (char)(b), (char)(c), (char)(d), (char)(e), (char)(f), (char)(g), \
                     (char)(h), (char)(i), (char)(j), (char)(k), (char)(l), (char)(m), (char)(n), \
                     (char)(o), (char)(p), (char)(a), (char)(b), (char)(c), (char)(d), (char)(e), \
                     (char)(f), (char)(g), (char)(h), (char)(i), (char)(j), (char)(k), (char)(l), \
                     (char)(m), (char)(n), (char)(o), (char)(p))

/* Bytes of errors for 32 bytes, given the 32 before them. */
VECTOR_INL __m256i
utf8_errors(__m256i in, __m256i before)
{
    const __m256i first_high =
        TWICE(TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG,
              TWO_FOLLOW, TWO_FOLLOW, TWO_FOLLOW, TWO_FOLLOW, TOO_SHORT | OVERLONG_2, TOO_SHORT,
              TOO_SHORT | OVERLONG_3 | SURROGATE, TOO_SHORT | TOO_LARGE | TOO_LARGE_8 | OVERLONG_4);
    const __m256i first_low =
        TWICE(ANY_FOLLOW | OVERLONG_3 | OVERLONG_2 | OVERLONG_4, ANY_FOLLOW | OVERLONG_2,
              ANY_FOLLOW, ANY_FOLLOW, ANY_FOLLOW | TOO_LARGE, ANY_FOLLOW | TOO_LARGE | TOO_LARGE_8,
              ANY_FOLLOW | TOO_LARGE | TOO_LARGE_8, ANY_FOLLOW | TOO_LARGE | TOO_LARGE_8,
              ANY_FOLLOW | TOO_LARGE | TOO_LARGE_8, ANY_FOLLOW | TOO_LARGE | TOO_LARGE_8,
              ANY_FOLLOW | TOO_LARGE | TOO_LARGE_8, ANY_FOLLOW | TOO_LARGE | TOO_LARGE_8,
              ANY_FOLLOW | TOO_LARGE | TOO_LARGE_8,
              ANY_FOLLOW | TOO_LARGE | TOO_LARGE_8 | SURROGATE,
              ANY_FOLLOW | TOO_LARGE | TOO_LARGE_8, ANY_FOLLOW | TOO_LARGE | TOO_LARGE_8);
    const __m256i second_high =
        TWICE(TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT,
              TOO_SHORT, TOO_LONG | OVERLONG_2 | TWO_FOLLOW | OVERLONG_3 | TOO_LARGE_8,
              TOO_LONG | OVERLONG_2 | TWO_FOLLOW | OVERLONG_3 | TOO_LARGE,
              TOO_LONG | OVERLONG_2 | TWO_FOLLOW | SURROGATE | TOO_LARGE,
              TOO_LONG | OVERLONG_2 | TWO_FOLLOW | SURROGATE | TOO_LARGE, TOO_SHORT, TOO_SHORT,
              TOO_SHORT, TOO_SHORT);
    __m256i half = _mm256_permute2x128_si256(before, in, 0x21);
    __m256i back1 = _mm256_alignr_epi8(in, half, 15);
    __m256i back2 = _mm256_alignr_epi8(in, half, 14);
    __m256i back3 = _mm256_alignr_epi8(in, half, 13);
    __m256i low4 = _mm256_set1_epi8(0x0F);
    __m256i pair = _mm256_and_si256(
        _mm256_and_si256(_mm256_shuffle_epi8(first_high,
                                             _mm256_and_si256(_mm256_srli_epi16(back1, 4), low4)),
                         _mm256_shuffle_epi8(first_low, _mm256_and_si256(back1, low4))),
        _mm256_shuffle_epi8(second_high, _mm256_and_si256(_mm256_srli_epi16(in, 4), low4)));
    /* Two bytes behind E0.. and three behind F0.. there must be a follower behind a follower. */
    __m256i must = _mm256_or_si256(_mm256_subs_epu8(back2, _mm256_set1_epi8((char)(0xE0 - 0x80))),
                                   _mm256_subs_epu8(back3, _mm256_set1_epi8((char)(0xF0 - 0x80))));

    return _mm256_xor_si256(_mm256_and_si256(must, _mm256_set1_epi8((char)0x80)), pair);
}

VECTOR_INL uint64_t
high_bytes(const char *block)
{
    __m256i lo = _mm256_loadu_si256((const void *)block);
    __m256i hi = _mm256_loadu_si256((const void *)(block + 32));

    return (uint32_t)_mm256_movemask_epi8(lo) | (uint64_t)(uint32_t)_mm256_movemask_epi8(hi) << 32;
}

/* For blocks with high bytes, and those behind them. keep: the bytes that belong to the text. */
VECTOR static bool
utf8_block_valid(const char *block, uint64_t keep, struct json_carry *c)
{
    __m256i lo = _mm256_loadu_si256((const void *)block);
    __m256i hi = _mm256_loadu_si256((const void *)(block + 32)), errors;

    if (keep != UINT64_MAX) {
        char bytes[JSON_BLOCK];

        _mm256_storeu_si256((void *)bytes, lo);
        _mm256_storeu_si256((void *)(bytes + 32), hi);
        for (unsigned i = 0; i < JSON_BLOCK; i++)
            if (!(keep >> i & 1))
                bytes[i] = 0;
        lo = _mm256_loadu_si256((const void *)bytes);
        hi = _mm256_loadu_si256((const void *)(bytes + 32));
    }
    errors = _mm256_or_si256(utf8_errors(lo, c->has_tail ? c->tail : _mm256_setzero_si256()),
                             utf8_errors(hi, lo));
    c->tail = hi;
    c->has_tail = (uint32_t)_mm256_movemask_epi8(hi) >> 29 != 0;
    return _mm256_testz_si256(errors, errors) != 0;
}

/* ---- escapes and control characters ---- */

/* Bytes that may stand behind a backslash. */
static bool
escape_valid(const char *p, bool *surrogates)
{
    switch (*p) {
    case 'n':
    case 't':
    case '/':
    case 'r':
    case 'b':
    case 'f':
    case '"':
    case '\\': return true;
    case 'u': break;
    default: return false;
    }
    for (unsigned i = 1; i <= 4; i++) {
        char low = (char)(p[i] | 0x20);

        if (!(p[i] >= '0' && p[i] <= '9') && !(low >= 'a' && low <= 'f'))
            return false;
    }
    *surrogates |= json_is_surrogate(p - 1);
    return true;
}

/* Those bytes of a block; behind the root's end they may be anything. */
static bool
escapes_valid(struct json_walk *w, const char *block, uint64_t places)
{
    while (places != 0) {
        if (!escape_valid(block + __builtin_ctzll(places), &w->surrogates))
            return false;
        places &= places - 1;
    }
    return true;
}

/* The control characters at those places of a block: those that are blanks become some. */
static bool
controls_valid(struct json_walk *w, struct json_strip *s, unsigned i, uint64_t places)
{
    const char *block = w->text + s->base + i * JSON_BLOCK;

    if ((places & s->inside[i]) != 0)
        return false;
    s->space[i] |= places;
    for (; places != 0; places &= places - 1) {
        char c = block[__builtin_ctzll(places)];

        if (!json_is_blank(c))
            return false;
        w->line_ends |= c != '\t';
    }
    return true;
}

VECTOR static bool
specials_valid(struct json_walk *w, struct json_strip *s, struct json_carry *c)
{
    for (unsigned i = 0; i < s->n; i++) {
        const char *block = w->text + s->base + i * JSON_BLOCK;
        uint64_t special = s->special[i] & s->keep[i];
        uint64_t escaped = s->slash[i] & s->inside[i] & s->keep[i];

        if (special != 0 || c->has_tail) {
            uint64_t high = high_bytes(block) & s->keep[i];

            if ((special & ~high) != 0 && !controls_valid(w, s, i, special & ~high))
                return false;
            if ((high != 0 || c->has_tail) && !utf8_block_valid(block, s->keep[i], c))
                return false;
        }
        if (escaped != 0 && !escapes_valid(w, block, escaped))
            return false;
    }
    return true;
}

/* ---- numbers and literals ---- */

/* Whether a number or literal starts here and ends where a blank or sign stands. Which one may,
 * the grammar says. */
static bool
word_valid(struct json_walk *w, size_t at)
{
    enum value_type type;
    size_t end;

    if (w->text[at] >= 'a') {
        end = json_literal_end(w->text, at, w->n, &type);
    } else {
        end = json_number_end(w->text, at, w->n, &type);
        w->wide |= end > at && type != V_INT;
    }
    if (end == at || end == w->n)
        return false;
    switch (w->text[end]) {
    case ',':
    case '}':
    case ']':
    case ' ':
    case '\n':
    case '\r':
    case '\t': return true;
    default: return false;
    }
}

static bool
words_valid(struct json_walk *w, size_t base, uint64_t starts)
{
    while (starts != 0) {
        if (!word_valid(w, base + (unsigned)__builtin_ctzll(starts)))
            return false;
        starts &= starts - 1;
    }
    return true;
}

/* ---- the grammar, with blanks between tokens ---- */

/* The places behind those in `from` and any blanks. */
VECTOR_INL uint64_t
beyond(uint64_t from, uint64_t blanks, uint64_t *carry)
{
    uint64_t places = from << 1 | *carry;
    unsigned long long sum;
    bool over = __builtin_uaddll_overflow(places, blanks, &sum);

    *carry = from >> 63 | over;
    return sum & ~blanks;
}

/* Adding the starts of keys to the map of insides runs through to their closing quotes. */
VECTOR_INL uint64_t
string_ends(uint64_t starts, uint64_t inside, uint64_t *carry)
{
    unsigned long long sum;
    bool over = __builtin_uaddll_overflow(starts, inside, &sum);

    over |= __builtin_uaddll_overflow(sum, *carry, &sum);
    *carry = over;
    return sum & ~inside;
}

VECTOR static bool
block_valid(struct json_walk *w, const struct json_strip *s, unsigned i, struct json_carry *c)
{
    uint64_t inside = s->inside[i], quotes = s->quote[i], keep = s->keep[i];
    uint64_t outside = ~(inside | quotes) & keep, blank = s->space[i] & outside;
    uint64_t open = s->open[i], close = s->close[i], comma = s->comma[i];
    uint64_t string = quotes & inside, sign = s->colon[i] | comma;
    uint64_t word = outside & ~(blank | sign | open | close);
    uint64_t behind_word = word << 1 | c->word, value = string | word | open;
    uint64_t opens_key = (comma | open) & s->in_object[i];
    uint64_t key_place = beyond(opens_key, blank, &c->before_key);
    uint64_t value_place = beyond((sign | open) ^ opens_key, blank, &c->before_value);
    uint64_t sign_place = beyond(sign, blank, &c->after_sign);
    uint64_t key_end = string_ends(string & key_place, inside, &c->key);
    uint64_t value_end = ((quotes & ~inside) ^ key_end) | close;
    uint64_t colon_place = beyond(key_end, blank, &c->after_key), end_place;
    /* The place behind a word joins as a carry does. */
    uint64_t ends = c->after_value | (behind_word & ~word);

    end_place = beyond(value_end, blank, &ends);
    c->after_value = ends;
    c->word = word >> 63;
    return words_valid(w, s->base + i * JSON_BLOCK, word & ~behind_word) &&
           (((key_place & ~(string | close)) | (value_place & ~(value | close)) |
             (sign_place & close) | (end_place & ~(comma | close)) | (colon_place ^ s->colon[i])) &
            keep) == 0;
}

/* ---- the grammar, without blanks ---- */

VECTOR_INL __m256i
load(const uint64_t *map)
{
    return _mm256_load_si256((const void *)map);
}

VECTOR_INL void
store(uint64_t *map, __m256i v)
{
    _mm256_store_si256((void *)map, v);
}

VECTOR_INL __m256i
both(__m256i a, __m256i b)
{
    return _mm256_and_si256(a, b);
}

VECTOR_INL __m256i
either(__m256i a, __m256i b)
{
    return _mm256_or_si256(a, b);
}

VECTOR_INL __m256i
without(__m256i a, __m256i b)
{
    return _mm256_andnot_si256(b, a);
}

/* A carry between groups of lanes: bit 63 of lane 0. */
VECTOR_INL __m256i
carry_in(uint64_t bit)
{
    return _mm256_set_epi64x(0, 0, 0, (long long)(bit << 63));
}

VECTOR_INL uint64_t
carry_out(__m256i carry)
{
    return (uint64_t)_mm256_extract_epi64(carry, 0) >> 63;
}

/* The places right behind those in `from`. */
VECTOR_INL __m256i
behind(__m256i from, __m256i *carry)
{
    __m256i up = _mm256_permute4x64_epi64(from, 0x93); /* each lane gets the one before */
    __m256i before = _mm256_blend_epi32(up, *carry, 3);

    *carry = up;
    return either(_mm256_slli_epi64(from, 1), _mm256_srli_epi64(before, 63));
}

/* What the two passes hand to one another. */
struct found {
    json_map key, key_end, word_start, word_end;
};

/* Up to where keys start. Returns what is wrong. */
VECTOR_INL __m256i
first_pass(const struct json_strip *s, struct found *f, struct json_carry *c)
{
    __m256i before_key = carry_in(c->before_key), before_value = carry_in(c->before_value);
    __m256i after_sign = carry_in(c->after_sign), in_word = carry_in(c->word);
    __m256i wrong = _mm256_setzero_si256();

    for (unsigned i = 0; i < s->n; i += LANES) {
        __m256i inside = load(&s->inside[i]), quotes = load(&s->quote[i]);
        __m256i keep = load(&s->keep[i]), comma = load(&s->comma[i]);
        __m256i open = load(&s->open[i]), close = load(&s->close[i]);
        __m256i string = both(quotes, inside), sign = either(load(&s->colon[i]), comma);
        __m256i word =
            without(without(keep, either(inside, quotes)), either(sign, either(open, close)));
        __m256i behind_word = behind(word, &in_word);
        __m256i opens_key = both(either(comma, open), load(&s->in_object[i]));
        __m256i opens_value = _mm256_xor_si256(either(sign, open), opens_key);
        __m256i key_place = behind(opens_key, &before_key);
        __m256i value_place = behind(opens_value, &before_value);
        __m256i sign_place = behind(sign, &after_sign);
        __m256i string_or_close = either(string, close);

        store(&f->key[i], both(string, key_place));
        store(&f->word_start[i], without(word, behind_word));
        store(&f->word_end[i], without(behind_word, word));
        wrong =
            either(wrong,
                   both(keep,
                        either(either(without(key_place, string_or_close), both(sign_place, close)),
                               without(value_place, either(string_or_close, either(word, open))))));
    }
    c->before_key = carry_out(before_key);
    c->before_value = carry_out(before_value);
    c->after_sign = carry_out(after_sign);
    c->word = carry_out(in_word);
    return wrong;
}

/* From where keys and values end. */
VECTOR_INL __m256i
second_pass(const struct json_strip *s, const struct found *f, struct json_carry *c)
{
    __m256i after_value = carry_in(c->after_value), after_key = carry_in(c->after_key);
    __m256i wrong = _mm256_setzero_si256();

    for (unsigned i = 0; i < s->n; i += LANES) {
        __m256i close = load(&s->close[i]), key_end = load(&f->key_end[i]);
        __m256i string_end = without(load(&s->quote[i]), load(&s->inside[i]));
        __m256i value_end = either(_mm256_xor_si256(string_end, key_end), close);
        __m256i end_place = either(behind(value_end, &after_value), load(&f->word_end[i]));
        __m256i colon_place = behind(key_end, &after_key);

        wrong = either(wrong, both(load(&s->keep[i]),
                                   either(without(end_place, either(load(&s->comma[i]), close)),
                                          _mm256_xor_si256(colon_place, load(&s->colon[i])))));
    }
    c->after_value = carry_out(after_value);
    c->after_key = carry_out(after_key);
    return wrong;
}

VECTOR static bool
tight_valid(struct json_walk *w, const struct json_strip *s, struct json_carry *c)
{
    struct found f;
    __m256i wrong = first_pass(s, &f, c);

    for (unsigned i = 0; i < s->n; i++)
        f.key_end[i] = string_ends(f.key[i], s->inside[i], &c->key);
    for (unsigned i = s->n; i % LANES != 0; i++)
        f.key_end[i] = 0;
    wrong = either(wrong, second_pass(s, &f, c));
    for (unsigned i = 0; i < s->n; i++)
        if (f.word_start[i] != 0 && !words_valid(w, s->base + i * JSON_BLOCK, f.word_start[i]))
            return false;
    return _mm256_testz_si256(wrong, wrong) != 0;
}

/* ---- all of it ---- */

/* What decides how a strip is checked, looked at together. */
struct traits {
    bool special; /* control characters, high bytes, or escapes that have to be looked at */
    bool blanks;  /* between tokens */
};

VECTOR_INL struct traits
traits_of(const struct json_strip *s)
{
    __m256i special = _mm256_setzero_si256(), blanks = special;

    for (unsigned i = 0; i < s->n; i += LANES) {
        __m256i keep = load(&s->keep[i]);

        special = either(special, both(keep, either(load(&s->special[i]), load(&s->slash[i]))));
        blanks = either(blanks, both(keep, without(load(&s->space[i]), load(&s->inside[i]))));
    }
    return (struct traits){ .special = !_mm256_testz_si256(special, special),
                            .blanks = !_mm256_testz_si256(blanks, blanks) };
}

VECTOR bool
json_avx2_check(struct json_walk *w, struct json_strip *s, struct json_carry *c)
{
    struct traits t = traits_of(s);

    if (t.special || c->has_tail) {
        if (!specials_valid(w, s, c))
            return false;
        t = traits_of(s); /* some control characters are blanks */
    }
    if (!t.blanks)
        return tight_valid(w, s, c);
    for (unsigned i = 0; i < s->n; i++)
        if (!block_valid(w, s, i, c))
            return false;
    return true;
}

#endif
