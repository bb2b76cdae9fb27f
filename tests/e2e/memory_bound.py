#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Memory stays inside memory.limit whatever senders do, and nothing is lost by it.

  --long    200 senders of 100:1 windows are 40 otherwise, 500 announced lengths are 200
"""

import base64
import random
import socket
import time

import lab
from lab import (Certificates, HeldPipe, Server, beats_input, binary, free_port, run_test, sanitizer,
                 until)
from lumberjack import (Client, Fleet, compressed, events, header, json_frame, window)

MB = 1 << 20
NULL = "output { null {} }\n"


def fits(checks, truth, name, detail=""):
    """A check of a size: under a sanitizer sizes say nothing."""
    checks.ok(truth or sanitizer(), name, detail)


def settled_memory(server, seconds=2.0):
    """The report some seconds after the load has gone."""
    time.sleep(seconds)
    return server.memory(), server.rss_anon()


def agree(checks, server, base, what, loaded=False):
    """The own count is within 10 % of what the process really has: of that when it is `loaded`, else
    of the limit (heaps keep a few MB). `base` is what it had before any sender came."""
    report, real = server.memory(), server.rss_anon() - base
    count = report["used"] - report["kernel"]
    fits(checks, abs(real - count) <= 0.10 * (max(real, count) if loaded else report["limit"]),
              f"{what}: own count {count / MB:.1f} MB, RssAnon {real / MB:.1f} MB more than at start",
              ", ".join(f"{k} {v / MB:.1f}" for k, v in report.items() if v > MB))


def blocked_sink(checks, lab_):
    limit = 256 * MB
    pipe = HeldPipe(lab_.folder("pipe"))
    port = free_port()
    server = lab_.start(Server(lab_.folder("blocked"), beats_input(port) + pipe.output(), [port],
                               settings="memory.limit: 256mb\n"))
    base = server.rss_anon()
    per_window, windows, senders = 24, 3, 1000
    chance = random.Random(1)
    texts = [{"message": base64.b64encode(chance.randbytes(900)).decode()} for _ in range(per_window)]
    data = window(texts, level=1) * windows
    checks.note(f"{senders} x {windows} windows of {len(data) // windows} bytes")
    with Fleet(port, senders) as fleet:
        peak = 0
        for member in fleet.members:
            fleet.give(member, data, windows, at_once=False)
        end = time.monotonic() + 6
        while time.monotonic() < end:
            fleet.run(0.5)
            peak = max(peak, server.rss())
        fits(checks, peak <= limit * 1.1, f"{senders} senders, destination blocked: RSS at most "
                  f"{peak / MB:.0f} MB of {limit * 1.1 / MB:.0f}")
        agree(checks, server, base, "destination blocked", loaded=True)
        checks.equal(fleet.dead(), [], "no connection was lost")
        before = [m.keepalives for m in fleet.members]
        fleet.run(4)
        late = [m for m, n in zip(fleet.members, before) if m.waits() and m.keepalives < n + 1]
        quiet = sum(m.expected > len(m.real) and m.keepalives == 0 for m in fleet.members)
        checks.note(f"{fleet.sent()} of {senders} senders wrote everything; {quiet} had no keep-alive "
                    f"(no whole window of theirs could be taken)")
        checks.ok(len(late) <= quiet, "keep-alives go on for everybody who waits", f"{len(late)}")
        pipe.release()
        done = fleet.run_until_acknowledged(120)
        checks.ok(done, "after the release everything is acknowledged",
                  f"{fleet.waiting()} senders wait, {len(fleet.dead())} are gone")
        checks.ok(all(m.real == [per_window] * windows for m in fleet.members),
                  "each window has its own ACK")
        peak = max(peak, server.rss())
    pipe.wait_lines(senders * windows * per_window)
    checks.note(f"peak of the own count {server.memory()['peak'] / MB:.0f} MB, RSS {peak / MB:.0f} MB")
    settled_memory(server)
    agree(checks, server, base, "2 s after the release")
    checks.equal(lab_.stop(server), 0, "it ends with 0")
    pipe.close()


def more_paused_than_memory(checks, lab_):
    """What the kernel holds for paused connections may be more than the whole budget: they go on
    all the same once there is room."""
    port = free_port()
    pipe = HeldPipe(lab_.folder("pipe"))
    server = lab_.start(Server(lab_.folder("paused"), beats_input(port) + pipe.output(), [port],
                               settings="memory.limit: 32mb\n"))
    chance = random.Random(2)
    texts = [{"message": base64.b64encode(chance.randbytes(900)).decode()} for _ in range(24)]
    data = window(texts, level=1) * 3
    with Fleet(port, 500) as fleet:
        fleet.give_all(data, 3)
        fleet.run(3)
        report = server.memory()
        fits(checks, server.rss() < 32 * MB * 1.1 + 8 * MB, f"500 senders at memory.limit 32 MB: RSS "
                  f"{server.rss() / MB:.0f} MB, kernel {report['kernel'] / MB:.0f} MB counted")
        pipe.release()
        checks.ok(fleet.run_until_acknowledged(60), "after the release everything is acknowledged",
                  f"{fleet.waiting()} senders wait, {len(fleet.dead())} are gone")
    checks.equal(lab_.stop(server), 0, "it ends with 0")
    pipe.close()


def crowded(checks, lab_, certificates):
    """TLS sessions that say nothing hold at most half of the budget; others go on."""
    port = free_port()
    server = lab_.start(Server(lab_.folder("crowd"), beats_input(port, certificates) + NULL, [port],
                               settings="memory.limit: 32mb\n"))
    context = lab.client_tls(certificates)
    with Client(port, tls=context) as first:
        crowd = []
        for _ in range(600):
            try:
                crowd.append(Client(port, tls=context, within=0.5))
            except OSError:
                break
        report = server.memory()
        checks.ok(report["tls"] <= 18 * MB, f"{len(crowd)} TLS sessions hold {report['tls'] / MB:.1f} "
                  f"MB of 32, the next has to wait")
        first.send(window(events(range(100), 1000), level=3))
        checks.equal(first.read_real(1, 20), [100], "who was there before still sends")
        crowd[0].send(window(events(range(100), 1000), level=3))
        checks.equal(crowd[0].read_real(1, 20), [100], "one of the crowd sends")
        for client in crowd[1:]:
            client.close()
        with Client(port, tls=context, within=10) as late:
            late.send(window(events(range(100))))
            checks.equal(late.read_real(1, 20), [100], "when they have left, another gets in")
    checks.equal(lab_.stop(server), 0, "it ends with 0")


def silent_connects(checks, lab_, certificates):
    if not lab.raise_file_limit(12000):
        checks.note("this user may not open 12,000 files: fewer connections")
    count = 10000 if lab.raise_file_limit(12000) else 400
    for name, tls in (("plain", None), ("TLS", certificates)):
        port = free_port()
        server = lab_.start(Server(lab_.folder(name), beats_input(port, tls) + NULL, [port]))
        before = server.rss()
        with Fleet(port, count) as fleet:
            until(lambda: server.memory()["connections"] == count, 30, "all connections", every=0.3)
            grown = server.rss() - before
            fits(checks, grown < 20 * MB, f"{count} silent connections, {name}: RSS grew by "
                      f"{grown / MB:.1f} MB ({grown / count:.0f} bytes each)")
            checks.equal(fleet.dead(), [], f"{name}: none was closed")
            if not tls:
                with Client(port) as client:
                    client.send(window(events(range(10))))
                    checks.equal(client.read_real(1, 10), [10], "another sender is served meanwhile")
        until(lambda: server.memory()["connections"] == 0, 30, "all are gone", every=0.3)
        checks.equal(lab_.stop(server), 0, f"{name}: it ends with 0")


def high_ratio(checks, lab_, senders):
    """Windows that inflate to 100 times their size, while the destination is slow."""
    limit = 128 * MB
    port = free_port()
    pipe = HeldPipe(lab_.folder("pipe"))
    server = lab_.start(Server(lab_.folder("ratio"), beats_input(port) + pipe.output(), [port],
                               settings="memory.limit: 128mb\n"))
    base = server.rss_anon()
    data = window(events([7] * 1500, 2000), level=9)
    checks.note(f"a window of {len(data)} bytes inflates to {1500 * 2100}")
    with Fleet(port, senders) as fleet:
        fleet.give_all(data * 2, 2)
        peak = 0
        for _ in range(10):
            fleet.run(0.5)
            peak = max(peak, server.rss())
        pipe.release()
        end = time.monotonic() + 120
        while fleet.waiting() and not fleet.dead() and time.monotonic() < end:
            fleet.run(0.3, lambda: fleet.waiting() == 0)
            peak = max(peak, server.rss())
        checks.equal(fleet.waiting() + len(fleet.dead()), 0,
                     f"{senders} senders of windows of 100:1: all acknowledged")
        fits(checks, peak <= limit * 1.1, f"RSS at most {peak / MB:.0f} MB of {limit * 1.1 / MB:.0f}")
    pipe.wait_lines(senders * 3000)
    settled_memory(server)
    agree(checks, server, base, "2 s after the load")
    checks.equal(lab_.stop(server), 0, "it ends with 0")
    pipe.close()


def too_large(checks, lab_):
    """Refused by name, with both numbers; others do not notice."""
    port = free_port()
    server = lab_.start(Server(lab_.folder("large"), beats_input(port) + NULL, [port],
                               settings="memory.limit: 64mb\n"))
    with Client(port) as other:
        with Client(port) as sender:
            big = window([b'{"m":"%s"}' % (b"x" * (1 * MB)) for _ in range(12)])
            try:
                sender.send(big)
            except OSError:
                pass
            checks.ok(sender.read_end(20) in ("end", "reset"), "a window of 12 MB is refused")
        until(lambda: server.lines_with("eighth of memory.limit"), 5, "the line of the refusal")
        line = server.lines_with("eighth of memory.limit")[0]
        checks.ok("8388608" in line and "127.0.0.1:" in line,
                  "its line names the sender and the limit", line)
        time.sleep(1.05)        # one line a second
        with Client(port) as bomb:
            zeros = b'{"m":"' + b"0" * (64 * MB) + b'"}'
            bomb.send(header(1) + compressed(json_frame(1, zeros), 9))
            checks.ok(bomb.read_end(20) in ("end", "reset"), "a window that inflates to 64 MB is "
                      "refused")
        until(lambda: len(server.lines_with("8388608")) >= 2, 5, "the second line")
        checks.note(server.lines_with("8388608")[-1])
        other.send(window(events(range(5))))
        checks.equal(other.read_real(1, 10), [5], "another sender is served meanwhile")
    fits(checks, server.rss() < 64 * MB * 1.1, f"RSS {server.rss() / MB:.0f} MB")
    checks.equal(lab_.stop(server), 0, "it ends with 0")


def announced(checks, lab_, count):
    """Lengths that are announced and never come cost nothing."""
    port = free_port()
    server = lab_.start(Server(lab_.folder("announced"), beats_input(port) + NULL, [port],
                               settings="memory.limit: 64mb\n"))
    before = server.rss()
    heads = (b"2C\xff\xff\xff\xff", b"2J\x00\x00\x00\x01\xff\xff\xff\xff", b"2C\x03\xff\xff\xff",
             b"2J\x00\x00\x00\x01\x03\xff\xff\xff", b"1D\x00\x00\x00\x01\x00\x00\xff\xff\x03\xff\xff\xff")
    with Client(port) as other:
        conns = []
        for i in range(count):
            sock = socket.create_connection(("127.0.0.1", port), 10)
            sock.sendall(header(1) + heads[i % len(heads)] + b"x" * 100)
            conns.append(sock)
        until(lambda: server.memory()["connections"] > 0, 5, "they are seen")
        time.sleep(1)
        report = server.memory()
        grown = server.rss() - before
        fits(checks, report["used"] < 64 * MB and grown < 64 * MB,
                  f"{count} announced lengths of up to 4 GB: {report['used'] / MB:.1f} MB counted, "
                  f"RSS grew by {grown / MB:.1f} MB")
        other.send(window(events(range(5))))
        checks.equal(other.read_real(1, 10), [5], "another sender is served meanwhile")
        for sock in conns:
            sock.close()
    checks.equal(lab_.stop(server), 0, "it ends with 0")


def unread_answers(checks, lab_):
    """Empty windows are answered at once: a sender that never reads its answers costs no memory."""
    port = free_port()
    server = lab_.start(Server(lab_.folder("unread"), beats_input(port) + NULL, [port],
                               settings="memory.limit: 64mb\n"))
    before = server.rss()
    with Client(port, receive_buffer=4096) as sender:
        sender.socket.settimeout(1)
        data, sent, end = header(0) * 100000, 0, time.monotonic() + 8
        try:
            while time.monotonic() < end:
                sent += sender.socket.send(data)
        except (TimeoutError, OSError):
            pass
        grown = server.rss() - before
        fits(checks, grown < 16 * MB, f"{sent / MB:.0f} MB of empty windows whose answers nobody reads: "
                  f"RSS grew by {grown / MB:.1f} MB")
    checks.equal(lab_.stop(server), 0, "it ends with 0")


def empty_behind_blocked(checks, lab_):
    """Empty windows behind one that waits are remembered, and counted."""
    port = free_port()
    pipe = HeldPipe(lab_.folder("pipe"))
    server = lab_.start(Server(lab_.folder("behind"), beats_input(port) + pipe.output(), [port],
                               settings="memory.limit: 128mb\n"))
    base = server.rss_anon()
    with Client(port) as sender:
        sender.send(window(events(range(1000), 1000)))
        sender.socket.settimeout(1)
        data, sent, end = header(0) * 100000, 0, time.monotonic() + 4
        try:
            while time.monotonic() < end:
                sent += sender.socket.send(data)
        except (TimeoutError, OSError):
            pass
        fits(checks, server.rss() < 64 * MB, f"{sent / MB:.0f} MB of empty windows behind one that "
                  f"waits: RSS {server.rss() / MB:.0f} MB of 64")
        agree(checks, server, base, "empty windows")
    pipe.release()
    checks.equal(lab_.stop(server), 0, "it ends with 0")
    pipe.close()


def tiny_windows(checks, lab_):
    """Of one event each: what a window costs beside its bytes is most of it."""
    limit = 64 * MB
    port = free_port()
    pipe = HeldPipe(lab_.folder("pipe"))
    server = lab_.start(Server(lab_.folder("tiny"), beats_input(port) + pipe.output(), [port],
                               settings="memory.limit: 64mb\n"))
    senders, windows = 100, 1000
    with Fleet(port, senders) as fleet:
        fleet.give_all(window(events(range(1), 50)) * windows, windows)
        fleet.run(4)
        report = server.memory()
        fits(checks, server.rss_anon() <= limit * 1.1, f"{senders} senders of windows of one event: "
             f"RssAnon {server.rss_anon() / MB:.0f} MB of {limit * 1.1 / MB:.0f}, counted "
             f"{(report['used'] - report['kernel']) / MB:.0f}")
        pipe.release()
        checks.ok(fleet.run_until_acknowledged(60), "after the release everything is acknowledged",
                  f"{fleet.waiting()} senders wait, {len(fleet.dead())} are gone")
    checks.equal(lab_.stop(server), 0, "it ends with 0")
    pipe.close()


def body(checks, lab_):
    certificates = Certificates(lab_.folder("certificates"))
    parts = {
        "blocked": lambda: blocked_sink(checks, lab_),
        "silent": lambda: silent_connects(checks, lab_, certificates),
        "paused": lambda: more_paused_than_memory(checks, lab_),
        "crowd": lambda: crowded(checks, lab_, certificates),
        "ratio": lambda: high_ratio(checks, lab_, 200 if arguments.long else 40),
        "tiny": lambda: tiny_windows(checks, lab_),
        "large": lambda: too_large(checks, lab_),
        "announced": lambda: announced(checks, lab_, 500 if arguments.long else 200),
        "unread": lambda: unread_answers(checks, lab_),
        "behind": lambda: empty_behind_blocked(checks, lab_),
    }
    lab.raise_file_limit(12000)
    lab.run_parts(checks, parts, arguments.only)


if __name__ == "__main__":
    arguments = lab.options(__doc__, only=("", "only this part"))
    run_test("memory", body, [binary])
