# SPDX-License-Identifier: GPL-3.0-or-later
"""The foreign programs Headrig is tested with. Each class is one peer in its own folder; its
start() builds or fetches what is missing, and waits until the peer can be used."""

import http.client
import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import toolchain
from process import Process, free_port, is_listening, until


def go_peers():
    """Builds the Go peers; what tests that use them name as their need."""
    return toolchain.go_programs()


class Beat(Process):
    """A Beat that ships to one or more `hosts`.

    tls: a dict of certificate_authorities, certificate, key, as under ssl in the Beat's yml.
    output: further settings of output.logstash, dotted or nested as in the yml.
    """

    program = None
    stop_signal = signal.SIGINT
    stop_within = 15

    def __init__(self, folder, hosts, inputs, tls=None, output=None, queue=None, env=None):
        super().__init__(self.program, folder)
        self.binary = go_peers() / self.program
        self.env = env or {}
        self.inputs = inputs
        self.config = {
            **inputs,
            "queue.mem": {"events": 4096, "flush.min_events": 512, "flush.timeout": "200ms",
                          **(queue or {})},
            "output.logstash": {
                "hosts": list(hosts), "compression_level": 3, "bulk_max_size": 512, "worker": 1,
                "pipelining": 2, "loadbalance": False, "ttl": "0s", "timeout": "30s",
                "slow_start": False, "backoff": {"init": "200ms", "max": "1s"}, **(output or {})},
            "logging": {"level": "info", "to_stderr": True, "to_files": False,
                        "metrics.enabled": False},
            "setup": {"ilm.enabled": False, "template.enabled": False},
        }
        if tls:
            self.config["output.logstash"]["ssl"] = {k: str(v) for k, v in tls.items()}
        self.yml = self.folder / f"{self.program}.yml"

    def command(self):
        # A yml may be written as JSON. A Beat takes -c from its own config folder unless absolute.
        self.yml.write_text(json.dumps(self.config, indent=1))
        return [self.binary, "-e", "-c", self.yml.resolve(), "-strict.perms=false",
                "--path.home", self.folder / "home"]

    def environment(self):
        return {**os.environ, **self.env}

    def connections_made(self):
        """How often the Beat says that a connection to its output stands."""
        return sum("Connection to backoff" in line and "established" in line
                   for line in self.log().splitlines())

    def agent_id(self):
        return json.loads((self.folder / "home/data/meta.json").read_text())["uuid"]


class Filebeat(Beat):
    """Follows one file. `source` may grow while it runs."""

    program = "filebeat"

    def __init__(self, folder, hosts, source, processors=None, **kw):
        self.source = Path(source).resolve()
        stream = {"type": "filestream", "id": "lines", "paths": [str(self.source)],
                  "prospector.scanner.check_interval": "200ms", "close.reader.on_eof": True}
        if processors:
            stream["processors"] = processors
        super().__init__(folder, hosts, {"filebeat.inputs": [stream],
                                         "filebeat.shutdown_timeout": "10s"}, **kw)

    def acknowledged_offset(self):
        """Up to which byte of the source the server has acknowledged, by the registry."""
        offset = 0
        try:
            text = (self.folder / "home/data/registry/filebeat/log.json").read_text()
        except OSError:
            return 0
        for line in text.splitlines():
            try:
                entry = json.loads(line)
            except ValueError:      # a line being written
                continue
            cursor = entry.get("v", {}).get("cursor") if isinstance(entry, dict) else None
            if isinstance(cursor, dict) and "offset" in cursor:
                offset = cursor["offset"]
        return offset

    def wait_all_acknowledged(self, within):
        size = self.source.stat().st_size
        until(lambda: self.acknowledged_offset() >= size, within,
              lambda: f"filebeat's registry at {size} (is at {self.acknowledged_offset()})")


class Metricbeat(Beat):
    program = "metricbeat"

    def __init__(self, folder, hosts, **kw):
        super().__init__(folder, hosts, {
            "metricbeat.max_start_delay": "0s",
            "metricbeat.modules": [{"module": "system", "period": "1s", "processes": [".*"],
                                    "metricsets": ["cpu", "load", "memory", "process"]}]}, **kw)


class Heartbeat(Beat):
    """Knocks at a TCP port that answers and at an HTTP address that does not."""

    program = "heartbeat"

    def __init__(self, folder, hosts, probe, **kw):
        super().__init__(folder, hosts, {"heartbeat.monitors": [
            {"type": "tcp", "id": "t1", "schedule": "@every 1s", "hosts": [probe], "timeout": "1s"},
            {"type": "http", "id": "h1", "schedule": "@every 1s", "timeout": "1s",
             "urls": [f"http://127.0.0.1:{free_port()}/"]}]}, **kw)


class LumberSender:
    """One run of go-lumber's client; send() returns its summary with the exit code added."""

    def __init__(self, address, tls=None):
        self.binary = go_peers() / "lumber_send"
        self.base = ["-address", address]
        for ours, theirs in (("certificate_authorities", "-ca"), ("certificate", "-cert"),
                             ("key", "-key")):
            if tls and ours in tls:
                self.base += [theirs, str(tls[ours])]

    def send(self, within=60, **options):
        arguments = [text for name, value in options.items()
                     for text in (f"-{name.replace('_', '-')}", str(value))]
        done = subprocess.run([str(self.binary), *self.base, *arguments], capture_output=True,
                              text=True, timeout=within)
        summary = json.loads(done.stdout) if done.stdout else {"errors": [done.stderr]}
        return {**summary, "exit": done.returncode}


class LumberReceiver(Process):
    """go-lumber's server; counts() is what it has seen so far."""

    def __init__(self, folder, certificate=None, key=None, client_ca=None, events=None,
                 field="message", protocol=2):
        super().__init__("lumber_recv", folder)
        self.binary = go_peers() / "lumber_recv"
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.options = {"-cert": certificate, "-key": key, "-client-ca": client_ca,
                        "-events": events, "-field": field,
                        "-protocol": protocol}

    def command(self):
        return [self.binary, "-listen", self.address,
                *(text for flag, value in self.options.items() if value
                  for text in (flag, str(value)))]

    def ready(self):
        return "listening on" in self.log()

    def counts(self):
        lines = self.output().splitlines()
        return json.loads(lines[-1]) if lines else {"events": 0, "distinct": 0, "repeated": 0}

    def wait_distinct(self, count, within):
        until(lambda: self.counts()["distinct"] >= count, within,
              lambda: f"{count} distinct texts (are {self.counts()})")


class SearchServer(Process):
    """An OpenSearch or Elasticsearch node with a small client. May be stopped and started again
    on the same port and data."""

    folder_name = launcher = version_property = None
    jdk_at_least = 17
    start_within = 90

    def __init__(self, folder, settings=()):
        super().__init__(self.folder_name, folder)
        self.java = toolchain.jdk(self.jdk_at_least)
        self.files = self.prepare()
        self.version = toolchain.pom_property(self.folder_name, self.version_property)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.settings = list(settings)

    @classmethod
    def prepare(cls):
        """Fetches and compiles; the folder of the result."""
        return toolchain.java_peer(cls.folder_name, cls.launcher, toolchain.jdk(cls.jdk_at_least))

    def class_path(self):
        return f"{self.files}/cls:{self.files}/lib/*"

    def command(self):
        return [self.java / "bin/java", "-Xms128m", "-Xmx128m", "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1", "-cp", self.class_path(), self.launcher,
                self.folder / "home", self.port,
                # Of a heap this small the real use is always near the limit, garbage included.
                "indices.breaker.total.use_real_memory=false", *self.settings]

    def ready(self):
        try:
            return self.request("GET", "/_cluster/health", timeout=5)[0] == 200
        except (OSError, http.client.HTTPException, ValueError):
            return False

    def request(self, method, path, body=None, timeout=30):
        """(status, decoded JSON or text). A list as body is sent as NDJSON."""
        headers = {}
        if isinstance(body, list):
            body = "".join(json.dumps(line) + "\n" for line in body)
            headers["Content-Type"] = "application/x-ndjson"
        elif body is not None:
            body = json.dumps(body)
            headers["Content-Type"] = "application/json"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        try:
            return answer.status, json.loads(text)
        except ValueError:
            return answer.status, text

    def bulk(self, lines):
        return self.request("POST", "/_bulk", lines)

    def put_data_stream_template(self):
        return self.request("PUT", "/_index_template/streams", {
            "index_patterns": ["logs-*-*"], "data_stream": {}, "priority": 500,
            "template": {"settings": {"number_of_shards": 1, "number_of_replicas": 0}}})

    def count(self, index):
        """Documents that a search sees now; 0 as long as there is no such index."""
        if self.request("POST", f"/{index}/_refresh")[0] != 200:
            return 0
        status, body = self.request("GET", f"/{index}/_count")
        return body["count"] if status == 200 else 0

    def documents(self, index, page=2000):
        """Every hit of an index, in no order that means something."""
        self.request("POST", f"/{index}/_refresh")
        after = None
        while True:
            if after is None:
                path, body = f"/{index}/_search?scroll=1m", {"size": page, "sort": ["_doc"]}
            else:
                path, body = "/_search/scroll", {"scroll": "1m", "scroll_id": after}
            status, answer = self.request("POST", path, body)
            if status != 200:
                raise RuntimeError(f"search in {index}: {status} {answer}")
            hits = answer["hits"]["hits"]
            after = answer["_scroll_id"]
            if not hits:
                self.request("DELETE", "/_search/scroll", {"scroll_id": after})
                return
            yield from hits


class OpenSearch(SearchServer):
    folder_name = "opensearch"
    launcher = "OsNode"
    version_property = "opensearch.version"


class Elasticsearch(SearchServer):
    """The core of Elasticsearch: no `/`, no licence API; see nginx_before_elasticsearch()."""

    folder_name = "elasticsearch"
    launcher = "EsNode"
    version_property = "elasticsearch.version"
    jdk_at_least = 21

    def _is_module(self, jar):
        return jar.name.startswith(("netty-", "transport-netty4-"))

    def class_path(self):
        jars = (j for j in sorted((self.files / "lib").glob("*.jar")) if not self._is_module(j))
        return ":".join([f"{self.files}/cls", *map(str, jars)])

    def launch(self):
        module = self.folder / "home/modules/transport-netty4"
        if not module.exists():
            module.mkdir(parents=True)
            for jar in (self.files / "lib").glob("*.jar"):
                if self._is_module(jar):
                    shutil.copy(jar, module)
            # No `modulename` here: the jar brings its own descriptor of that.
            (module / "plugin-descriptor.properties").write_text(
                "description=HTTP\nname=transport-netty4\njava.version=21\n"
                f"version={self.version}\nelasticsearch.version={self.version}\n"
                "classname=org.elasticsearch.transport.netty4.Netty4Plugin\n")
        super().launch()


class Nginx(Process):
    """nginx with the given `server` blocks, everything it writes inside its folder."""

    @staticmethod
    def prepare():
        return toolchain.program("nginx")

    def __init__(self, folder, servers, ports):
        super().__init__("nginx", folder)
        self.binary = self.prepare()
        self.ports = ports
        (self.folder / "logs").mkdir(exist_ok=True)
        (self.folder / "temp").mkdir(exist_ok=True)
        temp = "\n".join(f"  {kind}_temp_path temp/{kind};" for kind in
                         ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (self.folder / "nginx.conf").write_text(
            "daemon off;\nmaster_process off;\npid logs/nginx.pid;\nerror_log logs/error.log;\n"
            f"events {{ }}\nhttp {{\n  access_log logs/access.log;\n{temp}\n{servers}\n}}\n")

    def command(self):
        return [self.binary, "-p", f"{self.folder}/", "-c", "nginx.conf", "-e", "logs/start.log"]

    def ready(self):
        return all(is_listening(port) for port in self.ports)

    def access_log(self):
        path = self.folder / "logs/access.log"
        return path.read_text() if path.exists() else ""


def nginx_before_elasticsearch(folder, server, certificates, user, password):
    """TLS and a password in front of the core, and the two answers that it does not give."""
    port = free_port()
    hashed = subprocess.run([toolchain.program("openssl"), "passwd", "-apr1", password],
                            capture_output=True, text=True, check=True).stdout.strip()
    (Path(folder) / "htpasswd").write_text(f"{user}:{hashed}\n")
    about = json.dumps({
        "name": "n1", "cluster_name": "headrig-test", "cluster_uuid": "u",
        "version": {"number": server.version, "build_flavor": "default"},
        "tagline": "You Know, for Search"})
    peer = Nginx(folder, f"""
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {certificates.crt("server")};
    ssl_certificate_key {certificates.key("server")};
    ssl_protocols TLSv1.2 TLSv1.3;
    client_max_body_size 100m;
    auth_basic "search";
    auth_basic_user_file {folder}/htpasswd;
    location = / {{
      default_type application/json;
      add_header X-elastic-product Elasticsearch always;
      try_files /none @about;
    }}
    location @about {{
      default_type application/json;
      add_header X-elastic-product Elasticsearch always;
      return 200 '{about}';
    }}
    location = /_license {{ try_files /none @license; }}
    location @license {{
      default_type application/json;
      add_header X-elastic-product Elasticsearch always;
      return 200 '{{"license":{{"status":"active","type":"basic"}}}}';
    }}
    location / {{
      proxy_pass {server.url};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Authorization "";
    }}
  }}""", [port])
    peer.url = f"https://127.0.0.1:{port}"
    return peer


def prefetch(report):
    """Builds and fetches everything, telling report(name, seconds) about each part."""
    for name, make in (
            ("Go peers", go_peers), ("OpenSearch", OpenSearch.prepare),
            ("Elasticsearch", Elasticsearch.prepare), ("nginx", Nginx.prepare)):
        start = time.monotonic()
        make()
        report(name, time.monotonic() - start)
