#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""-t: what can be known without running is known, all of it in one run, and nothing runs.

findings  faults of every kind over two files: each by file, line and column, for people and machines
material  dictionaries, databases, keys: read, and looked into
pipelines pipelines.yml: each pipeline is checked, and ports are compared over all of them
"""

import json

import lab
from lab import Certificates, Runner, beats_input, binary, check_run, free_port, run_test

NULL = "output { null {} }\n"

# Each with the place of its finding, and words of it.
FIRST = (
    ('filter { grok { match => { "message" => "%{NOSUCH:x}" } } }', "grok {", "NOSUCH"),
    ('filter { mutate { gsub => ["a", "(", "x"] } }', "mutate {", "unmatched parenthesis"),
    ('filter { if [a] =~ /[z-a]/ { drop {} } }', "/[z-a]", "empty range"),
    ('filter { if [a] == 1 { drop {} } else if [a] == 1 { clone { clones => ["x"] } } }', "else if",
     "never reached"),
    ('filter { grok { match => { "message" => "%{WORD:a} %{WORD:b}" } } }', "grok {",
     "begin it with ^"),
)
SECOND = (
    ('filter { mutate { lowercas => ["a"] } }', "lowercas", "lowercase"),
    ('filter { nosuch { } }', "nosuch", "Couldn't find any filter plugin named 'nosuch'"),
    ('filter { truncate { } }', "truncate {", "length_bytes"),
    ('filter { throttle { key => {} } }', "throttle {", "Missing a required setting"),
    ('filter { drop { percentage => "x" } }', '"x"', "percentage"),
    ('filter { date { match => ["a", "yyyy-pp"] } }', "date {", "Illegal pattern component: p"),
    ('filter { date { match => ["a", "UNIX"] timezone => "CEST" } }', "date {", "CEST"),
    ('filter { dissect { mapping => { "a" => "none" } } }', "dissect {", "has no field"),
    ('filter { kv { field_split_pattern => "(" } }', "kv {", "parenthesis"),
    ('filter { csv { convert => { "a" => "int" } } }', "csv {", "none of integer"),
    ('filter { translate { source => "a" dictionary_path => "/none/d.yml" } }', '"/none/d.yml"',
     "/none/d.yml"),
    ('filter { geoip { source => "a" database => "/none/d.mmdb" } }', '"/none/d.mmdb"',
     "/none/d.mmdb"),
)


def places(rows):
    """The text of a file, and `line:column` of each row's finding with its words."""
    found = [(f"{i + 1}:{text.index(at) + 1}", words)
             for i, (text, at, words) in enumerate(rows) if words]
    return "".join(text + "\n" for text, _, _ in rows), found


def findings(checks, lab_):
    run = Runner(lab_)
    folder = run.folder / "conf"
    folder.mkdir()
    wanted = []
    for name, rows in (("1.conf", FIRST), ("2.conf", SECOND)):
        text, found = places(rows)
        (folder / name).write_text(text)
        wanted += [(f"{folder / name}:{place}", words) for place, words in found]
    done = run("-t", "-f", folder)
    checks.equal(done.returncode, 1, "faults end it with 1")
    for place, words in wanted:
        line = done.stderr.partition(place + ":")[2][:900]
        checks.ok(words in line, f"{words}: at its place", f"{place}\n{done.stderr[:6000]}")
    checks.ok("\033[" not in done.stderr, "no colours for a file")
    machine = run("-t", "--format=json", "-f", folder)
    said = json.loads(machine.stdout)
    got = {f"{f['file']}:{f['line']}:{f['column']}": f for f in said["findings"]}
    checks.equal(machine.returncode, 1, "for machines too")
    for place, words in wanted:
        one = got.get(place, {})
        checks.ok(words in json.dumps(one, ensure_ascii=False) + one.get("message", ""),
                  f"{words}: as JSON", f"{place}: {one}\n{sorted(got)}")
    checks.equal(said["errors"], sum(f["level"] == "error" for f in said["findings"]),
                 "and how many errors")
    (folder / "2.conf").write_text('filter { if [a] { drop {} }\n')
    (folder / "1.conf").write_text('filter { drop { percentage => } }\n')
    done = run("-t", "-f", folder)
    checks.ok("1.conf:1:31: error" in done.stderr and "2.conf:2:1: error" in done.stderr, "syntax errors of all files",
              done.stderr[:3000])


def material(checks, lab_):
    run = Runner(lab_)
    certificates = Certificates(lab_.folder("certificates"))

    def refused(name, text, words):
        (run.folder / "m.conf").write_text(text + NULL)
        check_run(checks, run("-t", "-f", run.folder / "m.conf"), 1, words, name)

    for suffix, text in (("yml", "a: [1\n"), ("json", '{"a": 1'), ("csv", "a,b\n\"c\n")):
        path = run.folder / f"bad.{suffix}"
        path.write_text(text)
        refused(f"a dictionary that is no {suffix}",
                f'filter {{ translate {{ source => "a" dictionary_path => "{path}" }} }}\n',
                [f"bad.{suffix}", "m.conf:1:"])
    for suffix, option, plugin in (("mmdb", "database", "geoip"), ("yaml", "regexes", "useragent")):
        path = run.folder / f"bad.{suffix}"
        path.write_text("neither: a database\n")
        refused(f"{plugin}: a file that is something else",
                f'filter {{ {plugin} {{ source => "a" target => "b" {option} => "{path}" }} }}\n',
                [f"bad.{suffix}", "m.conf:1:"])

    def tls(key):
        return (f'input {{ beats {{ port => {free_port()} ssl_enabled => true ssl_certificate => '
                f'"{certificates.crt("server")}" ssl_key => "{certificates.key(key)}" }} }}\n')

    refused("a key of another certificate", tls("client"), ["ssl_key", "client.key", "m.conf:1:"])
    (run.folder / "m.conf").write_text(tls("server") + NULL)
    check_run(checks, run("-t", "-f", run.folder / "m.conf"), 0, ["Configuration OK"],
              "the right key is OK")
    port = free_port()
    refused("a port wanted twice", beats_input(port) * 2, [f"port {port} is taken"])


def pipelines(checks, lab_):
    run = Runner(lab_)
    port = free_port()

    def write(*texts):
        run.write("pipelines.yml", "".join(
            f"- pipeline.id: p{i}\n  config.string: '{text}'\n" for i, text in enumerate(texts)))

    one = (beats_input(port) + NULL).replace("\n", " ")
    write(one, "input { generator { count => 1 } } output { pipeline { send_to => [nobody] } }")
    check_run(checks, run("-t"), 1, ["send_to", "nobody"], "a send_to without a receiver")

    def hop(address, to):
        return (f'input {{ pipeline {{ address => {address} }} }} '
                f'output {{ pipeline {{ send_to => [{to}] }} }}')

    write(one, hop("one", "two"), hop("two", "one"))
    check_run(checks, run("-t"), 1, ["circle"], "pipelines in a circle")
    write(one, hop("one", "one"))
    check_run(checks, run("-t"), 1, ["circle"], "a pipeline that sends to itself")
    write(one, hop("one", "two"), 'input { pipeline { address => two } } ' + NULL.strip(),
          'input { pipeline { address => two } } ' + NULL.strip())
    check_run(checks, run("-t"), 1, ["'two' is used by two"], "an address taken twice")
    write(one, hop("one", "two"), 'input { pipeline { address => two } } ' + NULL.strip())
    check_run(checks, run("-t"), 0, ["Configuration OK"], "a road of three pipelines is OK")
    write(one, 'input { generator { count => 1 } } output { pipeline { send_to => [nobody] '
          'ensure_delivery => false } }')
    check_run(checks, run("-t"), 0, ["Configuration OK"], "nobody listens, and need not")
    write(one, "filter { grok { match => { message => \"%{ONE:x}\" } } } " + NULL.strip(),
          "filter { nosuch { } } " + NULL.strip())
    check_run(checks, run("-t"), 1, ["ONE", "nosuch"], "faults of two pipelines in one run")
    write(one, one)
    check_run(checks, run("-t"), 1, [f"port {port} is taken"], "a port of two pipelines")
    write(one)
    check_run(checks, run("-t"), 0, ["Configuration OK"], "a good one")
    checks.ok("Starting server" not in run.done.stderr, "and nothing is started")


def body(checks, lab_):
    lab.run_parts(checks, {part.__name__: lambda part=part: part(checks, lab_)
                           for part in (findings, material, pipelines)}, arguments.only)


if __name__ == "__main__":
    arguments = lab.options(__doc__, only=("", "only this part"))
    run_test("check_only", body, [binary])
