/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/file_store.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static unsigned loaded, unloaded;

static void *
load(const char *path, struct err *err)
{
    char text[8] = "";
    FILE *f = fopen(path, "r");

    ck_assert_ptr_nonnull(f);
    if (fgets(text, sizeof text, f) == NULL)
        err_set(err, ERR_CONFIG, "%s: empty", path);
    fclose(f);
    if (text[0] == '\0')
        return NULL;
    loaded++;
    return strdup(text);
}

static void
unload(void *value)
{
    unloaded++;
    free(value);
}

static const struct file_kind one = { load, unload }, other = { load, unload };

static void
write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    ck_assert_int_eq(fclose(f), 0);
}

static const char *
text_of(const struct file_share *f)
{
    return file_share_value(f);
}

START_TEST(a_file_is_loaded_once)
{
    char path[] = "/tmp/headrig_files_XXXXXX";
    struct file_store *s = file_store_new();
    struct file_share *a, *b, *c, *d;
    struct err err = { 0 };
    int fd = mkstemp(path);

    ck_assert_int_ge(fd, 0);
    close(fd);
    ck_assert_ptr_null(file_store_take(s, path, &one, &err));
    ck_assert_ptr_nonnull(strstr(err.msg, ": empty"));
    write_file(path, "first");
    a = file_store_take(s, path, &one, &err);
    b = file_store_take(s, path, &one, &err);
    c = file_store_take(s, path, &other, &err);
    d = file_store_take(NULL, path, &one, &err);
    ck_assert_ptr_eq(a, b);
    ck_assert_ptr_ne(a, c);
    ck_assert_ptr_ne(a, d);
    ck_assert_str_eq(text_of(d), "first");
    ck_assert_uint_eq(loaded, 3);
    ck_assert_uint_eq(file_store_count(s), 2);
    file_share_give(&a);
    ck_assert_ptr_null(a);
    ck_assert_uint_eq(unloaded, 0);
    /* What is in use stays what it is; who comes now gets the new one. */
    write_file(path, "second");
    a = file_store_take(s, path, &one, &err);
    ck_assert_str_eq(text_of(a), "second");
    ck_assert_str_eq(text_of(b), "first");
    file_share_give(&b);
    file_share_give(&c);
    file_share_give(&d);
    ck_assert_uint_eq(unloaded, 3);
    /* The last one takes the store along. */
    file_store_drop(&s);
    ck_assert_ptr_null(s);
    file_share_give(&a);
    ck_assert_uint_eq(unloaded, 4);
    ck_assert_int_eq(unlink(path), 0);
    s = file_store_new();
    ck_assert_ptr_null(file_store_take(s, path, &one, &err));
    ck_assert_ptr_nonnull(strstr(err.msg, "No such file"));
    file_store_drop(&s);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_test(tc, a_file_is_loaded_once);
}

UNIT_MAIN("file_store")
