/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Options: rows that describe them, and the reader that fills a plugin's struct from config values.
 *
 * A row is the only description of an option: type, default, range, help and state come from it,
 * for parsing, errors, `--help` and the reference page (config-language.md 9). Values arrive as
 * the parser merged them; everything that is built lives in the plan's arena. */
#ifndef CODEC_OPTION_H
#define CODEC_OPTION_H

#include "codec/base/arena.h"
#include "codec/base/error.h"
#include "codec/fieldref.h"

/* ---- values as the config has them ---- */

/* Where something stands: file is an index into the config's list of sources. */
struct config_pos {
    uint32_t file, line, column; /* line and column from 1, in characters; line 0: nowhere */
};

enum opt_kind { OV_STRING, OV_BAREWORD, OV_INT, OV_DOUBLE, OV_LIST, OV_HASH, OV_PLUGIN };

struct opt_value {
    enum opt_kind kind;
    struct config_pos pos;
    struct slice text; /* strings and barewords: the value; numbers: as written */
    int64_t number;
    double real;
    struct opt_value *list; /* OV_LIST: n members */
    struct opt_pair *pairs; /* OV_HASH: n entries, in order */
    size_t n;
    struct opt_plugin *plugin; /* OV_PLUGIN: a nested block, always a codec */
};

struct opt_pair {
    struct slice key;
    struct config_pos pos; /* of the key */
    struct opt_value value;
};

/* A plugin block: its name and its options after merging (config-language.md 4). */
struct opt_plugin {
    struct slice name;
    struct config_pos pos;
    struct opt_pair *options;
    size_t n;
};

/* ---- what a plugin's struct holds ---- */

struct opt_list {
    struct slice *at;
    size_t n;
    bool given;
};

struct opt_fieldrefs {
    struct fieldref *at;
    size_t n;
    bool given;
};

struct template;
struct opt_templates {
    struct template **at;
    size_t n;
    bool given;
};

/* The entries as written; plugins compile what they need from it in prepare. */
struct opt_hash {
    struct opt_pair *at;
    size_t n;
    bool given;
};

struct codec_type;
/* A codec with its options; type NULL: the default of the plugin was not overridden. */
struct codec_use {
    const struct codec_type *type;
    void *conf;
    bool given; /* by the operator */
};

/* ---- rows ---- */

enum option_type {
    OPTION_END,
    OPTION_STRING,   /* struct slice; p NULL when absent */
    OPTION_PASSWORD, /* struct slice, never shown */
    OPTION_PATH,     /* struct slice, must exist */
    OPTION_URI,      /* struct slice */
    OPTION_INT,      /* int64_t */
    OPTION_NUMBER,   /* double */
    OPTION_BOOL,     /* bool */
    OPTION_BYTES,    /* uint64_t */
    OPTION_ENUM,     /* int, index into choices; -1 when absent without default */
    OPTION_FIELDREF, /* struct fieldref; text.p NULL when absent */
    OPTION_TEMPLATE, /* struct template *; NULL when absent */
    OPTION_LIST,     /* struct opt_list: list of strings (type array) */
    OPTION_PATHS,    /* struct opt_list */
    OPTION_URIS,     /* struct opt_list; each text split at spaces */
    OPTION_FIELDREFS,
    OPTION_TEMPLATES,
    OPTION_HASH,    /* struct opt_hash */
    OPTION_CODEC,   /* struct codec_use */
    OPTION_ANY,     /* const struct opt_value *; NULL when absent */
    OPTION_STRINGS, /* struct opt_list: list of string; a hash is no string */
    OPTION_NUMBERS, /* const struct opt_value *, an OV_LIST of numbers; NULL when absent */
    OPTION_SHA256,  /* struct slice: 64 hex digits, upper case */
    OPTION_SHA256S, /* struct opt_list */
    OPTION_NONE     /* no field: a row that is only accepted, refused, or renamed */
};

enum option_state {
    OPTION_WORKS,
    OPTION_IGNORED,    /* accepted without effect, one INFO (JVM, Netty); note says why */
    OPTION_LATER,      /* accepted, one WARN: not built yet */
    OPTION_REFUSED,    /* known, not supported: an error; note says what to write instead */
    OPTION_OBSOLETE,   /* an error as in Logstash; note is the hint */
    OPTION_DEPRECATED, /* works, one deprecation line; note is the hint */
    /* As LATER and REFUSED, said by the plugin's prepare: it depends on the value, or comes after
     * Logstash's own checks. */
    OPTION_LATER_SAID,
    OPTION_REFUSED_SAID
};

struct buf;

/* What to write instead of an obsolete option with that value; nothing: the note will do. */
typedef void option_instead_fn(const struct opt_plugin *given, const struct opt_value *value,
                               struct buf *out);

struct option {
    const char *name;
    enum option_type type;
    size_t at;        /* in the plugin's struct */
    const char *dflt; /* as the operator would write it; lists separated by commas; NULL: none */
    const char *const *choices; /* OPTION_ENUM (and LIST of choices), ends with NULL */
    int64_t min, max;           /* both 0: no range */
    const char *help;
    const char *note;
    option_instead_fn *instead; /* OPTION_OBSOLETE; NULL: the note */
    enum option_state state;
    bool required;
};

#define OPT_FIELD_(T, f, ctype) \
    .at = offsetof(T, f) + 0 * sizeof(char[_Generic(((T *)0)->f, ctype : 1)])
#define OPT_AS(T, f, nm, ctype, otype, ...)                             \
    {                                                                   \
        .name = nm, .type = otype, OPT_FIELD_(T, f, ctype), __VA_ARGS__ \
    }

#define OPT_STR(T, f, ...)      OPT_AS(T, f, #f, struct slice, OPTION_STRING, __VA_ARGS__)
#define OPT_PASSWORD(T, f, ...) OPT_AS(T, f, #f, struct slice, OPTION_PASSWORD, __VA_ARGS__)
#define OPT_PATH(T, f, ...)     OPT_AS(T, f, #f, struct slice, OPTION_PATH, __VA_ARGS__)
#define OPT_URI(T, f, ...)      OPT_AS(T, f, #f, struct slice, OPTION_URI, __VA_ARGS__)
#define OPT_INT(T, f, ...)      OPT_AS(T, f, #f, int64_t, OPTION_INT, __VA_ARGS__)
#define OPT_NUMBER(T, f, ...)   OPT_AS(T, f, #f, double, OPTION_NUMBER, __VA_ARGS__)
#define OPT_BOOL(T, f, ...)     OPT_AS(T, f, #f, bool, OPTION_BOOL, __VA_ARGS__)
#define OPT_BYTES(T, f, ...)    OPT_AS(T, f, #f, uint64_t, OPTION_BYTES, __VA_ARGS__)
#define OPT_ENUM(T, f, ...)     OPT_AS(T, f, #f, int, OPTION_ENUM, __VA_ARGS__)
#define OPT_FIELDREF(T, f, ...) OPT_AS(T, f, #f, struct fieldref, OPTION_FIELDREF, __VA_ARGS__)
#define OPT_TEMPLATE(T, f, ...) OPT_AS(T, f, #f, struct template *, OPTION_TEMPLATE, __VA_ARGS__)
#define OPT_LIST(T, f, ...)     OPT_AS(T, f, #f, struct opt_list, OPTION_LIST, __VA_ARGS__)
#define OPT_PATHS(T, f, ...)    OPT_AS(T, f, #f, struct opt_list, OPTION_PATHS, __VA_ARGS__)
#define OPT_URIS(T, f, ...)     OPT_AS(T, f, #f, struct opt_list, OPTION_URIS, __VA_ARGS__)
#define OPT_FIELDREFS(T, f, ...) \
    OPT_AS(T, f, #f, struct opt_fieldrefs, OPTION_FIELDREFS, __VA_ARGS__)
#define OPT_TEMPLATES(T, f, ...) \
    OPT_AS(T, f, #f, struct opt_templates, OPTION_TEMPLATES, __VA_ARGS__)
#define OPT_HASH(T, f, ...)    OPT_AS(T, f, #f, struct opt_hash, OPTION_HASH, __VA_ARGS__)
#define OPT_CODEC(T, f, ...)   OPT_AS(T, f, #f, struct codec_use, OPTION_CODEC, __VA_ARGS__)
#define OPT_STRINGS(T, f, ...) OPT_AS(T, f, #f, struct opt_list, OPTION_STRINGS, __VA_ARGS__)
#define OPT_NUMBERS(T, f, ...) \
    OPT_AS(T, f, #f, const struct opt_value *, OPTION_NUMBERS, __VA_ARGS__)
#define OPT_SHA256(T, f, ...)  OPT_AS(T, f, #f, struct slice, OPTION_SHA256, __VA_ARGS__)
#define OPT_SHA256S(T, f, ...) OPT_AS(T, f, #f, struct opt_list, OPTION_SHA256S, __VA_ARGS__)
#define OPT_ANY(T, f, ...)     OPT_AS(T, f, #f, const struct opt_value *, OPTION_ANY, __VA_ARGS__)
/* A row without a field. */
#define OPT_NOTE(nm, st, ...)                                     \
    {                                                             \
        .name = nm, .type = OPTION_NONE, .state = st, __VA_ARGS__ \
    }
#define OPT_END            \
    {                      \
        .type = OPTION_END \
    }

/* ---- findings: all errors and warnings of one run ---- */

enum finding_level { FINDING_INFO, FINDING_WARN, FINDING_DEPRECATION, FINDING_ERROR };

struct finding {
    enum finding_level level;
    struct config_pos pos;
    char *text; /* Logstash's own words, possibly several lines */
    char *hint; /* ours beside it: what was expected, the nearest known name; NULL: none */
    bool entry; /* Logstash logs it as one of several and then fails with a general sentence */
};

/* Kept at most; the rest is counted. */
#define FINDINGS_MAX 1000

/* Zero-initialised is empty. One thread. */
struct findings {
    struct finding *at;
    size_t n, cap;
    size_t errors;  /* of all, kept or not */
    size_t dropped; /* not kept */
};

void findings_add(struct findings *f, enum finding_level level, struct config_pos pos,
                  const char *hint, const char *fmt, ...) __attribute__((format(printf, 5, 6)));
void findings_fini(struct findings *f);
/* What Logstash's start reports as the reason: the first error, or the general sentence that
 * follows the entries. NULL without an error. Lives as long as the findings. */
const char *findings_reason(const struct findings *f);

/* ---- reading ---- */

struct option_reader {
    struct arena *arena; /* of the plan */
    enum escape_style escape;
    struct findings *findings;
    const char *plugin_type; /* "filter" */
    /* For codecs by name; set by whoever knows the registry. NULL type: unknown name. */
    const struct codec_type *(*find_codec)(struct slice name);
    /* Handed to the prepare of codecs; NULL: they are not prepared. */
    const struct plugin_context *ctx;
};

/* Fills conf (zeroed by the caller) from the block: defaults first, then what is given. Every
 * problem is a finding, in the stages and words of config-language.md 9 and 12.4. `common` are the
 * rows that all plugins of the type have, written to common_conf; both may be NULL. 0, or -1 when
 * at least one finding is an error. */
int options_read(const struct option_reader *r, const struct opt_plugin *given,
                 const struct option *rows, void *conf, const struct option *common,
                 void *common_conf);

/* One value as the row's type makes it: what Logstash's plugin would receive (config-language.md
 * 9). kind 0 with text.p NULL (opt_is_null) stands for null. False: *reason says why not, in
 * Logstash's words. Shared by options_read and the tests. */
bool option_coerce(const struct option_reader *r, const struct option *row,
                   const struct opt_value *given, struct opt_value *out, struct buf *reason);
static inline bool
opt_is_text(const struct opt_value *v)
{
    return v->kind == OV_STRING || v->kind == OV_BAREWORD;
}

static inline bool
opt_is_null(const struct opt_value *v)
{
    return v->kind == OV_STRING && v->text.p == NULL;
}

/* "string", "number", ...: how errors and --help call the type; a set: its members. */
void option_kind_print(const struct option *row, struct buf *out);
/* A URI as it may be shown: the password is xxxxxx. */
void option_uri_print(struct slice uri, struct buf *out);
/* What every codec accepts beside its own rows. */
extern const struct option codec_common_options[];
/* The codec of that name with its defaults; findings as for options_read. */
struct codec_use option_default_codec(const struct option_reader *r, const char *name);
/* Frees what prepared codecs hold in conf. */
void options_dispose(const struct option *rows, void *conf);

/* Config text, `${NAME}` left as it is: "5", `["a", "b"]`, for errors and --help. */
void opt_value_print(const struct opt_value *v, struct buf *out);
/* A text as it is; anything else as opt_value_print shows it, in the arena. */
struct slice opt_value_text(struct arena *a, const struct opt_value *v);
/* Deep, hashes without regard to order; a block is never equal. Text is text, quoted or not. typed:
 * 5 is not 5.0; otherwise they are equal, as in Ruby. */
bool opt_value_equal(const struct opt_value *x, const struct opt_value *y, bool typed);

#endif
