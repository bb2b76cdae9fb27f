#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS as senders meet it, with the openssl client: version x cipher suite x client certificate
(none, right, of another authority, expired) x key of the server.

A connection that is let in sends one window and gets its ACK; one that is refused gets none. What
events say of the certificate is looked at afterwards.

  --long    every suite with every certificate (else: every suite once, every certificate once a
            version and key)
"""

import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

import edge
from edge import (Certificates, Server, counters, file_output, free_port, options, program,
                  run_test, until, window)

KEYS = ["rsa", "p256", "p384", "ed25519"]
_KINDS = {"rsa": ["rsa:2048"], "p256": ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
          "p384": ["ec", "-pkeyopt", "ec_paramgen_curve:P-384"], "ed25519": ["ed25519"]}
MODES = ["none", "optional", "required"]
CLIENTS = [None, "client", "other_client", "expired"]

# As the reference lists them (OpenSSL's names): the default of ssl_cipher_suites.
SUITES_13 = ["TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256"]
_12 = ["AES256-GCM-SHA384", "CHACHA20-POLY1305", "AES128-GCM-SHA256", "AES256-SHA384",
       "AES128-SHA256"]
SUITES_12 = {"rsa": [f"ECDHE-RSA-{s}" for s in _12], "ecdsa": [f"ECDHE-ECDSA-{s}" for s in _12]}


def suites(version, key):
    if version == "tls1_3":
        return SUITES_13
    return SUITES_12["rsa" if key == "rsa" else "ecdsa"]


def make_keys(certificates):
    for key in KEYS:
        certificates._signed(f"server_{key}", "ca", _KINDS[key], "localhost", "serverAuth")


def connect(port, version, suite, certificates, client, mark):
    """What came back of a window's ACK, and what the client said."""
    command = [program("openssl"), "s_client", "-connect", f"127.0.0.1:{port}", f"-{version}",
               "-CAfile", certificates.crt("ca"), "-servername", "localhost", "-quiet",
               "-verify_quiet", "-ciphersuites" if version == "tls1_3" else "-cipher", suite]
    if version == "tls1_2":
        command[-1] += ":@SECLEVEL=0"
    if client:
        command += ["-cert", certificates.crt(client), "-key", certificates.key(client)]
    child = subprocess.Popen([str(c) for c in command], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        child.stdin.write(window([{"message": "m", "mark": mark}]))
        child.stdin.flush()
        got = child.stdout.read(6)      # ends early when the server refuses
    except BrokenPipeError:
        got = b""
    finally:
        child.kill()
        said = child.communicate()[1]
    return got, said.decode(errors="replace")


def let_in(mode, client):
    if mode == "none" or client == "client":
        return True
    return mode == "optional" and client is None


def cases(long):
    for key in KEYS:
        for version in ("tls1_2", "tls1_3"):
            for i, suite in enumerate(suites(version, key)):
                for mode in MODES:
                    for client in CLIENTS:
                        if long or i == 0 or (mode == "required" and client == "client"):
                            yield key, version, suite, mode, client


def main(checks, lab_):
    certificates = Certificates(lab_.folder("certificates"))
    make_keys(certificates)
    ports = {(key, mode): free_port() for key in KEYS for mode in MODES}
    out = lab_.folder("out") / "events"
    text = "".join(edge.beats_input(port, certificates, f"server_{key}", mode,
                                    extra='enrich => "all" client_inactivity_timeout => 20')
                   for (key, mode), port in ports.items())
    show = 'filter { mutate { copy => { "@metadata" => "meta" } } }\n'
    server = lab_.start(Server(lab_.folder("server"), text + show + file_output(out),
                               list(ports.values())))
    wanted = list(cases(arguments.long))

    def one(case):
        key, version, suite, mode, client = case
        return connect(ports[key, mode], version, suite, certificates, client, "/".join(map(str, case)))

    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        results = list(pool.map(one, wanted))
    results = [(got == b"2A\0\0\0\1", f"{got!r} {said}") for got, said in results]
    good = [case for case, (got, _) in zip(wanted, results) if got]
    for key in KEYS:
        for version in ("tls1_2", "tls1_3"):
            mine = [(c, g) for c, g in zip(wanted, results) if c[:2] == (key, version)]
            wrong = [(c, said) for c, (g, said) in mine if g != let_in(c[3], c[4])]
            checks.ok(not wrong, f"{version}, {key}: {len(mine)} connections let in or refused as "
                      "they should be", f"wrong: {wrong[:5]}")
    metadata(checks, out, good)
    refused = counters(server)["refused"]
    checks.ok(refused >= len(wanted) - len(good),
              f"{len(wanted) - len(good)} refusals, and {refused} counted")


def expected(mode, client, version, suite):
    """[tls_peer][status] and what [input][beats][tls] holds."""
    if mode == "none":
        return None, None
    if client is None:
        return "unverified", None
    names = {"tls1_2": "TLSv1.2", "tls1_3": "TLSv1.3"}
    return "verified", (names[version], iana(suite), "CN=client,O=Headrig")


def iana(suite):
    if suite.startswith("TLS_"):
        return suite
    exchange, key, rest = suite.split("-", 2)
    rest = {"AES256-GCM-SHA384": "AES_256_GCM_SHA384", "AES128-GCM-SHA256": "AES_128_GCM_SHA256",
            "CHACHA20-POLY1305": "CHACHA20_POLY1305_SHA256", "AES256-SHA384": "AES_256_CBC_SHA384",
            "AES128-SHA256": "AES_128_CBC_SHA256"}[rest]
    return f"TLS_{exchange}_{key}_WITH_{rest}"


def metadata(checks, out, good):
    until(lambda: out.exists() and out.read_text().count("\n") >= len(good), 10,
          "every acknowledged event")
    events = {e["mark"]: e for e in map(json.loads, out.read_text().splitlines())}
    wrong = []
    for case in good:
        key, version, suite, mode, client = case
        meta = events["/".join(map(str, case))]["meta"]
        status = meta.get("tls_peer", {}).get("status")
        tls = meta["input"]["beats"].get("tls")
        told = tls and (tls["version_protocol"], tls["cipher"], tls["client"]["subject"])
        if (status, told) != expected(mode, client, version, suite):
            wrong.append((case, status, told))
    checks.ok(not wrong, f"{len(good)} events name version, suite and subject", str(wrong[:3]))


if __name__ == "__main__":
    arguments = options(__doc__)
    run_test("tls_matrix", main)
