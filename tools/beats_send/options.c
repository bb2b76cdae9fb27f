/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tools/beats_send/options.h"

#include "tools/beats_send/ack_check.h"

#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

static const char help[] =
    "beats_send: a sender of the Lumberjack protocol that checks what the server answers.\n"
    "\n"
    "usage: beats_send [options]\n"
    "\n"
    "Where to:\n"
    "  --host NAME            default 127.0.0.1\n"
    "  --port NUMBER          default 5044\n"
    "  --tls                  TLS; --ca FILE checks the server, --insecure does not\n"
    "  --cert FILE --key FILE the sender's own certificate\n"
    "How:\n"
    "  --protocol 1|2         default 2; 1 sends pairs (D frames)\n"
    "  --compression 0..9     default 3; 0 sends no C frames\n"
    "  --window N | N-M       events in a window, default 2048; N-M: at random\n"
    "  --pipelining N         windows on the wire at once, default 3\n"
    "  --connections N        default 1\n"
    "  --threads N            default 1\n"
    "What:\n"
    "  --corpus logs|noisy    made-up events, about 13:1 and 5:1 when compressed; default logs\n"
    "  --seed N               of the corpus, default 1\n"
    "  --input FILE           each line becomes a message; with --ndjson each line is an event\n"
    "  --id-prefix TEXT       event ids are TEXT and a number, in the field test_id; default e\n"
    "  --preencode N          N windows are made once and sent again and again, without ids\n"
    "How much (the first that is reached; else until the input ends):\n"
    "  --events N             --seconds S             --rate EVENTS_A_SECOND\n"
    "Trouble:\n"
    "  --damage bits|truncate|garbage|length   on every 10th window, or --damage-every N; the\n"
    "                         window is sent again as it was on a new connection\n"
    "  --slow bytes|stall|reader   with --delay MS, default 100\n"
    "  --reconnect            after a lost connection, sends again what was not acknowledged\n"
    "  --give-up S            without progress, default 30\n"
    "What counts as a fault besides wrong ACKs:\n"
    "  --max-gap MS           longer silence while a whole window waits\n"
    "  --allow-partial        partial ACKs are fine\n"
    "Result:\n"
    "  --ledger FILE          a line an event: S<tab>id when sent, A<tab>id when acknowledged\n"
    "  a summary in JSON on standard output\n"
    "\n"
    "Exit status: 0, 1 after a fault or a failure, 2 for a wrong command line.\n";

enum {
    OPT_FIRST = 256,
    OPT_TLS,
    OPT_INSECURE,
    OPT_CA,
    OPT_CERT,
    OPT_KEY,
    OPT_PROTOCOL,
    OPT_COMPRESSION,
    OPT_WINDOW,
    OPT_PIPELINING,
    OPT_CONNECTIONS,
    OPT_THREADS,
    OPT_CORPUS,
    OPT_SEED,
    OPT_INPUT,
    OPT_NDJSON,
    OPT_PREFIX,
    OPT_PREENCODE,
    OPT_EVENTS,
    OPT_SECONDS,
    OPT_RATE,
    OPT_DAMAGE,
    OPT_DAMAGE_EVERY,
    OPT_SLOW,
    OPT_DELAY,
    OPT_RECONNECT,
    OPT_GIVE_UP,
    OPT_MAX_GAP,
    OPT_PARTIAL,
    OPT_LEDGER,
    OPT_HOST,
    OPT_PORT,
    OPT_HELP
};

static const struct option table[] = {
    { "host", required_argument, NULL, OPT_HOST },
    { "port", required_argument, NULL, OPT_PORT },
    { "tls", no_argument, NULL, OPT_TLS },
    { "insecure", no_argument, NULL, OPT_INSECURE },
    { "ca", required_argument, NULL, OPT_CA },
    { "cert", required_argument, NULL, OPT_CERT },
    { "key", required_argument, NULL, OPT_KEY },
    { "protocol", required_argument, NULL, OPT_PROTOCOL },
    { "compression", required_argument, NULL, OPT_COMPRESSION },
    { "window", required_argument, NULL, OPT_WINDOW },
    { "pipelining", required_argument, NULL, OPT_PIPELINING },
    { "connections", required_argument, NULL, OPT_CONNECTIONS },
    { "threads", required_argument, NULL, OPT_THREADS },
    { "corpus", required_argument, NULL, OPT_CORPUS },
    { "seed", required_argument, NULL, OPT_SEED },
    { "input", required_argument, NULL, OPT_INPUT },
    { "ndjson", no_argument, NULL, OPT_NDJSON },
    { "id-prefix", required_argument, NULL, OPT_PREFIX },
    { "preencode", required_argument, NULL, OPT_PREENCODE },
    { "events", required_argument, NULL, OPT_EVENTS },
    { "seconds", required_argument, NULL, OPT_SECONDS },
    { "rate", required_argument, NULL, OPT_RATE },
    { "damage", required_argument, NULL, OPT_DAMAGE },
    { "damage-every", required_argument, NULL, OPT_DAMAGE_EVERY },
    { "slow", required_argument, NULL, OPT_SLOW },
    { "delay", required_argument, NULL, OPT_DELAY },
    { "reconnect", no_argument, NULL, OPT_RECONNECT },
    { "give-up", required_argument, NULL, OPT_GIVE_UP },
    { "max-gap", required_argument, NULL, OPT_MAX_GAP },
    { "allow-partial", no_argument, NULL, OPT_PARTIAL },
    { "ledger", required_argument, NULL, OPT_LEDGER },
    { "help", no_argument, NULL, OPT_HELP },
    { NULL, 0, NULL, 0 },
};

static const char *const damages[] = { [DAMAGE_NONE] = "none",
                                       [DAMAGE_BITS] = "bits",
                                       [DAMAGE_TRUNCATE] = "truncate",
                                       [DAMAGE_GARBAGE] = "garbage",
                                       [DAMAGE_LENGTH] = "length" };
static const char *const slownesses[] = {
    [SLOW_NONE] = "none", [SLOW_BYTES] = "bytes", [SLOW_STALL] = "stall", [SLOW_READER] = "reader"
};

static int
number(const char *name, const char *text, uint64_t least, uint64_t most, uint64_t *out,
       struct err *err)
{
    int64_t n;

    if (!slice_to_int64(slice_of(text), &n) || n < 0 || (uint64_t)n < least || (uint64_t)n > most)
        return err_set(err, ERR_CONFIG, "--%s: %s is not in %llu..%llu", name, text,
                       (unsigned long long)least, (unsigned long long)most);
    *out = (uint64_t)n;
    return 0;
}

static int
real(const char *name, const char *text, double *out, struct err *err)
{
    char *end;

    *out = strtod(text, &end);
    if (*end != '\0' || end == text || !(*out > 0))
        return err_set(err, ERR_CONFIG, "--%s: %s is no number above 0", name, text);
    return 0;
}

static int
word(const char *name, const char *text, const char *const *words, size_t n, unsigned *out,
     struct err *err)
{
    for (unsigned i = 0; i < n; i++) {
        if (strcmp(text, words[i]) == 0) {
            *out = i;
            return 0;
        }
    }
    return err_set(err, ERR_CONFIG, "--%s: %s is unknown; see --help", name, text);
}

static int
window_sizes(const char *text, struct options *o, struct err *err)
{
    struct slice most = slice_of(text), least;
    bool range = slice_find_byte(most, '-', 0) != SIZE_MAX;
    int64_t a = -1, b = -1;

    slice_split(&most, '-', &least);
    if (!slice_to_int64(least, &a) || !slice_to_int64(range ? most : least, &b) || a < 0 || b < a ||
        b > 10000000)
        return err_set(err, ERR_CONFIG, "--window: %s is neither N nor N-M with N <= M", text);
    o->window_least = (uint32_t)a;
    o->window_most = (uint32_t)b;
    return 0;
}

/* Options that are a whole number in a range. */
static const struct {
    int opt;
    uint64_t least, most;
    size_t at; /* of an unsigned in struct options */
} numbers[] = {
    { OPT_COMPRESSION, 0, 9, offsetof(struct options, compression) },
    { OPT_PIPELINING, 1, ACK_IN_FLIGHT, offsetof(struct options, pipelining) },
    { OPT_CONNECTIONS, 1, 100000, offsetof(struct options, connections) },
    { OPT_THREADS, 1, 64, offsetof(struct options, threads) },
    { OPT_PREENCODE, 1, 1000, offsetof(struct options, preencode) },
    { OPT_DAMAGE_EVERY, 1, UINT32_MAX, offsetof(struct options, damage_every) },
    { OPT_DELAY, 1, 3600000, offsetof(struct options, delay_ms) },
    { OPT_MAX_GAP, 1, 3600000, offsetof(struct options, gap_most_ms) },
};

static int
set_number(struct options *o, int opt, const char *name, const char *text, struct err *err)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < COUNT(numbers); i++) {
        if (numbers[i].opt != opt)
            continue;
        if (number(name, text, numbers[i].least, numbers[i].most, &n, err) < 0)
            return -1;
        *(unsigned *)(void *)((char *)o + numbers[i].at) = (unsigned)n;
        return 0;
    }
    UNREACHABLE("every option is known");
}

static int
set_protocol(struct options *o, const char *text, struct err *err)
{
    uint64_t n = 0;

    if (number("protocol", text, 1, 2, &n, err) < 0)
        return -1;
    o->version = (char)('0' + n);
    return 0;
}

static int
set_words(struct options *o, int opt, const char *name, const char *text, struct err *err)
{
    unsigned i = 0;

    switch (opt) {
    case OPT_DAMAGE:
        if (word(name, text, damages, COUNT(damages), &i, err) < 0)
            return -1;
        o->damage = (enum damage)i;
        return 0;
    case OPT_SLOW:
        if (word(name, text, slownesses, COUNT(slownesses), &i, err) < 0)
            return -1;
        o->slow = (enum slowness)i;
        return 0;
    case OPT_CORPUS:
        if (!corpus_parse(text, &o->corpus))
            return err_set(err, ERR_CONFIG, "--%s: %s is unknown; see --help", name, text);
        return 0;
    }
    return 0;
}

static int
set(struct options *o, int opt, const char *name, const char *text, struct err *err)
{
    switch (opt) {
    case OPT_HOST: o->host = text; return 0;
    case OPT_PORT: o->port = text; return 0;
    case OPT_TLS: o->tls = true; return 0;
    case OPT_INSECURE: o->insecure = true; return 0;
    case OPT_CA: o->authority = text; return 0;
    case OPT_CERT: o->certificate = text; return 0;
    case OPT_KEY: o->key = text; return 0;
    case OPT_INPUT: o->input = text; return 0;
    case OPT_NDJSON: o->ndjson = true; return 0;
    case OPT_PREFIX: o->prefix = text; return 0;
    case OPT_RECONNECT: o->reconnect = true; return 0;
    case OPT_PARTIAL: o->partial_fine = true; return 0;
    case OPT_LEDGER: o->ledger = text; return 0;
    case OPT_WINDOW: return window_sizes(text, o, err);
    case OPT_PROTOCOL: return set_protocol(o, text, err);
    case OPT_SEED: return number(name, text, 0, INT64_MAX, &o->seed, err);
    case OPT_EVENTS: return number(name, text, 1, INT64_MAX, &o->events, err);
    case OPT_SECONDS: return real(name, text, &o->seconds, err);
    case OPT_RATE: return real(name, text, &o->rate, err);
    case OPT_GIVE_UP: return real(name, text, &o->give_up, err);
    case OPT_DAMAGE:
    case OPT_SLOW:
    case OPT_CORPUS: return set_words(o, opt, name, text, err);
    default: return set_number(o, opt, name, text, err);
    }
}

/* Options that exclude each other. */
static int
check(const struct options *o, struct err *err)
{
    if (o->preencode > 0 && (o->ledger != NULL || o->input != NULL || o->damage != DAMAGE_NONE))
        return err_set(err, ERR_CONFIG,
                       "--preencode sends the same events again: not with --ledger, --input or "
                       "--damage");
    if (o->events == 0 && o->seconds == 0 && o->input == NULL)
        return err_set(err, ERR_CONFIG,
                       "made-up events never end: --events or --seconds is missing");
    if (o->window_most == 0 && o->events > 0)
        return err_set(err, ERR_CONFIG, "--window 0 never reaches --events; use --seconds");
    if ((o->certificate == NULL) != (o->key == NULL))
        return err_set(err, ERR_CONFIG, "--cert and --key go together");
    if (o->tls && !o->insecure && o->authority == NULL)
        return err_set(err, ERR_CONFIG, "--tls needs --ca FILE or --insecure");
    if (o->threads > o->connections)
        return err_set(err, ERR_CONFIG, "--threads: more than connections");
    return 0;
}

int
options_parse(int argc, char **argv, struct options *out, struct err *err)
{
    int opt, index = 0;

    *out = (struct options){ .host = "127.0.0.1",
                             .port = "5044",
                             .version = '2',
                             .compression = 3,
                             .window_least = 2048,
                             .window_most = 2048,
                             .pipelining = 3,
                             .connections = 1,
                             .threads = 1,
                             .seed = 1,
                             .prefix = "e",
                             .damage_every = 10,
                             .delay_ms = 100,
                             .give_up = 30 };
    while ((opt = getopt_long(argc, argv, "", table, &index)) != -1) {
        if (opt == '?')
            return err_set(err, ERR_CONFIG, "see --help");
        if (opt == OPT_HELP) {
            fputs(help, stdout);
            return 1;
        }
        if (set(out, opt, table[index].name, optarg, err) < 0)
            return -1;
    }
    if (optind < argc)
        return err_set(err, ERR_CONFIG, "%s: no argument is expected", argv[optind]);
    return check(out, err);
}
