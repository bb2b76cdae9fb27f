#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Floors of line coverage for what reads bytes of strangers, by replay alone: fuzz corpora and
vectors. Prints each file's share, and its lines that nothing reached; fails below a floor.

  floors.py [build folder]      default build-coverage, made if need be (-Db_coverage=true)
"""

import json
import sys
from pathlib import Path

from harness import ROOT, build, capture, run

FLOORS = {
    "frames": (95, ["codec/lj_frame.c", "server/beats_feed.c"]),
    "scanner": (95, ["codec/json_scan.c", "codec/json_scan_avx2.c", "codec/json_scan_avx2_check.c",
                     "codec/json_scan_nodes.c", "codec/json_scan_scalar.c"]),
    "decoder": (95, ["codec/lj_decode.c", "codec/lj_event.c", "codec/inflate.c"]),
    "PROXY header": (95, ["server/proxy_protocol.c"]),
}
REPLAYS = ["json_scan", "lj_frame", "lj_decode", "proxy_protocol"]


def measure(folder):
    """{file: {line: how often it ran}}"""
    for stale in folder.rglob("*.gcda"):
        stale.unlink()
    corpora = folder / "corpora"
    run([sys.executable, ROOT / "tests/fuzz/make_corpus.py", corpora])
    capture(["meson", "test", "-C", folder, "--no-rebuild", "--suite", "vectors"])
    for name in REPLAYS:
        inputs = [p for p in (ROOT / "tests/fuzz/corpus" / name, corpora / name) if p.is_dir()]
        capture([folder / f"tests/fuzz/replay_{name}", *inputs])
    files = [name for _, names in FLOORS.values() for name in names]
    report = json.loads(capture(["gcovr", "--root", ROOT, "--object-directory", folder, "--json", "-",
                                 *(f"--filter=.*{name}" for name in files), folder]).splitlines()[-1])
    found = {name: {} for name in files}
    for entry in report["files"]:
        if entry["file"] not in found:
            continue
        for line in entry["lines"]:
            if not line.get("gcovr/noncode"):
                seen = found[entry["file"]]
                seen[line["line_number"]] = max(line["count"], seen.get(line["line_number"], 0))
    return found


def main():
    folder = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else build("build-coverage",
                                                                         "-Db_coverage=true")
    found = measure(folder)
    below = 0
    for name, (floor, files) in FLOORS.items():
        counts = [count for file in files for count in found[file].values()]
        share = 100 * sum(c > 0 for c in counts) / max(1, len(counts))
        below += share < floor
        print(f"{name}: {share:.1f} % of {len(counts)} lines, floor {floor}"
              + ("" if share >= floor else ": BELOW"))
        for file in files:
            missing = [n for n, c in sorted(found[file].items()) if c == 0]
            print(f"  {file}: {len(found[file]) - len(missing)} of {len(found[file])}"
                  + (f", not {', '.join(map(str, missing))}" if missing else ""))
    print(f"floors: {len(FLOORS) - below} passed, {below} failed")
    return 1 if below else 0


if __name__ == "__main__":
    sys.exit(main())
