/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a peer's certificate: its subject is one line of UTF-8 without control characters
 * that fits, and with less room the beginning of the same text. */
#include "codec/utf8.h"
#include "server/net/tls.h"
#include "server/net/tls_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "tls_subject: %s\n", what);
    abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice der = { (const char *)data, size };
    char whole[TLS_SUBJECT_MAX], cut[TLS_SUBJECT_MAX];
    size_t n;

    tls_subject_print(der, whole, sizeof whole);
    n = strlen(whole);
    require(n < sizeof whole, "longer than its room");
    for (size_t i = 0; i < n; i++)
        require((unsigned char)whole[i] >= 0x20 && whole[i] != 0x7f, "a control character");
    require(utf8_valid((struct slice){ whole, n }), "no UTF-8");
    for (size_t max = 1; max <= n; max += 1 + n / 16) {
        tls_subject_print(der, cut, max);
        require(strlen(cut) < max && strncmp(cut, whole, strlen(cut)) == 0, "cut to another text");
    }
    return 0;
}
