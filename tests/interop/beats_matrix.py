#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real Beats with one setting changed at a time, small runs: key exchange, compression, batch size,
pipelining, mutual TLS, ttl, load balancing, IPv6, Metricbeat, Heartbeat, and a server that stands
still.

  --pause N      seconds that the server stands still (SIGSTOP), 40; a Beat's timeout of 30 s is
                 shortened to two thirds of N when N is below 40
  --only WORD    only the parts whose name contains WORD
"""

import argparse
import time

import material
from certificates import Certificates
from checks import run_test
from headrig import ConnectionWatch, Headrig, beats_input, binary, file_output
from peers import Filebeat, Heartbeat, Metricbeat, go_peers
from process import free_port, until
from tally import Tally, read_events

# name, lines, output settings, environment
VARIANTS = (
    ("key share with ML-KEM", 1000, {}, {}),
    ("key share without ML-KEM", 1000, {}, {"GODEBUG": "tlsmlkem=0"}),
    ("compression 0", 1000, {"compression_level": 0}, {}),
    ("compression 9", 1000, {"compression_level": 9}, {}),
    ("batches of 1", 300, {"bulk_max_size": 1}, {}),
    ("batches of 50", 1000, {"bulk_max_size": 50}, {}),
    ("batches of 2048", 10000, {"bulk_max_size": 2048}, {}),
    ("batches of 8192", 20000, {"bulk_max_size": 8192}, {}),
    ("pipelining 0", 2000, {"pipelining": 0, "bulk_max_size": 100}, {}),
    ("pipelining 5", 2000, {"pipelining": 5, "bulk_max_size": 100}, {}),
)
BIG_QUEUE = {"events": 32768, "flush.min_events": 8192}


class Ground:
    """What every part needs: certificates, and servers that write to a file each."""

    def __init__(self, checks, lab):
        self.checks = checks
        self.lab = lab
        self.certificates = Certificates(lab.folder("certificates"))
        self.tls = {"certificate_authorities": self.certificates.crt("ca")}
        self.mutual = {**self.tls, "certificate": self.certificates.crt("client"),
                       "key": self.certificates.key("client")}

    def server(self, host="127.0.0.1", client_authentication="none"):
        port = free_port()
        out = self.lab.folder("out") / "events.json"
        headrig = self.lab.start(Headrig(
            self.lab.folder("headrig"),
            beats_input(port, self.certificates, host=host,
                        client_authentication=client_authentication) + file_output(out), [port]))
        headrig.out = out
        headrig.address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        return headrig

    def source(self, lines, first=0):
        return material.write_lines(self.lab.folder("logs") / "app.log", first, lines)

    def filebeat(self, servers, source, tls=None, **kw):
        return self.lab.start(Filebeat(self.lab.folder("filebeat"), [s.address for s in servers],
                                       source, tls=tls or self.tls, **kw))

    def stop(self, *peers):
        for peer in peers:
            code = self.lab.stop(peer)
            if code != 0:
                self.checks.ok(False, f"{peer.name} ends with 0", code)


def messages(*servers):
    return [e.get("message") for s in servers for e in read_events(s.out)[0]]


def lines(first, count):
    return [material.line(n) for n in range(first, first + count)]


def one_setting_each(g):
    server = g.server()
    first = 0
    for name, count, output, env in VARIANTS:
        before = server.counted()["windows"]
        filebeat = g.filebeat([server], g.source(count, first), output=output, env=env,
                              queue=BIG_QUEUE if count > 4000 else None)
        filebeat.wait_all_acknowledged(30)
        windows, least = server.counted()["windows"] - before, -(-count // output.get("bulk_max_size", 2048))
        g.checks.ok(least <= windows <= 2 * least + 3,
                    f"Filebeat, {name}: {count} events in {windows} windows, of {least} or some more")
        mine = set(lines(first, count))
        Tally(m for m in messages(server) if m in mine).check(
            g.checks, mine, f"Filebeat, {name}: every line exactly once")
        g.checks.equal(filebeat.connections_made(), 1, f"Filebeat, {name}: one connection")
        g.stop(filebeat)
        first += count
    g.stop(server)


def mutual_tls(g):
    """With both sizes of ClientHello; and without a certificate nothing arrives."""
    server = g.server(client_authentication="required")
    first = 0
    for env in ({}, {"GODEBUG": "tlsmlkem=0"}):
        filebeat = g.filebeat([server], g.source(500, first), tls=g.mutual, env=env)
        filebeat.wait_all_acknowledged(30)
        g.stop(filebeat)
        first += 500
    stranger = g.filebeat([server], g.source(500, first))
    until(lambda: "Failed to connect" in stranger.log() or "certificate required" in stranger.log(),
          20, "the refusal in Filebeat's log")
    g.stop(stranger)
    Tally(messages(server)).check(g.checks, lines(0, first),
                                  "Filebeat, mutual TLS: exactly once, and nothing without a "
                                  "certificate")
    g.stop(server)


def ipv6(g):
    server = g.server("::1")
    filebeat = g.filebeat([server], g.source(500))
    filebeat.wait_all_acknowledged(30)
    Tally(messages(server)).check(g.checks, lines(0, 500), "Filebeat over IPv6")
    g.stop(filebeat, server)


def ttl(g):
    """A Beat that closes its connection every second, as behind a load balancer."""
    server = g.server()
    source = g.source(200)
    sent = 200
    with ConnectionWatch(server.ports[0]) as watch:
        filebeat = g.filebeat([server], source, output={"ttl": "1s", "pipelining": 0})

        def reconnected():      # the Beat's log is silent about it
            nonlocal sent
            material.write_lines(source, sent, 50)
            sent += 50
            return len(watch.seen) >= 3
        until(reconnected, 30, "three connections by ttl", every=0.3)
        filebeat.wait_all_acknowledged(30)
    Tally(messages(server)).check(g.checks, lines(0, sent), "Filebeat with ttl 1s: exactly once")
    g.stop(filebeat, server)


def load_balance(g):
    """Two servers, one of which is stopped in order under way."""
    servers = [g.server(), g.server()]
    source = g.source(4000)
    filebeat = g.filebeat(servers, source, output={"loadbalance": True, "bulk_max_size": 100})
    until(lambda: all(messages(s) for s in servers), 30, "both servers get events")
    filebeat.wait_all_acknowledged(30)
    before = len(messages(servers[0]))
    material.write_lines(source, 4000, 16000)
    until(lambda: len(messages(servers[0])) > before, 30, "the server to be stopped is busy", 0.01)
    g.stop(servers[0])
    filebeat.wait_all_acknowledged(60)
    Tally(messages(*servers)).check(g.checks, lines(0, 20000),
                                    "load balancing, one server stopped: exactly once")
    g.checks.ok(all(messages(s) for s in servers), "both servers took part")
    g.stop(filebeat, servers[1])


def metricbeat(g):
    server = g.server(client_authentication="required")
    peer = g.lab.start(Metricbeat(g.lab.folder("metricbeat"), [server.address], tls=g.mutual))
    wanted = {"cpu", "load", "memory", "process"}

    def sets():
        return {e.get("metricset", {}).get("name") for e in read_events(server.out)[0]}
    until(lambda: sets() >= wanted, 30, "all metric sets", every=0.2)
    g.stop(peer)
    events, broken = read_events(server.out)
    g.checks.ok(not broken and all(e.get("tags") == ["beats_input_raw_event"] and "message" not in e
                                   and e.get("agent", {}).get("type") == "metricbeat"
                                   for e in events),
                f"Metricbeat: {len(events)} raw events of all metric sets")
    g.stop(server)


def heartbeat(g):
    server = g.server(client_authentication="required")
    peer = g.lab.start(Heartbeat(g.lab.folder("heartbeat"), [server.address], server.address,
                                 tls=g.mutual))

    def states():
        return {(e.get("monitor", {}).get("id"), e.get("monitor", {}).get("status"))
                for e in read_events(server.out)[0]}
    until(lambda: states() >= {("t1", "up"), ("h1", "down")}, 30, "both monitors", every=0.2)
    g.stop(peer)
    g.checks.ok(True, "Heartbeat: both monitors, up and down")
    g.stop(server)


def standing_still(g):
    """SIGSTOP for longer than the Beat waits: it goes away and comes back; nothing is lost."""
    pause = arguments.pause
    server = g.server()
    source = g.source(1000)
    filebeat = g.filebeat([server], source, output={
        "timeout": "30s" if pause >= 40 else f"{max(1, int(pause * 2 / 3))}s"})
    filebeat.wait_all_acknowledged(30)
    server.pause()
    start = time.monotonic()
    material.write_lines(source, 1000, 3000)
    until(lambda: time.monotonic() - start >= pause, pause + 10, "the end of the pause", every=0.5)
    server.resume()
    filebeat.wait_all_acknowledged(90)
    Tally(messages(server)).check(g.checks, lines(0, 4000),
                                  f"the server stood still for {pause:.0f} s: nothing is lost",
                                  repeats_allowed=True)
    g.checks.ok(filebeat.connections_made() >= 2, "Filebeat had given the connection up")
    g.stop(filebeat, server)


PARTS = (one_setting_each, mutual_tls, ipv6, ttl, load_balance, metricbeat, heartbeat, standing_still)


def body(checks, lab):
    ground = Ground(checks, lab)
    for part in PARTS:
        if arguments.only in part.__name__:
            start = time.monotonic()
            part(ground)
            checks.note(f"{part.__name__}: {time.monotonic() - start:.1f} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pause", type=float, default=40)
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    run_test("beats_matrix", body, [binary, go_peers])
