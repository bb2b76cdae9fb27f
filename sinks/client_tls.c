/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sinks/client_tls.h"

const char *const client_tls_modes[] = { "full", "none", NULL };
const char *const client_tls_protocols[] = { "TLSv1.1", "TLSv1.2", "TLSv1.3", NULL };
const char *const client_tls_stores[] = { "jks", "pkcs12", NULL };

static const char *
cstr_or_null(struct arena *a, struct slice s)
{
    return s.p == NULL ? NULL : arena_cstr(a, s);
}

static struct tls_names
names_of(struct arena *a, const struct opt_list *list)
{
    const char **at;

    if (list == NULL)
        return (struct tls_names){ NULL, 0 };
    at = arena_alloc(a, (list->n + 1) * sizeof *at);
    for (size_t i = 0; i < list->n; i++)
        at[i] = arena_cstr(a, list->at[i]);
    return (struct tls_names){ at, list->n };
}

/* The option's type has checked the digits. */
static bool
read_fingerprint(struct slice hex, unsigned char out[32])
{
    size_t n = 0;
    unsigned byte = 0;

    for (size_t i = 0; i < hex.n; i++) {
        char c = (char)(hex.p[i] | 0x20);

        if (hex.p[i] == ':')
            continue;
        if (n == 64)
            return false;
        byte = byte << 4 | (c >= 'a' ? (unsigned)(c - 'a') + 10 : (unsigned)(c - '0')) % 16;
        if (++n % 2 == 0)
            out[n / 2 - 1] = (unsigned char)byte;
    }
    return n == 64;
}

struct tls_context *
client_tls_new(const struct client_tls *wish, struct err *err)
{
    unsigned char fingerprint[32];
    struct tls_options options = { .verification =
                                       wish->verify ? TLS_VERIFY_FULL : TLS_VERIFY_NONE };
    struct tls_context *made;
    struct arena a;

    arena_init(&a, NULL);
    options.certificate = cstr_or_null(&a, wish->certificate);
    options.key = cstr_or_null(&a, wish->key);
    options.authorities = names_of(&a, wish->authorities);
    options.protocols = names_of(&a, wish->protocols);
    options.ciphers = names_of(&a, wish->ciphers);
    if (wish->fingerprint.p != NULL && read_fingerprint(wish->fingerprint, fingerprint))
        options.trusted_fingerprint = fingerprint;
    made = tls_client_new(&options, err);
    arena_fini(&a);
    return made;
}
