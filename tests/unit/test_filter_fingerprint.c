/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/filter_cases.h"
#include "tests/unit/json_events.h"
#include "tests/unit/unit.h"

#include <ctype.h>

START_TEST(cases_of_the_reference)
{
    filter_cases_run("reference/cases/filters/fingerprint.json");
}
END_TEST

/* Of "na\xc3\xafve 1", as Python's hashlib and hmac have them. */
static const struct {
    const char *method, *options, *want;
} digests[] = {
    { "SHA1", "", "12e280e5c6faf144f14f206a338e25e53b414357" },
    { "SHA1", "key => 'secret'", "d1bffc861a0035b95c7aaecfb8a90180cb01558e" },
    { "SHA1", "base64encode => true", "EuKA5cb68UTxTyBqM44l5TtBQ1c=" },
    { "SHA256", "", "6965fa5abc5dc127ba21c23c1c6b9d413a39cb98ed404edb7ffa6bd16be77579" },
    { "SHA256", "key => 'secret'",
      "8c9f8d5ab8b5a16d653d0940b240bfe029b030ac9e9ccfdc56a84fb18158fd56" },
    { "SHA256", "base64encode => true", "aWX6WrxdwSe6IcI8HGudQTo5y5jtQE7bf/pr0WvndXk=" },
    { "SHA384", "",
      "315fda237c0f4e23c3f9ecff71f70fcb22c5da6c7077358560b7d1e00f66c41f"
      "f40576485f02f86348b37867b3ed61d0" },
    { "SHA384", "key => 'secret'",
      "e6e643386636072bf623bffa7ca417a41fcb661a80044686784ffefc9a1465db"
      "40a38bfc859e437221dc5a9083c4cdab" },
    { "SHA384", "base64encode => true",
      "MV/aI3wPTiPD+ez/cfcPyyLF2mxwdzWFYLfR4A9mxB/0BXZIXwL4Y0izeGez7WHQ" },
    { "SHA512", "",
      "b50866b9ca4b4de681ccc9c4baca11cb9969bd0f23a4c310396441b2ade1e649"
      "e4ff5619bfff12221715b8c47994ce2b4a63f4d2332d542548f4c13aa8813774" },
    { "SHA512", "key => 'secret'",
      "516d505034785e418a3d7cf65e647e542408eb21dad38d7a1aeb4c2233698310"
      "933d855a70293c490e5d18d00e408462e086a411b15a1fa12ceacce9cd7510e4" },
    { "SHA512", "base64encode => true",
      "tQhmucpLTeaBzMnEusoRy5lpvQ8jpMMQOWRBsq3h5knk/1YZv/8SIhcVuMR5lM4r"
      "SmP00jMtVCVI9ME6qIE3dA==" },
    { "MD5", "", "a20fad6749cab3a9b8d825ac4de91b99" },
    { "MD5", "key => 'secret'", "f8ff2f45470ec25edfec838d2d7575ba" },
    { "MD5", "base64encode => true", "og+tZ0nKs6m42CWsTekbmQ==" },
};

START_TEST(digests_of_a_text)
{
    static const char event[] = "{\"m\":\"na\xc3\xafve 1\"}";
    struct arena a;
    struct slice options, want;

    arena_init(&a, NULL);
    options =
        arena_printf(&a, "source => 'm' method => %s %s", digests[_i].method, digests[_i].options);
    want = arena_printf(&a, "{\"m\":\"na\xc3\xafve 1\",\"fingerprint\":\"%s\"}", digests[_i].want);
    filter_expect("fingerprint", digests[_i].method, arena_cstr(&a, options), event,
                  arena_cstr(&a, want));
    arena_fini(&a);
}
END_TEST

/* ---- the other methods, and values that are no text ---- */

static const struct {
    const char *name, *options, *event, *want;
} events[] = {
    { "MURMUR3 of a text", "source => 'm' method => MURMUR3", "{\"m\":\"hello\"}",
      "{\"m\":\"hello\",\"fingerprint\":613153351}" },
    { "MURMUR3 of nothing", "source => 'm' method => MURMUR3", "{\"m\":\"\"}",
      "{\"m\":\"\",\"fingerprint\":0}" },
    { "a network", "source => 'm' method => IPV4_NETWORK key => 20", "{\"m\":\"10.1.255.9\"}",
      "{\"m\":\"10.1.255.9\",\"fingerprint\":\"10.1.240.0\"}" },
    { "signs only", "source => 'm' method => PUNCTUATION",
      "{\"m\":\"<a> \xe2\x82\xac-5 \xc2\xab!\xc2\xbb\"}",
      "{\"m\":\"<a> \xe2\x82\xac-5 \xc2\xab!\xc2\xbb\","
      "\"fingerprint\":\"<>\xe2\x82\xac-\xc2\xab!\xc2\xbb\"}" },
    { "a list", "source => 'm' method => MD5", "{\"m\":[\"\",\"a\"]}",
      "{\"m\":[\"\",\"a\"],\"fingerprint\":[\"d41d8cd98f00b204e9800998ecf8427e\","
      "\"0cc175b9c0f1b6a831c399e269772661\"]}" },
    { "null is an empty text", "source => 'm' method => MD5", "{\"m\":null}",
      "{\"m\":null,\"fingerprint\":\"d41d8cd98f00b204e9800998ecf8427e\"}" },
    { "nothing there: nothing set, decorations all the same",
      "source => 'x' method => MD5 add_tag => done", "{\"m\":1}", "{\"m\":1,\"tags\":[\"done\"]}" },
};

START_TEST(events_and_their_fields)
{
    filter_expect("fingerprint", events[_i].name, events[_i].options, events[_i].event,
                  events[_i].want);
}
END_TEST

/* Version 4, and never the same. */
START_TEST(uuids)
{
    struct err err = { 0 };
    struct chain *c =
        chain_new(SLICE("filter { fingerprint { method => UUID } }"), ECS_DISABLED, false, &err);
    struct batch *b = batch_new(NULL);
    struct slice ids[2];

    ck_assert_msg(c != NULL, "%s", err.msg);
    for (size_t i = 0; i < COUNT(ids); i++) {
        struct event *ev = chain_event(b, SLICE("{\"message\":\"same\"}"));
        struct value *v;

        ck_assert(chain_run(c, ev));
        v = value_get(&b->arena, &ev->data, SLICE("fingerprint"));
        ck_assert_ptr_nonnull(v);
        ids[i] = value_text(&b->arena, v);
        ck_assert_uint_eq(ids[i].n, 36);
        for (size_t k = 0; k < ids[i].n; k++)
            ck_assert(k == 8 || k == 13 || k == 18 || k == 23
                          ? ids[i].p[k] == '-'
                          : isxdigit((unsigned char)ids[i].p[k]) != 0);
        ck_assert_int_eq(ids[i].p[14], '4');
        ck_assert_ptr_nonnull(memchr("89ab", ids[i].p[19], 4));
    }
    ck_assert(!slice_eq(ids[0], ids[1]));
    chain_free(c);
    batch_recycle(&b);
}
END_TEST

static const struct {
    const char *options, *message;
} refusals[] = {
    { "method => IPV4_NETWORK", "subnet prefix length" },
    { "method => NONE", "Invalid setting" },
};

START_TEST(configs_that_cannot_work)
{
    struct arena a;
    struct err err = { 0 };

    arena_init(&a, NULL);
    ck_assert_ptr_null(
        chain_new(arena_printf(&a, "filter { fingerprint { %s } }", refusals[_i].options),
                  ECS_DISABLED, false, &err));
    ck_assert_msg(strstr(err.msg, refusals[_i].message) != NULL, "%s", err.msg);
    arena_fini(&a);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_test(tc, cases_of_the_reference);
    tcase_add_loop_test(tc, digests_of_a_text, 0, (int)COUNT(digests));
    tcase_add_loop_test(tc, events_and_their_fields, 0, (int)COUNT(events));
    tcase_add_test(tc, uuids);
    tcase_add_loop_test(tc, configs_that_cannot_work, 0, (int)COUNT(refusals));
}

UNIT_MAIN("filter_fingerprint")
