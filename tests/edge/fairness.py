#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fairness: 99 senders with a window of 50 events every half second, and one that offers a hundred
times what each of them does. Their p99 must not rise by more than a tenth (or by 10 ms, which is
what this program itself cannot see); and each connection's events stay in order.

Phases with and without the hundredth take turns, and the best of each counts, so that a machine that
does other things weighs on neither.

  --long    phases of 20 s instead of 3; and the strict figure: our own sender instead of this
            program, all of them before whatever else the machine does where that is allowed, so
            that a tenth can be told; with one worker, too
"""

import collections
import json
import multiprocessing
import os
import selectors
import socket
import subprocess
import time

import edge
from edge import (SLOWER, Server, file_output, free_port, options, percentile, run_test, until,
                  window)
from headrig import sender

OTHERS, EVENTS, EVERY = 99, 50, 0.5
NOISE = 0.010
PAIRS = 20


def events_of(name, first, count):
    return [{"message": f"{name} {i}", "name": name, "n": i} for i in range(first, first + count)]


def heavy(port, stop, done):
    """A hundred times the rate of one of the others, in windows of 2,000."""
    rate = 100 * EVENTS / EVERY
    sent = 0
    data = window(events_of("heavy", 0, 2000), level=1)
    begin = time.monotonic()
    with edge.Client(port) as client:
        while not stop.is_set():
            if sent > (time.monotonic() - begin) * rate:
                time.sleep(0.002)
                continue
            client.send(data)
            sent += 2000
            client.read_real(1, 30)
    done.put(sent)


class Others:
    """The 99, from one thread: each sends when its time has come, whether or not it has an ACK."""

    def __init__(self, port):
        self.selector = selectors.DefaultSelector()
        self.at, self.sent, self.since, self.inside = {}, {}, {}, {}
        self.times = []
        begin = time.monotonic()
        for i in range(OTHERS):
            sock = socket.create_connection(("127.0.0.1", port), 30)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.at[sock] = begin + EVERY * i / OTHERS
            self.sent[sock] = 0
            self.since[sock] = collections.deque()
            self.inside[sock] = b""
            self.selector.register(sock, selectors.EVENT_READ, f"s{i}")
        self.names = {key.fileobj: key.data for key in self.selector.get_map().values()}

    def send_due(self, now):
        for sock, at in self.at.items():
            if at > now:
                continue
            data = window(events_of(self.names[sock], self.sent[sock], EVENTS))
            self.sent[sock] += EVENTS
            self.since[sock].append(time.monotonic())
            sock.sendall(data)
            self.at[sock] = at + EVERY

    def read(self, wait):
        for key, _ in self.selector.select(wait):
            sock = key.fileobj
            self.inside[sock] += sock.recv(65536)
            while len(self.inside[sock]) >= 6:
                raw, self.inside[sock] = self.inside[sock][:6], self.inside[sock][6:]
                if raw[2:] != b"\0\0\0\0":
                    self.times.append(time.monotonic() - self.since[sock].popleft())

    def run(self, seconds):
        """p99 of the ACKs of that time."""
        self.times = []
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.send_due(time.monotonic())
            self.read(max(0, min(min(self.at.values()), end) - time.monotonic()))
        return percentile(self.times, 0.99)

    def finish(self, within):
        until(lambda: self.read(0.05) or not any(self.since.values()), within, "all ACKs")


def main(checks, lab_):
    latency(checks, lab_)
    if arguments.long:
        strict(checks, lab_, "as many workers as cores", ())
        strict(checks, lab_, "one worker", ("-w", "1"))
    order(checks, lab_)
    edge.stop_all(checks, lab_, "fairness")


def with_heavy(port, others, seconds):
    """p99 of the others beside the hundredth, and how many events that one has sent."""
    stop, done = multiprocessing.Event(), multiprocessing.Queue()
    child = multiprocessing.Process(target=heavy, args=(port, stop, done), daemon=True)
    child.start()
    others.run(0.5)
    p99 = others.run(seconds)
    stop.set()
    sent = done.get(timeout=60)
    child.join()
    return p99, sent


def latency(checks, lab_):
    port = free_port()
    lab_.start(Server(lab_.folder("server"), edge.beats_input(port) + edge.NULL, [port]))
    others = Others(port)
    seconds = 20 if arguments.long else 3
    others.run(2)                           # connections and buffers are warm
    alone, beside, offered = [], [], 0
    for _ in range(5):
        alone.append(others.run(seconds))
        p99, sent = with_heavy(port, others, seconds)
        beside.append(p99)
        offered += sent
    others.finish(20 * SLOWER)
    quiet, loud = min(alone), min(beside)
    bound = max(quiet * 1.10, quiet + NOISE) * SLOWER
    wanted = 5 * (seconds + 0.5) * 100 * EVENTS / EVERY
    checks.note(f"p99 in ms: alone {[round(t * 1000, 1) for t in alone]}, "
                f"beside {[round(t * 1000, 1) for t in beside]}")
    checks.ok(offered > 0.8 * wanted, f"the hundredth sent {offered} events of {wanted:.0f}")
    checks.ok(loud <= bound, f"p99 of the others {loud * 1000:.1f} ms beside it, {quiet * 1000:.1f} "
              f"without; at most {bound * 1000:.1f}")


def first_in_line(pid):
    """Before all that is not real-time; False: not allowed."""
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            os.sched_setscheduler(int(thread), os.SCHED_RR, os.sched_param(10))
    except PermissionError:
        return False
    return True


def send(port, connections, size, rate, seconds):
    child = subprocess.Popen(
        [str(a) for a in (sender(), "--port", port, "--connections", connections, "--window", size,
                          "--rate", rate, "--seconds", seconds, "--preencode", 8)],
        stdout=subprocess.PIPE, text=True)
    first_in_line(child.pid)
    return child


def said(child):
    return json.loads(child.communicate()[0])


def strict(checks, lab_, name, flags):
    port = free_port()
    server = lab_.start(Server(lab_.folder("strict"), edge.beats_input(port) + edge.NULL, [port], flags=flags))
    if not first_in_line(server.child.pid):
        checks.note("real-time scheduling is not allowed: other work on this machine is measured too")
    rate, seconds, pairs = EVENTS / EVERY, 5, []
    for _ in range(PAIRS):
        alone = said(send(port, OTHERS, EVENTS, OTHERS * rate, seconds))
        hundredth = send(port, 1, 2000, 100 * rate, seconds + 1)
        time.sleep(0.3)
        beside = said(send(port, OTHERS, EVENTS, OTHERS * rate, seconds))
        offered = said(hundredth)["events_acked"]
        if offered < 0.9 * 100 * rate * (seconds + 1):
            checks.ok(False, f"the hundredth was served only {offered} events")
        pairs.append((alone["ack_ms"]["p99"], beside["ack_ms"]["p99"]))
    checks.note(f"p99 in ms, alone and beside: {pairs}")
    # What else the machine does only adds.
    alone, beside = (percentile(side, 0.25) for side in zip(*pairs))
    checks.ok(beside < 1.10 * alone, f"strict, {name}: p99 of the others {alone:.3f} ms alone, {beside:.3f} beside "
              f"the hundredth (lower quartiles of {PAIRS}): {beside / alone:.3f} times, less than 1.10")


def order(checks, lab_):
    port = free_port()
    out = lab_.folder("out") / "events"
    server = lab_.start(Server(lab_.folder("order"), edge.beats_input(port) + file_output(out), [port]))
    others = Others(port)
    _, offered = with_heavy(port, others, 3)
    others.finish(20 * SLOWER)
    count = sum(others.sent.values()) + offered
    until(lambda: server.memory()["events_done"] >= count, 30 * SLOWER, "all events written")
    last = collections.Counter()
    wrong = 0
    with open(out) as lines:
        for event in map(json.loads, lines):
            if event["name"] != "heavy":
                wrong += event["n"] != last[event["name"]]
                last[event["name"]] = event["n"] + 1
    checks.equal(wrong, 0, f"{sum(last.values())} events of {len(last)} connections, each in order")


if __name__ == "__main__":
    arguments = options(__doc__)
    run_test("fairness", main)
