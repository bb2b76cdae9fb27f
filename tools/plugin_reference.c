/* SPDX-License-Identifier: GPL-3.0-or-later */
/* plugin_reference EXAMPLES [PAGE]: the page of all plugins and options, from their rows and from
 * the folder with an example for each filter.
 *
 * Without PAGE it is written to standard output; with one, it is compared with that file, and 1
 * says that they differ. A filter without an example is an error either way. */
#include "server/plugin_help.h"

#include <stdio.h>
#include <stdlib.h>

struct examples {
    const char *folder;
    unsigned missing;
};

static bool
read_file(const char *path, struct buf *out)
{
    FILE *f = fopen(path, "rb");
    size_t n = 1;

    if (f == NULL)
        return false;
    for (; n > 0; out->n += n)
        n = fread(buf_reserve(out, 65536), 1, 65536, f);
    fclose(f);
    return true;
}

static void
example(const char *section, const char *name, struct buf *out, void *arg)
{
    struct examples *all = arg;
    struct buf path = { 0 };

    if (strcmp(section, "filter") != 0)
        return;
    buf_printf(&path, "%s/%s.md", all->folder, name);
    if (!read_file(buf_cstr(&path), out) || out->n == 0) {
        fprintf(stderr, "the filter %s has no example %s\n", name, buf_cstr(&path));
        all->missing++;
    }
    buf_fini(&path);
}

/* The line, from 1, at which the two part. */
static unsigned
first_difference(struct slice a, struct slice b)
{
    unsigned line = 1;

    for (size_t i = 0; i < a.n && i < b.n && a.p[i] == b.p[i]; i++)
        line += a.p[i] == '\n';
    return line;
}

int
main(int argc, char **argv)
{
    struct buf page = { 0 }, file = { 0 };
    struct examples all = { .folder = argc > 1 ? argv[1] : "docs/examples" };
    int status = EXIT_SUCCESS;

    plugin_reference(example, &all, &page);
    if (all.missing > 0)
        status = EXIT_FAILURE;
    if (argc < 3) {
        fwrite(page.p, 1, page.n, stdout);
    } else if (!read_file(argv[2], &file) || !slice_eq(buf_slice(&page), buf_slice(&file))) {
        fprintf(stderr, "%s differs at line %u; write it anew with plugin_reference\n", argv[2],
                first_difference(buf_slice(&page), buf_slice(&file)));
        status = EXIT_FAILURE;
    }
    buf_fini(&page);
    buf_fini(&file);
    return status;
}
