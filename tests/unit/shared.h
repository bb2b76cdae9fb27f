/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The reference material beside the project: cases and vectors, read in place. Where it is absent
 * a test that needs it says SKIP and ends; tests/run.py counts that. */
#ifndef TESTS_UNIT_SHARED_H
#define TESTS_UNIT_SHARED_H

#include "codec/base/arena.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* SHARED_DIR comes from meson; the environment wins. */
static inline const char *
shared_dir(void)
{
    const char *dir = getenv("HEADRIG_SHARED");

    return dir != NULL && dir[0] != '\0' ? dir : SHARED_DIR;
}

static inline bool
shared_there(void)
{
    char path[4096];

    snprintf(path, sizeof path, "%s/reference", shared_dir());
    return access(path, R_OK) == 0;
}

/* Where the reference is absent the tests of a program that needs it run in processes of their own,
 * so that one can end alone (unit.h). */
__attribute__((constructor)) static void
shared_fork(void)
{
    if (!shared_there())
        setenv("CK_FORK", "yes", 0);
}

/* Ends the test where there is no reference material. */
static inline void
shared_need(void)
{
    if (shared_there())
        return;
    printf("SKIP there is no %s/reference\n", shared_dir());
    fflush(stdout);
    _exit(0);
}

/* A whole file, "reference/cases/rubydebug/scalars.json", in the arena (with its padding). */
static inline struct slice
shared_read(struct arena *a, const char *name)
{
    struct slice path, text;
    FILE *f;
    char *at;
    long n;

    shared_need();
    path = arena_printf(a, "%s/%s", shared_dir(), name);
    f = fopen(arena_cstr(a, path), "rb");
    ck_assert_msg(f != NULL, "cannot open %.*s", SLICE_ARGS(path));
    ck_assert_int_eq(fseek(f, 0, SEEK_END), 0);
    n = ftell(f);
    ck_assert_int_ge(n, 0);
    rewind(f);
    at = arena_block(a, (size_t)n);
    ck_assert_uint_eq(fread(at, 1, (size_t)n, f), (size_t)n);
    fclose(f);
    text = (struct slice){ at, (size_t)n };
    return text;
}

#endif
