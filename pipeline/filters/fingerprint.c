/* SPDX-License-Identifier: GPL-3.0-or-later */
/* filter fingerprint: hashes of fields, for ids that come out the same (filters.md 12). */
#include "codec/base/base64.h"
#include "codec/base/random.h"
#include "pipeline/digest.h"
#include "pipeline/ecs.h"
#include "pipeline/filter.h"
#include "pipeline/ip.h"
#include "pipeline/regex.h"
#include "pipeline/ruby_value.h"

#include <stdlib.h>

#define MURMUR_128_SEED 2

enum method {
    METHOD_SHA1,
    METHOD_SHA256,
    METHOD_SHA384,
    METHOD_SHA512,
    METHOD_MD5,
    METHOD_MURMUR3,
    METHOD_MURMUR3_128,
    METHOD_IPV4_NETWORK,
    METHOD_UUID,
    METHOD_PUNCTUATION
};

static const char *const methods[] = { "SHA1", "SHA256",      "SHA384",      "SHA512",
                                       "MD5",  "MURMUR3",     "MURMUR3_128", "IPV4_NETWORK",
                                       "UUID", "PUNCTUATION", NULL };

struct conf {
    struct opt_list source;
    struct fieldref target;
    struct slice key;
    bool base64encode;
    int method;
    bool concatenate_sources, concatenate_all_fields;
    int ecs_compatibility;
    struct fieldref *fields; /* the sources, in the order they are taken */
    size_t fields_n;
    unsigned prefix;           /* IPV4_NETWORK */
    struct regex *punctuation; /* runs of it */
};

struct local {
    struct rng rng;
    struct buf text, number, out;
    struct regex_scratch *regex;
};

static const struct option options[] = {
    OPT_LIST(struct conf, source, .dflt = "message", .help = "fields to take the hash of"),
    OPT_FIELDREF(struct conf, target,
                 .help = "where it goes; default: fingerprint, with ECS [event][hash]"),
    OPT_PASSWORD(struct conf, key, .help = "key of an HMAC; for IPV4_NETWORK bits of the network"),
    OPT_BOOL(struct conf, base64encode, .dflt = "false", .help = "base64, not hexadecimal"),
    OPT_ENUM(struct conf, method, .choices = methods, .dflt = "SHA1", .help = "kind of hash"),
    OPT_BOOL(struct conf, concatenate_sources, .dflt = "false",
             .help = "one hash of the names and values of all sources"),
    OPT_BOOL(struct conf, concatenate_all_fields, .dflt = "false",
             .help = "one hash of the names and values of all fields"),
    OPT_ECS(struct conf),
    OPT_END,
};

/* ---- compiling ---- */

static int
by_name(const void *x, const void *y)
{
    const struct fieldref *a = x, *b = y;

    return slice_cmp(a->text, b->text);
}

static int
compile_fields(struct conf *c, const struct plugin_context *ctx, struct err *err)
{
    c->fields = arena_calloc(ctx->arena, c->source.n, sizeof c->fields[0]);
    for (; c->fields_n < c->source.n; c->fields_n++)
        if (fieldref_compile(ctx->arena, c->source.at[c->fields_n], ctx->escape,
                             &c->fields[c->fields_n], err) < 0)
            return err_prefix(err, "source");
    if ((c->concatenate_sources || c->method == METHOD_PUNCTUATION) && c->fields_n > 1)
        qsort(c->fields, c->fields_n, sizeof c->fields[0], by_name);
    return 0;
}

static int
compile_prefix(struct conf *c, struct err *err)
{
    int64_t n;

    if (c->key.n == 0)
        return err_set(err, ERR_CONFIG,
                       "Key value is empty. please fill in a subnet prefix length");
    if (!slice_to_int64(c->key, &n) || n < 0 || n > 32)
        return err_set(err, ERR_CONFIG, "key: a subnet prefix length is 0..32 bits");
    c->prefix = (unsigned)n;
    return 0;
}

static int
prepare(void *conf, const struct plugin_context *ctx, struct err *err)
{
    struct conf *c = conf;
    bool ecs = ecs_is_on(c->ecs_compatibility, ctx);

    if (c->target.text.p == NULL &&
        fieldref_compile(ctx->arena, ecs ? SLICE("[event][hash]") : SLICE("fingerprint"),
                         ctx->escape, &c->target, err) < 0)
        return -1;
    if (c->method == METHOD_IPV4_NETWORK && compile_prefix(c, err) < 0)
        return -1;
    if (c->method == METHOD_PUNCTUATION) {
        c->punctuation = regex_new(SLICE("[\\p{P}\\p{S}]+"), (struct regex_options){ 0 }, err);
        if (c->punctuation == NULL)
            return -1;
    }
    return compile_fields(c, ctx, err);
}

static void
dispose(void *conf)
{
    struct conf *c = conf;

    regex_free(c->punctuation);
}

static int
start(const void *conf, void *local, struct err *err)
{
    struct local *l = local;

    (void)conf;
    l->regex = regex_scratch_new();
    return rng_seed(&l->rng, err);
}

static void
stop(const void *conf, void *local)
{
    struct local *l = local;

    (void)conf;
    regex_scratch_free(l->regex);
    buf_fini(&l->text);
    buf_fini(&l->number);
    buf_fini(&l->out);
}

/* ---- the text of a value ---- */

static void print(struct local *l, struct arena *a, struct value *v, struct buf *out);

struct member {
    struct slice key;
    struct value *value;
};

static int
by_key(const void *x, const void *y)
{
    const struct member *a = x, *b = y;

    return slice_cmp(a->key, b->key);
}

static struct member *
sorted_members(struct arena *a, struct value *object, uint32_t *n)
{
    struct member *members;

    *n = value_count(a, object);
    members = arena_alloc(a, *n * sizeof *members);
    for (uint32_t i = 0; i < *n; i++) {
        struct value *v = value_at(a, object, i);

        members[i] = (struct member){ value_key(a, v), v };
    }
    if (*n > 1)
        qsort(members, *n, sizeof *members, by_key);
    return members;
}

/* key|value|key|value, sorted by key; members of lists with bars between them. */
static void
print_container(struct local *l, struct arena *a, struct value *v, struct buf *out)
{
    uint32_t n = value_count(a, v);

    if (v->type == V_OBJECT) {
        struct member *members = sorted_members(a, v, &n);

        for (uint32_t i = 0; i < n; i++) {
            if (i > 0)
                buf_byte(out, '|');
            buf_append(out, members[i].key);
            buf_byte(out, '|');
            print(l, a, members[i].value, out);
        }
        return;
    }
    for (uint32_t i = 0; i < n; i++) {
        if (i > 0)
            buf_byte(out, '|');
        print(l, a, value_at(a, v, i), out);
    }
}

static void
print(struct local *l, struct arena *a, struct value *v, struct buf *out)
{
    if (value_is_container(v))
        print_container(l, a, v, out);
    else
        buf_append(out, ruby_value_text(a, v, &l->number));
}

/* Borrowed from the value, or l->text. */
static struct slice
text_of(struct local *l, struct arena *a, struct value *v)
{
    if (v->type == V_STRING)
        return value_text(a, v);
    buf_clear(&l->text);
    print(l, a, v, &l->text);
    return buf_slice(&l->text);
}

/* ---- hashes ---- */

static void
print_hex(const uint8_t *bytes, size_t n, struct buf *out)
{
    static const char digits[] = "0123456789abcdef";
    char *to = buf_reserve(out, n * 2);

    for (size_t i = 0; i < n; i++) {
        *to++ = digits[bytes[i] >> 4];
        *to++ = digits[bytes[i] & 15];
    }
    out->n += n * 2;
}

static struct value
bytes_value(const struct conf *c, struct local *l, struct arena *a, const uint8_t *bytes, size_t n)
{
    buf_clear(&l->out);
    if (c->base64encode)
        base64_encode((struct slice){ (const char *)bytes, n }, &l->out);
    else
        print_hex(bytes, n, &l->out);
    return value_str(a, buf_slice(&l->out));
}

static enum digest_kind
kind_of(enum method method)
{
    switch (method) {
    case METHOD_SHA1: return DIGEST_SHA1;
    case METHOD_SHA256: return DIGEST_SHA256;
    case METHOD_SHA384: return DIGEST_SHA384;
    case METHOD_SHA512: return DIGEST_SHA512;
    case METHOD_MD5: return DIGEST_MD5;
    case METHOD_MURMUR3:
    case METHOD_MURMUR3_128:
    case METHOD_IPV4_NETWORK:
    case METHOD_UUID:
    case METHOD_PUNCTUATION: break;
    }
    UNREACHABLE("no cryptographic hash");
}

static struct value
murmur_128(const struct conf *c, struct local *l, struct arena *a, struct slice text)
{
    uint64_t halves[2];
    uint8_t bytes[16];

    murmur3_128(text, MURMUR_128_SEED, halves);
    for (unsigned i = 0; i < 16; i++)
        bytes[i] = (uint8_t)(halves[i / 8] >> (i % 8 * 8));
    return bytes_value(c, l, a, bytes, sizeof bytes);
}

/* False: the text is no address. */
static bool
network(const struct conf *c, struct arena *a, struct slice text, struct value *out)
{
    struct ip address;
    struct ip_range range;
    char printed[IP_TEXT];

    if (!ip_parse(text, &address))
        return false;
    range = ip_range_of(&address, c->prefix);
    *out = value_str(a, (struct slice){ printed, ip_print(&range.from, printed) });
    return true;
}

static bool
hash_text(const struct conf *c, struct local *l, struct arena *a, struct slice text,
          struct value *out)
{
    uint8_t bytes[DIGEST_BYTES];
    size_t n;

    if (c->method == METHOD_IPV4_NETWORK)
        return network(c, a, text, out);
    if (c->method == METHOD_MURMUR3)
        *out = value_int(a, murmur3_32(text, 0));
    else if (c->method == METHOD_MURMUR3_128)
        *out = murmur_128(c, l, a, text);
    else {
        n = c->key.p == NULL ? digest_hash(kind_of((enum method)c->method), text, bytes)
                             : digest_hmac(kind_of((enum method)c->method), c->key, text, bytes);
        *out = bytes_value(c, l, a, bytes, n);
    }
    return true;
}

/* Murmur takes integers as their bytes: 8, the longer form 4 where that is enough. */
static bool
hash_value(const struct conf *c, struct local *l, struct arena *a, struct value *v,
           struct value *out)
{
    char bytes[8];
    int64_t n;
    size_t size = sizeof bytes;

    if (v->type != V_INT || (c->method != METHOD_MURMUR3 && c->method != METHOD_MURMUR3_128))
        return hash_text(c, l, a, text_of(l, a, v), out);
    n = value_to_int(v);
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)((uint64_t)n >> (8 * i));
    if (c->method == METHOD_MURMUR3_128 && n >= INT32_MIN && n <= INT32_MAX)
        size = 4;
    return hash_text(c, l, a, (struct slice){ bytes, size }, out);
}

/* ---- what is hashed ---- */

static enum verdict
store(const struct conf *c, struct event *ev, struct value v)
{
    return event_set(ev, &c->target, v, NULL) < 0 ? EVENT_FAILED : EVENT_KEEP;
}

static bool
hash_list(const struct conf *c, struct local *l, struct arena *a, struct value *list,
          struct value *out)
{
    *out = value_array(a);
    for (uint32_t i = 0, n = value_count(a, list); i < n; i++) {
        struct value one;

        if (!hash_value(c, l, a, value_at(a, list, i), &one))
            return false;
        value_assign(value_push(a, out), one);
    }
    return true;
}

/* Each source that exists sets the target: the last one stays. */
static enum verdict
each_source(const struct conf *c, struct local *l, struct event *ev)
{
    struct arena *a = event_arena(ev);

    for (size_t i = 0; i < c->fields_n; i++) {
        struct value *v = event_get(ev, &c->fields[i]), hash;

        if (v == NULL)
            continue;
        if (!(v->type == V_ARRAY ? hash_list(c, l, a, v, &hash) : hash_value(c, l, a, v, &hash)))
            return EVENT_SKIP;
        if (store(c, ev, hash) == EVENT_FAILED)
            return EVENT_FAILED;
    }
    return EVENT_KEEP;
}

static void
print_pair(struct local *l, struct arena *a, struct slice name, struct value *v)
{
    buf_byte(&l->text, '|');
    buf_append(&l->text, name);
    buf_byte(&l->text, '|');
    if (v != NULL)
        print(l, a, v, &l->text);
}

/* |name|value|name|value| */
static enum verdict
together(const struct conf *c, struct local *l, struct event *ev)
{
    struct arena *a = event_arena(ev);
    struct value hash;

    buf_clear(&l->text);
    if (c->concatenate_all_fields) {
        uint32_t n;
        struct member *members = sorted_members(a, &ev->data, &n);

        for (uint32_t i = 0; i < n; i++)
            print_pair(l, a, members[i].key, members[i].value);
    } else {
        for (size_t i = 0; i < c->fields_n; i++)
            print_pair(l, a, c->fields[i].text, event_get(ev, &c->fields[i]));
    }
    buf_byte(&l->text, '|');
    if (!hash_text(c, l, a, buf_slice(&l->text), &hash))
        return EVENT_SKIP;
    return store(c, ev, hash);
}

static enum verdict
punctuation(const struct conf *c, struct local *l, struct event *ev)
{
    struct arena *a = event_arena(ev);

    for (size_t i = 0; i < c->fields_n; i++) {
        struct value *v = event_get(ev, &c->fields[i]);
        enum regex_result got;

        if (v == NULL || v->type != V_STRING)
            continue;
        buf_clear(&l->out);
        got = regex_search(c->punctuation, l->regex, value_text(a, v), 0);
        while (got == REGEX_MATCH) {
            struct slice run = regex_group(l->regex, 0);

            buf_append(&l->out, run);
            got = regex_search_on(c->punctuation, l->regex,
                                  (size_t)(run.p + run.n - value_text(a, v).p));
        }
        if (got == REGEX_NO_MATCH && store(c, ev, value_str(a, buf_slice(&l->out))) == EVENT_FAILED)
            return EVENT_FAILED;
    }
    return EVENT_KEEP;
}

static enum verdict
apply(const void *conf, void *local, struct event *ev)
{
    const struct conf *c = conf;
    struct local *l = local;
    char text[UUID_TEXT];

    if (c->method == METHOD_UUID) {
        uuid4_print(&l->rng, text);
        return store(c, ev, value_str(event_arena(ev), (struct slice){ text, sizeof text }));
    }
    if (c->method == METHOD_PUNCTUATION)
        return punctuation(c, l, ev);
    if (c->concatenate_sources || c->concatenate_all_fields)
        return together(c, l, ev);
    return each_source(c, l, ev);
}

const struct filter_type filter_fingerprint = {
    .name = "fingerprint",
    .conf_size = sizeof(struct conf),
    .local_size = sizeof(struct local),
    .options = options,
    .prepare = prepare,
    .dispose = dispose,
    .start = start,
    .stop = stop,
    .apply = apply,
};
