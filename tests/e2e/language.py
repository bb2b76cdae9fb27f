#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operator writes beside a pipeline's plugins: pipelines.yml, variables, escapes, common
options, inputs and codecs that make a pipeline testable by hand.

settings    pipelines.yml: each pipeline has its own ECS mode, escapes, batches, files by glob
bus         `pipeline` outputs and inputs; a window is acknowledged when the last of them is done
variables   ${NAME} wherever Logstash has them
inputs      heartbeat, generator, stdin with codecs and charsets
"""

import json
import os

import lab
from lab import HeldPipe, Runner, beats_input, binary, check_run, free_port, run_test, until
from lumberjack import Client, events, window
from several_inputs import Pipelines


def lines_of(text):
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def yml(*pipelines):
    """pipelines.yml; each pipeline a dict."""
    return "".join("- " + "\n  ".join(f"{key}: {json.dumps(value)}" for key, value in one.items())
                   + "\n" for one in pipelines)


STDOUT = " output { stdout { codec => json_lines } }"


def settings(checks, lab_):
    run = Runner(lab_)
    (run.folder / "parts").mkdir()
    (run.folder / "parts/2.conf").write_text(
        'filter { mutate { add_field => { "order" => "%{[order]}2" } } }\n' + STDOUT)
    (run.folder / "parts/1.conf").write_text(
        'input { generator { count => 1 add_field => { "from" => "files" "order" => "1" } } }\n')
    (run.folder / "parts/3.txt").write_text("this is no pipeline\n")
    make = 'input { generator { count => 3 message => "m" add_field => { "from" => "%s" } } }'
    tab = ' filter { mutate { add_field => { "tab" => "a\\tb" "it" => "%{[with&#91;it&#93;]}" } } }'
    rename = ' filter { mutate { rename => { "message" => "with&#91;it&#93;" } } }'
    run.write("logstash.yml", "pipeline.ecs_compatibility: disabled\n"
                              "config.field_reference.escape_style: ampersand\n")
    run.write("pipelines.yml", yml(
        {"pipeline.id": "plain", "config.string": make % "plain" + rename + tab + STDOUT},
        {"pipeline.id": "ecs", "pipeline.ecs_compatibility": "v8", "pipeline.batch.size": 2,
         "pipeline.workers": 2, "config.support_escapes": True,
         "config.string": make % "ecs" + rename + tab + STDOUT},
        {"pipeline.id": "files", "path.config": str(run.folder / "parts/*.conf")}))
    done = run()
    got = lines_of(done.stdout)
    by = {name: [e for e in got if e["from"] == name] for name in ("plain", "ecs", "files")}
    checks.equal((done.returncode, {k: len(v) for k, v in by.items()}),
                 (0, {"plain": 3, "ecs": 3, "files": 1}), "three pipelines, each its events")
    checks.equal({type(e["host"]) for e in by["plain"]}, {str}, "ECS off: host is a text")
    checks.equal({type(e["host"]) for e in by["ecs"]}, {dict}, "ECS on: host is an object")
    checks.equal({e["tab"] for e in by["plain"]}, {"a\\tb"}, "escapes stay as they are written")
    checks.equal({e["tab"] for e in by["ecs"]}, {"a\tb"}, "config.support_escapes: a tab")
    checks.ok(all(e["with[it]"] == "m" and e["it"] == "m" for e in by["plain"]),
              "names of fields with &#91;", by["plain"][:1])
    checks.equal([e["order"] for e in by["files"]], [["1", "12"]], "files of a glob, in order")
    run.write("logstash.yml", "config.field_reference.escape_style: percent\n")
    (run.settings / "pipelines.yml").unlink()
    done = run("-e", 'input { generator { count => 1 } } filter { mutate { replace => '
               '{ "[a%5Bb%5D]" => "%{[message]}" } } }' + STDOUT)
    checks.equal([e.get("a[b]") for e in lines_of(done.stdout)], ["Hello world!"],
                 "names of fields with %5B")


def bus(checks, lab_):
    """One window to two pipelines, of which one is held: the ACK waits for both."""
    port = free_port()
    pipe, open_one = HeldPipe(lab_.folder("pipe")), lab_.folder("out") / "open.json"
    server = Pipelines(lab_.folder("bus"), "", [port])

    def out(path):
        return f'output {{ file {{ path => "{path}" codec => json_lines }} }}'

    (server.folder / "settings/pipelines.yml").write_text(yml(
        {"pipeline.id": "in", "config.string":
         beats_input(port) + 'output { pipeline { send_to => ["held", "open"] } }'},
        {"pipeline.id": "held", "config.string":
         'input { pipeline { address => held } } ' + pipe.output()},
        {"pipeline.id": "open", "config.string":
         'input { pipeline { address => open } } filter { mutate { remove_field => ["m"] '
         'add_tag => ["open"] } } ' + out(open_one)}))
    lab_.start(server)
    with Client(port, within=60) as client:
        client.send(window(events(range(2000), 500), level=3))
        until(lambda: open_one.exists() and open_one.read_text().count("\n") == 2000, 20,
              "the open pipeline has all of them")
        checks.equal([a.seq for a in client.read_for(3) if a.seq], [], "no ACK while one output is held")
        pipe.release()
        checks.equal(client.read_real(1, 20), [2000], "the ACK, when both have them")
        pipe.wait_lines(2000)
    checks.ok(all("open" in e["tags"] for e in lines_of(open_one.read_text())),
              "each pipeline changes its own copies")
    checks.equal(lab_.stop(server), 0, "it ends with 0")
    pipe.close()


def variables(checks, lab_):
    run = Runner(lab_)
    os.environ.update(HR_COUNT="2", HR_TEXT="te xt", HR_FIELD="[a][b]", HR_WORD="x")
    os.environ.pop("HR_NONE", None)
    done = run("-e", 'input { generator { count => "${HR_COUNT}" message => "${HR_TEXT} '
               '${HR_NONE:default} ${HR_NONE:}" add_field => { "w" => "${HR_WORD}" } } } filter { if [message] == "te xt default " and '
               '[w] in ["${HR_WORD}", "y"] { mutate { copy => { "message" => "${HR_FIELD}" } '
               'add_field => { "${HR_WORD}" => "a ${HR_WORD}" } '
               'add_tag => ["${HR_WORD}", "$HR_TEXT"] } } }' + STDOUT)
    got = lines_of(done.stdout)
    checks.equal([(e.get("a", {}).get("b"), e.get("${HR_WORD}"), e.get("tags")) for e in got],
                 [("te xt default ", "a x", ["x", "$HR_TEXT"])] * 2,
                 "in values, lists, numbers and conditions, with defaults; not in keys")
    check_run(checks, run("-e", 'input { generator { message => "${HR_NONE}" } }' + STDOUT), 1,
              ["HR_NONE", "Cannot evaluate"], "one that is not set is named")
    run.write("logstash.yml", "pipeline.batch.size: ${HR_COUNT}\nnode.name: ${HR_NONE:me}\n")
    run.write("pipelines.yml", "- pipeline.id: ${HR_WORD}\n  config.string: 'input { generator { "
              f"count => ${{HR_COUNT}} message => \"y\" }} }}{STDOUT}'\n")
    checks.equal([e["message"] for e in lines_of(run().stdout)], ["y", "y"],
                 "in logstash.yml and pipelines.yml")


def inputs(checks, lab_):
    run = Runner(lab_)
    done = run("-e", 'input { heartbeat { interval => 0 count => 3 sequence => "sequence" '
               'add_field => { "k" => "v" } tags => ["hb"] type => "t" } } '
               'filter { mutate { remove_tag => ["hb"] } }' + STDOUT)
    # Each is a window of its own, and several workers keep no order between windows.
    checks.equal(sorted((e["event"]["sequence"], e["k"], e["type"], e["tags"])
                        for e in lines_of(done.stdout)), [(i, "v", "t", []) for i in (1, 2, 3)],
                 "heartbeat counts, and takes the common options")

    def fed(codec, text, name, want, output=STDOUT, key="message"):
        """With one worker: several keep no order between windows."""
        (run.folder / "text").write_bytes(text)
        with open(run.folder / "text", "rb") as f:
            run_with = lab.subprocess.run(
                [str(binary()), "--path.settings", str(run.settings), "--path.data",
                 str(run.folder / "data"), "-S", "allow_superuser=true", "-w", "1", "-e",
                 f"input {{ stdin {{ codec => {codec} }} }}{output}"],
                stdin=f, capture_output=True, timeout=20)
        said = run_with.stdout.decode()
        got = [e[key] for e in lines_of(said)] if output == STDOUT else said
        checks.equal(got, want, name)

    fed('line { charset => "ISO-8859-1" }', "na\xefve\n\xe9t\xe9\n".encode("latin-1"), "line, Latin-1",
        ["na\xefve", "\xe9t\xe9"])
    fed('plain { charset => "CP1252" }', b"\x80\x92\n", "plain, Windows", ["\u20ac\u2019"])
    fed('line { charset => "UTF-16LE" delimiter => "|" }', "a\xe4".encode("utf-16le"),
        "line, two bytes a character", ["a\xe4"])
    fed("line", b"\xff\xfe x\n", "line, bytes that are no UTF-8", ["\\xFF\\xFE x"])
    fed('json_lines { charset => "ISO-8859-1" }', '{"message":"\xe9"}\n'.encode("latin-1"),
        "json_lines, Latin-1", ["\xe9"])
    fed('multiline { pattern => "^ " what => previous charset => "ISO-8859-1" }',
        "a\n \xe9\nb\n".encode("latin-1"), "multiline, Latin-1", ["a\n \xe9", "b"])
    fed("json", b'[{"message":"1"},{"message":"2"}]\n', "json, a list", ["1", "2"])
    fed("line", b"a\nb\n", "dots", "..", " output { stdout { codec => dots } }")
    fed("line", b"a\n", "a line of a format", "a!\n",
        ' output { stdout { codec => line { format => "%{message}!" } } }')


def body(checks, lab_):
    lab.run_parts(checks, {part.__name__: lambda part=part: part(checks, lab_)
                           for part in (settings, bus, variables, inputs)}, arguments.only)


if __name__ == "__main__":
    arguments = lab.options(__doc__, only=("", "only this part"))
    run_test("language", body, [binary])
