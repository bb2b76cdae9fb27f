# SPDX-License-Identifier: GPL-3.0-or-later
"""Child processes of a test: started, waited for, stopped by their recorded pid, logs kept.

A test opens a Lab and starts its peers in it. Leaving the Lab stops them in reverse order, shows
the ends of their logs if the test failed, and removes the temporary folder
(unless HEADRIG_KEEP is set).
"""

import ctypes
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


# A wait ends when its condition comes true. That it did not costs time only when something is wrong,
# so every deadline is this many times what a quiet machine needs.
PATIENCE = 4


class Timeout(Exception):
    """A condition did not come true before its deadline."""


def until(condition, within, what, every=0.05):
    """Looks until condition() is true; returns its value. `what` is a text, or a function that
    tells how things stand when time is up."""
    within *= PATIENCE
    deadline = time.monotonic() + within
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Timeout(f"not within {within} s: {what() if callable(what) else what}")
        time.sleep(every)


_given_ports = set()


def free_port():
    """A port below the range of outgoing connections, free on both families of loopback."""
    while True:
        port = random.randrange(20000, 32000)
        if port in _given_ports:
            continue
        try:
            for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
                with socket.socket(family) as s:
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    s.bind((address, port))
        except OSError as e:
            if e.errno not in (98, 13):     # no IPv6 here: the IPv4 answer counts
                break
            continue
        break
    _given_ports.add(port)
    return port


def _tcp_rows():
    """(local port, remote 'address:port', state) of every TCP socket of this machine."""
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            yield int(fields[1].rsplit(":", 1)[1], 16), fields[2], fields[3]


def is_listening(port):
    """Asked of the kernel, so that no probing connection reaches the server."""
    return any(local == port and state == "0A" for local, _, state in _tcp_rows())


def established(port):
    """The remote ends of the connections that are up at this local port."""
    return {remote for local, remote, state in _tcp_rows() if local == port and state == "01"}


def _die_with_parent():
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
    """One child with its own folder; standard output and error go to files in there."""

    stop_signal = signal.SIGTERM
    stop_within = 20
    standard_input = subprocess.DEVNULL     # or a descriptor

    def __init__(self, name, folder):
        self.name = name
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.out_path = self.folder / "stdout"
        self.err_path = self.folder / "stderr"
        self.child = None

    def command(self):
        raise NotImplementedError

    def environment(self):
        return dict(os.environ)

    def ready(self):
        """True once the peer can be used; asked again until start_within is over."""
        return True

    start_within = 30

    def start(self):
        self.launch()
        self.wait_ready()
        return self

    def launch(self):
        with open(self.out_path, "ab") as out, open(self.err_path, "ab") as err:
            self.child = subprocess.Popen(
                [str(c) for c in self.command()], cwd=self.folder, env=self.environment(),
                stdin=self.standard_input, stdout=out, stderr=err, preexec_fn=_die_with_parent)

    def wait_ready(self):
        def look():
            if self.child.poll() is not None:
                raise RuntimeError(f"{self.name} ended with {self.child.returncode} while starting")
            return self.ready()
        until(look, self.start_within, f"{self.name} is ready")

    def running(self):
        return self.child is not None and self.child.poll() is None

    def signal(self, number):
        if self.running():
            self.child.send_signal(number)

    def pause(self):
        self.signal(signal.SIGSTOP)

    def resume(self):
        self.signal(signal.SIGCONT)

    def wait_exit(self, within):
        within *= PATIENCE
        try:
            return self.child.wait(within)
        except subprocess.TimeoutExpired:
            raise Timeout(f"{self.name} did not end within {within} s") from None

    def stop(self):
        """Orderly end; exit code, or -9 when it had to be killed."""
        if self.child is None:
            return None
        self.resume()
        self.signal(self.stop_signal)
        try:
            return self.wait_exit(self.stop_within)
        except Timeout:
            return self.kill()

    def kill(self):
        self.signal(signal.SIGKILL)
        return self.child.wait()

    def log(self):
        return self.err_path.read_text(errors="replace") if self.err_path.exists() else ""

    def output(self):
        return self.out_path.read_text(errors="replace") if self.out_path.exists() else ""

    def rss_kb(self):
        for line in Path(f"/proc/{self.child.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        return 0

    def dump(self, lines=40):
        code = "running" if self.running() else f"exit {self.child and self.child.returncode}"
        for kind, text in (("stderr", self.log()), ("stdout", self.output())):
            tail = text.splitlines()[-lines:]
            if tail:
                print(f"# --- {self.name} ({code}), last lines of {kind}", file=sys.stderr)
                for line in tail:
                    print("# " + line[:400], file=sys.stderr)


class Lab:
    """The temporary folder of a test and the peers that run in it."""

    def __init__(self, name):
        self.name = name
        self.root = None
        self.peers = []
        self.failed = False
        self._folders = 0

    def __enter__(self):
        self.root = Path(tempfile.mkdtemp(prefix=f"headrig-{self.name}-"))
        return self

    def folder(self, name):
        self._folders += 1
        path = self.root / f"{self._folders:02d}-{name}"
        path.mkdir()
        return path

    def start(self, peer):
        self.peers.append(peer)
        return peer.start()

    def stop(self, peer):
        """Ends a peer that the rest of the test does without."""
        self.peers.remove(peer)
        return peer.stop()

    def __exit__(self, kind, error, trace):
        if kind is not None or self.failed:
            for peer in self.peers:
                peer.dump()
        for peer in reversed(self.peers):
            if peer.child is not None:
                peer.stop()
        if os.environ.get("HEADRIG_KEEP"):
            print(f"# kept: {self.root}", file=sys.stderr)
        else:
            shutil.rmtree(self.root, ignore_errors=True)
