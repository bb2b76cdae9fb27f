/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/command.h"

#include <stdio.h>

struct flag {
    char letter; /* 0: none */
    const char *name;
    const char *setting; /* NULL: handled by name */
    const char *value;   /* what to call it; NULL: a switch */
    const char *help;
};

static const struct flag flags[] = {
    { 'f', "path.config", "path.config", "PATH", "pipeline file, folder or pattern" },
    { 'e', "config.string", "config.string", "TEXT", "pipeline text" },
    { 't', "config.test_and_exit", "config.test_and_exit", NULL,
      "check the configuration and end" },
    { 'w', "pipeline.workers", "pipeline.workers", "N", "workers inside the pipeline" },
    { 'b', "pipeline.batch.size", "pipeline.batch.size", "N", "events of one run of filters" },
    { 'u', "pipeline.batch.delay", "pipeline.batch.delay", "MS", "accepted without effect" },
    { 'n', "node.name", "node.name", "NAME", "name of this node" },
    { 'l', "path.logs", "path.logs", "PATH", "folder of log files" },
    { 'p', "path.plugins", "path.plugins", "PATH", "accepted without effect" },
    { 'r', "config.reload.automatic", "config.reload.automatic", NULL, "reload when files change" },
    { 0, "config.reload.interval", "config.reload.interval", "TIME", "how often to look" },
    { 'S', "setting", NULL, "KEY=VALUE", "any setting" },
    { 'i', "interactive", "interactive", "SHELL", "accepted without effect" },
    { 'V', "version", NULL, NULL, "print the version" },
    { 'h', "help", NULL, NULL, "this text; --help PLUGIN: its options" },
    { 0, "path.settings", NULL, "DIR", "folder of logstash.yml and headrig.yml" },
    { 0, "path.data", "path.data", "PATH", "folder of our own files" },
    { 0, "pipeline.id", "pipeline.id", "ID", "id of the pipeline" },
    { 0, "pipeline.ordered", "pipeline.ordered", "MODE", "auto, true or false" },
    { 0, "pipeline.ecs_compatibility", "pipeline.ecs_compatibility", "MODE", "disabled, v1 or v8" },
    { 0, "pipeline.unsafe_shutdown", "pipeline.unsafe_shutdown", NULL, "end although events wait" },
    { 0, "pipeline.batch.output_chunking.growth_threshold_factor",
      "pipeline.batch.output_chunking.growth_threshold_factor", "N", "accepted without effect" },
    { 0, "plugin-classloaders", "pipeline.plugin_classloaders", NULL, "accepted without effect" },
    { 0, "field-reference-escape-style", "config.field_reference.escape_style", "STYLE",
      "none, percent or ampersand" },
    { 0, "log.level", "log.level", "LEVEL", "fatal, error, warn, info, debug or trace" },
    { 0, "log.format", "log.format", "FORMAT", "plain or json" },
    { 0, "log.format.json.fix_duplicate_message_fields",
      "log.format.json.fix_duplicate_message_fields", "BOOL", "as in Logstash" },
    { 0, "config.debug", "config.debug", NULL, "log the compiled configuration" },
    { 0, "api.enabled", "api.enabled", "BOOL", "the HTTP API" },
    { 0, "api.http.host", "api.http.host", "HOST", "where the API listens" },
    { 0, "api.http.port", "api.http.port", "PORT", "port or range of ports" },
    { 0, "enable-local-plugin-development", "enable-local-plugin-development", NULL,
      "accepted without effect" },
    { 0, "format", NULL, "FORMAT", "with -t: text or json" },
    { 0, "verbose", NULL, NULL, "log.level info" },
    { 0, "debug", NULL, NULL, "log.level debug" },
    { 0, "quiet", NULL, NULL, "log.level error" },
};

struct cursor {
    int argc, i;
    char **argv;
};

static const struct flag *
flag_named(struct slice name)
{
    for (size_t i = 0; i < COUNT(flags); i++)
        if (slice_eq(name, slice_of(flags[i].name)))
            return &flags[i];
    return NULL;
}

static const struct flag *
flag_lettered(char c)
{
    for (size_t i = 0; i < COUNT(flags); i++)
        if (flags[i].letter == c)
            return &flags[i];
    return NULL;
}

/* KEY=VALUE or KEY:VALUE. */
static int
set_pair(struct settings *s, const char *pair, struct err *err)
{
    size_t n = strcspn(pair, "=:");

    if (n == 0 || pair[n] == '\0')
        return err_set(err, ERR_CONFIG, "option '--setting': '%s' is not KEY=VALUE", pair);
    settings_set(s, (struct slice){ pair, n }, slice_of(pair + n + 1), "--setting");
    return 0;
}

static int
apply(const struct flag *f, const char *value, struct settings *s, struct command *out,
      struct err *err)
{
    struct slice name = slice_of(f->name);
    char origin[96];

    if (f->setting != NULL) {
        snprintf(origin, sizeof origin, "--%s", f->name);
        settings_set(s, slice_of(f->setting), slice_of(value), origin);
        return 0;
    }
    if (slice_eq(name, SLICE("setting")))
        return set_pair(s, value, err);
    if (slice_eq(name, SLICE("path.settings")))
        out->path_settings = value;
    else if (slice_eq(name, SLICE("version")))
        out->version = strcmp(value, "true") == 0;
    else if (slice_eq(name, SLICE("format")))
        out->format = value;
    else if (slice_eq(name, SLICE("verbose")))
        settings_set(s, SLICE("log.level"), SLICE("info"), "--verbose");
    else if (slice_eq(name, SLICE("debug")))
        settings_set(s, SLICE("log.level"), SLICE("debug"), "--debug");
    else if (slice_eq(name, SLICE("quiet")))
        settings_set(s, SLICE("log.level"), SLICE("error"), "--quiet");
    return 0;
}

/* The next argument as the value of a switch, unless it is a flag. */
static const char *
switch_value(struct cursor *c)
{
    if (c->i + 1 < c->argc && c->argv[c->i + 1][0] != '-')
        return c->argv[++c->i];
    return "true";
}

static int
take_help(struct cursor *c, struct command *out)
{
    out->help = true;
    if (c->i + 1 < c->argc && c->argv[c->i + 1][0] != '-')
        out->help_topic = c->argv[++c->i];
    return 0;
}

static int
check_switch(const char *name, const char *value, struct err *err)
{
    if (strcmp(value, "true") == 0 || strcmp(value, "false") == 0)
        return 0;
    return err_set(err, ERR_CONFIG, "option '%s': '%s' is not true or false", name, value);
}

static int
take_long(struct cursor *c, struct settings *s, struct command *out, struct err *err)
{
    const char *arg = c->argv[c->i] + 2;
    size_t n = strcspn(arg, "=");
    struct slice name = { arg, n };
    const char *value = arg[n] == '=' ? arg + n + 1 : NULL;
    const struct flag *f = flag_named(name);

    if (f != NULL && strcmp(f->name, "help") == 0)
        return take_help(c, out);
    if (f != NULL && f->value == NULL) {
        if (value == NULL)
            value = switch_value(c);
        if (check_switch(c->argv[c->i], value, err) < 0)
            return -1;
        return apply(f, value, s, out, err);
    }
    if (f == NULL && !settings_known(name))
        return err_set(err, ERR_CONFIG, "Unrecognised option '--%.*s'", SLICE_ARGS(name));
    if (value == NULL) {
        if (c->i + 1 >= c->argc)
            return err_set(err, ERR_CONFIG, "option '--%.*s': no value provided", SLICE_ARGS(name));
        value = c->argv[++c->i];
    }
    if (f != NULL)
        return apply(f, value, s, out, err);
    settings_set(s, name, slice_of(value), c->argv[c->i]);
    return 0;
}

static int
take_short(struct cursor *c, struct settings *s, struct command *out, struct err *err)
{
    const char *arg = c->argv[c->i];
    const struct flag *f = flag_lettered(arg[1]);
    const char *value = arg[2] == '\0' ? NULL : arg[2] == '=' ? arg + 3 : arg + 2;

    if (f == NULL || arg[1] == '\0')
        return err_set(err, ERR_CONFIG, "Unrecognised option '%s'", arg);
    if (f->letter == 'h')
        return take_help(c, out);
    if (f->value == NULL) {
        if (value == NULL)
            value = switch_value(c);
        return check_switch(arg, value, err) < 0 ? -1 : apply(f, value, s, out, err);
    }
    if (value == NULL) {
        if (c->i + 1 >= c->argc)
            return err_set(err, ERR_CONFIG, "option '%s': no value provided", arg);
        value = c->argv[++c->i];
    }
    return apply(f, value, s, out, err);
}

int
command_parse(int argc, char **argv, struct settings *s, struct command *out, struct err *err)
{
    struct cursor c = { .argc = argc, .argv = argv };

    *out = (struct command){ 0 };
    for (c.i = 1; c.i < argc; c.i++) {
        const char *arg = argv[c.i];
        int failed;

        if (arg[0] != '-' || arg[1] == '\0')
            return err_set(err, ERR_CONFIG, "Unknown command '%s'", arg);
        failed = arg[1] == '-' ? take_long(&c, s, out, err) : take_short(&c, s, out, err);
        if (failed < 0)
            return -1;
    }
    return 0;
}

void
command_usage(struct buf *out)
{
    buf_append(out, SLICE("Usage:\n    headrig [OPTIONS]\n\nOptions:\n"));
    for (size_t i = 0; i < COUNT(flags); i++) {
        const struct flag *f = &flags[i];
        struct buf left = { 0 };

        if (f->letter != 0)
            buf_printf(&left, "-%c, ", f->letter);
        buf_printf(&left, "--%s%s%s", f->name, f->value == NULL ? "" : " ",
                   f->value == NULL ? "" : f->value);
        buf_printf(out, "    %-42s %s\n", buf_cstr(&left), f->help);
        buf_fini(&left);
    }
    buf_append(out, SLICE("Every setting of headrig.yml is an option too: --memory.limit 512mb\n"));
}
