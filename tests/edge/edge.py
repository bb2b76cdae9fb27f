# SPDX-License-Identifier: GPL-3.0-or-later
"""What the edge programs share: the helpers of tests/e2e and tests/interop, and clocks."""

import collections
import json
import os
import re
import socket
import ssl
import statistics
import struct
import sys
import threading
import time
from pathlib import Path

_TESTS = Path(__file__).resolve().parents[1]
sys.path[1:1] = [str(_TESTS / "e2e"), str(_TESTS / "interop")]

import lab                                                              # noqa: E402, F401
from lab import (Certificates, HeldPipe, Server, Stalls, beats_input,   # noqa: E402, F401
                 client_tls, file_output, free_port, options, raise_file_limit, run_test,
                 sanitizer, until)
from lumberjack import (Client, Fleet, compressed, header,              # noqa: E402, F401
                        json_frame, window)
from process import PATIENCE                                            # noqa: E402, F401
from toolchain import Missing, program                                  # noqa: E402, F401

MB = 1 << 20
NULL = "output { null {} }\n"

# Under a sanitizer everything takes longer; so it does on a machine that is busy with other things.
SLOWER = 5 if sanitizer() else 1


def _report(server):
    """What SIGQUIT makes the server write, as lines; complete when every input has spoken."""
    def last():
        return server.log().rsplit("Events and connections", 1)[1]
    server.memory()
    inputs = server.conf.read_text().count("beats {")
    until(lambda: last().count(" Clients {") == inputs, 10, "the end of the report")
    return last().splitlines()


def counters(server):
    """The counters that the beats inputs report, added up."""
    total = collections.Counter()
    for line in _report(server):
        if "Connections and windows {" in line:
            total.update({k: int(v) for k, v in re.findall(r"(\w+): (-?\d+)",
                                                           line.rsplit("{", 1)[1])})
    return total


def clients(server):
    """The ledger: one dict for each client."""
    return [{k: json.loads(v) for k, v in re.findall(r'(\w+): ("(?:[^"\\]|\\.)*"|-?\d+)',
                                                     line.split("Client {", 1)[1])}
            for line in _report(server) if " Client {" in line]


def percentile(times, share):
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def ack_time(client, data, within=30):
    """Seconds from the first byte of a window to its ACK."""
    begin = time.monotonic()
    client.send(data)
    client.read_real(1, within)
    return client.acks[-1].at - begin


def stop_all(checks, lab_, name):
    for peer in list(lab_.peers):
        checks.equal(lab_.stop(peer), 0, f"{name}: the server ends in order")


def run_tests(checks, lab_, tests, only):
    """Those with `only` in their names; one that breaks does not hide the next."""
    for test in tests:
        if only not in test.__name__:
            continue
        begin = time.monotonic()
        try:
            test(checks, lab_)
        except (lab.Timeout, OSError, ValueError, AssertionError) as e:
            checks.ok(False, f"{test.__name__}: {type(e).__name__}: {e}")
        stop_all(checks, lab_, test.__name__)
        checks.note(f"{test.__name__}: {time.monotonic() - begin:.1f} s")


def raw_connection(port, data=b"", host="127.0.0.1"):
    sock = socket.create_connection((host, port), 30)
    if data:
        sock.sendall(data)
    return sock


def closed_within(sock, within):
    """The server ends the connection; bytes that come before are read and dropped."""
    end = time.monotonic() + within * PATIENCE
    try:
        while (left := end - time.monotonic()) > 0:
            sock.settimeout(left)
            if not sock.recv(65536):
                return True
    except (ConnectionResetError, BrokenPipeError):
        return True
    except (TimeoutError, socket.timeout):
        pass
    return False


def median(values):
    return statistics.median(values)


def be32(number):
    return struct.pack(">I", number)


class Witness:
    """A well-behaved sender beside the others: a small window every 50 ms on one connection, in a
    thread. `times` are its ACKs' seconds; a context manager."""

    def __init__(self, port, tls=None, every=0.05, within=30):
        self.port, self.tls, self.every, self.within = port, tls, every, within
        self.times = []
        self.problem = None
        self.stalls = Stalls()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        data = window([{"message": "witness", "agent": {"id": "witness"}}] * 10)
        try:
            with Client(self.port, tls=self.tls) as client:
                while not self._stop.wait(self.every):
                    self.times.append(ack_time(client, data, self.within))
        except Exception as e:
            self.problem = e

    def __enter__(self):
        self.stalls.__enter__()
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()
        self.stalls.__exit__()

    def p99(self):
        return percentile(self.times, 0.99) if self.times else float("inf")

    def ok(self, checks, name, bound):
        worst = self.stalls.worst
        checks.ok(self.problem is None and self.times and self.p99() <= bound * SLOWER + worst,
                  f"{name}: p99 of a well-behaved sender's ACK {self.p99() * 1000:.0f} ms, at most "
                  f"{bound * 1000:.0f} (and the {worst * 1000:.0f} that this machine stood still)",
                  str(self.problem or ""))


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def open_files(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def client_hello():
    """The first flight of a TLS 1.3 client, as bytes."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        context.wrap_bio(incoming, outgoing).do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()
