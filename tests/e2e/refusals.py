#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What cannot run does not start: the message names the file, line and column, the plugin, and the
thing; the exit code is 1; and nothing of the rest has run.

keys         keys and certificates that cannot be read, decrypted or used
stores       Java's stores of outputs: the command of the message makes PEM that is taken
ports        a port that is in use
credentials  a cluster that does not take the password
halves       a good part beside a bad one: no port is open, no event is made
folder       path.data in use
"""

import http.server
import os
import re
import select
import shutil
import socket
import subprocess
import threading

import lab
from lab import (Certificates, Runner, Server, beats_input, binary, check_run, file_output,
                 free_port, run_test)

NULL = "output { null {} }\n"


def place(run, name, text, of):
    """Writes the text into a file; `name:line:column` of the first place of `of` in it."""
    (run.folder / name).write_text(text)
    if of is None:
        return name
    before = text[:text.index(of)]
    return f"{name}:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


def keys(checks, lab_):
    certificates = Certificates(lab_.folder("certificates"))
    run = Runner(lab_)
    folder = run.folder

    def refused(name, words, extra="", certificate="server", key=None, at="ssl_key", **how):
        text = (f'input {{\n  beats {{ id => "edge" port => {free_port()} ssl_enabled => true\n'
                f'    ssl_certificate => "{certificates.crt(certificate)}"\n'
                f'    ssl_key => "{key or certificates.key("server")}"\n    {extra}\n  }}\n}}\n')
        where = place(run, "tls.conf", text + NULL, f"{at} => ")
        line, column = where.split(":")[1:]
        # Of an option, what counts is its value.
        where = f"tls.conf:{line}:{int(column) + len(at) + 4}"
        check_run(checks, run("-f", folder / "tls.conf", **how), 1,
                  [where, "beats", "Failed to execute action", *words], name)

    (folder / "garbage.pem").write_text("this is no key\n")
    subprocess.run([certificates.openssl, "pkcs8", "-topk8", "-in", certificates.key("server"),
                    "-out", folder / "locked.key", "-passout", "pass:right-word"], check=True,
                   capture_output=True)
    refused("a key that is none", ["ssl_key", "garbage.pem"], key=folder / "garbage.pem")
    refused("a key that is not there", ["ssl_key", "missing.key"], key=folder / "missing.key")
    refused("a wrong passphrase", ["ssl_key_passphrase is wrong", "locked.key"],
            'ssl_key_passphrase => "wrong-word"', key=folder / "locked.key")
    checks.ok("wrong-word" not in run.done.stderr, "which is not logged")
    refused("a missing passphrase", ["ssl_key_passphrase", "locked.key"], key=folder / "locked.key")
    refused("a key that does not belong to the certificate", ["ssl_key", "server.crt", "client.key"],
            key=certificates.key("client"))
    refused("authorities that are none", ["ssl_certificate_authorities", "garbage.pem"],
            'ssl_client_authentication => "required"\n'
            f'    ssl_certificate_authorities => ["{folder / "garbage.pem"}"]',
            at="ssl_certificate_authorities")
    for name, option in (("locked-away.key", "ssl_key"), ("locked-away.crt", "ssl_certificate")):
        source = certificates.key("server") if option == "ssl_key" else certificates.crt("server")
        (folder / name).write_bytes(source.read_bytes())
        (folder / name).chmod(0)
        certificates.folder.joinpath(name).unlink(missing_ok=True)
        certificates.folder.joinpath(name).symlink_to(folder / name)
        what = {"key": folder / name} if option == "ssl_key" else {"certificate": "locked-away"}
        refused(f"{option} that may not be read", [option, name, "ermission denied"], at=option,
                modes=True, **what)


def ports(checks, lab_):
    run = Runner(lab_)
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", free_port()))
        taken.listen()
        port = taken.getsockname()[1]
        where = place(run, "ports.conf", beats_input(free_port(), extra='id => "good"')
                      + 'input {\n  # the second\n  beats { id => "edge" host => "127.0.0.1"\n'
                      f'    port => {port} }}\n}}\n' + NULL, 'beats { id => "edge"')
        check_run(checks, run("-f", run.folder / "ports.conf"), 1,
                  [where, "input beats (edge)", f"127.0.0.1:{port}", "in use",
                   "Failed to execute action"], "a port in use")
        checks.ok("Starting server on port" not in run.done.stderr
                  and "Pipelines running" not in run.done.stderr, "and the other input did not start")
    where = place(run, "ports.conf", "".join(
        f'input {{ beats {{ id => "{name}" port =>\n {port} }} }}\n' for name in ("one", "two"))
        + NULL, f"{port} }} }}\n{NULL}")
    check_run(checks, run("-f", run.folder / "ports.conf"), 1, [where, f"port {port} is taken"],
              "a port wanted twice")
    done = run("-e", beats_input(free_port(), host="192.0.2.1", extra='id => "edge"') + NULL)
    check_run(checks, done, 1, ["beats (edge)", "192.0.2.1", "Cannot assign"],
              "an address that is not ours")


def make_stores(checks, certificates, folder):
    """By option: the files that openssl and keytool write."""
    made = {"ssl_keystore_path": [folder / "keys of mine.p12"],
            "ssl_truststore_path": [folder / "trust.p12"]}
    export = [certificates.openssl, "pkcs12", "-export", "-passout", "pass:secret", "-out"]
    subprocess.run([*export, made["ssl_keystore_path"][0], "-in", certificates.crt("client"),
                    "-inkey", certificates.key("client")], check=True, capture_output=True)
    subprocess.run([*export, made["ssl_truststore_path"][0], "-nokeys", "-in",
                    certificates.crt("ca")], check=True, capture_output=True)
    keytool = shutil.which("keytool")
    if not keytool:
        checks.skip("stores of type JKS", "there is no keytool (of a JDK) to make them and to convert them")
    else:
        secret = ["-storetype", "JKS", "-storepass", "secret", "-noprompt"]
        keys, trusted = folder / "keys.jks", folder / "trust.jks"
        subprocess.run([keytool, "-importkeystore", "-srckeystore", made["ssl_keystore_path"][0],
                        "-srcstorepass", "secret", "-destkeystore", keys, "-deststoretype", "JKS",
                        "-deststorepass", "secret", "-noprompt"], check=True, capture_output=True)
        subprocess.run([keytool, "-importcert", "-alias", "ca", "-file", certificates.crt("ca"),
                        "-keystore", trusted, *secret], check=True, capture_output=True)
        made["ssl_keystore_path"].append(keys)
        made["ssl_truststore_path"].append(trusted)
    return made


def type_passwords(command, password):
    """Runs it as an operator does: at a terminal that asks."""
    pid, terminal = os.forkpty()
    if pid == 0:
        os.execl("/bin/sh", "sh", "-c", command)
    shown = b""
    try:
        while select.select([terminal], [], [], 60)[0]:
            shown += os.read(terminal, 4096)
            if re.search(rb"assword: *$", shown):
                os.write(terminal, password.encode() + b"\n")
                shown = b""
    except OSError:         # what a terminal says at its end
        pass
    os.close(terminal)      # which also ends what still waits for an answer
    os.waitpid(pid, 0)


def stores(checks, lab_):
    certificates = Certificates(lab_.folder("certificates"))
    run = Runner(lab_)

    def conf(plugin, options):
        hosts = {"elasticsearch": 'hosts => "https://127.0.0.1:9"',
                 "http": 'url => "https://127.0.0.1:9" http_method => "post"'}[plugin]
        return f"output {{\n  {plugin} {{ {hosts}\n    {options}\n  }}\n}}\n"

    for option, files in make_stores(checks, certificates, run.folder).items():
        for file in files:
            for plugin in ("elasticsearch", "http"):
                name = f"{plugin}, {option}, {file.name}"
                where = place(run, "store.conf", conf(plugin, f'{option} => "{file}"'), option)
                done = run("-t", "-f", run.folder / "store.conf")
                check_run(checks, done, 1, [where, plugin, option], name)
                said = re.search(r"run: (.*?); then write: (.*?)\)?$", done.stdout + done.stderr,
                                 re.MULTILINE)
                type_passwords(said[1], "secret")
                place(run, "pem.conf", conf(plugin, said[2]), None)
                check_run(checks, run("-t", "-f", run.folder / "pem.conf"), 0, ["Configuration OK"],
                          f"{name}: what its command makes is taken")
                for made in run.folder.glob(f"{file.name}.*"):
                    made.unlink()


class Refusing(http.server.ThreadingHTTPServer):
    """Answers every request with one status."""

    def __init__(self, status):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_HEAD = do_POST = do_GET

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


def credentials(checks, lab_):
    run = Runner(lab_)
    out = run.folder / "out"
    for status, words in ((401, "Please check the credentials"), (403, "Please check the privileges")):
        with Refusing(status) as cluster:
            where = place(run, "es.conf", "input { generator { count => 100 } }\n" + file_output(out)
                          + f'output {{\n  elasticsearch {{ id => "es" index => "a"\n    hosts => '
                          f'["http://127.0.0.1:{cluster.port}"] user => "writer"\n'
                          '    password => "wrong-word" }\n}\n', "elasticsearch {")
            check_run(checks, run("-f", run.folder / "es.conf"), 1,
                      [where, "pipeline main", "output elasticsearch (es)", words,
                       "Failed to execute action"], f"{status} at the start")
        checks.ok("wrong-word" not in run.done.stderr, "the password is not logged")
        checks.ok(not out.exists() or out.stat().st_size == 0, "and no event was made")


def halves(checks, lab_):
    """Each a good pipeline, which would write at once, with one fault somewhere else."""
    run = Runner(lab_)
    out = run.folder / "out"
    good = "input { generator { count => 100 } }\n" + beats_input(free_port()) + file_output(out)
    (run.folder / "conf").mkdir()
    taken = Refusing(500)
    for name, fault, at, words in (
            ("an unknown option", "input { beats { port => 1 nonsense => 1 } }", "nonsense", []),
            ("an unknown plugin", "filter { nosuch {} }", "nosuch", []),
            ("an option of the wrong type", 'filter { drop { percentage => "x" } }', '"x"', []),
            ("a pattern that is none", 'filter { grok { match => { "message" => "%{NOSUCH:x}" } } }',
             'grok', ["NOSUCH"]),
            ("text that ends early", "output { if [a] { null {} }", None, []),
            ("a key that is not there", f'input {{ beats {{ port => {free_port()} ssl_enabled => true '
             'ssl_certificate => "/none/c" ssl_key => "/none/k" } }', None, ["/none/"]),
            ("a port in use", f'input {{ beats {{ port => {taken.server_address[1]} }} }}', "beats",
             ["in use"])):
        (run.folder / "conf/1.conf").write_text(good)
        where = place(run, "conf/2.conf", fault + "\n", at)
        done = run("-f", run.folder / "conf")
        check_run(checks, done, 1, [where.removeprefix("conf/"), *words], name)
        checks.ok("Starting server on port" not in done.stderr and not out.exists(),
                  "and the good part beside it did nothing", done.stderr[-1500:])
    taken.shutdown()
    taken.server_close()
    done = run("-e", beats_input(free_port()) + "filter { mutate { lowercas => [ \"x\" ] } "
               "grok { match => { \"message\" => \"%{NOSUCH:x}\" } } }" + NULL)
    check_run(checks, done, 1, ["lowercas", "lowercase", "NOSUCH"], "all findings in one run")


def folder(checks, lab_):
    run = Runner(lab_)
    first = lab_.start(Server(lab_.folder("first"), beats_input(free_port()) + NULL, []))
    done = run("-e", beats_input(free_port()) + NULL, data=first.folder / "data")
    check_run(checks, done, 1, ["path.data", str(first.child.pid)],
              "path.data in use: its process is named")
    done = run("-t", "-e", beats_input(free_port()) + NULL, data=first.folder / "data")
    check_run(checks, done, 0, ["Configuration OK"], "-t runs beside it")
    checks.equal(lab_.stop(first), 0, "the first goes on until SIGTERM")
    closed = run.folder / "closed"
    closed.mkdir()
    closed.chmod(0)
    done = run("-e", beats_input(free_port()) + NULL, data=closed / "data", modes=True)
    check_run(checks, done, 1, ["path.data", "closed", "ermission denied"],
              "path.data that may not be written")


def body(checks, lab_):
    lab.run_parts(checks, {part.__name__: lambda part=part: part(checks, lab_)
                           for part in (keys, stores, ports, credentials, halves, folder)}, arguments.only)


if __name__ == "__main__":
    arguments = lab.options(__doc__, only=("", "only this part"))
    run_test("refusals", body, [binary])
