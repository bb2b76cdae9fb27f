#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turns conf/patterns/ into a C file: both sets, each with the common files, sorted by name.

usage: embed_patterns.py OUTPUT PATTERNS_DIR
A line is `NAME regex`; empty lines and those that start with # are skipped. A name that is
defined twice in one set is an error.
"""
import os
import sys


def read_set(root, folders):
    rows = {}
    for folder in folders:
        for name in sorted(os.listdir(os.path.join(root, folder))):
            path = os.path.join(root, folder, name)
            with open(path, encoding="utf-8") as lines:
                for number, line in enumerate(lines, 1):
                    line = line.rstrip("\n").lstrip()
                    if not line or line.startswith("#"):
                        continue
                    key, _, text = line.partition(" ")
                    if not text or key in rows:
                        sys.exit(f"{path}:{number}: {key}: no regex, or defined twice")
                    rows[key] = text.lstrip()
    return rows


def c_string(text):
    out = []
    for byte in text.encode():
        char = chr(byte)
        if char in '"\\':
            out.append("\\" + char)
        elif char == "?":
            out.append("\\?")  # no trigraphs
        elif 0x20 <= byte < 0x7F:
            out.append(char)
        else:
            out.append(f"\\{byte:03o}")
    return '"' + "".join(out) + '"'


def main():
    output, root = sys.argv[1:]
    with open(output, "w", encoding="utf-8") as out:
        out.write("/* Made by tools/embed_patterns.py from conf/patterns/. */\n")
        out.write('#include "pipeline/grok_builtin.h"\n')
        for name in ("legacy", "ecs"):
            rows = read_set(root, ("common", name))
            out.write(f"\nconst struct grok_builtin grok_builtin_{name}[] = {{\n")
            for key in sorted(rows, key=str.encode):
                out.write(f"    {{ {c_string(key)}, {c_string(rows[key])} }},\n")
            out.write("};\n")
            out.write(f"const size_t grok_builtin_{name}_n = {len(rows)};\n")


main()
