/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/unit.h"

#include "sinks/key_store.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define JKS "\xfe\xed\xfe\xed"
#define P12 "\x30\x82\x0a"

/* `@` is a folder of the test's own. */
static const struct {
    const char *file, *begins, *option, *hint;
} vectors[] = {
    { "k.p12", P12, "ssl_keystore_path",
      "run: openssl pkcs12 -in @/k.p12 -nodes -out @/k.p12.pem; then write: "
      "ssl_certificate => \"@/k.p12.pem\" ssl_key => \"@/k.p12.pem\"" },
    { "k.jks", JKS, "ssl_keystore_path",
      "run: keytool -importkeystore -srckeystore @/k.jks -destkeystore @/k.jks.p12 "
      "-deststoretype PKCS12 && openssl pkcs12 -in @/k.jks.p12 -nodes -out @/k.jks.pem; then "
      "write: "
      "ssl_certificate => \"@/k.jks.pem\" ssl_key => \"@/k.jks.pem\"" },
    /* What keytool writes today unless told otherwise. */
    { "new.jks", P12, "ssl_keystore_path",
      "run: openssl pkcs12 -in @/new.jks -nodes -out @/new.jks.pem; then write: "
      "ssl_certificate => \"@/new.jks.pem\" ssl_key => \"@/new.jks.pem\"" },
    { "t.p12", P12, "ssl_truststore_path",
      "run: openssl pkcs12 -in @/t.p12 -nokeys -out @/t.p12.pem; then write: "
      "ssl_certificate_authorities => [\"@/t.p12.pem\"]" },
    { "t.jks", JKS, "ssl_truststore_path",
      "run: keytool -list -rfc -keystore @/t.jks > @/t.jks.pem; then write: "
      "ssl_certificate_authorities => [\"@/t.jks.pem\"]" },
    { "empty", "", "ssl_truststore_path",
      "run: keytool -list -rfc -keystore @/empty > @/empty.pem; then write: "
      "ssl_certificate_authorities => [\"@/empty.pem\"]" },
    { "it's $HOME", P12, "ssl_truststore_path",
      "run: openssl pkcs12 -in '@/it'\\''s $HOME' -nokeys -out '@/it'\\''s $HOME.pem'; then write: "
      "ssl_certificate_authorities => [\"@/it's $HOME.pem\"]" },
};

static char folder[] = "/tmp/headrig-store-XXXXXX";

static const char *
in_folder(const char *text, struct buf *out)
{
    buf_clear(out);
    for (; *text != '\0'; text++)
        buf_append(out, *text == '@' ? slice_of(folder) : (struct slice){ text, 1 });
    return buf_cstr(out);
}

static void
write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "we");

    ck_assert_ptr_nonnull(f);
    ck_assert_int_ge(fputs(text, f), 0);
    ck_assert_int_eq(fclose(f), 0);
}

/* The findings of a block with one option or two, on lines 3 and 4. */
static void
refuse(const char *const *options, const char *path, size_t n, struct findings *found)
{
    struct opt_pair pairs[2] = { 0 };
    struct opt_plugin given = { SLICE("http"), { .file = 0, .line = 2, .column = 1 }, pairs, n };
    struct plugin_context ctx = { .findings = found, .given = &given, .pos = given.pos };
    struct slice at[2] = { { NULL, 0 }, { NULL, 0 } };

    for (size_t i = 0; i < n; i++) {
        pairs[i].key = slice_of(options[i]);
        pairs[i].pos = (struct config_pos){ .line = 3 + (uint32_t)i, .column = 5 };
        at[strcmp(options[i], "ssl_truststore_path") == 0] = slice_of(path);
    }
    key_stores_refuse(&ctx, at[0], at[1]);
}

START_TEST(names_command_and_options)
{
    struct buf path = { 0 }, want = { 0 }, text = { 0 };
    struct findings found = { 0 };

    buf_printf(&text, "@/%s", vectors[_i].file);
    in_folder(buf_cstr(&text), &path);
    write_file(buf_cstr(&path), vectors[_i].begins);
    refuse(&vectors[_i].option, buf_cstr(&path), 1, &found);
    ck_assert_uint_eq(found.n, 1);
    ck_assert_int_eq(found.at[0].level, FINDING_ERROR);
    ck_assert_uint_eq(found.at[0].pos.line, 3);
    ck_assert_str_eq(found.at[0].hint, in_folder(vectors[_i].hint, &want));
    buf_clear(&text);
    buf_printf(&text,
               "Unable to configure plugins: (ConfigurationError) The setting `%s` in plugin "
               "`http` is not supported. JKS and PKCS#12 stores are not read; PEM files are",
               vectors[_i].option);
    ck_assert_str_eq(found.at[0].text, buf_cstr(&text));
    unlink(buf_cstr(&path));
    findings_fini(&found);
    buf_fini(&path);
    buf_fini(&want);
    buf_fini(&text);
}
END_TEST

START_TEST(both_in_one_run)
{
    static const char *const options[] = { "ssl_keystore_path", "ssl_truststore_path" };
    struct findings found = { 0 };

    refuse(options, "/none/such", 2, &found);
    ck_assert_uint_eq(found.errors, 2);
    ck_assert_ptr_nonnull(strstr(found.at[0].text, "ssl_keystore_path"));
    ck_assert_uint_eq(found.at[0].pos.line, 3);
    ck_assert_ptr_nonnull(strstr(found.at[1].text, "ssl_truststore_path"));
    ck_assert_uint_eq(found.at[1].pos.line, 4);
    findings_fini(&found);
    refuse(options, "/none/such", 0, &found);
    ck_assert_uint_eq(found.n, 0);
    findings_fini(&found);
}
END_TEST

static void
make_folder(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void
remove_folder(void)
{
    rmdir(folder);
}

static void
add_tests(TCase *tc)
{
    tcase_add_unchecked_fixture(tc, make_folder, remove_folder);
    tcase_add_loop_test(tc, names_command_and_options, 0, (int)COUNT(vectors));
    tcase_add_test(tc, both_in_one_run);
}

UNIT_MAIN("key_store")
