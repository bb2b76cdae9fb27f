/* SPDX-License-Identifier: GPL-3.0-or-later */
/* headrig: flags and settings to a running pipeline, signals to its end.
 * Order of start, exit codes: reference/runtime.md 5, 11, 12. */
#include "codec/base/error.h"
#include "codec/zoneinfo.h"
#include "pipeline/config_files.h"
#include "pipeline/plan.h"
#include "server/command.h"
#include "server/data_folder.h"
#include "server/inputs.h"
#include "server/logger.h"
#include "server/net/tls.h"
#include "server/process.h"
#include "sinks/sinks.h"
#include "version.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define DEFAULT_SETTINGS "/etc/headrig"

static const struct log runner = { .logger = "logstash.runner" };
static const struct log agent = { .logger = "logstash.agent" };

struct program {
    struct settings *settings;
    struct command command;
    struct logger *logger;
    struct data_folder data;
    struct config_files files;
    struct plan *plan;
    const struct setting_problem *problems;
    size_t problems_n;
    int signals;
};

/* ---- before there is a log ---- */

static int
usage_error(const struct err *err)
{
    fprintf(stderr, "ERROR: %s\n\nSee: 'headrig --help'\n", err->msg);
    return EXIT_FAILURE;
}

static void
print_version(void)
{
    struct err err = { 0 };

    printf("logstash %s\nheadrig %s\n", LOGSTASH_VERSION, HEADRIG_VERSION);
    if (tls_start(&err) == 0) {
        printf("%s\n", tls_library());
        tls_stop();
    }
    printf("%s\n", HEADRIG_FEATURES);
}

static void
print_usage(void)
{
    struct buf text = { 0 };

    command_usage(&text);
    fwrite(text.p, 1, text.n, stdout);
    buf_fini(&text);
}

static const char *
settings_folder(const struct program *p)
{
    const char *dir = p->command.path_settings;

    if (dir == NULL)
        dir = getenv("LS_SETTINGS_DIR");
    return dir != NULL ? dir : DEFAULT_SETTINGS;
}

static int
load_settings(struct program *p, struct err *err)
{
    const char *dir = settings_folder(p);
    bool missing;

    if (settings_load(p->settings, dir, &missing, err) < 0)
        return -1;
    if (missing)
        fprintf(stderr,
                "WARNING: Could not find logstash.yml which is typically located in $LS_HOME/config "
                "or /etc/logstash. You can specify the path using --path.settings. Continuing "
                "using the defaults (looked in %s)\n",
                dir);
    return 0;
}

/* ---- settings ---- */

/* Events would be lost if these were ignored. */
static int
refuse_unbuilt(const struct program *p)
{
    int refused = 0;

    if (strcmp(settings_get(p->settings, "queue.type"), "persisted") == 0) {
        log_fatal(&runner, "queue.type: persisted is not supported yet. Acknowledged events are "
                           "delivered events here, so a memory queue loses none; set queue.type: "
                           "memory");
        refused = -1;
    }
    if (settings_bool(p->settings, "dead_letter_queue.enable")) {
        log_fatal(&runner, "dead_letter_queue.enable: true is not supported yet; set it to false");
        refused = -1;
    }
    if (strcmp(settings_get(p->settings, "beats.ack"), "queued") == 0) {
        log_fatal(&runner, "beats.ack: queued needs a disk queue, which is not supported yet; "
                           "leave it at delivered");
        refused = -1;
    }
    return refused;
}

/* All problems in one run. */
static int
check_settings(struct program *p)
{
    const struct setting_problem *at = p->problems;
    size_t errors = 0;

    for (size_t i = 0; i < p->problems_n; i++) {
        enum log_level level = at[i].error ? LOG_FATAL : at[i].info ? LOG_INFO : LOG_WARN;

        log_line(&runner, level, "%s%s: %s",
                 at[i].error ? "An unexpected error occurred! Invalid setting: " : "", at[i].where,
                 at[i].text);
        errors += at[i].error;
    }
    return errors > 0 ? -1 : refuse_unbuilt(p);
}

/* Problems of the settings are logged in the form that the settings ask for. */
static int
start_log(struct program *p, struct err *err)
{
    const char *format;
    enum log_level level;

    p->problems = settings_check(p->settings, &p->problems_n);
    format = settings_get(p->settings, "log.format");
    if (log_level_parse(slice_of(settings_get(p->settings, "log.level")), &level))
        log_set_level(level);
    p->logger = logger_start(STDERR_FILENO, strcmp(format, "json") == 0 ? LOG_JSON : LOG_PLAIN,
                             err);
    return p->logger == NULL ? -1 : 0;
}

static int
check_user(const struct program *p)
{
    if (geteuid() != 0 || settings_bool(p->settings, "allow_superuser"))
        return 0;
    log_fatal(&runner, "Logstash cannot be run as superuser. Set allow_superuser: true to allow it");
    return -1;
}

/* ---- configuration ---- */

/* Where the text comes from; conflicts are refused. */
static int
read_config(struct program *p, struct err *err)
{
    const char *text = settings_get(p->settings, "config.string");
    const char *path = settings_get(p->settings, "path.config");

    if (text != NULL && path != NULL)
        return err_set(err, ERR_CONFIG,
                       "Settings 'path.config' (-f) and 'config.string' (-e) can't be used "
                       "simultaneously.");
    if (text != NULL) {
        config_files_string(slice_of(text), &p->files);
        return 0;
    }
    if (path == NULL)
        return err_set(err, ERR_CONFIG,
                       "No configuration found in the configured sources: give a pipeline with -f "
                       "or -e");
    if (config_files_read(path, &agent, &p->files, err) < 0)
        return -1;
    if (p->files.n == 0)
        return err_set(err, ERR_CONFIG, "No config files found in path: %s", path);
    return 0;
}

static int
plan_settings(const struct program *p, struct plan_settings *out, struct err *err)
{
    const struct settings *s = p->settings;
    const char *ordered = settings_get(s, "pipeline.ordered");
    const char *ecs = settings_get(s, "pipeline.ecs_compatibility");
    const char *style = settings_get(s, "config.field_reference.escape_style");
    int64_t workers = settings_int(s, "pipeline.workers");

    *out = (struct plan_settings){
        .pipeline_id = settings_get(s, "pipeline.id"),
        .workers = workers > 0 ? (uint32_t)workers : (uint32_t)sysconf(_SC_NPROCESSORS_ONLN),
        .batch_size = (uint32_t)settings_int(s, "pipeline.batch.size"),
        .ecs = ecs[0] == 'd' ? ECS_DISABLED : strcmp(ecs, "v1") == 0 ? ECS_V1 : ECS_V8,
        .escape = style[0] == 'p' ? ESCAPE_PERCENT
                                  : style[0] == 'a' ? ESCAPE_AMPERSAND : ESCAPE_NONE,
        .support_escapes = settings_bool(s, "config.support_escapes"),
        /* auto: only workers that were set to one, not a machine with one core */
        .ordered = ordered[0] == 't' || (ordered[0] == 'a' && workers == 1),
    };
    if (ordered[0] == 't' && workers > 1)
        return err_set(err, ERR_CONFIG,
                       "enabling the 'pipeline.ordered' setting requires the use of a single "
                       "pipeline worker, not %lld",
                       (long long)workers);
    return 0;
}

static void
say_findings(const struct program *p, const struct findings *f, enum log_level errors)
{
    static const enum log_level levels[] = { [FINDING_INFO] = LOG_INFO, [FINDING_WARN] = LOG_WARN,
                                             [FINDING_DEPRECATION] = LOG_WARN };

    for (size_t i = 0; i < f->n; i++) {
        const struct finding *one = &f->at[i];
        const char *file = one->pos.file < p->files.n ? p->files.at[one->pos.file].name : "";
        enum log_level level = one->level == FINDING_ERROR ? errors : levels[one->level];

        if (one->pos.line > 0)
            log_line(&agent, level, "%s:%u:%u: %s%s%s", file, one->pos.line, one->pos.column,
                     one->text, one->hint == NULL ? "" : " -- ",
                     one->hint == NULL ? "" : one->hint);
        else
            log_line(&agent, level, "%s%s%s", one->text, one->hint == NULL ? "" : " -- ",
                     one->hint == NULL ? "" : one->hint);
    }
}

/* The first error's own words: what runbooks search for. */
static const char *
first_error(const struct findings *f)
{
    for (size_t i = 0; i < f->n; i++)
        if (f->at[i].level == FINDING_ERROR)
            return f->at[i].text;
    return "Unable to configure plugins";
}

static int
compile(struct program *p, const struct plan_settings *settings, struct findings *findings)
{
    const struct plan_registry registry = {
        .find_sink = sink_find, .find_input = input_find, .sinks = sink_all(), .inputs = input_all()
    };
    struct config *config =
        config_parse(p->files.at, p->files.n, settings->support_escapes, findings);

    if (config == NULL)
        return -1;
    p->plan = plan_compile(config, settings, &registry, settings_env, NULL, zone_offset,
                           timestamp_now, findings);
    config_free(&config);
    return p->plan == NULL ? -1 : 0;
}

static int
compile_config(struct program *p, bool testing)
{
    struct plan_settings settings;
    struct findings findings = { 0 };
    struct err err = { 0 };
    int failed;

    if (read_config(p, &err) < 0 || plan_settings(p, &settings, &err) < 0) {
        if (testing)
            log_fatal(&runner, "The given configuration is invalid. Reason: %s", err.msg);
        else
            log_error(&runner, "ERROR: %s", err.msg);
        return -1;
    }
    failed = compile(p, &settings, &findings);
    say_findings(p, &findings, LOG_ERROR);
    if (failed < 0 && testing) {
        log_fatal(&runner, "The given configuration is invalid. Reason: %s",
                  first_error(&findings));
    } else if (failed < 0) {
        struct log_param params[] = {
            LOG_TEXT("action", SLICE("LogStash::PipelineAction::Create/pipeline_id:main")),
            LOG_TEXT("exception", SLICE("LogStash::ConfigurationError")),
            LOG_TEXT("message", slice_of(first_error(&findings))),
        };

        log_params(&agent, LOG_ERROR, params, COUNT(params), "Failed to execute action");
    }
    findings_fini(&findings);
    return failed;
}

static void
warn_unused_ids(const struct program *p)
{
    const char *ids[64];
    size_t n = settings_plugin_ids(p->settings, ids, COUNT(ids));

    for (size_t i = 0; i < n; i++) {
        bool found = false;

        for (size_t k = 0; k < p->plan->input_n; k++)
            found = found || strcmp(p->plan->input[k]->ctx.id, ids[i]) == 0;
        for (size_t k = 0; k < p->plan->output_n; k++)
            found = found || strcmp(p->plan->output[k]->ctx.id, ids[i]) == 0;
        if (!found)
            log_warn(&runner, "Settings for plugin \"%s\" have no effect: no running pipeline has "
                              "a plugin of this id",
                     ids[i]);
    }
}

/* ---- running ---- */

static int
block_signals(struct program *p, struct err *err)
{
    sigset_t set;

    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGQUIT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    p->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return p->signals < 0 ? err_errno(err, "signalfd") : 0;
}

/* 0: none. */
static uint32_t
next_signal(const struct program *p)
{
    struct signalfd_siginfo info;

    return read(p->signals, &info, sizeof info) == (ssize_t)sizeof info ? info.ssi_signo : 0;
}

static void
on_other_signal(uint32_t signo, struct process *process)
{
    if (signo == SIGQUIT && process != NULL)
        process_report(process);
    if (signo == SIGHUP)
        log_warn(&runner, "SIGHUP: reloading is not supported yet; restart to read the "
                          "configuration anew");
}

/* True: a signal wants us to stop. False: all inputs have ended by themselves. */
static bool
wait_for_end(const struct program *p, struct process *process)
{
    struct pollfd fds[] = { { .fd = p->signals, .events = POLLIN },
                            { .fd = process_ended_fd(process), .events = POLLIN } };

    for (;;) {
        uint32_t signo;

        poll(fds, COUNT(fds), -1);
        while ((signo = next_signal(p)) != 0) {
            if (signo == SIGTERM || signo == SIGINT) {
                log_warn(&runner, "SIG%s received. Shutting down.",
                         signo == SIGTERM ? "TERM" : "INT");
                return true;
            }
            on_other_signal(signo, process);
        }
        if (fds[1].revents != 0)
            return false;
    }
}

/* While stopping: a second INT ends at once; TERM (or the first INT while a finite pipeline drains)
 * starts the clock. */
static bool
lost_patience(void *arg)
{
    struct program *p = arg;
    uint32_t signo;
    static unsigned interrupts;

    while ((signo = next_signal(p)) != 0) {
        if (signo == SIGINT && interrupts++ > 0) {
            log_fatal(&runner, "SIGINT received. Terminating immediately..");
            logger_stop(&p->logger);
            _exit(EXIT_FAILURE);
        }
        if (signo == SIGTERM || signo == SIGINT)
            return true;
        on_other_signal(signo, NULL);
    }
    return false;
}

static void
log_account(const struct process_account *a)
{
    struct log_param params[] = {
        LOG_INT("events_in", a->in),     LOG_INT("events_filtered", a->filtered),
        LOG_INT("given", a->given),      LOG_INT("delivered", a->done),
        LOG_INT("refused", a->refused),  LOG_INT("returned_unacknowledged", a->left),
        LOG_INT("lost", 0),
    };

    log_params(&runner, LOG_INFO, params, COUNT(params), "Account of every event");
}

static int
run(struct program *p)
{
    struct err err = { 0 };
    struct process_account account = { 0 };
    struct plan *plans[] = { p->plan };
    struct process_patience patience = {
        .limit_ms = (uint64_t)settings_int(p->settings, "shutdown.timeout"),
        .pre_delay_ms = (uint64_t)settings_int(p->settings, "shutdown.pre_delay"),
        .lost = lost_patience,
        .arg = p,
    };
    struct process *process;

    warn_unused_ids(p);
    p->plan = NULL;
    process = process_start(p->settings, plans, 1, &agent, &err);
    if (process == NULL) {
        struct log_param params[] = { LOG_TEXT("message", slice_of(err.msg)) };

        log_params(&agent, LOG_ERROR, params, COUNT(params), "Failed to execute action");
        return EXIT_FAILURE;
    }
    process_stop(&process, &patience, wait_for_end(p, process), &account);
    log_account(&account);
    log_info(&runner, "Logstash shut down.");
    return EXIT_SUCCESS;
}

static int
test_config(struct program *p)
{
    if (compile_config(p, true) < 0)
        return EXIT_FAILURE;
    printf("Configuration OK\n");
    log_info(&runner, "Using config.test_and_exit mode. Config Validation Result: OK. Exiting "
                      "Logstash");
    return EXIT_SUCCESS;
}

static int
run_program(struct program *p)
{
    struct err err = { 0 };
    struct log_param version[] = { LOG_TEXT("logstash.version", SLICE(LOGSTASH_VERSION)),
                                   LOG_TEXT("headrig.version", SLICE(HEADRIG_VERSION)) };

    if (check_settings(p) < 0 || check_user(p) < 0)
        return EXIT_FAILURE;
    log_params(&runner, LOG_INFO, version, COUNT(version), "Starting Logstash");
    if (settings_bool(p->settings, "config.test_and_exit"))
        return test_config(p);
    if (data_folder_open(&p->data, settings_get(p->settings, "path.data"), &err) < 0) {
        log_fatal(&runner, "%s", err.msg);
        return EXIT_FAILURE;
    }
    if (compile_config(p, false) < 0)
        return EXIT_FAILURE;
    return run(p);
}

int
main(int argc, char **argv)
{
    struct program p = { .data.lock = -1, .signals = -1 };
    struct err err = { 0 };
    int status = EXIT_FAILURE;

    p.settings = settings_new();
    if (command_parse(argc, argv, p.settings, &p.command, &err) < 0) {
        status = usage_error(&err);
        goto out;
    }
    if (p.command.version || p.command.help) {
        if (p.command.version)
            print_version();
        else
            print_usage();
        status = EXIT_SUCCESS;
        goto out;
    }
    if (block_signals(&p, &err) < 0 || load_settings(&p, &err) < 0 || start_log(&p, &err) < 0) {
        status = usage_error(&err);
        goto out;
    }
    status = run_program(&p);

out:
    plan_drop(&p.plan);
    config_files_fini(&p.files);
    data_folder_close(&p.data);
    logger_stop(&p.logger);
    settings_free(&p.settings);
    if (p.signals >= 0)
        close(p.signals);
    return status;
}
