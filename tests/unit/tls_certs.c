/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/tls_certs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[64];

static void
remove_folder(void)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    if (system(command) != 0)
        fprintf(stderr, "%s stays\n", folder);
}

void
tls_certs_run(const char *command)
{
    char line[2048];
    int n = snprintf(line, sizeof line, "cd '%s' && { %s; } >>log 2>&1", folder, command);

    /* Also called outside of a test, where Check cannot report. */
    if (n >= (int)sizeof line || system(line) != 0) {
        fprintf(stderr, "fails: %s\n", command);
        abort();
    }
}

static const char *const commands[] = {
    "printf 'subjectAltName=DNS:localhost,DNS:*.example.org,IP:127.0.0.1,IP:::1\\n' > san",
    "printf 'basicConstraints=critical,CA:TRUE\\nkeyUsage=keyCertSign\\n' > isca",
    "for ca in ca other-ca root; do"
    " openssl ecparam -name prime256v1 -genkey -noout -out $ca.key &&"
    " openssl req -x509 -new -key $ca.key -subj \"/O=Acme/CN=Test $ca\" -days 2 -out $ca.pem"
    " -addext keyUsage=critical,keyCertSign || exit 1; done",
    "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out server-rsa.key",
    "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out server-p256.key",
    "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out server-p384.key",
    "openssl genpkey -algorithm ED25519 -out server-ed25519.key",
    "for k in rsa p256 p384 ed25519; do"
    " openssl req -new -key server-$k.key -subj /CN=localhost -out s.csr &&"
    " openssl x509 -req -in s.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile san"
    " -out server-$k.pem || exit 1; done",
    "openssl ecparam -name prime256v1 -genkey -noout -out client.key",
    "openssl req -new -key client.key -subj /C=NL/O=Acme/OU=ops/CN=web-1 -out c.csr",
    "openssl x509 -req -in c.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out client.pem",
    "openssl x509 -req -in c.csr -CA other-ca.pem -CAkey other-ca.key -CAcreateserial -days 2 -out"
    " client-other.pem",
    "openssl x509 -req -in c.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days -1 -out"
    " client-expired.pem",
    "openssl ecparam -name prime256v1 -genkey -noout -out middle.key",
    "openssl req -new -key middle.key -subj /O=Acme/CN=middle -out m.csr",
    "openssl x509 -req -in m.csr -CA root.pem -CAkey root.key -CAcreateserial -days 2 -extfile isca"
    " -out middle.pem",
    "openssl ecparam -name prime256v1 -genkey -noout -out chain.key",
    "openssl req -new -key chain.key -subj /CN=localhost -out h.csr",
    "openssl x509 -req -in h.csr -CA middle.pem -CAkey middle.key -CAcreateserial -days 2"
    " -extfile san -out leaf.pem",
    "cat leaf.pem middle.pem > chain.pem",
};

const char *
tls_certs_folder(void)
{
    if (folder[0] == '\0') {
        const char *tmp = getenv("TMPDIR");

        snprintf(folder, sizeof folder, "%.40s/headrig-XXXXXX", tmp != NULL ? tmp : "/tmp");
        if (mkdtemp(folder) == NULL)
            abort();
        atexit(remove_folder);
        for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
            tls_certs_run(commands[i]);
    }
    return folder;
}

const char *
tls_certs_path(const char *name)
{
    static char paths[16][128];
    static unsigned next;
    char *path = paths[next++ % 16];

    snprintf(path, sizeof paths[0], "%s/%s", tls_certs_folder(), name);
    return path;
}
