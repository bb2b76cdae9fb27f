/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The JSON scanner, 64 bytes at a time: bitmaps first, then the grammar on bitmaps, too.
 *
 * Bit i of a map stands for byte i of its block. Strings: quotes that no backslash precedes, the
 * prefix XOR of which (a carry-less multiplication) covers string insides. Grammar: each kind of
 * token may only be followed by some kinds, so the map of "next place that is no blank" is
 * compared with the maps of what may stand there; only commas need to know whether an object or an
 * array is around them, which the loop over the brackets finds out, as it pairs them. UTF-8: three
 * table lookups a byte (Keiser and Lemire, "Validating UTF-8 in less than one instruction per
 * byte"), only in blocks with high bytes. What is neither bracket, string nor sign is checked as a
 * number or literal, one by one.
 *
 * The steps run one after the other over a strip of blocks: each has few values alive, so they stay
 * in registers. All in one loop took a third more instructions. Bench: json_bench.
 *
 * Says "no" without a reason: the scalar form walks again and explains. */
#include "codec/json_scan_priv.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

#define VECTOR     __attribute__((target("avx2,pclmul,bmi,bmi2")))
#define VECTOR_INL static inline __attribute__((target("avx2,pclmul,bmi,bmi2"), always_inline))

bool
json_avx2_here(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("pclmul") &&
           __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
}

#define STRIP 16 /* blocks */

/* Bitmaps of a strip, a word a block. */
struct strip {
    size_t base;   /* where its first block lies in the text */
    unsigned n;    /* blocks */
    uint64_t keep; /* bytes of the last block up to the root's end; all ones before that */
    uint64_t quote[STRIP], slash[STRIP], space[STRIP];
    uint64_t colon[STRIP], comma[STRIP];
    uint64_t open[STRIP], close[STRIP]; /* brackets of both kinds */
    uint64_t curly[STRIP];              /* bit 5 of the byte: tells '{' from '[' */
    uint64_t special[STRIP]; /* low half: some control character; high half: some high byte */
    uint64_t inside[STRIP];  /* of strings, with the opening quote */
    uint64_t in_object[STRIP];
};

VECTOR_INL uint64_t
join(__m256i lo, __m256i hi)
{
    return (uint32_t)_mm256_movemask_epi8(lo) | (uint64_t)(uint32_t)_mm256_movemask_epi8(hi) << 32;
}

VECTOR_INL uint64_t
equal(__m256i lo, __m256i hi, char c)
{
    __m256i v = _mm256_set1_epi8(c);

    return join(_mm256_cmpeq_epi8(lo, v), _mm256_cmpeq_epi8(hi, v));
}

VECTOR_INL __m256i
controls(__m256i v)
{
    return _mm256_cmpeq_epi8(_mm256_min_epu8(v, _mm256_set1_epi8(0x1F)), v);
}

VECTOR_INL void
map_block(struct strip *s, unsigned i, const char *p, const bool known)
{
    __m256i lo = _mm256_loadu_si256((const void *)p);
    __m256i hi = _mm256_loadu_si256((const void *)(p + 32));
    __m256i bit5 = _mm256_set1_epi8(0x20);

    s->quote[i] = equal(lo, hi, '"');
    s->slash[i] = equal(lo, hi, '\\');
    s->colon[i] = equal(lo, hi, ':');
    s->comma[i] = equal(lo, hi, ',');
    if (!known) {
        s->space[i] = equal(lo, hi, ' ');
        s->curly[i] = join(_mm256_slli_epi16(lo, 2), _mm256_slli_epi16(hi, 2));
        s->special[i] =
            (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(controls(lo), controls(hi))) |
            (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_or_si256(lo, hi)) << 32;
    }
    lo = _mm256_or_si256(lo, bit5);
    hi = _mm256_or_si256(hi, bit5);
    s->open[i] = equal(lo, hi, '{');
    s->close[i] = equal(lo, hi, '}');
}

/* What one block hands to the next. Single bits, at bit 0. */
struct carry {
    uint64_t in_string; /* all ones or none */
    uint64_t escaped, key, word;
    uint64_t before_key, before_value, after_sign, after_value, after_key;
    __m256i tail; /* the last bytes of the block before, if any of them was high */
    bool has_tail;
};

#define EVEN UINT64_C(0x5555555555555555)

/* Bytes that an odd run of backslashes precedes. A run that starts at an even place and ends
 * before an odd one is odd, and the other way round; adding the start finds the end. */
VECTOR_INL uint64_t
map_escaped(uint64_t slash, uint64_t *carry)
{
    uint64_t first = *carry, runs = slash & ~first;
    uint64_t starts = runs & ~(runs << 1);
    uint64_t even_ends = (runs + (starts & EVEN)) & ~runs;
    unsigned long long odd_sum;

    /* Only a run from an odd place that reaches the end of the block leaves something escaped. */
    *carry = __builtin_uaddll_overflow(runs, starts & ~EVEN, &odd_sum);
    return first | (even_ends & ~EVEN) | (odd_sum & ~runs & EVEN);
}

VECTOR_INL uint64_t
prefix_xor(uint64_t bits)
{
    __m128i all = _mm_set1_epi8((char)0xFF);

    return (uint64_t)_mm_cvtsi128_si64(
        _mm_clmulepi64_si128(_mm_set_epi64x(0, (long long)bits), all, 0));
}

/* The places right behind those in `from`. */
VECTOR_INL uint64_t
behind(uint64_t from, uint64_t *carry)
{
    uint64_t places = from << 1 | *carry;

    *carry = from >> 63;
    return places;
}

/* The same, but beyond blanks: an addition carries through each run of them. */
VECTOR_INL uint64_t
beyond(uint64_t from, uint64_t blanks, uint64_t *carry)
{
    uint64_t places = from << 1 | *carry;
    unsigned long long sum;
    bool over = __builtin_uaddll_overflow(places, blanks, &sum);

    *carry = from >> 63 | over;
    return sum & ~blanks;
}

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

/* For blocks with high bytes, and those behind them. keep: the bytes that belong to the text. */
VECTOR static bool
utf8_block_valid(const char *block, uint64_t keep, struct carry *c)
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

/* ---- strings ---- */

VECTOR_INL void
note_slashes(struct json_walk *w, uint64_t slash, size_t base)
{
    if (w->slash[0] == SIZE_MAX)
        w->slash[0] = base + (unsigned)__builtin_ctzll(slash);
    w->slash[1] = base + 63 - (unsigned)__builtin_clzll(slash);
}

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

/* A block with backslashes, or right behind one. Returns the quotes that count. */
VECTOR_INL uint64_t
take_escapes(struct json_walk *w, struct strip *s, unsigned i, struct carry *c)
{
    uint64_t escaped = map_escaped(s->slash[i], &c->escaped);
    uint64_t quotes = s->quote[i] & ~escaped;

    if (s->slash[i] != 0)
        note_slashes(w, s->slash[i], s->base + i * JSON_BLOCK);
    s->slash[i] = escaped & ~(s->quote[i] | s->slash[i]); /* to be looked at later */
    return quotes;
}

/* Quotes become those that count, slashes what they escape; signs inside strings go. */
VECTOR_INL void
find_strings(struct json_walk *w, struct strip *s, struct carry *c)
{
    uint64_t in_string = c->in_string;

    for (unsigned i = 0; i < s->n; i++) {
        uint64_t quotes = s->quote[i], inside;

        if ((s->slash[i] | c->escaped) != 0)
            s->quote[i] = quotes = take_escapes(w, s, i, c);
        inside = prefix_xor(quotes) ^ in_string;
        in_string = 0 - (inside >> 63);
        s->inside[i] = inside;
        s->colon[i] &= ~inside;
        s->comma[i] &= ~inside;
        s->open[i] &= ~inside;
        s->close[i] &= ~inside;
    }
    c->in_string = in_string;
}

/* ---- brackets ---- */

/* Deeper nesting is left to the scalar form. */
#define LEVELS 63

/* Where the walk over the brackets stands. */
struct nest {
    uint64_t kinds; /* a bit for each open container, the last one lowest: 1 for an object */
    uint32_t level;
};

VECTOR_INL void
put_marks(struct json_walk *w, uint64_t places, size_t base)
{
    uint32_t *out = w->marks + w->marks_n;

    while (places != 0) {
        *out++ = (uint32_t)(base + (unsigned)__builtin_ctzll(places));
        places &= places - 1;
    }
    w->marks_n = (size_t)(out - w->marks);
}

/* The root ends in this block: the last one of the strip. */
VECTOR_INL void
end_root(struct json_walk *w, struct strip *s, unsigned i, unsigned place)
{
    s->n = i + 1;
    s->keep = ~(UINT64_MAX << place << 1);
    w->end = s->base + i * JSON_BLOCK + place + 1;
}

/* One block's brackets: in_object and in_root get a bit for each byte. False when brackets do not
 * pair or are too deep; text that is known has no such. */
VECTOR_INL bool
walk_block(struct json_walk *w, struct strip *s, unsigned i, struct nest *nest, uint32_t limit,
           uint64_t *in_root, const bool known)
{
    uint64_t open = s->open[i], left = open | s->close[i], curly = s->curly[i];
    uint64_t kinds = nest->kinds, object = 0 - (kinds & 1);
    uint64_t root = 0 - (uint64_t)(nest->level == 1);
    uint32_t level = nest->level;

    while (left != 0) {
        unsigned place = (unsigned)__builtin_ctzll(left);
        uint64_t from = UINT64_MAX << place, kind = curly >> place & 1, was = kinds & 1;

        left &= left - 1;
        if (open >> place & 1) {
            root ^= level <= 1 ? from : 0;
            level++;
            kinds = kinds << 1 | kind;
            if (!known && level > limit)
                return false;
        } else {
            if (!known && kind != was)
                return false;
            kinds >>= 1;
            level--;
            root ^= level <= 1 ? from : 0;
            if (level == 0) {
                end_root(w, s, i, place);
                break;
            }
        }
        if (!known)
            object ^= (kinds & 1) == was ? 0 : from;
    }
    nest->level = level;
    nest->kinds = kinds;
    s->in_object[i] = object;
    *in_root = root;
    return true;
}

VECTOR_INL bool
walk_brackets(struct json_walk *w, struct strip *s, struct nest *nest, uint32_t limit,
              const bool known)
{
    for (unsigned i = 0; i < s->n; i++) {
        uint64_t in_root;

        if (!walk_block(w, s, i, nest, limit, &in_root, known))
            return false;
        json_walk_room(w);
        if (w->end != 0)
            in_root &= s->keep;
        put_marks(w, (s->colon[i] | s->comma[i]) & in_root, s->base + i * JSON_BLOCK);
    }
    return true;
}

/* ---- the grammar ---- */

/* Whether a number or literal starts here and ends where a blank or sign stands. Which one may,
 * the grammar says. */
static bool
word_valid(const char *text, size_t at, size_t n)
{
    enum value_type type;
    size_t end;

    if (text[at] >= 'a')
        end = json_literal_end(text, at, n, &type);
    else
        end = json_number_end(text, at, n, &type);
    if (end == at || end == n)
        return false;
    switch (text[end]) {
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

VECTOR_INL bool
words_valid(const struct json_walk *w, size_t base, uint64_t starts)
{
    while (starts != 0) {
        if (!word_valid(w->text, base + (unsigned)__builtin_ctzll(starts), w->n))
            return false;
        starts &= starts - 1;
    }
    return true;
}

/* Tokens of a block, each at one place; strings at their opening quote. */
struct tokens {
    uint64_t string, string_end, inside, word, colon, comma, open, close, blank;
};

/* Places where something stands that its left neighbour does not allow. */
VECTOR_INL uint64_t
misplaced(const struct tokens *t, uint64_t curly, uint64_t in_object, struct carry *c)
{
    uint64_t value = t->string | t->word | t->open, sign = t->colon | t->comma;
    uint64_t opens_key = (t->comma & in_object) | (t->open & curly);
    uint64_t opens_value = (sign | t->open) ^ opens_key;
    uint64_t word_end = (t->word << 1 | c->word) & ~t->word;
    uint64_t key_place, value_place, sign_place, key, key_end, value_end, end_place, colon_place;
    unsigned long long sum;
    bool over;

    c->word = t->word >> 63;
    if (t->blank == 0) {
        key_place = behind(opens_key, &c->before_key);
        value_place = behind(opens_value, &c->before_value);
        sign_place = behind(sign, &c->after_sign);
    } else {
        key_place = beyond(opens_key, t->blank, &c->before_key);
        value_place = beyond(opens_value, t->blank, &c->before_value);
        sign_place = beyond(sign, t->blank, &c->after_sign);
    }
    /* Adding the start of a key to the map of insides runs through to its closing quote. */
    key = t->string & key_place;
    over = __builtin_uaddll_overflow(key, t->inside, &sum);
    over |= __builtin_uaddll_overflow(sum, c->key, &sum);
    c->key = over;
    key_end = sum & ~t->inside;
    value_end = (t->string_end ^ key_end) | t->close;
    if (t->blank == 0) {
        end_place = behind(value_end, &c->after_value) | word_end;
        colon_place = behind(key_end, &c->after_key);
    } else {
        /* The place behind a word joins as a carry does. */
        uint64_t from = value_end << 1 | c->after_value | word_end;

        over = __builtin_uaddll_overflow(from, t->blank, &sum);
        c->after_value = value_end >> 63 | over;
        end_place = sum & ~t->blank;
        colon_place = beyond(key_end, t->blank, &c->after_key);
    }
    return (key_place & ~(t->string | t->close)) | (value_place & ~(value | t->close)) |
           (sign_place & t->close) | (end_place & ~(t->comma | t->close)) |
           (colon_place ^ t->colon);
}

/* A block with control characters or high bytes. *blank gets those that are blanks. */
static bool
special_valid(struct json_walk *w, const struct strip *s, unsigned i, uint64_t keep,
              uint64_t *blank)
{
    const char *block = w->text + s->base + i * JSON_BLOCK;

    for (unsigned k = 0; k < JSON_BLOCK && (uint32_t)s->special[i] != 0; k++) {
        if ((unsigned char)block[k] >= 0x20 || !(keep >> k & 1))
            continue;
        if ((s->inside[i] >> k & 1) || !json_is_blank(block[k]))
            return false;
        *blank |= UINT64_C(1) << k;
        w->line_ends |= block[k] != '\t';
    }
    return true;
}

/* Of a block whose brackets pair: everything else. */
VECTOR_INL bool
check_block(struct json_walk *w, const struct strip *s, unsigned i, uint64_t keep, struct carry *c)
{
    const char *block = w->text + s->base + i * JSON_BLOCK;
    uint64_t quotes = s->quote[i], inside = s->inside[i], outside = ~(inside | quotes) & keep;
    struct tokens t = { .string = quotes & inside,
                        .string_end = quotes & ~inside,
                        .inside = inside,
                        .colon = s->colon[i],
                        .comma = s->comma[i],
                        .open = s->open[i],
                        .close = s->close[i],
                        .blank = s->space[i] & outside };
    uint64_t word_starts;

    if (s->special[i] != 0 && !special_valid(w, s, i, keep, &t.blank))
        return false;
    if ((s->special[i] >> 32 != 0 || c->has_tail) && !utf8_block_valid(block, keep, c))
        return false;
    t.word = outside & ~(t.blank | t.colon | t.comma | t.open | t.close);
    word_starts = t.word & ~(t.word << 1 | c->word);
    if ((s->slash[i] & inside & keep) != 0 && !escapes_valid(w, block, s->slash[i] & inside & keep))
        return false;
    if (word_starts != 0 && !words_valid(w, s->base + i * JSON_BLOCK, word_starts))
        return false;
    return (misplaced(&t, s->curly[i], s->in_object[i], c) & keep) == 0;
}

VECTOR_INL bool
check_strip(struct json_walk *w, const struct strip *s, struct carry *c)
{
    for (unsigned i = 0; i + 1 < s->n; i++)
        if (!check_block(w, s, i, UINT64_MAX, c))
            return false;
    return check_block(w, s, s->n - 1, s->keep, c);
}

/* known: the text was checked before. Its end may be the end of what can be read. */
VECTOR_INL void
map_strip(struct strip *s, const struct json_walk *w, size_t base, const bool known)
{
    size_t blocks = (w->n - base + JSON_BLOCK - 1) / JSON_BLOCK;
    char last[JSON_BLOCK];

    s->base = base;
    s->n = blocks < STRIP ? (unsigned)blocks : STRIP;
    s->keep = UINT64_MAX;
    for (unsigned i = 0; i < s->n; i++) {
        const char *block = w->text + base + i * JSON_BLOCK;
        size_t left = w->n - base - i * JSON_BLOCK;

        if (known && left < JSON_BLOCK) {
            memset(last, 0, sizeof last);
            block = memcpy(last, block, left);
        }
        map_block(s, i, block, known);
    }
}

VECTOR_INL int
walk(struct json_walk *w, const bool known)
{
    uint32_t limit = w->depth < LEVELS ? w->depth : LEVELS;
    struct nest nest = { 0 };
    struct carry c = { 0 };
    struct strip s;

    w->end = 0;
    for (size_t base = w->start; base < w->n; base += STRIP * JSON_BLOCK) {
        map_strip(&s, w, base, known);
        find_strings(w, &s, &c);
        if (!walk_brackets(w, &s, &nest, limit, known))
            return -1;
        if (!known && !check_strip(w, &s, &c))
            return -1;
        if (w->end != 0) {
            json_walk_room(w);
            w->marks[w->marks_n++] = (uint32_t)w->end - 1;
            return w->end > w->n ? -1 : 0;
        }
    }
    return -1;
}

VECTOR int
json_walk_avx2(struct json_walk *w)
{
    return walk(w, false);
}

VECTOR void
json_walk_avx2_known(struct json_walk *w)
{
    if (walk(w, true) < 0)
        UNREACHABLE("a container in a value was validated before");
}

#else

bool
json_avx2_here(void)
{
    return false;
}

int
json_walk_avx2(struct json_walk *w)
{
    (void)w;
    UNREACHABLE("no vector form on this machine");
}

void
json_walk_avx2_known(struct json_walk *w)
{
    json_walk_avx2(w);
}

#endif
