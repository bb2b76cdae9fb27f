/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Settings: logstash.yml, headrig.yml and flags, checked against one table of rows.
 *
 * Command line beats file, file beats default. Values are kept checked and normalised: bytes and
 * numbers as digits, times as milliseconds, booleans as true or false, lists separated by commas.
 * All problems of a run are findings, each with file, line and the nearest known name. Built on
 * the main thread, const afterwards. Source: reference/runtime.md 2, 3. */
#ifndef SERVER_SETTINGS_H
#define SERVER_SETTINGS_H

#include "codec/base/arena.h"
#include "codec/base/error.h"

enum setting_kind {
    SETTING_TEXT,
    SETTING_PASSWORD,
    SETTING_BOOL,
    SETTING_INT,      /* digits, may be negative */
    SETTING_POSITIVE, /* 1 or more */
    SETTING_COUNT,    /* 0 or more */
    SETTING_BYTES,    /* units are powers of 1024 */
    SETTING_TIME,     /* with a unit; kept as milliseconds; -1: off */
    SETTING_ENUM,
    SETTING_PORTS, /* one port, or a-b */
    SETTING_LIST,
    SETTING_NETWORKS /* a list of addresses and networks (10.0.0.0/8) */
};

enum setting_state {
    SETTING_WORKS,
    SETTING_LATER,   /* known, not built yet: one WARN when it is set to something else */
    SETTING_IGNORED, /* has no meaning here: one INFO when it is set */
    SETTING_REMOVED  /* of older releases, still found in files: one WARN */
};

enum setting_file { LOGSTASH_YML, HEADRIG_YML };

struct setting_row {
    const char *name;
    const char *dflt; /* normalised; NULL: none */
    const char *const *choices;
    const char *note;
    int64_t least; /* SETTING_BYTES: what is less, but not 0, is refused */
    enum setting_kind kind;
    enum setting_state state;
    enum setting_file file;
    bool plugin; /* <type>.<option>; plugin.<id>.<option> wins */
};

struct settings;

/* Where a problem is: "logstash.yml:3", "--pipeline.workers". */
struct setting_problem {
    const char *where;
    const char *text;
    bool error; /* else a warning */
    bool info;
};

struct settings *settings_new(void);
void settings_free(struct settings **s);

/* A flag or -S: highest rank. origin is for messages ("--pipeline.workers"). */
void settings_set(struct settings *s, struct slice key, struct slice value, const char *origin);
/* True when key names a setting of ours or of Logstash, or a plugin setting. */
bool settings_known(struct slice key);
/* Reads <dir>/logstash.yml and <dir>/headrig.yml. -1 with *err for a file that is no YAML map (one
 * message with file and line). A missing headrig.yml is normal; *missing tells of logstash.yml. */
int settings_load(struct settings *s, const char *dir, bool *missing, struct err *err);
/* Replaces ${NAME}, checks and normalises everything that is set. Problems in order. */
const struct setting_problem *settings_check(struct settings *s, size_t *n);

/* One value for a setting of logstash.yml that stands elsewhere (pipelines.yml): variables
 * replaced, checked, normalised into the arena. */
int settings_value(struct arena *a, const char *name, struct slice value, const char **out,
                   struct err *err);
/* The normalised text, the default when not set; NULL when there is neither. */
const char *settings_get(const struct settings *s, const char *name);
bool settings_is_set(const struct settings *s, const char *name);
bool settings_bool(const struct settings *s, const char *name);
int64_t settings_int(const struct settings *s, const char *name);
/* plugin.<id>.<option>, else <type>.<option>, else the default of that row; NULL: none. */
const char *settings_plugin(const struct settings *s, const char *type, const char *id,
                            const char *option);
/* Ids of plugin.<id>.<option> settings that are in use, for the check against running pipelines. */
size_t settings_plugin_ids(const struct settings *s, const char **ids, size_t room);

/* Value of ${NAME} in the environment; NULL: not defined. For config text too. */
const char *settings_env(void *unused, struct slice name);

extern const struct setting_row setting_rows[];

#endif
