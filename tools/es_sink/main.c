/* SPDX-License-Identifier: GPL-3.0-or-later */
/* es_sink: a server that plays Elasticsearch for tests and benchmarks. */
#include "tools/es_sink/server.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char help[] =
    "es_sink: plays Elasticsearch on loopback; takes bulk requests as a script says.\n"
    "\n"
    "usage: es_sink [options]\n"
    "\n"
    "  --port N        default 0: any; printed as \"port N\" when it listens\n"
    "  --discard       bodies are thrown away unread, all is taken; no script, no ids\n"
    "  --script FILE   rules in JSON, see script.h; or POST /_script while it runs\n"
    "  --block         bulk requests are not answered until POST /_release or SIGUSR2;\n"
    "                  POST /_block or SIGUSR1 stops answering\n"
    "  --id-field NAME field with the event's id, when _id is absent; default test_id\n"
    "  --version TEXT  of the cluster, default 8.17.0; --opensearch for the other kind\n"
    "  --report FILE   at the end: what GET /_report says, as JSON\n"
    "  --ids FILE      at the end: what GET /_ids says, a line an id: times, tab, id\n"
    "\n"
    "Ends with SIGTERM or SIGINT.\n";

static volatile sig_atomic_t stopped, blocked;

static void
on_signal(int number)
{
    if (number == SIGUSR1)
        blocked = 1;
    else if (number == SIGUSR2)
        blocked = 0;
    else
        stopped = 1;
}

static int
read_script(struct bulk_server *b, const char *path, struct err *err)
{
    FILE *f = fopen(path, "re");
    struct buf text = { 0 };
    size_t n;
    int got;

    if (f == NULL)
        return err_errno(err, "%s", path);
    while ((n = fread(buf_reserve(&text, 65536), 1, 65536, f)) > 0)
        text.n += n;
    fclose(f);
    got = script_read(&b->script, buf_slice(&text), err);
    buf_fini(&text);
    return got;
}

static int
write_file(const char *path, const struct buf *text, struct err *err)
{
    FILE *f = fopen(path, "we");

    if (f == NULL)
        return err_errno(err, "%s", path);
    if (text->n > 0)
        fwrite(text->p, 1, text->n, f);
    return fclose(f) == 0 ? 0 : err_errno(err, "%s", path);
}

struct command {
    struct server_options server;
    const char *script, *report, *ids;
};

static int
read_command(int argc, char **argv, struct command *c, struct bulk_server *b)
{
    enum { PORT = 1, DISCARD, SCRIPT, BLOCK, ID_FIELD, VERSION, OPENSEARCH, REPORT, IDS, HELP };
    static const struct option options[] = {
        { "port", required_argument, NULL, PORT },
        { "discard", no_argument, NULL, DISCARD },
        { "script", required_argument, NULL, SCRIPT },
        { "block", no_argument, NULL, BLOCK },
        { "id-field", required_argument, NULL, ID_FIELD },
        { "version", required_argument, NULL, VERSION },
        { "opensearch", no_argument, NULL, OPENSEARCH },
        { "report", required_argument, NULL, REPORT },
        { "ids", required_argument, NULL, IDS },
        { "help", no_argument, NULL, HELP },
        { NULL, 0, NULL, 0 },
    };

    for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (o) {
        case PORT: c->server.port = (uint16_t)atoi(optarg); break;
        case DISCARD: c->server.discard = true; break;
        case SCRIPT: c->script = optarg; break;
        case BLOCK: blocked = 1; break;
        case ID_FIELD: b->id_field = optarg; break;
        case VERSION: c->server.version = optarg; break;
        case OPENSEARCH: c->server.opensearch = true; break;
        case REPORT: c->report = optarg; break;
        case IDS: c->ids = optarg; break;
        case HELP: fputs(help, stdout); exit(0);
        default: fputs(help, stderr); return -1;
        }
    }
    return optind == argc ? 0 : -1;
}

static int
write_results(const struct command *c, const struct bulk_server *b, struct err *err)
{
    struct buf report = { 0 }, ids = { 0 };
    int got = 0;

    account_report(&b->account, &report);
    account_ids(&b->account, &ids);
    if (c->report != NULL)
        got = write_file(c->report, &report, err);
    else
        fputs(buf_cstr(&report), stdout);
    if (got == 0 && c->ids != NULL)
        got = write_file(c->ids, &ids, err);
    buf_fini(&report);
    buf_fini(&ids);
    return got;
}

int
main(int argc, char **argv)
{
    struct command c = { .server = { .version = "8.17.0" } };
    struct bulk_server b = { .id_field = "test_id" };
    struct sigaction on = { .sa_handler = on_signal };
    static const int signals[] = { SIGTERM, SIGINT, SIGUSR1, SIGUSR2 };
    struct server *s = NULL;
    struct err err = { 0 };
    int got;

    if (read_command(argc, argv, &c, &b) < 0)
        return 2;
    for (size_t i = 0; i < COUNT(signals); i++)
        sigaction(signals[i], &on, NULL);
    got = c.script == NULL ? 0 : read_script(&b, c.script, &err);
    if (got == 0 && (s = server_new(&c.server, &b, &err)) != NULL) {
        printf("port %u\n", server_port(s));
        fflush(stdout);
        server_run(s, &stopped, &blocked);
        got = write_results(&c, &b, &err);
    } else {
        got = -1;
    }
    server_free(&s);
    script_fini(&b.script);
    account_fini(&b.account);
    if (got < 0)
        fprintf(stderr, "es_sink: %s\n", err.msg);
    return got < 0 ? 1 : 0;
}
