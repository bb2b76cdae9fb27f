/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/settings.h"

#include "codec/base/buf.h"
#include "codec/base/name_index.h"
#include "pipeline/config_vars.h"
#include "server/setting_value.h"
#include "server/yaml_map.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

/* One value as it was given. Later ones of the same rank win; flags beat files. */
struct given {
    struct slice key, value;
    const char *where;
    enum setting_file file; /* for keys that stand in the wrong one */
    bool flag;
    const struct setting_row *row; /* after the check; NULL: bad */
    const char *text;              /* normalised */
    const char *plugin_id;         /* of plugin.<id>.<option> */
    const char *option;
};

struct settings {
    struct arena arena;
    struct given *at;
    size_t n, cap;
    struct setting_problem *problems;
    size_t problems_n, problems_cap;
    const char *file; /* being read */
    enum setting_file which;
};

struct settings *
settings_new(void)
{
    struct settings *s = xcalloc(1, sizeof *s);

    arena_init(&s->arena, NULL);
    return s;
}

void
settings_free(struct settings **s)
{
    if (*s == NULL)
        return;
    arena_fini(&(*s)->arena);
    free((*s)->at);
    free((*s)->problems);
    free(*s);
    *s = NULL;
}

static void
add(struct settings *s, struct given g)
{
    if (s->n == s->cap) {
        s->cap = s->cap == 0 ? 16 : s->cap * 2;
        s->at = xrealloc(s->at, s->cap * sizeof s->at[0]);
    }
    s->at[s->n++] = g;
}

void
settings_set(struct settings *s, struct slice key, struct slice value, const char *origin)
{
    add(s, (struct given){ .key = arena_copy(&s->arena, key),
                           .value = arena_copy(&s->arena, value),
                           .where = arena_cstr(&s->arena, slice_of(origin)),
                           .flag = true });
}

static void
problem(struct settings *s, const struct given *g, bool error, bool info, struct slice text)
{
    if (s->problems_n == s->problems_cap) {
        s->problems_cap = s->problems_cap == 0 ? 8 : s->problems_cap * 2;
        s->problems = xrealloc(s->problems, s->problems_cap * sizeof s->problems[0]);
    }
    s->problems[s->problems_n++] = (struct setting_problem){
        .where = g->where, .text = arena_cstr(&s->arena, text), .error = error, .info = info
    };
}

static void
on_entry(void *arg, size_t map, struct slice key, struct slice value, unsigned line)
{
    struct settings *s = arg;

    (void)map;
    add(s, (struct given){ .key = arena_copy(&s->arena, key),
                           .value = arena_copy(&s->arena, value),
                           .where = arena_printf(&s->arena, "%s:%u", s->file, line).p,
                           .file = s->which });
}

static void
on_twice(void *arg, struct slice key, unsigned line, unsigned later)
{
    struct settings *s = arg;
    const struct given g = { .where = arena_printf(&s->arena, "%s:%u", s->file, later).p };

    problem(s, &g, false, false,
            arena_printf(&s->arena, "\"%.*s\" is given twice: %s:%u does not count",
                         SLICE_ARGS(key), s->file, line));
}

static int
load_one(struct settings *s, const char *dir, const char *name, enum setting_file which,
         bool *missing, struct err *err)
{
    const struct yaml_taker taker = { .entry = on_entry, .twice = on_twice, .arg = s };

    s->file = arena_printf(&s->arena, "%s/%s", dir, name).p;
    s->which = which;
    return yaml_read(s->file, YAML_MAP, &taker, missing, err);
}

int
settings_load(struct settings *s, const char *dir, bool *missing, struct err *err)
{
    bool ours_missing;

    if (load_one(s, dir, "logstash.yml", LOGSTASH_YML, missing, err) < 0)
        return -1;
    return load_one(s, dir, "headrig.yml", HEADRIG_YML, &ours_missing, err);
}

/* ---- rows ---- */

static const struct setting_row *
row_named(struct slice name)
{
    for (const struct setting_row *r = setting_rows; r->name != NULL; r++)
        if (slice_eq(name, slice_of(r->name)))
            return r;
    return NULL;
}

/* plugin.<id>.<option>: the id may hold dots, the option is what follows the last one. The row is
 * that of any type which has such an option. */
static const struct setting_row *
plugin_row(struct slice key, struct slice *id, struct slice *option)
{
    size_t dot = key.n;

    if (!slice_starts(key, SLICE("plugin.")))
        return NULL;
    while (dot > 0 && key.p[dot - 1] != '.')
        dot--;
    if (dot <= sizeof "plugin." - 1)
        return NULL;
    *id = slice_between(key.p + sizeof "plugin." - 1, key.p + dot - 1);
    *option = slice_between(key.p + dot, key.p + key.n);
    if (id->n == 0 || option->n == 0)
        return NULL;
    for (const struct setting_row *r = setting_rows; r->name != NULL; r++) {
        const char *own = strchr(r->name, '.');

        if (r->plugin && slice_eq(*option, slice_of(own + 1)))
            return r;
    }
    return NULL;
}

bool
settings_known(struct slice key)
{
    struct slice id, option;

    return row_named(key) != NULL || plugin_row(key, &id, &option) != NULL;
}

/* Commercial or foreign groups that files of real installations have; no meaning here. */
static bool
is_foreign(struct slice key)
{
    static const char *const groups[] = { "xpack.", "monitoring.", "cloud.", "modules.", "otel." };

    for (size_t i = 0; i < COUNT(groups); i++)
        if (slice_starts(key, slice_of(groups[i])))
            return true;
    return false;
}

/* ---- problems ---- */

static void
unknown(struct settings *s, const struct given *g)
{
    const char *nearest = NULL;
    unsigned best = UINT_MAX;

    for (const struct setting_row *r = setting_rows; r->name != NULL; r++)
        if (name_is_nearer(g->key, slice_of(r->name), &best))
            nearest = r->name;
    problem(s, g, true, false,
            arena_printf(&s->arena,
                         "Setting \"%.*s\" doesn't exist. Please check if you haven't made a "
                         "typo.%s%s%s",
                         SLICE_ARGS(g->key), nearest == NULL ? "" : " Did you mean \"",
                         nearest == NULL ? "" : nearest, nearest == NULL ? "" : "\"?"));
}

static void
comment_on(struct settings *s, const struct given *g)
{
    const struct setting_row *r = g->row;

    switch (r->state) {
    case SETTING_WORKS: return;
    case SETTING_LATER:
        if (r->dflt != NULL && strcmp(r->dflt, g->text) == 0)
            return;
        if (strcmp(r->name, "api.enabled") == 0) /* there is none to switch off */
            return;
        problem(s, g, false, false,
                arena_printf(&s->arena, "Setting \"%s\" has no effect yet", r->name));
        return;
    case SETTING_IGNORED:
        problem(s, g, false, true,
                arena_printf(&s->arena, "Setting \"%s\" has no effect: %s", r->name, r->note));
        return;
    case SETTING_REMOVED:
        problem(s, g, false, false,
                arena_printf(&s->arena,
                             "Setting \"%s\" is of an older release and has no effect: "
                             "%s",
                             r->name, r->note));
        return;
    }
}

/* ---- variables ---- */

const char *
settings_env(void *unused, struct slice name)
{
    char text[256];

    (void)unused;
    if (name.n >= sizeof text)
        return NULL;
    memcpy(text, name.p, name.n);
    text[name.n] = '\0';
    return getenv(text);
}

/* Every ${NAME} of the text, by the rules of settings files. */
static int
substitute(struct arena *a, struct slice *value, struct err *err)
{
    struct config_vars vars = { .arena = a, .lookup = settings_env };
    struct buf out = { 0 };
    int failed;

    if (slice_find(*value, SLICE("${"), 0) == SIZE_MAX)
        return 0;
    failed = config_vars_text(&vars, *value, &out, err);
    *value = arena_copy(a, buf_slice(&out));
    buf_fini(&out);
    return failed;
}

int
settings_value(struct arena *a, const char *name, struct slice value, const char **out,
               struct err *err)
{
    const struct setting_row *row = row_named(slice_of(name));

    ASSERT(row != NULL);
    if (substitute(a, &value, err) < 0)
        return -1;
    return setting_normalise(a, row, value, out, err);
}

/* ---- checking ---- */

static void
check_one(struct settings *s, struct given *g)
{
    struct slice id, option;
    struct err err = { 0 };

    /* The text of -e has rules of its own. */
    if (!(g->flag && slice_eq(g->key, SLICE("config.string"))) &&
        substitute(&s->arena, &g->value, &err) < 0) {
        problem(s, g, true, false, slice_of(err.msg));
        return;
    }
    g->row = row_named(g->key);
    if (g->row == NULL) {
        g->row = plugin_row(g->key, &id, &option);
        if (g->row != NULL) {
            g->plugin_id = arena_cstr(&s->arena, id);
            g->option = arena_cstr(&s->arena, option);
        }
    }
    if (g->row == NULL) {
        if (is_foreign(g->key))
            problem(s, g, false, true,
                    arena_printf(&s->arena, "Setting \"%.*s\" has no effect here",
                                 SLICE_ARGS(g->key)));
        else
            unknown(s, g);
        return;
    }
    if (!g->flag && g->row->file != g->file) {
        problem(s, g, true, false,
                arena_printf(&s->arena, "Setting \"%.*s\" belongs in %s", SLICE_ARGS(g->key),
                             g->row->file == HEADRIG_YML ? "headrig.yml" : "logstash.yml"));
        g->row = NULL;
        return;
    }
    if (g->value.n == 0 && g->flag) { /* -S key= resets to the default */
        g->text = g->row->dflt;
        return;
    }
    if (setting_normalise(&s->arena, g->row, g->value, &g->text, &err) < 0) {
        problem(s, g, true, false, slice_of(err.msg));
        g->row = NULL;
        return;
    }
    comment_on(s, g);
}

const struct setting_problem *
settings_check(struct settings *s, size_t *n)
{
    for (size_t i = 0; i < s->n; i++)
        check_one(s, &s->at[i]);
    *n = s->problems_n;
    return s->problems;
}

/* ---- asking ---- */

static const struct given *
given_for(const struct settings *s, struct slice key)
{
    const struct given *best = NULL;

    for (size_t i = 0; i < s->n; i++) {
        const struct given *g = &s->at[i];

        if (g->row != NULL && slice_eq(g->key, key) && (best == NULL || g->flag || !best->flag))
            best = g;
    }
    return best;
}

const char *
settings_get(const struct settings *s, const char *name)
{
    const struct given *g = given_for(s, slice_of(name));
    const struct setting_row *row;

    if (g != NULL)
        return g->text;
    row = row_named(slice_of(name));
    ASSERT(row != NULL);
    return row->dflt;
}

bool
settings_is_set(const struct settings *s, const char *name)
{
    return given_for(s, slice_of(name)) != NULL;
}

bool
settings_bool(const struct settings *s, const char *name)
{
    const char *text = settings_get(s, name);

    return text != NULL && text[0] == 't';
}

int64_t
settings_int(const struct settings *s, const char *name)
{
    const char *text = settings_get(s, name);
    int64_t n = 0;

    if (text != NULL)
        slice_to_int64(slice_of(text), &n);
    return n;
}

const char *
settings_plugin(const struct settings *s, const char *type, const char *id, const char *option)
{
    char key[512];
    const struct given *g;
    const struct setting_row *row;

    if ((size_t)snprintf(key, sizeof key, "plugin.%s.%s", id, option) < sizeof key) {
        g = given_for(s, slice_of(key));
        if (g != NULL)
            return g->text;
    }
    snprintf(key, sizeof key, "%s.%s", type, option);
    g = given_for(s, slice_of(key));
    if (g != NULL)
        return g->text;
    row = row_named(slice_of(key));
    return row == NULL ? NULL : row->dflt;
}

size_t
settings_plugin_ids(const struct settings *s, const char **ids, size_t room)
{
    size_t n = 0;

    for (size_t i = 0; i < s->n && n < room; i++)
        if (s->at[i].plugin_id != NULL)
            ids[n++] = s->at[i].plugin_id;
    return n;
}
