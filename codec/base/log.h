/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Log lines: levels, context, parameters, and a throttle for repeats.
 *
 * log_line() formats nothing but the message; a handler, set once at start, writes the line in
 * Logstash's plain or JSON form (server/logger.c). Callee returns, caller logs: a message is
 * written where the context (connection, plugin) is known. Any thread. */
#ifndef CODEC_BASE_LOG_H
#define CODEC_BASE_LOG_H

#include "codec/base/slice.h"

enum log_level { LOG_TRACE, LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_FATAL };

/* Who speaks. Lives as long as what it describes. */
struct log {
    const char *logger;   /* "logstash.runner", "logstash.inputs.beats" */
    const char *pipeline; /* NULL: none */
    const char *plugin;   /* plugin id; NULL: none */
    const char *prefix;   /* "10.0.0.7:51344" put in brackets before the message; NULL: none */
};

enum log_kind { LOG_KIND_TEXT, LOG_KIND_INT, LOG_KIND_DOUBLE, LOG_KIND_BOOL, LOG_KIND_LIST };

/* A parameter: printed behind the message, a key of its own in JSON. */
struct log_param {
    const char *key;
    enum log_kind kind;
    struct slice text;
    const struct slice *list; /* LOG_KIND_LIST */
    size_t list_n;
    int64_t number;
    double real;
};

#define LOG_TEXT(k, s)                                 \
    {                                                  \
        .key = (k), .kind = LOG_KIND_TEXT, .text = (s) \
    }
#define LOG_INT(k, v)                                            \
    {                                                            \
        .key = (k), .kind = LOG_KIND_INT, .number = (int64_t)(v) \
    }
#define LOG_REAL(k, v)                                   \
    {                                                    \
        .key = (k), .kind = LOG_KIND_DOUBLE, .real = (v) \
    }
#define LOG_BOOL(k, v)                                   \
    {                                                    \
        .key = (k), .kind = LOG_KIND_BOOL, .number = (v) \
    }
#define LOG_LIST(k, a, count)                                             \
    {                                                                     \
        .key = (k), .kind = LOG_KIND_LIST, .list = (a), .list_n = (count) \
    }

/* Called with a complete message on the thread that logs; must not block. */
typedef void log_handler_fn(void *ctx, const struct log *log, enum log_level level,
                            struct slice message, const struct log_param *params, size_t n);

/* NULL: lines go to standard error, plain. Set before threads start. */
void log_set_handler(log_handler_fn *handler, void *ctx);
void log_set_level(enum log_level level);
bool log_wanted(enum log_level level);

void log_line(const struct log *log, enum log_level level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* With parameters, in order. */
void log_params(const struct log *log, enum log_level level, const struct log_param *params,
                size_t n, const char *fmt, ...) __attribute__((format(printf, 5, 6)));

#define log_debug(log, ...) \
    (log_wanted(LOG_DEBUG) ? log_line(log, LOG_DEBUG, __VA_ARGS__) : (void)0)
#define log_info(log, ...)  log_line(log, LOG_INFO, __VA_ARGS__)
#define log_warn(log, ...)  log_line(log, LOG_WARN, __VA_ARGS__)
#define log_error(log, ...) log_line(log, LOG_ERROR, __VA_ARGS__)
#define log_fatal(log, ...) log_line(log, LOG_FATAL, __VA_ARGS__)

/* Peer bytes made fit for a line: controls, quotes and bad UTF-8 escaped, cut at max bytes. Writes
 * into out, NUL-terminated; returns out. */
const char *log_escape(struct slice s, char *out, size_t max);

/* One line an interval; the next one allowed says how many were swallowed. Zero-initialised. One
 * thread, or under the caller's lock. */
struct log_throttle {
    uint64_t next_ms;
    uint64_t swallowed;
};

/* True: log now; *swallowed is how many were not logged since the last. */
bool log_throttle_pass(struct log_throttle *t, uint64_t now_ms, uint64_t interval_ms,
                       uint64_t *swallowed);

const char *log_level_name(enum log_level level);             /* "INFO" */
bool log_level_parse(struct slice name, enum log_level *out); /* "info" */

#endif
