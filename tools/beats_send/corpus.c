/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tools/beats_send/corpus.h"

#include "codec/json_write.h"

#include <inttypes.h>
#include <stdio.h>

static const char *const names[CORPUS_KINDS] = { [CORPUS_LOGS] = "logs", [CORPUS_NOISY] = "noisy" };

static const char *const paths[] = { "/",
                                     "/index.html",
                                     "/api/v1/orders",
                                     "/api/v1/users/42",
                                     "/static/app.js",
                                     "/img/logo.png",
                                     "/login",
                                     "/search?q=beats",
                                     "/api/v2/items?page=3",
                                     "/healthz" };
static const char *const agents[] = {
    "Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/119.0 Safari/537.36",
    "curl/7.88.1", "kube-probe/1.27"
};
static const char *const programs[] = { "sshd", "systemd", "cron", "kernel", "postfix/smtpd" };
static const char *const texts[] = { "Accepted publickey for deploy from 10.12.7.3 port 50122 ssh2",
                                     "Started Session of user root.",
                                     "(root) CMD (cd / && run-parts --report /etc/cron.hourly)",
                                     "eth0: link becomes ready at 10000 Mb/s",
                                     "disconnect from unknown, commands=0/0" };
static const char *const foreign[] = { "Пользователь вошёл в систему: идентификатор сеанса",
                                       "注文処理が完了しました: 注文番号",
                                       "Überprüfung der Größe für Straße abgeschlossen: Vorgang",
                                       "Événement créé après la requête n°" };

void
corpus_init(struct corpus *c, enum corpus_kind kind, uint64_t seed)
{
    *c = (struct corpus){
        .kind = kind, .rng = { { seed * 0x9E3779B97F4A7C15u + 1, seed ^ 0xD1B54A32D192ED03u } }
    };
    for (unsigned i = 0; i < 8; i++)
        rng_next(&c->rng);
    uuid4_print(&c->rng, c->id);
    uuid4_print(&c->rng, c->ephemeral);
    c->host = (unsigned)rng_below(&c->rng, 400);
    c->rich = rng_below(&c->rng, 5) < 3;
    c->offset = rng_below(&c->rng, 1u << 30);
}

const char *
corpus_name(enum corpus_kind kind)
{
    return names[kind];
}

bool
corpus_parse(const char *name, enum corpus_kind *out)
{
    for (unsigned i = 0; i < CORPUS_KINDS; i++) {
        if (strcmp(name, names[i]) == 0) {
            *out = (enum corpus_kind)i;
            return true;
        }
    }
    return false;
}

static unsigned
below(struct corpus *c, unsigned limit)
{
    return (unsigned)rng_below(&c->rng, limit);
}

static const char *
one_of(struct corpus *c, const char *const *list, size_t n)
{
    return list[below(c, (unsigned)n)];
}

#define ONE_OF(c, list) one_of(c, list, COUNT(list))

static void
put_apache(struct corpus *c, struct buf *m)
{
    buf_printf(m,
               "10.%u.%u.%u - - [02/Aug/2026:10:%02u:%02u +0000] \"GET %s HTTP/1.1\" %u %u "
               "\"https://shop.example.com/\" \"%s\"",
               below(c, 4), below(c, 8), below(c, 250), (unsigned)(c->line / 60 % 60),
               (unsigned)(c->line % 60), ONE_OF(c, paths), below(c, 20) == 0 ? 404 : 200,
               below(c, 40000), ONE_OF(c, agents));
}

static void
put_syslog(struct corpus *c, struct buf *m)
{
    buf_printf(m, "Aug  2 10:%02u:%02u web-%03u %s[%u]: %s", (unsigned)(c->line / 60 % 60),
               (unsigned)(c->line % 60), c->host, ONE_OF(c, programs), 1000 + below(c, 3000),
               ONE_OF(c, texts));
}

static void
put_json(struct corpus *c, struct buf *m)
{
    buf_printf(
        m,
        "{\"ts\":\"2026-08-02T10:%02u:%02u.%03uZ\",\"level\":\"%s\",\"logger\":\"app.orders\","
        "\"msg\":\"order %u placed\",\"user\":{\"id\":%u,\"plan\":\"basic\"},\"ms\":%u.%u}",
        (unsigned)(c->line / 60 % 60), (unsigned)(c->line % 60), below(c, 1000),
        below(c, 10) == 0 ? "WARN" : "INFO", below(c, 100000), below(c, 5000), below(c, 900),
        below(c, 10));
}

static void
put_java(struct corpus *c, struct buf *m)
{
    buf_printf(m, "java.lang.IllegalStateException: order %u is closed\n", below(c, 100000));
    for (unsigned i = 0, n = 4 + below(c, 5); i < n; i++)
        buf_printf(m, "\tat com.example.shop.order.OrderService.step%u(OrderService.java:%u)\n", i,
                   40 + below(c, 200));
}

static void
put_noise(struct corpus *c, struct buf *m, unsigned words)
{
    for (unsigned i = 0; i < words; i++)
        buf_printf(m, "%s%016" PRIx64, i == 0 ? " trace=" : "", rng_next(&c->rng));
}

static void
put_message(struct corpus *c, struct buf *m)
{
    unsigned which = below(c, 20);

    if (which < 10)
        put_apache(c, m);
    else if (which < 14)
        put_syslog(c, m);
    else if (which < 18)
        put_json(c, m);
    else if (which < 19)
        put_java(c, m);
    else
        buf_printf(m, "%s %u", ONE_OF(c, foreign), below(c, 100000));
    if (c->kind == CORPUS_NOISY)
        put_noise(c, m, 20 + below(c, 8));
    else
        buf_printf(m, " rid=%016" PRIx64 "-%016" PRIx64 " span=%012" PRIx64, rng_next(&c->rng),
                   rng_next(&c->rng), rng_next(&c->rng) >> 16);
}

/* What a Beat beside containers sends along. */
static void
put_container(const struct corpus *c, struct buf *out)
{
    buf_printf(out,
               ",\"container\":{\"id\":\"%.*s%.*s\",\"image\":{\"name\":"
               "\"registry.example.com/shop/orders:2.14.%u\"},\"name\":\"orders-%u\"},"
               "\"kubernetes\":{\"namespace\":\"shop\",\"pod\":{\"name\":\"orders-%u-7d9f\"},"
               "\"node\":{\"name\":\"worker-%u\"},\"labels\":{\"app\":\"orders\",\"tier\":"
               "\"backend\"}}",
               UUID_TEXT, c->id, UUID_TEXT, c->ephemeral, c->host % 30, c->host, c->host,
               c->host % 20);
}

/* What a Beat with add_host_metadata and add_cloud_metadata sends along. */
static void
put_rich(struct corpus *c, struct buf *out)
{
    buf_printf(
        out,
        ",\"cloud\":{\"provider\":\"aws\",\"region\":\"eu-central-1\",\"instance\":{\"id\":"
        "\"i-0%09x\"},\"machine\":{\"type\":\"m5.large\"}},\"fields\":{\"env\":\"prod\","
        "\"team\":\"shop\"},\"host\":{\"name\":\"web-%03u\",\"hostname\":\"web-%03u\","
        "\"architecture\":\"x86_64\",\"os\":{\"type\":\"linux\",\"family\":\"debian\",\"name\":"
        "\"Debian GNU/Linux\",\"version\":\"12 (bookworm)\",\"kernel\":\"6.1.0-18-amd64\"},"
        "\"ip\":[\"10.1.2.%u\",\"fe80::1ff:fe23:4567:890a\"],\"mac\":[\"02-00-17-%02X-00-01\"]"
        ",\"containerized\":false}",
        c->host * 7919u, c->host, c->host, c->host % 250, c->host % 250);
}

void
corpus_event(struct corpus *c, struct slice id, struct buf *out)
{
    struct buf message = { 0 };

    put_message(c, &message);
    c->line++;
    c->offset += message.n + 1;
    buf_printf(out,
               "{\"@timestamp\":\"2026-08-02T10:%02u:%02u.%03uZ\",\"@metadata\":{\"beat\":"
               "\"filebeat\",\"type\":\"_doc\",\"version\":\"8.13.4\"},\"log\":{\"offset\":%" PRIu64
               ",\"file\":{\"path\":\"/var/log/app/app.log\",\"device_id\":\"64769\",\"inode\":"
               "\"%u\"}},\"message\":",
               (unsigned)(c->line / 60 % 60), (unsigned)(c->line % 60), below(c, 1000), c->offset,
               260000 + c->host);
    json_write_string(buf_slice(&message), out);
    buf_printf(out,
               ",\"input\":{\"type\":\"filestream\"},\"ecs\":{\"version\":\"8.0.0\"},\"agent\":{"
               "\"type\":\"filebeat\",\"version\":\"8.13.4\",\"ephemeral_id\":\"%.*s\",\"id\":"
               "\"%.*s\",\"name\":\"web-%03u\"}",
               UUID_TEXT, c->ephemeral, UUID_TEXT, c->id, c->host);
    put_container(c, out);
    if (c->rich)
        put_rich(c, out);
    else
        buf_printf(out, ",\"host\":{\"name\":\"web-%03u\"}", c->host);
    if (id.n > 0)
        buf_printf(out, ",\"test_id\":\"%.*s\"", SLICE_ARGS(id));
    buf_byte(out, '}');
    buf_fini(&message);
}
