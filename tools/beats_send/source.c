/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tools/beats_send/source.h"

#include "codec/json_write.h"
#include "codec/lj_encode.h"

#include <inttypes.h>
#include <stdlib.h>

static void
preencode(struct source *s)
{
    const struct options *o = s->options;
    struct maker m;

    s->ready = xcalloc(o->preencode, sizeof s->ready[0]);
    s->ready_events = xcalloc(o->preencode, sizeof s->ready_events[0]);
    for (unsigned i = 0; i < o->preencode; i++) {
        struct made made = { 0 };

        maker_init(&m, s, i);
        maker_window(&m, UINT64_MAX, &made);
        s->ready[i] = made.bytes;
        s->ready_events[i] = made.events;
        maker_fini(&m);
    }
    s->taken = s->spent = 0;
    s->ended = false;
}

int
source_init(struct source *s, const struct options *o, uint64_t now_ms, struct err *err)
{
    *s = (struct source){ .options = o, .start_ms = now_ms };
    pthread_mutex_init(&s->lock, NULL);
    if (o->input != NULL) {
        s->file = fopen(o->input, "rbe");
        if (s->file == NULL)
            return err_errno(err, "%s", o->input);
    }
    if (o->preencode > 0)
        preencode(s);
    return 0;
}

void
source_fini(struct source *s)
{
    if (s->file != NULL)
        fclose(s->file);
    for (unsigned i = 0; s->ready != NULL && i < s->options->preencode; i++)
        buf_fini(&s->ready[i]);
    free(s->ready);
    free(s->ready_events);
    pthread_mutex_destroy(&s->lock);
}

void
maker_init(struct maker *m, struct source *s, unsigned connection)
{
    *m = (struct maker){ .source = s };
    corpus_init(&m->corpus, s->options->corpus, s->options->seed + connection);
}

void
maker_fini(struct maker *m)
{
    buf_fini(&m->frames);
    buf_fini(&m->event);
    buf_fini(&m->id);
    buf_fini(&m->lines);
}

/* ---- what the next window may have; under the lock ---- */

/* False when what was handed out is ahead of the rate. An empty window costs as much as an event,
 * or there would be no end of them. */
static bool
is_due_locked(const struct source *s, uint64_t now_ms)
{
    double rate = s->options->rate;

    if (rate == 0 || now_ms == UINT64_MAX)
        return true;
    return (double)s->spent <= rate * (double)(now_ms - s->start_ms) / 1000;
}

static bool
is_over_locked(const struct source *s, uint64_t now_ms)
{
    const struct options *o = s->options;

    return s->ended || (o->events > 0 && s->taken >= o->events) ||
           (o->seconds > 0 && now_ms != UINT64_MAX &&
            (double)(now_ms - s->start_ms) >= o->seconds * 1000);
}

static uint32_t
window_size(struct maker *m)
{
    const struct options *o = m->source->options;

    return o->window_least +
           (uint32_t)rng_below(&m->corpus.rng, (uint64_t)o->window_most - o->window_least + 1);
}

/* Up to n lines into m->lines; fewer at the end of the file. */
static uint32_t
read_lines_locked(struct maker *m, uint32_t n)
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t got;
    uint32_t read = 0;

    buf_clear(&m->lines);
    while (read < n && (got = getline(&line, &cap, m->source->file)) > 0) {
        if (line[got - 1] == '\n')
            got--;
        if (got == 0)
            continue;
        buf_append(&m->lines, (struct slice){ line, (size_t)got });
        buf_byte(&m->lines, '\n');
        read++;
    }
    free(line);
    if (read < n)
        m->source->ended = true;
    return read;
}

/* Takes ids, and lines if there is a file. */
static enum making
reserve(struct maker *m, uint64_t now_ms, uint32_t *n, uint64_t *first_id)
{
    struct source *s = m->source;
    enum making result = MAKING_DONE;

    pthread_mutex_lock(&s->lock);
    if (is_over_locked(s, now_ms)) {
        result = MAKING_END;
    } else if (!is_due_locked(s, now_ms)) {
        result = MAKING_LATER;
    } else {
        if (s->options->events > 0 && s->options->events - s->taken < *n)
            *n = (uint32_t)(s->options->events - s->taken);
        if (s->file != NULL) {
            uint32_t wanted = *n;

            *n = read_lines_locked(m, wanted);
            if (*n == 0 && wanted > 0)
                result = MAKING_END;
        }
        *first_id = s->taken + 1;
        s->taken += *n;
        s->spent += *n > 0 ? *n : 1;
    }
    pthread_mutex_unlock(&s->lock);
    return result;
}

/* ---- encoding ---- */

static void
put_message(struct maker *m, struct slice line)
{
    buf_append(&m->event, SLICE("{\"message\":"));
    json_write_string(line, &m->event);
    buf_printf(&m->event, ",\"test_id\":\"%.*s\"}", SLICE_ARGS(buf_slice(&m->id)));
}

/* As version 1 senders have it: the event is the line. */
static void
put_pairs(struct maker *m, uint32_t seq)
{
    struct slice pairs[] = { SLICE_INIT("line"),    buf_slice(&m->event),
                             SLICE_INIT("host"),    SLICE_INIT("web-1"),
                             SLICE_INIT("file"),    SLICE_INIT("/var/log/app.log"),
                             SLICE_INIT("test_id"), buf_slice(&m->id) };

    lj_put_data(&m->frames, '1', seq, pairs, COUNT(pairs) / 2);
}

static void
put_event(struct maker *m, uint64_t id, uint32_t seq, struct slice *lines)
{
    const struct options *o = m->source->options;
    struct slice line = { 0 };

    buf_clear(&m->event);
    buf_clear(&m->id);
    if (o->preencode == 0)
        buf_printf(&m->id, "%s%" PRIu64, o->prefix, id);
    if (m->source->file != NULL)
        slice_split(lines, '\n', &line);
    if (m->source->file == NULL)
        corpus_event(&m->corpus, buf_slice(&m->id), &m->event);
    else if (o->ndjson)
        buf_append(&m->event, line);
    else
        put_message(m, line);
    if (o->version == '1')
        put_pairs(m, seq);
    else
        lj_put_json(&m->frames, '2', seq, buf_slice(&m->event));
}

enum making
maker_window(struct maker *m, uint64_t now_ms, struct made *out)
{
    const struct options *o = m->source->options;
    uint32_t n = window_size(m);
    struct slice lines;
    enum making result = reserve(m, now_ms, &n, &out->first_id);

    if (result != MAKING_DONE)
        return result;
    if (o->version != '1')
        m->seq = 0;
    out->events = n;
    out->first = (uint32_t)m->seq + 1;
    buf_clear(&m->frames);
    lines = buf_slice(&m->lines);
    for (uint32_t i = 0; i < n; i++)
        put_event(m, out->first_id + i, (uint32_t)++m->seq, &lines);
    out->last = n > 0 ? (uint32_t)m->seq : 0;
    buf_clear(&out->bytes);
    lj_put_window(&out->bytes, o->version, n);
    if (n == 0 || o->compression == 0)
        buf_append(&out->bytes, buf_slice(&m->frames));
    else if (lj_put_compressed(&out->bytes, o->version, buf_slice(&m->frames), (int)o->compression,
                               NULL) < 0)
        UNREACHABLE("the level and the size were checked");
    m->windows++;
    return MAKING_DONE;
}

enum making
maker_ready(struct maker *m, uint64_t now_ms, struct slice *bytes, uint32_t *events)
{
    struct source *s = m->source;
    unsigned i = (unsigned)(m->windows % s->options->preencode);
    uint32_t n = s->ready_events[i];
    uint64_t first_id;
    enum making result = reserve(m, now_ms, &n, &first_id);

    if (result != MAKING_DONE)
        return result;
    m->windows++;
    *bytes = buf_slice(&s->ready[i]);
    *events = s->ready_events[i];
    return MAKING_DONE;
}
