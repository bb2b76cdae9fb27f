/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The reference material beside the project: cases and vectors, read in place. */
#ifndef TESTS_UNIT_SHARED_H
#define TESTS_UNIT_SHARED_H

#include "codec/base/arena.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

/* SHARED_DIR comes from meson; the environment wins. */
static inline const char *
shared_dir(void)
{
    const char *dir = getenv("HEADRIG_SHARED");

    return dir != NULL && dir[0] != '\0' ? dir : SHARED_DIR;
}

/* A whole file, "reference/cases/rubydebug/scalars.json", in the arena (with its padding). */
static inline struct slice
shared_read(struct arena *a, const char *name)
{
    struct slice path = arena_printf(a, "%s/%s", shared_dir(), name);
    FILE *f = fopen(arena_cstr(a, path), "rb");
    struct slice text;
    char *at;
    long n;

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
