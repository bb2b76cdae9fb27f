#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The destination is dead for a while: a real Filebeat with two batches under way keeps its one
connection, nothing is lost and nothing comes twice.

  --seconds N    length of the outage, 60; a Beat gives up after 30 s without a word
  --how stop     the node is gone and its port refuses (default)
  --how hang     the node is there and does not answer (keep N below the output's timeout of 60 s)
"""

import argparse
import time

import material
from certificates import Certificates
from checks import run_test
from headrig import ConnectionWatch, Headrig, beats_input, binary, index_output
from peers import Filebeat, OpenSearch, go_peers
from process import free_port, until
from tally import Tally

BEFORE, DURING, AFTER = 2000, 20000, 2000


def body(checks, lab):
    certificates = Certificates(lab.folder("certificates"))
    node = lab.start(OpenSearch(lab.folder("opensearch")))
    port = free_port()
    headrig = lab.start(Headrig(lab.folder("headrig"), beats_input(port, certificates)
                                + material.FILTERS + index_output(node.url, "app"), [port]))
    source = material.write_lines(lab.folder("logs") / "app.log", 0, BEFORE)
    filebeat = Filebeat(lab.folder("filebeat"), [f"127.0.0.1:{port}"], source,
                        tls={"certificate_authorities": certificates.crt("ca")},
                        output={"pipelining": 2})
    with ConnectionWatch(port) as watch:
        lab.start(filebeat)
        filebeat.wait_all_acknowledged(30)
        checks.equal(node.count("app"), BEFORE, "before the outage everything is there")

        # Nothing is under way now, so a repeated document later would be ours.
        if arguments.how == "hang":
            node.pause()
        else:
            node.stop()
        acknowledged = source.stat().st_size
        material.write_lines(source, BEFORE, DURING)
        start = time.monotonic()
        until(lambda: time.monotonic() - start >= arguments.seconds, arguments.seconds + 10,
              "the end of the outage", every=0.5)
        checks.ok(headrig.running(), f"headrig is alive after {arguments.seconds} s")
        checks.equal(filebeat.acknowledged_offset(), acknowledged,
                     "nothing was acknowledged meanwhile")
        if arguments.how == "hang":
            node.resume()
        else:
            node.start()

        material.write_lines(source, BEFORE + DURING, AFTER)
        back = time.monotonic()
        filebeat.wait_all_acknowledged(60)
        checks.note(f"all acknowledged {time.monotonic() - back:.1f} s after the node was back")
        checks.equal(len(watch.seen), 1, "the kernel saw one connection")
    checks.equal(filebeat.connections_made(), 1, "Filebeat made one connection")
    total = BEFORE + DURING + AFTER
    node.count("app")
    Tally(hit["_source"].get("serial") for hit in node.documents("app")).check(
        checks, map(material.serial, range(total)), "every line exactly once")
    checks.equal(lab.stop(filebeat), 0, "Filebeat ends in order")
    checks.equal(lab.stop(headrig), 0, "headrig ends with 0 on SIGTERM")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--how", choices=("stop", "hang"), default="stop")
    arguments = parser.parse_args()
    run_test("outage", body, [binary, go_peers, OpenSearch.prepare])
