#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds Headrig in every way it is tested, runs all tests, ends with one line of counts.

  run.py                    everything
  run.py --quick            the plain build, its suites and the acceptance cases: under a minute
  run.py --only asan,fuzz   these phases; --list names them
  run.py --fuzz-seconds 5   time for each fuzz target (default 20)
  run.py --long             e2e, edge and interop in their long forms: the figures of 5,000 senders,
                            minutes of floods; half an hour more, with a GB of memory to spare

Under CI=true a SKIP is a failure; elsewhere it says why. Builds stay in build*/ of the checkout.
"""

import argparse
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from harness import ROOT, Phase, build, capture, meson_tests, run, shared

QUICK = ("plain",)
CI = os.environ.get("CI") == "true"

# Both stop at the first finding, so that a test fails where it happened.
SANITIZER_ENV = {
    "ASAN_OPTIONS": "detect_leaks=1:halt_on_error=1:strict_string_checks=1",
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
    "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1",
}


def accept(phase, folder, *what, env=None):
    """The black-box runner of ../shared; judged by tests/accept_known.txt."""
    if shared() is None:
        print("  no ../shared: acceptance cases left out, our own cases and vectors ran")
        return
    phase.counted(run([sys.executable, ROOT / "tests/accept.py", "--binary",
                       folder / "server/headrig", *what], env=env), "accept")


def plain(phase, options):
    folder = build("build")
    meson_tests(phase, folder, "unit", "cases", "vectors", "fuzz", "hygiene", "docs")
    accept(phase, folder)


def release(phase, options):
    """-O3 sees more than -O2, and the licence table is about this binary."""
    folder = build("build-release", "--buildtype=release")
    meson_tests(phase, folder, "unit", "cases", "vectors")


def asan(phase, options):
    folder = build("build-asan", "-Db_sanitize=address,undefined")
    meson_tests(phase, folder, "unit", "cases", "vectors", env=SANITIZER_ENV, slower=5)
    accept(phase, folder, "vectors", env=SANITIZER_ENV)
    e2e_with(phase, folder, "behaviour", SANITIZER_ENV, slower=3)
    e2e_with(phase, folder, "edge_behaviour", SANITIZER_ENV, slower=3)


# What has threads, or is used by several: the rest would only be slow under TSan.
THREADED = ("beats_ack", "beats_decode", "beats_feed", "budget", "elasticsearch", "file", "http", "http_client",
            "http_server", "loop", "mailbox", "ready", "regex", "resolver", "sink_queue", "stream", "tls", "tls_aes",
            "tls_bytes", "view", "worker")


def tsan(phase, options):
    folder = build("build-tsan", "-Db_sanitize=thread",
                   targets=("server/headrig", *(f"tests/unit/test_{name}" for name in THREADED)))
    meson_tests(phase, folder, names=THREADED, env=SANITIZER_ENV, slower=10)
    accept(phase, folder, "vectors", env=SANITIZER_ENV)
    e2e_with(phase, folder, "behaviour", SANITIZER_ENV, slower=3)
    e2e_with(phase, folder, "edge_behaviour", SANITIZER_ENV, slower=3)


def arena_malloc(phase, options):
    """Every arena allocation is a block of its own: ASan sees the overrun that a chunk hides."""
    folder = build("build-malloc", "-Darena=malloc", "-Db_sanitize=address,undefined")
    meson_tests(phase, folder, "unit", "cases", "vectors", env=SANITIZER_ENV, slower=5)


def aes(phase, options):
    """Each provider of AES-GCM; that of the plain build has been through everything else."""
    says_provider(phase, build("build"), "ipsec-mb|gcrypt|none")
    for provider in ("gcrypt", "none"):
        folder = build(f"build-aes-{provider}", f"-Daes={provider}",
                       targets=("tests/unit/test_tls_aes", "tests/unit/test_tls", "tests/unit/test_tls_bytes",
                                "server/headrig"))
        meson_tests(phase, folder, names=("tls_aes", "tls", "tls_bytes"), slower=5)
        says_provider(phase, folder, provider)
    folder = build("build-aes-gcrypt-tsan", "-Daes=gcrypt", "-Db_sanitize=thread",
                   targets=("tests/unit/test_tls_aes",))
    meson_tests(phase, folder, names=("tls_aes",), env=SANITIZER_ENV, slower=10)


def says_provider(phase, folder, name):
    """--version and the first line of the log tell who does AES."""
    version = run([folder / "server/headrig", "--version"]).stdout
    log = run([folder / "server/headrig", "-t", "-S", "allow_superuser=true", "--path.data", folder / "data",
               "-e", "input { stdin {} }"]).stdout
    phase.check(f"{name}: --version and the log say so",
                re.search(rf"AES-GCM by (?:{name})$", version, re.M)
                and re.search(rf'aes: "(?:{name})"', log), version + log)


# Compares two dialects of regular expressions: a search is for who works on it, with time to read.
REPLAY_ONLY = {"regex_needs"}


def fuzz(phase, options):
    """Corpora made from the cases and vectors, replayed, then searched for a while."""
    plain_build = build("build")
    folder = build("build-fuzz", "-Dfuzz=true", "-Db_sanitize=address,undefined",
                   "-Db_lundef=false", env={"CC": "ccache clang" if has("ccache") else "clang"})
    corpora = folder / "corpora"
    made = run([sys.executable, ROOT / "tests/fuzz/make_corpus.py", corpora])
    targets = sorted(p for p in (folder / "tests/fuzz").glob("fuzz_*") if p.is_file())
    phase.check("corpora made, and a target for each", made.returncode == 0 and len(targets) > 0,
                made.stdout)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, problem, inputs in pool.map(
                lambda t: fuzz_one(t, plain_build, corpora, options.fuzz_seconds), targets):
            phase.check(f"fuzz {name}: {inputs}", problem is None, problem)


def fuzz_one(target, plain_build, corpora, seconds):
    name = target.name.removeprefix("fuzz_")
    inputs = [p for p in (ROOT / "tests/fuzz/corpus" / name, corpora / name) if p.is_dir()]
    if not inputs:
        return name, "no corpus: tests/fuzz/make_corpus.py makes none, nor is one committed", ""
    replay = run([plain_build / f"tests/fuzz/replay_{name}", *inputs], timeout=120)
    if replay.returncode != 0:
        return name, f"replay: {replay.stdout[-4000:]}", ""
    if name in REPLAY_ONLY:
        return name, None, f"{replay.stdout.strip()} replayed"
    found = target.parent / f"found_{name}"
    work = target.parent / f"work_{name}"
    found.mkdir(exist_ok=True)
    work.mkdir(exist_ok=True)
    dictionary = ROOT / f"tests/fuzz/{name}.dict"
    search = run([target, f"-max_total_time={seconds}", "-timeout=20", "-rss_limit_mb=3000",
                  "-print_final_stats=1", f"-artifact_prefix={found}/",
                  *([f"-dict={dictionary}"] if dictionary.exists() else []), work, *inputs],
                 env=SANITIZER_ENV, timeout=seconds + 240)
    if search.returncode != 0:
        return name, f"search (input kept in {found}): {search.stdout[-4000:]}", ""
    units = [line.split()[-1] for line in search.stdout.splitlines()
             if line.startswith("stat::number_of_executed_units")]
    return name, None, f"{replay.stdout.strip()} replayed, {units[0] if units else '?'} runs"


def e2e_with(phase, folder, suite, env=None, slower=1):
    """One after the other: they look at times and at memory."""
    meson_tests(phase, folder, suite, env=env, slower=slower, jobs=1)


LONG = {"HEADRIG_LONG": "1"}
LONGER = 6      # than the time that a program has


def e2e(phase, options):
    e2e_with(phase, build("build"), "e2e", *((LONG, LONGER) if options.long else ()))


def edge(phase, options):
    e2e_with(phase, build("build"), "edge", *((LONG, LONGER) if options.long else ()))


def interop(phase, options):
    folder = build("build")
    done = run([sys.executable, "-u", ROOT / "tests/interop/run.py", *(["--full"] if options.long else [])],
               show=True,
               env={"HEADRIG_BIN": str(folder / "server/headrig")})
    done.stdout = done.stdout.partition("# --- result")[2] or done.stdout
    phase.counted(done, "interop")


def coverage(phase, options):
    """Lines that the suites and the acceptance cases reach; the sum is printed, not judged."""
    if not has("gcovr"):
        phase.skip("coverage", "gcovr is not installed")
        return
    folder = build("build-coverage", "-Db_coverage=true")
    for stale in folder.rglob("*.gcda"):
        stale.unlink()
    meson_tests(phase, folder, "unit", "cases", "vectors")
    accept(phase, folder)
    e2e_with(phase, folder, "behaviour")
    report = capture(["gcovr", "--root", ROOT, "--object-directory", folder, "--exclude", "tests/",
                      "--exclude", "tools/", "--exclude", "build", "--print-summary", "--txt",
                      folder / "coverage.txt", folder])
    for line in report.splitlines():
        if line.startswith(("lines:", "branches:")):
            print(f"  coverage of {line}")
    phase.check("coverage counted", "lines:" in report, report)
    phase.counted(run([sys.executable, ROOT / "tests/floors.py", folder]), "floors")


PHASES = {
    "plain": plain, "release": release, "asan": asan, "tsan": tsan, "malloc": arena_malloc,
    "aes": aes, "fuzz": fuzz, "e2e": e2e, "edge": edge,
    "interop": interop, "coverage": coverage,
}


def has(program):
    return subprocess.run(["sh", "-c", f"command -v {program}"],
                          stdout=subprocess.DEVNULL).returncode == 0


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default="", metavar="PHASE,...")
    parser.add_argument("--without", default="", metavar="PHASE,...")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--fuzz-seconds", type=int, default=20)
    options = parser.parse_args()
    names = [n for n in options.only.split(",") if n] or (QUICK if options.quick else list(PHASES))
    without = [n for n in options.without.split(",") if n]
    unknown = set(names) | set(without)
    unknown -= set(PHASES)
    if unknown:
        parser.error(f"no phase {', '.join(sorted(unknown))}; there are {', '.join(PHASES)}")
    options.phases = [n for n in names if n not in without]
    return options


def main():
    options = parse_arguments()
    if options.list:
        print("\n".join(PHASES))
        return 0
    sys.stdout.reconfigure(line_buffering=True)
    if shared() is None:
        print("No ../shared beside the project: the tests run on our own cases and vectors.")
    phases = []
    for name in options.phases:
        print(f"=== {name}")
        phase, start = Phase(name), time.monotonic()
        try:
            PHASES[name](phase, options)
        except Exception as e:      # a phase that breaks must not hide the others
            phase.check(f"{name} runs", False, f"{type(e).__name__}: {e}")
        phase.seconds = time.monotonic() - start
        print(f"--- {phase}")
        phases.append(phase)
    return close(phases)


def close(phases):
    """The closing line is read by CI: counts alone on a line."""
    passed, failed, skipped = (sum(getattr(p, n) for p in phases)
                               for n in ("passed", "failed", "skipped"))
    print("=== summary")
    for phase in phases:
        print(phase)
        for line in phase.problems:
            print(f"    {line}")
    print(f"{sum(p.seconds for p in phases):.0f} s in all")
    if CI and skipped:
        print("A skipped test is a failure under CI.")
        failed, skipped = failed + skipped, 0
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
