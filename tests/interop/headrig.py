# SPDX-License-Identifier: GPL-3.0-or-later
"""The server under test, and the pieces of pipeline text the tests share.

The binary is $HEADRIG_BIN, or build/server/headrig of this tree.
"""

import json
import os
import re
import signal
import subprocess
import threading
from pathlib import Path

import process
from process import Process, is_listening, until
from toolchain import Unusable

_TREE = Path(__file__).resolve().parents[2]


def binary():
    path = Path(os.environ.get("HEADRIG_BIN") or _TREE / "build/server/headrig")
    if not os.access(path, os.X_OK):
        raise Unusable(f"no program at {path}: build first, or set HEADRIG_BIN")
    return path.resolve()


def sender():
    """Our own sender, built beside the server."""
    path = binary().parents[1] / "tools/beats_send"
    if not os.access(path, os.X_OK):
        raise Unusable(f"no program at {path}: build first")
    return path


def beats_send(port, tls=None, within=60, **options):
    """One run of it: its summary, with the exit code added. `tls` as under ssl in a Beat's yml."""
    command = [sender(), "--port", port]
    if tls:
        command.append("--tls")
        for theirs, ours in (("certificate_authorities", "--ca"), ("certificate", "--cert"),
                             ("key", "--key")):
            command += [ours, tls[theirs]] if theirs in tls else []
    for name, value in options.items():
        command.append(f"--{name.replace('_', '-')}")
        command += [] if value is True else [value]
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=within)
    summary = json.loads(done.stdout) if done.stdout else {"said": done.stderr}
    return {**summary, "exit": done.returncode}


class Headrig(Process):
    """Runs one pipeline text. `ports` are those it must listen on before it counts as started.
    Stopped or killed, it may be started again on the same data."""

    stop_within = 75        # its own limit for an orderly stop is 60 s

    def __init__(self, folder, pipeline, ports=(), flags=(), path=None):
        super().__init__("headrig", folder)
        self.binary = path or binary()
        self.ports = list(ports)
        self.flags = list(flags)
        (self.folder / "settings").mkdir(exist_ok=True)
        (self.folder / "settings/logstash.yml").touch()
        self.conf = self.folder / "pipeline.conf"
        self.conf.write_text(pipeline)

    def command(self):
        return [self.binary, "-f", self.conf, "--path.settings", self.folder / "settings",
                "--path.data", self.folder / "data", "-S", "allow_superuser=true", *self.flags]

    def launch(self):
        self.said_before = self.log().count("Pipelines running")
        super().launch()

    def ready(self):
        """Its ports listen, and the last line of a start is written: what comes is the test's."""
        return (all(is_listening(port) for port in self.ports)
                and self.log().count("Pipelines running") > self.said_before)

    def counted(self):
        """What SIGQUIT says of the windows of its one beats input, as numbers."""
        def lines():
            return [line for line in self.log().splitlines() if "Connections and windows {" in line]
        before = len(lines())
        self.signal(signal.SIGQUIT)
        until(lambda: len(lines()) > before, 10, "the report of SIGQUIT")
        return {k: int(v) for k, v in re.findall(r"(\w+): (\d+)", lines()[-1].rsplit("{", 1)[1])}


class ConnectionWatch:
    """Counts the connections that were ever seen up at a port, by looking at the kernel's table
    twenty times a second. A context manager; `seen` are the remote ends."""

    def __init__(self, port):
        self.port = port
        self.seen = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self):
        while not self._stop.wait(0.05):
            self.seen |= process.established(self.port)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()


def beats_input(port, certificates=None, server="server", client_authentication="none",
                host="127.0.0.1", extra=""):
    tls = ""
    if certificates:
        tls = (f'ssl_enabled => true ssl_certificate => "{certificates.crt(server)}" '
               f'ssl_key => "{certificates.key(server)}" '
               f'ssl_client_authentication => "{client_authentication}" ')
        if client_authentication != "none":
            tls += f'ssl_certificate_authorities => ["{certificates.crt("ca")}"] '
    return f'input {{ beats {{ host => "{host}" port => {port} {tls}{extra} }} }}\n'


def file_output(path):
    return f'output {{ file {{ path => "{path}" }} }}\n'


def search_output(url, options):
    """An elasticsearch output that notices quickly that its server is back."""
    return (f'output {{ elasticsearch {{ hosts => ["{url}"] resurrect_delay => 1 '
            f'retry_initial_interval => 1 retry_max_interval => 2 {options} }} }}\n')


def index_output(url, index, options=""):
    return search_output(url, f'index => "{index}" manage_template => false {options}')


def data_stream_output(url, dataset, options=""):
    return search_output(url, f'data_stream => true data_stream_dataset => "{dataset}" {options}')
