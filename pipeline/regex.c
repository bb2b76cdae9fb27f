/* SPDX-License-Identifier: GPL-3.0-or-later */
#define PCRE2_CODE_UNIT_WIDTH 8

#include "pipeline/regex.h"

#include "pipeline/regex_fence.h"
#include "pipeline/regex_gate.h"
#include "pipeline/regex_miss.h"
#include "pipeline/regex_store.h"
#include "pipeline/regex_translate.h"

#include <assert.h>
#include <pcre2.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum form { ASCII, UTF, FORMS };

/* The default of 32 KiB is too small for a group that repeats over a long text; a UNIXPATH of
 * 100 KB takes 1 MiB. Only what is touched is resident. */
#define STACK_FIRST ((size_t)32 << 10)
#define STACK_MOST  ((size_t)16 << 20)
/* The interpreter's memory, where the stack above did not do. */
#define HEAP_MOST_KIB (64u << 10)
/* One unit of PCRE2's match limit, as measured: in machine code and in the interpreter. */
#define UNITS_PER_MS     800000u
#define UNITS_PER_MS_INT 90000u
/* What a search may take, over all positions, before it is done one position at a time with a
 * look at the clock. The limit of PCRE2 is per position. */
#define UNITS_UNWATCHED 40000000u
#define UNITS_LEAST     2000u
#define TIMEOUT_MS      30000u
#define NS_PER_MS       1000000u

struct regex {
    struct arena arena; /* the pattern, the tree and its names */
    struct slice pattern;
    struct re_flags flags;
    struct regex_options options;
    struct re_tree tree;
    struct regex_gate gate;
    bool plainly; /* Java: PCRE2 would optimize too much */
    uint32_t groups;
    struct regex_entry *entry; /* NULL: not shared */
    pcre2_code *plain[FORMS];  /* without machine code; [UTF] may be NULL until it is needed */
    /* With machine code, or without where PCRE2 cannot make any; NULL before the first search. */
    _Atomic(pcre2_code *) ready[FORMS];
};

struct regex_scratch {
    pcre2_match_context *context;
    pcre2_match_data *data;
    uint32_t pairs; /* room in data */
    pcre2_jit_stack *stack;
    uint64_t timeout_ms;
    struct slice subject;
    enum form form; /* that the subject asks for */
    uint32_t found; /* groups with a value in data, 0 included */
    bool interpret; /* the stack did not do for this search */
};

/* ---- compiling ---- */

static uint32_t
compile_options(const struct regex *re, enum form form)
{
    uint32_t o = PCRE2_NEVER_BACKSLASH_C;

    if (form == UTF)
        o |= PCRE2_UTF | (re->options.java ? 0u : PCRE2_UCP);
    if (re->options.icase)
        o |= PCRE2_CASELESS;
    if (re->options.dot_newline)
        o |= PCRE2_DOTALL;
    if (!re->options.java)
        o |= PCRE2_MULTILINE;
    if (re->plainly)
        o |= PCRE2_NO_START_OPTIMIZE | PCRE2_NO_AUTO_POSSESS;
    return o;
}

static pcre2_code *
compile_text(const struct regex *re, enum form form, struct slice text, int *code, size_t *at)
{
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    pcre2_code *compiled;

    pcre2_set_newline(context, PCRE2_NEWLINE_LF);
    pcre2_set_bsr(context, PCRE2_BSR_UNICODE);
    pcre2_set_parens_nest_limit(context, 8 * REGEX_DEPTH);
    compiled =
        pcre2_compile((PCRE2_SPTR)text.p, text.n, compile_options(re, form), code, at, context);
    pcre2_compile_context_free(context);
    return compiled;
}

static struct slice
form_text(const struct regex *re, enum re_form form, struct buf *out)
{
    buf_clear(out);
    if (re->options.java)
        return re->pattern;
    regex_print(&re->tree, re->flags, form, out);
    buf_cstr(out);
    return buf_slice(out);
}

/* A pattern over PCRE2's 64 KB of code is tried again with what repeats written once. */
static pcre2_code *
compile_form(const struct regex *re, enum form form, struct err *err)
{
    struct buf text = { 0 };
    char message[160];
    int code = 0;
    size_t at = 0;
    pcre2_code *compiled;

    compiled = compile_text(re, form, form_text(re, form == ASCII ? FORM_ASCII : FORM_UTF, &text),
                            &code, &at);
    if (compiled == NULL && (code == PCRE2_ERROR_PATTERN_TOO_LARGE) && !re->options.java)
        compiled =
            compile_text(re, form,
                         form_text(re, form == ASCII ? FORM_ASCII_SHARED : FORM_UTF_SHARED, &text),
                         &code, &at);
    buf_fini(&text);
    if (compiled == NULL) {
        pcre2_get_error_message(code, (PCRE2_UCHAR *)message, sizeof message);
        err_set(err, ERR_CONFIG, "regular expression: %s", message);
    }
    return compiled;
}

/* Makes the machine code, unless another thread was faster. */
static pcre2_code *
publish(struct regex *re, enum form form)
{
    pcre2_code *mine, *other = NULL;

    mine =
        re->plain[form] != NULL ? pcre2_code_copy(re->plain[form]) : compile_form(re, form, NULL);
    if (mine == NULL)
        return NULL;
    pcre2_jit_compile(mine, PCRE2_JIT_COMPLETE);
    if (atomic_compare_exchange_strong_explicit(&re->ready[form], &other, mine,
                                                memory_order_acq_rel, memory_order_acquire))
        return mine;
    pcre2_code_free(mine);
    return other;
}

static const pcre2_code *
ready_code(const struct regex *re, enum form form)
{
    pcre2_code *code = atomic_load_explicit(&re->ready[form], memory_order_acquire);

    /* The one thing in a plan that changes. */
    return code != NULL ? code : publish((struct regex *)(uintptr_t)re, form);
}

/* The form for code points is compiled when a subject asks for it; now, if it is the only one, or
 * so large that it might not fit. */
#define LAZY_UTF_BYTES 2500

static int
compile_now(struct regex *re, struct err *err)
{
    bool ascii = re->options.java || regex_has_ascii_form(&re->tree);

    if (ascii) {
        re->plain[ASCII] = compile_form(re, ASCII, err);
        if (re->plain[ASCII] == NULL)
            return -1;
    }
    if (!ascii || re->options.java || re->pattern.n > LAZY_UTF_BYTES) {
        re->plain[UTF] = compile_form(re, UTF, err);
        if (re->plain[UTF] == NULL)
            return -1;
    }
    return 0;
}

/* Java's text is not printed anew, so there is no place for a fence. Ruby reads it the same way,
 * but that a{1,2}+ is possessive in Java. */
static bool
wants_fences(struct slice pattern)
{
    struct arena arena;
    struct re_tree tree;
    bool wants = true;

    arena_init(&arena, NULL);
    if (slice_find(pattern, SLICE("}+"), 0) == SIZE_MAX &&
        regex_parse(&arena, pattern, (struct re_flags){ 0 }, &tree, NULL) == 0)
        wants = regex_fence(&tree);
    arena_fini(&arena);
    return wants;
}

struct regex *
regex_new(struct slice pattern, struct regex_options options, struct err *err)
{
    struct regex *re;

    if (options.store != NULL)
        return regex_store_take(options.store, pattern, options, err);
    re = xcalloc(1, sizeof *re);
    arena_init(&re->arena, NULL);
    re->pattern = (struct slice){ arena_cstr(&re->arena, pattern), pattern.n };
    re->options = options;
    re->flags = (struct re_flags){ .icase = options.icase, .newline = options.dot_newline };
    if (!options.java) {
        if (regex_translate(&re->arena, re->pattern, re->flags, &re->tree, err) < 0) {
            regex_free(re);
            return NULL;
        }
        regex_gate_find(&re->tree, re->flags.icase, &re->gate);
    } else {
        re->plainly = wants_fences(re->pattern);
    }
    if (compile_now(re, err) < 0) {
        regex_free(re);
        return NULL;
    }
    re->groups = re->tree.groups;
    if (options.java)
        pcre2_pattern_info(re->plain[ASCII], PCRE2_INFO_CAPTURECOUNT, &re->groups);
    return re;
}

void
regex_free(struct regex *re)
{
    if (re == NULL)
        return;
    if (re->entry != NULL) {
        regex_store_give(re->entry);
        return;
    }
    for (int form = 0; form < FORMS; form++) {
        pcre2_code_free(re->plain[form]);
        pcre2_code_free(atomic_load_explicit(&re->ready[form], memory_order_relaxed));
    }
    arena_fini(&re->arena);
    free(re);
}

unsigned
regex_groups(const struct regex *re)
{
    return re->groups;
}

struct slice
regex_group_name(const struct regex *re, unsigned group)
{
    return group >= 1 && group <= re->tree.groups ? re->tree.names[group] : (struct slice){ 0 };
}

void
regex_set_entry(struct regex *re, struct regex_entry *e)
{
    re->entry = e;
}

struct slice
regex_pattern(const struct regex *re)
{
    return re->pattern;
}

struct regex_options
regex_options_of(const struct regex *re)
{
    return re->options;
}

const char *
regex_dear_miss(const struct regex *re)
{
    return re->options.java ? NULL : regex_miss_reason(&re->tree, &re->gate);
}

/* ---- scratch ---- */

struct regex_scratch *
regex_scratch_new(void)
{
    struct regex_scratch *s = xcalloc(1, sizeof *s);

    s->pairs = 64;
    s->data = pcre2_match_data_create(s->pairs, NULL);
    s->context = pcre2_match_context_create(NULL);
    s->stack = pcre2_jit_stack_create(STACK_FIRST, STACK_MOST, NULL);
    ASSERT(s->data != NULL && s->context != NULL && s->stack != NULL);
    pcre2_jit_stack_assign(s->context, NULL, s->stack);
    pcre2_set_heap_limit(s->context, HEAP_MOST_KIB);
    s->timeout_ms = TIMEOUT_MS;
    return s;
}

void
regex_scratch_free(struct regex_scratch *s)
{
    if (s == NULL)
        return;
    pcre2_match_data_free(s->data);
    pcre2_match_context_free(s->context);
    pcre2_jit_stack_free(s->stack);
    free(s);
}

void
regex_scratch_timeout(struct regex_scratch *s, uint64_t timeout_ms)
{
    s->timeout_ms = timeout_ms;
}

static void
make_room(struct regex_scratch *s, uint32_t pairs)
{
    if (pairs <= s->pairs)
        return;
    pcre2_match_data_free(s->data);
    s->pairs = pairs;
    s->data = pcre2_match_data_create(pairs, NULL);
    ASSERT(s->data != NULL);
}

/* ---- searching ---- */

uint64_t
regex_now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / NS_PER_MS;
}

static bool
is_ascii(struct slice s)
{
    uint64_t any = 0, word;
    size_t i = 0;

    for (; i + 32 <= s.n; i += 32) {
        uint64_t four[4];

        memcpy(four, s.p + i, sizeof four);
        any |= four[0] | four[1] | four[2] | four[3];
    }
    for (; i + 8 <= s.n; i += 8) {
        memcpy(&word, s.p + i, sizeof word);
        any |= word;
    }
    for (; i < s.n; i++)
        any |= (unsigned char)s.p[i];
    return (any & 0x8080808080808080u) == 0;
}

/* One call of the engine. When machine code runs out of stack, the interpreter does it, and what
 * follows on that subject. */
static int
run(const pcre2_code *code, struct regex_scratch *s, size_t from, uint32_t options, uint32_t units)
{
    PCRE2_SPTR text = (PCRE2_SPTR)s->subject.p;
    int rc = PCRE2_ERROR_JIT_BADOPTION;

    if (!s->interpret) {
        pcre2_set_match_limit(s->context, units);
        /* Straight to the machine code, if there is some. */
        if ((options & PCRE2_NO_UTF_CHECK) != 0)
            rc = pcre2_jit_match(code, text, s->subject.n, from, options, s->data, s->context);
        if (rc == PCRE2_ERROR_JIT_BADOPTION)
            rc = pcre2_match(code, text, s->subject.n, from, options, s->data, s->context);
        if (rc != PCRE2_ERROR_JIT_STACKLIMIT)
            return rc;
        s->interpret = true;
    }
    pcre2_set_match_limit(s->context, units / (UNITS_PER_MS / UNITS_PER_MS_INT) + 1);
    return pcre2_match(code, text, s->subject.n, from, options | PCRE2_NO_JIT, s->data, s->context);
}

static size_t
next_char(struct slice s, size_t at, bool utf)
{
    at++;
    while (utf && at < s.n && (s.p[at] & 0xc0) == 0x80)
        at++;
    return at;
}

/* Position by position, each with the units that the time left allows. Machine code knows no
 * anchoring by call, so this is the interpreter. */
static int
run_watched(const pcre2_code *code, struct regex_scratch *s, size_t from, uint32_t options,
            bool utf)
{
    uint64_t start = regex_now_ms();
    size_t last = s->subject.n;
    int rc = PCRE2_ERROR_NOMATCH;

    s->interpret = true;
    for (size_t at = from; at <= last && rc == PCRE2_ERROR_NOMATCH;
         at = next_char(s->subject, at, utf)) {
        uint64_t left = UINT32_MAX / UNITS_PER_MS, gone;

        if (s->timeout_ms > 0) {
            gone = regex_now_ms() - start;
            if (gone >= s->timeout_ms)
                return PCRE2_ERROR_MATCHLIMIT;
            if (left > s->timeout_ms - gone)
                left = s->timeout_ms - gone;
        }
        rc = run(code, s, at, options | PCRE2_ANCHORED, (uint32_t)(left * UNITS_PER_MS));
    }
    return rc;
}

static enum regex_result
result_of(struct regex_scratch *s, int rc)
{
    if (rc > 0) {
        s->found = (uint32_t)rc;
        return REGEX_MATCH;
    }
    s->found = 0;
    if (rc == PCRE2_ERROR_NOMATCH)
        return REGEX_NO_MATCH;
    if (rc <= PCRE2_ERROR_UTF8_ERR1 && rc >= PCRE2_ERROR_UTF8_ERR21)
        return REGEX_BAD_TEXT;
    /* Match limit, heap limit, endless recursion. */
    return REGEX_TIMEOUT;
}

static uint32_t
unwatched_units(const struct regex_scratch *s, size_t positions)
{
    uint64_t all = UNITS_UNWATCHED, each;

    if (s->timeout_ms > 0 && s->timeout_ms < all / UNITS_PER_MS)
        all = s->timeout_ms * UNITS_PER_MS;
    each = all / (positions + 1);
    return each < UNITS_LEAST ? UNITS_LEAST : (uint32_t)each;
}

/* `check`: the subject may be no UTF-8 yet. */
static enum regex_result
search(const struct regex *re, struct regex_scratch *s, size_t from, bool check)
{
    struct slice rest = { s->subject.p + from, s->subject.n - from };
    enum form form = re->plain[ASCII] != NULL ? s->form : UTF;
    uint32_t options = check && s->form == UTF ? 0 : PCRE2_NO_UTF_CHECK;
    const pcre2_code *code;
    int rc;

    s->found = 0;
    /* Text that is no UTF-8 must be noticed, gate or no gate. */
    if ((options & PCRE2_NO_UTF_CHECK) != 0 && !regex_gate_open(&re->gate, rest))
        return REGEX_NO_MATCH;
    code = ready_code(re, form);
    if (code == NULL)
        return REGEX_TIMEOUT;
    make_room(s, re->groups + 1);
    rc = run(code, s, from, options, unwatched_units(s, rest.n));
    if (rc == PCRE2_ERROR_MATCHLIMIT)
        rc = run_watched(code, s, from, PCRE2_NO_UTF_CHECK, form == UTF);
    return result_of(s, rc);
}

enum regex_result
regex_search(const struct regex *re, struct regex_scratch *s, struct slice subject, size_t from)
{
    s->subject = subject.p == NULL ? SLICE("") : subject;
    s->form = is_ascii(s->subject) ? ASCII : UTF;
    s->interpret = false;
    return from > s->subject.n ? REGEX_NO_MATCH : search(re, s, from, true);
}

enum regex_result
regex_search_on(const struct regex *re, struct regex_scratch *s, size_t from)
{
    return from > s->subject.n ? REGEX_NO_MATCH : search(re, s, from, false);
}

struct slice
regex_group(const struct regex_scratch *s, unsigned group)
{
    const PCRE2_SIZE *at = pcre2_get_ovector_pointer(s->data);

    if (group >= s->found || at[2 * group] == PCRE2_UNSET)
        return (struct slice){ 0 };
    return slice_between(s->subject.p + at[2 * group], s->subject.p + at[2 * group + 1]);
}

static_assert(REGEX_UNSET == PCRE2_UNSET && sizeof(PCRE2_SIZE) == sizeof(size_t),
              "spans are the engine's");

const size_t *
regex_spans(const struct regex_scratch *s, unsigned *n)
{
    *n = s->found;
    return pcre2_get_ovector_pointer(s->data);
}

const char *
regex_engine(char *text, size_t size)
{
    char version[32];

    pcre2_config(PCRE2_CONFIG_VERSION, version);
    snprintf(text, size, "PCRE2 %s", version);
    return text;
}
