#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Senders that mean harm, one named test each, with its bound. Beside them a well-behaved sender
goes on.

  --long    more of everything: a minute of connects, 1,000 slow connections, a longer flood
  --only    a part of a test's name
"""

import json
import multiprocessing
import os
import resource
import socket
import ssl
import subprocess
import time
import zlib

import edge
from edge import (MB, SLOWER, Certificates, Client, Fleet, HeldPipe, Server, Stalls, Witness, be32,
                  client_hello, closed_within, counters, cpu_seconds, file_output, free_port, header, json_frame,
                  open_files, options, program, raw_connection, run_test, until, window)

SETTINGS = "memory.limit: 192mb\nbeats.stall_seconds: 2\n"
LIMIT = 192 * MB
INPUT = "ssl_handshake_timeout => 2000"


class Case:
    """A server of its own, plain and TLS, for one test."""

    def __init__(self, checks, lab_, name, output=edge.NULL, settings=SETTINGS, server="server",
                 authentication="none", extra=INPUT):
        self.checks = checks
        self.port, self.tls_port = free_port(), free_port()
        self.server = lab_.start(Server(
            lab_.folder(name), edge.beats_input(self.port, extra=extra)
            + edge.beats_input(self.tls_port, lab_.certificates, server, authentication, extra=extra)
            + output, [self.port, self.tls_port], settings=settings))
        self.base = self.server.rss_anon()

    def bounded(self, name, peak):
        self.checks.ok(peak <= LIMIT * 1.1 or edge.sanitizer(),
                       f"{name}: RSS at most {peak / MB:.0f} MB of {LIMIT * 1.1 / MB:.0f}")

    def alive(self, name):
        with Client(self.port) as client:
            client.send(window([{"message": "after"}]))
            self.checks.equal(client.read_real(1, 10), [1], f"{name}: the next sender is served")


def all_closed(socks, within):
    """How many of them the server has closed by then."""
    end = time.monotonic() + within
    return sum(closed_within(s, max(0.01, end - time.monotonic())) for s in socks)


def close(socks):
    for sock in socks:
        sock.close()


# ---- slow ----

def slow_loris_plain(checks, lab_):
    """Connections that say half a header and no more: closed after stall_seconds."""
    case = Case(checks, lab_, "loris-plain")
    count = 1000 if arguments.long else 300
    with Witness(case.port) as witness:
        socks = [raw_connection(case.port, b"2W\0\0") for _ in range(count)]
        gone = all_closed(socks, 6 * SLOWER)
    checks.equal(gone, count, f"slow_loris_plain: of {count}, all closed after stall_seconds")
    witness.ok(checks, "slow_loris_plain", 0.5)
    close(socks)
    case.alive("slow_loris_plain")


def slow_loris_trickle(checks, lab_):
    """A byte now and then is progress: such a sender is slow, not hostile, and costs little."""
    case = Case(checks, lab_, "loris-trickle")
    data = window([{"message": "x" * 40}])
    count = 200
    with Witness(case.port) as witness:
        clients = [Client(case.port) for _ in range(count)]
        for i in range(0, len(data), 20):
            for client in clients:
                client.send(data[i:i + 20])
            time.sleep(0.7)
        served = sum(client.read_real(1, 5) == [1] for client in clients)
    checks.equal(served, count, "slow_loris_trickle: a window in small pieces over seconds is served")
    witness.ok(checks, "slow_loris_trickle", 0.5)
    close(clients)


def slow_loris_handshake(checks, lab_):
    """Hellos that never end hold neither a handshake slot nor a TLS object."""
    case = Case(checks, lab_, "loris-handshake")
    hello = client_hello()
    tls = edge.client_tls(lab_.certificates)
    count = 1000 if arguments.long else 300
    socks = [raw_connection(case.tls_port, hello[:1 + i % (len(hello) - 1)]) for i in range(count)]
    begin = time.monotonic()
    with Client(case.tls_port, tls=tls) as client:
        took = edge.ack_time(client, window([{"message": "m"}])) + time.monotonic() - begin
    checks.ok(took < 3 * SLOWER, f"slow_loris_handshake: a good sender is in within {took * 1000:.0f} ms")
    grown = case.server.rss_anon() - case.base
    checks.ok(grown < 12 * MB or edge.sanitizer(),
              f"slow_loris_handshake: {count} half hellos cost {grown / MB:.1f} MB, less than 12")
    checks.equal(all_closed(socks, 6 * SLOWER), count,
                 "slow_loris_handshake: all closed after ssl_handshake_timeout")
    close(socks)


def slow_loris_after_hello(checks, lab_):
    """A whole hello, and then nothing: the slot is free for others."""
    case = Case(checks, lab_, "loris-after-hello",
                extra=f"ssl_handshake_timeout => {5000 * SLOWER}")
    hello = client_hello()
    tls = edge.client_tls(lab_.certificates)
    count = 400 if arguments.long else 150
    socks = [raw_connection(case.tls_port, hello) for _ in range(count)]
    begin = time.monotonic()
    with Client(case.tls_port, tls=tls) as client:
        edge.ack_time(client, window([{"message": "m"}]))
    took = time.monotonic() - begin
    # The hellos before it cost an RSA signature each; they are all served first.
    checks.ok(took < (2 + count * 0.01) * SLOWER,
              f"slow_loris_after_hello: a good sender is in within {took * 1000:.0f} ms")
    checks.equal(all_closed(socks, 10 * SLOWER), count,
                 "slow_loris_after_hello: all closed after ssl_handshake_timeout")
    close(socks)


def slow_loris_frame(checks, lab_):
    """A frame of 60 MB is announced, some bytes come: nothing is reserved for the rest."""
    case = Case(checks, lab_, "loris-frame")
    count = 300
    with Witness(case.port) as witness:
        socks = [raw_connection(case.port, header(1) + b"2J" + be32(1) + be32(60 * MB) + b'{"a":"')
                 for _ in range(count)]
        time.sleep(0.5)
        grown = case.server.rss_anon() - case.base
        gone = all_closed(socks, 6 * SLOWER)
    checks.ok(grown < 100 * MB or edge.sanitizer(),
              f"slow_loris_frame: {count} x 60 MB announced cost {grown / MB:.0f} MB, less than 100")
    checks.equal(gone, count, "slow_loris_frame: all closed after stall_seconds")
    witness.ok(checks, "slow_loris_frame", 1)
    close(socks)


def endless_half_windows(checks, lab_):
    """Half a window each, and again: bounded, closed, nothing acknowledged or passed on."""
    out = lab_.folder("half-out") / "events"
    case = Case(checks, lab_, "half-windows", file_output(out))
    half = header(2000) + b"".join(json_frame(i + 1, {"message": "h" * 1000}) for i in range(1000))
    peak, gone, rounds = 0, 0, 3
    for _ in range(rounds):
        socks = []
        for _ in range(100):
            sock = raw_connection(case.port)
            sock.settimeout(3)
            try:
                sock.sendall(half)
            except (TimeoutError, ConnectionError):
                pass                # memory is short: it is not read on, or was closed
            socks.append(sock)
            peak = max(peak, case.server.rss())
        gone += all_closed(socks, 20 * SLOWER)
        close(socks)
    case.bounded("endless_half_windows", peak)
    checks.equal(gone, 100 * rounds, "endless_half_windows: all closed")
    case.alive("endless_half_windows")
    until(lambda: out.exists() and out.read_text().count("\n") == 1, 10, "the last event")
    checks.ok("h" * 1000 not in out.read_text(), "endless_half_windows: no event of them passed on")


# ---- more than fits ----

FULL_OF_HALVES = 200


def half_windows(lab_, name, stall, count=FULL_OF_HALVES):
    """Two thirds of a window of 600 KB from each of many connections: more than may be held, and
    nobody can finish. (case with a good sender that was there before, fleet, the rest of a
    window)."""
    case = Case(None, lab_, name, settings=f"memory.limit: 64mb\nbeats.stall_seconds: {stall}\n")
    case.good = Client(case.port)
    data = window([{"message": "h" * 10000}] * 60)
    cut = len(data) * 2 // 3
    fleet = Fleet(case.port, count)
    for member in fleet.members:
        fleet.give(member, data[:cut], at_once=False)
    fleet.run(2)
    return case, fleet, data[cut:]


def fits_64(checks, name, peak):
    # Beside the limit: the libraries' pages.
    bound = 64 * MB * 1.1 + 12 * MB
    checks.ok(peak <= bound or edge.sanitizer(),
              f"{name}: RSS at most {peak / MB:.0f} MB of {bound / MB:.0f}")


def good_one_served(checks, case, name):
    case.good.send(window([{"message": "good"}]))
    checks.equal(case.good.read_real(1, 40 * SLOWER), [1], f"{name}: a good sender gets through")


def memory_full_of_halves(checks, lab_):
    """The senders go on: one after the other gets through, whatever the others hold."""
    name = "memory_full_of_halves"
    case, fleet, rest = half_windows(lab_, "halves-go-on", 60)
    with fleet:
        begin = time.monotonic()
        for member in fleet.members:
            fleet.give(member, rest, 0, at_once=False)
        checks.ok(fleet.run_until_acknowledged(30 * SLOWER),
                  f"{name}: all of {FULL_OF_HALVES} acknowledged after {time.monotonic() - begin:.1f} s")
        checks.equal(len(fleet.dead()), 0, f"{name}: none of them closed")
        good_one_served(checks, case, name)
        fits_64(checks, name, case.server.rss())


def memory_full_of_the_dead(checks, lab_):
    """The senders leave: what they held is freed, though nobody had read on."""
    case, fleet, _ = half_windows(lab_, "halves-leave", 60)
    with fleet, case.good:
        fits_64(checks, "memory_full_of_the_dead", case.server.rss())
    begin = time.monotonic()
    until(lambda: case.server.memory()["connections"] == 0, 30 * SLOWER, "all of them gone")
    case.checks = checks
    case.alive("memory_full_of_the_dead")
    checks.ok(True, f"memory_full_of_the_dead: after {time.monotonic() - begin:.1f} s")


def memory_full_of_the_silent(checks, lab_):
    """The senders say no more: closed for it, one by one until there is room for all to stall."""
    case, fleet, _ = half_windows(lab_, "halves-stall", 2)
    case.checks = checks
    with fleet:
        fleet.run(30 * SLOWER, lambda: len(fleet.dead()) == FULL_OF_HALVES)
        checks.equal(len(fleet.dead()), FULL_OF_HALVES, "memory_full_of_the_silent: all closed")
        checks.equal(counters(case.server)["refused"], FULL_OF_HALVES,
                     "memory_full_of_the_silent: all counted")
    case.alive("memory_full_of_the_silent")


def memory_full_of_the_slow(checks, lab_):
    """A few bytes now and then are no stall; but who holds all others up must hurry, and is closed
    for lack of room when he does not. A good sender beside them gets through."""
    name = "memory_full_of_the_slow"
    # Those that have not begun get their turns before the good one: not many here.
    case, fleet, rest = half_windows(lab_, "halves-trickle", 60, 140)
    case.checks = checks
    with fleet:
        begin, at = time.monotonic(), 0
        while not fleet.dead() and time.monotonic() - begin < 30 * SLOWER:
            for member in fleet.members:
                fleet.give(member, rest[at:at + 4], 0, at_once=False)
            at += 4
            fleet.run(0.5)
        checks.ok(fleet.dead() and case.server.says("not finished in time"),
                  f"{name}: one was closed after {time.monotonic() - begin:.1f} s, and the log says why")
        good_one_served(checks, case, name)
        checks.ok(counters(case.server)["refused"] >= len(fleet.dead()), f"{name}: counted")
        fits_64(checks, name, case.server.rss())


# ---- large ----

def zip_bombs(checks, lab_):
    """1000:1, more than may be inflated: closed, and never more memory than the limit."""
    case = Case(checks, lab_, "bombs")
    compressor = zlib.compressobj(9)
    bomb = b"".join(compressor.compress(b" " * MB) for _ in range(300)) + compressor.flush()
    data = header(1) + b"2C" + be32(len(bomb)) + bomb
    nested = zlib.compress(b"2C" + be32(len(bomb)) + bomb)
    data2 = header(1) + b"2C" + be32(len(nested)) + nested
    with Witness(case.port) as witness:
        socks, peak = [], 0
        for i in range(40):
            socks.append(raw_connection(case.port, data if i % 2 else data2))
            peak = max(peak, case.server.rss())
        begin = time.monotonic()
        gone = 0
        for sock in socks:
            gone += closed_within(sock, max(0.01, 60 * SLOWER - (time.monotonic() - begin)))
            peak = max(peak, case.server.rss())
    case.bounded("zip_bombs", peak)
    checks.equal(gone, 40, f"zip_bombs: 40 of {len(data) // 1024} KB that would be 300 MB, all closed")
    witness.ok(checks, "zip_bombs", 1.5)
    close(socks)
    case.alive("zip_bombs")


def tiny_c_frames(checks, lab_):
    """Windows of one C frame an event: a worker has to say of each what was in it, and what waits
    behind it is looked at again. Costs what the frames cost, not their square."""
    case = Case(checks, lab_, "tiny-c-frames")
    count = 5000 if edge.sanitizer() else 50000
    # Behind a window that is complete, and arrives with it: its answer is not theirs.
    data = (window([{"message": "first"}]) + header(count)
            + b"".join(edge.compressed(json_frame(i + 1, b"{}")) for i in range(count)))
    with Witness(case.port) as witness, Client(case.port) as client:
        before = cpu_seconds(case.server.child.pid)
        client.send(data)
        checks.equal(client.read_real(2, 60 * SLOWER), [1, count], "tiny_c_frames: served")
        used = cpu_seconds(case.server.child.pid) - before
    checks.ok(used < count * 60e-6 or edge.sanitizer(),
              f"tiny_c_frames: {count} in {len(data) / MB:.1f} MB cost {used:.2f} s of CPU, less than "
              f"{count * 60e-6:.1f}")
    witness.ok(checks, "tiny_c_frames", 0.5)


def lengths_of_4_gb(checks, lab_):
    """Announced lengths beyond the limits: refused at the header."""
    case = Case(checks, lab_, "lengths")
    huge = b"\xff\xff\xff\xff"
    kinds = {"window": b"2W" + huge, "event": header(1) + b"2J" + be32(1) + huge,
             "compressed": header(1) + b"2C" + huge, "pairs": header(1) + b"2D" + be32(1) + huge,
             "key": header(1) + b"2D" + be32(1) + be32(1) + huge,
             "value": header(1) + b"2D" + be32(1) + be32(1) + be32(1) + b"k" + huge}
    for name, data in kinds.items():
        socks = [raw_connection(case.port, data) for _ in range(200)]
        checks.equal(all_closed(socks, 10 * SLOWER), 200, f"lengths_of_4_gb: 200 x {name}, all closed")
        close(socks)
    grown = case.server.rss_anon() - case.base
    checks.ok(grown < 20 * MB or edge.sanitizer(),
              f"lengths_of_4_gb: 1,200 connections left {grown / MB:.1f} MB, less than 20")
    checks.equal(counters(case.server)["refused"], 1200, "lengths_of_4_gb: counted")
    lines = len(case.server.lines_with("closing:"))
    checks.ok(lines < 40, f"lengths_of_4_gb: {lines} lines in the log, less than 40")


# ---- many ----

def flood(port, data, rate, seconds, done):
    """Connections at that rate, each with those bytes, closed a little later."""
    waiting, begin, made, failed = [], time.monotonic(), 0, 0
    while time.monotonic() - begin < seconds:
        if made > (time.monotonic() - begin) * rate:
            time.sleep(0.001)
            continue
        sock = socket.socket()
        try:
            sock.settimeout(2)
            sock.connect(("127.0.0.1", port))
            sock.sendall(data)
        except OSError:
            failed += 1
        waiting.append(sock)
        made += 1
        if len(waiting) > 500:
            waiting.pop(0).close()
    close(waiting)
    done.put((made, failed))


def run_flood(port, data, rate, seconds):
    """From a process of its own; a function that waits for it: (connections made, failed)."""
    done = multiprocessing.Queue()
    child = multiprocessing.Process(target=flood, args=(port, data, rate, seconds, done), daemon=True)
    child.start()

    def wait():
        result = done.get(timeout=seconds + 60)
        child.join()
        return result
    return wait


def handshake_flood(checks, lab_):
    """2,000 RSA offers a second: keep-alives of an old connection still leave in time."""
    pipe = HeldPipe(lab_.folder("flood-pipe"))
    case = Case(checks, lab_, "flood", pipe.output(), settings="memory.limit: 512mb\n")
    tls = edge.client_tls(lab_.certificates)
    with Client(case.tls_port, tls=tls) as old:
        old.send(window([{"message": "x" * 2000}] * 200))
        seconds = 30 if arguments.long else 10
        with Stalls() as stalls:
            wait = run_flood(case.tls_port, client_hello(), 2000, seconds)
            answers = old.read_for(seconds)
            made, failed = wait()
        gaps = [b.at - a.at for a, b in zip(answers, answers[1:])]
        checks.ok(made - failed >= 1600 * seconds or edge.sanitizer(),
                  f"handshake_flood: {made} offers in {seconds} s, {failed} not taken")
        stalls.bear(checks, "handshake_flood", max(gaps, default=float("inf")) / SLOWER)
        pipe.release()
        checks.equal(old.read_real(1, 20 * SLOWER), [200], "handshake_flood: and its window is acknowledged")
    until(lambda: counters(case.server)["connections"] <= 1, 30 * SLOWER, "the flood is gone")
    case.alive("handshake_flood")
    pipe.close()


def connects_50000_a_minute(checks, lab_):
    """Connect, a byte or none, close: no descriptor, no memory stays behind."""
    case = Case(checks, lab_, "connects", settings="memory.limit: 512mb\n")
    files = open_files(case.server.child.pid)
    seconds = 60 if arguments.long else 8
    with Witness(case.port) as witness:
        wait = run_flood(case.port, b"2", 834, seconds)
        made, failed = wait()
    checks.ok(made >= 700 * seconds and failed == 0,
              f"connects_50000_a_minute: {made} in {seconds} s, {failed} not taken")
    witness.ok(checks, "connects_50000_a_minute", 0.5)
    until(lambda: open_files(case.server.child.pid) <= files + 2, 15 * SLOWER,
          lambda: f"{files} descriptors, are {open_files(case.server.child.pid)}")
    time.sleep(2)
    grown = case.server.rss_anon() - case.base
    checks.ok(grown < 16 * MB or edge.sanitizer(),
              f"connects_50000_a_minute: {grown / MB:.1f} MB more than before, less than 16")
    case.alive("connects_50000_a_minute")


def descriptor_limit(checks, lab_):
    """No descriptor left: the listener waits instead of spinning, and goes on when there are some."""
    case = Case(checks, lab_, "descriptors")
    pid = case.server.child.pid
    with Client(case.port) as old:
        old.send(window([{"message": "m"}]))
        old.read_real(1, 10)
        hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)[1]
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (open_files(pid) + 50, hard))
        socks = [raw_connection(case.port) for _ in range(120)]
        until(lambda: case.server.lines_with("accepting connections:"), 10, "the line in the log")
        before = cpu_seconds(pid)
        time.sleep(2)
        used = cpu_seconds(pid) - before
        checks.ok(used < 0.4 * SLOWER, f"descriptor_limit: {used:.2f} s of CPU in 2 s, less than 0.4")
        old.send(window([{"message": "m"}]))
        checks.equal(old.read_real(1, 10), [1], "descriptor_limit: an old connection goes on")
        lines = len(case.server.lines_with("accepting connections:"))
        checks.ok(lines <= 2, f"descriptor_limit: {lines} lines in the log, at most 2")
        close(socks)
        begin = time.monotonic()
        case.alive("descriptor_limit")
        checks.ok(time.monotonic() - begin < 5 * SLOWER, "descriptor_limit: soon after the others left")


# ---- TLS ----

def hostile_certificate(certificates, name, units):
    lines = [r'CN = x\" }, {\\ \n[FATAL] forged line\r\n\t%{[host]}', 'O = "Ünïcödé ‮gnp.exe"']
    lines += [f'{i}.OU = "{"o" * 40}{i:03d}"' for i in range(units)]
    (certificates.folder / f"{name}.cnf").write_text(
        "[req]\nprompt=no\nutf8=yes\nstring_mask=utf8only\ndistinguished_name=dn\n[dn]\n"
        + "\n".join(lines) + "\n")
    certificates._call("req", "-new", "-newkey", "rsa:2048", "-noenc", "-config", f"{name}.cnf",
                       "-keyout", f"{name}.key", "-out", f"{name}.csr")
    certificates._call("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key",
                       "-CAcreateserial", "-days", "3", "-out", f"{name}.crt")
    return edge.client_tls(certificates, name)


def hostile_subject(checks, lab_):
    """A client certificate whose subject holds quotes, line ends, escapes and a bidi override; and
    one of 2 KB, which the TLS library refuses."""
    out = lab_.folder("subject-out") / "events"
    case = Case(checks, lab_, "subject", 'filter { mutate { copy => { "@metadata" => "meta" } } }\n'
                + file_output(out), authentication="required", extra='enrich => "all"')
    before = len(case.server.log().splitlines())
    with Client(case.tls_port, tls=hostile_certificate(lab_.certificates, "odd", 1)) as client:
        client.send(window([{"message": "m"}]))
        checks.equal(client.read_real(1, 10), [1], "hostile_subject: served")
        client.send(b"garbage")
        checks.ok(client.read_end(5) != "open", "hostile_subject: closed after garbage")
    until(lambda: out.exists() and out.read_text().endswith("\n"), 10, "the event")
    checks.equal(out.read_text().count("\n"), 1, "hostile_subject: the event is one line")
    subject = json.loads(out.read_text())["meta"]["input"]["beats"]["tls"]["client"]["subject"]
    checks.ok("Ünïcödé" in subject and "\\" in subject and len(subject) < 1024,
              "hostile_subject: the subject in RFC 2253 form", subject)
    with socket.create_connection(("127.0.0.1", case.tls_port)) as sock:
        try:
            large = hostile_certificate(lab_.certificates, "large", 50)
            with large.wrap_socket(sock, server_hostname="localhost") as tls:
                tls.sendall(window([{"message": "m"}]))
                checks.equal(tls.recv(6), b"", "hostile_subject: one of 2 KB gets no ACK")
        except (ssl.SSLError, ConnectionError):
            checks.ok(True, "hostile_subject: one of 2 KB is refused")
    entries = edge.clients(case.server)
    said = case.server.log().splitlines()[before:]
    checks.ok(all(line.startswith("[20") for line in said), "hostile_subject: no line is forged")
    checks.ok(subject in [e["subject"] for e in entries], "hostile_subject: the ledger has it",
              str(entries))


def renegotiation(checks, lab_):
    """Tries to renegotiate (TLS 1.2) end that connection at most."""
    case = Case(checks, lab_, "renegotiation")
    before = cpu_seconds(case.server.child.pid)
    with Witness(case.port) as witness:
        for _ in range(10):
            child = subprocess.Popen(
                [program("openssl"), "s_client", "-connect", f"127.0.0.1:{case.tls_port}", "-tls1_2",
                 "-CAfile", str(lab_.certificates.crt("ca"))], stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for _ in range(5):
                try:
                    child.stdin.write(b"R\n")
                    child.stdin.flush()
                except BrokenPipeError:
                    break
                time.sleep(0.02)
            child.kill()
            child.communicate()
    used = cpu_seconds(case.server.child.pid) - before
    checks.ok(used < 1.5 * SLOWER, f"renegotiation: 10 connections cost {used:.2f} s of CPU, less than 1.5")
    witness.ok(checks, "renegotiation", 0.5)
    case.alive("renegotiation")


class RawTls:
    """A TLS client whose records are in the test's hand."""

    def __init__(self, port, context):
        self.socket = raw_connection(port)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname="localhost")
        while True:
            try:
                self.tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self.push()
                self.incoming.write(self.socket.recv(65536))
        self.push()

    def push(self, data=b""):
        if data:
            self.tls.write(data)
        self.socket.sendall(self.outgoing.read())


def alerts_mid_window(checks, lab_):
    """close_notify, a forged alert, a cut record and garbage in the middle of a window."""
    out = lab_.folder("alerts-out") / "events"
    case = Case(checks, lab_, "alerts", file_output(out))
    context = edge.client_tls(lab_.certificates)
    data = window([{"message": "half"}] * 10)
    for name in ("close_notify", "forged alert", "warning in clear", "cut record", "garbage"):
        raw = RawTls(case.tls_port, context)
        raw.push(data[:len(data) // 2])
        if name == "close_notify":
            try:
                raw.tls.unwrap()
            except ssl.SSLError:
                pass
            raw.push()
        elif name == "forged alert":
            raw.socket.sendall(b"\x15\x03\x03\x00\x02\x02\x28")
        elif name == "warning in clear":
            raw.socket.sendall(b"\x15\x03\x03\x00\x02\x01\x00")
        elif name == "cut record":
            raw.tls.write(data[len(data) // 2:])
            raw.socket.sendall(raw.outgoing.read()[:-3])
            raw.socket.shutdown(socket.SHUT_WR)
        else:
            raw.socket.sendall(os.urandom(1000))
        checks.ok(closed_within(raw.socket, 5 * SLOWER), f"alerts_mid_window: {name}: closed")
        raw.socket.close()
    case.alive("alerts_mid_window")
    until(lambda: out.exists() and out.read_text().endswith("\n"), 10, "the event")
    checks.equal(out.read_text().count("\n"), 1, "alerts_mid_window: no event of a half window")


TESTS = [slow_loris_plain, slow_loris_trickle, slow_loris_handshake, slow_loris_after_hello,
         slow_loris_frame, endless_half_windows, memory_full_of_halves, memory_full_of_the_dead,
         memory_full_of_the_silent, memory_full_of_the_slow, zip_bombs, tiny_c_frames, lengths_of_4_gb,
         handshake_flood, connects_50000_a_minute, descriptor_limit, hostile_subject, renegotiation,
         alerts_mid_window]


def main(checks, lab_):
    lab_.certificates = Certificates(lab_.folder("certificates"))
    edge.raise_file_limit(10000)
    edge.run_tests(checks, lab_, TESTS, arguments.only)


if __name__ == "__main__":
    arguments = options(__doc__, only=("", "a part of a test's name"))
    run_test("hostile", main)
