/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The command line: Logstash's flags, and every key of headrig.yml as a flag
 * (reference/runtime.md 1, 3.1). Flags become settings; the rest of the program asks those. */
#ifndef SERVER_COMMAND_H
#define SERVER_COMMAND_H

#include "codec/base/buf.h"
#include "server/settings.h"

struct command {
    const char *path_settings; /* NULL: not given */
    bool version, help;
    const char *help_topic; /* --help <plugin> */
    const char *format;     /* --format: text, json; for -t */
};

/* -1: *err has the reason, to be printed behind "ERROR: " with the usage. */
int command_parse(int argc, char **argv, struct settings *s, struct command *out, struct err *err);
void command_usage(struct buf *out); /* one line for each flag */

#endif
