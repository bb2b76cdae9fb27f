/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/unit.h"

#include "codec/json_scan.h"
#include "codec/text_codec.h"
#include "sinks/file_path.h"
#include "sinks/file_set.h"
#include "sinks/gzip.h"
#include "sinks/sinks.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static struct arena arena;
static char dir[64];
static const struct log quiet = { .logger = "test" };

static void
swallow(void *unused, const struct log *log, enum log_level level, struct slice message,
        const struct log_param *params, size_t n)
{
    (void)unused;
    (void)log;
    (void)level;
    (void)message;
    (void)params;
    (void)n;
}

static void
set_up(void)
{
    arena_init(&arena, NULL);
    log_set_handler(swallow, NULL);
    strcpy(dir, "/tmp/headrig-file-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void
tear_down(void)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    ck_assert_int_eq(system(command), 0);
    log_set_handler(NULL, NULL);
    arena_fini(&arena);
}

static const char *
in_dir(const char *name)
{
    return arena_cstr(&arena, arena_printf(&arena, "%s/%s", dir, name));
}

static struct slice
content_of(const char *path)
{
    char *text = arena_bytes(&arena, 4096);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n;

    if (fd < 0)
        return SLICE("(none)");
    n = read(fd, text, 4096);
    ck_assert_int_ge(n, 0);
    close(fd);
    return (struct slice){ text, (size_t)n };
}

static struct event *
event_of(struct batch *b, const char *json)
{
    struct event *ev = batch_add(b);
    char *copy = arena_copy_padded(&b->arena, slice_of(json));
    struct err err = { 0 };

    ck_assert_msg(json_scan_object(&b->arena, copy, strlen(json), 100, &ev->data, &err) == 0, "%s",
                  err.msg);
    return ev;
}

/* ---- paths ---- */

static const struct {
    const char *path;
    const char *event;
    const char *want; /* NULL: refused at start */
    enum file_path_verdict verdict;
} paths[] = {
    { "/var/log/a", "{}", "/var/log/a", FILE_PATH_OK },
    { "rel/./x//a", "{}", "/cwd/rel/x/a", FILE_PATH_OK },
    { "../a", "{}", "/a", FILE_PATH_OK },
    { "/%{x}/a", "{}", NULL, FILE_PATH_OK },
    { "/a%{+YYYY}/b", "{}", NULL, FILE_PATH_OK },
    { "/a%{/b", "{}", "/a%{/b", FILE_PATH_OK },
    { "/log/app-%{x}/f", "{\"x\":\"1\"}", "/log/app-1/f", FILE_PATH_OK },
    { "/log/app-%{x}/f", "{}", "/log/app-%{x}/f", FILE_PATH_OK },
    { "/log/%{x}", "{\"x\":\"a/b\"}", "/log/a/b", FILE_PATH_OK },
    { "/log/%{x}/f", "{\"x\":\"a/../b\"}", "/log/b/f", FILE_PATH_OK },
    { "/log/%{x}/f", "{\"x\":\"../etc\"}", "/log/misfits", FILE_PATH_OUTSIDE },
    { "/log/%{x}", "{\"x\":\"..\"}", "/log/misfits", FILE_PATH_OUTSIDE },
    { "/log/%{x}", "{\"x\":\".\"}", "/log/misfits", FILE_PATH_OUTSIDE },
    { "/log/%{x}", "{\"x\":\"../logs/a\"}", "/log/misfits", FILE_PATH_OUTSIDE },
    { "/log/%{x}", "{\"x\":\"a\\u0000b\"}", "/log/misfits", FILE_PATH_IMPOSSIBLE },
};

START_TEST(where_events_go)
{
    struct batch *b = batch_new(NULL);
    struct buf out = { 0 };
    struct file_path p;
    struct err err = { 0 };
    int got;

    arena_init(&arena, NULL);
    got = file_path_compile(&arena, slice_of(paths[_i].path), SLICE("/cwd"), SLICE("misfits"),
                            ESCAPE_NONE, &p, &err);
    if (paths[_i].want == NULL) {
        ck_assert_int_eq(got, -1);
        ck_assert_str_eq(err.msg, "File: The starting part of the path should not be dynamic.");
    } else {
        ck_assert_msg(got == 0, "%s", err.msg);
        ck_assert_int_eq(file_path_render(&p, event_of(b, paths[_i].event), &out),
                         paths[_i].verdict);
        ck_assert_slice(buf_slice(&out), slice_of(paths[_i].want));
    }
    buf_fini(&out);
    batch_recycle(&b);
    arena_fini(&arena);
}
END_TEST

START_TEST(names_that_no_system_takes)
{
    struct batch *b = batch_new(NULL);
    struct event *ev = event_of(b, "{}");
    struct buf out = { 0 }, name = { 0 };
    struct file_path p;
    struct err err = { 0 };

    arena_init(&arena, NULL);
    ck_assert_int_eq(file_path_compile(&arena, SLICE("/log/%{x}"), SLICE("/"), SLICE("m"),
                                       ESCAPE_NONE, &p, &err),
                     0);
    for (size_t n = 0; n < 255; n++)
        buf_byte(&name, 'n');
    value_assign(value_put(&b->arena, &ev->data, SLICE("x")),
                 value_str(&b->arena, buf_slice(&name)));
    ck_assert_int_eq(file_path_render(&p, ev, &out), FILE_PATH_OK);
    buf_byte(&name, 'n');
    value_assign(value_put(&b->arena, &ev->data, SLICE("x")),
                 value_str(&b->arena, buf_slice(&name)));
    ck_assert_int_eq(file_path_render(&p, ev, &out), FILE_PATH_IMPOSSIBLE);
    ck_assert_slice(buf_slice(&out), SLICE("/log/m"));
    buf_fini(&out);
    buf_fini(&name);
    batch_recycle(&b);
    arena_fini(&arena);
}
END_TEST

/* ---- the files ---- */

static void
put(struct file_set *s, const char *path, const char *text)
{
    struct file_progress progress = { 0 };

    ck_assert_msg(file_set_write(s, path, slice_of(text), &progress) == 0, "%s: %s", path,
                  strerror(errno));
}

START_TEST(directories_are_made_and_modes_are_kept)
{
    struct file_rules rules = { .dir_mode = 0751, .file_mode = 0600, .log = &quiet };
    struct file_set *s;
    struct stat st;

    set_up();
    s = file_set_new(&rules);
    put(s, in_dir("a/b/c"), "x");
    ck_assert_int_eq(stat(in_dir("a/b"), &st), 0);
    ck_assert_int_eq(st.st_mode & 07777, 0751);
    ck_assert_int_eq(stat(in_dir("a/b/c"), &st), 0);
    ck_assert_int_eq(st.st_mode & 07777, 0600);
    file_set_free(&s);
    tear_down();
}
END_TEST

START_TEST(a_deleted_file_is_made_anew)
{
    struct file_rules rules = { .dir_mode = -1, .file_mode = -1, .log = &quiet };
    struct file_set *s;

    set_up();
    s = file_set_new(&rules);
    put(s, in_dir("a"), "1");
    put(s, in_dir("a"), "2");
    ck_assert_slice(content_of(in_dir("a")), SLICE("12"));
    ck_assert_int_eq(rename(in_dir("a"), in_dir("old")), 0);
    put(s, in_dir("a"), "3");
    ck_assert_slice(content_of(in_dir("a")), SLICE("3"));
    ck_assert_slice(content_of(in_dir("old")), SLICE("12"));
    ck_assert_uint_eq(file_set_count(s), 1);
    file_set_free(&s);
    tear_down();
}
END_TEST

START_TEST(a_write_goes_on_where_it_stopped)
{
    struct file_rules rules = { .dir_mode = -1, .file_mode = -1, .log = &quiet };
    struct file_progress progress = { 0 };
    struct file_set *s;
    struct slice text = SLICE("0123456789");
    char drain[65536];
    ssize_t n;
    int reader;

    set_up();
    s = file_set_new(&rules);
    ck_assert_int_eq(mkfifo(in_dir("pipe"), 0600), 0);
    ck_assert_int_eq(file_set_write(s, in_dir("pipe"), text, &progress), -1);
    ck_assert_int_eq(errno, ENXIO); /* nobody reads */
    reader = open(in_dir("pipe"), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    struct slice large =
        arena_copy(&arena, (struct slice){ arena_calloc(&arena, 1, 100000), 100000 });

    ck_assert_int_eq(file_set_write(s, in_dir("pipe"), large, &progress), -1);
    ck_assert_int_eq(errno, EAGAIN);
    ck_assert_uint_gt(progress.written, 0);
    size_t all = 0;

    while ((n = read(reader, drain, sizeof drain)) > 0)
        all += (size_t)n;
    ck_assert_int_eq(file_set_write(s, in_dir("pipe"), large, &progress), 0);
    while ((n = read(reader, drain, sizeof drain)) > 0)
        all += (size_t)n;
    ck_assert_uint_eq(all, large.n);
    close(reader);
    file_set_free(&s);
    tear_down();
}
END_TEST

START_TEST(a_torn_last_line_stays_a_line_of_its_own)
{
    static const struct {
        const char *there;
        struct slice text;
        const char *want;
    } table[] = {
        { "whole\n", SLICE_INIT("new\n"), "whole\nnew\n" },
        { "cut", SLICE_INIT("new\n"), "cut\nnew\n" },
        { "cut", SLICE_INIT("new"), "cutnew" }, /* no lines: the codec ends none */
        { "", SLICE_INIT("new\n"), "new\n" },
    };

    for (size_t i = 0; i < COUNT(table); i++) {
        struct file_rules rules = { .dir_mode = -1, .file_mode = -1, .log = &quiet };
        struct file_progress progress = { 0 };
        struct file_set *s;
        int fd;

        set_up();
        s = file_set_new(&rules);
        fd = open(in_dir("f"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        ck_assert_int_eq(write(fd, table[i].there, strlen(table[i].there)),
                         (ssize_t)strlen(table[i].there));
        close(fd);
        ck_assert_int_eq(file_set_write(s, in_dir("f"), table[i].text, &progress), 0);
        ck_assert_slice(content_of(in_dir("f")), slice_of(table[i].want));
        file_set_free(&s);
        tear_down();
    }
}
END_TEST

START_TEST(a_full_disk_is_an_error_that_says_so)
{
    struct file_rules rules = { .dir_mode = -1, .file_mode = -1, .log = &quiet };
    struct file_progress progress = { 0 };
    struct file_set *s = file_set_new(&rules);

    ck_assert_int_eq(file_set_write(s, "/dev/full", SLICE("x"), &progress), -1);
    ck_assert_int_eq(errno, ENOSPC);
    file_set_free(&s);
}
END_TEST

START_TEST(unused_files_are_closed)
{
    struct file_rules rules = { .dir_mode = -1, .file_mode = -1, .stale_ms = 10, .log = &quiet };
    struct file_set *s;

    set_up();
    s = file_set_new(&rules);
    put(s, in_dir("a"), "1");
    put(s, in_dir("b"), "1");
    file_set_clean(s, 100);
    put(s, in_dir("b"), "1");
    file_set_clean(s, 109);
    ck_assert_uint_eq(file_set_count(s), 2);
    file_set_clean(s, 110);
    ck_assert_uint_eq(file_set_count(s), 1);
    file_set_clean(s, 120);
    ck_assert_uint_eq(file_set_count(s), 0);
    file_set_free(&s);
    tear_down();
}
END_TEST

START_TEST(senders_cannot_open_files_without_end)
{
    struct file_rules rules = { .dir_mode = -1, .file_mode = -1, .log = &quiet };
    struct file_set *s;

    set_up();
    s = file_set_new(&rules);
    for (int i = 0; i < 600; i++)
        put(s, arena_cstr(&arena, arena_printf(&arena, "%s/%d", dir, i % 300)), "x");
    ck_assert_uint_eq(file_set_count(s), 256);
    ck_assert_slice(content_of(in_dir("7")), SLICE("xx"));
    file_set_free(&s);
    tear_down();
}
END_TEST

/* ---- the output ---- */

/* As sinks/file.c has it: options by name, from its own table. */
static void
set_option(void *conf, const struct sink_type *type, const char *name, const void *value, size_t n)
{
    for (const struct option *o = type->options; o->type != OPTION_END; o++) {
        if (strcmp(o->name, name) == 0) {
            memcpy((char *)conf + o->at, value, n);
            return;
        }
    }
    ck_abort_msg("no option %s", name);
}

struct output {
    void *conf;
    struct sink_common common;
    struct text_conf codec_conf;
    struct plugin_context ctx;
    struct sink *sink;
    const char *fsync;
};

static const char *
setting(void *arg, const char *option)
{
    return strcmp(option, "fsync") == 0 ? ((struct output *)arg)->fsync : NULL;
}

static void
output_open(struct output *o, const char *path, bool gzip, bool create, int behavior)
{
    const struct sink_type *type = sink_find(SLICE("file"));
    struct slice where = slice_of(path), failure = SLICE("misfits");
    int64_t none = -1, ten = 10;
    struct sink_env env = { .log = &quiet, .setting = setting, .setting_arg = o };
    struct err err = { 0 };

    o->ctx = (struct plugin_context){ .arena = &arena, .log = &quiet };
    o->codec_conf = (struct text_conf){ .delimiter = SLICE("\n") };
    o->common.codec = (struct codec_use){ codec_find(SLICE("json_lines")), &o->codec_conf, false };
    o->conf = calloc(1, type->conf_size);
    set_option(o->conf, type, "path", &where, sizeof where);
    set_option(o->conf, type, "filename_failure", &failure, sizeof failure);
    set_option(o->conf, type, "gzip", &gzip, sizeof gzip);
    set_option(o->conf, type, "create_if_deleted", &create, sizeof create);
    set_option(o->conf, type, "write_behavior", &behavior, sizeof behavior);
    set_option(o->conf, type, "dir_mode", &none, sizeof none);
    set_option(o->conf, type, "file_mode", &none, sizeof none);
    set_option(o->conf, type, "stale_cleanup_interval", &ten, sizeof ten);
    ck_assert_msg(type->prepare(o->conf, &o->ctx, &err) == 0, "%s", err.msg);
    env.common = &o->common;
    env.ctx = &o->ctx;
    o->sink = type->open(o->conf, &env, &err);
    ck_assert_msg(o->sink != NULL, "%s", err.msg);
}

static void
output_give(struct output *o, const char *const *events, size_t n)
{
    struct batch *b = batch_new(NULL);
    struct view *v = view_new(o->sink, NULL);

    for (size_t i = 0; i < n; i++)
        o->sink->type->encode(o->sink, v, event_of(b, events[i]));
    o->sink->type->finish(o->sink, v);
    view_charge(v);
    batch_recycle(&b);
    o->sink->type->give(o->sink, &v);
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

static void
on_idle(void *arg)
{
    pthread_mutex_lock(&lock);
    *(bool *)arg = true;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
}

static void
output_close(struct output *o)
{
    bool idle = false;

    o->sink->type->drain(o->sink, on_idle, &idle);
    pthread_mutex_lock(&lock);
    while (!idle)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
    o->sink->type->close(&o->sink);
    ck_assert_ptr_null(o->sink);
    free(o->conf);
}

static const char *const mixed[] = {
    "{\"x\":\"a\",\"n\":1}",     "{\"x\":\"b\",\"n\":2}", "{\"x\":\"a\",\"n\":3}",
    "{\"x\":\"../up\",\"n\":4}", "{\"x\":\"b\",\"n\":5}",
};

START_TEST(events_of_a_batch_by_path_in_their_order)
{
    struct output o = { .fsync = "true" };

    set_up();
    output_open(&o, in_dir("%{x}/log"), false, true, 0);
    output_give(&o, mixed, COUNT(mixed));
    output_give(&o, mixed, 1);
    output_close(&o);
    ck_assert_slice(content_of(in_dir("a/log")),
                    SLICE("{\"x\":\"a\",\"n\":1}\n{\"x\":\"a\",\"n\":3}\n"
                          "{\"x\":\"a\",\"n\":1}\n"));
    ck_assert_slice(content_of(in_dir("b/log")),
                    SLICE("{\"x\":\"b\",\"n\":2}\n{\"x\":\"b\",\"n\":5}\n"));
    ck_assert_slice(content_of(in_dir("misfits")), SLICE("{\"x\":\"../up\",\"n\":4}\n"));
    tear_down();
}
END_TEST

START_TEST(overwrite_keeps_the_last_event_of_the_last_batch)
{
    struct output o = { .fsync = NULL };

    set_up();
    output_open(&o, in_dir("one"), false, true, 1);
    output_give(&o, mixed, 3);
    output_give(&o, mixed, 2);
    output_close(&o);
    ck_assert_slice(content_of(in_dir("one")), SLICE("{\"x\":\"b\",\"n\":2}\n"));
    tear_down();
}
END_TEST

START_TEST(each_batch_is_a_gzip_member)
{
    struct output o = { .fsync = NULL };
    struct slice body;
    struct buf plain = { 0 };
    struct err err = { 0 };

    set_up();
    output_open(&o, in_dir("z-%{x}.gz"), true, true, 0);
    output_give(&o, mixed, 3);
    output_close(&o);
    body = content_of(in_dir("z-a.gz"));
    ck_assert_msg(gzip_plain(body, 32, &plain, &err) == 0, "%s", err.msg);
    ck_assert_slice(buf_slice(&plain), SLICE("{\"x\":\"a\",\"n\":1}\n{\"x\":\"a\",\"n\":3}\n"));
    buf_fini(&plain);
    tear_down();
}
END_TEST

START_TEST(without_create_a_missing_file_sends_events_to_the_failure_file)
{
    struct output o = { .fsync = NULL };

    set_up();
    output_open(&o, in_dir("%{x}"), false, false, 0);
    fclose(fopen(in_dir("a"), "w"));
    output_give(&o, mixed, 2);
    output_close(&o);
    ck_assert_slice(content_of(in_dir("a")), SLICE("{\"x\":\"a\",\"n\":1}\n"));
    ck_assert_slice(content_of(in_dir("b")), SLICE("(none)"));
    ck_assert_slice(content_of(in_dir("misfits")), SLICE("{\"x\":\"b\",\"n\":2}\n"));
    tear_down();
}
END_TEST

START_TEST(many_paths_in_one_batch)
{
    struct output o = { .fsync = NULL };
    const char **events;

    set_up();
    events = arena_alloc(&arena, 3000 * sizeof *events);
    for (int i = 0; i < 3000; i++)
        events[i] =
            arena_cstr(&arena, arena_printf(&arena, "{\"x\":\"f%d\",\"n\":%d}", i % 500, i));
    output_open(&o, in_dir("%{x}"), false, true, 0);
    output_give(&o, events, 3000);
    output_close(&o);
    ck_assert_slice(content_of(in_dir("f499")),
                    SLICE("{\"x\":\"f499\",\"n\":499}\n{\"x\":\"f499\",\"n\":999}\n"
                          "{\"x\":\"f499\",\"n\":1499}\n{\"x\":\"f499\",\"n\":1999}\n"
                          "{\"x\":\"f499\",\"n\":2499}\n{\"x\":\"f499\",\"n\":2999}\n"));
    tear_down();
}
END_TEST

/* What cannot be written is neither settled nor lost: it waits until the sink is closed. */
START_TEST(a_full_disk_keeps_events)
{
    struct output o = { .fsync = NULL };
    const struct timespec pause = { 0, 1000000 };

    set_up();
    output_open(&o, "/dev/full", false, true, 0);
    output_give(&o, mixed, 1);
    for (int i = 0; i < 5000 && atomic_load(&o.sink->stats.failures) == 0; i++)
        nanosleep(&pause, NULL);
    ck_assert_uint_ge(atomic_load(&o.sink->stats.failures), 1);
    ck_assert_uint_eq(atomic_load(&o.sink->stats.done), 0);
    o.sink->type->close(&o.sink);
    free(o.conf);
    tear_down();
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_loop_test(tc, where_events_go, 0, (int)COUNT(paths));
    tcase_add_test(tc, names_that_no_system_takes);
    tcase_add_test(tc, directories_are_made_and_modes_are_kept);
    tcase_add_test(tc, a_deleted_file_is_made_anew);
    tcase_add_test(tc, a_write_goes_on_where_it_stopped);
    tcase_add_test(tc, a_torn_last_line_stays_a_line_of_its_own);
    tcase_add_test(tc, a_full_disk_is_an_error_that_says_so);
    tcase_add_test(tc, unused_files_are_closed);
    tcase_add_test(tc, senders_cannot_open_files_without_end);
    tcase_add_test(tc, events_of_a_batch_by_path_in_their_order);
    tcase_add_test(tc, overwrite_keeps_the_last_event_of_the_last_batch);
    tcase_add_test(tc, each_batch_is_a_gzip_member);
    tcase_add_test(tc, without_create_a_missing_file_sends_events_to_the_failure_file);
    tcase_add_test(tc, many_paths_in_one_batch);
    tcase_add_test(tc, a_full_disk_keeps_events);
}

UNIT_MAIN("file")
