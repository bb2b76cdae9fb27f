/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs a fuzz target over files and folders given as arguments: the corpus as a regression test,
 * and a way to look at one find, without libFuzzer. Prints how many inputs it ran; none is an
 * error. */
#include "codec/base/buf.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned long count;

static void
die(const char *path)
{
    fprintf(stderr, "%s: %s\n", path, strerror(errno));
    exit(1);
}

/* A copy of exactly the size, so that a sanitizer sees a read past the end. */
static void
run_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    struct buf text = { 0 };
    size_t n;
    uint8_t *exact;

    if (f == NULL)
        die(path);
    do {
        n = fread(buf_reserve(&text, 65536), 1, 65536, f);
        text.n += n;
    } while (n > 0);
    if (ferror(f))
        die(path);
    fclose(f);
    exact = malloc(text.n > 0 ? text.n : 1);
    if (exact == NULL)
        die(path);
    memcpy(exact, text.p, text.n);
    LLVMFuzzerTestOneInput(exact, text.n);
    free(exact);
    buf_fini(&text);
    count++;
}

/* One level of folders: a corpus has no more. */
static void
run_folder(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    struct buf name = { 0 };

    if (dir == NULL)
        die(path);
    while ((entry = readdir(dir)) != NULL) {
        struct stat st;

        buf_clear(&name);
        buf_printf(&name, "%s/%s", path, entry->d_name);
        if (stat(buf_cstr(&name), &st) == 0 && S_ISREG(st.st_mode))
            run_file(name.p);
    }
    closedir(dir);
    buf_fini(&name);
}

int
main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        struct stat st;

        if (stat(argv[i], &st) < 0)
            die(argv[i]);
        if (S_ISDIR(st.st_mode))
            run_folder(argv[i]);
        else
            run_file(argv[i]);
    }
    printf("%lu inputs\n", count);
    return count > 0 ? 0 : 1;
}
