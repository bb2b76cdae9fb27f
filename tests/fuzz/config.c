/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The language from anywhere: grammar, tree, lint, variables, option types, printing of findings.
 * The first byte chooses the settings. Whatever is refused has a place in the text. */
#include "codec/base/buf.h"
#include "codec/base/error.h"
#include "pipeline/config_check.h"
#include "pipeline/config_print.h"
#include "pipeline/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct conf {
    struct slice text, secret, uri, sha;
    int64_t whole;
    double real;
    bool flag;
    uint64_t bytes;
    int mode;
    struct fieldref field;
    struct template *line;
    struct opt_list list, uris, texts;
    struct opt_fieldrefs fields;
    struct opt_templates lines;
    struct opt_hash hash;
    struct codec_use codec;
    const struct opt_value *any, *numbers;
};

static const char *const modes[] = { "on", "off", NULL };

/* Everything but paths, which would ask the disk. */
static const struct option rows[] = {
    OPT_STR(struct conf, text, .help = "t"),
    OPT_PASSWORD(struct conf, secret, .help = "t"),
    OPT_URI(struct conf, uri, .help = "t"),
    OPT_SHA256(struct conf, sha, .help = "t"),
    OPT_INT(struct conf, whole, .min = 1, .max = 9, .help = "t"),
    OPT_NUMBER(struct conf, real, .help = "t"),
    OPT_BOOL(struct conf, flag, .help = "t"),
    OPT_BYTES(struct conf, bytes, .help = "t"),
    OPT_ENUM(struct conf, mode, .choices = modes, .help = "t"),
    OPT_FIELDREF(struct conf, field, .help = "t"),
    OPT_TEMPLATE(struct conf, line, .help = "t"),
    OPT_LIST(struct conf, list, .help = "t"),
    OPT_URIS(struct conf, uris, .help = "t"),
    OPT_STRINGS(struct conf, texts, .help = "t"),
    OPT_FIELDREFS(struct conf, fields, .help = "t"),
    OPT_TEMPLATES(struct conf, lines, .help = "t"),
    OPT_HASH(struct conf, hash, .help = "t"),
    OPT_CODEC(struct conf, codec, .help = "t"),
    OPT_ANY(struct conf, any, .help = "t"),
    OPT_NUMBERS(struct conf, numbers, .help = "t"),
    OPT_END,
};

static enum verdict
keep(const void *conf, void *local, struct event *ev)
{
    (void)conf;
    (void)local;
    (void)ev;
    return EVENT_KEEP;
}

static const struct filter_type filter = {
    .name = "kv", .conf_size = sizeof(struct conf), .options = rows, .apply = keep
};
static const struct sink_type sink = { .name = "out", .options = rows + COUNT(rows) - 1 };
static const struct input_type input = { .name = "in", .options = rows + COUNT(rows) - 1 };

static const struct filter_type *
find_filter(struct slice name)
{
    return slice_eq(name, SLICE("none")) ? NULL : &filter;
}

static const struct sink_type *
find_sink(struct slice name)
{
    (void)name;
    return &sink;
}

static const struct input_type *
find_input(struct slice name)
{
    (void)name;
    return &input;
}

static const char *
lookup(void *arg, struct slice name)
{
    (void)arg;
    if (slice_eq(name, SLICE("A")))
        return "[x, '${B}']";
    return slice_eq(name, SLICE("B")) ? "${A}${A}" : NULL;
}

static void
check_places(const struct findings *f, size_t size)
{
    for (size_t i = 0; i < f->n; i++)
        if (f->at[i].level == FINDING_ERROR) {
            ASSERT(f->at[i].pos.line > 0 && f->at[i].pos.line <= size + 1);
            ASSERT(f->at[i].pos.column > 0 && f->at[i].pos.column <= size + 1);
        }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config_source source = { "fuzz.conf", { (const char *)data + 1, size - 1 } };
    struct config_print print = { .sources = &source, .sources_n = 1 };
    struct plan_registry registry = { .find_filter = find_filter,
                                      .find_sink = find_sink,
                                      .find_input = find_input };
    struct plan_settings settings = { .pipeline_id = "main" };
    struct findings findings = { 0 };
    struct buf out = { 0 };
    struct plan *plan = NULL;
    struct config *c;

    if (size == 0)
        return 0;
    settings.escape = (enum escape_style)(data[0] / 2 % 3);
    c = config_parse(&source, 1, data[0] & 1, &findings);
    ASSERT((c == NULL) == (findings.errors > 0));
    if (c != NULL) {
        config_check(c, &findings);
        plan = plan_compile(c, &settings, &registry, lookup, NULL, NULL, timestamp_now, &findings);
        ASSERT((plan == NULL) == (findings.errors > 0));
    }
    check_places(&findings, size);
    config_print_text(&print, &findings, &out);
    buf_clear(&out);
    config_print_json(&print, &findings, &out);
    plan_drop(&plan);
    config_free(&c);
    buf_fini(&out);
    findings_fini(&findings);
    return 0;
}
