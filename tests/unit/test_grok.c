/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/grok.h"

#include "pipeline/regex_tree.h"
#include "tests/unit/oracle.h"

#include <sys/stat.h>
#include <unistd.h>

/* ---- both sets against Oniguruma ---- */

/* Text that a pattern is likely to match: a walk through its tree with dice. Lookarounds are
 * ignored, so some of it does not match, which is as good. */
struct dice {
    uint64_t state;
};

static uint32_t
roll(struct dice *d, uint32_t sides)
{
    d->state = d->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(d->state >> 33) % sides;
}

static void
write_char(struct buf *out, uint32_t c)
{
    if (c < 0x80) {
        buf_byte(out, (char)c);
    } else if (c < 0x800) {
        buf_byte(out, (char)(0xc0 | c >> 6));
        buf_byte(out, (char)(0x80 | (c & 0x3f)));
    }
}

static void
write_any(struct dice *d, struct buf *out)
{
    static const uint32_t pool[] = { 'a', 'Z', '7', ' ', '-', '.', '"', ']', 0xe9, '_', '/', ':' };

    write_char(out, pool[roll(d, COUNT(pool))]);
}

static void
write_short(struct dice *d, char letter, bool negated, struct buf *out)
{
    const char *pool = letter == 'd'   ? "0123456789"
                       : letter == 's' ? " \t"
                       : letter == 'h' ? "0123456789abcdefABCDEF"
                                       : "abcXYZ019_";

    if (negated)
        write_char(out, letter == 's' ? 'x' : '-');
    else
        buf_byte(out, pool[roll(d, (uint32_t)strlen(pool))]);
}

static void
write_set(struct dice *d, const struct re_set *set, struct buf *out)
{
    const struct set_item *item = set->unions->items;
    uint32_t n = 0;

    for (const struct set_item *i = item; i != NULL; i = i->next)
        n++;
    if (set->negated || n == 0) {
        buf_byte(out, "xyz!~"[roll(d, 5)]);
        return;
    }
    for (n = roll(d, n); n > 0; n--)
        item = item->next;
    if (item->kind == SET_RANGE)
        write_char(out, item->lo + roll(d, item->hi - item->lo + 1));
    else
        write_short(d, item->kind == SET_SHORT ? item->letter : 'w', item->negated, out);
}

static void
write_node(struct dice *d, const struct re_node *n, struct buf *out)
{
    uint32_t times;

    switch (n->type) {
    case RE_CHAR: write_char(out, n->code); break;
    case RE_ANY: write_any(d, out); break;
    case RE_SHORT: write_short(d, n->letter, n->negated, out); break;
    case RE_SET: write_set(d, n->set, out); break;
    case RE_GROUP:
        if (n->group <= GROUP_ATOMIC || n->group == GROUP_CASE)
            write_node(d, n->child, out);
        break;
    case RE_CAT:
        for (const struct re_node *c = n->child; c != NULL; c = c->next)
            write_node(d, c, out);
        break;
    case RE_ALT: {
        const struct re_node *c = n->child;

        for (times = 0; c != NULL; c = c->next)
            times++;
        c = n->child;
        for (times = roll(d, times); times > 0; times--)
            c = c->next;
        write_node(d, c, out);
        break;
    }
    case RE_REPEAT:
        times =
            n->max == REPEAT_FOREVER ? n->min + roll(d, 5) : n->min + roll(d, n->max - n->min + 1);
        if (times > 8 && times > n->min)
            times = n->min > 8 ? n->min : 8;
        while (times-- > 0 && out->n < 4000)
            write_node(d, n->child, out);
        break;
    case RE_ASSERT:
    case RE_BACKREF:
    case RE_CALL:
    case RE_COND: break;
    }
}

static void
spoil(struct dice *d, struct buf *text)
{
    size_t at;

    if (text->n == 0)
        return;
    at = roll(d, (uint32_t)text->n);
    if ((text->p[at] & 0x80) == 0)
        text->p[at] = "0 a\"-:.Z"[roll(d, 8)];
}

/* What log lines look like, whatever the pattern. */
static const char *const lines[] = {
    "",
    "55.3.244.1 GET /index.html 15824 0.043",
    "127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] \"GET /apache_pb.gif HTTP/1.0\" 200 2326 \"-\" "
    "\"M\"",
    "Jan  2 03:04:05 web01 sshd[1234]: Accepted publickey for root from fe80::1%eth0 port 22 ssh2",
    "2024-01-02T03:04:05.678+02:00 WARN [main] com.foo.Bar - na\xc3\xafve \xe6\x97\xa5\xe6\x9c\xac "
    "/a/b",
    "::ffff:1.2.3.4 1:2:3:4:5:6:7:8 1::8 ::1 :: 1:2:3:4:5:6:1.2.3.4 256.1.1.1 1.2.3.4.5",
    "h\xc3\xa9llo caf\x65\xcc\x81 M\xc3\xa4rz 00:11:22:33:44:55 C:\\x\\y \\\\host\\share",
    "\"a \\\"q\\\" b\" 'single' `back` \"\" '' \"open",
    "https://user:pw@example.com:8443/p/a?q=1#frag mailto:x@y.z john.doe+tag@example.co.uk",
    "Mon Jan  2 03:04:05.678 query shop.orders ntoreturn:1 query: { $query: { n: 5 } } ntoreturn:2 "
    "ntoskip:0 nscanned:17 keyUpdates:0 nreturned:1 reslen:20 105ms",
    "query shop.orders query: { _id: 5 } ntoreturn:2 ntoskip:0 nscanned:17 keyUpdates:0 "
    "locks(micros) "
    "nreturned:1 reslen:20 105ms",
    "0x1A -0.5e3 .5 +7 12abc 0000 99999999999999999999 deadbeef-dead-beef-dead-beefdeadbeef",
};

#define GENERATED 24

static void
compare_pattern(const struct grok_patterns *patterns, const char *name,
                struct regex_scratch *scratch)
{
    struct buf pattern = { 0 }, text = { 0 };
    struct dice dice = { 20240506 };
    struct err err = { 0 };
    struct oracle oracle;
    struct arena arena;
    struct re_tree tree;
    struct grok *g;
    char why[128];
    bool any = false;

    buf_printf(&pattern, "%%{%s:x}", name);
    g = grok_new(patterns, buf_slice(&pattern), true, &err);
    ck_assert_msg(g != NULL, "%s: %s", name, err.msg);
    ck_assert_msg(oracle_init(&oracle, grok_expanded(g), true, true, why), "%s: %s", name, why);
    arena_init(&arena, NULL);
    ck_assert_int_eq(regex_parse(&arena, grok_expanded(g), (struct re_flags){ .newline = true },
                                 &tree, NULL),
                     0);
    for (size_t i = 0; i < COUNT(lines); i++) {
        oracle_compare(&oracle, grok_regex(g), scratch, name, slice_of(lines[i]));
        any |= regex_group(scratch, 0).p != NULL;
    }
    for (unsigned i = 0; i < GENERATED; i++) {
        buf_clear(&text);
        if (i % 4 == 1)
            buf_append(&text, SLICE("> "));
        write_node(&dice, tree.root, &text);
        if (i % 4 == 2)
            buf_append(&text, SLICE(" \xc3\xa9\n"));
        if (i % 4 == 3)
            spoil(&dice, &text);
        buf_cstr(&text);
        oracle_compare(&oracle, grok_regex(g), scratch, name, buf_slice(&text));
        any |= regex_group(scratch, 0).p != NULL;
    }
    /* Lines and dice must be good enough to reach every one. */
    ck_assert_msg(any, "%s matched nothing", name);
    arena_fini(&arena);
    oracle_fini(&oracle);
    grok_free(g);
    buf_fini(&pattern);
    buf_fini(&text);
}

START_TEST(every_pattern_matches_like_oniguruma)
{
    enum grok_set set = _i == 0 ? GROK_LEGACY : GROK_ECS;
    struct grok_patterns *patterns = grok_patterns_new(set);
    struct regex_scratch *scratch = regex_scratch_new();
    unsigned names = 0;

    for (const char *name; (name = grok_set_name(set, names)) != NULL; names++)
        compare_pattern(patterns, name, scratch);
    ck_assert_uint_eq(names, set == GROK_ECS ? 361 : 317);
    regex_scratch_free(scratch);
    grok_patterns_free(patterns);
}
END_TEST

/* ---- captures ---- */

static const struct {
    const char *pattern;
    bool named_only;
    const char *want; /* field, group, type of each capture in order */
} captures[] = {
    { "%{WORD:a} %{INT:b:int}", true, "a/1 b/2/int" },
    { "%{WORD:a} %{INT:b} %{WORD:a}", true, "a/1 a/3 b/2" },
    { "%{INT:a:int} %{INT:a:int}", true, "a/1/int a/2" },
    { "%{INT:a:int}|%{NUMBER:a:float}", true, "a/1/int a/2/float" },
    { "%{INT:a:string} %{INT:[b][c]:float}", true, "a/1 [b][c]/2/float" },
    { "%{INT:a:int:x} %{INT:b c}", true, "a/1/int b/2" },
    { "(?<a:int>x)(?<b>y)(z)", true, "int/1 b/2" },
    { "%{WORD} %{INT:n} (?<z>.)", false, "WORD/1 BASE/9 n/2 z/3" },
    { "^$", true, "" },
    { "(a)", true, "" },
    { "%{WORD:@metadata} %{WORD:a-b.c}", true, "@metadata/1 a-b.c/2" },
    { "%{A:x=[0-9]{2}} %{A:y}", true, "x/1 y/2" },
    { "%{WORD:a:}", true, "a/1" },
    { "%{WORD::b}", true, "/1" },
    { "%{-} %{", true, "" },
};

START_TEST(captures_in_order)
{
    struct grok_patterns *patterns = grok_patterns_new(GROK_LEGACY);
    struct err err = { 0 };
    struct grok *g =
        grok_new(patterns, slice_of(captures[_i].pattern), captures[_i].named_only, &err);
    struct buf got = { 0 };
    const struct grok_capture *c;
    size_t n;

    ck_assert_msg(g != NULL, "%s: %s", captures[_i].pattern, err.msg);
    c = grok_captures(g, &n);
    for (size_t i = 0; i < n; i++)
        buf_printf(&got, "%s%.*s/%u%s", i > 0 ? " " : "", SLICE_ARGS(c[i].field), c[i].group,
                   c[i].type == GROK_INT     ? "/int"
                   : c[i].type == GROK_FLOAT ? "/float"
                                             : "");
    /* INT and what it is made of get groups as well when all of them are named. */
    if (!captures[_i].named_only)
        ck_assert_ptr_nonnull(strstr(buf_cstr(&got), "WORD/1"));
    else
        ck_assert_str_eq(buf_cstr(&got), captures[_i].want);
    buf_fini(&got);
    grok_free(g);
    grok_patterns_free(patterns);
}
END_TEST

/* ---- patterns that are dear on a miss ---- */

static const struct {
    const char *pattern, *says; /* NULL: not dear */
} misses[] = {
    { "%{WORD:a} %{WORD:b}", "begin it with ^" },
    { "%{NOTSPACE:a}=%{NUMBER:n}", "begin it with ^" },
    { "(?:%{WORD:a})?%{INT:b}", "begin it with ^" },
    { "%{WORD:a}|^x", "begin it with ^" },
    { "^%{WORD:a} %{WORD:b}", NULL },
    { "\\A%{WORD:a}", NULL },
    { "(?:^a|^b)\\w", NULL },
    { "%{GREEDYDATA:all}", NULL },
    { "%{DATA:a} %{INT:b}", NULL },
    { "%{WORD:a} ERROR", NULL },
    { "%{COMBINEDAPACHELOG}", NULL },
    { "%{SYSLOGLINE}", NULL },
    { "\\[%{DATA:a}\\] %{GREEDYDATA:b}", NULL },
    { "[<(]?%{INT:n}", NULL },
    { "%{DATA:a} %{DATA:b} %{DATA:c} .", "a power of the length" },
    { "%{DATA:a} %{DATA:b} %{GREEDYDATA:c}", NULL },
    { "^.*a.*b.*c", "a power of the length" },
    { "^(?:\\w+ ?)+$", "exponentially" },
    { "ERROR (\\w+)*x", "exponentially" },
    { "^(?>(?:\\w+)+)x", NULL },
    { "^(?:\\w+,)+$", NULL },
};

START_TEST(dear_on_a_miss)
{
    struct grok_patterns *patterns = grok_patterns_new(GROK_LEGACY);
    struct grok *g = grok_new(patterns, slice_of(misses[_i].pattern), true, NULL);
    const char *why;

    ck_assert_ptr_nonnull(g);
    why = regex_dear_miss(grok_regex(g));
    ck_assert_msg((why == NULL) == (misses[_i].says == NULL), "%s: %s", misses[_i].pattern, why);
    if (why != NULL)
        ck_assert_msg(strstr(why, misses[_i].says) != NULL, "%s: %s", misses[_i].pattern, why);
    grok_free(g);
    grok_patterns_free(patterns);
}
END_TEST

/* ---- refused ---- */

static const struct {
    const char *pattern, *says;
} refused[] = {
    { "%{NOPE:x}", "pattern %{NOPE:x} not defined" },
    { "a %{WORD} %{word}", "pattern %{word} not defined" },
    { "%{SELF}", "Deep recursion pattern compilation of \"%{SELF}\"" },
    { "%{WIDE5}", "Deep recursion" },
    { "[\\w-.]+",
      "grok pattern \"[\\w-.]+\": unmatched range specifier in char-class at offset 3" },
    { "%{WORD:x}(", "unmatched parenthesis" },
    { "%{9X:a}", "invalid group name <9X:a>" },
    { "%{BAD}", "target of repeat operator is not specified" },
};

START_TEST(refused_by_name)
{
    struct grok_patterns *patterns = grok_patterns_new(GROK_ECS);
    struct err err = { 0 };

    grok_patterns_add(patterns, SLICE("SELF"), SLICE("a%{SELF}"));
    grok_patterns_add(patterns, SLICE("9X"), SLICE("x"));
    grok_patterns_add(patterns, SLICE("BAD"), SLICE("*"));
    grok_patterns_add(patterns, SLICE("WIDE0"), SLICE("x"));
    for (int i = 1; i <= 5; i++) {
        struct buf name = { 0 }, text = { 0 };

        buf_printf(&name, "WIDE%d", i);
        for (int k = 0; k < 10; k++)
            buf_printf(&text, "%%{WIDE%d}", i - 1);
        grok_patterns_add(patterns, buf_slice(&name), buf_slice(&text));
        buf_fini(&name);
        buf_fini(&text);
    }
    ck_assert(grok_new(patterns, slice_of(refused[_i].pattern), true, &err) == NULL);
    ck_assert_msg(strstr(err.msg, refused[_i].says) != NULL, "%s", err.msg);
    grok_patterns_free(patterns);
}
END_TEST

START_TEST(definitions_win_in_order)
{
    struct grok_patterns *patterns = grok_patterns_new(GROK_LEGACY);
    struct slice text;

    ck_assert(grok_patterns_find(patterns, SLICE("WORD"), &text));
    ck_assert_slice(text, SLICE("\\b\\w+\\b"));
    grok_patterns_add(patterns, SLICE("WORD"), SLICE("[0-9]+"));
    grok_patterns_add(patterns, SLICE("WORD"), SLICE("[a-f]+"));
    ck_assert(grok_patterns_find(patterns, SLICE("WORD"), &text));
    ck_assert_slice(text, SLICE("[a-f]+"));
    ck_assert(!grok_patterns_find(patterns, SLICE("WOR"), &text));
    ck_assert(!grok_patterns_find(patterns, SLICE("ZEEK_DNS"), &text));
    grok_patterns_free(patterns);
}
END_TEST

/* ---- files ---- */

static void
write_file(const char *dir, const char *name, const char *text)
{
    struct buf path = { 0 };
    FILE *f;

    buf_printf(&path, "%s/%s", dir, name);
    f = fopen(buf_cstr(&path), "w");
    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    fclose(f);
    buf_fini(&path);
}

static void
expect(const struct grok_patterns *p, const char *name, const char *want)
{
    struct slice text;
    bool found = grok_patterns_find(p, slice_of(name), &text);

    ck_assert_msg(found == (want != NULL), "%s", name);
    if (found)
        ck_assert_slice(text, slice_of(want));
}

START_TEST(files_of_a_folder)
{
    char dir[] = "/tmp/headrig-grok-XXXXXX", path[64];
    struct grok_patterns *p = grok_patterns_new(GROK_LEGACY);
    struct err err = { 0 };

    ck_assert_ptr_nonnull(mkdtemp(dir));
    write_file(dir, "a.pat", "# no pattern\n  FIRST  x y \n\nONLYNAME\n\tTAB\tz\r\nLAST end");
    write_file(dir, "b.pat", "FIRST second\n");
    write_file(dir, "c.txt", "OTHER x\n");
    write_file(dir, ".hidden.pat", "HIDDEN x\n");
    ck_assert_msg(grok_patterns_load(p, dir, "*.pat", &err) == 2, "%s", err.msg);
    expect(p, "FIRST", "second");
    expect(p, "TAB", "z");
    expect(p, "LAST", "end");
    expect(p, "ONLYNAME", NULL);
    expect(p, "OTHER", NULL);
    expect(p, "HIDDEN", NULL);
    snprintf(path, sizeof path, "%s/a.pat", dir);
    ck_assert_int_eq(grok_patterns_load(p, path, "*", &err), 1);
    expect(p, "FIRST", "x y ");
    snprintf(path, sizeof path, "%s/none", dir);
    ck_assert_int_eq(grok_patterns_load(p, path, "*", &err), 0);
    snprintf(path, sizeof path, "%s/*.txt", dir);
    ck_assert_int_eq(grok_patterns_load(p, path, "*", &err), 1);
    expect(p, "OTHER", "x");
    for (const char *const *name =
             (const char *const[]){ "a.pat", "b.pat", "c.txt", ".hidden.pat", NULL };
         *name != NULL; name++) {
        snprintf(path, sizeof path, "%s/%s", dir, *name);
        ck_assert_int_eq(unlink(path), 0);
    }
    ck_assert_int_eq(rmdir(dir), 0);
    grok_patterns_free(p);
}
END_TEST

/* ---- conversions ---- */

static const struct {
    const char *text, *integer;
    double real;
} numbers[] = {
    { "12", "12", 12 },
    { "+5", "5", 5 },
    { "-0", "0", -0.0 },
    { "-007", "-7", -7 },
    { "3.99", "3", 3.99 },
    { "1e3", "1", 1000 },
    { "1.5e3x", "1", 1500 },
    { "12abc", "12", 12 },
    { "0x1A", "0", 0 },
    { "abc", "0", 0 },
    { "", "0", 0 },
    { "-", "0", -0.0 },
    { "1_000.5", "1000", 1000.5 },
    { "1__0", "1", 1 },
    { "_1", "0", 0 },
    { " 7", "7", 7 },
    { "-.5", "0", -0.5 },
    { "1.", "1", 1 },
    { "1.e5", "1", 1 },
    { "1e", "1", 1 },
    { "1e-2", "1", 0.01 },
    { "e5", "0", 0 },
    { "NaN", "0", 0 },
    { "Infinity", "0", 0 },
    { "123456789012345678901234567890", "123456789012345678901234567890", 1.2345678901234568e29 },
};

START_TEST(lenient_numbers)
{
    struct buf digits = { 0 };

    buf_append(&digits, SLICE("n="));
    grok_print_int(slice_of(numbers[_i].text), &digits);
    ck_assert_str_eq(buf_cstr(&digits) + 2, numbers[_i].integer);
    ck_assert_double_eq(grok_to_float(slice_of(numbers[_i].text)), numbers[_i].real);
    buf_fini(&digits);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_loop_test(tc, every_pattern_matches_like_oniguruma, 0, 2);
    tcase_add_loop_test(tc, captures_in_order, 0, (int)COUNT(captures));
    tcase_add_loop_test(tc, dear_on_a_miss, 0, (int)COUNT(misses));
    tcase_add_loop_test(tc, refused_by_name, 0, (int)COUNT(refused));
    tcase_add_test(tc, definitions_win_in_order);
    tcase_add_test(tc, files_of_a_folder);
    tcase_add_loop_test(tc, lenient_numbers, 0, (int)COUNT(numbers));
}

UNIT_MAIN("grok")
