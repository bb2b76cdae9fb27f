#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers to senders: keep-alives on time, ACKs in order, never early, never lost.

  --long    three windows of 40 s of work each; otherwise of a few seconds
"""

import time

import lab
from lab import (KEEPALIVE_GAP, HeldPipe, Server, Stalls, beats_input, binary, file_output, free_port,
                 read_events, run_test, sanitizer, until)
from lumberjack import (Client, Fleet, compressed, data_frame, events, header, json_frame, window)

# Nothing but work: each event of WORK_BYTES goes through so many gsubs.
WORK_BYTES = 20000


def busy_filter(times):
    one = 'gsub => [ "message", "x", "y", "message", "y", "x" ]'
    return "filter {\n" + f"  mutate {{ {one} }}\n" * times + "}\n"


def longest_gap(acks, start):
    times = [start] + [a.at for a in acks]
    return max(b - a for a, b in zip(times, times[1:]))


def sink_blocked(checks, lab_):
    port = free_port()
    pipe = HeldPipe(lab_.folder("pipe"))
    server = lab_.start(Server(lab_.folder("blocked"), beats_input(port) + pipe.output(), [port]))
    with Client(port) as two, Client(port) as one, Client(port) as mixed, Client(port) as idle:
        with Stalls() as stalls:
            start = time.monotonic()
            two.send(window(events(range(500), 1000), level=3))
            one.send(header(1, "1") + data_frame(1, [("line", "x" * 5000)]))
            mixed.send(header(1, "1") + data_frame(1, [("line", "x")]) + window(events(range(3))))
            acks = two.read_for(8)
        checks.ok(acks and all(a.seq == 0 and a.version == "2" for a in acks),
                  f"destination blocked: {len(acks)} keep-alives, version 2, no ACK", f"{acks}")
        checks.ok(len(acks) >= 2, "more than one")
        stalls.bear(checks, "destination blocked", longest_gap(acks, start))
        checks.equal(one.read_for(0.1), [], "none to a version 1 sender")
        checks.equal(mixed.read_for(0.1), [], "none while a version 1 window waits")
        checks.equal(idle.read_for(0.1), [], "none to a sender that waits for nothing")
        pipe.release()
        checks.equal(two.read_real(1, 10), [500], "the ACK comes with the release")
        ack = one.read_ack(10)
        checks.equal((ack.version, ack.seq), ("1", 1), "of version 1 for version 1")
        got = [mixed.read_ack(10) for _ in range(2)]
        checks.equal([(a.version, a.seq) for a in got], [("1", 1), ("2", 3)],
                     "both versions on one connection, each its own")
        checks.equal(two.read_for(3.6), [], "no keep-alive to a sender that waits for nothing more")
    checks.equal(lab_.stop(server), 0, "it ends with 0")
    pipe.close()


def workers_busy(checks, lab_):
    """All workers filter; other senders' keep-alives and ACKs of what is done go on."""
    port = free_port()
    times = 1 if sanitizer() else 2
    server = lab_.start(Server(lab_.folder("busy"), beats_input(port) + busy_filter(times)
                               + "output { null {} }\n", [port]))
    count = 1200 if arguments.long else 300
    work = window(events(range(count), WORK_BYTES), level=1)
    start = time.monotonic()
    with Fleet(port, 4) as fleet:
        with Stalls() as stalls:
            fleet.give_all(work)
            done = fleet.run_until_acknowledged(400)
        checks.ok(done, "every worker busy: all are acknowledged")
        longest = max(m.longest_gap for m in fleet.members)
        checks.note(f"{time.monotonic() - start:.1f} s of work, "
                    f"{sum(m.keepalives for m in fleet.members)} keep-alives")
        stalls.bear(checks, "every worker busy", longest)
    checks.equal(lab_.stop(server), 0, "it ends with 0")


def pipelined(checks, lab_):
    port = free_port()
    out = lab_.folder("out") / "events.json"
    server = lab_.start(Server(lab_.folder("pipelined"), beats_input(port) + file_output(out), [port]))
    with Client(port) as client:
        sizes = [1, 700, 2, 65, 1, 1, 300, 9, 2048, 4] * 6
        client.send(b"".join(window(events(range(n)), level=i % 2 * 3)
                             for i, n in enumerate(sizes)))
        checks.equal(client.read_real(len(sizes), 60), sizes,
                     f"{len(sizes)} windows at once: ACKs in their order, one each")
        client.send(window(events(range(5)), first=1000) + header(0) + window(events(range(2))))
        acks = [client.read_ack(10) for _ in range(3)]
        checks.equal([a.seq for a in acks], [1004, 0, 2],
                     "numbers need not start at 1; an empty window is answered with 0 in its turn")
        client.send(window(events(range(2)), first=0xfffffffe))
        checks.equal(client.read_real(1, 10), [0xffffffff], "numbers above 2^31")
        inside = b"".join(header(n) + b"".join(json_frame(i + 1, e) for i, e in enumerate(events(range(n))))
                          for n in (3, 1, 2))
        client.send(compressed(inside))
        checks.equal(client.read_real(3, 10), [3, 1, 2], "three windows in one C frame: three ACKs")
        frames = [json_frame(i + 1, e) for i, e in enumerate(events(range(6)))]
        client.send(header(6) + compressed(b"".join(frames[:2])) + frames[2]
                    + compressed(b"".join(frames[3:])) + window(events(range(4))))
        checks.equal(client.read_real(2, 10), [6, 4], "one window in several C frames")
    with Client(port) as client:
        raw = window(events(range(20)), level=6) + window(events(range(3)))
        for i in range(len(raw)):
            client.send(raw[i:i + 1])
        checks.equal(client.read_real(2, 20), [20, 3], "byte by byte")
    checks.equal(lab_.stop(server), 0, "it ends with 0")


def half_close(checks, lab_):
    port = free_port()
    pipe = HeldPipe(lab_.folder("pipe"))
    server = lab_.start(Server(lab_.folder("half"), beats_input(port) + pipe.output(), [port]))
    with Client(port) as client, Client(port) as cut:
        client.send(window(events(range(400), 1000), level=3) + window(events(range(7))))
        client.finish()
        cut.send(window(events(range(3))) + window(events(range(9)))[:50])
        cut.finish()
        acks = client.read_for(4)
        checks.ok(acks and all(a.seq == 0 for a in acks), "half-closed: keep-alives go on", f"{acks}")
        pipe.release()
        checks.equal(client.read_real(2, 10), [400, 7], "half-closed: still gets its ACKs")
        checks.equal(client.read_end(5), "end", "then the server closes in order")
        checks.equal(cut.read_real(1, 10), [3], "cut inside the second window: the first is acknowledged")
        checks.equal(cut.read_end(5), "end", "then the server closes in order")
    checks.equal(lab_.stop(server), 0, "it ends with 0")
    pipe.close()


def reset(checks, lab_):
    """A sender that breaks off loses only what was not acknowledged, and that comes again."""
    port = free_port()
    out = lab_.folder("out") / "events.json"
    server = lab_.start(Server(lab_.folder("reset"), beats_input(port) + file_output(out), [port]))
    acknowledged = set()
    for turn in range(30):
        client = Client(port)
        for part in range(4):
            client.send(window(events(range(turn * 1000 + part * 100, turn * 1000 + part * 100 + 100),
                                      200), level=3))
        done = client.read_real(turn % 4, 10)
        for part in range(len(done)):
            acknowledged.update(range(turn * 1000 + part * 100, turn * 1000 + part * 100 + 100))
        client.reset()
    until(lambda: server.memory()["connections"] == 0, 10, "all are gone")
    checks.equal(lab_.stop(server), 0, "it ends with 0")
    got = {e["serial"] for e in read_events(out)[0]}
    lost = [n for n in acknowledged if f"s{n:08d}" not in got]
    checks.equal(lost, [], f"30 resets: all {len(acknowledged)} acknowledged events arrived")


def slow_pipeline(checks, lab_):
    """Three windows in flight, each of which takes longer than the sender's patience of 30 s."""
    seconds = 40 if arguments.long else 4
    patience = 30 if arguments.long else KEEPALIVE_GAP
    port = free_port()
    # A pipe for each: a batch may hold the end of a window and the beginning of the next.
    pipes = [HeldPipe(lab_.folder(f"pipe-{i}")) for i in range(3)]
    outputs = "".join(f'  if [pipe] == {i} {{ file {{ path => "{pipe.path}" }} }}\n'
                      for i, pipe in enumerate(pipes))
    server = lab_.start(Server(lab_.folder("slow"),
                               beats_input(port) + f"output {{\n{outputs}}}\n", [port]))
    with Client(port) as client, Stalls() as stalls:
        start = time.monotonic()
        for i in range(3):
            client.send(window([{**e, "pipe": i} for e in events(range(100), 2000)], level=3))
        for i, pipe in enumerate(pipes):
            end = time.monotonic() + seconds
            early = []
            while time.monotonic() < end:
                early += [a for a in client.read_for(min(patience, end - time.monotonic())) if a.seq]
            checks.equal(early, [], f"window {i + 1} waits {seconds} s")
            pipe.release()
            checks.equal(client.read_real(1, 10), [100], "and is acknowledged")
    stalls.bear(checks, "slow", longest_gap(client.acks, start))
    for pipe in pipes:
        pipe.wait_lines(100)
    checks.equal(lab_.stop(server), 0, "it ends with 0")
    for pipe in pipes:
        checks.equal(pipe.lines, 100, "nothing arrived twice")
        pipe.close()


def order_of_settling(checks, lab_):
    """The second window is ready long before the first: no ACK leaves early or out of turn. The first
    window is routed to a destination that is held, the second to one that is not."""
    port = free_port()
    pipe = HeldPipe(lab_.folder("pipe"))
    out = lab_.folder("out") / "free.json"
    server = lab_.start(Server(
        lab_.folder("order"), beats_input(port) + f"""output {{
  if [held] {{ file {{ path => "{pipe.path}" }} }} else {{ file {{ path => "{out}" }} }}
}}
""", [port]))
    held = [{"held": True, "message": "x" * 1000} for _ in range(50)]
    free = [{"message": "y"} for _ in range(20)]
    with Client(port) as client, Client(port) as other:
        client.send(window(held) + window(free))
        other.send(window(held[:1] + free + held[:49]))
        until(lambda: len(read_events(out)[0]) == 40, 10, "the free events are written")
        acks = client.read_for(1.5) + other.read_for(0.1)
        checks.equal([a for a in acks if a.seq], [], "no ACK before the first window is settled, nor "
                     "for a window of which one output has not taken its part")
        pipe.release()
        checks.equal(client.read_real(2, 10), [50, 20], "then both, in order")
        checks.equal(other.read_real(1, 10), [70], "and the window with two outputs")
    checks.equal(lab_.stop(server), 0, "it ends with 0")
    pipe.close()


def body(checks, lab_):
    lab.run_parts(checks, {
        "blocked": lambda: sink_blocked(checks, lab_),
        "busy": lambda: workers_busy(checks, lab_),
        "pipelined": lambda: pipelined(checks, lab_),
        "half_close": lambda: half_close(checks, lab_),
        "reset": lambda: reset(checks, lab_),
        "slow": lambda: slow_pipeline(checks, lab_),
        "order": lambda: order_of_settling(checks, lab_),
    }, arguments.only)


if __name__ == "__main__":
    arguments = lab.options(__doc__, only=("", "only this part"))
    run_test("acks", body, [binary])
