/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The log writer: lines in Logstash's plain or JSON form, written to standard error by one thread
 * (reference/runtime.md 13). Whoever logs only formats and appends to a bounded buffer; what does
 * not fit is counted and the count is logged. */
#ifndef SERVER_LOGGER_H
#define SERVER_LOGGER_H

#include "codec/base/buf.h"
#include "codec/base/error.h"
#include "codec/base/log.h"

enum log_format { LOG_PLAIN, LOG_JSON };

struct logger;

/* Becomes the process's log handler. Before other threads start. */
struct logger *logger_start(int fd, enum log_format format, struct err *err);
/* Writes what is left and ends the thread; afterwards lines go to standard error directly. */
void logger_stop(struct logger **l);

/* The line without its newline, for tests. */
void logger_format(enum log_format format, const struct log *log, enum log_level level,
                   struct slice message, const struct log_param *params, size_t n, uint64_t time_ms,
                   struct buf *out);

#endif
