/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes to the JSON scanner: both forms must say the same, down to the nodes of all levels. */
#include "codec/json_scan.h"
#include "codec/json_write.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum json_isa vector; /* the form that is compared with the scalar one */

struct answer {
    int result;
    struct err err;
    struct value v;
    struct arena a;
    char *text;
    size_t used;
    bool wide;
};

static void
scan(struct answer *out, enum json_isa isa, const uint8_t *data, size_t size, bool object)
{
    json_scan_use(isa);
    *out = (struct answer){ .text = malloc(size + ARENA_PAD) };
    arena_init(&out->a, NULL);
    if (size > 0)
        memcpy(out->text, data, size);
    memset(out->text + size, '"', ARENA_PAD); /* must not matter */
    if (object)
        out->result = json_scan_object(&out->a, out->text, size, 100, &out->v, &out->err);
    else
        out->result = json_scan_numbers(&out->a, out->text, size, 100, &out->v, &out->used,
                                        &out->wide, &out->err);
}

static void
check(bool same, const char *what)
{
    if (same)
        return;
    fprintf(stderr, "the forms differ: %s\n", what);
    abort();
}

/* Indexes as it goes down, each side with its own form. */
static void
compare(struct answer *x, struct value *xv, struct answer *y, struct value *yv)
{
    uint32_t n;

    check(xv->type == yv->type && xv->len == yv->len, "type or length");
    check((xv->flags & ~V_INDEXED) == (yv->flags & ~V_INDEXED), "flags");
    check((xv->key == NULL) == (yv->key == NULL) && xv->key_len == yv->key_len, "key");
    if (xv->key != NULL && !(xv->flags & KEY_LONG))
        check(xv->key - x->text == yv->key - y->text, "place of the key");
    if (!value_is_container(xv)) {
        if (!(xv->flags & V_CHANGED))
            check(xv->raw - x->text == yv->raw - y->text, "place of a scalar");
        return;
    }
    json_scan_use(JSON_SCALAR);
    n = value_count(&x->a, xv);
    json_scan_use(vector);
    check(value_count(&y->a, yv) == n, "members");
    for (uint32_t i = 0; i < n; i++)
        compare(x, value_at(&x->a, xv, i), y, value_at(&y->a, yv, i));
}

static void
run(const uint8_t *data, size_t size, bool object)
{
    struct answer x, y;

    scan(&x, JSON_SCALAR, data, size, object);
    scan(&y, vector, data, size, object);
    check(x.result == y.result && x.err.code == y.err.code && x.err.pos == y.err.pos, "answer");
    check(size == 0 || memcmp(x.text, y.text, size) == 0, "text");
    if (x.result < 0) {
        check(size == 0 || memcmp(x.text, data, size) == 0, "bad text was changed");
    } else {
        check(x.used == y.used && x.used <= size, "bytes used");
        check(x.wide == y.wide, "kinds of numbers");
        compare(&x, &x.v, &y, &y.v);
    }
    arena_fini(&x.a);
    arena_fini(&y.a);
    free(x.text);
    free(y.text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 1 << 16)
        return 0;
    for (vector = JSON_AVX2; vector < JSON_ISAS && json_scan_use(vector); vector++) {
        run(data, size, true);
        run(data, size, false);
    }
    return 0;
}
