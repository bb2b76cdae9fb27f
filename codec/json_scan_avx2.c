/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The JSON scanner, 64 bytes at a time: bitmaps first, then the grammar on bitmaps, too.
 *
 * The maps come from two registers of 32 bytes, or from one of 64 where the CPU has them; all else
 * is the same code.
 *
 * Strings: quotes that no backslash precedes, the prefix XOR of which (a carry-less multiplication)
 * covers string insides. Brackets: a loop pairs them, and finds out for all other bytes whether an
 * object or an array is around them, and whether that is the root, whose colons and commas become
 * marks. The rest is checked in json_scan_avx2_check.c.
 *
 * The steps run one after the other over a strip of blocks: each has few values alive, so they stay
 * in registers. Says "no" without a reason: the scalar form walks again and explains.
 * Bench: json_bench. */
#include "codec/json_scan_priv.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include "codec/json_scan_avx2.h"

bool
json_isa_here(enum json_isa isa)
{
    bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("pclmul") &&
                __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");

    switch (isa) {
    case JSON_SCALAR: return true;
    case JSON_AVX2: return avx2;
    case JSON_AVX512:
        return avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw");
    }
    return false;
}

/* ---- maps ---- */

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

/* Fills the maps of block i from 64 bytes; known: without those that only checks ask for. */
typedef void map_fn(struct json_strip *s, unsigned i, const char *p, const bool known);

VECTOR_INL void
map_halves(struct json_strip *s, unsigned i, const char *p, const bool known)
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
        s->special[i] = join(_mm256_cmpgt_epi8(bit5, lo), _mm256_cmpgt_epi8(bit5, hi));
    }
    lo = _mm256_or_si256(lo, bit5);
    hi = _mm256_or_si256(hi, bit5);
    s->open[i] = equal(lo, hi, '{');
    s->close[i] = equal(lo, hi, '}');
}

/* The same at once, on CPUs that compare 64 bytes to a mask. */
WIDE_INL void
map_register(struct json_strip *s, unsigned i, __m512i v, const bool known)
{
    __m512i lower = _mm512_or_si512(v, _mm512_set1_epi8(0x20));

    s->quote[i] = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('"'));
    s->slash[i] = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('\\'));
    s->colon[i] = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8(':'));
    s->comma[i] = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8(','));
    if (!known) {
        s->space[i] = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8(' '));
        s->special[i] = _mm512_cmplt_epi8_mask(v, _mm512_set1_epi8(0x20));
    }
    s->open[i] = _mm512_cmpeq_epi8_mask(lower, _mm512_set1_epi8('{'));
    s->close[i] = _mm512_cmpeq_epi8_mask(lower, _mm512_set1_epi8('}'));
}

WIDE_INL void
map_whole(struct json_strip *s, unsigned i, const char *p, const bool known)
{
    map_register(s, i, _mm512_loadu_si512(p), known);
}

/* A block of nothing: it changes no answer. */
static void
map_nothing(struct json_strip *s, unsigned i)
{
    s->quote[i] = s->slash[i] = s->space[i] = s->colon[i] = s->comma[i] = 0;
    s->open[i] = s->close[i] = s->special[i] = 0;
}

/* known: the end of the text may be the end of what can be read. */
VECTOR_INL void
map_strip(struct json_strip *s, const struct json_walk *w, size_t base, map_fn *const map_block,
          const bool known)
{
    size_t blocks = (w->n - base + JSON_BLOCK - 1) / JSON_BLOCK;
    char last[JSON_BLOCK];

    s->base = base;
    s->n = blocks < STRIP ? (unsigned)blocks : STRIP;
    for (unsigned i = 0; i < s->n; i++) {
        const char *block = w->text + base + i * JSON_BLOCK;
        size_t left = w->n - base - i * JSON_BLOCK;

        if (known && left < JSON_BLOCK) {
            memset(last, 0, sizeof last);
            block = memcpy(last, block, left);
        }
        map_block(s, i, block, known);
    }
    for (unsigned i = s->n; i % LANES != 0; i++)
        map_nothing(s, i);
}

/* ---- strings ---- */

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

VECTOR_INL void
note_slashes(struct json_walk *w, uint64_t slash, size_t base)
{
    if (w->slash[0] == SIZE_MAX)
        w->slash[0] = base + (unsigned)__builtin_ctzll(slash);
    w->slash[1] = base + 63 - (unsigned)__builtin_clzll(slash);
}

/* A block with backslashes, or right behind one. */
VECTOR_INL void
take_escapes(struct json_walk *w, struct json_strip *s, unsigned i, uint64_t *carry)
{
    uint64_t escaped = map_escaped(s->slash[i], carry);

    if (s->slash[i] != 0)
        note_slashes(w, s->slash[i], s->base + i * JSON_BLOCK);
    s->slash[i] = escaped & ~(s->quote[i] | s->slash[i]);
    s->quote[i] &= ~escaped;
}

/* Signs and brackets inside strings are none. */
VECTOR_INL void
find_strings(struct json_walk *w, struct json_strip *s, struct json_carry *c)
{
    uint64_t in_string = c->in_string, escaped = c->escaped;

    for (unsigned i = 0; i < s->n; i++) {
        if ((s->slash[i] | escaped) != 0)
            take_escapes(w, s, i, &escaped);
        s->inside[i] = prefix_xor(s->quote[i]) ^ in_string;
        in_string = 0 - (s->inside[i] >> 63);
    }
    for (unsigned i = s->n; i % LANES != 0; i++)
        s->inside[i] = 0;
    c->in_string = in_string;
    c->escaped = escaped;
    for (unsigned i = 0; i < s->n; i += LANES) {
        __m256i *maps[] = { (void *)&s->colon[i], (void *)&s->comma[i], (void *)&s->open[i],
                            (void *)&s->close[i] };
        __m256i inside = *(__m256i *)(void *)&s->inside[i];

        for (unsigned k = 0; k < COUNT(maps); k++)
            *maps[k] = _mm256_andnot_si256(inside, *maps[k]);
    }
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
static void
end_root(struct json_walk *w, struct json_strip *s, unsigned i, unsigned place)
{
    for (unsigned k = i + 1; k % LANES != 0; k++) {
        map_nothing(s, k);
        s->inside[k] = s->in_object[k] = s->keep[k] = 0;
    }
    s->n = i + 1;
    s->keep[i] = ~(UINT64_MAX << place << 1);
    w->end = s->base + i * JSON_BLOCK + place + 1;
}

/* One block's brackets: in_object and in_root get a bit for each byte. False when brackets do not
 * pair or are too deep; text that is known has no such. */
VECTOR_INL bool
walk_block(struct json_walk *w, struct json_strip *s, unsigned i, struct nest *nest, uint32_t limit,
           uint64_t *in_root, const bool known)
{
    const char *block = w->text + s->base + i * JSON_BLOCK;
    uint64_t open = s->open[i], left = open | s->close[i];
    uint64_t kinds = nest->kinds, object = 0 - (kinds & 1);
    uint64_t root = 0 - (uint64_t)(nest->level == 1);
    uint32_t level = nest->level;

    s->keep[i] = UINT64_MAX;
    while (left != 0) {
        unsigned place = (unsigned)__builtin_ctzll(left);
        uint64_t from = UINT64_MAX << place, was = kinds & 1;
        uint64_t kind = block[place] >> 5 & 1; /* what tells '{' from '[', '}' from ']' */

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
walk_brackets(struct json_walk *w, struct json_strip *s, struct nest *nest, uint32_t limit,
              const bool known)
{
    for (unsigned i = 0; i < s->n; i++) {
        uint64_t in_root;

        if (!walk_block(w, s, i, nest, limit, &in_root, known))
            return false;
        json_walk_room(w);
        put_marks(w, (s->colon[i] | s->comma[i]) & in_root & s->keep[i], s->base + i * JSON_BLOCK);
    }
    for (unsigned i = s->n; i % LANES != 0; i++)
        s->in_object[i] = s->keep[i] = 0;
    return true;
}

/* ---- the walk ---- */

VECTOR_INL int
walk(struct json_walk *w, map_fn *const map_block, const bool known)
{
    uint32_t limit = w->depth < LEVELS ? w->depth : LEVELS;
    struct nest nest = { 0 };
    struct json_carry c = { 0 };
    struct json_strip s;

    w->end = 0;
    for (size_t base = w->start; base < w->n; base += STRIP * JSON_BLOCK) {
        map_strip(&s, w, base, map_block, known);
        find_strings(w, &s, &c);
        if (!walk_brackets(w, &s, &nest, limit, known))
            return -1;
        if (!known && !json_avx2_check(w, &s, &c))
            return -1;
        if (w->end != 0) {
            json_walk_room(w);
            w->marks[w->marks_n++] = (uint32_t)w->end - 1;
            return w->end > w->n ? -1 : 0;
        }
    }
    return -1;
}

/* ---- text that was checked before ---- */

#define WAS_VALIDATED "a container in a value was validated before"

/* The places of a block where only the root is around, given the brackets in it: its own are the
 * first byte and the last one, which `inner` is without. */
VECTOR_INL uint64_t
outside_of_inner(uint64_t inner, uint64_t open)
{
    uint64_t turns = 0, outside = 1;
    uint32_t level = 0;

    for (; inner != 0; inner &= inner - 1) {
        unsigned place = (unsigned)__builtin_ctzll(inner);
        uint64_t is;

        level += open >> place & 1 ? 1u : UINT32_MAX;
        is = level == 0;
        turns |= (outside ^ is) << place;
        outside = is;
    }
    return ~prefix_xor(turns);
}

/* What most inner containers are: a block or less, often without brackets in it. */
VECTOR_INL void
walk_known_block(struct json_walk *w, struct json_strip *s)
{
    uint64_t escaped = 0, last = UINT64_C(1) << (w->n - 1), inside, signs, inner;

    s->base = 0;
    if (s->slash[0] != 0)
        take_escapes(w, s, 0, &escaped);
    inside = prefix_xor(s->quote[0]);
    signs = (s->colon[0] | s->comma[0]) & ~inside;
    inner = (s->open[0] | s->close[0]) & ~(inside | last | 1);
    if (inner != 0)
        signs &= outside_of_inner(inner, s->open[0]);
    put_marks(w, signs | last, 0);
    w->end = w->n;
}

VECTOR static int
walk_avx2(struct json_walk *w)
{
    return walk(w, map_halves, false);
}

VECTOR static void
walk_avx2_known(struct json_walk *w)
{
    struct json_strip s;
    char block[JSON_BLOCK];

    if (w->n <= JSON_BLOCK) {
        memset(block, 0, sizeof block);
        memcpy(block, w->text, w->n);
        map_halves(&s, 0, block, true);
        walk_known_block(w, &s);
    } else if (walk(w, map_halves, true) < 0)
        UNREACHABLE(WAS_VALIDATED);
}

WIDE static int
walk_avx512(struct json_walk *w)
{
    return walk(w, map_whole, false);
}

WIDE static void
walk_avx512_known(struct json_walk *w)
{
    struct json_strip s;

    if (w->n <= JSON_BLOCK) {
        map_register(&s, 0, _mm512_maskz_loadu_epi8(_bzhi_u64(UINT64_MAX, (unsigned)w->n), w->text),
                     true);
        walk_known_block(w, &s);
    } else if (walk(w, map_whole, true) < 0)
        UNREACHABLE(WAS_VALIDATED);
}

const struct json_vector json_vectors[] = {
    [JSON_AVX2] = { walk_avx2, walk_avx2_known }, [JSON_AVX512] = { walk_avx512, walk_avx512_known }
};

#else

bool
json_isa_here(enum json_isa isa)
{
    return isa == JSON_SCALAR;
}

const struct json_vector json_vectors[JSON_ISAS];

#endif
