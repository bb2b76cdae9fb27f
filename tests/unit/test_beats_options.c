/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Options of the beats input as an operator writes them, with the rules between them
 * (lumberjack-and-beats-input.md 4.2 to 4.4), and ports that two inputs want. */
#include "server/beats_priv.h"
#include "server/ports.h"
#include "tests/unit/beats_plan.h"
#include "tests/unit/tls_certs.h"
#include "tests/unit/unit.h"

#include "codec/base/buf.h"

#define TLS "ssl_enabled => true ssl_certificate => @server-p256.pem ssl_key => @server-p256.key "
#define CA  "ssl_certificate_authorities => [@ca.pem] "

static struct plan *
compile_beats(const char *options, struct findings *findings)
{
    struct buf text = { 0 };
    struct plan *plan;

    buf_printf(&text, "beats { port => 5044 %s }", options);
    plan = beats_plan(buf_cstr(&text), findings);
    buf_fini(&text);
    return plan;
}

static const struct finding *
find(const struct findings *f, enum finding_level level, const char *words)
{
    for (size_t i = 0; i < f->n; i++)
        if (f->at[i].level == level && strstr(f->at[i].text, words) != NULL)
            return &f->at[i];
    return NULL;
}

/* ---- refused ---- */

static const struct {
    const char *name, *options, *words, *hint;
} refused[] = {
    { "two ports", "port => 70000", "Expected number, got [5044, 70000]", NULL },
    { "unknown option", "ssl_keystore_path => \"x\"", "Unknown setting 'ssl_keystore_path'", NULL },
    { "removed long ago", "congestion_threshold => 5", "Unknown setting 'congestion_threshold'",
      NULL },
    { "target of the codec", "target_field_for_codec => \"x\"",
      "Unknown setting 'target_field_for_codec'", NULL },
    { "protocol of old", "ssl_supported_protocols => [\"TLSv1.0\"]", "TLSv1.0", NULL },
    { "client authentication", "ssl_client_authentication => \"maybe\"", "maybe", NULL },
    { "file that is not there", "ssl_certificate => \"/nowhere/c.pem\"", "/nowhere/c.pem", NULL },
    { "handshake in no time", "ssl_handshake_timeout => 0", "ssl_handshake_timeout", NULL },
    /* 3.3 */
    { "enrich of an unknown word", "enrich => [\"metadata\"]", "`metadata` is none of", NULL },
    { "enrich all and more", "enrich => [\"all\", \"codec_metadata\"]", "`all` cannot be combined",
      NULL },
    { "enrich none and more", "enrich => [\"source_metadata\", \"none\"]",
      "`none` cannot be combined", NULL },
    { "enrich and its older form", "enrich => \"all\" include_codec_tag => false",
      "cannot be given both", NULL },
    { "lines over connections", "codec => multiline { pattern => \"x\" what => next }",
      "Multiline codec with beats input is not supported", NULL },
    /* 4.3 */
    { "TLS without a certificate", "ssl_enabled => true ssl_key => @server-p256.key",
      "`ssl_certificate` must be set", NULL },
    { "TLS without a key", "ssl_enabled => true ssl_certificate => @server-p256.pem",
      "`ssl_key` must be set", NULL },
    { "TLS with an empty key",
      "ssl_enabled => true ssl_certificate => @server-p256.pem ssl_key => \"\"", "ssl_key", NULL },
    { "required without authorities", TLS "ssl_client_authentication => \"required\"",
      "must be set when `ssl_client_authentication` is `required`", NULL },
    { "optional without authorities", TLS "ssl_client_authentication => \"optional\"",
      "must be set when `ssl_client_authentication` is `optional`", NULL },
    { "none, with authorities", TLS CA "ssl_client_authentication => \"none\"",
      "must not be set when", NULL },
    { "peer metadata, authorities alone", TLS CA "enrich => [\"ssl_peer_metadata\"]",
      "needs `ssl_client_authentication`", NULL },
    { "key of another certificate",
      "ssl_enabled => true ssl_certificate => @server-p256.pem ssl_key => @server-rsa.key",
      "does not belong to ssl_certificate", NULL },
    { "authority that is not there",
      TLS "ssl_certificate_authorities => [\"/nowhere/ca.pem\"] "
          "ssl_client_authentication => \"required\"",
      "/nowhere/ca.pem", NULL },
    { "key as certificate",
      "ssl_enabled => true ssl_certificate => @server-p256.key ssl_key => @server-p256.key",
      "ssl_certificate", NULL },
    { "suite with a typing error", TLS "ssl_cipher_suites => [\"TLS_AES_256_GCM_SHA385\"]",
      "the nearest is \"TLS_AES_256_GCM_SHA384\"", NULL },
    { "suites of another version",
      TLS
      "ssl_cipher_suites => [\"TLS_AES_256_GCM_SHA384\"] ssl_supported_protocols => \"TLSv1.2\"",
      "ssl_cipher_suites: none of them", NULL },
    /* 4.4 */
    { "ssl", "ssl => true", "The setting `ssl` in plugin `beats` is obsolete",
      "write ssl_enabled => true" },
    { "ssl_verify_mode none", "ssl_verify_mode => \"none\"", "`ssl_verify_mode`",
      "write ssl_client_authentication => \"none\"" },
    { "ssl_verify_mode peer", "ssl_verify_mode => peer", "`ssl_verify_mode`",
      "write ssl_client_authentication => \"optional\"" },
    { "ssl_verify_mode force_peer", "ssl_verify_mode => \"force_peer\"", "`ssl_verify_mode`",
      "write ssl_client_authentication => \"required\"" },
    { "ssl_verify_mode unknown", "ssl_verify_mode => \"x\"", "`ssl_verify_mode`",
      "Use 'ssl_client_authentication' instead: none stays none, peer is optional, force_peer is "
      "required." },
    { "ssl_peer_metadata", "ssl_peer_metadata => true", "`ssl_peer_metadata`",
      "write enrich => [\"codec_metadata\", \"source_metadata\", \"ssl_peer_metadata\"]" },
    { "ssl_peer_metadata off", "ssl_peer_metadata => false", "`ssl_peer_metadata`",
      "write nothing: leave it out" },
    { "cipher_suites", "cipher_suites => [\"A\", \"B\"]", "`cipher_suites`",
      "write ssl_cipher_suites => [\"A\", \"B\"]" },
    { "tls_min_version", "tls_min_version => 1.2", "`tls_min_version`",
      "write ssl_supported_protocols => [\"TLSv1.2\", \"TLSv1.3\"]" },
    { "tls_min_version 1", "tls_min_version => 1", "`tls_min_version`",
      "write ssl_supported_protocols => [\"TLSv1.1\", \"TLSv1.2\", \"TLSv1.3\"]" },
    { "tls_max_version", "tls_max_version => \"1.2\"", "`tls_max_version`",
      "write ssl_supported_protocols => [\"TLSv1.1\", \"TLSv1.2\"]" },
    { "both versions", "tls_min_version => 1.2 tls_max_version => 1.2", "`tls_max_version`",
      "write ssl_supported_protocols => [\"TLSv1.2\"]" },
    { "versions the wrong way round", "tls_min_version => 1.3 tls_max_version => 1.2",
      "`tls_max_version`",
      "Use 'ssl_supported_protocols' instead, with every version of the range." },
    /* obsolete for all inputs */
    { "debug", "debug => true", "`debug`", "Use log.level." },
    { "format", "format => \"json\"", "`format`", NULL },
    { "message_format", "message_format => \"%{message}\"", "`message_format`", NULL },
    { "charset", "charset => \"UTF-8\"", "`charset`", "Set it in the codec." },
};

START_TEST(refused_with_words_and_hint)
{
    struct findings f = { 0 };
    struct plan *plan = compile_beats(refused[_i].options, &f);
    const struct finding *found = find(&f, FINDING_ERROR, refused[_i].words);

    ck_assert_msg(plan == NULL, "%s is taken", refused[_i].name);
    ck_assert_msg(found != NULL, "%s: %s", refused[_i].name, f.n > 0 ? f.at[0].text : "");
    ck_assert_uint_gt(found->pos.column, 0);
    if (refused[_i].hint != NULL)
        ck_assert_str_eq(found->hint, refused[_i].hint);
    findings_fini(&f);
}
END_TEST

START_TEST(position_is_that_of_the_option)
{
    struct findings f = { 0 };
    struct plan *plan = beats_plan(
        "beats {\n port => 5044 ssl_enabled => true\n ssl_certificate => @server-p256.pem\n"
        " ssl_key => @server-rsa.key\n}",
        &f);
    const struct finding *found = find(&f, FINDING_ERROR, "does not belong");

    ck_assert_ptr_null(plan);
    ck_assert_ptr_nonnull(found);
    ck_assert_uint_eq(found->pos.line, 4);
    ck_assert_uint_eq(found->pos.column, 13);
    findings_fini(&f);
}
END_TEST

/* ---- accepted ---- */

static const struct {
    const char *name, *options;
    enum finding_level level;
    const char *words; /* of the one finding; NULL: none at all */
} accepted[] = {
    { "only a port", "", FINDING_INFO, NULL },
    { "everything of plain TCP",
      "host => \"127.0.0.1\" client_inactivity_timeout => 0 add_field => { \"a\" => \"b\" } "
      "tags => [\"t\"] type => \"x\" id => \"in\" enable_metric => false codec => json "
      "ecs_compatibility => disabled enrich => [\"codec_metadata\", \"source_metadata\"]",
      FINDING_INFO, NULL },
    { "threads of Logstash", "executor_threads => 4", FINDING_INFO,
      "`executor_threads` in plugin `beats` is accepted and has no effect here" },
    { "threads of Netty", "event_loop_threads => 4", FINDING_INFO, "`event_loop_threads`" },
    { "codec tag", "include_codec_tag => false", FINDING_DEPRECATION, "include_codec_tag" },
    { "host name", "add_hostname => true", FINDING_DEPRECATION, "add_hostname" },
    { "TLS options without TLS",
      "ssl_enabled => false ssl_handshake_timeout => 5000 ssl_key => "
      "@server-p256.key",
      FINDING_WARN,
      "not used when `ssl_enabled` is set to `false`: [`ssl_handshake_timeout`, `ssl_key`]" },
    { "peer metadata without TLS", "enrich => \"all\"", FINDING_INFO, NULL },
    { "codec, and no codec_metadata", "codec => json enrich => \"source_metadata\"", FINDING_WARN,
      "An explicit `codec` is specified" },
    { "codec, and codec_metadata", "codec => json enrich => \"codec_metadata\"", FINDING_INFO,
      NULL },
    { "TLS", TLS, FINDING_INFO, NULL },
    { "TLS, RSA",
      "ssl_enabled => true ssl_certificate => @server-rsa.pem ssl_key => "
      "@server-rsa.key",
      FINDING_INFO, NULL },
    { "peer metadata without authentication", TLS "enrich => \"all\"", FINDING_INFO, NULL },
    { "authorities alone", TLS CA, FINDING_WARN, "clients must present a certificate" },
    { "required", TLS CA "ssl_client_authentication => \"required\" enrich => \"all\"",
      FINDING_INFO, NULL },
    { "optional", TLS CA "ssl_client_authentication => \"optional\"", FINDING_INFO, NULL },
    { "none", TLS "ssl_client_authentication => \"none\"", FINDING_INFO, NULL },
    { "two authorities",
      TLS "ssl_certificate_authorities => [@ca.pem, @other-ca.pem] "
          "ssl_client_authentication => \"required\"",
      FINDING_INFO, NULL },
    { "folder of authorities",
      TLS "ssl_certificate_authorities => @folder-of-cas ssl_client_authentication => \"required\"",
      FINDING_INFO, NULL },
    { "one authority as a string",
      TLS "ssl_certificate_authorities => @ca.pem "
          "ssl_client_authentication => \"required\"",
      FINDING_INFO, NULL },
    { "suites by both schemes",
      TLS "ssl_cipher_suites => [\"TLS_AES_256_GCM_SHA384\", "
          "\"ECDHE-ECDSA-AES128-GCM-SHA256\"]",
      FINDING_INFO, NULL },
    { "all versions", TLS "ssl_supported_protocols => [\"TLSv1.1\", \"TLSv1.2\", \"TLSv1.3\"]",
      FINDING_INFO, NULL },
    { "number and boolean as strings",
      "client_inactivity_timeout => \"30\" ssl_enabled => \"false\"", FINDING_INFO, NULL },
};

START_TEST(accepted_with_one_finding_or_none)
{
    struct findings f = { 0 };
    struct plan *plan = compile_beats(accepted[_i].options, &f);

    ck_assert_msg(plan != NULL, "%s: %s", accepted[_i].name, f.n > 0 ? f.at[0].text : "");
    if (accepted[_i].words == NULL)
        ck_assert_msg(f.n == 0, "%s: %s", accepted[_i].name, f.n > 0 ? f.at[0].text : "");
    else
        ck_assert_msg(f.n == 1 && find(&f, accepted[_i].level, accepted[_i].words) != NULL,
                      "%s: %s", accepted[_i].name, f.n > 0 ? f.at[0].text : "nothing");
    plan_drop(&plan);
    findings_fini(&f);
}
END_TEST

/* ---- what they come to ---- */

static const struct {
    const char *options;
    bool source, peer, codec;
    enum tls_client_auth auth;
} meanings[] = {
    { "", true, false, true, TLS_CLIENT_NONE },
    { "enrich => []", false, false, false, TLS_CLIENT_NONE },
    { "enrich => \"none\"", false, false, false, TLS_CLIENT_NONE },
    { "enrich => \"all\"", true, true, true, TLS_CLIENT_NONE },
    { "enrich => [\"all\"]", true, true, true, TLS_CLIENT_NONE },
    { "enrich => \"source_metadata\"", true, false, false, TLS_CLIENT_NONE },
    { "enrich => [\"ssl_peer_metadata\", \"codec_metadata\"]", false, true, true, TLS_CLIENT_NONE },
    { TLS CA, true, false, true, TLS_CLIENT_REQUIRED },
    { TLS CA "ssl_client_authentication => \"optional\"", true, false, true, TLS_CLIENT_OPTIONAL },
    { TLS CA "ssl_client_authentication => \"required\"", true, false, true, TLS_CLIENT_REQUIRED },
};

START_TEST(enrich_and_client_authentication)
{
    struct findings f = { 0 };
    struct plan *plan = compile_beats(meanings[_i].options, &f);
    const struct beats_conf *c;

    ck_assert_ptr_nonnull(plan);
    c = plan->input[0]->conf;
    ck_assert_int_eq(c->source_metadata, meanings[_i].source);
    ck_assert_int_eq(c->ssl_peer_metadata, meanings[_i].peer);
    ck_assert_int_eq(c->codec_metadata, meanings[_i].codec);
    ck_assert_int_eq((int)c->client_auth, (int)meanings[_i].auth);
    ck_assert_int_eq(c->tls != NULL, c->ssl_enabled);
    plan_drop(&plan);
    findings_fini(&f);
}
END_TEST

START_TEST(port_is_needed_and_has_a_range)
{
    static const char *const bad[] = { "beats { }", "beats { port => 65536 }",
                                       "beats { port => -1 }", "beats { port => \"any\" }" };

    for (size_t i = 0; i < COUNT(bad); i++) {
        struct findings f = { 0 };

        ck_assert_msg(beats_plan(bad[i], &f) == NULL, "%s", bad[i]);
        ck_assert_ptr_nonnull(find(&f, FINDING_ERROR, "port"));
        findings_fini(&f);
    }
}
END_TEST

START_TEST(elastic_agent_is_the_same_input)
{
    struct findings f = { 0 };
    struct plan *plan = beats_plan("elastic_agent { port => 5044 }", &f);

    ck_assert_ptr_nonnull(plan);
    ck_assert_ptr_eq(plan->input[0]->type, &input_beats);
    plan_drop(&plan);
    findings_fini(&f);
}
END_TEST

/* ---- ports ---- */

static const struct {
    const char *first, *second;
    bool clash;
} ports[] = {
    { "port => 5044", "port => 5044", true },
    { "port => 5044", "port => 5045", false },
    { "port => 5044", "port => 5044 host => \"127.0.0.1\"", true },
    { "port => 5044 host => \"::\"", "port => 5044 host => \"10.0.0.1\"", true },
    { "port => 5044 host => \"10.0.0.1\"", "port => 5044 host => \"10.0.0.1\"", true },
    { "port => 5044 host => \"10.0.0.1\"", "port => 5044 host => \"10.0.0.2\"", false },
    { "port => 0", "port => 0", false },
};

START_TEST(ports_in_one_pipeline_and_in_two)
{
    struct findings f = { 0 };
    struct buf both = { 0 }, one = { 0 }, two = { 0 };
    struct plan *together, *plans[3] = { 0 };

    buf_printf(&both, "beats { %s } beats { %s }", ports[_i].first, ports[_i].second);
    buf_printf(&one, "beats { %s }", ports[_i].first);
    buf_printf(&two, "beats { %s }", ports[_i].second);
    together = beats_plan(buf_cstr(&both), &f);
    plans[0] = beats_plan(buf_cstr(&one), &f);
    plans[2] = beats_plan(buf_cstr(&two), &f);
    ck_assert_uint_eq(f.errors, 0);
    ports_check(together, NULL, 0, &f);
    ck_assert_uint_eq(f.errors, ports[_i].clash);
    ports_check(plans[2], plans, 2, &f);
    ck_assert_uint_eq(f.errors, ports[_i].clash ? 2 : 0);
    if (ports[_i].clash)
        ck_assert_str_eq(f.at[0].text,
                         "port 5044 is taken by the input beats at line 1 of pipeline \"main\"");
    plan_drop(&together);
    plan_drop(&plans[0]);
    plan_drop(&plans[2]);
    findings_fini(&f);
    buf_fini(&both);
    buf_fini(&one);
    buf_fini(&two);
}
END_TEST

static void
start(void)
{
    struct err err = { 0 };

    ck_assert_int_eq(tls_start(&err), 0);
    tls_certs_folder();
    tls_certs_run("mkdir folder-of-cas && cp ca.pem other-ca.pem folder-of-cas");
}

static void
add_tests(TCase *tc)
{
    tcase_add_unchecked_fixture(tc, start, tls_stop);
    tcase_add_loop_test(tc, refused_with_words_and_hint, 0, (int)COUNT(refused));
    tcase_add_test(tc, position_is_that_of_the_option);
    tcase_add_loop_test(tc, accepted_with_one_finding_or_none, 0, (int)COUNT(accepted));
    tcase_add_loop_test(tc, enrich_and_client_authentication, 0, (int)COUNT(meanings));
    tcase_add_test(tc, port_is_needed_and_has_a_range);
    tcase_add_test(tc, elastic_agent_is_the_same_input);
    tcase_add_loop_test(tc, ports_in_one_pipeline_and_in_two, 0, (int)COUNT(ports));
}

UNIT_MAIN("beats_options")
