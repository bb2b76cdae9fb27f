/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between the files of TLS: tls.c (contexts), tls_stream.c, tls_memory.c, tls_names.c. */
#ifndef SERVER_NET_TLS_PRIV_H
#define SERVER_NET_TLS_PRIV_H

#include <wolfssl/options.h>
#include <wolfssl/ssl.h>

#include "server/net/tls.h"

/* ---- tls_memory.c ---- */

/* Before the library allocates anything. */
int tls_memory_start(struct err *err);
/* What the library holds that the calling thread allocated. */
int64_t tls_memory_held(void);
/* Charges or releases what changed since the last time. */
void tls_memory_settle(void);
/* A handshake step was made: the curve cache stays for another while. */
void tls_memory_note_handshake(uint64_t now_ms);

#endif
