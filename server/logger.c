/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/logger.h"

#include "codec/base/thread.h"
#include "codec/json_write.h"
#include "codec/number.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define WAITING_MOST ((size_t)1 << 20)

struct logger {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t some;
    struct buf waiting;
    uint64_t dropped;
    int fd;
    enum log_format format;
    bool stopped;
};

/* ---- lines ---- */

static bool
is_identifier(const char *key)
{
    for (const char *p = key; *p != '\0'; p++)
        if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || *p == '_' ||
              (p > key && *p >= '0' && *p <= '9')))
            return false;
    return true;
}

static void
put_real(double d, struct buf *out)
{
    char text[NUMBER_TEXT];

    buf_append(out, (struct slice){ text, number_print_double(d, text) });
}

static void
put_value(const struct log_param *p, struct buf *out)
{
    switch (p->kind) {
    case LOG_KIND_TEXT: json_write_string(p->text, out); return;
    case LOG_KIND_INT: buf_int(out, p->number); return;
    case LOG_KIND_DOUBLE: put_real(p->real, out); return;
    case LOG_KIND_BOOL: buf_append(out, p->number ? SLICE("true") : SLICE("false")); return;
    case LOG_KIND_LIST:
        buf_byte(out, '[');
        for (size_t i = 0; i < p->list_n; i++) {
            if (i > 0)
                buf_append(out, SLICE(", "));
            json_write_string(p->list[i], out);
        }
        buf_byte(out, ']');
        return;
    }
}

/* As Ruby prints a hash since 3.4: {name: 1, "a.b" => 2}. */
static void
put_params(const struct log_param *params, size_t n, struct buf *out)
{
    buf_append(out, SLICE(" {"));
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            buf_append(out, SLICE(", "));
        if (is_identifier(params[i].key))
            buf_printf(out, "%s: ", params[i].key);
        else
            buf_printf(out, "\"%s\" => ", params[i].key);
        put_value(&params[i], out);
    }
    buf_byte(out, '}');
}

static void
put_plain(const struct log *log, enum log_level level, struct slice message,
          const struct log_param *params, size_t n, uint64_t time_ms, struct buf *out)
{
    time_t sec = (time_t)(time_ms / 1000);
    struct tm tm;
    char when[32];

    localtime_r(&sec, &tm);
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%S", &tm);
    buf_printf(out, "[%s,%03u][%-5s][%-25s]", when, (unsigned)(time_ms % 1000),
               log_level_name(level), log->logger);
    if (log->pipeline != NULL)
        buf_printf(out, "[%s]", log->pipeline);
    if (log->plugin != NULL)
        buf_printf(out, "[%s]", log->plugin);
    buf_byte(out, ' ');
    buf_append(out, message);
    if (n > 0)
        put_params(params, n, out);
}

static void
put_member(const char *key, struct slice text, struct buf *out)
{
    buf_printf(out, ",\"%s\":", key);
    json_write_string(text, out);
}

static void
put_json(const struct log *log, enum log_level level, struct slice message,
         const struct log_param *params, size_t n, uint64_t time_ms, struct buf *out)
{
    char thread[16] = "main";

    pthread_getname_np(pthread_self(), thread, sizeof thread);
    buf_printf(out, "{\"level\":\"%s\",\"loggerName\":\"%s\",\"timeMillis\":%llu",
               log_level_name(level), log->logger, (unsigned long long)time_ms);
    put_member("thread", slice_of(thread), out);
    if (log->pipeline != NULL)
        put_member("pipeline.id", slice_of(log->pipeline), out);
    if (log->plugin != NULL)
        put_member("plugin.id", slice_of(log->plugin), out);
    buf_append(out, SLICE(",\"logEvent\":{\"message\":"));
    json_write_string(message, out);
    for (size_t i = 0; i < n; i++) {
        bool clash = strcmp(params[i].key, "message") == 0;

        buf_printf(out, ",\"%s\":", clash ? "message_1" : params[i].key);
        put_value(&params[i], out);
    }
    buf_append(out, SLICE("}}"));
}

void
logger_format(enum log_format format, const struct log *log, enum log_level level,
              struct slice message, const struct log_param *params, size_t n, uint64_t time_ms,
              struct buf *out)
{
    if (format == LOG_JSON)
        put_json(log, level, message, params, n, time_ms, out);
    else
        put_plain(log, level, message, params, n, time_ms, out);
}

/* ---- the thread ---- */

static uint64_t
wall_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_REALTIME, &ts);
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void
handle(void *ctx, const struct log *log, enum log_level level, struct slice message,
       const struct log_param *params, size_t n)
{
    struct logger *l = ctx;
    struct buf line = { 0 };

    logger_format(l->format, log, level, message, params, n, wall_ms(), &line);
    buf_byte(&line, '\n');
    pthread_mutex_lock(&l->lock);
    if (l->waiting.n + line.n > WAITING_MOST) {
        l->dropped++;
    } else {
        buf_append(&l->waiting, buf_slice(&line));
        pthread_cond_signal(&l->some);
    }
    pthread_mutex_unlock(&l->lock);
    buf_fini(&line);
}

static void
write_all(int fd, struct slice s)
{
    while (s.n > 0) {
        ssize_t n = write(fd, s.p, s.n);

        if (n < 0 && errno != EINTR)
            return; /* nowhere to say it */
        if (n > 0) {
            s.p += n;
            s.n -= (size_t)n;
        }
    }
}

static void
note_dropped(struct logger *l, uint64_t dropped, struct buf *out)
{
    static const struct log self = { .logger = "logstash.logger" };
    struct buf text = { 0 };

    if (dropped == 0)
        return;
    buf_printf(&text, "%llu log lines were dropped: they came faster than they could be written",
               (unsigned long long)dropped);
    logger_format(l->format, &self, LOG_WARN, buf_slice(&text), NULL, 0, wall_ms(), out);
    buf_byte(out, '\n');
    buf_fini(&text);
}

static void *
run(void *arg)
{
    struct logger *l = arg;
    bool last = false;

    while (!last) {
        struct buf out;
        uint64_t dropped;

        pthread_mutex_lock(&l->lock);
        while (l->waiting.n == 0 && !l->stopped)
            pthread_cond_wait(&l->some, &l->lock);
        out = l->waiting;
        l->waiting = (struct buf){ 0 };
        dropped = l->dropped;
        l->dropped = 0;
        last = l->stopped;
        pthread_mutex_unlock(&l->lock);
        note_dropped(l, dropped, &out);
        write_all(l->fd, buf_slice(&out));
        buf_fini(&out);
    }
    return NULL;
}

struct logger *
logger_start(int fd, enum log_format format, struct err *err)
{
    struct logger *l = xcalloc(1, sizeof *l);

    l->fd = fd;
    l->format = format;
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->some, NULL);
    if (thread_start(&l->thread, "log", run, l, err) < 0) {
        pthread_cond_destroy(&l->some);
        pthread_mutex_destroy(&l->lock);
        free(l);
        return NULL;
    }
    log_set_handler(handle, l);
    return l;
}

void
logger_stop(struct logger **l)
{
    struct logger *gone = *l;

    if (gone == NULL)
        return;
    log_set_handler(NULL, NULL);
    pthread_mutex_lock(&gone->lock);
    gone->stopped = true;
    pthread_cond_signal(&gone->some);
    pthread_mutex_unlock(&gone->lock);
    pthread_join(gone->thread, NULL);
    pthread_cond_destroy(&gone->some);
    pthread_mutex_destroy(&gone->lock);
    buf_fini(&gone->waiting);
    free(gone);
    *l = NULL;
}
