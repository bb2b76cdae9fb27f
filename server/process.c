/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/process.h"

#include "codec/base/clock.h"
#include "codec/base/error.h"
#include "pipeline/bus.h"
#include "pipeline/ready.h"
#include "pipeline/worker.h"
#include "server/acceptor.h"
#include "server/net/loop.h"
#include "server/net/resolver.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define CORES_A_LOOP 4
#define POLL_NS      2000000
#define PROGRESS_MS  5000
/* After the last ACK is written, connections may take so long to say goodbye. */
#define GOODBYE_MS 1500

/* What a plugin's settings are looked up with. */
struct setting_of {
    const struct settings *settings;
    const char *type, *id;
};

struct process {
    const struct settings *settings;
    const struct log *log;
    struct budget budget;
    struct loop **loops;
    size_t loops_n, next_loop;
    struct resolver *resolver;
    struct acceptor *acceptor;
    struct bus *bus;
    struct ready *ready;
    struct workers *workers;
    struct plan **plans;
    size_t plans_n;
    struct budget_share *shares;
    struct setting_of *lookups;
    struct log *logs; /* one for each input and output */
    size_t plugins_n;
    struct process_culprit *culprit; /* of process_start's caller; alive while it starts */
    int ended;
    atomic_size_t inputs_left;
    atomic_size_t sinks_busy;
};

static void
pause_briefly(void)
{
    nanosleep(&(struct timespec){ .tv_nsec = POLL_NS }, NULL);
}

/* ---- what plugins get ---- */

static const char *
setting_of_plugin(void *arg, const char *option)
{
    const struct setting_of *s = arg;

    return settings_plugin(s->settings, s->type, s->id, option);
}

static struct setting_of *
lookup_for(struct process *p, const char *type, const char *id, const char *kind,
           const char *pipeline, struct log **log)
{
    struct setting_of *s = &p->lookups[p->plugins_n];

    *s = (struct setting_of){ p->settings, type, id };
    *log = &p->logs[p->plugins_n++];
    **log = (struct log){ .logger = kind, .pipeline = pipeline, .plugin = id };
    return s;
}

static void
on_ended(void *arg, struct input *in)
{
    struct process *p = arg;
    uint64_t one = 1;

    (void)in;
    if (atomic_fetch_sub(&p->inputs_left, 1) > 1)
        return;
    if (write(p->ended, &one, sizeof one) < 0)
        UNREACHABLE("an eventfd takes a count");
}

/* ---- starting ---- */

static unsigned
cores(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);

    return n < 1 ? 1 : (unsigned)n;
}

static int
start_loops(struct process *p, struct err *err)
{
    size_t n = cores() / CORES_A_LOOP;

    p->loops_n = 0;
    p->loops = xcalloc(n > 0 ? n : 1, sizeof p->loops[0]);
    do {
        struct loop *l = loop_new((unsigned)p->loops_n, &p->budget, err);

        if (l == NULL || loop_start(l, err) < 0) {
            loop_free(&l);
            return -1;
        }
        p->loops[p->loops_n++] = l;
    } while (p->loops_n < n);
    return 0;
}

static const char *
logger_of(struct arena *a, const char *section, const char *type)
{
    return arena_printf(a, "logstash.%s.%s", section, type).p;
}

/* Always -1. */
static int
blame(struct process *p, uint32_t pipeline, const struct plugin_context *plugin)
{
    *p->culprit = (struct process_culprit){ .found = true, .plan = pipeline, .pos = plugin->pos };
    return -1;
}

static int
open_outputs(struct process *p, struct plan *plan, uint32_t pipeline, struct err *err)
{
    for (size_t i = 0; i < plan->output_n; i++) {
        struct plan_output *o = plan->output[i];
        struct sink_env env = { .share = plan->share,
                                .resolver = p->resolver,
                                .ctx = &o->ctx,
                                .common = &o->common,
                                .bus = p->bus,
                                .pipeline = pipeline };
        struct log *log;

        env.loop = p->loops[p->next_loop++ % p->loops_n];
        env.setting = setting_of_plugin;
        env.setting_arg = lookup_for(p, o->type->name, o->ctx.id,
                                     logger_of(&plan->arena, "outputs", o->type->name),
                                     plan->settings.pipeline_id, &log);
        env.log = log;
        o->sink = o->type->open(o->conf, &env, err);
        if (o->sink == NULL) {
            err_prefix(err, "output %s (%s)", o->type->name, o->ctx.id);
            return blame(p, pipeline, &o->ctx);
        }
    }
    return 0;
}

static int
open_inputs(struct process *p, struct plan *plan, uint32_t pipeline, struct err *err)
{
    for (size_t i = 0; i < plan->input_n; i++) {
        struct plan_input *in = plan->input[i];
        struct input_env env = {
            .ready = p->ready,
            .pipeline = pipeline,
            .number = (uint16_t)p->plugins_n,
            .share = plan->share,
            .loops = p->loops,
            .loops_n = p->loops_n,
            .acceptor = p->acceptor,
            .bus = p->bus,
            .ctx = &in->ctx,
            .ended = on_ended,
            .ended_arg = p,
        };
        struct log *log;

        env.setting = setting_of_plugin;
        env.setting_arg = lookup_for(p, in->type->name, in->ctx.id,
                                     logger_of(&plan->arena, "inputs", in->type->name),
                                     plan->settings.pipeline_id, &log);
        env.log = log;
        in->input = in->type->open(in->conf, &in->common, &env, err);
        if (in->input == NULL)
            return blame(p, pipeline, &in->ctx);
        if (!in->type->passive)
            atomic_fetch_add(&p->inputs_left, 1);
    }
    return 0;
}

static int
connect_outputs(struct process *p, struct err *err)
{
    for (uint32_t i = 0; i < p->plans_n; i++)
        for (size_t k = 0; k < p->plans[i]->output_n; k++) {
            struct plan_output *o = p->plans[i]->output[k];

            if (o->type->connect == NULL || o->type->connect(o->sink, err) == 0)
                continue;
            err_prefix(err, "pipeline %s: output %s (%s)", p->plans[i]->settings.pipeline_id,
                       o->type->name, o->ctx.id);
            return blame(p, i, &o->ctx);
        }
    return 0;
}

static int
start_inputs(struct process *p, struct err *err)
{
    for (uint32_t i = 0; i < p->plans_n; i++)
        for (size_t k = 0; k < p->plans[i]->input_n; k++) {
            struct plan_input *in = p->plans[i]->input[k];

            if (in->type->start(in->input, err) < 0)
                return blame(p, i, &in->ctx);
        }
    return 0;
}

static void
log_starting(const struct process *p, const struct plan *plan)
{
    struct slice id = slice_of(plan->settings.pipeline_id);
    struct log_param params[] = {
        LOG_TEXT("pipeline_id", id),
        LOG_INT("pipeline.workers", plan->settings.workers),
        LOG_INT("pipeline.batch.size", plan->settings.batch_size),
        LOG_INT("pipeline.max_inflight",
                (int64_t)plan->settings.workers * plan->settings.batch_size),
    };

    log_params(p->log, LOG_INFO, params, COUNT(params), "Starting pipeline");
}

static int
open_pipeline(struct process *p, uint32_t i, struct err *err)
{
    struct plan *plan = p->plans[i];

    log_starting(p, plan);
    plan->share = &p->shares[i];
    budget_join(&p->budget, plan->share);
    ready_limit(p->ready, i, plan->settings.workers, plan->lane);
    if (open_outputs(p, plan, i, err) < 0 || open_inputs(p, plan, i, err) < 0)
        return err_prefix(err, "pipeline %s", plan->settings.pipeline_id);
    return 0;
}

static void
ready_has_room(void *ready)
{
    ready_room(ready);
}

static size_t
count_plugins(const struct process *p)
{
    size_t n = 0;

    for (size_t i = 0; i < p->plans_n; i++)
        n += p->plans[i]->input_n + p->plans[i]->output_n;
    return n;
}

static int
start_parts(struct process *p, struct err *err)
{
    if (start_loops(p, err) < 0)
        return -1;
    p->resolver = resolver_start(err);
    if (p->resolver == NULL)
        return -1;
    p->acceptor = acceptor_new(p->loops, p->loops_n, &p->budget, p->log, err);
    if (p->acceptor == NULL || acceptor_start(p->acceptor, err) < 0)
        return -1;
    for (uint32_t i = 0; i < p->plans_n; i++)
        if (open_pipeline(p, i, err) < 0)
            return -1;
    if (connect_outputs(p, err) < 0)
        return -1;
    p->workers = workers_start(p->ready, p->plans, p->plans_n, cores(), err);
    if (p->workers == NULL)
        return -1;
    return start_inputs(p, err);
}

static void
log_running(const struct process *p)
{
    struct slice *ids = xcalloc(p->plans_n, sizeof *ids);
    struct log_param params[] = {
        LOG_INT("count", p->plans_n),
        LOG_LIST("running_pipelines", ids, p->plans_n),
        LOG_LIST("non_running_pipelines", NULL, 0),
    };

    for (size_t i = 0; i < p->plans_n; i++) {
        struct log_param one[] = { LOG_TEXT("pipeline.id",
                                            slice_of(p->plans[i]->settings.pipeline_id)) };

        ids[i] = one[0].text;
        log_params(p->log, LOG_INFO, one, COUNT(one), "Pipeline started");
    }
    log_params(p->log, LOG_INFO, params, COUNT(params), "Pipelines running");
    free(ids);
}

static void free_parts(struct process *p);

struct process *
process_start(const struct settings *settings, struct plan **plans, size_t n, const struct log *log,
              struct process_culprit *culprit, struct err *err)
{
    struct process *p = xcalloc(1, sizeof *p);
    int64_t limit = settings_int(settings, "memory.limit");

    p->settings = settings;
    p->log = log;
    p->plans = plans;
    p->plans_n = n;
    p->culprit = culprit;
    *culprit = (struct process_culprit){ 0 };
    budget_init(&p->budget, limit > 0 ? (size_t)limit : budget_default_limit());
    p->shares = xcalloc(n, sizeof p->shares[0]);
    p->lookups = xcalloc(count_plugins(p) + 1, sizeof p->lookups[0]);
    p->logs = xcalloc(count_plugins(p) + 1, sizeof p->logs[0]);
    p->bus = bus_new();
    p->ready = ready_new(n);
    p->budget.room = ready_has_room;
    p->budget.room_arg = p->ready;
    p->ended = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (p->ended < 0)
        err_errno(err, "eventfd");
    if (p->ended < 0 || start_parts(p, err) < 0) {
        ready_stop(p->ready);
        free_parts(p);
        return NULL;
    }
    p->culprit = NULL;
    log_running(p);
    return p;
}

int
process_ended_fd(const struct process *p)
{
    return p->ended;
}

/* ---- reporting ---- */

static uint64_t
connections(const struct process *p)
{
    uint64_t n = 0;

    for (size_t i = 0; i < p->plans_n; i++)
        for (size_t k = 0; k < p->plans[i]->input_n; k++)
            n += atomic_load(&p->plans[i]->input[k]->input->stats.connections);
    return n;
}

static struct process_account
account(const struct process *p)
{
    struct process_account a = { .filtered = workers_filtered(p->workers) };

    for (size_t i = 0; i < p->plans_n; i++) {
        for (size_t k = 0; k < p->plans[i]->input_n; k++)
            a.in += atomic_load(&p->plans[i]->input[k]->input->stats.events);
        for (size_t k = 0; k < p->plans[i]->output_n; k++) {
            const struct sink_stats *s = &p->plans[i]->output[k]->sink->stats;

            a.given += atomic_load(&s->given);
            a.done += atomic_load(&s->done);
            a.refused += atomic_load(&s->refused);
            a.lost += atomic_load(&s->no_sender);
        }
    }
    a.left = a.given - a.done - a.refused - a.lost;
    return a;
}

void
process_report(struct process *p)
{
    struct log_param params[BUDGET_PARTS + 4];
    size_t n = 0;

    params[n++] = (struct log_param)LOG_INT("limit", p->budget.limit);
    params[n++] = (struct log_param)LOG_INT("used", atomic_load(&p->budget.used));
    params[n++] = (struct log_param)LOG_INT("held", atomic_load(&p->budget.held));
    params[n++] = (struct log_param)LOG_INT("peak", atomic_load(&p->budget.peak));
    for (int i = 0; i < BUDGET_PARTS; i++)
        params[n++] = (struct log_param)LOG_INT(budget_part_name((enum budget_part)i),
                                                atomic_load(&p->budget.parts[i]));
    log_params(p->log, LOG_INFO, params, n, "Memory by part");
    struct process_account a = account(p);
    struct log_param events[] = {
        LOG_INT("connections", connections(p)),
        LOG_INT("windows_waiting", ready_count(p->ready)),
        LOG_INT("workers_busy", workers_busy(p->workers)),
        LOG_INT("events_in", a.in),
        LOG_INT("events_filtered", a.filtered),
        LOG_INT("events_given", a.given),
        LOG_INT("events_done", a.done),
        LOG_INT("events_refused", a.refused),
    };

    log_params(p->log, LOG_INFO, events, COUNT(events), "Events and connections");
    for (size_t i = 0; i < p->plans_n; i++)
        for (size_t k = 0; k < p->plans[i]->input_n; k++) {
            struct input *in = p->plans[i]->input[k]->input;

            if (in->type->report != NULL)
                in->type->report(in);
        }
}

/* ---- stopping ---- */

static void
stop_inputs(struct process *p)
{
    for (size_t i = 0; i < p->plans_n; i++)
        for (size_t k = 0; k < p->plans[i]->input_n; k++) {
            struct input *in = p->plans[i]->input[k]->input;

            if (in != NULL)
                in->type->stop(in);
        }
}

static void
on_idle(void *arg)
{
    struct process *p = arg;

    atomic_fetch_sub(&p->sinks_busy, 1);
}

static void
drain_sinks(struct process *p)
{
    for (size_t i = 0; i < p->plans_n; i++)
        atomic_fetch_add(&p->sinks_busy, p->plans[i]->output_n);
    for (size_t i = 0; i < p->plans_n; i++)
        for (size_t k = 0; k < p->plans[i]->output_n; k++) {
            struct sink *s = p->plans[i]->output[k]->sink;

            s->type->drain(s, on_idle, p);
        }
}

static bool
workers_are_through(struct process *p)
{
    return ready_idle(p->ready);
}

static bool
sinks_are_idle(struct process *p)
{
    return atomic_load(&p->sinks_busy) == 0;
}

static bool
connections_are_gone(struct process *p)
{
    return connections(p) == 0;
}

static void
log_progress(struct process *p, const char *waiting_for)
{
    struct process_account a = account(p);
    struct log_param params[] = {
        LOG_INT("inflight_count", a.left + a.lost),
        LOG_INT("windows_waiting", ready_count(p->ready)),
        LOG_TEXT("waiting_for", slice_of(waiting_for)),
    };

    log_params(p->log, LOG_WARN, params, COUNT(params), "Shutdown is waiting");
}

/* Until it is reached or the time is up. */
static void
wait_until(struct process *p, bool (*reached)(struct process *p), const char *what,
           uint64_t *deadline, const struct process_patience *patience)
{
    uint64_t say = clock_mono_ms() + PROGRESS_MS;

    while (!reached(p)) {
        uint64_t now = clock_mono_ms();

        if (patience->lost != NULL && patience->lost(patience->arg) && *deadline == 0)
            *deadline = now + patience->limit_ms;
        if (*deadline != 0 && now >= *deadline)
            return;
        if (now >= say) {
            log_progress(p, what);
            say = now + PROGRESS_MS;
        }
        pause_briefly();
    }
}

static void
close_pipelines(struct process *p)
{
    for (size_t i = 0; i < p->plans_n; i++) {
        struct plan *plan = p->plans[i];

        for (size_t k = 0; k < plan->output_n; k++)
            if (plan->output[k]->sink != NULL)
                plan->output[k]->sink->type->close(&plan->output[k]->sink);
        for (size_t k = 0; k < plan->input_n; k++)
            if (plan->input[k]->input != NULL)
                plan->input[k]->input->type->close(&plan->input[k]->input);
    }
}

/* In the order of the data, from the workers on; also half-way through a start. */
static void
free_parts(struct process *p)
{
    workers_stop(&p->workers);
    close_pipelines(p);
    acceptor_free(&p->acceptor);
    resolver_stop(&p->resolver);
    for (size_t i = 0; i < p->loops_n; i++)
        loop_stop(p->loops[i]);
    for (size_t i = 0; i < p->loops_n; i++)
        loop_free(&p->loops[i]);
    p->budget.room = NULL;
    ready_free(&p->ready);
    bus_free(&p->bus);
    for (size_t i = 0; i < p->plans_n; i++) {
        if (p->plans[i]->share != NULL)
            budget_leave(p->plans[i]->share);
        plan_drop(&p->plans[i]);
    }
    if (p->ended >= 0)
        close(p->ended);
    free(p->loops);
    free(p->shares);
    free(p->lookups);
    free(p->logs);
    free(p);
}

static void
log_terminated(const struct process *p)
{
    for (size_t i = 0; i < p->plans_n; i++) {
        struct log_param params[] = { LOG_TEXT("pipeline.id",
                                               slice_of(p->plans[i]->settings.pipeline_id)) };

        log_params(p->log, LOG_INFO, params, COUNT(params), "Pipeline terminated");
    }
}

void
process_stop(struct process **process, const struct process_patience *patience, bool hurry,
             struct process_account *out)
{
    struct process *p = *process;
    uint64_t deadline = 0, goodbye;

    if (hurry) {
        for (uint64_t until = clock_mono_ms() + patience->pre_delay_ms; clock_mono_ms() < until;) {
            if (patience->lost != NULL) /* its answer means nothing yet */
                patience->lost(patience->arg);
            pause_briefly();
        }
        deadline = patience->limit_ms == 0 ? 0 : clock_mono_ms() + patience->limit_ms;
    }
    stop_inputs(p);
    wait_until(p, workers_are_through, "workers", &deadline, patience);
    drain_sinks(p);
    wait_until(p, sinks_are_idle, "outputs", &deadline, patience);
    /* The last ACKs are on their way to the loops; senders that do not close are not waited for. */
    goodbye = clock_mono_ms() + GOODBYE_MS;
    if (deadline == 0 || deadline > goodbye)
        deadline = goodbye;
    wait_until(p, connections_are_gone, "connections", &deadline, patience);
    *process = NULL;
    ready_stop(p->ready);
    *out = account(p);
    log_terminated(p);
    free_parts(p);
}
