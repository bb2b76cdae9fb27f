# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes a database in MaxMind's format that knows one IPv4 network, for examples and tests."""

import ipaddress
import struct

_TEXT, _DOUBLE, _U16, _U32, _MAP, _U64, _LIST = 2, 3, 5, 6, 7, 9, 11
_END = b"\xab\xcd\xefMaxMind.com"


def write(path, network, record, kind):
    """`record` is what is known of every address of `network`; `kind` as in GeoLite2-City."""
    bits = ipaddress.ip_network(network)
    nodes = bits.prefixlen
    tree = b""
    for depth in range(nodes):
        inside = depth + 1 if depth + 1 < nodes else nodes + 16     # the record: offset 0 of the data
        pair = [nodes, nodes]                                       # the number of nodes: unknown
        pair[int(bits.network_address) >> (31 - depth) & 1] = inside
        tree += b"".join(n.to_bytes(3, "big") for n in pair)
    about = {"node_count": (_U32, nodes), "record_size": (_U16, 24), "ip_version": (_U16, 4),
             "database_type": kind, "languages": ["en"], "description": {"en": kind},
             "binary_format_major_version": (_U16, 2), "binary_format_minor_version": (_U16, 0),
             "build_epoch": (_U64, 1760000000)}
    path.write_bytes(tree + bytes(16) + _encode(record) + _END + _encode(about))


def _encode(value):
    if isinstance(value, tuple):
        kind, number = value
        raw = number.to_bytes((number.bit_length() + 7) // 8, "big")
        return _head(kind, len(raw)) + raw
    if isinstance(value, dict):
        return _head(_MAP, len(value)) + b"".join(_encode(k) + _encode(v) for k, v in value.items())
    if isinstance(value, list):
        return _head(_LIST, len(value)) + b"".join(map(_encode, value))
    if isinstance(value, float):
        return _head(_DOUBLE, 8) + struct.pack(">d", value)
    if isinstance(value, int):
        return _encode((_U32, value))
    raw = value.encode()
    return _head(_TEXT, len(raw)) + raw


def _head(kind, size):
    """Kinds above 7 need a byte of their own; so do sizes from 29, up to 284."""
    more = b"" if size < 29 else bytes([size - 29])
    small = min(size, 29)
    return (bytes([kind << 5 | small]) if kind < 8 else bytes([small, kind - 7])) + more
