# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests/run.py is made of: builds, test runs, and counts."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CLOSING = re.compile(r"^(?:\w+: *)?(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$", re.M)
CHECKS = re.compile(r"^\d+%: Checks: (\d+), Failures: (\d+), Errors: (\d+)", re.M)
LINES = re.compile(r"^(?:(not )?ok\b|# +[\d.]+ s +(?:passed|(FAILED)|(skipped)) )", re.M)
CASES = re.compile(r"^\w+: passed (\d+), failed (\d+), skipped (\d+)$", re.M)


def shared():
    """Folder of the reference material, or None."""
    folder = Path(os.environ.get("HEADRIG_SHARED") or ROOT.parent / "shared")
    return folder if (folder / "reference").is_dir() else None


def run(command, env=None, timeout=1200, show=False, cwd=ROOT):
    """Standard output and error as one text; a time-out is a failure with what was said so far."""
    command = [str(c) for c in command]
    child = subprocess.Popen(command, cwd=cwd, text=True, errors="replace",
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT,
                             env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **(env or {})})
    if show:
        lines = []
        for line in child.stdout:
            sys.stdout.write("  " + line)
            lines.append(line)
        child.wait()
        return subprocess.CompletedProcess(command, child.returncode, "".join(lines))
    try:
        out, _ = child.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        child.kill()
        out, _ = child.communicate()
        out += f"\nlonger than {timeout} s: {' '.join(command)}\n"
        return subprocess.CompletedProcess(command, 1, out)
    return subprocess.CompletedProcess(command, child.returncode, out)


def capture(command):
    """Output of a command that must work."""
    done = run(command)
    if done.returncode != 0:
        tail = "\n".join(done.stdout.splitlines()[-60:])
        raise RuntimeError(f"{' '.join(done.args)}: exit {done.returncode}\n{tail}")
    return done.stdout


def build(name, *options, env=None, targets=()):
    """A build folder of the checkout, made or brought up to date; its path."""
    folder = ROOT / name
    given = folder / "options-of-the-tests"
    wanted = " ".join((*options, str(env or "")))
    if not (folder / "build.ninja").exists():
        made = run(["meson", "setup", folder, *options], env=env)
    elif not given.exists() or given.read_text() != wanted:
        made = run(["meson", "setup", "--reconfigure", folder, *options], env=env)
    else:
        made = None
    if made is not None and made.returncode != 0:
        raise RuntimeError(f"meson setup {name}\n{made.stdout[-4000:]}")
    given.write_text(wanted)
    capture(["ninja", "-C", folder, *targets])
    return folder


class Phase:
    """Counts of one phase, and a line for each thing that went wrong."""

    def __init__(self, name):
        self.name, self.seconds = name, 0.0
        self.passed = self.failed = self.skipped = 0
        self.problems = []

    def __str__(self):
        return (f"{self.name:9} {self.seconds:6.1f} s  {self.passed:5} passed, "
                f"{self.failed} failed, {self.skipped} skipped")

    def add(self, name, passed, failed, skipped, text=""):
        self.passed, self.failed = self.passed + passed, self.failed + failed
        self.skipped += skipped
        if failed:
            print(f"  FAILED {name}\n" + "\n".join("    " + s for s in tail(text)))
            self.problems += [f"failed: {name}", *("  " + s for s in bad(text)[:5])]
        elif skipped:
            print(f"  SKIP {name}" + "".join(f"\n    {s}" for s in sorted(set(skips(text)))))
            self.problems.append(f"skipped: {name}")

    def check(self, name, good, text=""):
        if good:
            print(f"  {name}")
        self.add(name, int(bool(good)), int(not good), 0, text or "")

    def skip(self, name, why):
        self.add(name, 0, 0, 1, f"SKIP {why}")

    def counted(self, done, name):
        """A program that closes with counts; 77 as exit code: it skipped."""
        found = CLOSING.findall(done.stdout)
        passed, failed, skipped = ((int(n or 0) for n in found[-1]) if found
                                   else count_lines(done.stdout))
        if done.returncode == 77:
            skipped = max(skipped, 1)
        elif done.returncode != 0 and failed == 0:
            failed = 1
        elif done.returncode == 0 and passed == 0:
            passed = 1
        print(f"  {name}: {passed} passed, {failed} failed, {skipped} skipped")
        self.add(name, passed, failed, skipped, done.stdout)


def count_lines(text):
    """Passed, failed, skipped of programs that say `ok` and `not ok`, or a word behind a time."""
    found = LINES.findall(text)
    failed, skipped = sum(bool(n or f) for n, f, _ in found), sum(bool(s) for _, _, s in found)
    return len(found) - failed - skipped, failed, skipped


def tail(text, lines=40):
    """The end, and before it what says of itself that it is not well."""
    kept = text.rstrip().splitlines()
    if len(kept) <= lines:
        return kept
    return bad("\n".join(kept[:-lines]))[:40] + ["..."] + kept[-lines:]


def bad(text):
    return [s for s in text.splitlines()
            if re.match(r"not ok|.*(ERROR: |SUMMARY: |runtime error)", s)]


def skips(text):
    return [s for s in text.splitlines() if s.startswith("SKIP ")]


def meson_tests(phase, folder, *suites, names=(), env=None, slower=1, jobs=None):
    """Runs suites of a build folder, or single tests; counts what each program says it checked."""
    done = run(["meson", "test", "-C", folder, "--no-rebuild", "-t", str(slower),
                *(["--num-processes", jobs] if jobs else []),
                *(s for suite in suites for s in ("--suite", suite)), *names], env=env)
    log = folder / "meson-logs/testlog.json"
    results = [json.loads(s) for s in log.read_text().splitlines()] if log.exists() else []
    if not results:
        phase.check(f"tests of {folder.name}", False, done.stdout)
        return
    before = phase.passed
    for result in results:
        count(phase, result)
    print(f"  {folder.name}: {len(results)} programs, {phase.passed - before} checks passed")


def count(phase, result):
    name, status = result["name"], result["result"]
    text = result.get("stdout", "") + result.get("stderr", "")
    if status == "SKIP":
        phase.add(name, 0, 0, 1, text)
        return
    checks = [(int(n) - int(f) - int(e), int(f) + int(e)) for n, f, e in CHECKS.findall(text)]
    cases = [(int(p), int(f)) for p, f, _ in CASES.findall(text)]
    closing = [(int(p), int(f)) for p, f, _ in CLOSING.findall(text)]
    counts = checks or cases[-1:] or closing[-1:] or [count_lines(text)[:2]]
    if counts == [(0, 0)]:
        counts = [(1, 0)]
    passed, failed = (sum(c[i] for c in counts) for i in (0, 1))
    if status != "OK":
        failed = max(failed, 1)
        if counts == [(1, 0)]:
            passed = 0
        text = f"{status} after {result.get('duration', 0):.1f} s\n{text}"
    skipped = len(skips(text)) if passed else 0
    phase.add(name, max(passed - skipped, 0), failed, skipped, text)
