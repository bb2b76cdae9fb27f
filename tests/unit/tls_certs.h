/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keys and certificates for tests, made by the openssl command in a folder of their own, so that
 * none is ever out of date or in the tree. */
#ifndef TESTS_UNIT_TLS_CERTS_H
#define TESTS_UNIT_TLS_CERTS_H

/* Makes the folder and everything in it; aborts when openssl cannot. Removed at exit.
 *
 * ca.pem, other-ca.pem, ca.key, other-ca.key: P-256, "/O=Acme/CN=Test CA".
 * server-K.pem and server-K.key with K = rsa, p256, p384, ed25519: signed by ca, for "localhost",
 * "*.example.org", 127.0.0.1 and ::1. client.pem, client.key: "/C=NL/O=Acme/OU=ops/CN=web-1";
 * client-other.pem by the other CA; client-expired.pem. chain.pem, chain.key, root.pem: a server
 * below an intermediate authority, whose certificate is in chain.pem. */
const char *tls_certs_folder(void);
/* A path in the folder; one of 16 static buffers. */
const char *tls_certs_path(const char *name);
/* Runs a shell command there; aborts the test when it fails. */
void tls_certs_run(const char *command);

#endif
