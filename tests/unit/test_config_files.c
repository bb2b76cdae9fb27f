/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/unit.h"

#include "codec/base/buf.h"
#include "codec/base/error.h"
#include "pipeline/config_files.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/headrig-files-XXXXXX";

static const char *const files[] = { "9.conf",          "10.conf",  ".hidden",
                                     "b.cfg",           "b.cfg~",   "sub/1.conf",
                                     "sub/deep/2.conf", "sub/.h/3", "other/4.conf" };
static const char *const folders[] = { "sub", "sub/deep", "sub/.h", "other" };

static const char *
in_folder(const char *name)
{
    static char path[256];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void
write_file(const char *name, const char *text)
{
    FILE *f = fopen(in_folder(name), "w");

    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    fclose(f);
}

static void
set_up(void)
{
    strcpy(folder + strlen(folder) - 6, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    for (size_t i = 0; i < COUNT(folders); i++)
        mkdir(in_folder(folders[i]), 0700);
    for (size_t i = 0; i < COUNT(files); i++)
        write_file(files[i], files[i]);
}

static void
tear_down(void)
{
    unlink(in_folder("bad"));
    unlink(in_folder("bad2"));
    for (size_t i = 0; i < COUNT(files); i++)
        unlink(in_folder(files[i]));
    rmdir(in_folder("sub/deep"));
    rmdir(in_folder("sub/.h"));
    rmdir(in_folder("sub"));
    rmdir(in_folder("other"));
    rmdir(folder);
}

/* The files a path means, as their names below the folder. */
static const struct {
    const char *path, *want;
    size_t findings;
} paths[] = {
    { "", "10.conf 9.conf b.cfg", 1 },
    { "/", "10.conf 9.conf b.cfg", 1 },
    { "/9.conf", "9.conf", 0 },
    { "/./sub/../9.conf", "9.conf", 0 },
    { "/*.conf", "10.conf 9.conf", 0 },
    { "/{9,10}.conf", "10.conf 9.conf", 0 },
    { "/?.c*", "9.conf b.cfg", 1 },
    { "/[0-9]*.conf", "10.conf 9.conf", 0 },
    { "/**/*.conf", "10.conf 9.conf other/4.conf sub/1.conf sub/deep/2.conf", 0 },
    { "/*", "10.conf 9.conf b.cfg", 1 },
    { "/none*", "", 1 },
};

START_TEST(a_path_means_these_files)
{
    struct config_files f;
    struct findings findings = { 0 };
    struct buf path = { 0 }, got = { 0 };

    config_files_init(&f);
    buf_printf(&path, "%s%s", folder, paths[_i].path);
    ck_assert_int_eq(config_files_add_path(&f, buf_cstr(&path), &findings), 0);
    for (size_t i = 0; i < f.n; i++) {
        const char *below = f.sources[i].name + strlen(folder) + 1;

        buf_printf(&got, "%s%s", i > 0 ? " " : "", below);
        ck_assert_slice(f.sources[i].text, slice_of(below));
    }
    ck_assert_slice(buf_slice(&got), slice_of(paths[_i].want));
    ck_assert_uint_eq(findings.n, paths[_i].findings);
    buf_fini(&path);
    buf_fini(&got);
    config_files_fini(&f);
    findings_fini(&findings);
}
END_TEST

START_TEST(all_files_that_are_not_utf8_in_one_error)
{
    struct config_files f;
    struct findings findings = { 0 };

    write_file("bad", "\xff");
    write_file("bad2", "ok \xc3");
    config_files_init(&f);
    ck_assert_int_eq(config_files_add_path(&f, folder, &findings), -1);
    ck_assert_uint_eq(findings.errors, 1);
    ck_assert(strstr(findings.at[1].text, "bad, ") != NULL);
    ck_assert(strstr(findings.at[1].text, "bad2") != NULL);
    config_files_fini(&f);
    findings_fini(&findings);
}
END_TEST

START_TEST(what_cannot_be_read_is_named)
{
    struct config_files f;
    struct findings findings = { 0 };

    config_files_init(&f);
    ck_assert_int_eq(config_files_add_path(&f, "https://h/x.conf", &findings), -1);
    ck_assert(strstr(findings.at[0].text, "https://h/x.conf") != NULL);
    config_files_fini(&f);
    findings_fini(&findings);
}
END_TEST

START_TEST(named_pipes_are_read)
{
    struct config_files f;
    struct findings findings = { 0 };
    pid_t child;

    ck_assert_int_eq(mkfifo(in_folder("bad"), 0600), 0);
    child = fork();
    if (child == 0) {
        FILE *out = fopen(in_folder("bad"), "w");

        fputs("filter { }", out);
        fclose(out);
        _exit(0);
    }
    config_files_init(&f);
    ck_assert_int_eq(config_files_add_path(&f, in_folder("bad"), &findings), 0);
    ck_assert_uint_eq(f.n, 1);
    ck_assert_slice(f.sources[0].text, SLICE("filter { }"));
    config_files_fini(&f);
    findings_fini(&findings);
}
END_TEST

/* What -e adds: a search in the text, also where it finds the wrong thing. */
static const struct {
    const char *text, *added;
} given[] = {
    { "", "default input, default output" }, { "filter { }", "default input, default output" },
    { "input  { a {} }", "default output" }, { "input{a{}} output{}", "" },
    { "# input {\n", "default output" },     { "input\n{ a {} } output { }", "default input" },
};

START_TEST(the_command_line_gets_defaults)
{
    struct config_files f;
    struct buf got = { 0 };

    config_files_init(&f);
    config_files_add_text(&f, "config string", slice_of(given[_i].text), true);
    for (size_t i = 1; i < f.n; i++)
        buf_printf(&got, "%s%s", i > 1 ? ", " : "", f.sources[i].name);
    ck_assert_slice(buf_slice(&got), slice_of(given[_i].added));
    config_files_fini(&f);
    config_files_init(&f);
    config_files_add_text(&f, "pipelines.yml", slice_of(given[_i].text), false);
    ck_assert_uint_eq(f.n, 1);
    config_files_fini(&f);
    buf_fini(&got);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_loop_test(tc, a_path_means_these_files, 0, (int)COUNT(paths));
    tcase_add_test(tc, all_files_that_are_not_utf8_in_one_error);
    tcase_add_test(tc, what_cannot_be_read_is_named);
    tcase_add_test(tc, named_pipes_are_read);
    tcase_add_loop_test(tc, the_command_line_gets_defaults, 0, (int)COUNT(given));
}

UNIT_MAIN("config_files")
