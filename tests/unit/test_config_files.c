/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/unit.h"

#include "codec/base/buf.h"
#include "codec/base/error.h"
#include "pipeline/config_files.h"

#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
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
} paths[] = {
    { "", "10.conf 9.conf b.cfg" },
    { "/", "10.conf 9.conf b.cfg" },
    { "/9.conf", "9.conf" },
    { "/./sub/../9.conf", "9.conf" },
    { "/*.conf", "10.conf 9.conf" },
    { "/{9,10}.conf", "10.conf 9.conf" },
    { "/?.c*", "9.conf b.cfg" },
    { "/[0-9]*.conf", "10.conf 9.conf" },
    { "/**/*.conf", "10.conf 9.conf other/4.conf sub/1.conf sub/deep/2.conf" },
    { "/*", "10.conf 9.conf b.cfg" },
    { "/none*", "" },
};

static const struct log quiet = { .logger = "test" };

static void
swallow(void *ctx, const struct log *log, enum log_level level, struct slice message,
        const struct log_param *params, size_t n)
{
    (void)ctx;
    (void)log;
    (void)level;
    (void)message;
    (void)params;
    (void)n;
}

START_TEST(a_path_means_these_files)
{
    struct config_files f;
    struct err err = { 0 };
    struct buf path = { 0 }, got = { 0 };

    log_set_handler(swallow, NULL);
    buf_printf(&path, "%s%s", folder, paths[_i].path);
    ck_assert_int_eq(config_files_read(buf_cstr(&path), &quiet, &f, &err), 0);
    for (size_t i = 0; i < f.n; i++) {
        const char *below = f.at[i].name + strlen(folder) + 1;

        buf_printf(&got, "%s%s", i > 0 ? " " : "", below);
        ck_assert_slice(f.at[i].text, slice_of(below));
    }
    ck_assert_slice(buf_slice(&got), slice_of(paths[_i].want));
    buf_fini(&path);
    buf_fini(&got);
    config_files_fini(&f);
}
END_TEST

START_TEST(all_files_that_are_not_utf8_in_one_error)
{
    struct config_files f;
    struct err err = { 0 };

    write_file("bad", "\xff");
    write_file("bad2", "ok \xc3");
    ck_assert_int_eq(config_files_read(folder, &quiet, &f, &err), -1);
    ck_assert(strstr(err.msg, "bad, ") != NULL);
    ck_assert(strstr(err.msg, "bad2") != NULL);
    config_files_fini(&f);
}
END_TEST

START_TEST(what_cannot_be_read_is_named)
{
    struct config_files f;
    struct err err = { 0 };

    ck_assert_int_eq(config_files_read("https://h/x.conf", &quiet, &f, &err), -1);
    ck_assert(strstr(err.msg, "https://h/x.conf") != NULL);
    config_files_fini(&f);
}
END_TEST

START_TEST(named_pipes_are_read)
{
    struct config_files f;
    struct err err = { 0 };
    pid_t child;

    ck_assert_int_eq(mkfifo(in_folder("bad"), 0600), 0);
    child = fork();
    if (child == 0) {
        FILE *out = fopen(in_folder("bad"), "w");

        fputs("filter { }", out);
        fclose(out);
        _exit(0);
    }
    ck_assert_int_eq(config_files_read(in_folder("bad"), &quiet, &f, &err), 0);
    ck_assert_uint_eq(f.n, 1);
    ck_assert_slice(f.at[0].text, SLICE("filter { }"));
    waitpid(child, NULL, 0);
    config_files_fini(&f);
}
END_TEST

/* What -e adds: a search in the text, also where it finds the wrong thing. */
static const struct {
    const char *text, *added;
} given[] = {
    { "", "added input, added output" },   { "filter { }", "added input, added output" },
    { "input  { a {} }", "added output" }, { "input{a{}} output{}", "" },
    { "# input {\n", "added output" },     { "input\n{ a {} } output { }", "added input" },
};

START_TEST(the_command_line_gets_defaults)
{
    struct config_files f;
    struct buf got = { 0 };

    config_files_string(slice_of(given[_i].text), &f);
    for (size_t i = 1; i < f.n; i++)
        buf_printf(&got, "%s%s", i > 1 ? ", " : "", f.at[i].name);
    ck_assert_slice(buf_slice(&got), slice_of(given[_i].added));
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
