/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "codec/base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[ERR_CODES] = {
    [ERR_NONE] = "none",
    [ERR_PROTOCOL] = "protocol",
    [ERR_LIMIT] = "limit",
    [ERR_CONFIG] = "config",
    [ERR_IO] = "io",
    [ERR_PARSE] = "parse",
    [ERR_RANGE] = "range",
    [ERR_TYPE] = "type",
    [ERR_BAD_VERSION] = "bad_version",
    [ERR_BAD_FRAME_TYPE] = "bad_frame_type",
    [ERR_WINDOW_NOT_COMPLETE] = "window_not_complete",
    [ERR_WINDOW_TOO_LARGE] = "window_too_large",
    [ERR_DATA_BEFORE_WINDOW] = "data_before_window",
    [ERR_INVALID_LENGTH] = "invalid_length",
    [ERR_FRAME_TOO_LARGE] = "frame_too_large",
    [ERR_INVALID_PAIR_COUNT] = "invalid_pair_count",
    [ERR_TOO_MANY_PAIRS] = "too_many_pairs",
    [ERR_BAD_ZLIB] = "bad_zlib",
    [ERR_DECOMPRESSED_TOO_LARGE] = "decompressed_too_large",
    [ERR_TRUNCATED_IN_COMPRESSED] = "truncated_in_compressed",
    [ERR_NESTED_COMPRESSED] = "nested_compressed",
    [ERR_INVALID_JSON] = "invalid_json",
    [ERR_JSON_NOT_OBJECT] = "json_not_object",
    [ERR_JSON_TOO_DEEP] = "json_too_deep",
    [ERR_INVALID_UTF8] = "invalid_utf8",
    [ERR_EOF_MID_FRAME] = "eof_mid_frame",
    [ERR_EOF_MID_WINDOW] = "eof_mid_window",
};

const char *
err_name(enum err_code code)
{
    return names[code];
}

int
err_set(struct err *err, enum err_code code, const char *fmt, ...)
{
    va_list ap;

    if (err == NULL)
        return -1;
    err->code = code;
    va_start(ap, fmt);
    vsnprintf(err->msg, sizeof err->msg, fmt, ap);
    va_end(ap);
    return -1;
}

int
err_errno(struct err *err, const char *fmt, ...)
{
    int saved = errno;
    size_t used;
    va_list ap;

    if (err == NULL)
        return -1;
    err->code = ERR_IO;
    va_start(ap, fmt);
    vsnprintf(err->msg, sizeof err->msg, fmt, ap);
    va_end(ap);
    used = strlen(err->msg);
    snprintf(err->msg + used, sizeof err->msg - used, ": %s", strerror(saved));
    return -1;
}

int
err_prefix(struct err *err, const char *fmt, ...)
{
    char text[ERR_MSG];
    size_t n, room;
    va_list ap;

    if (err == NULL)
        return -1;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    n = strlen(text);
    if (n > ERR_MSG - 3)
        n = ERR_MSG - 3;
    room = ERR_MSG - 1 - (n + 2);
    if (strlen(err->msg) > room)
        err->msg[room] = '\0';
    memmove(err->msg + n + 2, err->msg, strlen(err->msg) + 1);
    memcpy(err->msg, text, n);
    memcpy(err->msg + n, ": ", 2);
    return -1;
}

_Noreturn void
assert_failed(const char *file, int line, const char *what)
{
    fprintf(stderr, "headrig: %s:%d: assertion failed: %s\n", file, line, what);
    abort();
}

static void *
or_abort(void *p, size_t bytes)
{
    if (p == NULL && bytes > 0) {
        fprintf(stderr, "headrig: out of memory, %zu bytes wanted\n", bytes);
        abort();
    }
    return p;
}

void *
xmalloc(size_t bytes)
{
    return or_abort(malloc(bytes), bytes);
}

void *
xcalloc(size_t count, size_t bytes)
{
    return or_abort(calloc(count, bytes), count > 0 ? bytes : 0);
}

void *
xrealloc(void *p, size_t bytes)
{
    return or_abort(realloc(p, bytes), bytes);
}

char *
xstrdup(const char *text)
{
    return xstrndup(text, strlen(text));
}

char *
xstrndup(const char *text, size_t n)
{
    char *copy = xmalloc(n + 1);

    if (n > 0)
        memcpy(copy, text, n);
    copy[n] = '\0';
    return copy;
}
