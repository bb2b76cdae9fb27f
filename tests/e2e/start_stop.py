#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the process starts, reports and ends: messages, exit codes, signals, the account."""

import json
import os
import re
import signal
import time
from pathlib import Path

import lab
from lab import (HeldPipe, Runner, Server, beats_input, binary, check_run, file_output, free_port,
                 read_events, run_test, until)
from lumberjack import Client, events, window

NULL = "output { null {} }\n"
PLAIN = re.compile(r"^\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d,\d{3}\]\[(FATAL|ERROR|WARN |INFO |DEBUG|TRACE)\]"
                   r"\[[a-z][a-zA-Z.]+ *\](\[[^\]]+\]){0,2} \S")


def exit_codes(checks, lab_):
    run = Runner(lab_)
    pipeline = beats_input(free_port()) + NULL
    check_run(checks, run("-V"), 0, ["headrig "], "-V")
    check_run(checks, run("-h"), 0, ["--path.config"], "-h")
    check_run(checks, run("-t", "-e", pipeline), 0, ["Configuration OK"], "-t of a good config")
    check_run(checks, run("-t", "-e", "input { beats { prt => 1 } } " + NULL), 1,
              ["The given configuration is invalid. Reason:", "prt", "port"], "-t of a bad config")
    checks.ok("Configuration OK" not in run.done.stdout, "which is not called OK")
    check_run(checks, run("--nosuch", "1"), 1, ["nosuch"], "an unknown option")
    check_run(checks, run("stray"), 1, ["stray"], "a stray argument")
    check_run(checks, run("-e"), 1, ["-e"], "an option without its value")
    check_run(checks, run("-e", pipeline, "-f", "x.conf"), 1,
              ["path.config", "config.string"], "-e with -f")
    check_run(checks, run("-f", run.folder / "missing.conf"), 1, ["missing.conf"], "-f of nothing")
    check_run(checks, run(), 1, ["-f", "-e"], "no configuration at all")
    if os.geteuid() == 0:
        check_run(checks, run("-e", pipeline, root=False), 1, ["superuser", "allow_superuser"],
                  "root is refused")
    check_run(checks, run("-e", pipeline, "-S", "queue.type=persisted"), 1,
              ["queue.type", "persisted"], "a persisted queue is refused by name")
    check_run(checks, run("-e", pipeline, "-S", "dead_letter_queue.enable=true"), 1,
              ["dead_letter_queue.enable"], "the dead letter queue is refused by name")
    check_run(checks, run("-e", pipeline, "--beats.ack", "queued"), 1, ["beats.ack", "queued"],
              "beats.ack: queued is refused by name")
    done = run("-e", "input { stdin { } } output { stdout { codec => line } }", text="one\ntwo\n")
    check_run(checks, done, 0, ["one", "two", "Logstash shut down."], "the end of stdin ends it with 0")
    done = run("-e", "input { generator { count => 5 } } " + NULL)
    check_run(checks, done, 0, ["given: 5, delivered: 5"], "a counted generator ends it with 0")

    # Settings: everything in one run, each with its line.
    run.write("logstash.yml", "pipelin.workers: 3\npipeline:\n  batch:\n    size: abc\nlog.level: loud\n")
    run.write("headrig.yml", "memory.limt: 3\nbeats.max_pairs: -2\n")
    done = run("-e", pipeline)
    check_run(checks, done, 1, ["logstash.yml:1", "pipeline.workers", "logstash.yml:4", "abc",
                                "logstash.yml:5", "loud", "headrig.yml:1", "memory.limit",
                                "headrig.yml:2", "-2"], "bad settings: all in one run, with line and "
              "nearest name")
    run.write("headrig.yml", "")
    run.write("logstash.yml", "a: [1\n")
    check_run(checks, run("-e", pipeline), 1, ["logstash.yml:"], "settings that are no YAML")
    run.write("logstash.yml", "")
    run.write("headrig.yml", "plugin.nobody.max_pairs: 5\nlog.level: debug\n")
    check_run(checks, run("-e", pipeline), 1, ["headrig.yml:2", "log.level"],
              "a key of logstash.yml in headrig.yml")
    run.write("headrig.yml", "memory.limit: 512\n")
    check_run(checks, run("-e", "input { generator { count => 5 } } " + NULL), 1,
              ["headrig.yml:1", "memory.limit", "512", "16777216"],
              "a memory.limit without its unit, in which nothing has room")
    run.write("headrig.yml", "memory.limit: 512mb\nmemory:\n  limit: 256mb\n")
    run.write("logstash.yml", "pipeline:\n  workers: 3\n  batch.size: 77\nlog.level: info\n"
              "pipeline:\n  workers: 1\n")
    path = run.settings
    check_run(checks, run("-e", "input { generator { count => 5 } } " + NULL), 0,
              [f'logstash.yml:5: "pipeline" is given twice: {path}/logstash.yml:1 does not count',
               '"pipeline.workers" => 1', '"pipeline.batch.size" => 125',
               f'headrig.yml:3: "memory.limit" is given twice: {path}/headrig.yml:1 does not count'],
              "a setting given twice is said; the later one counts, all of it, as in Logstash")
    run.write("pipelines.yml", '- pipeline.id: one\n  config.string: "input { generator { count => 5 } }'
              ' output { null {} }"\n  pipeline.workers: 2\n  pipeline.workers: 1\n'
              '- pipeline.id: 2\n  pipeline.id: two\n  config.string: "input { generator { count => 5 } }'
              ' output { null {} }"\n')
    done = run()
    check_run(checks, done, 0,
              [f'pipelines.yml:4: "pipeline.workers" is given twice: {path}/pipelines.yml:3 does not',
               'pipeline_id: "one", "pipeline.workers" => 1'], "in pipelines.yml, too")
    checks.equal(done.stderr.count("pipelines.yml:"), 4, "and two entries are no twins")
    run.write("headrig.yml", "")


def balanced(account):
    return account and account["given"] == (account["delivered"] + account["refused"]
                                            + account["returned_unacknowledged"] + account["lost"])


def orderly_stop(checks, lab_):
    """SIGTERM drains and acknowledges."""
    port = free_port()
    out = lab_.folder("out") / "events.json"
    server = lab_.start(Server(lab_.folder("drain"), beats_input(port) + "filter { mutate { "
                               'add_tag => [ "x" ] } }' + file_output(out), [port]))
    with Client(port) as client, Client(port) as half:
        half.send(window(events(range(50)))[:200])
        windows = 40
        for i in range(windows):
            client.send(window(events(range(i * 500, i * 500 + 500), 300), level=3))
        server.signal(signal.SIGTERM)
        acknowledged = len(client.read_real(windows, 20))
        checks.equal(client.read_end(10), "end", "SIGTERM under load: the connection ends in order")
        checks.equal(half.read_real(1, 10), [], "half a window is not acknowledged")
    checks.equal(server.wait_exit(20), 0, "it ends with 0")
    serials = {e["serial"] for e in read_events(out)[0]}
    lost = [n for n in range(acknowledged * 500) if f"s{n:08d}" not in serials]
    checks.equal(lost, [], f"{acknowledged} of {windows} windows were acknowledged, all of them arrived")
    checks.equal(len(serials), acknowledged * 500, "what arrived was acknowledged")
    account = server.account()
    checks.ok(balanced(account) and account["delivered"] == acknowledged * 500
              and account["returned_unacknowledged"] == 0,
              "the account adds up", account)
    checks.ok("Pipeline terminated" in server.log() and "Logstash shut down." in server.log(),
              "the lines that runbooks look for")


def stop_with_dead_destination(checks, lab_):
    port = free_port()
    pipe = HeldPipe(lab_.folder("pipe"))
    server = lab_.start(Server(lab_.folder("dead"), beats_input(port) + pipe.output(), [port],
                               settings="shutdown.timeout: 7s\n"))
    with Client(port) as client:
        client.send(window(events(range(300), 1000), level=3) * 3)
        until(lambda: server.memory()["events_given"] >= 300, 10, "the first window is given")
        start = time.monotonic()
        server.signal(signal.SIGTERM)
        acks = client.read_for(4)
        checks.ok(acks and not any(a.seq for a in acks), "dead destination: keep-alives go on, no ACK",
                  f"{acks}")
        server.signal(signal.SIGQUIT)
        until(lambda: server.lines_with("Memory by part")[1:], 3, "SIGQUIT's report while stopping")
        how = client.read_end(10)
        checks.ok(how in ("end", "reset") and not any(a.seq for a in client.acks),
                  "nothing was acknowledged", how)
    checks.equal(server.wait_exit(10), 0, "it ends with 0")
    took = time.monotonic() - start
    checks.ok(6.5 < took < 30, f"after {took:.1f} s, shutdown.timeout is 7")
    checks.ok(server.says("Shutdown is waiting"), "it said why it waited")
    account = server.account()
    checks.ok(balanced(account) and account["delivered"] == 0 and account["returned_unacknowledged"] > 0,
              "the account says what goes back to the sender", account)
    pipe.close()


def standard_input(checks, lab_):
    """What cannot be asked again: lines that wait for others, and what a stop leaves."""
    out = lab_.folder("out") / "events.json"
    reading, writing = os.pipe()
    server = lab_.start(Server(
        lab_.folder("quiet"), 'input { stdin { codec => multiline { pattern => "^ " '
        "what => previous auto_flush_interval => 0.3 } } }\n" + file_output(out),
        standard_input=reading))
    os.close(reading)
    os.write(writing, b"one\n two\n")
    until(lambda: out.exists() and len(read_events(out)[0]) == 1, 5, "the lines come out by themselves")
    os.write(writing, b" three")
    until(lambda: len(read_events(out)[0]) == 2, 5, "so does a line whose end never comes")
    os.write(writing, b"x\nfour")
    os.close(writing)
    checks.equal(server.wait_exit(10), 0, "it ends with its input")
    checks.equal([e["message"] for e in read_events(out)[0]], ["one\n two", " three", "x", "four"],
                 "auto_flush_interval gives out what waits; the end gives out the rest")

    out = lab_.folder("out") / "lines.json"
    reading, writing = os.pipe()
    server = lab_.start(Server(lab_.folder("half"), "input { stdin { } }\n" + file_output(out),
                               standard_input=reading))
    os.close(reading)
    os.write(writing, b"one\nha")
    until(lambda: out.exists() and len(read_events(out)[0]) == 1, 5, "the line that has its end")
    os.write(writing, b"lf\nrest")
    until(lambda: len(read_events(out)[0]) == 2, 5, "the other once it has")
    os.close(writing)
    checks.equal(server.wait_exit(10), 0, "it ends with its input")
    checks.equal([e["message"] for e in read_events(out)[0]], ["one", "half", "rest"],
                 "codec line waits for the rest of a line, the end of the input ends it")

    pipe = HeldPipe(lab_.folder("pipe"))
    reading, writing = os.pipe()
    server = lab_.start(Server(lab_.folder("left"), "input { stdin { } }\n" + pipe.output(),
                               settings="shutdown.timeout: 1s\n", standard_input=reading))
    os.close(reading)
    os.write(writing, b"".join(b"%0100d\n" % i for i in range(300)))
    until(lambda: server.memory()["events_given"] >= 300, 10, "all lines are given")
    server.signal(signal.SIGTERM)
    checks.equal(server.wait_exit(10), 0, "a stop at its limit ends with 0")
    os.close(writing)
    account = server.account()
    checks.ok(balanced(account) and account["lost"] > 0 and account["returned_unacknowledged"] == 0,
              "the account says what nobody will send again", account)
    checks.ok(server.says("stdin cannot be asked for them again"), "and so does the input")
    pipe.close()


def impatience(checks, lab_):
    for number, name in ((signal.SIGINT, "SIGINT"), (signal.SIGTERM, "SIGTERM")):
        port = free_port()
        pipe = HeldPipe(lab_.folder("pipe"))
        server = lab_.start(Server(lab_.folder("twice"), beats_input(port) + pipe.output(), [port]))
        with Client(port) as client:
            client.send(window(events(range(300), 1000)))
            until(lambda: server.memory()["events_given"] >= 300, 10, "the window is given")
            server.signal(number)
            checks.ok(server.says(f"{name} received. Shutting down."), f"the first {name} is taken")
            start = time.monotonic()
            server.signal(number)
            checks.equal(server.wait_exit(5), 1, f"a second {name} ends with 1")
            checks.ok(time.monotonic() - start < 5, f"at once ({time.monotonic() - start:.2f} s)")
            checks.ok(not any(a.seq for a in client.read_for(0.2)), "nothing was acknowledged")
        lab_.stop(server)
        pipe.close()
    port = free_port()
    server = lab_.start(Server(lab_.folder("once"), beats_input(port) + NULL, [port]))
    server.signal(signal.SIGHUP)
    checks.ok(server.says("SIGHUP"), "the line about SIGHUP")
    with Client(port) as client:
        client.send(window(events(range(3))))
        checks.equal(client.read_real(1, 5), [3], "SIGHUP: it lives on and says so")
        report = server.memory()
        checks.ok(report["connections"] == 1 and report["events_done"] == 3 and report["limit"] > 0,
                  "SIGQUIT: memory by part, events and connections", report)
    server.signal(signal.SIGINT)
    checks.equal(server.wait_exit(5), 0, "one SIGINT ends with 0")


def blocked(server, number, thread=""):
    """Whether the server holds this signal back; it does from the first moment of main."""
    for line in Path(f"/proc/{server.child.pid}{thread}/status").read_text().splitlines():
        if line.startswith("SigBlk:"):
            return bool(int(line.split()[1], 16) >> (number - 1) & 1)
    return False


def signals_by_mistake(checks, lab_):
    """What supervisors and scripts send though it means nothing here: no event is lost by it."""
    port = free_port()
    out = lab_.folder("out") / "events.json"
    server = lab_.start(Server(lab_.folder("mistake"), beats_input(port) + file_output(out), [port]))
    names = {}
    for task in Path(f"/proc/{server.child.pid}/task").iterdir():
        if int(task.name) != server.child.pid:
            names[(task / "comm").read_text().strip()] = all(
                blocked(server, number, f"/task/{task.name}")
                for number in (signal.SIGTERM, signal.SIGCHLD))
    checks.ok({"log", "worker-0", "loop-0"} <= names.keys() and all(names.values()),
              "each thread has a name and leaves signals to the main thread", names)
    sent = [signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM, signal.SIGVTALRM, signal.SIGPROF,
            signal.SIGIO, signal.SIGPWR, signal.SIGXCPU, signal.SIGXFSZ, signal.SIGHUP,
            signal.SIGPIPE, signal.SIGRTMIN, signal.SIGRTMIN + 3, signal.SIGRTMAX]
    with Client(port) as client:
        client.send(window(events(range(300), 300))[:200])
        for number in sent + [signal.SIGUSR1]:
            server.signal(number)
        for number in sent:
            if number in (signal.SIGHUP, signal.SIGPIPE):
                continue
            name = (f"SIGRTMIN+{number - signal.SIGRTMIN}" if number >= signal.SIGRTMIN
                    else signal.Signals(number).name)
            checks.ok(server.says(f"{name}: ignored"), f"{name} is ignored, and that is said")
        checks.ok(server.says("SIGHUP: reloading is not supported yet"), "SIGHUP says what it is")
        client.send(window(events(range(300), 300))[200:])
        checks.ok(client.read_real(1, 10), "the window that was under way goes on")
    server.signal(signal.SIGUSR1)
    server.signal(signal.SIGTERM)
    checks.equal(server.wait_exit(10), 0, "it ends with 0")
    checks.equal(len(server.lines_with("SIGUSR1: ignored")), 1, "each is said once")
    checks.equal(len(read_events(out)[0]), 300, "every event arrived")


def log_forms(checks, lab_):
    for form in ("plain", "json"):
        port = free_port()
        server = lab_.start(Server(lab_.folder(form), beats_input(port, extra='id => "in-1" ') + NULL,
                                   [port], flags=["--log.format", form, "--log.level", "debug"]))
        with Client(port) as client:
            client.send(b'2Q"\xff\xfe\x01\n]')
            client.read_end(5)
        server.memory() if form == "plain" else server.signal(signal.SIGQUIT)
        checks.equal(lab_.stop(server), 0, f"{form}: it ends with 0")
        lines = server.err_path.read_bytes().decode("utf-8").splitlines()
        if form == "plain":
            bad = [x for x in lines if not PLAIN.match(x)]
            checks.equal(bad, [], f"{len(lines)} plain lines have Logstash's form")
            checks.ok(any("[main][in-1] " in x for x in lines), "with pipeline and plugin")
            continue
        records = [json.loads(x) for x in lines]
        bad = [r for r in records if not {"level", "loggerName", "timeMillis", "thread", "logEvent"}
               <= r.keys() or "message" not in r["logEvent"] or not isinstance(r["timeMillis"], int)]
        checks.equal(bad, [], f"{len(records)} JSON lines have Logstash's keys")
        checks.ok(any(r.get("pipeline.id") == "main" and r.get("plugin.id") == "in-1"
                      for r in records), "with pipeline and plugin")
        checks.ok(any(r["logEvent"].get("running_pipelines") == ["main"] for r in records),
                  "parameters are keys with their types")


def early_signals(checks, lab_):
    """SIGTERM at any moment of the start ends in order, never hangs. Only before main the system's
    default still stands."""
    codes = set()
    for delay in range(0, 40, 2):
        server = Server(lab_.folder(f"early{delay}"), beats_input(free_port()) + NULL, [])
        server.launch()
        time.sleep(0.002 + delay / 1000)
        in_main = blocked(server, signal.SIGTERM)
        server.signal(signal.SIGTERM)
        codes.add((in_main, server.wait_exit(10)))
    checks.ok(codes <= {(True, 0), (False, 0), (False, -signal.SIGTERM)}, "SIGTERM while it starts",
              codes)

    server = Server(lab_.folder("first"), beats_input(free_port()) + NULL, [])
    server.launch()
    until(lambda: blocked(server, signal.SIGUSR1), 10, "signals are held back")
    checks.ok(all(blocked(server, number) for number in (signal.SIGTERM, signal.SIGINT,
                                                          signal.SIGHUP, signal.SIGQUIT)),
              "all at once")
    server.signal(signal.SIGHUP)
    server.signal(signal.SIGUSR1)
    server.signal(signal.SIGQUIT)
    checks.ok(server.says("SIGUSR1: ignored", 10) and server.says("SIGHUP: ", 10)
              and server.says("Memory by part", 10), "what came before it stood is taken up then")
    server.signal(signal.SIGTERM)
    checks.equal(server.wait_exit(10), 0, "and a start with SIGHUP ends with 0")

    fifo = lab_.folder("fifo") / "slow.conf"
    os.mkfifo(fifo)
    check = Server(lab_.folder("check"), "", [], flags=["-t"])
    check.conf = fifo
    check.launch()
    until(lambda: check.lines_with("Starting Logstash"), 10, "the check of a configuration")
    check.signal(signal.SIGTERM)
    checks.equal(check.wait_exit(10), -signal.SIGTERM, "SIGTERM ends a check whose file never comes")


def body(checks, lab_):
    lab.run_parts(checks, {
        "codes": lambda: exit_codes(checks, lab_),
        "drain": lambda: orderly_stop(checks, lab_),
        "dead": lambda: stop_with_dead_destination(checks, lab_),
        "stdin": lambda: standard_input(checks, lab_),
        "signals": lambda: impatience(checks, lab_),
        "mistake": lambda: signals_by_mistake(checks, lab_),
        "log": lambda: log_forms(checks, lab_),
        "early": lambda: early_signals(checks, lab_),
    }, arguments.only)


if __name__ == "__main__":
    arguments = lab.options(__doc__, only=("", "only this part"))
    run_test("start_stop", body, [binary])
