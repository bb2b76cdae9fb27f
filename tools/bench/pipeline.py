#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an event costs the server, end to end: beats_send -> headrig -> null or a discarding _bulk sink.

Prints the machine, versions, and for each path the median of the runs with its spread: CPU
microseconds an event (user and system time of the server's process), events a second, RSS. CPU time
is what to compare; events a second depend on what else the machine does.
"""
import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time

BEATS = """input {{ beats {{ id => "in" host => "127.0.0.1" port => 0 {tls} {enrich} }} }}\n"""
TLS = 'ssl_enabled => true ssl_certificate => "{dir}/server.crt" ssl_key => "{dir}/server.key"'
NULL = "output { null { } }\n"
BULK = 'output {{ elasticsearch {{ hosts => ["http://127.0.0.1:{port}"] index => "bench" {gzip} }} }}\n'
APACHE = """filter {
  grok { match => { "message" => "%{COMBINEDAPACHELOG}" } }
  date { match => ["timestamp", "dd/MMM/yyyy:HH:mm:ss Z"] }
  mutate { remove_field => ["timestamp"] add_field => { "[labels][env]" => "bench" } }
}
"""

# The corpus has private addresses: each event gets one that the reference's database knows.
ENRICH = """filter {
  useragent { source => "[user_agent][original]" }
  mutate { replace => { "[client][ip]" => "192.0.2.10" } }
  geoip { source => "[client][ip]" database => "GEOIP_DATABASE" }
}
"""

# name: (TLS, enrich option, ECS mode, filters, output)
PATHS = {
    "bare-null": (True, "enrich => none", "disabled", "", "null"),
    "defaults-null": (True, "", "v8", "", "null"),
    "bare-bulk": (True, "enrich => none", "disabled", "", "bulk"),
    "defaults-bulk-gzip": (True, "", "v8", "", "bulk-gzip"),
    "apache-null": (True, "", "v8", APACHE, "null"),
    "apache-enriched-null": (True, "", "v8", APACHE + ENRICH, "null"),
    "plain-bare-null": (False, "enrich => none", "disabled", "", "null"),
}


def cpu_seconds(pid):
    """Of all its threads, to the nanosecond; those that have ended do not count."""
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/schedstat") as f:
            total += int(f.read().split()[0])
    return total / 1e9


def status(pid, key):
    with open(f"/proc/{pid}/status") as f:
        return int(re.search(rf"{key}:\s+(\d+)", f.read()).group(1))


def wait_for(path, pattern, process, seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with open(path) as f:
            found = re.search(pattern, f.read())
        if found:
            return found
        if process.poll() is not None:
            break
        time.sleep(0.02)
    with open(path) as f:
        sys.exit("a program did not start:\n" + f.read())


def make_certificate(folder):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
         "-keyout", f"{folder}/server.key", "-out", f"{folder}/server.crt"],
        check=True, stderr=subprocess.DEVNULL)


class Server:
    """A headrig with one path's pipeline; a sink beside it when the path needs one."""

    def __init__(self, args, folder, name):
        tls, enrich, ecs, filters, output = PATHS[name]
        self.sink, self.tls, self.folder = None, tls, folder
        text = BEATS.format(tls=TLS.format(dir=folder) if tls else "", enrich=enrich)
        text += filters.replace("GEOIP_DATABASE", os.path.abspath(args.geoip))
        if output == "null":
            text += NULL
        else:
            port = self.start_sink(args)
            text += BULK.format(port=port, gzip="" if output == "bulk-gzip" else "compression_level => 0")
        with open(f"{folder}/pipeline.conf", "w") as f:
            f.write(text)
        self.log = f"{folder}/log"
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                [f"{args.build}/server/headrig", "-S", "allow_superuser=true", "--path.data", f"{folder}/data",
                 "--path.settings", folder, "--pipeline.ecs_compatibility", ecs, "-w", str(args.workers),
                 "--pipeline.ordered", "false", "-f", f"{folder}/pipeline.conf"], stderr=log, stdout=log)
        self.port = int(wait_for(self.log, r"Starting server on port: (\d+)", self.process).group(1))

    def start_sink(self, args):
        log = f"{self.folder}/sink"
        with open(log, "w") as f:
            self.sink = subprocess.Popen([f"{args.build}/tools/es_sink", "--port", "0", "--discard"],
                                         stdout=f, stderr=f)
        return int(wait_for(log, r"port[^0-9]*(\d+)", self.sink).group(1))

    def send(self, args, corpus, events, *more):
        """CPU microseconds an event, events a second, and what the sender says."""
        command = [f"{args.build}/tools/beats_send", "--port", str(self.port), "--connections",
                   str(args.connections), "--window", "2048", "--preencode", "16", "--corpus", corpus,
                   "--events", str(events), *more]
        if self.tls:
            command += ["--host", "localhost", "--tls", "--ca", f"{self.folder}/server.crt"]
        before, start = cpu_seconds(self.process.pid), time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"beats_send failed:\n{done.stdout}{done.stderr}\n" + open(self.log).read()[-3000:])
        wall = time.monotonic() - start
        summary = json.loads(done.stdout)
        return (cpu_seconds(self.process.pid) - before) / events * 1e6, events / wall, summary

    def stop(self):
        peak = status(self.process.pid, "VmHWM")
        self.process.terminate()
        self.process.wait(30)
        if self.sink is not None:
            self.sink.terminate()
            self.sink.wait(10)
        return peak


def spread(values):
    return f"{min(values):.3f}..{max(values):.3f}"


def measure(args, name, corpus):
    with tempfile.TemporaryDirectory() as folder:
        make_certificate(folder)
        open(f"{folder}/logstash.yml", "w").close()
        server = Server(args, folder, name)
        server.send(args, corpus, args.events // 4)  # warm
        runs = [server.send(args, corpus, args.events) for _ in range(args.runs)]
        peak = server.stop()
    cpu, rate = [r[0] for r in runs], [r[1] for r in runs]
    print(f"{name:20} {corpus:6} {statistics.median(cpu):8.3f} us  [{spread(cpu)}]"
          f"  {statistics.median(rate):10.0f}/s  RSS peak {peak / 1024:6.1f} MB", flush=True)
    return runs[0][2]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", default="build")
    p.add_argument("--runs", type=int, default=5)
    p.add_argument("--events", type=int, default=1_000_000)
    p.add_argument("--connections", type=int, default=4)
    p.add_argument("--workers", type=int, default=1)
    p.add_argument("--paths", default=",".join(PATHS), help="of " + ", ".join(PATHS))
    p.add_argument("--geoip", default="../shared/reference/cases/filters/data/city.mmdb",
                   help="database of apache-enriched-null")
    p.add_argument("--corpora", default="logs,noisy")
    args = p.parse_args()
    with open("/proc/cpuinfo") as f:
        model = re.search(r"model name\s*:\s*(.*)", f.read()).group(1)
    version = subprocess.run([f"{args.build}/server/headrig", "--version"], capture_output=True, text=True).stdout
    print(f"machine: {model}, {os.cpu_count()} cores, Linux {platform.release()}, load {os.getloadavg()[0]:.1f}")
    print("versions: " + "; ".join(version.split("\n")[:4]))
    print(f"{args.runs} runs of {args.events} events, windows of 2,048, {args.connections} connections, "
          f"{args.workers} worker(s) in the pipeline; medians [spread]")
    for corpus in args.corpora.split(","):
        summary = {}
        for name in args.paths.split(","):
            summary = measure(args, name, corpus)
        print(f"corpus {corpus}: " + ", ".join(f"{k} {v}" for k, v in summary.items() if "ratio" in k or "bytes" in k))


if __name__ == "__main__":
    main()
