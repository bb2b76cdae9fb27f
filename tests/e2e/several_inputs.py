#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports, address families and pipelines side by side. A dead output holds up its own senders only."""

import time

import lab
from lab import (Certificates, HeldPipe, Server, beats_input, binary, file_output, free_port,
                 read_events, run_test, until)
from lumberjack import Client, Fleet, events, window

NULL = "output { null {} }\n"


def ports_and_families(checks, lab_, certificates):
    plain, tls, six, both = (free_port() for _ in range(4))
    out = lab_.folder("out") / "events.json"
    server = lab_.start(Server(
        lab_.folder("ports"),
        beats_input(plain, extra='type => "plain" ')
        + beats_input(tls, certificates, extra='type => "tls" add_field => { "x" => "1" } ')
        + beats_input(six, host="::1", extra='type => "six" ')
        + beats_input(both, host="::", extra='type => "both" ').replace("beats {", "elastic_agent {")
        + file_output(out), [plain, tls, six, both]))
    context = lab.client_tls(certificates)
    sent = 0
    for port, host, tls_context in ((plain, "127.0.0.1", None), (tls, "127.0.0.1", context),
                                    (six, "::1", None), (both, "127.0.0.1", None),
                                    (both, "::1", None)):
        with Client(port, host, tls=tls_context) as client:
            client.send(window(events(range(sent, sent + 10)), level=3))
            checks.equal(client.read_real(1, 10), [10], f"{host} port {port}: acknowledged")
        sent += 10
    checks.equal(lab_.stop(server), 0, "it ends with 0")
    got = read_events(out)[0]
    by_type = {}
    for e in got:
        by_type.setdefault(e["type"], []).append(e["serial"])
    checks.equal({k: len(v) for k, v in by_type.items()},
                 {"plain": 10, "tls": 10, "six": 10, "both": 20}, "each input made its own events")
    checks.ok(all(("x" in e) == (e["type"] == "tls") for e in got), "with its own decorations")


def isolated(checks, lab_):
    """Two pipelines at a small memory.limit: the output of one is held."""
    dead_port, free = free_port(), free_port()
    pipe = HeldPipe(lab_.folder("pipe"))
    server = Pipelines(lab_.folder("two"), "", [dead_port, free], settings="memory.limit: 64mb\n")
    dead_text = (beats_input(dead_port) + pipe.output()).replace("\n", " ")
    free_text = (beats_input(free) + NULL).replace("\n", " ")
    (server.folder / "settings/pipelines.yml").write_text(
        f"- pipeline.id: dead\n  config.string: '{dead_text}'\n"
        f"- pipeline.id: free\n  config.string: '{free_text}'\n")
    lab_.start(server)
    data = window(events(range(100), 1500), level=1) * 4
    with Fleet(dead_port, 200) as held, Client(free) as client:
        held.give_all(data, 4)
        held.run(6)
        report = server.memory()
        checks.ok(report["used"] > report["limit"] / 4, f"200 senders to the held output: "
                  f"{report['used'] >> 20} MB of 64 in use", report)
        longest = 0.0
        for _ in range(30):
            start = time.monotonic()
            client.send(window(events(range(1000), 1000), level=3))
            checks.need(client.read_real(1, 20) == [1000], "the other pipeline acknowledges") \
                if _ == 0 else client.read_real(1, 20)
            longest = max(longest, time.monotonic() - start)
            held.run(0.05)
        checks.ok(longest < 5, f"30 windows through it, the slowest took {longest:.2f} s")
        keepalives = sum(m.keepalives for m in held.members)
        held.run(4)
        checks.ok(sum(m.keepalives for m in held.members) > keepalives, "the held senders get keep-alives")
        big = window([{"m": "y" * 1000}] * 5000, level=9)
        client.send(big)
        checks.equal(client.read_real(1, 20), [5000], "a window near the largest goes through too")
        pipe.release()
        checks.ok(held.run_until_acknowledged(90), "after the release all of the held are acknowledged",
                  f"{held.waiting()} wait, {len(held.dead())} gone")
    checks.equal(lab_.stop(server), 0, "it ends with 0")
    pipe.close()


class Pipelines(Server):
    """Started with pipelines.yml."""

    def command(self):
        words = super().command()
        at = words.index("-f")
        return words[:at] + words[at + 2:]


def body(checks, lab_):
    certificates = Certificates(lab_.folder("certificates"))
    lab.run_parts(checks, {
        "ports": lambda: ports_and_families(checks, lab_, certificates),
        "isolated": lambda: isolated(checks, lab_),
    }, arguments.only)


if __name__ == "__main__":
    arguments = lab.options(__doc__, only=("", "only this part"))
    run_test("several_inputs", body, [binary])
