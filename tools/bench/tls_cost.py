#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What TLS costs the server a megabyte that it receives, with each AES provider.

Give it a release build for each: meson setup build-ipsec --buildtype=release -Daes=ipsec, the same
with gcrypt and none. Uncompressed events go through beats_send -> headrig -> null, the same ones
without TLS and with each cipher suite; the builds take turns. Prints the CPU time of the server's
process a megabyte with what plain TCP costs taken off: medians of the runs with their spread.
"""
import argparse
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile

import pipeline

MB = 1e6
SUITES = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"]
_NONE = "enrich => none"
PLAIN = "plain TCP"


def provider(build):
    said = subprocess.run([f"{build}/server/headrig", "--version"], capture_output=True, text=True,
                          check=True).stdout
    return re.search(r"AES-GCM by (\S+)", said).group(1), re.search(r"wolfSSL \S+", said).group(0).rstrip(",")


def cost(args, build, path):
    """Seconds of the server a megabyte."""
    args.build = build
    with tempfile.TemporaryDirectory() as folder:
        pipeline.make_certificate(folder)
        open(f"{folder}/logstash.yml", "w").close()
        server = pipeline.Server(args, folder, path)
        server.send(args, "logs", args.events // 4, "--compression", "0")      # warm
        micros, _, said = server.send(args, "logs", args.events, "--compression", "0")
        server.stop()
    return micros * 1e-6 * args.events / (said["bytes_sent"] / MB)


def spread(micros):
    return f"{min(micros):.0f}..{max(micros):.0f}"


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("builds", nargs="+", help="build folders")
    p.add_argument("--runs", type=int, default=7)
    p.add_argument("--events", type=int, default=100_000)
    args = p.parse_args()
    args.connections, args.workers, args.geoip = 2, 1, ""
    for suite in SUITES:
        pipeline.PATHS[suite] = (True, f'{_NONE} ssl_cipher_suites => ["{suite}"]', "disabled", "", "null")
    pipeline.PATHS[PLAIN] = (False, _NONE, "disabled", "", "null")
    known = {build: provider(build) for build in args.builds}
    with open("/proc/cpuinfo") as f:
        model = re.search(r"model name\s*:\s*(.*)", f.read()).group(1)
    print(f"machine: {model}, {os.cpu_count()} cores, Linux {platform.release()}, load {os.getloadavg()[0]:.1f}")
    print("versions: " + ", ".join(sorted({library for _, library in known.values()})))
    print(f"{args.runs} runs of {args.events} events without compression; CPU us/MB beside {PLAIN}, medians "
          "[spread]", flush=True)
    costs = {}
    for _ in range(args.runs):
        for build in args.builds:
            for path in [PLAIN, *SUITES]:
                costs.setdefault((build, path), []).append(cost(args, build, path) * 1e6)
    for build in args.builds:
        plain = statistics.median(costs[build, PLAIN])
        print(f"{known[build][0]:10} {PLAIN:30} {plain:8.0f}  [{spread(costs[build, PLAIN])}]")
        for suite in SUITES:
            over = [c - plain for c in costs[build, suite]]
            print(f"{known[build][0]:10} {suite:30} {statistics.median(over):8.0f}  [{spread(over)}]")


if __name__ == "__main__":
    sys.exit(main())
