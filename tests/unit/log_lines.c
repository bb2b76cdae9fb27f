/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/log_lines.h"

#include <pthread.h>
#include <stdio.h>

#define TAIL 2000

static char lines[1 << 18];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void
log_lines_add(enum log_level level, const char *message)
{
    size_t used;

    pthread_mutex_lock(&lock);
    used = strlen(lines);
    snprintf(lines + used, sizeof lines - used, "%s %s\n", log_level_name(level), message);
    pthread_mutex_unlock(&lock);
}

static void
on_log(void *unused, const struct log *log, enum log_level level, struct slice message,
       const struct log_param *params, size_t n)
{
    char text[4096];

    (void)unused;
    (void)log;
    (void)params;
    (void)n;
    snprintf(text, sizeof text, "%.*s", SLICE_ARGS(message));
    log_lines_add(level, text);
}

void
log_lines_clear(void)
{
    pthread_mutex_lock(&lock);
    lines[0] = '\0';
    pthread_mutex_unlock(&lock);
}

void
log_lines_start(void)
{
    log_lines_clear();
    log_set_handler(on_log, NULL);
}

void
log_lines_stop(void)
{
    log_set_handler(NULL, NULL);
}

const char *
log_lines(void)
{
    return lines;
}

const char *
log_lines_tail(void)
{
    size_t n = strlen(lines);

    return n > TAIL ? lines + n - TAIL : lines;
}

unsigned
log_lines_count(const char *part)
{
    unsigned n = 0;

    pthread_mutex_lock(&lock);
    for (const char *at = lines; (at = strstr(at, part)) != NULL; at++)
        n++;
    pthread_mutex_unlock(&lock);
    return n;
}
