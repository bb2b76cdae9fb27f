/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/unit.h"

#include "codec/base/base64.h"
#include "sinks/es_url.h"
#include "tests/unit/shared.h"

#include <jansson.h>

static struct slice
string_of(const json_t *v)
{
    return json_is_string(v) ? slice_of(json_string_value(v)) : (struct slice){ NULL, 0 };
}

static struct opt_value
value_of(struct arena *a, const json_t *v)
{
    struct opt_value out = { .kind = OV_STRING, .text = string_of(v) };

    if (json_is_array(v)) {
        out = (struct opt_value){ .kind = OV_LIST, .n = json_array_size(v) };
        out.list = arena_alloc(a, (out.n + 1) * sizeof *out.list);
        for (size_t i = 0; i < out.n; i++)
            out.list[i] = value_of(a, json_array_get(v, i));
    }
    return out;
}

static struct opt_hash
hash_of(struct arena *a, json_t *object)
{
    struct opt_hash out = { .at = arena_alloc(a, 16 * sizeof *out.at) };
    const char *key;
    json_t *v;

    json_object_foreach(object, key, v)
    {
        out.at[out.n++] = (struct opt_pair){ .key = slice_of(key), .value = value_of(a, v) };
    }
    return out;
}

/* What is checked before URLs are made: credentials. */
static int
make(struct arena *a, json_t *config, struct es_urls *urls, struct err *err)
{
    json_t *hosts = json_object_get(config, "hosts"), *host = json_object_get(config, "api_key");
    struct opt_hash parameters = hash_of(a, json_object_get(config, "parameters"));
    struct es_url_input in = {
        .hosts = arena_alloc(a, 16 * sizeof *in.hosts),
        .cloud_id = string_of(json_object_get(config, "cloud_id")),
        .path = string_of(json_object_get(config, "path")),
        .user = string_of(json_object_get(config, "user")),
        .password = string_of(json_object_get(config, "password")),
        .parameters = &parameters,
        .ssl_enabled = json_is_true(json_object_get(config, "ssl_enabled")),
        .sniffing = json_is_true(json_object_get(config, "sniffing")),
    };
    struct slice header;
    size_t i;

    if (json_is_string(host) && es_auth_api_key(a, string_of(host), &header, err) < 0)
        return -1;
    if (json_is_string(hosts))
        in.hosts[in.hosts_n++] = string_of(hosts);
    json_array_foreach(hosts, i, host)
    {
        in.hosts[in.hosts_n++] = string_of(host);
    }
    return es_urls_make(a, &in, urls, err);
}

static void
check_case(json_t *c)
{
    const char *name = json_string_value(json_object_get(c, "name"));
    const char *refused = json_string_value(json_object_get(c, "config_error_contains"));
    json_t *expected = json_object_get(c, "expected_urls");
    struct arena a;
    struct es_urls urls;
    struct err err = { 0 };
    int got;

    arena_init(&a, NULL);
    got = make(&a, json_object_get(c, "output_config"), &urls, &err);
    if (refused != NULL) {
        ck_assert_msg(got == -1 && strstr(err.msg, refused) != NULL, "%s: %d \"%s\"", name, got,
                      err.msg);
    } else {
        ck_assert_msg(got == 0, "%s: %s", name, err.msg);
        ck_assert_uint_eq(urls.n, json_array_size(expected));
        for (size_t i = 0; i < urls.n; i++) {
            struct slice text = es_url_text(&a, &urls.at[i], true);
            const char *want = json_string_value(json_array_get(expected, i));

            ck_assert_msg(slice_eq(text, slice_of(want)), "%s: %.*s, want %s", name,
                          SLICE_ARGS(text), want);
        }
    }
    arena_fini(&a);
}

START_TEST(cases_of_the_reference)
{
    struct arena a;
    struct slice text;
    json_t *cases, *c;
    size_t i;

    arena_init(&a, NULL);
    text = shared_read(&a, "reference/cases/elasticsearch/url_normalisation.json");
    cases = json_loadb(text.p, text.n, 0, NULL);
    ck_assert_uint_ge(json_array_size(cases), 20);
    json_array_foreach(cases, i, c)
    {
        check_case(c);
    }
    json_decref(cases);
    arena_fini(&a);
}
END_TEST

static const struct {
    const char *text, *host, *path, *query, *user, *password;
    unsigned port;
    const char *error;
} urls[] = {
    { "http://h", "h", NULL, NULL, NULL, NULL, 0, NULL },
    { "HTTPS://h:1/", "h", "/", NULL, NULL, NULL, 1, NULL },
    { "http://h?a=b#c", "h", NULL, "a=b", NULL, NULL, 0, NULL },
    { "http://u@h/p?q", "h", "/p", "q", "u", NULL, 0, NULL },
    { "http://us%40er:p%3Aw%25d@h", "h", NULL, NULL, "us@er", "p:w%d", 0, NULL },
    { "http://u:p:cut@h", "h", NULL, NULL, "u", "p", 0, NULL },
    { "http://[fe80::1]:65535", "[fe80::1]", NULL, NULL, NULL, NULL, 65535, NULL },
    { "http://h:0", NULL, NULL, NULL, NULL, NULL, 0,
      "URI is not valid - port \"0\" is not in 1..65535" },
    { "http://h:65536", NULL, NULL, NULL, NULL, NULL, 0,
      "URI is not valid - port \"65536\" is not in 1..65535" },
    { "http://h:-1", NULL, NULL, NULL, NULL, NULL, 0,
      "URI is not valid - port \"-1\" is not in 1..65535" },
    { "http://", NULL, NULL, NULL, NULL, NULL, 0, "URI is not valid - host is not specified" },
    { "http://[::1", NULL, NULL, NULL, NULL, NULL, 0, "URI is not valid - host is not specified" },
    { "h", NULL, NULL, NULL, NULL, NULL, 0, "URI is not valid - host is not specified" },
    { "", NULL, NULL, NULL, NULL, NULL, 0, "URI is not valid - host is not specified" },
    { "http://a b", NULL, NULL, NULL, NULL, NULL, 0,
      "URI is not valid - blank or control at byte 8" },
};

static void
check_part(struct slice got, const char *want)
{
    ck_assert_int_eq(got.p == NULL, want == NULL);
    if (want != NULL)
        ck_assert_slice(got, slice_of(want));
}

START_TEST(parts_of_a_url)
{
    struct arena a;
    struct url u;
    struct err err = { 0 };
    int got;

    arena_init(&a, NULL);
    got = url_parse(&a, slice_of(urls[_i].text), &u, &err);
    ck_assert_int_eq(got, urls[_i].error == NULL ? 0 : -1);
    if (got < 0) {
        ck_assert_str_eq(err.msg, urls[_i].error);
    } else {
        check_part(u.host, urls[_i].host);
        check_part(u.path, urls[_i].path);
        check_part(u.query, urls[_i].query);
        check_part(u.user, urls[_i].user);
        check_part(u.password, urls[_i].password);
        ck_assert_uint_eq(u.port, urls[_i].port);
    }
    arena_fini(&a);
}
END_TEST

START_TEST(secrets_are_not_in_messages)
{
    struct arena a;
    struct slice hosts[] = { SLICE("http://u:sesame@h") };
    struct opt_hash none = { 0 };
    struct es_url_input in = { .hosts = hosts,
                               .hosts_n = 1,
                               .user = SLICE("u"),
                               .password = SLICE("open"),
                               .parameters = &none };
    struct es_urls out;
    struct err err = { 0 };

    arena_init(&a, NULL);
    ck_assert_int_eq(es_urls_make(&a, &in, &out, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.msg, "'password'"));
    ck_assert_ptr_null(strstr(err.msg, "sesame"));
    ck_assert_ptr_null(strstr(err.msg, "open"));
    in.password = SLICE("sesame");
    ck_assert_int_eq(es_urls_make(&a, &in, &out, &err), 0);
    ck_assert_slice(es_url_text(&a, &out.at[0], false), SLICE("http://h:9200/"));
    arena_fini(&a);
}
END_TEST

START_TEST(base64_there_and_back)
{
    static const char *const pairs[][2] = {
        { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" }, { "\xFF\xFE?", "//4/" },
    };
    static const char *const bad[] = { "Zg===", "A", "a.b=" };

    for (size_t i = 0; i < COUNT(pairs); i++) {
        struct buf out = { 0 };

        base64_encode(slice_of(pairs[i][0]), &out);
        ck_assert_slice(buf_slice(&out), slice_of(pairs[i][1]));
        buf_clear(&out);
        ck_assert(base64_decode(slice_of(pairs[i][1]), &out));
        ck_assert_slice(buf_slice(&out), slice_of(pairs[i][0]));
        ck_assert(base64_is_canonical(slice_of(pairs[i][1])));
        buf_fini(&out);
    }
    ck_assert(!base64_is_canonical(SLICE("Zg")));   /* readable, but not as it is written */
    ck_assert(!base64_is_canonical(SLICE("Zh=="))); /* bits behind the end */
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct buf out = { 0 };

        ck_assert(!base64_decode(slice_of(bad[i]), &out));
        ck_assert_uint_eq(out.n, 0);
        buf_fini(&out);
    }
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_test(tc, cases_of_the_reference);
    tcase_add_loop_test(tc, parts_of_a_url, 0, (int)COUNT(urls));
    tcase_add_test(tc, secrets_are_not_in_messages);
    tcase_add_test(tc, base64_there_and_back);
}

UNIT_MAIN("es_url")
