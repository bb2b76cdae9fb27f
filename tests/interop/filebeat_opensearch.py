#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filebeat over TLS, a pipeline with a condition, mutate and grok, and OpenSearch: every line
there exactly once, and documents equal field by field. By index over TLS, and by data stream over
mutual TLS."""

import material
from certificates import Certificates
from checks import run_test
from headrig import Headrig, beats_input, binary, data_stream_output, index_output
from peers import Filebeat, OpenSearch, go_peers
from process import free_port
from tally import Tally, differences

LINES = 20000
SAMPLES = (0, 1, 2, 3, 4, 5, 511, 512, 513, 9999, LINES - 1)


def ship(checks, lab, node, index, headrig, tls, extra_fields, name):
    """One way into `index`: ships LINES lines and compares."""
    source = material.write_lines(lab.folder("logs") / "app.log", 0, LINES)
    lab.start(headrig)
    filebeat = lab.start(Filebeat(lab.folder("filebeat"), [f"127.0.0.1:{headrig.ports[0]}"],
                                  source, tls=tls))
    filebeat.wait_all_acknowledged(60)
    # No waiting here: what is acknowledged must be there.
    checks.equal(node.count(index), LINES, f"{name}: the count is that of the lines")

    found = {}
    serials = []
    for hit in node.documents(index):
        serials.append(hit["_source"].get("serial"))
        found[serials[-1]] = hit["_source"]
    Tally(serials).check(checks, map(material.serial, range(LINES)),
                         f"{name}: every line exactly once")
    for n in SAMPLES:
        wanted = {**material.document(n, filebeat), **extra_fields}
        wrong = differences(found.get(material.serial(n), {}), wanted)
        checks.ok(not wrong, f"{name}: document {n} is equal field by field", "; ".join(wrong[:6]))

    checks.equal(filebeat.connections_made(), 1, f"{name}: one connection")
    checks.equal(lab.stop(filebeat), 0, f"{name}: Filebeat ends in order")
    checks.ok("Pipelines running" in headrig.log(), f"{name}: the log says that pipelines run")
    checks.equal(lab.stop(headrig), 0, f"{name}: headrig ends with 0 on SIGTERM")


def body(checks, lab):
    certificates = Certificates(lab.folder("certificates"))
    trust = {"certificate_authorities": certificates.crt("ca")}
    identity = {"certificate": certificates.crt("client"), "key": certificates.key("client")}
    node = lab.start(OpenSearch(lab.folder("opensearch")))
    node.put_data_stream_template()

    port = free_port()
    ship(checks, lab, node, "app",
         Headrig(lab.folder("headrig"), beats_input(port, certificates) + material.FILTERS
                 + index_output(node.url, "app"), [port]),
         trust, {}, "TLS, index")

    port = free_port()
    ship(checks, lab, node, "logs-app-default",
         Headrig(lab.folder("headrig"),
                 beats_input(port, certificates, server="server_ecdsa",
                             client_authentication="required")
                 + material.FILTERS + data_stream_output(node.url, "app"), [port]),
         {**trust, **identity},
         {"data_stream": {"type": "logs", "dataset": "app", "namespace": "default"}},
         "mutual TLS, data stream")


if __name__ == "__main__":
    run_test("filebeat_opensearch", body, [binary, go_peers, OpenSearch.prepare])
