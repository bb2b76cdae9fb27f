#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The peers without Headrig: if this fails, the other tests here say nothing about Headrig."""

import base64
import http.client
import ssl

import material
from certificates import Certificates
from checks import run_test
from peers import (Elasticsearch, Filebeat, Heartbeat, LumberReceiver, LumberSender, Metricbeat,
                   Nginx, OpenSearch, go_peers, nginx_before_elasticsearch)
from process import until


def lumber_to_lumber(checks, lab, certificates):
    receiver = lab.start(LumberReceiver(
        lab.folder("recv"), certificates.crt("server"), certificates.key("server"),
        certificates.crt("ca")))
    trust = {"certificate_authorities": certificates.crt("ca")}
    identity = {"certificate": certificates.crt("client"), "key": certificates.key("client")}
    total = 0
    for mode in ("sync", "async"):
        for shape in ("filebeat-8", "metricbeat-9"):
            sent = LumberSender(receiver.address, {**trust, **identity}).send(
                mode=mode, shape=shape, count=2000, tag=f"{mode}-{shape}")
            checks.ok(sent["exit"] == 0 and sent["acknowledged"] == 2000,
                      f"go-lumber to go-lumber, mTLS, {mode}, {shape}", sent)
            total += 2000
    receiver.wait_distinct(total, 10)
    checks.equal(receiver.counts()["repeated"], 0, "nothing arrived twice")
    refused = LumberSender(receiver.address, trust).send(count=1)
    checks.ok(refused["exit"] != 0, "a client without a certificate is refused", refused)
    for name in ("expired", "other_ca"):
        receiver = lab.start(LumberReceiver(lab.folder("recv"), certificates.crt(name),
                                            certificates.key(name)))
        refused = LumberSender(receiver.address, trust).send(count=1)
        checks.ok(refused["exit"] != 0, f"a server with the certificate {name!r} is not trusted",
                  refused)
        lab.stop(receiver)


def beats_to_lumber(checks, lab, certificates):
    receiver = lab.start(LumberReceiver(lab.folder("recv"), certificates.crt("server_ecdsa"),
                                        certificates.key("server_ecdsa"), certificates.crt("ca")))
    tls = {"certificate_authorities": certificates.crt("ca"),
           "certificate": certificates.crt("client"), "key": certificates.key("client")}
    source = material.write_lines(lab.folder("logs") / "app.log", 0, 20000)
    filebeat = lab.start(Filebeat(lab.folder("filebeat"), [receiver.address], source, tls=tls))
    receiver.wait_distinct(20000, 30)
    filebeat.wait_all_acknowledged(10)
    checks.equal(receiver.counts()["repeated"], 0, "Filebeat over mTLS: every line exactly once")
    checks.equal(filebeat.connections_made(), 1, "Filebeat made one connection")
    checks.equal(lab.stop(filebeat), 0, "Filebeat ends in order")
    for peer in (Metricbeat(lab.folder("metricbeat"), [receiver.address], tls=tls),
                 Heartbeat(lab.folder("heartbeat"), [receiver.address], receiver.address, tls=tls)):
        before = receiver.counts()["events"]
        lab.start(peer)
        until(lambda: receiver.counts()["events"] >= before + 4, 20, f"events of {peer.name}")
        checks.equal(lab.stop(peer), 0, f"{peer.name} ships events and ends in order")


def opensearch(checks, lab, _certificates):
    node = lab.start(OpenSearch(lab.folder("opensearch")))
    status, answer = node.request("GET", "/")
    checks.equal((status, answer["version"]["number"]), (200, node.version), "OpenSearch answers")
    status, answer = node.bulk([{"index": {"_index": "a", "_id": "1"}}, {"n": 1},
                                {"create": {"_index": "a", "_id": "1"}}, {"n": 2}])
    checks.equal([next(iter(i.values()))["status"] for i in answer["items"]], [201, 409],
                 "OpenSearch _bulk: index, and a conflict")
    node.put_data_stream_template()
    status, answer = node.bulk([{"create": {"_index": "logs-app-default"}},
                                {"@timestamp": "2026-03-01T12:00:00Z", "n": 1}])
    checks.equal(answer["items"][0]["create"]["status"], 201,
                 "OpenSearch data stream takes a document")
    checks.equal(node.count("logs-app-default"), 1, "and counts it")
    node.stop()
    node.start()
    checks.equal([h["_source"]["n"] for h in node.documents("a")], [1],
                 "documents outlive a restart on the same port")
    checks.note(f"OpenSearch RSS {node.rss_kb() // 1024} MB")
    lab.stop(node)


def elasticsearch(checks, lab, certificates):
    node = lab.start(Elasticsearch(lab.folder("elasticsearch")))
    front = lab.start(nginx_before_elasticsearch(lab.folder("nginx"), node, certificates,
                                                 "elastic", "secret"))
    port = front.ports[0]
    trust = ssl.create_default_context(cafile=certificates.crt("ca"))

    def ask(method, path, body=None, password="secret"):
        token = base64.b64encode(f"elastic:{password}".encode()).decode()
        connection = http.client.HTTPSConnection("127.0.0.1", port, context=trust, timeout=30)
        connection.request(method, path, body, {"Authorization": f"Basic {token}",
                                                "Content-Type": "application/x-ndjson"})
        answer = connection.getresponse()
        answer.text = answer.read().decode()
        connection.close()
        return answer

    for method, path in (("HEAD", "/"), ("GET", "/"), ("GET", "/_license")):
        checks.equal(ask(method, path).status, 200, f"Elasticsearch through nginx: {method} {path}")
    checks.equal(ask("GET", "/").getheader("X-elastic-product"), "Elasticsearch", "product header")
    checks.equal(ask("GET", "/", password="wrong").status, 401, "a wrong password at / is refused")
    checks.equal(ask("POST", "/_bulk", "{}\n", "wrong").status, 401, "and at /_bulk")
    answer = ask("POST", "/_bulk", '{"index":{"_index":"a"}}\n{"n":1}\n')
    checks.equal((answer.status, '"status":201' in answer.text), (200, True), "_bulk through nginx")
    checks.equal(node.count("a"), 1, "and the document is there")
    checks.note(f"Elasticsearch {node.version} RSS {node.rss_kb() // 1024} MB")


def body(checks, lab):
    certificates = Certificates(lab.folder("certificates"))
    for part in (lumber_to_lumber, beats_to_lumber, opensearch, elasticsearch):
        part(checks, lab, certificates)


if __name__ == "__main__":
    run_test("peers_alone", body,
             [go_peers, OpenSearch.prepare, Elasticsearch.prepare, Nginx.prepare])
