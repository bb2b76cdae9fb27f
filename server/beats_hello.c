/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A connection of the beats input before its first byte of Lumberjack: the PROXY header of a listed
 * balancer, the ClientHello (awaited in the kernel, so that it costs nothing), and the handshake,
 * whose steps of up to 1.65 ms wait in a queue of the loop. Loop thread. Bounds: design 2 and 4. */
#include "server/beats_conn_priv.h"

#include "server/proxy_protocol.h"

#include <netinet/in.h>

#define HANDSHAKE_STEPS 8  /* a pass */
#define HANDSHAKES_MOST 64 /* with a step to do */

/* Common mistakes by their first byte; NULL: nothing known. */
const char *
beats_wrong_protocol(unsigned char first)
{
    switch (first) {
    case 0x16: return "this looks like TLS, but ssl_enabled is false here";
    case 'G':
    case 'H': return "this looks like HTTP, a health check or a Beat with another output";
    case 'P':
        return "this looks like HTTP, or a PROXY header from a balancer that beats.proxy_protocol "
               "does not list";
    case '\r':
        return "this looks like a PROXY header from a balancer that beats.proxy_protocol does not "
               "list";
    case '<': return "this looks like syslog";
    case '{': return "this looks like JSON lines";
    case '1':
    case '2': return "this looks like Lumberjack without TLS, but ssl_enabled is true here";
    default: return NULL;
    }
}

/* ---- a balancer in front ---- */

bool
beats_from_proxy(const struct beats_input *in, const struct address *peer)
{
    const struct ip_set *set = &in->settings.proxies;
    struct ip ip = { 0 };
    struct ip_range one;

    if (set->n == 0)
        return false;
    if (peer->sa.ss_family == AF_INET) {
        memcpy(ip.at, &((const struct sockaddr_in *)(const void *)&peer->sa)->sin_addr, 4);
    } else if (peer->sa.ss_family == AF_INET6) {
        const struct in6_addr *at =
            &((const struct sockaddr_in6 *)(const void *)&peer->sa)->sin6_addr;

        ip.v6 = !IN6_IS_ADDR_V4MAPPED(at);
        memcpy(ip.at, at->s6_addr + (ip.v6 ? 0 : 12), ip.v6 ? 16 : 4);
    }
    one = (struct ip_range){ ip, ip };
    return ip_set_has(set, &one);
}

enum conn_state
beats_greet(struct conn *c)
{
    if (c->home->in->tls != NULL)
        return CONN_HELLO;
    c->stream = stream_plain_new(c->home->loop, c->fd);
    c->fd = -1;
    return CONN_READING;
}

/* From here on the connection is that of who stands behind the balancer. */
static void
take_source(struct conn *c, const struct address *source)
{
    struct beats_peer *peer = beats_peer_new(source, c->home->in->settings.ip_format);

    log_debug(&c->log, "balancer of %s", peer->text);
    beats_peer_drop(c->peer);
    c->peer = peer;
    c->log.prefix = peer->text;
}

enum step
beats_on_proxy(struct conn *c)
{
    struct proxy_header header;
    struct err err = { 0 };

    switch (proxy_take(c->fd, &header, &err)) {
    case PROXY_MORE: return STEP_WAIT;
    case PROXY_EOF: conn_probed(c); break;
    case PROXY_BAD: conn_refused(c, err.msg); break;
    case PROXY_WHOLE:
        if (header.has_source)
            take_source(c, &header.source);
        return conn_enter(c, beats_greet(c));
    }
    conn_gone(c);
    return STEP_GONE;
}

/* ---- TLS ---- */

/* A TLS session costs 60 KB and more: with half of the budget full of connections, those that are
 * here could not send. */
static bool
may_shake(const struct beats_loop *bl)
{
    return bl->shaking_n < HANDSHAKES_MOST && !budget_is_crowded(bl->in->base.env.share->budget);
}

enum step
beats_on_hello(struct conn *c)
{
    struct beats_input *in = c->home->in;
    struct err err = { 0 };
    unsigned char first = 0;

    switch (tls_hello_ready(c->fd, &first)) {
    case TLS_HELLO_WAIT: return STEP_WAIT;
    case TLS_HELLO_EOF:
        conn_probed(c);
        conn_gone(c);
        return STEP_GONE;
    case TLS_HELLO_NOT_TLS: {
        const char *known = beats_wrong_protocol(first);

        conn_refused(c, known != NULL ? known : "the first byte starts no TLS handshake");
        conn_gone(c);
        return STEP_GONE;
    }
    case TLS_HELLO_READY: break;
    }
    if (!may_shake(c->home)) {
        link_append(&c->home->queued, &c->other);
        return STEP_WAIT;
    }
    c->stream = tls_server_stream(in->tls, c->home->loop, c->fd, &err);
    if (c->stream == NULL) {
        conn_refused(c, err.msg);
        conn_gone(c);
        return STEP_GONE;
    }
    c->fd = -1;
    return conn_enter(c, CONN_HANDSHAKE);
}

/* Steps are done by the loop's queue, a few a pass; here one only asks for its turn. */
enum step
beats_on_handshake(struct conn *c)
{
    if (!link_used(&c->other)) {
        link_append(&c->home->shaking, &c->other);
        c->home->shaking_n++;
    }
    watch_set(c->watch, 0);
    loop_call_soon(c->home->loop, &c->home->shake);
    return STEP_WAIT;
}

static void
handshake_step(struct conn *c)
{
    struct err err = { 0 };
    enum stream_status got = stream_handshake(c->stream, &err);

    link_remove(&c->other);
    c->home->shaking_n--;
    switch (got) {
    case STREAM_OK:
        c->peer->info = xcalloc(1, sizeof *c->peer->info);
        tls_stream_info(c->stream, c->peer->info);
        c->last_read_ms = conn_now(c);
        conn_enter(c, CONN_READING);
        conn_run(c);
        return;
    case STREAM_AGAIN: watch_set(c->watch, stream_interest(c->stream, WATCH_READ)); return;
    case STREAM_EOF:
    case STREAM_ERROR:
        conn_refused(c, err.msg[0] != '\0' ? err.msg : "the sender left during the TLS handshake");
        conn_gone(c);
        return;
    }
}

/* Those that wait for a slot, or for memory. */
void
beats_hello_tick(struct beats_loop *bl)
{
    while (link_used(&bl->queued) && may_shake(bl))
        conn_run(CONTAINER_OF(link_take(&bl->queued), struct conn, other));
}

static void
on_shake(struct loop *loop, struct call *call)
{
    struct beats_loop *bl = CONTAINER_OF(call, struct beats_loop, shake);

    for (int left = HANDSHAKE_STEPS; left > 0 && link_used(&bl->shaking); left--)
        handshake_step(CONTAINER_OF(bl->shaking.next, struct conn, other));
    beats_hello_tick(bl);
    if (link_used(&bl->shaking))
        loop_call_soon(loop, &bl->shake);
}

void
beats_hello_init(struct beats_loop *bl)
{
    bl->shake.fn = on_shake;
}
