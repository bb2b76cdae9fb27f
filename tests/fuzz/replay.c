/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs a fuzz target over files and folders given as arguments: the corpus as a regression test,
 * and a way to look at one find, without libFuzzer. With --mutate N each input is run N times more,
 * changed at random (--seed S, default 1); the last input before a crash is in replay.last, in the
 * working directory. Prints how many inputs it ran; none is an error. */
#include "codec/base/buf.h"
#include "codec/base/random.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Of a program of one purpose and one thread. */
static unsigned long count, mutations;
static struct rng rng = { { 1, 1 } };

static void
die(const char *path)
{
    fprintf(stderr, "%s: %s\n", path, strerror(errno));
    exit(1);
}

/* A copy of exactly the size, so that a sanitizer sees a read past the end. */
static void
run_bytes(struct slice bytes)
{
    uint8_t *exact = malloc(bytes.n > 0 ? bytes.n : 1);

    if (exact == NULL)
        die("malloc");
    if (bytes.n > 0)
        memcpy(exact, bytes.p, bytes.n);
    LLVMFuzzerTestOneInput(exact, bytes.n);
    free(exact);
    count++;
}

/* ---- changes ---- */

static size_t
somewhere(size_t n)
{
    return (size_t)rng_below(&rng, n);
}

static void
change_byte(struct buf *b)
{
    static const char likely[] = "\0\1\2\xff\x80{}[]:,\"\\ 0-2WJDC\n";
    char *at = b->p + somewhere(b->n);

    switch (rng_below(&rng, 3)) {
    case 0: *at = (char)(*at ^ (1 << rng_below(&rng, 8))); break;
    case 1: *at = (char)rng_next(&rng); break;
    default: *at = likely[somewhere(sizeof likely - 1)]; break;
    }
}

/* A piece is left out, doubled, or put elsewhere. */
static void
change_piece(struct buf *b)
{
    size_t from = somewhere(b->n), n = 1 + somewhere(b->n - from < 64 ? b->n - from : 64), to;
    char piece[64];

    memcpy(piece, b->p + from, n);
    if (rng_below(&rng, 3) == 0) {
        memmove(b->p + from, b->p + from + n, b->n - from - n);
        b->n -= n;
        return;
    }
    to = somewhere(b->n + 1);
    buf_reserve(b, n);
    memmove(b->p + to + n, b->p + to, b->n - to);
    memcpy(b->p + to, piece, n);
    b->n += n;
}

static void
run_mutations(struct slice original)
{
    struct buf b = { 0 };

    for (unsigned long i = 0; i < mutations; i++) {
        FILE *last = fopen("replay.last", "wbe");

        buf_clear(&b);
        buf_append(&b, original);
        for (uint64_t left = 1 + rng_below(&rng, 6); left > 0 && b.n > 0; left--) {
            if (rng_below(&rng, 3) == 0)
                change_piece(&b);
            else
                change_byte(&b);
        }
        if (last == NULL)
            die("replay.last");
        fwrite(b.p, 1, b.n, last);
        fclose(last);
        run_bytes(buf_slice(&b));
    }
    buf_fini(&b);
}

/* ---- files ---- */

static void
run_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    struct buf text = { 0 };
    size_t n;

    if (f == NULL)
        die(path);
    do {
        n = fread(buf_reserve(&text, 65536), 1, 65536, f);
        text.n += n;
    } while (n > 0);
    if (ferror(f))
        die(path);
    fclose(f);
    run_bytes(buf_slice(&text));
    run_mutations(buf_slice(&text));
    buf_fini(&text);
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

        if (strcmp(argv[i], "--mutate") == 0 && i + 1 < argc) {
            mutations = strtoul(argv[++i], NULL, 10);
            continue;
        }
        if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc) {
            rng.state[0] = strtoull(argv[++i], NULL, 10) | 1;
            continue;
        }
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
