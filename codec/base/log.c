/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "codec/base/log.h"

#include "codec/base/buf.h"

#include <stdatomic.h>
#include <stdio.h>

static const char *const level_names[] = { "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL" };

static log_handler_fn *handler;
static void *handler_ctx;
static atomic_int wanted = LOG_INFO;

static void
to_stderr(void *ctx, const struct log *log, enum log_level level, struct slice message,
          const struct log_param *params, size_t n)
{
    (void)ctx;
    (void)params;
    (void)n;
    fprintf(stderr, "[%s][%s] %.*s\n", level_names[level], log->logger, SLICE_ARGS(message));
}

void
log_set_handler(log_handler_fn *fn, void *ctx)
{
    handler = fn;
    handler_ctx = ctx;
}

void
log_set_level(enum log_level level)
{
    atomic_store_explicit(&wanted, (int)level, memory_order_relaxed);
}

bool
log_wanted(enum log_level level)
{
    return (int)level >= atomic_load_explicit(&wanted, memory_order_relaxed);
}

static void __attribute__((format(printf, 5, 0)))
put(const struct log *log, enum log_level level, const struct log_param *params, size_t n,
    const char *fmt, va_list ap)
{
    struct buf b = { 0 };

    if (!log_wanted(level))
        return;
    if (log->prefix != NULL)
        buf_printf(&b, "[%s] ", log->prefix);
    buf_vprintf(&b, fmt, ap);
    (handler != NULL ? handler : to_stderr)(handler_ctx, log, level, buf_slice(&b), params, n);
    buf_fini(&b);
}

void
log_line(const struct log *log, enum log_level level, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    put(log, level, NULL, 0, fmt, ap);
    va_end(ap);
}

void
log_params(const struct log *log, enum log_level level, const struct log_param *params, size_t n,
           const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    put(log, level, params, n, fmt, ap);
    va_end(ap);
}

const char *
log_escape(struct slice s, char *out, size_t max)
{
    size_t used = 0;

    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        bool plain = c >= 0x20 && c < 0x7f && c != '"' && c != '\\';

        if (used + (plain ? 1 : 4) + 4 > max) {
            used += (size_t)snprintf(out + used, max - used, "...");
            break;
        }
        if (plain)
            out[used++] = (char)c;
        else
            used += (size_t)snprintf(out + used, max - used, "\\x%02x", c);
    }
    out[used] = '\0';
    return out;
}

bool
log_throttle_pass(struct log_throttle *t, uint64_t now_ms, uint64_t interval_ms,
                  uint64_t *swallowed)
{
    if (now_ms < t->next_ms) {
        t->swallowed++;
        return false;
    }
    *swallowed = t->swallowed;
    t->swallowed = 0;
    t->next_ms = now_ms + interval_ms;
    return true;
}

const char *
log_level_name(enum log_level level)
{
    return level_names[level];
}

bool
log_level_parse(struct slice name, enum log_level *out)
{
    for (size_t i = 0; i < COUNT(level_names); i++) {
        if (slice_eq_nocase(name, slice_of(level_names[i]))) {
            *out = (enum log_level)i;
            return true;
        }
    }
    return false;
}
