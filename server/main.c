/* SPDX-License-Identifier: GPL-3.0-or-later */
/* headrig: flags and settings to a running pipeline, signals to its end.
 * Order of start, exit codes: reference/runtime.md 5, 11, 12. */
#include "codec/base/error.h"
#include "codec/zoneinfo.h"
#include "pipeline/config_check.h"
#include "pipeline/config_print.h"
#include "pipeline/plan.h"
#include "pipeline/file_store.h"
#include "pipeline/regex_store.h"
#include "server/addresses.h"
#include "server/command.h"
#include "server/data_folder.h"
#include "server/inputs.h"
#include "server/plugin_help.h"
#include "server/logger.h"
#include "server/net/tls.h"
#include "server/net/tls_aes.h"
#include "server/pipeline_specs.h"
#include "server/ports.h"
#include "server/process.h"
#include "server/signals.h"
#include "sinks/sinks.h"
#include "server/version.h"

#include <malloc.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define DEFAULT_SETTINGS "/etc/headrig"
#define HEAP_SLACK       (4 << 20)

static const struct log runner = { .logger = "logstash.runner" };
static const struct log agent = { .logger = "logstash.agent" };

struct program {
    struct settings *settings;
    struct command command;
    struct logger *logger;
    struct data_folder data;
    struct pipeline_specs specs;
    struct plan **plans; /* one for each spec; NULL: it did not compile */
    const struct setting_problem *problems;
    size_t problems_n;
    struct process *process;
    struct signals signals;
    bool tls;                          /* started */
    unsigned interrupts, terminations; /* INT and TERM so far */
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
        printf("%s, AES-GCM by %s\n", tls_library(), tls_aes_name());
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
        fprintf(
            stderr,
            "WARNING: Could not find logstash.yml which is typically located in $LS_HOME/config "
            "or /etc/logstash. You can specify the path using --path.settings. Continuing "
            "using the defaults (looked in %s)\n",
            dir);
    return 0;
}

/* ---- settings ---- */

/* Acknowledged events would be lost if it were ignored. */
static int
refuse_unbuilt(const struct program *p)
{
    if (strcmp(settings_get(p->settings, "beats.ack"), "queued") != 0)
        return 0;
    log_fatal(&runner, "beats.ack: queued needs a disk queue, which is not supported yet; leave it "
                       "at delivered");
    return -1;
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
    p->logger =
        logger_start(STDERR_FILENO, strcmp(format, "json") == 0 ? LOG_JSON : LOG_PLAIN, err);
    return p->logger == NULL ? -1 : 0;
}

static int
check_user(const struct program *p)
{
    if (geteuid() != 0 || settings_bool(p->settings, "allow_superuser"))
        return 0;
    log_fatal(&runner,
              "Logstash cannot be run as superuser. Set allow_superuser: true to allow it");
    return -1;
}

/* ---- configuration ---- */

static void
print_findings(const struct program *p, const struct config_print *print, const struct findings *f,
               bool testing)
{
    struct buf text = { 0 };

    if (testing && p->command.format != NULL && strcmp(p->command.format, "json") == 0) {
        config_print_json(print, f, &text);
        buf_byte(&text, '\n');
        fwrite(text.p, 1, text.n, stdout);
    } else if (testing) {
        config_print_text(print, f, &text);
        fwrite(buf_cstr(&text), 1, text.n, stderr);
    }
    buf_fini(&text);
}

/* Each with its place, in the log of a run. */
static void
log_findings(const struct config_print *print, const struct findings *f)
{
    static const enum log_level levels[] = { [FINDING_INFO] = LOG_INFO,
                                             [FINDING_WARN] = LOG_WARN,
                                             [FINDING_DEPRECATION] = LOG_WARN,
                                             [FINDING_ERROR] = LOG_ERROR };
    struct buf place = { 0 };

    for (size_t i = 0; i < f->n; i++) {
        const struct finding *one = &f->at[i];

        buf_clear(&place);
        config_print_place(print, one->pos, &place);
        log_line(&agent, levels[one->level], "%.*s%s%s%s%s%s", (int)place.n,
                 place.n > 0 ? place.p : "", place.n > 0 ? ": " : "", one->text,
                 one->hint == NULL ? "" : " (", one->hint == NULL ? "" : one->hint,
                 one->hint == NULL ? "" : ")");
    }
    buf_fini(&place);
}

static struct plan *
compile_one(const struct pipeline_spec *spec, struct regex_store *regexes, struct file_store *files,
            struct findings *findings)
{
    const struct plan_registry registry = {
        .find_sink = sink_find, .find_input = input_find, .sinks = sink_all(), .inputs = input_all()
    };
    struct config *config =
        config_parse(spec->files.at, spec->files.n, spec->settings.support_escapes, findings);
    struct plan_settings settings = spec->settings;
    struct plan *plan = NULL;

    if (config == NULL)
        return NULL;
    config_check(config, findings);
    settings.regexes = regexes;
    settings.files = files;
    plan = plan_compile(config, &settings, &registry, settings_env, NULL, zone_offset,
                        timestamp_now, findings);
    config_free(&config);
    return plan;
}

static void
say_failed(const struct pipeline_spec *spec, const struct findings *f, bool testing)
{
    char action[300];
    struct log_param params[] = {
        LOG_TEXT("action", SLICE("")),
        LOG_TEXT("exception", SLICE("LogStash::ConfigurationError")),
        LOG_TEXT("message", slice_of(findings_reason(f))),
    };

    if (testing) {
        log_fatal(&runner, "The given configuration is invalid. Reason: %s", findings_reason(f));
        return;
    }
    snprintf(action, sizeof action, "LogStash::PipelineAction::Create/pipeline_id:%s",
             spec->settings.pipeline_id);
    params[0].text = slice_of(action);
    log_params(&agent, LOG_ERROR, params, COUNT(params), "Failed to execute action");
}

static bool
ports_are_free(const struct program *p, size_t i, struct findings *findings)
{
    size_t errors = findings->errors;

    ports_check(p->plans[i], p->plans, i, findings);
    return findings->errors == errors;
}

static void
compile_each(struct program *p, struct findings *findings)
{
    struct regex_store *regexes = regex_store_new();
    struct file_store *files = file_store_new();

    p->plans = xcalloc(p->specs.n, sizeof p->plans[0]);
    for (size_t i = 0; i < p->specs.n; i++) {
        p->plans[i] = compile_one(&p->specs.at[i], regexes, files, &findings[i]);
        if (p->plans[i] != NULL && !ports_are_free(p, i, &findings[i]))
            plan_drop(&p->plans[i]);
    }
    regex_store_drop(&regexes);
    file_store_drop(&files);
}

/* What only all of them together show. A start finds it, too, when it connects them. */
static void
check_together(struct program *p, struct findings *findings)
{
    for (size_t i = 0; i < p->specs.n; i++)
        if (p->plans[i] == NULL)
            return;
    addresses_check(p->plans, p->specs.n, findings);
    for (size_t i = 0; i < p->specs.n; i++)
        if (findings[i].errors > 0)
            plan_drop(&p->plans[i]);
}

static void
say_findings(const struct program *p, const struct pipeline_spec *spec, bool compiled,
             const struct findings *findings, bool testing)
{
    struct config_print print = { .sources = spec->files.at,
                                  .sources_n = spec->files.n,
                                  .colors = testing && isatty(STDERR_FILENO) };

    print_findings(p, &print, findings, testing);
    if (!testing)
        log_findings(&print, findings);
    if (!compiled)
        say_failed(spec, findings, testing);
}

/* How many pipelines compiled; what failed is said. */
static size_t
compile_all(struct program *p, bool testing)
{
    struct findings *findings = xcalloc(p->specs.n, sizeof *findings);
    size_t good = 0;

    compile_each(p, findings);
    if (testing)
        check_together(p, findings);
    for (size_t i = 0; i < p->specs.n; i++) {
        say_findings(p, &p->specs.at[i], p->plans[i] != NULL, &findings[i], testing);
        good += p->plans[i] != NULL;
        findings_fini(&findings[i]);
    }
    free(findings);
    return good;
}

static int
read_specs(struct program *p, bool testing)
{
    struct err err = { 0 };

    if (pipeline_specs_read(p->settings, settings_folder(p), &agent, &p->specs, &err) == 0)
        return 0;
    if (testing)
        log_fatal(&runner, "The given configuration is invalid. Reason: %s", err.msg);
    else
        log_fatal(&runner, "%s", err.msg);
    return -1;
}

static bool
has_plugin(const struct plan *plan, const char *id)
{
    for (size_t k = 0; k < plan->input_n; k++)
        if (strcmp(plan->input[k]->ctx.id, id) == 0)
            return true;
    for (size_t k = 0; k < plan->output_n; k++)
        if (strcmp(plan->output[k]->ctx.id, id) == 0)
            return true;
    return false;
}

static void
warn_unused_ids(const struct program *p, struct plan *const *plans, size_t n)
{
    const char *ids[64];
    size_t ids_n = settings_plugin_ids(p->settings, ids, COUNT(ids));

    for (size_t i = 0; i < ids_n; i++) {
        bool found = false;

        for (size_t k = 0; k < n; k++)
            found = found || has_plugin(plans[k], ids[i]);
        if (!found)
            log_warn(&runner,
                     "Settings for plugin \"%s\" have no effect: no running pipeline has "
                     "a plugin of this id",
                     ids[i]);
    }
}

/* ---- running ---- */

/* True: it asks for an orderly stop. The second of a kind ends the process here. */
static bool
take_signal(struct program *p, int signo)
{
    const char *name = signo == SIGTERM ? "TERM" : "INT";
    unsigned *seen = signo == SIGTERM ? &p->terminations : &p->interrupts;

    if (signo == SIGQUIT)
        process_report(p->process);
    if (signo == SIGHUP)
        log_warn(&runner, "SIGHUP: reloading is not supported yet; restart to read the "
                          "configuration anew");
    if (signo != SIGTERM && signo != SIGINT)
        return false;
    if ((*seen)++ > 0) {
        log_fatal(&runner, "SIG%s received. Terminating immediately..", name);
        logger_stop(&p->logger);
        _exit(EXIT_FAILURE);
    }
    log_warn(&runner, "SIG%s received. Shutting down.", name);
    return true;
}

/* True: a signal wants us to stop. False: all inputs have ended by themselves. */
static bool
wait_for_end(struct program *p)
{
    struct pollfd fds[] = { { .fd = p->signals.fd, .events = POLLIN },
                            { .fd = process_ended_fd(p->process), .events = POLLIN } };

    for (;;) {
        int signo;

        poll(fds, COUNT(fds), -1);
        while ((signo = signals_next(&p->signals, &runner)) != 0)
            if (take_signal(p, signo))
                return true;
        if (fds[1].revents != 0)
            return false;
    }
}

/* While stopping: TERM or INT while a finite pipeline drains starts the clock. */
static bool
lost_patience(void *arg)
{
    struct program *p = arg;
    int signo;

    while ((signo = signals_next(&p->signals, &runner)) != 0)
        if (take_signal(p, signo))
            return true;
    return false;
}

static void
log_account(const struct process_account *a)
{
    struct log_param params[] = {
        LOG_INT("events_in", a->in),    LOG_INT("events_filtered", a->filtered),
        LOG_INT("given", a->given),     LOG_INT("delivered", a->done),
        LOG_INT("refused", a->refused), LOG_INT("returned_unacknowledged", a->left),
        LOG_INT("lost", a->lost),
    };

    log_params(&runner, LOG_INFO, params, COUNT(params), "Account of every event");
}

/* The pipelines that did not compile leave the list; the others run, each plan beside its spec. */
static size_t
keep_good(struct program *p)
{
    size_t n = 0;

    for (size_t i = 0; i < p->specs.n; i++) {
        struct pipeline_spec spec = p->specs.at[n];

        if (p->plans[i] == NULL)
            continue;
        p->specs.at[n] = p->specs.at[i];
        p->specs.at[i] = spec;
        p->plans[n++] = p->plans[i];
    }
    for (size_t i = n; i < p->specs.n; i++)
        p->plans[i] = NULL;
    return n;
}

static void
log_not_started(const struct program *p, const struct process_culprit *culprit,
                const struct err *err)
{
    struct buf text = { 0 };
    struct log_param message = LOG_TEXT("message", slice_of(""));

    if (culprit->found) {
        const struct pipeline_spec *spec = &p->specs.at[culprit->plan];
        struct config_print print = { .sources = spec->files.at, .sources_n = spec->files.n };

        config_print_place(&print, culprit->pos, &text);
        if (text.n > 0)
            buf_append(&text, SLICE(": "));
    }
    buf_append(&text, slice_of(err->msg));
    message.text = buf_slice(&text);
    log_params(&agent, LOG_ERROR, &message, 1, "Failed to execute action");
    buf_fini(&text);
}

static int
run(struct program *p)
{
    struct err err = { 0 };
    struct process_account account = { 0 };
    struct process_patience patience = {
        .limit_ms = (uint64_t)settings_int(p->settings, "shutdown.timeout"),
        .pre_delay_ms = (uint64_t)settings_int(p->settings, "shutdown.pre_delay"),
        .lost = lost_patience,
        .arg = p,
    };
    struct process_culprit culprit;
    size_t n = keep_good(p);
    bool hurry;

    warn_unused_ids(p, p->plans, n);
    p->process = process_start(p->settings, p->plans, n, &agent, &culprit, &err);
    if (p->process == NULL) {
        log_not_started(p, &culprit, &err);
        return EXIT_FAILURE;
    }
    hurry = wait_for_end(p);
    process_stop(&p->process, &patience, hurry, &account);
    log_account(&account);
    log_info(&runner, "Logstash shut down.");
    return EXIT_SUCCESS;
}

static int
test_config(struct program *p)
{
    signals_release(); /* who waits for a slow file may give up */
    if (read_specs(p, true) < 0 || compile_all(p, true) < p->specs.n)
        return EXIT_FAILURE;
    if (p->command.format == NULL || strcmp(p->command.format, "json") != 0)
        printf("Configuration OK\n");
    log_info(&runner, "Using config.test_and_exit mode. Config Validation Result: OK. Exiting "
                      "Logstash");
    return EXIT_SUCCESS;
}

/* Of a plugin: its options. */
static int
print_plugin_help(const char *topic)
{
    struct buf text = { 0 };
    bool found = plugin_help(slice_of(topic), &text);

    fwrite(text.p, 1, text.n, found ? stdout : stderr);
    buf_fini(&text);
    return found ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int
run_program(struct program *p)
{
    struct err err = { 0 };
    struct log_param version[] = { LOG_TEXT("logstash.version", SLICE(LOGSTASH_VERSION)),
                                   LOG_TEXT("headrig.version", SLICE(HEADRIG_VERSION)),
                                   LOG_TEXT("aes", slice_of(tls_aes_name())) };

    if (check_settings(p) < 0 || check_user(p) < 0)
        return EXIT_FAILURE;
    log_params(&runner, LOG_INFO, version, COUNT(version), "Starting Logstash");
    if (tls_start(&err) < 0) { /* also to look at certificates */
        log_fatal(&runner, "%s", err.msg);
        return EXIT_FAILURE;
    }
    p->tls = true;
    if (settings_bool(p->settings, "config.test_and_exit"))
        return test_config(p);
    if (data_folder_open(&p->data, settings_get(p->settings, "path.data"), &err) < 0) {
        log_fatal(&runner, "%s", err.msg);
        return EXIT_FAILURE;
    }
    if (read_specs(p, false) < 0 || compile_all(p, false) == 0)
        return EXIT_FAILURE;
    return run(p);
}

/* Left alone, glibc learns to keep up to 64 MB free at the top of each thread's heap, and
 * malloc_trim does not reach there. */
static void
keep_heaps_small(void)
{
    mallopt(M_MMAP_THRESHOLD, HEAP_SLACK);
    mallopt(M_TRIM_THRESHOLD, HEAP_SLACK);
}

int
main(int argc, char **argv)
{
    struct program p = { .data.lock = -1, .signals.fd = -1 };
    struct err err = { 0 };
    int status = EXIT_FAILURE;

    signals_block();
    keep_heaps_small();
    p.settings = settings_new();
    if (command_parse(argc, argv, p.settings, &p.command, &err) < 0) {
        status = usage_error(&err);
        goto out;
    }
    if (p.command.help && p.command.help_topic != NULL) {
        status = print_plugin_help(p.command.help_topic);
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
    if (signals_open(&p.signals, &err) < 0 || load_settings(&p, &err) < 0 ||
        start_log(&p, &err) < 0) {
        status = usage_error(&err);
        goto out;
    }
    status = run_program(&p);

out:
    for (size_t i = 0; i < p.specs.n && p.plans != NULL; i++)
        plan_drop(&p.plans[i]);
    free(p.plans);
    if (p.tls)
        tls_stop();
    pipeline_specs_free(&p.specs);
    data_folder_close(&p.data);
    logger_stop(&p.logger);
    settings_free(&p.settings);
    signals_close(&p.signals);
    return status;
}
