#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""More of everything than fits.

idle_tls         5,000 TLS connections that say nothing: what each costs
blocked_sink     senders of maximal windows at 100:1 and a destination that does not move: memory
                 stays inside the limit, nothing acknowledged is lost, and afterwards a well-behaved
                 sender is served as before

  --long    5,000 senders and 1 GB in blocked_sink (else 500 and 256 MB)
"""

import random
import time

import edge
from edge import (MB, SLOWER, Certificates, Client, Fleet, HeldPipe, Missing, Server, Witness,
                  compressed, counters, free_port, header, json_frame, options, raise_file_limit,
                  run_test, until, window)

KB = 1024


def idle_tls(checks, lab_):
    count = 5000
    if not raise_file_limit(count + 500):
        raise Missing(f"{count + 500} open files are not allowed")
    certificates = Certificates(lab_.folder("certificates"))
    port = free_port()
    server = lab_.start(Server(
        lab_.folder("idle"), edge.beats_input(port, certificates, "server_ecdsa",
                                              extra="client_inactivity_timeout => 600")
        + edge.NULL, [port], settings="memory.limit: 1gb\n"))
    tls = edge.client_tls(certificates)
    with Client(port, tls=tls) as client:       # what the first connection brings once
        edge.ack_time(client, window([{"message": "m"}]))
    time.sleep(0.5)
    base_rss, base = server.rss_anon(), server.memory()
    begin = time.monotonic()
    connections = [Client(port, tls=tls) for _ in range(count)]
    took = time.monotonic() - begin
    until(lambda: server.memory()["connections"] == count, 60 * SLOWER, "all of them")
    report = server.memory()
    each_rss = (server.rss_anon() - base_rss) / count / KB
    each_tls = (report["tls"] - base["tls"]) / count / KB
    each_all = (report["used"] - base["used"]) / count / KB
    checks.note(f"{count} connections in {took:.1f} s; each: RssAnon {each_rss:.1f} KB, the TLS library "
                f"{each_tls:.1f} KB, charged {each_all:.1f} KB")
    checks.ok(each_rss <= 1.10 * each_tls or edge.sanitizer(),
              f"idle_tls: {each_rss:.1f} KB a connection, at most 10 % more than the library's "
              f"{each_tls:.1f}")
    checks.ok(abs(each_all - each_rss) <= 0.10 * each_rss or edge.sanitizer(),
              f"idle_tls: charged {each_all:.1f} KB, within 10 % of what they cost")
    with Client(port, tls=tls) as client:
        times = [edge.ack_time(client, window([{"message": "m"}])) for _ in range(50)]
    checks.ok(edge.percentile(times, 0.99) < 0.1 * SLOWER,
              f"idle_tls: a busy one beside them: ACK p99 {edge.percentile(times, .99) * 1000:.1f} ms, "
              "at most 100")
    for connection in connections:
        connection.close()
    until(lambda: server.memory()["connections"] == 0, 60 * SLOWER, "all of them gone")
    until(lambda: server.rss_anon() - base_rss < count * 6 * KB or edge.sanitizer(), 15 * SLOWER,
          lambda: f"memory back: {(server.rss_anon() - base_rss) / MB:.1f} MB more than before")
    checks.ok(True, f"idle_tls: gone, {(server.rss_anon() - base_rss) / MB:.1f} MB more than before, "
              "less than a tenth")


def maximal_window(most):
    """A window of about `most` inflated bytes at about 100:1, and how many events it has."""
    chance = random.Random(7)
    text = "y" * 2400
    count = most // 2500
    frames = b"".join(json_frame(i + 1, {"message": f"{chance.getrandbits(40):x} {text}"})
                      for i in range(count))
    data = header(count) + compressed(frames, 6)
    return data, count, len(frames)


def blocked_sink(checks, lab_):
    limit, senders = (1024 * MB, 5000) if arguments.long else (256 * MB, 500)
    if not raise_file_limit(senders + 500):
        raise Missing(f"{senders + 500} open files are not allowed")
    pipe = HeldPipe(lab_.folder("pipe"))
    port = free_port()
    server = lab_.start(Server(lab_.folder("blocked"), edge.beats_input(port) + pipe.output(), [port],
                               settings=f"memory.limit: {limit // MB}mb\n"))
    small = window([{"message": "good"}] * 10)
    pipe.release()
    with Client(port) as client:
        quiet = [edge.ack_time(client, small) for _ in range(200)]
    pipe.hold()
    time.sleep(0.3)
    lines_before = pipe.lines
    # An eighth of the limit is the most for received and inflated bytes and their nodes.
    data, events, inflated = maximal_window(limit // (16 if arguments.long else 32))
    checks.note(f"{senders} x 3 windows of {len(data) / KB:.0f} KB that are {inflated / MB:.1f} MB "
                f"({inflated / len(data):.0f}:1)")
    peak = 0
    with Fleet(port, senders) as fleet:
        for member in fleet.members:
            for _ in range(3):
                member.give(data)
            fleet._want(member)
        end = time.monotonic() + (30 if arguments.long else 10)
        while time.monotonic() < end:
            fleet.run(0.25)
            peak = max(peak, server.rss())
        checks.ok(peak <= 1.10 * limit or edge.sanitizer(),
                  f"blocked_sink: RSS at most {peak / MB:.0f} MB of {1.1 * limit / MB:.0f}")
        gaps = [m.longest_gap for m in fleet.members if m.keepalives > 1 and m.ended is None]
        most = 10 if arguments.long else 5      # this program needs its time for so many, too
        checks.ok(not gaps or max(gaps) <= most * SLOWER,
                  f"blocked_sink: longest silence of a sender that waits {max(gaps, default=0):.1f} s")
        closed = len(fleet.dead())
        checks.ok(counters(server)["refused"] >= closed,
                  f"blocked_sink: {closed} closed, all of them counted")
        acked_held = sum(len(m.real) for m in fleet.members)
        pipe.release()
        end = time.monotonic() + (20 if arguments.long else 6)
        while time.monotonic() < end:
            fleet.run(0.25)
            peak = max(peak, server.rss())
        acked = sum(len(m.real) for m in fleet.members)
        checks.ok(peak <= 1.10 * limit or edge.sanitizer(),
                  f"blocked_sink: and while it drains {peak / MB:.0f} MB")
        checks.ok(acked > acked_held, f"blocked_sink: {acked - acked_held} windows acknowledged once it "
                  "moves again")
    until(lambda: server.memory()["windows_waiting"] == 0 and server.memory()["workers_busy"] == 0,
          60 * SLOWER, "what was left is through")
    server_idle(server)
    lines = pipe.lines - lines_before
    checks.ok(lines >= acked * events, f"blocked_sink: {acked} windows acknowledged, {lines // events} "
              "written: none lost")
    with Client(port) as client:
        after = [edge.ack_time(client, small) for _ in range(200)]
    bound = max(2 * edge.percentile(quiet, 0.99), 0.010) * SLOWER
    checks.ok(edge.percentile(after, 0.99) <= bound,
              f"blocked_sink: ACK p99 of a good sender {edge.percentile(after, .99) * 1000:.1f} ms after it "
              f"all, at most {bound * 1000:.1f} (quiet: {edge.percentile(quiet, .99) * 1000:.1f})")
    pipe.close()


def server_idle(server):
    """Every given event is settled."""
    def idle():
        m = server.memory()
        return m["events_given"] == m["events_done"] + m["events_refused"]
    until(idle, 60 * SLOWER, "the destination has everything")
    time.sleep(0.3)


def main(checks, lab_):
    for test in (idle_tls, blocked_sink):
        if arguments.only not in test.__name__:
            continue
        begin = time.monotonic()
        test(checks, lab_)
        edge.stop_all(checks, lab_, test.__name__)
        checks.note(f"{test.__name__}: {time.monotonic() - begin:.1f} s")


if __name__ == "__main__":
    arguments = options(__doc__, only=("", "a part of a test's name"))
    run_test("overload", main)
