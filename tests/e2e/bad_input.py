#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever comes in: the right answer, one line of the log that names peer and reason, no crash,
and other senders notice nothing.

  --long    the sender that never reads its answers is waited for to the end (30 s)
"""

import random
import socket
import ssl
import time

import lab
from lab import Certificates, Server, beats_input, binary, free_port, run_test, until
from lumberjack import Client, compressed, events, header, json_frame, window

OUTPUT = "output { null {} }\n"

# name, bytes, words of the log line
GARBAGE = (
    ("TLS to a plain port", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 64, "TLS"),
    ("HTTP", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP"),
    ("an HTTP health check", b"HEAD /health HTTP/1.0\r\n\r\n", "HTTP"),
    ("a PROXY header", b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n", "PROXY"),
    ("syslog", b"<34>1 2026-03-01T12:00:00Z host app - - - text\n", "syslog"),
    ("JSON lines", b'{"message":"x"}\n{"message":"y"}\n', "JSON"),
    ("zeros", b"\x00" * 100, "version"),
    ("an unknown version", b"3W\x00\x00\x00\x01", "version"),
    ("an unknown frame", b"2X\x00\x00\x00\x01", "frame"),
    ("a C frame that is no zlib", header(1) + b"2C\x00\x00\x00\x0a0123456789", "zlib"),
    ("a window that announces too much", header(0x7fffffff) + b"2J", "100000"),
    ("an event that is too long", header(1) + b"2J\x00\x00\x00\x01\x7f\xff\xff\xff", "67108864"),
    ("a W before the window is complete", header(5) + json_frame(1, {}) + header(2), "window"),
)


def new_lines(server, before):
    return [line for line in server.log().splitlines()[before:] if "][WARN ]" in line]


def refused(checks, server, port, name, data, words, context=None):
    """Sends `data` after a second without refusals, so that the line is not swallowed."""
    time.sleep(1.05)
    before = len(server.log().splitlines())
    with Client(port, tls=context) as client:
        here = "{}:{}".format(*client.socket.getsockname()[:2])
        try:
            client.send(data)
        except OSError:
            pass
        try:
            how = client.read_end(5)
        except ValueError as e:     # an answer that is no ACK: an alert of TLS, say
            how = str(e)
    lines = until(lambda: new_lines(server, before), 3, f"a line about {name}")
    checks.ok(how in ("end", "reset") and len(lines) == 1 and here in lines[0] and words in lines[0],
              f"{name}: closed, one line with peer and reason", f"{how}, {here}, {lines}")


def wrong_bytes(checks, lab_):
    port = free_port()
    server = lab_.start(Server(lab_.folder("garbage"), beats_input(port) + OUTPUT, [port]))
    with Client(port) as other:
        for name, data, words in GARBAGE:
            refused(checks, server, port, name, data, words)
        other.send(window(events(range(3))))
        checks.equal(other.read_real(1, 10), [3], "another sender is served all the time")
        time.sleep(1.05)
        before = len(server.log().splitlines())
        for _ in range(200):
            with Client(port) as client:
                client.send(b"\x00" * 20)
        time.sleep(1.2)
        refused(checks, server, port, "the first after a flood", b"\x00" * 9, "more refusals")
        lines = new_lines(server, before)
        checks.ok(len(lines) <= 5, f"200 refusals in a moment make {len(lines)} lines", lines)
        other.send(window(events(range(3))))
        checks.equal(other.read_real(1, 10), [3], "another sender is served after the flood")
    time.sleep(1.05)
    before = len(server.log().splitlines())
    for _ in range(5):
        Client(port).close()
    with Client(port) as client:
        client.send(window(events(range(4))) + b"\x00garbage")
        checks.equal(client.read_real(1, 10), [4], "a whole window before garbage is acknowledged")
        checks.ok(client.read_end(10) in ("end", "reset"), "then the server closes")
    until(lambda: new_lines(server, before), 3, "a line about the garbage")
    checks.equal(len(new_lines(server, before)), 1, "who connects and leaves is not logged")
    chance = random.Random(11)
    good = window(events(range(30), 100), level=3) + window(events(range(5)))
    for _ in range(300):
        broken = bytearray(good)
        for _ in range(chance.randrange(1, 4)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        with Client(port) as client:
            try:
                client.send(bytes(broken[:chance.randrange(len(broken))] if chance.random() < 0.3
                                  else broken))
                client.finish()
                client.read_end(10)
            except (OSError, ValueError):
                pass
    checks.ok(server.running(), "300 windows with wrong bytes: it still runs")
    checks.equal(lab_.stop(server), 0, "it ends with 0")


def wrong_tls(checks, lab_, certificates):
    port, strict = free_port(), free_port()
    server = lab_.start(Server(
        lab_.folder("tls"), beats_input(port, certificates, extra="ssl_handshake_timeout => 2000 ")
        + beats_input(strict, certificates, client_authentication="required") + OUTPUT,
        [port, strict]))
    context = lab.client_tls(certificates)
    with Client(port, tls=context) as other:
        refused(checks, server, port, "plain Lumberjack to a TLS port", window(events(range(3))),
                "without TLS")
        refused(checks, server, port, "HTTP to a TLS port", b"GET / HTTP/1.1\r\n\r\n", "HTTP")
        refused(checks, server, port, "zeros to a TLS port", b"\x00" * 50, "handshake")
        refused(checks, server, port, "a broken ClientHello",
                b"\x16\x03\x01\x00\x20" + b"\x01" + b"\xff" * 31, "TLS")
        refused(checks, server, port, "garbage inside TLS", b"\x00" * 20, "version", context)
        other.send(window(events(range(3))))
        checks.equal(other.read_real(1, 10), [3], "another sender is served all the time")

        # Slow loris: a byte now and then must not extend the time for the handshake.
        time.sleep(1.05)
        before = len(server.log().splitlines())
        start = time.monotonic()
        with socket.create_connection(("127.0.0.1", port)) as sock:
            sock.settimeout(0.3)
            ended = None
            for byte in b"\x16\x03\x01\x02\x00" + b"\x01" * 60:
                try:
                    sock.sendall(bytes([byte]))
                    if sock.recv(10) == b"":
                        ended = time.monotonic() - start
                except TimeoutError:
                    continue
                except OSError:
                    ended = time.monotonic() - start
                if ended:
                    break
        checks.ok(ended and 1.5 < ended < 10, f"a handshake byte by byte ends after "
                  f"{ended or 0:.1f} s, ssl_handshake_timeout is 2", new_lines(server, before))
        checks.ok(server.says("ssl_handshake_timeout"), "its line names the option",
                  new_lines(server, before))
        other.send(window(events(range(3))))
        checks.equal(other.read_real(1, 10), [3], "another sender is served meanwhile")

    def refused_certificate(name, context, words):
        time.sleep(1.05)
        before = len(server.log().splitlines())
        try:
            with Client(strict, tls=context) as client:
                client.send(window(events(range(2))))
                how = client.read_end(5)
        except (ssl.SSLError, OSError) as e:
            how = type(e).__name__
        lines = until(lambda: new_lines(server, before), 3, f"a line about {name}")
        checks.ok(how != "open" and len(lines) == 1 and words in lines[0].lower(),
                  f"{name}: refused, one line", f"{how} {lines}")

    refused_certificate("no client certificate", lab.client_tls(certificates), "certificate")
    refused_certificate("a client certificate of a stranger",
                        lab.client_tls(certificates, "other_client"), "certificate")
    with Client(strict, tls=lab.client_tls(certificates, "client")) as client:
        client.send(window(events(range(6))))
        checks.equal(client.read_real(1, 10), [6], "the right client certificate is let in")
    checks.equal(lab_.stop(server), 0, "it ends with 0")


def slow_senders(checks, lab_):
    port, other_port = free_port(), free_port()
    server = lab_.start(Server(
        lab_.folder("slow"), beats_input(port, extra="client_inactivity_timeout => 2 ")
        + beats_input(other_port) + OUTPUT, [port, other_port],
        settings="beats.stall_seconds: 3\n"))
    start = time.monotonic()
    with Client(other_port) as stalled, Client(port) as idle, Client(other_port) as slow, \
            Client(other_port) as quiet:
        stalled.send(window(events(range(4))) + window(events(range(9)))[:40])
        idle.send(window(events(range(2))))
        checks.equal(idle.read_real(1, 10), [2], "idle: acknowledged first")
        whole = window(events(range(1)))
        for byte in whole[:12]:     # slow, but never three seconds without a byte
            slow.send(bytes([byte]))
            time.sleep(0.4)
        checks.equal(idle.read_end(5), "end", "client_inactivity_timeout closes in order")
        checks.equal(stalled.read_real(1, 5), [4], "stalled: the whole window is acknowledged")
        how = stalled.read_end(5)
        checks.ok(how == "end", f"stalled inside a window: closed after "
                  f"{time.monotonic() - start:.1f} s", how)
        slow.send(whole[12:])
        checks.equal(slow.read_real(1, 5), [1], "a slow sender that does not stall is waited for")
        quiet.send(window(events(range(1))))
        checks.equal(quiet.read_real(1, 5), [1], "between windows nobody stalls")
    checks.ok(server.says("stall"), "the log says so")
    checks.equal(len(server.lines_with("][WARN ]")), 1, "one line, for the stalled one")
    checks.equal(lab_.stop(server), 0, "it ends with 0")


def never_reads(checks, lab_, certificates):
    port, tls_port = free_port(), free_port()
    server = lab_.start(Server(lab_.folder("deaf"), beats_input(port) + beats_input(tls_port, certificates)
                               + OUTPUT, [port, tls_port]))
    tls = lab.client_tls(certificates)
    with (Client(port, receive_buffer=4096) as deaf, Client(tls_port, tls=tls, receive_buffer=4096) as deaf_tls,
          Client(port) as other):
        for client in (deaf, deaf_tls):
            client.within = 1
            try:
                while True:
                    client.send(header(0) * 10000)
            except OSError:
                pass
        start = time.monotonic()
        other.send(window(events(range(3))))
        checks.equal(other.read_real(1, 10), [3], "another sender is served meanwhile")
        if arguments.long:
            until(lambda: server.memory()["connections"] == 1, 40, "the two that never read are closed")
            checks.ok(server.says("has not read its ACKs"),
                      f"who never reads is closed after {time.monotonic() - start:.0f} s, plain and TLS")
    checks.equal(lab_.stop(server), 0, "it ends with 0")


def poison(checks, lab_):
    """An event that no parser takes is kept, tagged and acknowledged; or closes, by setting."""
    bad = (b'{"a":', b"[1]", b'{"a":"\xff\xfe"}', b'{"a":' + b"[" * 2000 + b"]" * 2000 + b"}")
    port = free_port()
    out = lab_.folder("out") / "events.json"
    server = lab_.start(Server(lab_.folder("poison"), beats_input(port) + lab.file_output(out), [port]))
    with Client(port) as client:
        client.send(window([events([1])[0], *bad, events([2])[0]], level=3))
        checks.equal(client.read_real(1, 10), [6], "quarantine: the window is acknowledged")
    got, broken = lab.read_events(out)
    checks.equal((len(got), broken), (6, []), "all events are there, as valid JSON")
    checks.equal(lab_.stop(server), 0, "it ends with 0")
    server = lab_.start(Server(lab_.folder("strict"), beats_input(port) + OUTPUT, [port],
                               settings="beats.on_bad_event: close\n"))
    for data in bad:
        with Client(port) as client:
            client.send(window(events(range(2))) + window([data]))
            checks.equal(client.read_real(1, 10), [2], "close: the window before is acknowledged")
            checks.ok(client.read_end(10) in ("end", "reset"), "then the server closes")
    checks.equal(lab_.stop(server), 0, "it ends with 0")


def body(checks, lab_):
    certificates = Certificates(lab_.folder("certificates"))
    lab.run_parts(checks, {
        "bytes": lambda: wrong_bytes(checks, lab_),
        "tls": lambda: wrong_tls(checks, lab_, certificates),
        "slow": lambda: slow_senders(checks, lab_),
        "deaf": lambda: never_reads(checks, lab_, certificates),
        "poison": lambda: poison(checks, lab_),
    }, arguments.only)


if __name__ == "__main__":
    arguments = lab.options(__doc__, only=("", "only this part"))
    run_test("bad_input", body, [binary])
