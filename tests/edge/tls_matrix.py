#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS as senders meet it, with the openssl client: version x cipher suite x client certificate
(none, right, of another authority, expired) x key of the server.

A connection that is let in sends one window and gets its ACK; one that is refused gets none. What
events say of the certificate is looked at afterwards.

Every suite that ssl_cipher_suites can name is named once by each scheme, alone on its port: a client
of it gets in, one of another suite does not. TLS 1.1 is for who asks for it.
"""

import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

import edge
from edge import (Certificates, Server, counters, file_output, free_port, options, program,
                  run_test, until, window)

VERSIONS = ["tls1_2", "tls1_3"]
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


def cases():
    for key in KEYS:
        for version in VERSIONS:
            for suite in suites(version, key):
                for mode in MODES:
                    for client in CLIENTS:
                        yield key, version, suite, mode, client


ACK = b"2A\0\0\0\1"


def at_once(one, wanted):
    """Some at a time: (whether there was an ACK, what the client said) of each."""
    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        return [(got == ACK, f"{got!r} {said}") for got, said in pool.map(one, wanted)]


def matrix(checks, lab_, certificates):
    ports = {(key, mode): free_port() for key in KEYS for mode in MODES}
    out = lab_.folder("out") / "events"
    text = "".join(edge.beats_input(port, certificates, f"server_{key}", mode,
                                    extra='enrich => "all" client_inactivity_timeout => 20')
                   for (key, mode), port in ports.items())
    show = 'filter { mutate { copy => { "@metadata" => "meta" } } }\n'
    server = lab_.start(Server(lab_.folder("server"), text + show + file_output(out),
                               list(ports.values())))
    wanted = list(cases())

    def one(case):
        key, version, suite, mode, client = case
        return connect(ports[key, mode], version, suite, certificates, client, "/".join(map(str, case)))

    results = at_once(one, wanted)
    good = [case for case, (got, _) in zip(wanted, results) if got]
    for key in KEYS:
        for version in VERSIONS:
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
            "AES256-SHA256": "AES_256_CBC_SHA256", "AES128-SHA256": "AES_128_CBC_SHA256",
            "AES256-SHA": "AES_256_CBC_SHA", "AES128-SHA": "AES_128_CBC_SHA",
            "AES128-CCM": "AES_128_CCM", "AES128-CCM8": "AES_128_CCM_8",
            "AES256-CCM8": "AES_256_CCM_8"}[rest]
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


# Those that work when they are named, besides.
MORE_13 = ["TLS_AES_128_CCM_SHA256", "TLS_AES_128_CCM_8_SHA256"]
MORE_12 = [*(f"ECDHE-{key}-{s}" for key in ("ECDSA", "RSA") for s in ("AES256-SHA", "AES128-SHA")),
           *(f"ECDHE-ECDSA-{s}" for s in ("AES128-CCM", "AES128-CCM8", "AES256-CCM8")),
           *(f"DHE-RSA-{s}" for s in ("AES256-GCM-SHA384", "CHACHA20-POLY1305", "AES128-GCM-SHA256",
                                      "AES256-SHA256", "AES128-SHA256", "AES256-SHA", "AES128-SHA"))]


def named_suites(checks, lab_, certificates):
    all_suites = [(s, "tls1_3") for s in SUITES_13 + MORE_13]
    all_suites += [(s, "tls1_2") for s in SUITES_12["rsa"] + SUITES_12["ecdsa"] + MORE_12]
    names = [(suite, version, name, free_port()) for suite, version in all_suites
             for name in {suite, iana(suite)}]
    keys = {port: "server_p256" if "ECDSA" in suite else "server_rsa" for suite, _, _, port in names}
    lab_.start(Server(lab_.folder("suites"), "".join(
        edge.beats_input(port, certificates, keys[port], extra=f'ssl_cipher_suites => ["{name}"]')
        for _, _, name, port in names) + edge.NULL, list(keys)))

    def one(case):
        suite, version, _, port = case
        return connect(port, version, suite, certificates, None, suite)

    def another(case):
        suite, version, _, port = case
        other = next(s for s, v in all_suites if v == version and s != suite
                     and s.split("-")[:2] == suite.split("-")[:2] or v == version == "tls1_3" and s != suite)
        return connect(port, version, other, certificates, None, suite)

    wrong = [(case[2], said) for case, (got, said) in zip(names, at_once(one, names)) if not got]
    checks.ok(not wrong, f"{len(all_suites)} suites by {len(names)} names: each gets in", str(wrong[:5]))
    wrong = [(case[2], said) for case, (got, said) in zip(names, at_once(another, names)) if got]
    checks.ok(not wrong, f"{len(names)} ports of one suite: another is refused", str(wrong[:5]))


def oldest_version(checks, lab_, certificates):
    default, wanted = free_port(), free_port()
    lab_.start(Server(lab_.folder("oldest"), edge.beats_input(default, certificates)
                      + edge.beats_input(wanted, certificates, extra='ssl_supported_protocols => "TLSv1.1" '
                                         'ssl_cipher_suites => "ECDHE-RSA-AES128-SHA"')
                      + edge.NULL, [default, wanted]))
    suite = "ECDHE-RSA-AES128-SHA:@SECLEVEL=0"
    results = at_once(lambda case: connect(case[0], case[1], suite, certificates, None, "old"),
                      [(default, "tls1_1"), (wanted, "tls1_1"), (wanted, "tls1_2")])
    checks.equal([got for got, _ in results], [False, True, False],
                 "TLS 1.1: refused by default, served where it is asked for, and nothing else there")


def main(checks, lab_):
    certificates = Certificates(lab_.folder("certificates"))
    make_keys(certificates)
    for part in (matrix, named_suites, oldest_version):
        part(checks, lab_, certificates)
    edge.stop_all(checks, lab_, "tls_matrix")


if __name__ == "__main__":
    arguments = options(__doc__)
    run_test("tls_matrix", main)
