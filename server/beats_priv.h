/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the beats input share: beats_input.c (options, lifecycle), beats_conn.c (one
 * connection on its loop), beats_decode.c (a window on a worker). */
#ifndef SERVER_BEATS_PRIV_H
#define SERVER_BEATS_PRIV_H

#include "codec/base/error.h"
#include "codec/base/log.h"
#include "pipeline/input.h"
#include "pipeline/ip.h"
#include "pipeline/ready.h"
#include "server/acceptor.h"
#include "server/beats_ack.h"
#include "server/beats_clients.h"
#include "server/beats_feed.h"
#include "server/beats_peer.h"
#include "server/inputs.h"

/* The options of the plugin, lumberjack-and-beats-input.md 4.2. */
struct beats_conf {
    int64_t port, client_inactivity_timeout, executor_threads, event_loop_threads;
    int64_t ssl_handshake_timeout;
    struct slice host;
    bool ssl_enabled, include_codec_tag, add_hostname;
    struct slice ssl_certificate, ssl_key, ssl_key_passphrase;
    struct opt_list ssl_certificate_authorities, ssl_cipher_suites, ssl_supported_protocols;
    int ssl_client_authentication, ecs_compatibility;
    const struct opt_value *enrich;
    /* Made of them by prepare. */
    bool source_metadata, ssl_peer_metadata, codec_metadata;
    bool ecs; /* of the plugin: where its fields go */
    enum tls_client_auth client_auth;
    struct tls_context *tls; /* made by check; NULL without ssl_enabled */
    struct plugin_context ctx;
};

/* Our own settings, headrig.yml (runtime.md 3.1). */
struct beats_settings {
    struct lj_limits limits;
    enum lj_on_bad on_bad;
    uint64_t keepalive_ms, stall_ms, stuck_ms;
    int receive_buffer;
    enum ip_format ip_format;
    struct ip_set proxies; /* who sends a PROXY header first */
};

struct conn;

/* The input's part of one loop. */
struct beats_loop {
    struct beats_input *in;
    struct loop *loop;
    struct conn **slot; /* by conn_id.slot; NULL: free */
    uint32_t *generation;
    uint32_t *free_slot;
    uint32_t slots, free_n;
    struct link conns;   /* all */
    struct link shaking; /* with a handshake step to do */
    unsigned shaking_n;
    struct link queued; /* whole ClientHellos that wait for a handshake slot */
    struct link paused;
    struct conn *favoured;          /* reads whatever the budget says: see beats_room.c */
    uint64_t favoured_ms;           /* since when */
    uint64_t paced_ms, paced_bytes; /* when its pace was looked at, and what it had sent by then */
    struct conn *guest;             /* too, while it runs once */
    struct call shake;              /* runs up to HANDSHAKE_STEPS of them a pass */
    struct tick tick;
    bool stopping;
    char *buffer; /* plain bytes on their way into blocks */
    struct log_throttle refusals, oddities;
    struct beats_clients clients;
    struct beats_clients_copy reading; /* for the main thread, which waits for it */
};

/* A tag, and the JSON of a list of just it, for an event without tags. */
struct beats_tag {
    struct slice name, list;
};

struct beats_input {
    struct input base;
    const struct beats_conf *conf;
    struct beats_settings settings;
    struct decoration *decoration;
    struct tls_context *tls; /* conf's */
    struct listener *listener;
    struct beats_loop *loops; /* as many as env.loops_n */
    struct codec_use codec;
    bool codec_is_plain; /* the fast way: nothing to decode, the event is decorated in place */
    bool original;       /* [event][original], by the codec's ECS mode */
    struct beats_tag codec_tag; /* no name: none */
    /* Counters by name, for logs and the account; any thread. */
    _Atomic uint64_t bad_events[LJ_BAD_KINDS], refused, probes, keepalives, acks, timestamps;
};

/* What a worker tells the connection about a window. */
struct beats_found {
    struct mail mail;
    struct beats_input *in;
    struct conn_id conn;
    uint32_t number, left;
    char version;
    size_t received, inflated;
    uint64_t events, bad_events[LJ_BAD_KINDS], bad_times;
    char first_bad[ERR_MSG];  /* what was wrong with the first bad event */
    char agent[CLIENT_AGENT]; /* of the first event; "" when not known or not asked */
    bool bad;
    char *why; /* of bad; heap */
};

/* What a settled window answers. */
struct beats_settled {
    struct mail mail;
    struct beats_input *in;
    struct conn_id conn;
    uint32_t number;
    struct lj_acks acks;
};

/* beats_conn.c: on the connection's loop; init on any thread before. */
void beats_conn_accepted(void *input, struct loop *loop, int fd, const struct address *peer);
void beats_conn_found(struct loop *loop, struct mail *mail);
void beats_conn_settled(struct loop *loop, struct mail *mail);
void beats_loop_init(struct beats_loop *bl, struct beats_input *in, struct loop *loop);
void beats_loop_start(struct beats_loop *bl);
void beats_loop_stop(struct beats_loop *bl); /* reads no more; what is complete gets its ACKs */
void beats_loop_fini(struct beats_loop *bl); /* closes what is left */

/* beats_input.c: runs fn on every loop's thread and waits for all of them. */
typedef void beats_loop_fn(struct beats_loop *bl);
void beats_each_loop(struct beats_input *in, beats_loop_fn *fn);

/* beats_report.c: SIGQUIT. */
#define BEATS_CLIENTS_MOST 4096 /* in the ledgers of all loops together: 2.7 MB */
void beats_report(struct input *input);

/* beats_options.c */
extern const struct option beats_options[];
int beats_prepare(void *conf, const struct plugin_context *ctx, struct err *err);
int beats_check(void *conf, const struct plugin_context *ctx, struct err *err);
void beats_dispose(void *conf);
bool beats_listens(const void *conf, struct slice *host, int64_t *port);

/* beats_decode.c: on workers. */
void *beats_worker_new(struct input *in);
void beats_worker_free(struct input *in, void *state);
enum windowed beats_decode(struct input *in, void *state, struct window *w, struct done *done,
                           struct batch **out);

#endif
