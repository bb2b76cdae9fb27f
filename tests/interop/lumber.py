#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""go-lumber's client sends events in the shape of Beats 8.x and 9.x to headrig, sync and async,
plain, TLS and mutual TLS, compressed and not; each event must arrive as it was sent plus what the
input adds. Clients without a good certificate are refused."""

from certificates import Certificates
from checks import run_test
from headrig import Headrig, beats_input, binary, file_output
from peers import LumberSender, go_peers
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


def body(checks, lab):
    certificates = Certificates(lab.folder("certificates"))
    senders_to_headrig(checks, lab, certificates)


if __name__ == "__main__":
    run_test("lumber", body, [binary, go_peers])
