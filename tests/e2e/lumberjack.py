# SPDX-License-Identifier: GPL-3.0-or-later
"""A small Lumberjack sender for tests that must see every answer and its time.

Client is one blocking connection; Fleet keeps many moving from one thread.
"""

import collections
import json
import selectors
import socket
import ssl
import struct
import time
import zlib

from process import PATIENCE

Ack = collections.namedtuple("Ack", "at version seq")

ACK_BYTES = 6
# When the kernel got the bytes: this program may be late, the server is not to blame for that.
_SO_TIMESTAMPNS = 35
_TIMESPEC = struct.Struct("qq")
_LINGER_NONE = struct.pack("ii", 1, 0)
# Connections that a Fleet writes to before it looks again at what has come.
_WRITES = 100


def header(count, version="2"):
    return version.encode() + b"W" + struct.pack(">I", count)


def json_frame(seq, event, version="2"):
    payload = event if isinstance(event, bytes) else json.dumps(event).encode()
    return version.encode() + b"J" + struct.pack(">II", seq, len(payload)) + payload


def data_frame(seq, pairs):
    """Version 1: pairs of texts."""
    body = b"".join(struct.pack(">I", len(text)) + text
                    for pair in pairs for text in (p.encode() for p in pair))
    return b"1D" + struct.pack(">II", seq, len(pairs)) + body


def compressed(frames, level=1, version="2"):
    payload = zlib.compress(frames, level)
    return version.encode() + b"C" + struct.pack(">I", len(payload)) + payload


def window(events, level=0, first=1):
    """A whole window as a Beat sends it: numbered from `first`, one C frame if level > 0."""
    frames = b"".join(json_frame(first + i, e) for i, e in enumerate(events))
    return header(len(events)) + (compressed(frames, level) if level else frames)


def events(serials, size=0):
    """Events whose `serial` names them, with a message of about `size` bytes."""
    return [{"@timestamp": "2026-03-01T12:00:00.000Z", "@metadata": {"beat": "e2e"},
             "serial": f"s{n:08d}", "message": ("line %d " % n).ljust(size, "x")} for n in serials]


class Client:
    """`acks` is everything that was read, keep-alives included; `real` without them."""

    def __init__(self, port, host="127.0.0.1", tls=None, within=30, receive_buffer=0):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.socket = socket.socket(family)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.within = within * PATIENCE
        self.socket.settimeout(self.within)
        self.socket.connect((host, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname="localhost")
        self.acks = []
        self._rest = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, data):
        self.socket.settimeout(self.within)     # a read left what remained of its own
        self.socket.sendall(data)

    def read_ack(self, within):
        """The next answer; None at the end of the stream. Raises TimeoutError."""
        return self._read_ack(time.monotonic() + within * PATIENCE)

    def _read_ack(self, deadline):
        """What is here already is read, however late it is."""
        begin = time.monotonic()
        while len(self._rest) < ACK_BYTES:
            self.socket.settimeout(max(0, deadline - time.monotonic()))
            try:
                got = self.socket.recv(65536)
            except (TimeoutError, BlockingIOError, ssl.SSLWantReadError):
                raise TimeoutError(f"no answer within {deadline - begin:.1f} s") from None
            if not got:
                if self._rest:
                    raise ValueError(f"the stream ends inside an answer: {self._rest!r}")
                return None
            self._rest += got
        raw, self._rest = self._rest[:ACK_BYTES], self._rest[ACK_BYTES:]
        if raw[1:2] != b"A":
            raise ValueError(f"{raw!r} is no ACK")
        ack = Ack(time.monotonic(), raw[0:1].decode(), struct.unpack(">I", raw[2:])[0])
        self.acks.append(ack)
        return ack

    def read_real(self, count, within):
        """Reads until `count` more answers that are no keep-alives; their numbers."""
        deadline = time.monotonic() + within * PATIENCE
        numbers = []
        while len(numbers) < count:
            ack = self._read_ack(deadline)
            if ack is None:
                break
            if ack.seq != 0:
                numbers.append(ack.seq)
        return numbers

    def read_for(self, seconds):
        """Everything that comes in so many seconds, or until the end of the stream."""
        deadline = time.monotonic() + seconds
        got = []
        while True:
            try:
                ack = self._read_ack(deadline)
            except TimeoutError:
                return got
            if ack is None:
                return got
            got.append(ack)

    def read_end(self, within):
        """How the server ends the connection: "end", "reset", or "open" when it does not."""
        deadline = time.monotonic() + within * PATIENCE
        try:
            while self._read_ack(deadline) is not None:
                pass
        except TimeoutError:
            return "open"
        except (ConnectionResetError, BrokenPipeError):
            return "reset"
        return "end"

    def finish(self):
        """Half-close: no more from us, answers may still come."""
        self.socket.shutdown(socket.SHUT_WR)

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NONE)
        self.socket.close()

    def close(self):
        self.socket.close()


class Member:
    """One connection of a Fleet."""

    def __init__(self, sock):
        self.socket = sock
        self.out = collections.deque()
        self.inside = b""
        self.real = []
        self.keepalives = 0
        self.last_answer = None
        self.longest_gap = 0.0      # between answers, while it waits for some
        self.expected = 0
        self.ended = None

    def give(self, data, windows=1, at_once=True):
        """at_once: the silence counts from now on; else from its first answer, since who knows when
        the server reads it."""
        if at_once and self.expected == len(self.real):
            self.last_answer = time.time()
        self.out.append(memoryview(data))
        self.expected += windows

    def waits(self):
        return self.ended is None and len(self.real) < self.expected


class Fleet:
    """Many plain connections to one port."""

    def __init__(self, port, count, host="127.0.0.1"):
        self.selector = selectors.DefaultSelector()
        self.members = []
        for _ in range(count):
            sock = socket.create_connection((host, port), 30)
            sock.setblocking(False)
            sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
            member = Member(sock)
            self.members.append(member)
            self.selector.register(sock, selectors.EVENT_READ, member)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for member in self.members:
            member.socket.close()
        self.selector.close()

    def give(self, member, data, windows=1, at_once=True):
        member.give(data, windows, at_once)
        self._want(member)

    def give_all(self, data, windows=1):
        for member in self.members:
            self.give(member, data, windows)

    def _want(self, member):
        events_wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if member.out else 0)
        self.selector.modify(member.socket, events_wanted, member)

    def _end(self, member, how):
        member.ended = how
        self.selector.unregister(member.socket)

    def _write(self, member):
        while member.out:
            try:
                n = member.socket.send(member.out[0][:262144])
            except BlockingIOError:
                return
            if n < len(member.out[0]):
                member.out[0] = member.out[0][n:]
            else:
                member.out.popleft()
        self._want(member)

    def _read(self, member):
        data, said = member.socket.recvmsg(65536, 64)[:2]
        if not data:
            self._end(member, "end")
            return
        member.inside += data
        self._note_answers(member, len(member.inside) // ACK_BYTES, said)
        while len(member.inside) >= ACK_BYTES:
            seq = struct.unpack(">I", member.inside[2:ACK_BYTES])[0]
            member.inside = member.inside[ACK_BYTES:]
            if seq == 0:
                member.keepalives += 1
            else:
                member.real.append(seq)

    def _note_answers(self, member, count, said):
        """Of several that come at once the kernel tells only when the last one came."""
        now = time.time()
        for level, kind, value in said:
            if (level, kind) == (socket.SOL_SOCKET, _SO_TIMESTAMPNS):
                seconds, nanoseconds = _TIMESPEC.unpack(value)
                now = seconds + nanoseconds / 1e9
        if member.last_answer is not None and count:
            gap = (now - member.last_answer) / count
            member.longest_gap = max(member.longest_gap, gap)
        member.last_answer = now

    def run(self, seconds, until=None):
        """Moves bytes for so many seconds, or until the condition holds; True if it did."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if until is not None and until():
                return True
            writes = _WRITES
            for key, ready in self.selector.select(0.1):
                member = key.data
                try:
                    if ready & selectors.EVENT_READ:
                        self._read(member)
                    if ready & selectors.EVENT_WRITE and member.ended is None and writes > 0:
                        writes -= 1
                        self._write(member)
                except (ConnectionResetError, BrokenPipeError):
                    self._end(member, "reset")
        return until is not None and until()

    def waiting(self):
        return sum(m.waits() for m in self.members)

    def run_until_acknowledged(self, within):
        return self.run(within, lambda: self.waiting() == 0)

    def reset(self):
        """Gives up: what the kernel still holds for the server is gone too."""
        for member in self.members:
            if member.ended is None:
                self._end(member, "given up")
                member.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NONE)
                member.socket.close()

    def sent(self):
        return sum(not m.out for m in self.members)

    def dead(self):
        return [m for m in self.members if m.ended]
