/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sinks/key_store.h"

#include "codec/base/buf.h"
#include "sinks/option_notes.h"

#include <stdio.h>

/* What a shell takes as it stands. */
#define PLAIN "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._-+=:@%,"

/* A store and what becomes of it, each as a word of a shell. */
struct names {
    struct buf store, p12, pem;
    bool is_p12;
};

/* PKCS#12 is one ASN.1 SEQUENCE; JKS and JCEKS begin otherwise. The name tells nothing: keytool of
 * today writes PKCS#12 under any. */
static bool
is_pkcs12(const char *path)
{
    FILE *f = fopen(path, "re");
    int first = f == NULL ? EOF : fgetc(f);

    if (f != NULL)
        fclose(f);
    return first == 0x30;
}

static void
put_word(const char *path, const char *suffix, struct buf *out)
{
    if (path[strspn(path, PLAIN)] == '\0') {
        buf_printf(out, "%s%s", path, suffix);
        return;
    }
    buf_append(out, SLICE("'"));
    for (const char *p = path; *p != '\0'; p++)
        buf_append(out, *p == '\'' ? SLICE("'\\''") : (struct slice){ p, 1 });
    buf_printf(out, "%s'", suffix);
}

static void
names_init(struct names *n, struct slice path)
{
    struct buf text = { 0 };
    const char *store;

    buf_append(&text, path);
    store = buf_cstr(&text);
    *n = (struct names){ .is_p12 = is_pkcs12(store) };
    put_word(store, "", &n->store);
    put_word(store, ".p12", &n->p12);
    put_word(store, ".pem", &n->pem);
    buf_fini(&text);
}

static void
names_fini(struct names *n)
{
    buf_fini(&n->store);
    buf_fini(&n->p12);
    buf_fini(&n->pem);
}

static void
refuse_key_store(const struct plugin_context *ctx, struct slice path)
{
    struct buf hint = { 0 };
    struct names n;

    names_init(&n, path);
    buf_append(&hint, SLICE("run: "));
    if (!n.is_p12)
        buf_printf(&hint,
                   "keytool -importkeystore -srckeystore %s -destkeystore %s -deststoretype PKCS12 "
                   "&& ",
                   buf_cstr(&n.store), buf_cstr(&n.p12));
    buf_printf(&hint,
               "openssl pkcs12 -in %s -nodes -out %s; then write: ssl_certificate => \"%.*s.pem\" "
               "ssl_key => \"%.*s.pem\"",
               buf_cstr(n.is_p12 ? &n.store : &n.p12), buf_cstr(&n.pem), SLICE_ARGS(path),
               SLICE_ARGS(path));
    option_refuse(ctx, "ssl_keystore_path", buf_cstr(&hint),
                  "JKS and PKCS#12 stores are not read; PEM files are");
    names_fini(&n);
    buf_fini(&hint);
}

/* keytool writes certificates as PEM by itself. */
static void
refuse_trust_store(const struct plugin_context *ctx, struct slice path)
{
    struct buf hint = { 0 };
    struct names n;

    names_init(&n, path);
    buf_printf(&hint,
               n.is_p12 ? "run: openssl pkcs12 -in %s -nokeys -out %s"
                        : "run: keytool -list -rfc -keystore %s > %s",
               buf_cstr(&n.store), buf_cstr(&n.pem));
    buf_printf(&hint, "; then write: ssl_certificate_authorities => [\"%.*s.pem\"]",
               SLICE_ARGS(path));
    option_refuse(ctx, "ssl_truststore_path", buf_cstr(&hint),
                  "JKS and PKCS#12 stores are not read; PEM files are");
    names_fini(&n);
    buf_fini(&hint);
}

void
key_stores_refuse(const struct plugin_context *ctx, struct slice key_store,
                  struct slice trust_store)
{
    if (key_store.p != NULL)
        refuse_key_store(ctx, key_store);
    if (trust_store.p != NULL)
        refuse_trust_store(ctx, trust_store);
}
