#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""kill -9 under load, again and again: what a sender was told is settled is in the file.

  --times N   how often, 10
"""

import random
import threading
import time

import lab
from lab import Server, beats_input, binary, file_output, free_port, read_events, run_test, until
from lumberjack import Client, events, window

PER_WINDOW = 100
IN_FLIGHT = 3


class Sender(threading.Thread):
    """Keeps windows in flight, begins anew after each break, and sends again what was not
    acknowledged. `ledger` holds the first serial of each acknowledged window."""

    def __init__(self, port, first):
        super().__init__(daemon=True)
        self.port = port
        self.todo = [first + i * PER_WINDOW for i in range(100000)]
        self.ledger = []
        self.stopping = False

    def run(self):
        while not self.stopping:
            flying = []
            try:
                with Client(self.port, within=5) as client:
                    while not self.stopping or flying:
                        while len(flying) < IN_FLIGHT and not self.stopping:
                            flying.append(self.todo.pop(0))
                            client.send(window(events(range(flying[-1], flying[-1] + PER_WINDOW),
                                                      400), level=1))
                        if client.read_real(1, 20) != [PER_WINDOW]:
                            raise ConnectionResetError
                        self.ledger.append(flying.pop(0))
            except (OSError, ValueError):
                self.todo[:0] = flying
                time.sleep(0.05)


def body(checks, lab_):
    port = free_port()
    out = lab_.folder("out") / "events.json"
    server = lab_.start(Server(lab_.folder("server"), beats_input(port)
                               + 'filter { mutate { add_tag => [ "seen" ] } }' + file_output(out),
                               [port]))
    senders = [Sender(port, i * 100000000 // 10) for i in range(4)]
    for sender in senders:
        sender.start()
    chance = random.Random(5)
    torn = 0
    for _ in range(arguments.times):
        before = sum(len(s.ledger) for s in senders)
        until(lambda: sum(len(s.ledger) for s in senders) > before + 5, 30, "windows after a start")
        time.sleep(chance.uniform(0.05, 0.4))
        server.kill()
        with open(out, "ab") as f:  # the worst that a kill in the middle of a write can leave
            f.write(b'{"serial":"cut off, tor')
        torn += 1
        server.start()
    until(lambda: all(len(s.ledger) for s in senders), 30, "every sender is served")
    for sender in senders:
        sender.stopping = True
    for sender in senders:
        sender.join(30)
    checks.equal(lab_.stop(server), 0, f"it started again after each of {arguments.times} kills, and "
                 "ends with 0")
    got, broken = read_events(out)
    serials = {e["serial"] for e in got}
    told = [n + i for s in senders for n in s.ledger for i in range(PER_WINDOW)]
    lost = [n for n in told if f"s{n:08d}" not in serials]
    checks.equal(lost[:5], [], f"{len(told)} acknowledged events, {len(lost)} lost, "
                 f"{len(got) - len(serials)} came twice")
    checks.ok(len(broken) <= 2 * torn, f"{len(broken)} cut lines, each a line of its own",
              broken[:3])


if __name__ == "__main__":
    arguments = lab.options(__doc__, times=(10, "how often"))
    run_test("kill", body, [binary])
