#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""kill -9 of headrig under the load of a real Filebeat, ten times: what Filebeat's registry calls
acknowledged is in the output. Duplicates are allowed.

  --times N      how often, 10
  --to file      a file output (default)
  --to opensearch
"""

import argparse
import random

import material
from certificates import Certificates
from checks import run_test
from headrig import Headrig, beats_input, binary, file_output, index_output
from peers import Filebeat, OpenSearch, go_peers
from process import free_port, until
from tally import Tally, read_events

ROUND = 15000           # lines added for each kill
LATEST = 0.6            # at most this share of a round arrives before the kill


def body(checks, lab):
    certificates = Certificates(lab.folder("certificates"))
    out = lab.folder("out") / "events.json"
    node = lab.start(OpenSearch(lab.folder("opensearch"))) if arguments.to == "opensearch" else None
    port = free_port()
    headrig = lab.start(Headrig(
        lab.folder("headrig"), beats_input(port, certificates) + material.FILTERS
        + (index_output(node.url, "app") if node else file_output(out)), [port]))
    source = lab.folder("logs") / "app.log"
    source.touch()
    filebeat = Filebeat(lab.folder("filebeat"), [f"127.0.0.1:{port}"], source,
                        tls={"certificate_authorities": certificates.crt("ca")})

    def arrived():
        if node:
            return node.count("app")
        return out.stat().st_size / event_bytes if out.exists() else 0

    event_bytes = 900       # roughly, to say when to kill
    chance = random.Random(3)
    lines = 0
    for kill in range(arguments.times):
        material.write_lines(source, lines, ROUND)
        lines += ROUND
        if kill == 0:
            lab.start(filebeat)
        until_now = arrived()
        share = chance.uniform(0.05, LATEST) * ROUND
        until(lambda: arrived() >= until_now + share, 60,
              f"{share:.0f} more events before kill {kill + 1}", every=0.2 if node else 0.01)
        headrig.kill()
        headrig.start()
    checks.ok(headrig.running(), f"headrig started again after each of {arguments.times} kills")
    filebeat.wait_all_acknowledged(120)

    if node:
        node.count("app")
        serials = [hit["_source"].get("serial") for hit in node.documents("app")]
    else:
        events, broken = read_events(out)
        serials = [e.get("serial") for e in events]
        checks.note(f"{len(broken)} lines of the file are not whole")
    Tally(serials).check(checks, map(material.serial, range(lines)), "nothing is lost",
                         repeats_allowed=True)
    checks.equal(lab.stop(filebeat), 0, "Filebeat ends in order")
    checks.equal(lab.stop(headrig), 0, "headrig ends with 0 on SIGTERM")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--to", choices=("file", "opensearch"), default="file")
    arguments = parser.parse_args()
    run_test("kill9", body, [binary, go_peers])
