/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cases_runner: runs the reference's cases in process.
 *
 * cases_runner --kind config|event|filters|rubydebug [FOLDER | FILE ...]
 *
 * Without a name, the folder of that kind beside the project is taken, or tests/cases/own where
 * the reference material is absent. Each file gets one line; each failure says what was got and
 * what was wanted. Ends with 1 if a case failed. */
#include "tests/cases/cases.h"

#include "codec/base/error.h"
#include "codec/base/log.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

struct kind {
    const char *name;
    case_fn *run;
};

static const struct kind kinds[] = {
    { "config", case_config },
    { "event", case_event },
    { "filters", case_filters },
    { "rubydebug", case_rubydebug },
};

struct totals {
    unsigned passed, failed, skipped;
};

void
case_fail(struct case_run *r, const char *fmt, ...)
{
    va_list ap;

    if (r->why.n > 0)
        return;
    va_start(ap, fmt);
    buf_vprintf(&r->why, fmt, ap);
    va_end(ap);
    if (r->why.n == 0)
        buf_append(&r->why, SLICE("failed"));
}

bool
case_failed(const struct case_run *r)
{
    return r->why.n > 0;
}

void
case_same(struct case_run *r, const struct tree *got, const struct tree *want)
{
    if (!case_failed(r) && !tree_equal(got, want, &r->why) && r->why.n == 0)
        buf_append(&r->why, SLICE("differs"));
}

struct tree *
case_json(struct case_run *r, struct slice text)
{
    size_t at;
    struct tree *t = tree_parse(&r->arena, text, &at);

    if (t == NULL)
        case_fail(r, "no JSON at %zu: %.*s", at, SLICE_ARGS(text));
    return t;
}

void
findings_text(const struct findings *f, struct buf *out)
{
    for (size_t i = 0; i < f->n; i++)
        buf_printf(out, "%s%u:%u %s", i > 0 ? " | " : "", f->at[i].pos.line, f->at[i].pos.column,
                   f->at[i].text);
}

/* ---- files ---- */

static bool
read_file(const char *path, struct buf *out)
{
    FILE *f = fopen(path, "rb");

    if (f == NULL)
        return false;
    for (;;) {
        size_t n = fread(buf_reserve(out, 65536), 1, 65536, f);

        if (n == 0)
            break;
        out->n += n;
    }
    fclose(f);
    return true;
}

/* The zone of a process is read once, so a case with one of its own has its own process. */
static void
run_in_zone(const struct kind *kind, struct case_run *r, struct slice zone)
{
    int ends[2];
    char text[65536];
    ssize_t n;
    pid_t child;

    fflush(stdout);
    if (pipe(ends) < 0 || (child = fork()) < 0) {
        case_fail(r, "no process for it");
        return;
    }
    if (child == 0) {
        setenv("TZ", arena_cstr(&r->arena, zone), 1);
        kind->run(r);
        n = write(ends[1], r->why.p, r->skipped ? 0 : r->why.n);
        _exit(n < 0);
    }
    close(ends[1]);
    while ((n = read(ends[0], text, sizeof text)) > 0)
        buf_append(&r->why, (struct slice){ text, (size_t)n });
    close(ends[0]);
    waitpid(child, NULL, 0);
}

static void
run_case(const struct kind *kind, const char *file, const char *data, const struct tree *test,
         struct totals *sum)
{
    struct case_run r = { .test = test, .file = file, .data = data };
    struct slice name = tree_text(test, "name");

    r.want = tree_get(test, "recommended");
    if (r.want == NULL)
        r.want = tree_get(test, "expected");
    arena_init(&r.arena, NULL);
    if (tree_text(test, "default_timezone").p != NULL)
        run_in_zone(kind, &r, tree_text(test, "default_timezone"));
    else
        kind->run(&r);
    if (r.skipped) {
        sum->skipped++;
    } else if (case_failed(&r)) {
        printf("  %s %.*s: %.*s\n", file, SLICE_ARGS(name), SLICE_ARGS(buf_slice(&r.why)));
        sum->failed++;
    } else {
        sum->passed++;
    }
    buf_fini(&r.why);
    arena_fini(&r.arena);
}

static const char *
base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

static void
run_file(const struct kind *kind, const char *path, struct totals *all)
{
    struct totals sum = { 0 };
    struct arena arena;
    struct buf text = { 0 }, data = { 0 };
    struct tree *tests = NULL;
    size_t at = 0;

    arena_init(&arena, NULL);
    if (read_file(path, &text))
        tests = tree_parse(&arena, buf_slice(&text), &at);
    if (tests == NULL) {
        printf("  %s: cannot be read, or no JSON at %zu\n", path, at);
        sum.failed++;
    } else {
        buf_printf(&data, "%.*sdata", (int)(base_name(path) - path), path);
        for (const struct tree *t = tests->kids; t != NULL; t = t->next)
            run_case(kind, base_name(path), buf_cstr(&data), t, &sum);
    }
    printf("%s: passed %u, failed %u, skipped %u\n", base_name(path), sum.passed, sum.failed,
           sum.skipped);
    all->passed += sum.passed;
    all->failed += sum.failed;
    all->skipped += sum.skipped;
    buf_fini(&text);
    buf_fini(&data);
    arena_fini(&arena);
}

static int
is_json(const struct dirent *d)
{
    return slice_ends(slice_of(d->d_name), SLICE(".json"));
}

static void
run_folder(const struct kind *kind, const char *folder, struct totals *all)
{
    struct dirent **names;
    int n = scandir(folder, &names, is_json, alphasort);

    for (int i = 0; i < n; i++) {
        struct buf path = { 0 };

        buf_printf(&path, "%s/%s", folder, names[i]->d_name);
        run_file(kind, buf_cstr(&path), all);
        buf_fini(&path);
        free(names[i]);
    }
    if (n >= 0)
        free(names);
}

static void
run_path(const struct kind *kind, const char *path, struct totals *all)
{
    if (slice_ends(slice_of(path), SLICE(".json")))
        run_file(kind, path, all);
    else
        run_folder(kind, path, all);
}

static void
run_default(const struct kind *kind, struct totals *all)
{
    const char *shared = getenv("HEADRIG_SHARED");
    struct buf path = { 0 };

    buf_printf(&path, "%s/reference/cases/%s", shared != NULL ? shared : SHARED_DIR, kind->name);
    if (access(buf_cstr(&path), R_OK) != 0) {
        buf_clear(&path);
        buf_printf(&path, "%s/%s", OWN_DIR, kind->name);
        printf("the reference's cases are absent: own ones from tests/cases/own instead\n");
    }
    run_folder(kind, buf_cstr(&path), all);
    buf_fini(&path);
}

/* Failing events are part of many cases. */
static void
silent(void *ctx, const struct log *log, enum log_level level, struct slice message,
       const struct log_param *params, size_t n)
{
    (void)ctx;
    (void)log;
    (void)level;
    (void)message;
    (void)params;
    (void)n;
}

int
main(int argc, char **argv)
{
    const struct kind *kind = NULL;
    struct totals all = { 0 };

    for (size_t i = 0; i < COUNT(kinds) && argc >= 3; i++)
        if (strcmp(argv[1], "--kind") == 0 && strcmp(argv[2], kinds[i].name) == 0)
            kind = &kinds[i];
    if (kind == NULL) {
        fprintf(stderr, "usage: cases_runner --kind config|event|filters|rubydebug [path ...]\n");
        return 2;
    }
    log_set_handler(silent, NULL);
    if (argc == 3)
        run_default(kind, &all);
    for (int i = 3; i < argc; i++)
        run_path(kind, argv[i], &all);
    printf("%s: passed %u, failed %u, skipped %u\n", kind->name, all.passed, all.failed,
           all.skipped);
    return all.failed > 0 || all.passed == 0;
}
