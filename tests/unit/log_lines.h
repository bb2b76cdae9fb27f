/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The log of a test, kept as text: "WARN message\n", parameters left out. Any thread writes. */
#ifndef TESTS_UNIT_LOG_LINES_H
#define TESTS_UNIT_LOG_LINES_H

#include "codec/base/log.h"

/* From now on, empty. */
void log_lines_start(void);
void log_lines_stop(void);
void log_lines_clear(void);
void log_lines_add(enum log_level level, const char *message);
/* All of it; stable while nobody logs. */
const char *log_lines(void);
/* The end of it, for messages. */
const char *log_lines_tail(void);
/* How often the text occurs. */
unsigned log_lines_count(const char *part);

#endif
