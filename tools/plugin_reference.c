/* SPDX-License-Identifier: GPL-3.0-or-later */
/* plugin_reference: the page of all plugins and options, from their rows.
 *
 * Without an argument it is written to standard output; with a file, it is compared with that
 * file, and 1 says that they differ. */
#include "server/plugin_help.h"

#include <stdio.h>
#include <stdlib.h>

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
    int status = EXIT_SUCCESS;

    plugin_reference(&page);
    if (argc < 2) {
        fwrite(page.p, 1, page.n, stdout);
    } else if (!read_file(argv[1], &file) || !slice_eq(buf_slice(&page), buf_slice(&file))) {
        fprintf(stderr,
                "%s differs from the option rows at line %u; write it anew with "
                "plugin_reference\n",
                argv[1], first_difference(buf_slice(&page), buf_slice(&file)));
        status = EXIT_FAILURE;
    }
    buf_fini(&page);
    buf_fini(&file);
    return status;
}
