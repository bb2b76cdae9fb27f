#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filebeat to headrig to Elasticsearch 9 behind nginx with TLS and a password; by index and by data
stream."""

import material
from certificates import Certificates
from checks import run_test
from headrig import Headrig, beats_input, binary, data_stream_output, index_output
from peers import Elasticsearch, Filebeat, Nginx, go_peers, nginx_before_elasticsearch
from process import free_port
from tally import Tally, differences

LINES = 5000


def ship(checks, lab, node, index, outputs, extra_fields, name):
    port = free_port()
    headrig = lab.start(Headrig(lab.folder("headrig"),
                                beats_input(port) + material.FILTERS + outputs, [port]))
    source = material.write_lines(lab.folder("logs") / "app.log", 0, LINES)
    filebeat = lab.start(Filebeat(lab.folder("filebeat"), [f"127.0.0.1:{port}"], source))
    filebeat.wait_all_acknowledged(60)
    checks.equal(node.count(index), LINES, f"{name}: the count is that of the lines")
    found = [hit["_source"] for hit in node.documents(index)]
    Tally(d.get("serial") for d in found).check(checks, map(material.serial, range(LINES)),
                                                f"{name}: every line exactly once")
    by_serial = {d.get("serial"): d for d in found}
    for n in (0, 3, 4, 5, LINES - 1):
        wrong = differences(by_serial.get(material.serial(n), {}),
                            {**material.document(n, filebeat), **extra_fields})
        checks.ok(not wrong, f"{name}: document {n} is equal field by field", "; ".join(wrong[:6]))
    checks.equal(lab.stop(filebeat), 0, f"{name}: Filebeat ends in order")
    checks.equal(lab.stop(headrig), 0, f"{name}: headrig ends with 0 on SIGTERM")


def body(checks, lab):
    certificates = Certificates(lab.folder("certificates"))
    node = lab.start(Elasticsearch(lab.folder("elasticsearch")))
    node.put_data_stream_template()
    front = lab.start(nginx_before_elasticsearch(lab.folder("nginx"), node, certificates,
                                                 "elastic", "s3cr:et"))
    access = (f'user => "elastic" password => "s3cr:et" '
              f'ssl_certificate_authorities => ["{certificates.crt("ca")}"]')
    ship(checks, lab, node, "app", index_output(front.url, "app", access), {}, "index")
    ship(checks, lab, node, "logs-app-default", data_stream_output(front.url, "app", access),
         {"data_stream": {"type": "logs", "dataset": "app", "namespace": "default"}}, "data stream")
    refused = [line for line in front.access_log().splitlines() if '" 401 ' in line]
    checks.ok(not refused, "no request was refused for its password", refused[:1])


if __name__ == "__main__":
    run_test("elasticsearch9", body, [binary, go_peers, Elasticsearch.prepare, Nginx.prepare])
