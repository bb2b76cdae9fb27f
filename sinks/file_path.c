/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sinks/file_path.h"

#include <limits.h>

/* Whether a reference, %{...} with something inside, begins in the text. */
static bool
has_reference(struct slice s)
{
    for (size_t at = 0; (at = slice_find(s, SLICE("%{"), at)) != SIZE_MAX; at++) {
        size_t end = slice_find_byte(s, '}', at);

        if (end != SIZE_MAX && end > at + 2)
            return true;
    }
    return false;
}

void
file_path_fold(struct slice path, struct buf *out)
{
    size_t base = out->n;
    struct slice part;

    while (slice_split(&path, '/', &part)) {
        if (part.n == 0 || slice_eq(part, SLICE(".")))
            continue;
        if (!slice_eq(part, SLICE(".."))) {
            buf_byte(out, '/');
            buf_append(out, part);
            continue;
        }
        while (out->n > base && out->p[out->n - 1] != '/')
            out->n--;
        if (out->n > base)
            out->n--;
    }
    if (out->n == base)
        buf_byte(out, '/');
}

/* The leading components without a reference; without any reference the directory. */
static struct slice
root_of(struct slice path)
{
    size_t end = 0, last = 0;

    for (size_t at = 1; at <= path.n; at = end + 1) {
        end = slice_find_byte(path, '/', at);
        if (end == SIZE_MAX)
            end = path.n;
        if (has_reference((struct slice){ path.p + at, end - at }))
            return (struct slice){ path.p, at - 1 };
        if (end == path.n)
            break;
        last = end;
    }
    return (struct slice){ path.p, last };
}

static struct slice
first_component(struct slice path)
{
    struct slice rest = { path.p + 1, path.n - 1 }, part;

    slice_split(&rest, '/', &part);
    return part;
}

static bool
is_possible(struct slice path)
{
    struct slice part;

    if (path.n >= PATH_MAX || slice_find_byte(path, '\0', 0) != SIZE_MAX)
        return false;
    while (slice_split(&path, '/', &part))
        if (part.n > NAME_MAX)
            return false;
    return true;
}

int
file_path_compile(struct arena *a, struct slice path, struct slice cwd, struct slice failure,
                  enum escape_style style, struct file_path *out, struct err *err)
{
    struct buf text = { 0 }, folded = { 0 };
    struct slice absolute;

    if (path.n == 0 || path.p[0] != '/') {
        buf_append(&text, cwd);
        buf_byte(&text, '/');
    }
    buf_append(&text, path);
    file_path_fold(buf_slice(&text), &folded);
    absolute = arena_copy(a, buf_slice(&folded));
    buf_fini(&text);
    buf_fini(&folded);
    if (has_reference(first_component(absolute)))
        return err_set(err, ERR_CONFIG,
                       "File: The starting part of the path should not be dynamic.");
    out->root = root_of(absolute);
    out->failure =
        arena_cstr(a, arena_printf(a, "%.*s/%.*s", SLICE_ARGS(out->root), SLICE_ARGS(failure)));
    out->literal = (struct slice){ NULL, 0 };
    if (template_compile(a, absolute, style, &out->template, err) < 0)
        return -1;
    if (template_is_literal(out->template, &absolute))
        out->literal = absolute;
    return 0;
}

enum file_path_verdict
file_path_render(const struct file_path *p, struct event *ev, struct buf *out)
{
    enum file_path_verdict verdict = FILE_PATH_OK;
    struct buf text = { 0 };
    struct slice folded;

    buf_clear(out);
    if (p->literal.p != NULL) {
        buf_append(out, p->literal);
        return FILE_PATH_OK;
    }
    template_render(p->template, ev, &text);
    file_path_fold(buf_slice(&text), out);
    buf_fini(&text);
    folded = buf_slice(out);
    if (!is_possible(folded))
        verdict = FILE_PATH_IMPOSSIBLE;
    else if (!slice_starts(folded, p->root) || folded.n <= p->root.n + 1 ||
             folded.p[p->root.n] != '/')
        verdict = FILE_PATH_OUTSIDE;
    if (verdict != FILE_PATH_OK) {
        buf_clear(out);
        buf_append(out, slice_of(p->failure));
    }
    return verdict;
}
