/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Input beats (alias elastic_agent): Lumberjack over plain TCP or TLS. This file is its lifecycle;
 * beats_options.c its options, beats_conn.c a connection, beats_decode.c the work on a window. */
#include "codec/base/error.h"
#include "server/beats_priv.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- our own settings ---- */

/* headrig.yml gives them checked and normalised: digits, milliseconds, words. */
static uint64_t
number_setting(const struct input_env *env, const char *option, uint64_t dflt)
{
    const char *text = env->setting == NULL ? NULL : env->setting(env->setting_arg, option);
    int64_t n;

    return text != NULL && slice_to_int64(slice_of(text), &n) && n >= 0 ? (uint64_t)n : dflt;
}

static bool
setting_is(const struct input_env *env, const char *option, const char *word)
{
    const char *text = env->setting == NULL ? NULL : env->setting(env->setting_arg, option);

    return text != NULL && strcmp(text, word) == 0;
}

static uint32_t
limit_setting(const struct input_env *env, const char *option, uint32_t dflt)
{
    uint64_t n = number_setting(env, option, dflt);

    return n < UINT32_MAX ? (uint32_t)n : UINT32_MAX - 1;
}

/* "10.0.0.0/8, 2001:db8::7"; checked when the settings were read. */
static void
networks_setting(const struct input_env *env, const char *option, struct ip_set *out)
{
    const char *text = env->setting == NULL ? NULL : env->setting(env->setting_arg, option);
    struct slice rest = text == NULL ? (struct slice){ 0 } : slice_of(text), one;
    struct ip_range range;

    while (slice_split(&rest, ',', &one))
        if (ip_range_parse(slice_trim(one), &range))
            ip_set_add(out, &range);
    ip_set_finish(out);
}

static void
read_settings(struct beats_settings *s, const struct input_env *env)
{
    const struct lj_limits *d = &lj_default_limits;

    s->limits = (struct lj_limits){
        .window_events = limit_setting(env, "max_window_events", d->window_events),
        .json_bytes = limit_setting(env, "max_json_bytes", d->json_bytes),
        .compressed_bytes = limit_setting(env, "max_compressed_bytes", d->compressed_bytes),
        .decompressed_bytes = number_setting(env, "max_decompressed_bytes", d->decompressed_bytes),
        .pairs = limit_setting(env, "max_pairs", d->pairs),
        .key_bytes = limit_setting(env, "max_key_bytes", d->key_bytes),
        .value_bytes = limit_setting(env, "max_value_bytes", d->value_bytes),
        .json_depth = limit_setting(env, "max_json_depth", d->json_depth),
    };
    s->on_bad = setting_is(env, "on_bad_event", "close") ? LJ_CLOSE : LJ_QUARANTINE;
    s->keepalive_ms = number_setting(env, "keepalive_seconds", 3) * 1000;
    s->stall_ms = number_setting(env, "stall_seconds", 60) * 1000;
    s->stuck_ms = number_setting(env, "close_stuck_after", 0);
    s->receive_buffer = (int)number_setting(env, "receive_buffer_bytes", 64 << 10);
    s->ip_format = setting_is(env, "ip_format", "rfc5952") ? IP_RFC5952 : IP_JAVA;
    networks_setting(env, "proxy_protocol", &s->proxies);
}

/* ---- opening ---- */

static struct beats_tag
tag_called(struct arena *a, const char *codec)
{
    struct slice list = arena_printf(a, "[\"beats_input_codec_%s_applied\"]", codec);

    return (struct beats_tag){ { list.p + 2, list.n - 4 }, list };
}

/* codec_metadata off and no codec given: the default codec has its ECS mode off (3.3). */
static void
choose_codec(struct beats_input *in)
{
    struct slice name;

    in->codec = in->base.common->codec;
    if (in->codec.type == NULL)
        in->codec.type = codec_find(SLICE("plain"));
    name = slice_of(in->codec.type->name);
    in->codec_is_plain = slice_eq(name, SLICE("plain")) && !in->codec.given;
    in->original = in->conf->ctx.ecs != ECS_DISABLED && in->conf->codec_metadata;
    if (in->conf->codec_metadata && in->conf->include_codec_tag)
        in->codec_tag = tag_called(in->conf->ctx.arena, in->codec.type->name);
}

static void
beats_free(struct beats_input *in)
{
    listener_close(&in->listener);
    ip_set_fini(&in->settings.proxies);
    free(in->loops);
    free(in);
}

static struct input *
beats_open(const void *conf, const struct input_common *common, const struct input_env *env,
           struct err *err)
{
    const struct beats_conf *c = conf;
    struct beats_input *in = xcalloc(1, sizeof *in);
    char host[256];

    in->base = (struct input){ .type = &input_beats, .conf = conf, .common = common, .env = *env };
    in->conf = c;
    read_settings(&in->settings, env);
    in->loops = xcalloc(env->loops_n, sizeof in->loops[0]);
    choose_codec(in);
    if (decoration_compile(c->ctx.arena, common, &c->ctx, &in->decoration, err) < 0)
        goto failed;
    in->tls = c->tls;
    snprintf(host, sizeof host, "%.*s", SLICE_ARGS(c->host));
    in->listener = listener_open(env->acceptor, host, (uint16_t)c->port,
                                 in->settings.receive_buffer, beats_conn_accepted, in, err);
    if (in->listener == NULL)
        goto failed;
    for (size_t i = 0; i < env->loops_n; i++)
        beats_loop_init(&in->loops[i], in, env->loops[i]);
    return &in->base;

failed:
    err_prefix(err, "input beats (%s)", c->ctx.id);
    beats_free(in);
    return NULL;
}

/* ---- running ---- */

struct errands {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t left;
};

struct errand {
    struct mail mail;
    struct beats_loop *bl;
    beats_loop_fn *fn;
    struct errands *all;
};

static void
run_errand(struct loop *loop, struct mail *mail)
{
    struct errand *e = CONTAINER_OF(mail, struct errand, mail);

    (void)loop;
    e->fn(e->bl);
    pthread_mutex_lock(&e->all->lock);
    e->all->left--;
    pthread_cond_signal(&e->all->changed);
    pthread_mutex_unlock(&e->all->lock);
}

void
beats_each_loop(struct beats_input *in, beats_loop_fn *fn)
{
    size_t n = in->base.env.loops_n;
    struct errand *at = xcalloc(n, sizeof *at);
    struct errands all = { .left = n };

    pthread_mutex_init(&all.lock, NULL);
    pthread_cond_init(&all.changed, NULL);
    for (size_t i = 0; i < n; i++) {
        at[i] =
            (struct errand){ .mail.fn = run_errand, .bl = &in->loops[i], .fn = fn, .all = &all };
        loop_mail(in->loops[i].loop, &at[i].mail);
    }
    pthread_mutex_lock(&all.lock);
    while (all.left > 0)
        pthread_cond_wait(&all.changed, &all.lock);
    pthread_mutex_unlock(&all.lock);
    pthread_cond_destroy(&all.changed);
    pthread_mutex_destroy(&all.lock);
    free(at);
}

static int
beats_start(struct input *input, struct err *err)
{
    struct beats_input *in = (struct beats_input *)(void *)input;

    (void)err;
    beats_each_loop(in, beats_loop_start);
    listener_start(in->listener);
    log_info(in->base.env.log, "Starting server on port: %u", listener_port(in->listener));
    return 0;
}

static void
beats_stop(struct input *input)
{
    struct beats_input *in = (struct beats_input *)(void *)input;

    listener_close(&in->listener);
    beats_each_loop(in, beats_loop_stop);
}

static void
beats_close(struct input **input)
{
    struct beats_input *in = (struct beats_input *)(void *)*input;

    if (in == NULL)
        return;
    beats_each_loop(in, beats_loop_fini);
    beats_free(in);
    *input = NULL;
}

/* On whatever thread dropped the last count. Mail for the connection's loop. */
static void
beats_settled(void *to, struct done *d)
{
    struct beats_input *in = to;
    struct beats_settled *m = xcalloc(1, sizeof *m);

    m->mail.fn = beats_conn_settled;
    m->in = in;
    m->conn = d->conn;
    m->number = d->window;
    m->acks = lj_acks_take(&d->acks);
    loop_mail(in->loops[d->conn.loop].loop, &m->mail);
}

const struct input_type input_beats = {
    .name = "beats",
    .alias = "elastic_agent",
    .conf_size = sizeof(struct beats_conf),
    .options = beats_options,
    .default_codec = "plain",
    .reloadable = true,
    .prepare = beats_prepare,
    .check = beats_check,
    .listens = beats_listens,
    .dispose = beats_dispose,
    .open = beats_open,
    .start = beats_start,
    .worker_new = beats_worker_new,
    .worker_free = beats_worker_free,
    .decode = beats_decode,
    .settled = beats_settled,
    .stop = beats_stop,
    .report = beats_report,
    .close = beats_close,
};
