# SPDX-License-Identifier: GPL-3.0-or-later
"""What the e2e programs share: the helpers of tests/interop, a destination that the test holds
in its hand, and what the server says of itself."""

import argparse
import ctypes
import fcntl
import os
import re
import resource
import signal
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.insert(1, str(Path(__file__).resolve().parents[1] / "interop"))

from checks import run_test                                     # noqa: E402, F401
from certificates import Certificates                           # noqa: E402, F401
from headrig import Headrig, beats_input, binary, file_output   # noqa: E402, F401
from process import Timeout, free_port, until                   # noqa: E402, F401
from tally import Tally, read_events                            # noqa: E402, F401

_PIPE_SIZE = 1031       # F_SETPIPE_SZ
_GET_PIPE_SIZE = 1032


class Server(Headrig):
    """Headrig with settings of its own: `settings` are the lines of headrig.yml, `standard_input`
    a descriptor."""

    def __init__(self, folder, pipeline, ports=(), settings="", flags=(), standard_input=None):
        super().__init__(folder, pipeline, ports, flags)
        (self.folder / "settings/headrig.yml").write_text(settings)
        if standard_input is not None:
            self.standard_input = standard_input

    def rss_anon(self):
        """Bytes."""
        for line in Path(f"/proc/{self.child.pid}/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) * 1024
        return 0

    def rss(self):
        return self.rss_kb() * 1024

    def memory(self):
        """SIGQUIT's two lines as one dict of numbers."""
        said = self.log().count("Events and connections")
        self.signal(signal.SIGQUIT)
        until(lambda: self.log().count("Events and connections") > said, 10, "the report of SIGQUIT")
        lines = self.log().splitlines()
        found = {}
        for words in ("Memory by part", "Events and connections"):
            line = [text for text in lines if words in text][-1]
            found.update({k: int(v) for k, v in re.findall(r"(\w+): (-?\d+)", line.split("{")[1])})
        return found

    def account(self):
        """The account that a stop prints, as a dict of numbers."""
        lines = [text for text in self.log().splitlines() if "Account of every event" in text]
        return {k: int(v) for k, v in re.findall(r"(\w+): (\d+)", lines[-1])} if lines else {}

    def lines_with(self, words):
        """Those that are there by now; says() waits."""
        return [text for text in self.log().splitlines() if words in text]

    def says(self, words, within=5):
        """The log's lines with these words, once there is one: the server writes its log from a
        thread of its own, a little after the deed. Empty: none came."""
        try:
            return until(lambda: self.lines_with(words), within, words)
        except Timeout:
            return []


_PR_CAPBSET_DROP = 24
_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH = 1, 2


def bound_by_modes():
    """Between fork and exec: the child is held to the modes of files though it be root."""
    libc = ctypes.CDLL(None)
    for capability in (_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH):
        libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)


class Runner:
    """Runs the program to its end, with settings of its own."""

    def __init__(self, lab_):
        self.lab = lab_
        self.folder = lab_.folder("runs")
        self.settings = self.folder / "settings"
        self.settings.mkdir()
        self.write("logstash.yml", "")

    def write(self, name, text):
        (self.settings / name).write_text(text)

    def __call__(self, *arguments, root=True, within=20, text="", data=None, modes=False):
        """modes: files that must not be read are not, see bound_by_modes."""
        command = [str(binary()), "--path.settings", str(self.settings),
                   "--path.data", str(data or self.folder / "data")]
        if root:
            command += ["-S", "allow_superuser=true"]
        self.done = subprocess.run(command + [str(a) for a in arguments], capture_output=True,
                                   text=True, timeout=within, input=text, cwd=self.folder,
                                   preexec_fn=bound_by_modes if modes else None)
        return self.done


def check_run(checks, done, code, words, name):
    missing = [w for w in words if w not in done.stdout + done.stderr]
    checks.ok(done.returncode == code and not missing, name,
              f"exit {done.returncode}, wanted {code}; missing {missing}:\n{done.stderr[-1500:]}")


class HeldPipe:
    """A named pipe as destination of a file output. Nothing is read before release(); from then on,
    or until hold(), a thread reads all of it. `lines` are those that came."""

    def __init__(self, folder):
        self.path = Path(folder) / "held.pipe"
        os.mkfifo(self.path)
        self.fd = os.open(self.path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        fcntl.fcntl(self.fd, _PIPE_SIZE, 4096)
        self.lines = 0
        self.bytes = 0
        self._open = threading.Event()
        self._ended = False
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def output(self):
        return file_output(self.path)

    def release(self):
        self._open.set()
        fcntl.fcntl(self.fd, _PIPE_SIZE, 1 << 20)

    def hold(self):
        self._open.clear()

    def _read(self):
        while not self._ended:
            self._open.wait(0.1)
            if not self._open.is_set():
                continue
            try:
                data = os.read(self.fd, fcntl.fcntl(self.fd, _GET_PIPE_SIZE))
            except BlockingIOError:
                time.sleep(0.002)
                continue
            self.lines += data.count(b"\n")
            self.bytes += len(data)

    def wait_lines(self, count, within=30):
        """An ACK may be here before our own thread has read what it stands for."""
        until(lambda: self.lines >= count, within, lambda: f"{count} events (are {self.lines})")

    def close(self):
        self._ended = True
        self._thread.join()
        os.close(self.fd)


_SLEEPER = """
import sys, threading, time
ended = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
worst = 0
while not ended.is_set():
    begin = time.monotonic()
    time.sleep(0.01)
    worst = max(worst, time.monotonic() - begin - 0.01)
print(worst)
"""


KEEPALIVE_GAP = 3.5     # seconds; the setting is 3, the clock ticks four times a second


class Stalls:
    """How late this machine woke a process that had nothing else to do: what stood still here is
    not the server's silence. A context manager; `worst` are seconds, known at its end."""

    worst = 0.0

    def __enter__(self):
        self._child = subprocess.Popen([sys.executable, "-c", _SLEEPER], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *_):
        self.worst = float(self._child.communicate()[0] or 0)

    def bear(self, checks, name, gap):
        """A sender that waits hears something in time."""
        checks.ok(gap <= KEEPALIVE_GAP + self.worst,
                  f"{name}: longest silence {gap:.2f} s, at most {KEEPALIVE_GAP} (and the "
                  f"{self.worst:.2f} that this machine stood still)")


def client_tls(certificates, name=None):
    """How a sender trusts the test's authority; `name`: with this client certificate."""
    context = ssl.create_default_context(cafile=str(certificates.crt("ca")))
    if name:
        context.load_cert_chain(str(certificates.crt(name)), str(certificates.key(name)))
    return context


def raise_file_limit(wanted):
    """For tests with many connections; the server inherits it. False: this user may not."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= wanted:
        return True
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(hard, wanted)))
    except (ValueError, OSError):
        return False
    return True


def sanitizer():
    """The server was built with one: times are longer, and its memory says nothing."""
    with open(binary(), "rb") as f:
        text = f.read()
    return b"__asan_init" in text or b"__tsan_init" in text


def options(description, **flags):
    """Arguments of a test program; each flag is a (default, help) pair."""
    parser = argparse.ArgumentParser(description=description,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--long", action="store_true", default=os.environ.get("HEADRIG_LONG") == "1",
                        help="the long forms too (HEADRIG_LONG=1)")
    for name, (default, text) in flags.items():
        parser.add_argument(f"--{name}", type=type(default), default=default, help=text)
    return parser.parse_args()


def run_parts(checks, parts, only=""):
    """Each part is one server and what is done to it; one that breaks does not hide the next."""
    for name, part in parts.items():
        if only and name not in only.split(","):
            continue
        start = time.monotonic()
        try:
            part()
        except (Timeout, OSError, ValueError, AssertionError) as e:
            checks.ok(False, f"{name}: {type(e).__name__}: {e}")
        checks.note(f"{name}: {time.monotonic() - start:.1f} s")
