/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What tls_aes.c wants of a provider, besides tls_aes_name, _seal, _open and _thread_fini, which
 * the one provider of the build implements: tls_aes_ipsec.c, tls_aes_gcrypt.c or tls_aes_none.c. */
#ifndef SERVER_NET_TLS_AES_PRIV_H
#define SERVER_NET_TLS_AES_PRIV_H

#include "server/net/tls_aes.h"

/* Once, before threads. -1: the library is not fit. */
int aes_provider_start(struct err *err);
/* Whether there is one at all. */
bool aes_provider_works(void);

#endif
