#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the black-box acceptance cases of ../shared and judges them by tests/accept_known.txt.

  accept.py --binary build/server/headrig [PART ...]     parts: cases, vectors, cases/filters, ...
  accept.py --binary ... --prune                         drops what passes now from the list

A case that fails and is not in the list is a failure; so is one in the list that passes, is
skipped or is gone, unless its line begins with `sometimes`: then it may do either.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
KNOWN = HERE / "accept_known.txt"
LINE = re.compile(r"^(sometimes )?(\S+\.json):(.+)$")


def read_known(path=KNOWN):
    """{"kind/file.json:name": (reason, sometimes)}; a `# ` line is the reason of what follows."""
    known, reason = {}, None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        line = line.strip()
        found = LINE.match(line)
        if line.startswith("#"):
            reason = line.lstrip("# ")
        elif not line:
            reason = None
        elif not found or not reason:
            sys.exit(f"{path.name}:{number}: a case as kind/file.json:name, below its reason")
        else:
            known[f"{found[2]}:{found[3]}"] = (reason, bool(found[1]))
    return known


def run_accept(shared, binary, parts, jobs):
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "out.json")
        done = subprocess.run(
            [sys.executable, shared / "accept/accept.py", "--binary", str(binary), "--timeout", "20",
             "-j", str(jobs), "--json", out, *(shared / "reference" / p for p in parts)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, stdin=subprocess.DEVNULL)
        if not out.exists():
            sys.exit(f"{done.stdout}\nthe acceptance runner ended with {done.returncode}")
        return json.loads(out.read_text())["results"]


def key_of(result):
    file = Path(result["file"])
    return f"{file.parent.name}/{file.name}:{result['name']}"


def judge(results, known):
    """Lines of what is wrong; what is merely known is in order."""
    seen = {key_of(r): r for r in results}
    files = {k.partition(":")[0] for k in seen}
    wrong = []
    for key, result in seen.items():
        bad = result["result"] in ("failed", "error")
        reason, sometimes = known.get(key, (None, False))
        if bad and reason is None:
            wrong.append(f"{key}: {result['result']}: {result.get('reason', '')}")
        elif not bad and reason is not None and not sometimes:
            wrong.append(f"{key}: {result['result']}, but {KNOWN.name} has it as failing ({reason})")
    for key in known:
        if key not in seen and key.partition(":")[0] in files:
            wrong.append(f"{key}: in {KNOWN.name}, but there is no such case")
    return wrong


def prune(results):
    passing = {key_of(r) for r in results if r["result"] not in ("failed", "error")}
    kept = []
    for line in KNOWN.read_text().splitlines():
        found = LINE.match(line.strip())
        if not found or found[1] or f"{found[2]}:{found[3]}" not in passing:
            kept.append(line)
    text = "\n".join(kept) + "\n"
    text = re.sub(r"^#(?!.*\n# )[^\n]*\n(?=\n|\Z)", "", text, flags=re.M)   # reasons left alone
    KNOWN.write_text(re.sub(r"\n{3,}", "\n\n", text).rstrip() + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True, type=Path)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--prune", action="store_true")
    parser.add_argument("parts", nargs="*", default=["cases", "vectors"])
    options = parser.parse_args()
    shared = Path(os.environ.get("HEADRIG_SHARED") or HERE.parent.parent / "shared")
    if not (shared / "accept/accept.py").exists():
        print(f"SKIP there is no {shared}")
        return 77
    known = read_known()
    results = run_accept(shared, options.binary.resolve(), options.parts, options.jobs)
    if options.prune:
        prune(results)
        known = read_known()
    wrong = judge(results, known)
    count = {w: sum(r["result"] == w for r in results) for w in ("passed", "failed", "error", "skipped")}
    print("\n".join(wrong[:100] + (["..."] if len(wrong) > 100 else [])))
    print(f"{len(results)} cases: {count['passed']} pass, {count['failed'] + count['error']} fail, "
          f"{count['skipped']} cannot be judged from outside; {len(known)} known to fail")
    passed = sum(r["result"] == "passed" and key_of(r) not in known for r in results)
    print(f"{passed} passed, {len(wrong)} failed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
