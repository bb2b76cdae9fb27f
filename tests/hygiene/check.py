#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs one check of the tree, or all: check.py --root . --build build [NAME ...]

Prints a line for each finding. Exit code 1: findings; 77: SKIP, and why."""

import argparse
import sys
from pathlib import Path

import binaries
import sources

CHECKS = {
    "layers": sources.layers,
    "spdx": sources.spdx,
    "words": sources.words,
    "places": sources.places,
    "length": sources.length,
    "guards": sources.guards,
    "registry": sources.registry,
    "readmes": sources.readmes,
    "docs": sources.docs,
    "links": sources.links,
    "plugins": sources.plugins,
    "format": binaries.clean,
    "headers": binaries.headers,
    "event_path": binaries.event_path,
    "statics": binaries.statics,
    "licences": binaries.licences,
    "samples": binaries.samples,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[2])
    parser.add_argument("--build", type=Path, default=Path(__file__).resolve().parents[2] / "build")
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args()
    worst = 0
    for name in options.names or CHECKS:
        try:
            wrong = list(CHECKS[name](options.root, options.build))
        except binaries.Skip as e:
            print(f"SKIP {name}: {e}")
            worst = max(worst, 77) if worst != 1 else 1
            continue
        for line in wrong:
            print(f"{name}: {line}")
        if wrong:
            worst = 1
    return worst


if __name__ == "__main__":
    sys.exit(main())
