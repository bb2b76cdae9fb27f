#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""go-lumber's client sends events in the shape of Beats 8.x and 9.x to headrig, sync and async,
plain, TLS and mutual TLS, compressed and not; each event must arrive as it was sent plus what the
input adds. Clients without a good certificate are refused.

And the other way round: our sender to go-lumber's server, which is the independent reader of our
encoder. Every event arrives once and as it was sent, and the sender's ledger says so too."""

import json
import random

from certificates import Certificates
from checks import run_test
from headrig import Headrig, beats_input, beats_send, binary, file_output, sender
from peers import LumberReceiver, LumberSender, go_peers
from process import free_port
from tally import Tally, differences, read_events

EVENTS = 300
BATCH = 64
SHAPES = ("filebeat-8", "filebeat-9", "metricbeat-8", "metricbeat-9")


def as_delivered(sent):
    """An event with a message, after the beats input: `@metadata` does not reach an output."""
    wanted = {k: v for k, v in sent.items() if k != "@metadata"}
    wanted["@version"] = "1"
    wanted["event"] = {"original": sent["message"], **sent.get("event", {})}
    wanted["tags"] = ["beats_input_codec_plain_applied"]
    return wanted


def senders_to_headrig(checks, lab, certificates):
    trust = {"certificate_authorities": certificates.crt("ca")}
    identity = {"certificate": certificates.crt("client"), "key": certificates.key("client")}
    roads = {"plain": (free_port(), None), "TLS": (free_port(), trust),
             "mutual TLS": (free_port(), {**trust, **identity})}
    out = lab.folder("out") / "events.json"
    headrig = lab.start(Headrig(
        lab.folder("headrig"),
        beats_input(roads["plain"][0])
        + beats_input(roads["TLS"][0], certificates)
        + beats_input(roads["mutual TLS"][0], certificates, "server_ecdsa", "required")
        + file_output(out), [port for port, _ in roads.values()]))
    dumps = lab.folder("sent")
    sent = {}
    for road, (port, tls) in roads.items():
        sender = LumberSender(f"127.0.0.1:{port}", tls)
        for mode in ("sync", "async"):
            bad = []
            for level in (0, 3, 9):
                for shape in SHAPES:
                    tag = f"{road} {mode} {level} {shape}"
                    dump = dumps / (tag.replace(" ", "-") + ".json")
                    summary = sender.send(mode=mode, compression=level, shape=shape, tag=tag,
                                          count=EVENTS, batch=BATCH, dump=dump)
                    if summary["exit"] != 0:
                        bad.append((tag, summary))
                    for event in read_events(dump)[0]:
                        sent[event["message"]] = event
            checks.ok(not bad, f"go-lumber, {road}, {mode}: levels 0, 3, 9 and all shapes "
                               "acknowledged", bad[:2])

    sizes(checks, dumps, sent, roads)
    events, broken = read_events(out)
    checks.equal(len(broken), 0, "every line of the file is whole JSON")
    Tally(e.get("message") for e in events).check(checks, sent, "every event exactly once")
    wrong = []
    for event in events:
        if event.get("message") in sent:
            wrong += differences(event, as_delivered(sent[event["message"]]))
    checks.ok(not wrong, f"all {len(events)} events are equal field by field", wrong[:5])

    refused = LumberSender(f"127.0.0.1:{roads['mutual TLS'][0]}", trust).send(count=1)
    checks.ok(refused["exit"] != 0, "a client without a certificate is refused", refused)
    stranger = {**trust, "certificate": certificates.crt("other_client"),
                "key": certificates.key("other_client")}
    refused = LumberSender(f"127.0.0.1:{roads['mutual TLS'][0]}", stranger).send(count=1)
    checks.ok(refused["exit"] != 0, "a client of another authority is refused", refused)
    late = {**trust, "certificate": certificates.crt("expired"), "key": certificates.key("expired")}
    refused = LumberSender(f"127.0.0.1:{roads['mutual TLS'][0]}", late).send(count=1)
    checks.ok(refused["exit"] != 0, "a client with an expired certificate is refused", refused)
    checks.equal(lab.stop(headrig), 0, "headrig ends with 0 on SIGTERM")


def sizes(checks, dumps, sent, roads):
    """go-lumber with windows of every size, and several of them under way; adds to `sent`."""
    bad = []
    for size, count in ((1, 60), (50, 520), (2048, 2100), (8192, 8200)):
        for mode, inflight in (("sync", 0), ("async", 1), ("async", 2), ("async", 5)):
            tag = f"size {size} {mode} {inflight}"
            dump = dumps / (tag.replace(" ", "-") + ".json")
            port, tls = roads["TLS"]
            options = {"inflight": inflight} if inflight else {}
            summary = LumberSender(f"127.0.0.1:{port}", tls).send(
                mode=mode, compression=3, shape=SHAPES[0], tag=tag, count=count, batch=size, dump=dump,
                **options)
            if summary["exit"] != 0 or summary["batches"] != -(-count // size):
                bad.append((tag, summary))
            sent.update((event["message"], event) for event in read_events(dump)[0])
    checks.ok(not bad, "go-lumber: windows of 1, 50, 2048, 8192, sync and with 1, 2, 5 under way", bad[:2])


# Events in a window, events in all, connections.
WINDOWS = ((1, 600, 3), (50, 3010, 4), (2048, 9000, 3))


def odd_events(prefix, count):
    """What an encoder may get wrong: lengths of every kind, escapes, text beyond ASCII, nesting.
    Integers stay where Go's floats are exact."""
    chance = random.Random(prefix)
    texts = ("", "plain", 'quotes " and \\ and / and \u2028', "\t\n\r\b\f\x00\x1f\x7f",
             "Größe 注文 \U0001f30d \ufeff", "x" * 300, "y" * 70000)
    events = []
    for n in range(1, count + 1):
        # The long one is rare, or it would be all of the traffic.
        message = texts[6] if n % 997 == 0 else texts[n % 6]
        events.append({
            "test_id": f"{prefix}{n}", "message": message, "n": chance.randrange(-2**53, 2**53),
            "share": chance.random(), "none": None, "yes": n % 2 == 0, "nothing": {}, "empty": [],
            "deep": {"a": [{"b": [chance.getrandbits(20)] * (n % 5)}, [[["z"]]]]},
            "@metadata": {"beat": "test", "type": "_doc"}})
    return events


def ledger_is_whole(path, ids):
    """Each id once as sent and once as acknowledged."""
    lines = path.read_text().splitlines()
    return sorted(lines) == sorted([f"S\t{i}" for i in ids] + [f"A\t{i}" for i in ids])


def our_sender(checks, lab, certificates):
    trust = {"certificate_authorities": certificates.crt("ca")}
    identity = {"certificate": certificates.crt("client"), "key": certificates.key("client")}
    server = [certificates.crt("server"), certificates.key("server")]
    ecdsa = [certificates.crt("server_ecdsa"), certificates.key("server_ecdsa")]
    for road, keys, client_ca, tls in (
            ("plain", (None, None), None, None), ("TLS", server, None, trust),
            ("mutual TLS", ecdsa, certificates.crt("ca"), {**trust, **identity})):
        to_go_lumber(checks, lab, road, tls, certificate=keys[0], key=keys[1], client_ca=client_ca)
        version_1(checks, lab, road, tls, certificate=keys[0], key=keys[1], client_ca=client_ca)
    receiver = lab.start(LumberReceiver(lab.folder("recv"), *server, certificates.crt("ca")))
    for name, wrong in (("no certificate", trust),
                        ("another authority's", {**trust, "certificate": certificates.crt("other_client"),
                                                 "key": certificates.key("other_client")})):
        done = beats_send(receiver.port, wrong, events=10, give_up=5)
        checks.ok(done["exit"] == 1 and done["events_acked"] == 0,
                  f"our sender says that it was refused with {name}", done)
    for name in ("expired", "other_ca"):
        strange = lab.start(LumberReceiver(lab.folder("recv"), certificates.crt(name),
                                           certificates.key(name)))
        done = beats_send(strange.port, trust, events=10, give_up=5)
        checks.ok(done["exit"] == 1 and strange.counts()["events"] == 0,
                  f"our sender does not trust a server with the certificate {name!r}", done)


def to_go_lumber(checks, lab, road, tls, **server):
    """All levels and sizes of window, several connections with several windows under way."""
    folder = lab.folder("to-go")
    receiver = lab.start(LumberReceiver(lab.folder("recv"), events=folder / "arrived",
                                        field="test_id", **server))
    sent, bad, connections = {}, [], 0
    for level in (0, 3, 9):
        for size, count, parallel in WINDOWS:
            prefix = f"{road[0]}{level}-{size}-"
            events = odd_events(prefix, count)
            sent.update((e["test_id"], e) for e in events)
            source, ledger = folder / f"{prefix}source", folder / f"{prefix}ledger"
            source.write_text("".join(json.dumps(e, ensure_ascii=False) + "\n" for e in events))
            done = beats_send(receiver.port, tls, compression=level, window=size, input=source,
                              ndjson=True, id_prefix=prefix, connections=parallel, threads=2,
                              ledger=ledger)
            connections += parallel
            if (done["exit"], done.get("events_acked"), done.get("faults")) != (0, count, 0):
                bad.append((prefix, done))
            elif not ledger_is_whole(ledger, [e["test_id"] for e in events]):
                bad.append((prefix, "the ledger is not whole"))
    checks.ok(not bad, f"our sender, {road}: levels 0, 3, 9 by windows of 1, 50, 2048: all "
              "acknowledged, by its ledger too", bad[:2])
    receiver.wait_distinct(len(sent), 10)
    seen = receiver.counts()
    checks.equal((seen["events"], seen["repeated"], seen["largest"], seen["connections"]),
                 (len(sent), 0, 2048, connections),
                 f"our sender, {road}: go-lumber read each of {len(sent)} events once")
    lab.stop(receiver)
    arrived, broken = read_events(folder / "arrived")
    wrong = [d for e in arrived for d in differences(e, sent[e["test_id"]])]
    checks.ok(not wrong and not broken and len(arrived) == len(sent),
              f"our sender, {road}: each as it was sent", wrong[:5])


def version_1(checks, lab, road, tls, **server):
    """go-lumber acknowledges the count of a window, not its last number, so a sender whose numbers
    go on is understood in the first window of a connection only."""
    folder = lab.folder("to-go-v1")
    receiver = lab.start(LumberReceiver(lab.folder("recv"), events=folder / "arrived",
                                        field="test_id", protocol=1, **server))
    ids, bad = [], []
    for level in (0, 3, 9):
        for size in (1, 50, 2048):
            prefix = f"{road[0]}{level}-{size}-"
            ids += (mine := [f"{prefix}{n}" for n in range(1, size + 1)])
            ledger = folder / f"{prefix}ledger"
            done = beats_send(receiver.port, tls, protocol=1, compression=level, window=size,
                              events=size, id_prefix=prefix, ledger=ledger)
            if done["exit"] != 0 or not ledger_is_whole(ledger, mine):
                bad.append((prefix, done))
    checks.ok(not bad, f"our sender, {road}, version 1: levels by windows, all acknowledged", bad[:2])
    receiver.wait_distinct(len(ids), 10)
    lab.stop(receiver)
    arrived, broken = read_events(folder / "arrived")
    Tally(e.get("test_id") for e in arrived).check(
        checks, ids, f"our sender, {road}, version 1: each event once")
    wrong = [e for e in arrived if set(e) != {"line", "host", "file", "test_id"}
             or json.loads(e["line"])["test_id"] != e["test_id"]]
    checks.ok(not wrong and not broken, f"our sender, {road}, version 1: with its four pairs",
              wrong[:2])


def body(checks, lab):
    certificates = Certificates(lab.folder("certificates"))
    senders_to_headrig(checks, lab, certificates)
    our_sender(checks, lab, certificates)


if __name__ == "__main__":
    run_test("lumber", body, [binary, sender, go_peers])
