/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Options of the beats input and the rules between them
 * (reference/lumberjack-and-beats-input.md 4.2, 4.3, 4.4). Cold. */
#include "codec/base/error.h"
#include "pipeline/ecs.h"
#include "server/beats_priv.h"

static const char *const auth_choices[] = { "none", "optional", "required", NULL };
static const char *const protocol_choices[] = { "TLSv1.1", "TLSv1.2", "TLSv1.3", NULL };

/* ---- what replaces options of older releases (4.4) ---- */

static void
instead_of_ssl(const struct opt_plugin *given, const struct opt_value *value, struct buf *out)
{
    (void)given;
    if (slice_eq(value->text, SLICE("true")) || slice_eq(value->text, SLICE("false")))
        buf_printf(out, "ssl_enabled => %.*s", SLICE_ARGS(value->text));
}

static void
instead_of_suites(const struct opt_plugin *given, const struct opt_value *value, struct buf *out)
{
    (void)given;
    buf_append(out, SLICE("ssl_cipher_suites => "));
    opt_value_print(value, out);
}

static void
instead_of_verify_mode(const struct opt_plugin *given, const struct opt_value *value,
                       struct buf *out)
{
    static const char *const modes[][2] = { { "none", "none" },
                                            { "peer", "optional" },
                                            { "force_peer", "required" } };

    (void)given;
    for (size_t i = 0; i < COUNT(modes); i++)
        if (slice_eq(value->text, slice_of(modes[i][0])))
            buf_printf(out, "ssl_client_authentication => \"%s\"", modes[i][1]);
}

static void
instead_of_metadata(const struct opt_plugin *given, const struct opt_value *value, struct buf *out)
{
    (void)given;
    if (slice_eq(value->text, SLICE("true")))
        buf_append(out, SLICE("enrich => [\"codec_metadata\", \"source_metadata\", "
                              "\"ssl_peer_metadata\"]"));
    else if (slice_eq(value->text, SLICE("false")))
        buf_append(out, SLICE("nothing: leave it out"));
}

/* "1.2" of TLSv1.2 as 2; -1 for what was never a version. */
static int
minor_version(const struct opt_plugin *given, const char *name, int absent)
{
    static const char *const versions[] = { "1", "1.1", "1.2", "1.3" };

    for (size_t i = 0; i < given->n; i++)
        if (slice_eq(given->options[i].key, slice_of(name))) {
            for (size_t k = 0; k < COUNT(versions); k++)
                if (slice_eq(given->options[i].value.text, slice_of(versions[k])) ||
                    (k == 0 && slice_eq(given->options[i].value.text, SLICE("1.0"))))
                    return (int)k;
            return -1;
        }
    return absent;
}

/* Both ends of the range make one list. */
static void
instead_of_versions(const struct opt_plugin *given, const struct opt_value *value, struct buf *out)
{
    int from = minor_version(given, "tls_min_version", 1);
    int to = minor_version(given, "tls_max_version", 3);

    (void)value;
    if (from < 1 && to < 1)
        return;
    from = from < 1 ? 1 : from;
    if (to < from)
        return;
    buf_append(out, SLICE("ssl_supported_protocols => ["));
    for (int i = from; i <= to; i++)
        buf_printf(out, "%s\"TLSv1.%d\"", i > from ? ", " : "", i);
    buf_byte(out, ']');
}

#define C struct beats_conf
const struct option beats_options[] = {
    OPT_INT(C, port, .required = true, .min = 0, .max = 65535, .help = "TCP port; 0: any free one"),
    OPT_STR(C, host, .dflt = "0.0.0.0", .help = "local address or name to listen on"),
    OPT_INT(C, client_inactivity_timeout, .dflt = "60",
            .help = "seconds without a byte either way until a connection with nothing left to "
                    "acknowledge is closed; 0 or less: never"),
    OPT_INT(C, executor_threads, .state = OPTION_IGNORED,
            .note = "workers are one pool for all inputs (pipeline.workers)",
            .help = "threads of Logstash that decode"),
    OPT_INT(C, event_loop_threads, .state = OPTION_IGNORED,
            .note = "loops are one for four cores, for all inputs", .help = "threads of Netty"),
    OPT_BOOL(C, ssl_enabled, .dflt = "false", .help = "TLS on this port"),
    OPT_PATH(C, ssl_certificate, .help = "PEM file: certificate, chain behind it"),
    OPT_PATH(C, ssl_key, .help = "PEM file: private key (PKCS#8, PKCS#1 or SEC1)"),
    OPT_PASSWORD(C, ssl_key_passphrase, .help = "of an encrypted key"),
    OPT_LIST(C, ssl_certificate_authorities,
             .help = "PEM files that client certificates are checked against"),
    OPT_ENUM(C, ssl_client_authentication, .choices = auth_choices,
             .help = "whether clients need a certificate; none, but required when authorities are "
                     "given"),
    OPT_LIST(C, ssl_cipher_suites, .help = "by preference; IANA or OpenSSL names"),
    OPT_LIST(C, ssl_supported_protocols, .choices = protocol_choices, .dflt = "TLSv1.2,TLSv1.3",
             .help = "protocol versions"),
    OPT_INT(C, ssl_handshake_timeout, .dflt = "10000", .min = 1, .max = 3600000,
            .help = "milliseconds from accept to the end of the handshake"),
    OPT_ECS(C),
    OPT_ANY(C, enrich,
            .help = "codec_metadata, source_metadata, ssl_peer_metadata; or all, or none"),
    OPT_BOOL(C, include_codec_tag, .dflt = "true", .state = OPTION_DEPRECATED,
             .note = "Use enrich.", .help = "tag beats_input_codec_..."),
    OPT_BOOL(C, add_hostname, .dflt = "false", .state = OPTION_DEPRECATED,
             .note = "Beats 7 and later send host.name themselves.",
             .help = "copy [beat][hostname]"),
    OPT_NOTE("ssl", OPTION_OBSOLETE, .note = "Use 'ssl_enabled' instead.",
             .instead = instead_of_ssl, .help = "TLS"),
    OPT_NOTE("ssl_verify_mode", OPTION_OBSOLETE,
             .note = "Use 'ssl_client_authentication' instead: none stays none, peer is optional, "
                     "force_peer is required.",
             .instead = instead_of_verify_mode, .help = "client certificates"),
    OPT_NOTE("ssl_peer_metadata", OPTION_OBSOLETE,
             .note = "Use 'enrich' with 'ssl_peer_metadata' instead.",
             .instead = instead_of_metadata, .help = "TLS fields"),
    OPT_NOTE("cipher_suites", OPTION_OBSOLETE, .note = "Use 'ssl_cipher_suites' instead.",
             .instead = instead_of_suites, .help = "suites"),
    OPT_NOTE("tls_min_version", OPTION_OBSOLETE,
             .note = "Use 'ssl_supported_protocols' instead, with every version of the range.",
             .instead = instead_of_versions, .help = "lowest version"),
    OPT_NOTE("tls_max_version", OPTION_OBSOLETE,
             .note = "Use 'ssl_supported_protocols' instead, with every version of the range.",
             .instead = instead_of_versions, .help = "highest version"),
    OPT_END,
};
#undef C

/* ---- enrich ---- */

static int
enrich_word(struct beats_conf *c, struct slice word, bool alone, struct err *err)
{
    if (slice_eq(word, SLICE("codec_metadata"))) {
        c->codec_metadata = true;
    } else if (slice_eq(word, SLICE("source_metadata"))) {
        c->source_metadata = true;
    } else if (slice_eq(word, SLICE("ssl_peer_metadata"))) {
        c->ssl_peer_metadata = true;
    } else if (slice_eq(word, SLICE("all")) || slice_eq(word, SLICE("none"))) {
        if (!alone)
            return err_set(err, ERR_CONFIG, "enrich: `%.*s` cannot be combined with other values",
                           SLICE_ARGS(word));
        c->codec_metadata = c->source_metadata = c->ssl_peer_metadata = word.p[0] == 'a';
    } else {
        return err_set(err, ERR_CONFIG,
                       "enrich: `%.*s` is none of codec_metadata, source_metadata, "
                       "ssl_peer_metadata, all, none",
                       SLICE_ARGS(word));
    }
    return 0;
}

static int
read_enrich(struct beats_conf *c, struct err *err)
{
    const struct opt_value *v = c->enrich;

    if (v == NULL) {
        c->codec_metadata = c->source_metadata = true;
        return 0;
    }
    if (v->kind != OV_LIST)
        return enrich_word(c, v->text, true, err);
    for (size_t i = 0; i < v->n; i++)
        if (enrich_word(c, v->list[i].text, v->n == 1, err) < 0)
            return -1;
    return 0;
}

/* ---- TLS ---- */

static bool
was_given(const struct plugin_context *ctx, const char *name)
{
    for (size_t i = 0; ctx->given != NULL && i < ctx->given->n; i++)
        if (slice_eq(ctx->given->options[i].key, slice_of(name)))
            return true;
    return false;
}

/* Lines that belong together may come over several connections, or not at all. */
static bool
asks_for_multiline(const struct plugin_context *ctx)
{
    for (size_t i = 0; ctx->given != NULL && i < ctx->given->n; i++) {
        const struct opt_pair *o = &ctx->given->options[i];
        struct slice name = o->value.kind == OV_PLUGIN ? o->value.plugin->name : o->value.text;

        if (slice_eq(o->key, SLICE("codec")) && slice_eq(name, SLICE("multiline")))
            return true;
    }
    return false;
}

static void
warn_ignored_ssl(const struct plugin_context *ctx)
{
    struct buf names = { 0 };

    for (size_t i = 0; ctx->given != NULL && i < ctx->given->n; i++) {
        struct slice key = ctx->given->options[i].key;

        if (slice_starts(key, SLICE("ssl_")) && !slice_eq(key, SLICE("ssl_enabled")))
            buf_printf(&names, "%s`%.*s`", names.n > 0 ? ", " : "", SLICE_ARGS(key));
    }
    if (names.n > 0 && ctx->findings != NULL)
        findings_add(ctx->findings, FINDING_WARN, ctx->pos, NULL,
                     "Configured SSL settings are not used when `ssl_enabled` is set to `false`: "
                     "[%.*s]",
                     (int)names.n, names.p);
    buf_fini(&names);
}

static int
read_tls(struct beats_conf *c, const struct plugin_context *ctx, struct err *err)
{
    bool given = was_given(ctx, "ssl_client_authentication") || c->ssl_client_authentication > 0;
    bool authorities = c->ssl_certificate_authorities.n > 0;

    c->client_auth = given ? (enum tls_client_auth)c->ssl_client_authentication : TLS_CLIENT_NONE;
    if (!c->ssl_enabled) {
        warn_ignored_ssl(ctx);
        return 0;
    }
    if (c->ssl_certificate.n == 0)
        return err_set(err, ERR_CONFIG, "`ssl_certificate` must be set when `ssl_enabled` is true");
    if (c->ssl_key.n == 0)
        return err_set(err, ERR_CONFIG, "`ssl_key` must be set when `ssl_enabled` is true");
    if (given && c->client_auth != TLS_CLIENT_NONE && !authorities)
        return err_set(err, ERR_CONFIG,
                       "`ssl_certificate_authorities` must be set when `ssl_client_authentication` "
                       "is `%s`",
                       auth_choices[c->client_auth]);
    if (given && c->client_auth == TLS_CLIENT_NONE && authorities)
        return err_set(err, ERR_CONFIG,
                       "`ssl_certificate_authorities` must not be set when "
                       "`ssl_client_authentication` is `none`");
    if (!given && authorities) {
        if (c->ssl_peer_metadata)
            return err_set(err, ERR_CONFIG,
                           "`ssl_peer_metadata` in `enrich` needs `ssl_client_authentication` "
                           "`optional` or `required`");
        c->client_auth = TLS_CLIENT_REQUIRED;
        if (ctx->findings != NULL)
            findings_add(ctx->findings, FINDING_WARN, ctx->pos,
                         "write ssl_client_authentication => \"required\"",
                         "`ssl_certificate_authorities` without `ssl_client_authentication`: "
                         "clients must present a certificate, as in Logstash");
    }
    return 0;
}

/* ---- files ---- */

static struct tls_names
names_of(struct arena *a, const struct opt_list *list)
{
    const char **at = arena_calloc(a, list->n, sizeof *at);

    for (size_t i = 0; i < list->n; i++)
        at[i] = arena_cstr(a, list->at[i]);
    return (struct tls_names){ at, list->n };
}

static const char *
text_or_null(struct arena *a, struct slice s)
{
    return s.n == 0 ? NULL : arena_cstr(a, s);
}

/* Certificates, key and authorities are loaded, whether or not the listener opens then: `-t` finds
 * what is wrong with them. */
int
beats_check(void *conf, const struct plugin_context *ctx, struct err *err)
{
    struct beats_conf *c = conf;
    struct arena a;

    (void)ctx;
    if (!c->ssl_enabled)
        return 0;
    arena_init(&a, NULL);
    c->tls = tls_server_new(
        &(struct tls_options){
            .certificate = text_or_null(&a, c->ssl_certificate),
            .key = text_or_null(&a, c->ssl_key),
            .passphrase = text_or_null(&a, c->ssl_key_passphrase),
            .authorities = names_of(&a, &c->ssl_certificate_authorities),
            .protocols = names_of(&a, &c->ssl_supported_protocols),
            .ciphers = names_of(&a, &c->ssl_cipher_suites),
            .client_auth = c->client_auth,
        },
        err);
    arena_fini(&a);
    return c->tls != NULL ? 0 : -1;
}

void
beats_dispose(void *conf)
{
    tls_context_free(&((struct beats_conf *)conf)->tls);
}

bool
beats_listens(const void *conf, struct slice *host, int64_t *port)
{
    const struct beats_conf *c = conf;

    *host = c->host;
    *port = c->port;
    return true;
}

int
beats_prepare(void *conf, const struct plugin_context *ctx, struct err *err)
{
    struct beats_conf *c = conf;

    c->ctx = *ctx;
    c->ecs = ecs_is_on(c->ecs_compatibility, ctx);
    if (asks_for_multiline(ctx))
        return err_set(err, ERR_CONFIG,
                       "Multiline codec with beats input is not supported; use multiline in the "
                       "Beat");
    if (c->enrich != NULL && was_given(ctx, "include_codec_tag"))
        return err_set(err, ERR_CONFIG,
                       "`enrich` and the deprecated `include_codec_tag` cannot be given both");
    if (read_enrich(c, err) < 0)
        return -1;
    if (c->enrich != NULL && !c->codec_metadata && was_given(ctx, "codec") && ctx->findings != NULL)
        findings_add(
            ctx->findings, FINDING_WARN, ctx->pos, NULL,
            "An explicit `codec` is specified, so `enrich` without `codec_metadata` does not "
            "decide about [event][original]: the `ecs_compatibility` of the codec, or of "
            "the pipeline, does");
    return read_tls(c, ctx, err);
}
