#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the interop tests one after another and reports their times.

  run.py                 all
  run.py NAME ...        only these (without .py)
  run.py --prefetch      only builds and fetches the peers
  run.py --full          with the long forms: a hanging destination, kill -9 with OpenSearch as
                         destination

Exit code 1 if a test failed, 77 if all of them were skipped.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

import peers
import toolchain

HERE = Path(__file__).resolve().parent

# name, arguments; the long forms are run with --full only
TESTS = (
    ("peers_alone", ()),
    ("lumber", ()),
    ("filebeat_opensearch", ()),
    ("elasticsearch9", ()),
    ("kill9", ()),
    ("outage", ()),
    ("beats_matrix", ()),
)
LONG = (
    ("outage", ("--seconds", "50", "--how", "hang")),
    ("kill9", ("--to", "opensearch")),
)
WORDS = {0: "passed", 77: "skipped"}
LIMIT = 240             # seconds for one program


def run(name, arguments):
    start = time.monotonic()
    print(f"# === {name} {' '.join(arguments)}", flush=True)
    child = subprocess.Popen([sys.executable, str(HERE / f"{name}.py"), *arguments])
    try:
        code = child.wait(LIMIT)
    except subprocess.TimeoutExpired:
        child.terminate()       # it then ends its peers
        child.wait()
        print(f"not ok - {name}: longer than {LIMIT} s")
        code = 1
    return code, time.monotonic() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--prefetch", action="store_true")
    parser.add_argument("--full", action="store_true")
    options = parser.parse_args()

    tests = TESTS + (LONG if options.full else ())
    unknown = set(options.names) - {name for name, _ in tests}
    if unknown:
        parser.error(f"no test named {', '.join(sorted(unknown))}; there are "
                     f"{', '.join(name for name, _ in TESTS)}")
    if options.prefetch:
        try:
            peers.prefetch(lambda name, s: print(f"# {name}: {s:.1f} s", flush=True))
        except toolchain.Missing as e:
            print(f"# SKIP: {e}")
            sys.exit(1 if os.environ.get("CI") == "true" else 77)
        return

    results = [(name, arguments, *run(name, arguments)) for name, arguments in tests
               if not options.names or name in options.names]
    print("# --- result")
    for name, arguments, code, seconds in results:
        print(f"# {seconds:6.1f} s  {WORDS.get(code, 'FAILED'):8} {' '.join((name, *arguments))}")
    print(f"# {sum(r[3] for r in results):6.1f} s  in all")
    codes = {r[2] for r in results}
    if codes - {0, 77}:
        sys.exit(1)
    sys.exit(77 if codes == {77} else 0)


if __name__ == "__main__":
    main()
