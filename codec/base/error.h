/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Errors of data and of the world; our own bugs are ASSERTs.
 *
 * A function that can fail takes `struct err *` last, fills it, and returns -1 (or a status).
 * The caller that knows the context logs it, once. Codes of Lumberjack errors have the names of
 * reference/lumberjack-and-beats-input.md, section 8. */
#ifndef CODEC_BASE_ERROR_H
#define CODEC_BASE_ERROR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum err_code {
    ERR_NONE = 0,
    ERR_PROTOCOL, /* the peer broke a rule that has no code of its own */
    ERR_LIMIT,    /* a length or count over its limit */
    ERR_CONFIG,   /* the operator's text */
    ERR_IO,       /* system call; msg has errno's text where it helps */
    ERR_PARSE,    /* bytes that are not what they should be */
    ERR_RANGE,    /* index or number out of range */
    ERR_TYPE,     /* a value of the wrong type */
    /* Lumberjack, in the order of the reference. */
    ERR_BAD_VERSION,
    ERR_BAD_FRAME_TYPE,
    ERR_WINDOW_NOT_COMPLETE,
    ERR_WINDOW_TOO_LARGE,
    ERR_DATA_BEFORE_WINDOW,
    ERR_INVALID_LENGTH,
    ERR_FRAME_TOO_LARGE,
    ERR_INVALID_PAIR_COUNT,
    ERR_TOO_MANY_PAIRS,
    ERR_BAD_ZLIB,
    ERR_DECOMPRESSED_TOO_LARGE,
    ERR_TRUNCATED_IN_COMPRESSED,
    ERR_NESTED_COMPRESSED,
    ERR_INVALID_JSON,
    ERR_JSON_NOT_OBJECT,
    ERR_JSON_TOO_DEEP,
    ERR_INVALID_UTF8,
    ERR_EOF_MID_FRAME,
    ERR_EOF_MID_WINDOW,
    ERR_CODES
};

#define ERR_MSG 512

struct err {
    enum err_code code;
    uint64_t pos; /* byte offset in what was parsed, where that makes sense */
    char msg[ERR_MSG];
};

/* Always -1, for `return err_set(...)`. err may be NULL. A longer message is cut. */
int err_set(struct err *err, enum err_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The same with ": " and errno's text behind the message. */
int err_errno(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Puts "text: " in front of the message. Always -1. */
int err_prefix(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* "bad_zlib" for ERR_BAD_ZLIB; static text. */
const char *err_name(enum err_code code);

_Noreturn void assert_failed(const char *file, int line, const char *what);

/* Stay on in release: for what we control, never for input, the peer, the disk or the clock. */
#define ASSERT(cond)     ((cond) ? (void)0 : assert_failed(__FILE__, __LINE__, #cond))
#define UNREACHABLE(why) assert_failed(__FILE__, __LINE__, "unreachable: " why)

/* Never NULL: they abort when the system has no memory. For sizes that we chose or have checked. */
void *xmalloc(size_t bytes);
void *xcalloc(size_t count, size_t bytes);
void *xrealloc(void *p, size_t bytes);
char *xstrdup(const char *text);
/* NUL-terminated copy of n bytes. */
char *xstrndup(const char *text, size_t n);

#endif
