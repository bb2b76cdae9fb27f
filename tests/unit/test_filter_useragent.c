/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "codec/json_write.h"
#include "tests/unit/filter_cases.h"
#include "tests/unit/hostile.h"
#include "tests/unit/json_events.h"
#include "tests/unit/unit.h"

#include "pipeline/regex_needs.h"

#include <stdio.h>
#include <unistd.h>

static char path[64];

static void
write_rules(const char *text)
{
    FILE *f;

    snprintf(path, sizeof path, "/tmp/headrig_test_%d.yaml", (int)getpid());
    f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(text, 1, strlen(text), f), strlen(text));
    ck_assert_int_eq(fclose(f), 0);
}

static const char rules[] = "user_agent_parsers:\n"
                            "  - regex: '(never)?no group taken'\n"
                            "  - regex: '(Fox)/(\\d+)\\.(\\d+)'\n"
                            "    family_replacement: 'A $1 of $2'\n"
                            "  - regex: '(Cat)/(\\d+)'\n"
                            "    v1_replacement: '9'\n"
                            "    v2_replacement: ' '\n"
                            "  - regex: '^(Dog)$'\n"
                            "  - regex: '(no group) taken'\n"
                            "os_parsers:\n"
                            "  - regex: 'Sys (\\d+)\\.(\\d+) (XP)'\n"
                            "    os_replacement: 'Sys'\n"
                            "    os_v1_replacement: '$3'\n"
                            "    os_v2_replacement: 'SP2'\n"
                            "  - regex: '(Nix)(?: (\\d+)\\.(\\d+))?'\n"
                            "device_parsers:\n"
                            "  - regex: 'phone ([a-z]+)(?: ([a-z]+))?'\n"
                            "    regex_flag: 'i'\n"
                            "    device_replacement: ' $1 $2 '\n";

#define REST "\"os\":\"Other\",\"os_name\":\"Other\",\"os_full\":\"Other\",\"device\":\"Other\"}"

static const struct {
    const char *name, *agent, *want;
} agents[] = {
    { "only the first group in a name", "Fox/1.2",
      "{\"name\":\"A Fox of $2\",\"major\":\"1\",\"minor\":\"2\",\"version\":\"1.2\"," REST },
    { "digits behind the version", "Fox/1.2.34 x",
      "{\"name\":\"A Fox of $2\",\"major\":\"1\",\"minor\":\"2\",\"version\":\"1.2.34\"," REST },
    { "no blank behind the digits", "Fox/1.2.34",
      "{\"name\":\"A Fox of $2\",\"major\":\"1\",\"minor\":\"2\",\"version\":\"1.2\"," REST },
    { "replaced parts of a version", "Cat/1",
      "{\"name\":\"Cat\",\"major\":\"9\",\"version\":\"9\"," REST },
    { "anchors are those of the whole text", "Dog\\nCat", "{\"name\":\"Other\"," REST },
    { "a rule that gives no name is passed over", "no group taken",
      "{\"name\":\"no group\"," REST },
    { "a version that starts with a word", "Sys 5.1 XP",
      "{\"name\":\"Other\",\"os\":\"Sys\",\"os_name\":\"Sys\",\"os_major\":\"XP\","
      "\"os_minor\":\"SP2\",\"os_version\":\"XP SP2\",\"os_full\":\"Sys XP SP2\","
      "\"device\":\"Other\"}" },
    { "a system without a version", "Nix",
      "{\"name\":\"Other\",\"os\":\"Nix\",\"os_name\":\"Nix\",\"os_full\":\"Nix\","
      "\"device\":\"Other\"}" },
    { "a device in any case, a group that is missing", "PHONE one",
      "{\"name\":\"Other\",\"os\":\"Other\",\"os_name\":\"Other\",\"os_full\":\"Other\","
      "\"device\":\"one\"}" },
};

START_TEST(agent_by_own_rules)
{
    struct arena a;

    arena_init(&a, NULL);
    write_rules(rules);
    chain_expect(
        agents[_i].name,
        arena_printf(&a, "filter { useragent { source => 'ua' target => 'u' regexes => '%s' } }",
                     path),
        ECS_DISABLED, arena_cstr(&a, arena_printf(&a, "{\"ua\":\"%s\"}", agents[_i].agent)),
        arena_cstr(&a, arena_printf(&a, "{\"ua\":\"%s\",\"u\":%s}", agents[_i].agent,
                                    agents[_i].want)));
    unlink(path);
    arena_fini(&a);
}
END_TEST

/* Every agent three times through one filter: what a cache of any size remembers is what the rules
 * say. */
START_TEST(agents_that_come_again)
{
    static const int sizes[] = { 1, 2, 100000 };
    struct batch *b = batch_new(NULL);
    struct arena *a = &b->arena;
    struct err err = { 0 };
    struct chain *c;

    write_rules(rules);
    c = chain_new(arena_printf(a,
                               "filter { useragent { source => 'ua' target => 'u' regexes => '%s' "
                               "lru_cache_size => %d } }",
                               path, sizes[_i]),
                  ECS_DISABLED, false, &err);
    ck_assert_msg(c != NULL, "%s", err.msg);
    for (size_t i = 0; i < 3 * COUNT(agents); i++) {
        size_t k = i % COUNT(agents);
        struct event *ev = chain_event(b, arena_printf(a, "{\"ua\":\"%s\"}", agents[k].agent));
        struct value want = json_value(a, slice_of(agents[k].want));

        ck_assert(chain_run(c, ev));
        ck_assert_msg(value_equal(a, value_get(a, &ev->data, SLICE("u")), &want), "%s, %d",
                      agents[k].name, sizes[_i]);
    }
    chain_free(c);
    unlink(path);
    batch_recycle(&b);
}
END_TEST

static const struct {
    const char *text, *error;
} refused[] = {
    { "os_parsers: []\ndevice_parsers: []\n", "no list called user_agent_parsers" },
    { "user_agent_parsers:\n- regex: '('\nos_parsers: []\ndevice_parsers: []\n",
      "user_agent_parsers, (" },
    { "user_agent_parsers: []\nos_parsers:\n- regex: 'x'\n- x: 1\ndevice_parsers: []\n",
      "os_parsers, rule 2: no regex" },
    { "a: [", "line 2, column 1" },
};

START_TEST(bad_rules_are_refused)
{
    struct err err = { 0 };
    struct arena a;

    arena_init(&a, NULL);
    write_rules(refused[_i].text);
    ck_assert_ptr_null(
        chain_new(arena_printf(&a, "filter { useragent { source => 'ua' regexes => '%s' } }", path),
                  ECS_DISABLED, false, &err));
    ck_assert_msg(strstr(err.msg, refused[_i].error) != NULL, "%s", err.msg);
    ck_assert_msg(strstr(err.msg, path) != NULL, "%s", err.msg);
    unlink(path);
    arena_fini(&a);
}
END_TEST

/* Into the event itself, where some of the names may be taken; each event twice, so that the answer
 * is also one from the cache. */
static const struct {
    const char *name, *options, *event, *want;
} beside[] = {
    { "all are new", "", "{\"ua\":\"Cat/1\"}",
      "{\"ua\":\"Cat/1\",\"name\":\"Cat\",\"major\":\"9\",\"version\":\"9\"," REST },
    { "some are there", "", "{\"ua\":\"Cat/1\",\"os\":{\"x\":1},\"name\":null,\"minor\":5}",
      "{\"ua\":\"Cat/1\",\"minor\":5,\"name\":\"Cat\",\"major\":\"9\",\"version\":\"9\"," REST },
    { "with a prefix that needs escapes", "prefix => '\"'",
      "{\"ua\":\"Nix\",\"\\\"os\":1,\"name\":2}",
      "{\"ua\":\"Nix\",\"\\\"os\":\"Nix\",\"name\":2,\"\\\"name\":\"Other\",\"\\\"os_name\":"
      "\"Nix\","
      "\"\\\"os_full\":\"Nix\",\"\\\"device\":\"Other\"}" },
};

static struct value
as_written(struct arena *a, const struct value *v)
{
    struct buf text = { 0 };
    struct value again;

    value_write(v, &text);
    again = json_value(a, arena_copy(a, buf_slice(&text)));
    buf_fini(&text);
    return again;
}

START_TEST(fields_beside_others)
{
    struct batch *b = batch_new(NULL);
    struct arena *a = &b->arena;
    struct err err = { 0 };
    struct chain *c;

    write_rules(rules);
    c = chain_new(arena_printf(a, "filter { useragent { source => 'ua' regexes => '%s' %s } }",
                               path, beside[_i].options),
                  ECS_DISABLED, false, &err);
    ck_assert_msg(c != NULL, "%s", err.msg);
    for (int i = 0; i < 2; i++) {
        struct event *ev = chain_event(b, slice_of(beside[_i].event));
        struct event *want = chain_event(b, slice_of(beside[_i].want));
        struct value written, wanted;

        ck_assert(chain_run(c, ev));
        written = as_written(a, &ev->data);
        wanted = as_written(a, &want->data);
        ck_assert_msg(value_equal(a, &written, &wanted), "%s", beside[_i].name);
    }
    chain_free(c);
    unlink(path);
    batch_recycle(&b);
}
END_TEST

START_TEST(a_scalar_in_the_way_stays)
{
    struct arena a;

    arena_init(&a, NULL);
    write_rules(rules);
    chain_expect("scalar",
                 arena_printf(&a,
                              "filter { useragent { source => 'ua' target => 'u' regexes => '%s' "
                              "add_tag => 'no' } }",
                              path),
                 ECS_DISABLED, "{\"ua\":\"Fox\",\"u\":5}", "{\"ua\":\"Fox\",\"u\":5}");
    unlink(path);
    arena_fini(&a);
}
END_TEST

START_TEST(agents_made_up_to_hurt)
{
    hostile_run("filter { useragent { source => 'v' target => 't' } }");
}
END_TEST

/* ---- which texts a pattern needs ---- */

static unsigned
by_length(struct slice text)
{
    return (unsigned)text.n;
}

static const struct {
    const char *pattern, *needs; /* separated by commas, in order; "": nothing can be said */
} needs[] = {
    { "(Fox)/(\\d+)", "fox/" },
    { "a?bcd*efg+h", "efg" },
    { "x(?:long|longer)y", "long,longer" },
    { "x(?:long|)y", "x" },
    { "[Bb][Oo]t[a-z]", "bot" },
    { "(?i)Some(?=thing)Word", "someword" },
    { "a(b(c|de)f)", "ab" },
    { "\\d+", "" },
    { "(?:ab){2,3}cde", "cde" },
    { "abc{0,2}", "ab" },
    { "(?!lookaround)ab", "ab" },
    { "[^x]yz", "yz" },
    { "\\.com", ".com" },
};

START_TEST(texts_that_every_match_has)
{
    struct arena a;
    struct regex_needs got;
    struct buf text = { 0 };

    arena_init(&a, NULL);
    got = regex_needs_find(&a, slice_of(needs[_i].pattern), by_length);
    for (size_t i = 0; i < got.n; i++) {
        if (i > 0)
            buf_byte(&text, ',');
        buf_append(&text, got.at[i]);
    }
    ck_assert_slice(buf_slice(&text), slice_of(needs[_i].needs));
    buf_fini(&text);
    arena_fini(&a);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_loop_test(tc, agent_by_own_rules, 0, (int)COUNT(agents));
    tcase_add_loop_test(tc, agents_that_come_again, 0, 3);
    tcase_add_loop_test(tc, bad_rules_are_refused, 0, (int)COUNT(refused));
    tcase_add_loop_test(tc, fields_beside_others, 0, (int)COUNT(beside));
    tcase_add_test(tc, a_scalar_in_the_way_stays);
    if (access("/usr/share/uap-core/regexes.yaml", R_OK) == 0)
        tcase_add_test(tc, agents_made_up_to_hurt);
    tcase_add_loop_test(tc, texts_that_every_match_has, 0, (int)COUNT(needs));
}

UNIT_MAIN("filter_useragent")
