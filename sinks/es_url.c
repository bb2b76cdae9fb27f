/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sinks/es_url.h"

#include "codec/base/base64.h"

#define PORT_DEFAULT 9200
#define PORT_CLOUD   443

/* ---- cloud_id ---- */

static int
invalid_cloud_id(struct slice plain, struct err *err)
{
    return err_set(err, ERR_CONFIG,
                   "cloud_id, after decoding, is invalid. Format: "
                   "'<segment1>$<segment2>$<segment3>'. Received: \"%.*s\".",
                   SLICE_ARGS(plain));
}

/* host[:port] */
static bool
split_port(struct slice *host, uint16_t *port)
{
    size_t colon = slice_find_byte(*host, ':', 0);
    int64_t n;

    if (colon == SIZE_MAX)
        return true;
    if (!slice_to_int64((struct slice){ host->p + colon + 1, host->n - colon - 1 }, &n) || n < 1 ||
        n > 65535)
        return false;
    host->n = colon;
    *port = (uint16_t)n;
    return true;
}

static int
read_cloud_segments(struct arena *a, struct slice plain, struct url *out, struct err *err)
{
    struct slice rest = plain, cloud, es, kibana;
    uint16_t port = PORT_CLOUD;

    if (!slice_split(&rest, '$', &cloud) || !slice_split(&rest, '$', &es) ||
        !slice_split(&rest, '$', &kibana) || cloud.n == 0 || es.n == 0)
        return invalid_cloud_id(plain, err);
    if (slice_eq(es, SLICE("undefined")))
        return err_set(err, ERR_CONFIG,
                       "cloud_id, after decoding, elasticsearch segment is 'undefined', "
                       "literally.");
    if (slice_eq(kibana, SLICE("undefined")))
        return err_set(err, ERR_CONFIG,
                       "cloud_id, after decoding, the kibana segment is 'undefined', literally.");
    if (!split_port(&cloud, &port) || !split_port(&es, &port))
        return invalid_cloud_id(plain, err);
    *out = (struct url){ .scheme = SLICE("https"),
                         .host = arena_printf(a, "%.*s.%.*s", SLICE_ARGS(es), SLICE_ARGS(cloud)),
                         .port = port };
    return 0;
}

static int
read_cloud_id(struct arena *a, struct slice id, struct url *out, struct err *err)
{
    size_t colon = slice_find_byte(id, ':', 0);
    struct buf plain = { 0 };
    int got;

    if (colon != SIZE_MAX)
        id = (struct slice){ id.p + colon + 1, id.n - colon - 1 };
    if (base64_decode(id, &plain))
        got = read_cloud_segments(a, arena_copy(a, buf_slice(&plain)), out, err);
    else
        got = invalid_cloud_id(id, err);
    buf_fini(&plain);
    return got;
}

/* ---- hosts ---- */

/* "es1", "es1:9201", "[::1]": not a URI, but what people write most. */
static bool
is_bare(struct slice text)
{
    size_t n = 0;

    if (text.n > 0 && text.p[0] == '[') {
        n = slice_find_byte(text, ']', 0);
        if (n == SIZE_MAX)
            return false;
        n++;
    } else {
        while (n < text.n &&
               (text.p[n] == '.' || text.p[n] == '-' || (text.p[n] >= '0' && text.p[n] <= '9') ||
                ((text.p[n] | 0x20) >= 'a' && (text.p[n] | 0x20) <= 'z')))
            n++;
    }
    if (n == 0 || n == text.n)
        return n > 0;
    if (text.p[n++] != ':' || n == text.n)
        return false;
    while (n < text.n && text.p[n] >= '0' && text.p[n] <= '9')
        n++;
    return n == text.n;
}

static int
read_host(struct arena *a, struct slice text, struct url *out, struct err *err)
{
    struct slice uri = is_bare(text) ? arena_printf(a, "//%.*s", SLICE_ARGS(text)) : text;

    if (url_parse(a, uri, out, err) < 0)
        return err_prefix(err, "hosts");
    if (out->scheme.p != NULL && !slice_eq(out->scheme, SLICE("http")) &&
        !slice_eq(out->scheme, SLICE("https")))
        return err_set(err, ERR_CONFIG, "Bad scheme '%.*s' found should be one of http/https",
                       SLICE_ARGS(out->scheme));
    return 0;
}

struct slice
es_path_clean(struct arena *a, struct slice path)
{
    char *out = arena_bytes(a, path.n + 2);
    size_t n = 0;
    struct slice part;

    while (slice_split(&path, '/', &part)) {
        if (part.n == 0)
            continue;
        out[n++] = '/';
        memcpy(out + n, part.p, part.n);
        n += part.n;
    }
    return (struct slice){ out, n };
}

/* ---- the first entry is a template for the others ---- */

static struct slice
show_port(struct arena *a, const struct url *u)
{
    return u->port == 0 ? (struct slice){ NULL, 0 } : arena_printf(a, "%u", u->port);
}

static bool
same(struct slice x, struct slice y)
{
    return (x.p == NULL) == (y.p == NULL) && slice_eq(x, y);
}

/* With sniffing the entries must agree. */
static int
check_agreement(struct arena *a, const struct es_urls *urls, struct err *err)
{
    const struct url *first = &urls->at[0];

    for (size_t i = 1; i < urls->n; i++) {
        const struct url *u = &urls->at[i];
        const char *what = !same(show_port(a, first), show_port(a, u)) ? "port"
                           : !same(first->path, u->path)               ? "path"
                           : !same(first->user, u->user)               ? "user"
                           : !same(first->password, u->password)       ? "password"
                           : !same(first->scheme, u->scheme)           ? "scheme"
                                                                       : NULL;

        if (what != NULL)
            return err_set(err, ERR_CONFIG,
                           "Cannot have multiple values for %s in hosts when sniffing is "
                           "enabled!",
                           what);
    }
    return 0;
}

static int
explicit_conflict(const char *what, struct slice in_url, struct slice given, bool secret,
                  struct err *err)
{
    if (secret)
        return err_set(err, ERR_CONFIG,
                       "Explicit value for '%s' was declared, but it is different in one of the "
                       "URLs given! Please make sure your URLs are inline with explicit values.",
                       what);
    return err_set(err, ERR_CONFIG,
                   "Explicit value for '%s' was declared, but it is different in one of the URLs "
                   "given! Please make sure your URLs are inline with explicit values. The URLs "
                   "have the property set to '%.*s', but it was also set to '%.*s' explicitly",
                   what, SLICE_ARGS(in_url), SLICE_ARGS(given));
}

/* The value of an option fills a gap of the first URL, and must not contradict it. */
static int
settle(const char *what, struct slice *in_url, struct slice given, bool secret, struct err *err)
{
    if (given.p == NULL || given.n == 0)
        return 0;
    if (in_url->p != NULL && !slice_eq(*in_url, given))
        return explicit_conflict(what, *in_url, given, secret, err);
    *in_url = given;
    return 0;
}

static int
settle_path(struct arena *a, struct url *first, struct slice given, struct err *err)
{
    struct slice own = first->path;

    if (given.p == NULL || given.n == 0)
        return 0;
    if (own.p != NULL && !slice_eq(es_path_clean(a, own), es_path_clean(a, given)))
        return explicit_conflict("path", own, given, false, err);
    first->path = given;
    return 0;
}

static void
fill_gaps(struct url *u, const struct url *first)
{
    if (u->scheme.p == NULL)
        u->scheme = first->scheme;
    if (u->port == 0)
        u->port = first->port;
    if (u->path.p == NULL)
        u->path = first->path;
    if (u->user.p == NULL) {
        u->user = first->user;
        u->password = first->password;
    }
}

/* ---- the query ---- */

static bool
has_parameter(const struct opt_hash *parameters, struct slice key)
{
    for (size_t i = 0; i < parameters->n; i++)
        if (slice_eq(parameters->at[i].key, key))
            return true;
    return false;
}

static void
add_parameter(struct buf *out, struct slice key, const struct opt_value *value)
{
    if (value->kind == OV_LIST) {
        for (size_t i = 0; i < value->n; i++)
            add_parameter(out, key, &value->list[i]);
        return;
    }
    if (out->n > 0)
        buf_byte(out, '&');
    buf_printf(out, "%.*s=%.*s", SLICE_ARGS(key), SLICE_ARGS(value->text));
}

/* The URL's own query, then the parameters; of a key in both the parameter stays. */
static struct slice
make_query(struct arena *a, struct slice own, const struct opt_hash *parameters)
{
    struct buf out = { 0 };
    struct slice part, all;

    while (slice_split(&own, '&', &part)) {
        size_t equals = slice_find_byte(part, '=', 0);

        if (part.n == 0 ||
            has_parameter(parameters,
                          (struct slice){ part.p, equals == SIZE_MAX ? part.n : equals }))
            continue;
        if (out.n > 0)
            buf_byte(&out, '&');
        buf_append(&out, part);
    }
    for (size_t i = 0; i < parameters->n; i++)
        add_parameter(&out, parameters->at[i].key, &parameters->at[i].value);
    all = arena_copy(a, buf_slice(&out));
    buf_fini(&out);
    return all;
}

/* ---- all together ---- */

static int
read_all(struct arena *a, const struct es_url_input *in, struct es_urls *out, struct err *err)
{
    static const struct slice local[] = { SLICE_INIT("//127.0.0.1") };
    const struct slice *hosts = in->hosts_n == 0 ? local : in->hosts;

    out->n = in->hosts_n == 0 ? 1 : in->hosts_n;
    out->at = arena_calloc(a, out->n, sizeof *out->at);
    if (in->cloud_id.p != NULL) {
        out->n = 1;
        return read_cloud_id(a, in->cloud_id, &out->at[0], err);
    }
    for (size_t i = 0; i < out->n; i++)
        if (read_host(a, hosts[i], &out->at[i], err) < 0)
            return -1;
    return 0;
}

int
es_urls_make(struct arena *a, const struct es_url_input *in, struct es_urls *out, struct err *err)
{
    struct url *first;

    if (read_all(a, in, out, err) < 0 || (in->sniffing && check_agreement(a, out, err) < 0))
        return -1;
    first = &out->at[0];
    out->tls = in->ssl_enabled;
    for (size_t i = 0; i < out->n; i++)
        out->tls = out->tls || slice_eq(out->at[i].scheme, SLICE("https"));
    if (settle("scheme", &first->scheme, out->tls ? SLICE("https") : (struct slice){ NULL, 0 },
               false, err) < 0 ||
        settle("user", &first->user, in->user, false, err) < 0 ||
        settle("password", &first->password, in->password, true, err) < 0 ||
        settle_path(a, first, in->path, err) < 0)
        return -1;
    if (first->scheme.p == NULL)
        first->scheme = SLICE("http");
    if (first->port == 0)
        first->port = PORT_DEFAULT;
    for (size_t i = 0; i < out->n; i++) {
        struct url *u = &out->at[i];

        fill_gaps(u, first);
        u->path = es_path_clean(a, u->path);
        u->query = make_query(a, u->query, in->parameters);
    }
    return 0;
}

struct slice
es_url_text(struct arena *a, const struct url *u, bool with_user)
{
    struct slice user = with_user && u->user.p != NULL ? u->user : (struct slice){ NULL, 0 };

    return arena_printf(a, "%.*s://%.*s%s%.*s%s%.*s:%u%.*s%s%s%.*s", SLICE_ARGS(u->scheme),
                        SLICE_ARGS(user), user.p != NULL ? ":" : "",
                        user.p != NULL ? (int)u->password.n : 0, u->password.p,
                        user.p != NULL ? "@" : "", SLICE_ARGS(u->host), u->port,
                        SLICE_ARGS(u->path), u->path.n == 0 ? "/" : "", u->query.n > 0 ? "?" : "",
                        SLICE_ARGS(u->query));
}

/* ---- credentials ---- */

static struct slice
header_of(struct arena *a, const char *scheme, struct slice plain)
{
    struct buf out = { 0 };
    struct slice text;

    buf_printf(&out, "%s ", scheme);
    base64_encode(plain, &out);
    text = arena_copy(a, buf_slice(&out));
    buf_fini(&out);
    return text;
}

struct slice
es_auth_basic(struct arena *a, struct slice user, struct slice password)
{
    return header_of(a, "Basic",
                     arena_printf(a, "%.*s:%.*s", SLICE_ARGS(user), SLICE_ARGS(password)));
}

int
es_auth_api_key(struct arena *a, struct slice key, struct slice *out, struct err *err)
{
    size_t colon = slice_find_byte(key, ':', 0);
    bool pair = colon != SIZE_MAX && colon > 0 && colon + 1 < key.n &&
                slice_find_byte(key, ':', colon + 1) == SIZE_MAX;

    if ((key.n > 0 && base64_is_canonical(key)) || slice_starts(key, SLICE("essu_")))
        *out = arena_printf(a, "ApiKey %.*s", SLICE_ARGS(key));
    else if (pair)
        *out = header_of(a, "ApiKey", key);
    else
        return err_set(err, ERR_CONFIG,
                       "Invalid api_key format. Expected a base64-encoded key, an 'id:api_key' "
                       "pair, or a Cloud API key (essu_ prefix).");
    return 0;
}

int
es_cloud_auth(struct slice text, struct slice *user, struct slice *password, struct err *err)
{
    size_t colon = slice_find_byte(text, ':', 0);

    if (colon == SIZE_MAX || slice_find_byte(text, ':', colon + 1) != SIZE_MAX)
        return err_set(err, ERR_CONFIG,
                       "Cloud Auth username and password format should be "
                       "\"<username>:<password>\".");
    *user = (struct slice){ text.p, colon };
    *password = (struct slice){ text.p + colon + 1, text.n - colon - 1 };
    if (user->n == 0 || password->n == 0)
        return err_set(err, ERR_CONFIG,
                       "cloud_auth username and password format should be "
                       "\"<username>:<password>\".");
    return 0;
}
