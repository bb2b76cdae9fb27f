#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Balancers and probes: the PROXY protocol by HAProxy (versions 1 and 2, plain, TLS through, TLS
ended in front) and by hand; who is not listed; connections that bring nothing.

Senders bind 127.0.0.9, which is where HAProxy says they come from."""

import json
import shutil
import socket
import time

import edge
from edge import (Certificates, Client, Missing, Server, clients, closed_within, counters,
                  file_output, free_port, options, raw_connection, run_test, until, window)
from process import Process, is_listening

SENDER = "127.0.0.9"
V2 = b"\r\n\r\n\0\r\nQUIT\n"


class Haproxy(Process):
    def __init__(self, folder, config, ports):
        super().__init__("haproxy", folder)
        self.binary = shutil.which("haproxy") or shutil.which("/usr/sbin/haproxy")
        if not self.binary:
            raise Missing("haproxy is not installed")
        self.ports = ports
        self.config = self.folder / "haproxy.cfg"
        self.config.write_text("defaults\n mode tcp\n timeout connect 5s\n timeout client 60s\n"
                               " timeout server 60s\n" + config)

    def command(self):
        return [self.binary, "-db", "-f", self.config]

    def ready(self):
        return all(is_listening(port) for port in self.ports)


class Sender(Client):
    """From an address of its own."""

    def __init__(self, port, tls=None, source=SENDER):
        connect = socket.socket.connect
        try:
            socket.socket.connect = lambda s, to: (s.bind((source, 0)), connect(s, to))[1]
            super().__init__(port, tls=tls)
        finally:
            socket.socket.connect = connect


def read_events(out, count):
    until(lambda: out.exists() and out.read_text().count("\n") >= count, 10,
          lambda: f"{count} events in {out}")
    return {e["mark"]: e for e in map(json.loads, out.read_text().splitlines())}


def ip_of(event):
    return event["meta"]["input"]["beats"]["host"]["ip"]


def through_haproxy(checks, lab_):
    certificates = Certificates(lab_.folder("certificates"))
    pem = lab_.folder("haproxy") / "server.pem"
    pem.write_text(certificates.crt("server").read_text() + certificates.key("server").read_text())
    plain, tls = free_port(), free_port()
    fronts = {name: free_port() for name in ("v1", "v2", "v2tlvs", "through", "ended")}
    out = lab_.folder("out") / "events"
    server = lab_.start(Server(
        lab_.folder("server"),
        edge.beats_input(plain) + edge.beats_input(tls, certificates, client_authentication="required",
                                                   extra='enrich => "all"')
        + 'filter { mutate { copy => { "@metadata" => "meta" } } }\n' + file_output(out),
        [plain, tls], settings="beats.proxy_protocol: [127.0.0.1, 10.0.0.0/8, '::1']\n"))

    def listen(name, to, send, bind=""):
        return (f"listen {name}\n bind 127.0.0.1:{fronts[name]} {bind}\n"
                f" server s 127.0.0.1:{to} {send}\n")

    ended = f"ssl crt {pem} ca-file {certificates.crt('ca')} verify required"
    lab_.start(Haproxy(pem.parent, listen("v1", plain, "send-proxy")
                       + listen("v2", plain, "send-proxy-v2")
                       + listen("v2tlvs", plain, "send-proxy-v2 proxy-v2-options unique-id,crc32c")
                       + listen("through", tls, "send-proxy-v2")
                       + listen("ended", plain, "send-proxy-v2-ssl-cn proxy-v2-options "
                                "unique-id,crc32c", ended), list(fronts.values())))
    mutual = edge.client_tls(certificates, "client")
    for name, port in fronts.items():
        with Sender(port, mutual if name in ("through", "ended") else None) as sender:
            for i in range(20):
                sender.send(window([{"message": "m", "mark": f"{name}{i}"}] * 1, level=i % 2))
            checks.equal(sender.read_real(20, 15), [1] * 20, f"{name}: 20 windows acknowledged")
    events = read_events(out, 100)
    checks.equal(len(events), 100, "every event once")
    for name in fronts:
        checks.equal({ip_of(e) for m, e in events.items() if m.startswith(name)}, {SENDER},
                     f"{name}: the sender's address in its events")
    checks.equal(events["through0"]["meta"]["tls_peer"]["status"], "verified",
                 "through: the handshake came behind the header")
    checks.equal({c["address"] for c in clients(server)}, {SENDER}, "and in the ledger")


def by_hand(checks, lab_):
    port = free_port()
    out = lab_.folder("hand") / "events"
    server = lab_.start(Server(
        lab_.folder("by-hand"), edge.beats_input(port, host="0.0.0.0",
                                                 extra="ssl_handshake_timeout => 2000")
        + 'filter { mutate { copy => { "@metadata" => "meta" } } }\n' + file_output(out), [port],
        settings="beats.proxy_protocol: 127.0.0.1\n"))
    addresses = bytes([198, 51, 100, 7, 192, 0, 2, 1]) + b"\xc8\x90\x13\xb4"
    six = bytes.fromhex("20010db8000000000000000000000001") * 2 + b"\xc8\x90\x13\xb4"
    headers = {"v1": b"PROXY TCP4 203.0.113.9 192.0.2.1 1000 5044\r\n",
               "v1 IPv6": b"PROXY TCP6 2001:db8::1 ::1 1000 5044\r\n",
               "v1 unknown": b"PROXY UNKNOWN\r\n",
               "v2": V2 + b"\x21\x11\x00\x0c" + addresses,
               "v2 IPv6": V2 + b"\x21\x21\x00\x24" + six,
               "v2 local": V2 + b"\x20\x00\x00\x00",
               "v2 with 4 KB of extensions": V2 + b"\x21\x11\x10\x00" + addresses
               + b"\xee\x0f\xf1" + b"x" * 4081}
    wanted = {"v1": "203.0.113.9", "v1 IPv6": "2001:db8:0:0:0:0:0:1", "v1 unknown": "127.0.0.1",
              "v2": "198.51.100.7", "v2 IPv6": "2001:db8:0:0:0:0:0:1", "v2 local": "127.0.0.1",
              "v2 with 4 KB of extensions": "198.51.100.7"}
    for name, data in headers.items():
        with Client(port) as client:
            data += window([{"message": "m", "mark": name}])
            for i in range(0, len(data), 1 if len(data) < 200 else 500):
                client.send(data[i:i + (1 if len(data) < 200 else 500)])
            checks.equal(client.read_real(1, 10), [1], f"{name}: in small pieces")
    events = read_events(out, len(headers))
    checks.equal({m: ip_of(e) for m, e in events.items()}, wanted, "their addresses in the events")

    refused = counters(server)["refused"]
    for name, data in {"no header": window([{"message": "m"}]), "cut": b"PROXY TCP4 1.2.3.4\r\n",
                       "too long": V2 + b"\x21\x11\xff\xff" + addresses}.items():
        with raw_connection(port, data) as sock:
            checks.ok(closed_within(sock, 5), f"{name}: closed")
    with raw_connection(port, b"PROXY TCP4 1.2") as sock:
        begin = time.monotonic()
        checks.ok(closed_within(sock, 5), "half a header: closed after ssl_handshake_timeout")
        checks.ok(time.monotonic() - begin > 1.5, "and not before")
    checks.equal(counters(server)["refused"] - refused, 4, "all of them counted")

    # Not listed: its own address, and a header is garbage.
    with Sender(port) as client:
        client.send(window([{"message": "m", "mark": "unlisted"}]))
        checks.equal(client.read_real(1, 10), [1], "a sender that is not listed needs no header")
    checks.equal(ip_of(read_events(out, len(headers) + 1)["unlisted"]), SENDER, "and keeps its address")
    time.sleep(1.1)         # one line a second and reason
    with Sender(port) as client:
        client.send(headers["v1"] + window([{"message": "m"}]))
        checks.ok(client.read_end(5) != "open", "a header from one that is not listed: closed")
    checks.ok(server.says("that beats.proxy_protocol does not list"), "and the log says why")


def probes(checks, lab_):
    """Connections that bring nothing are counted, and nothing is logged."""
    certificates = Certificates(lab_.folder("probe-certificates"))
    plain, tls = free_port(), free_port()
    server = lab_.start(Server(lab_.folder("probes"), edge.beats_input(plain)
                               + edge.beats_input(tls, certificates) + edge.NULL, [plain, tls]))
    before = len(server.log().splitlines())
    for port in (plain, tls):
        for _ in range(10):
            raw_connection(port).close()
            sock = raw_connection(port)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            sock.close()
        with raw_connection(port) as sock:
            sock.shutdown(socket.SHUT_WR)
            checks.ok(closed_within(sock, 5), "a half-close without data ends the connection")
    until(lambda: counters(server)["probes"] == 42, 5,
          lambda: f"42 probes, are {counters(server)['probes']}")
    checks.equal(counters(server)["refused"], 0, "42 probes, none of them refused")
    said = [line for line in server.log().splitlines()[before:] if "[WARN" in line or "[ERROR" in line]
    checks.equal(said, [], "and none logged")


def main(checks, lab_):
    probes(checks, lab_)
    by_hand(checks, lab_)
    through_haproxy(checks, lab_)


if __name__ == "__main__":
    options(__doc__)
    run_test("balancers", main)
