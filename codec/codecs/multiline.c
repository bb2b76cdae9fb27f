/* SPDX-License-Identifier: GPL-3.0-or-later */
/* codec multiline: lines that belong together become one event (reference/inputs-basic.md 2.6).
 *
 * Decodes only. What waits lives in the decoder, which one thread uses at a time. Bounded by
 * max_lines and max_bytes. */
#include "codec/base/error.h"
#include "codec/text_codec.h"

#include <stdlib.h>

#define INTERVAL_MOST_S 1000000

enum what { WHAT_PREVIOUS, WHAT_NEXT };

struct conf {
    struct text_conf text; /* first */
    struct slice pattern, multiline_tag;
    int what;
    bool negate;
    struct opt_list patterns_dir;
    int64_t max_lines;
    uint64_t max_bytes;
    double auto_flush_interval; /* seconds; below 0: never */
    struct line_pattern *compiled;
};

/* Lines that wait, joined by newlines. */
struct gathered {
    struct buf text;
    int64_t lines;
    uint64_t bytes; /* without the newlines */
};

static const char *const what_choices[] = { "previous", "next", NULL };

static const struct option options[] = {
    TEXT_OPT_CHARSET,
    TEXT_OPT_ECS,
    OPT_STR(struct conf, pattern, .required = true, .help = "grok pattern, anywhere in a line"),
    OPT_ENUM(struct conf, what, .choices = what_choices, .required = true,
             .help = "which event a matching line belongs to"),
    OPT_BOOL(struct conf, negate, .dflt = "false", .help = "lines that do not match instead"),
    OPT_LIST(struct conf, patterns_dir, .help = "folders of more patterns"),
    OPT_STR(struct conf, multiline_tag, .dflt = "multiline",
            .help = "tag of events of several lines; empty: none"),
    OPT_INT(struct conf, max_lines, .dflt = "500", .min = 1, .max = 1000000,
            .help = "more lines than this are given out"),
    OPT_BYTES(struct conf, max_bytes, .dflt = "10 MiB", .help = "so many bytes are given out"),
    OPT_NUMBER(struct conf, auto_flush_interval, .dflt = "-1",
               .help = "seconds without a new line until waiting lines are given out; -1: never"),
    OPT_END,
};

static int
prepare(void *conf, const struct plugin_context *ctx, struct err *err)
{
    struct conf *c = conf;

    c->text.delimiter = SLICE("\n");
    if (c->auto_flush_interval > INTERVAL_MOST_S)
        return err_set(err, ERR_CONFIG, "auto_flush_interval: %.0f is more than %d seconds",
                       c->auto_flush_interval, INTERVAL_MOST_S);
    if (text_conf_prepare(&c->text, ctx, err) < 0)
        return -1;
    if (ctx->line_patterns == NULL)
        return err_set(err, ERR_CONFIG, "pattern: there are no grok patterns here");
    c->compiled = ctx->line_patterns->compile(c->pattern, &c->patterns_dir, err);
    return c->compiled == NULL ? err_prefix(err, "pattern") : 0;
}

static void
dispose(void *conf)
{
    struct conf *c = conf;

    if (c->compiled != NULL)
        c->text.ctx->line_patterns->free(c->compiled);
    c->compiled = NULL;
}

static struct gathered *
gathered_of(struct decoder *d)
{
    if (d->gathered == NULL)
        d->gathered = xcalloc(1, sizeof(struct gathered));
    return d->gathered;
}

/* ---- what waits ---- */

static bool
too_many_lines(const struct conf *c, const struct gathered *g)
{
    return g->lines > c->max_lines;
}

static bool
too_many_bytes(const struct conf *c, const struct gathered *g)
{
    return g->bytes >= c->max_bytes;
}

static void
give_out(struct decoder *d, struct timestamp now, struct batch *out)
{
    const struct conf *c = d->conf;
    struct gathered *g = gathered_of(d);
    struct event *ev;

    if (g->lines == 0)
        return;
    ev = text_add_message(d, buf_slice(&g->text), now, out);
    if (g->lines > 1 && c->multiline_tag.n > 0)
        event_tag(ev, c->multiline_tag);
    if (too_many_bytes(c, g))
        event_tag(ev, SLICE("multiline_codec_max_bytes_reached"));
    if (too_many_lines(c, g))
        event_tag(ev, SLICE("multiline_codec_max_lines_reached"));
    buf_clear(&g->text);
    g->lines = 0;
    g->bytes = 0;
}

static void
keep(struct gathered *g, struct slice line)
{
    if (g->lines > 0)
        buf_byte(&g->text, '\n');
    buf_append(&g->text, line);
    g->lines++;
    g->bytes += line.n;
}

static bool
over_limit(const struct conf *c, const struct gathered *g)
{
    return g->lines > 0 && (too_many_lines(c, g) || too_many_bytes(c, g));
}

static void
take_line(struct decoder *d, struct slice raw, struct timestamp now, struct batch *out)
{
    const struct conf *c = d->conf;
    struct gathered *g = gathered_of(d);
    struct slice line = text_to_utf8(d, raw, now);
    bool belongs = c->text.ctx->line_patterns->matches(c->compiled, line) != c->negate;

    if (c->what == WHAT_PREVIOUS) {
        if (!belongs || over_limit(c, g))
            give_out(d, now, out);
        keep(g, line);
        return;
    }
    keep(g, line);
    if (!belongs || over_limit(c, g))
        give_out(d, now, out);
}

/* ---- the codec ---- */

/* A whole message: split at newlines, trailing empty pieces dropped. */
static void
take_message(struct decoder *d, struct slice text, struct timestamp now, struct batch *out)
{
    struct slice line;

    while (text.n > 0 && text.p[text.n - 1] == '\n')
        text.n--;
    while (text.n > 0 && slice_split(&text, '\n', &line))
        take_line(d, line, now, out);
}

static void
decode(struct decoder *d, struct slice text, struct timestamp now, struct batch *out)
{
    if (d->stream)
        text_split(d, text, take_line, now, out);
    else
        take_message(d, text, now, out);
}

/* Also after auto_flush_interval: a line that has begun and went quiet is one, as in Logstash. What
 * comes later of it is a line of its own. */
static void
flush(struct decoder *d, struct timestamp now, struct batch *out)
{
    if (d->stream)
        text_split_end(d, take_line, now, out);
    give_out(d, now, out);
}

static int
give_out_ms(const void *conf)
{
    const struct conf *c = conf;

    return c->auto_flush_interval < 0 ? -1 : (int)(c->auto_flush_interval * 1000);
}

static void
decoder_end(struct decoder *d)
{
    struct gathered *g = d->gathered;

    if (g != NULL)
        buf_fini(&g->text);
    free(g);
    d->gathered = NULL;
    text_decoder_fini(d);
}

static void
encode(const void *conf, struct event *ev, struct buf *out)
{
    const struct conf *c = conf;

    text_encode(&c->text, ev, out);
}

const struct codec_type codec_multiline = {
    .name = "multiline",
    .conf_size = sizeof(struct conf),
    .options = options,
    .prepare = prepare,
    .dispose = dispose,
    .splits = true,
    .decode = decode,
    .flush = flush,
    .give_out_ms = give_out_ms,
    .give_out = flush,
    .decoder_fini = decoder_end,
    .encode = encode,
};
