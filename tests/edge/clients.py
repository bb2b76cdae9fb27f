#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the server knows and says of its senders: the ledger of clients, quarantined events, and
connections that are closed because nothing moves."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import edge
from edge import (SLOWER, Certificates, Client, HeldPipe, Server, clients, counters, file_output,
                  free_port, options, run_test, until, window)


def ledger(checks, lab_):
    """Entries by certificate, agent and address; several connections share one."""
    certificates = Certificates(lab_.folder("certificates"))
    pipe = HeldPipe(lab_.folder("pipe"))
    plain, tls = free_port(), free_port()
    server = lab_.start(Server(lab_.folder("ledger"), edge.beats_input(plain) + edge.beats_input(
        tls, certificates, client_authentication="required") + pipe.output(), [plain, tls]))
    pipe.release()
    agents = {"a": {"agent": {"id": "agent-a"}}, "h": {"host": {"name": "web-1"}},
              "old": {"beat": {"hostname": "web-0"}}, "v1": {"host": "web-9"}}
    for name, fields in agents.items():
        with Client(plain) as client:
            client.send(window([{"message": "m", **fields}] * 3))
            checks.equal(client.read_real(1, 10), [3], f"ledger: {name} is served")
    with Client(plain) as one, Client(plain) as two:
        for client in (one, two):
            client.send(window([{"message": "m", "agent": {"id": "agent-a"}}] * 5))
            client.read_real(1, 10)
        mutual = edge.client_tls(certificates, "client")
        with Client(tls, tls=mutual) as client:
            client.send(window([{"message": "m", "agent": {"id": "agent-a"}}]))
            client.read_real(1, 10)
        with Client(plain) as bad:
            bad.send(b"garbage")
            bad.read_end(5)
        pipe.hold()
        time.sleep(0.3)
        one.send(window([{"message": "x" * 200}] * 1000) * 2)     # more than the pipe holds
        until(lambda: entry(server, agent="agent-a", subject="")["windows_open"] >= 1, 10,
              "a window that waits")
        mine = entry(server, agent="agent-a", subject="")
        checks.equal((mine["connections"], mine["connects"], mine["address"]), (2, 3, "127.0.0.1"),
                     "ledger: two connections of three are open")
        checks.ok(mine["events"] >= 13 and mine["windows"] == 5 and mine["acks"] >= 3
                  and mine["bytes"] > 400000, "ledger: events, windows, bytes, ACKs", str(mine))
        checks.ok(mine["ack_ms_p99"] <= mine["ack_ms_most"] and mine["since"] <= mine["last_seen"],
                  "ledger: latency and times", str(mine))
        for agent in ("web-1", "web-0", "web-9"):
            checks.equal(entry(server, agent=agent)["events"], 3, f"ledger: {agent} by its host")
        checks.equal(entry(server, subject="CN=client,O=Headrig")["agent"], "agent-a",
                     "ledger: the same agent with a certificate is another client")
        checks.equal(entry(server, agent="", subject="")["errors"], 1, "ledger: errors of nobody known")
        pipe.release()
        checks.equal(one.read_real(2, 10), [1000, 1000], "ledger: and it moves on")
    pipe.close()


def entry(server, **wanted):
    found = [c for c in clients(server) if all(c[k] == v for k, v in wanted.items())]
    if len(found) != 1:
        raise AssertionError(f"{wanted}: {found}")
    return found[0]


def quarantine(checks, lab_):
    """Bad events go on as text, are counted by reason, and named once a second with their peer."""
    port = free_port()
    out = lab_.folder("out") / "events"
    server = lab_.start(Server(lab_.folder("quarantine"), edge.beats_input(port) + file_output(out),
                               [port]))
    deep = b'{"a":' + b"[" * 1000 + b"]" * 1000 + b"}"
    bad = {"bad_json": b'{"a":', "not_object": b"[1]", "bad_utf8": b'{"a":"\xff"}', "too_deep": deep}
    odd = [{"message": "m", "tags": 7}, {"message": "m", "@metadata": "x"}, {"message": "m", "beat": 1},
           {"message": "m", "event": "x"}, {"message": "m", "@timestamp": "never"}]
    with Client(port) as client:
        client.send(window([*bad.values(), *odd, {"message": "good"}]))
        checks.equal(client.read_real(1, 10), [10], "quarantine: the window is acknowledged")
        for _ in range(100):
            client.send(window([b"{"] * 10))
        checks.equal(client.read_real(100, 20), [10] * 100, "quarantine: and a hundred bad ones")
    until(lambda: out.read_text().count("\n") == 1010, 10, "all events")
    events = [json.loads(line) for line in out.read_text().splitlines()[:10]]
    checks.equal([e["tags"][0] for e in events[:4]], ["_jsonparsefailure"] * 4, "quarantine: tagged")
    checks.equal(events[1]["message"], "[1]", "quarantine: the text is kept")
    checks.equal(events[2]["message"], '{"a":"\ufffd"}', "quarantine: and is UTF-8")
    checks.equal([e["message"] for e in events[4:]], ["m"] * 5 + ["good"],
                 "quarantine: odd fields are no reason to lose an event")
    told = counters(server)
    checks.equal({k: told[k] for k in bad}, {"bad_json": 1001, "not_object": 1, "bad_utf8": 1,
                                             "too_deep": 1}, "quarantine: counted by reason")
    lines = server.says("quarantined; the first:")
    checks.ok(0 < len(lines) <= 3 * SLOWER, f"quarantine: {len(lines)} lines in the log, at most 3")
    checks.ok("[127.0.0.1:" in lines[0], "quarantine: with the peer", lines[0])


def neighbours(checks, lab_):
    """Inputs of one pipeline, whose connections come and go at the same time: none takes what waits
    of another with it."""
    ports = [free_port() for _ in range(4)]
    server = lab_.start(Server(lab_.folder("neighbours"),
                               "".join(map(edge.beats_input, ports)) + edge.NULL, ports))
    rounds = 1000 if arguments.long else 250

    def come_and_go(port):
        late = 0
        for _ in range(rounds):
            with Client(port) as client:
                client.send(window([{"message": "m"}] * 20))
                late += client.read_ack(10).seq == 0
        return late

    with ThreadPoolExecutor(len(ports)) as pool:
        late = sum(pool.map(come_and_go, ports))
    checks.equal(late, 0, f"neighbours: {rounds} connections to each of 4 inputs, each with its ACK")
    checks.equal(counters(server)["acks"], rounds * len(ports), "neighbours: counted")


def close_policy(checks, lab_):
    port = free_port()
    server = lab_.start(Server(lab_.folder("close"), edge.beats_input(port) + edge.NULL, [port],
                               settings="beats.on_bad_event: close\n"))
    with Client(port) as client:
        client.send(window([{"message": "m"}]) + window([{"message": "m"}, b"[1]"]))
        checks.equal(client.read_real(1, 10), [1], "close_policy: the window before is acknowledged")
        checks.ok(client.read_end(5) != "open" and len(client.acks) == 1,
                  "close_policy: the bad one is not, and ends the connection")
    checks.ok(server.says("JSON value that is no object"), "close_policy: the log says why")


def stuck(checks, lab_):
    """close_stuck_after: no window was acknowledged for that long. Others are left alone."""
    pipe = HeldPipe(lab_.folder("stuck-pipe"))
    port = free_port()
    server = lab_.start(Server(
        lab_.folder("stuck"), edge.beats_input(port) + "filter { if [drop] { drop {} } }\n"
        + pipe.output(), [port], settings="beats.close_stuck_after: 2s\nbeats.keepalive_seconds: 1\n"))
    with Client(port) as waits, Client(port) as moves, Client(port) as idle:
        waits.send(window([{"message": "x" * 4000}] * 200) * 2)
        begin = time.monotonic()
        while time.monotonic() - begin < 4:
            moves.send(window([{"drop": True}]))
            moves.read_real(1, 5)
            time.sleep(0.1)
        checks.ok(waits.read_end(1) != "open", "stuck: closed")
        checks.ok(any(a.seq == 0 for a in waits.acks), "stuck: with keep-alives until then")
        checks.ok(server.says("beats.close_stuck_after"), "stuck: the log says why")
        for name, client in (("moves", moves), ("idle", idle)):
            client.send(window([{"drop": True}]))
            checks.equal(client.read_real(1, 5), [1], f"stuck: the one that {name} stays")
    pipe.release()
    until(lambda: server.memory()["events_given"] == server.memory()["events_done"], 10, "an end")
    pipe.close()


def main(checks, lab_):
    edge.run_tests(checks, lab_, (ledger, quarantine, neighbours, close_policy, stuck),
                   arguments.only)


if __name__ == "__main__":
    arguments = options(__doc__, only=("", "a part of a test's name"))
    run_test("clients", main)
