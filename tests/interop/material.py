# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines that tests ship and what the test pipeline must make of them."""

import socket

_METHODS = ("get", "post", "put", "delete")
_STATUSES = (200, 201, 304, 404, 500, 503)

_PATTERN = ("%{TIMESTAMP_ISO8601:logged} %{IPV4:client} %{WORD:verb} %{URIPATH:path} "
            "%{INT:status:int} %{INT:size:int} serial=%{WORD:serial}")

# A condition, mutate and grok. `serial` numbers the lines.
FILTERS = 'filter {\n  grok { match => { "message" => "' + _PATTERN + '" } }' + r"""
  if [status] >= 500 {
    mutate { add_tag => [ "broken" ] }
  } else if [status] == 404 {
    mutate { add_field => { "class" => "missing %{path}" } }
  } else {
    mutate { add_field => { "class" => "fine" } }
  }
  mutate {
    uppercase => [ "verb" ]
    rename => { "client" => "[source][ip]" }
    remove_field => [ "logged" ]
  }
}
"""


def line(n):
    return (f"2026-03-01T12:{n // 60 % 60:02d}:{n % 60:02d}.{n % 1000:03d}Z 192.0.2.{n % 250} "
            f"{_METHODS[n % 4]} /items/{n % 97}/view {_STATUSES[n % 6]} {n * 7 % 90001} "
            f"serial=s{n:08d}")


def serial(n):
    return f"s{n:08d}"


def filtered_fields(n):
    """The fields that FILTERS adds to line n."""
    status = _STATUSES[n % 6]
    fields = {"source": {"ip": f"192.0.2.{n % 250}"}, "verb": _METHODS[n % 4].upper(),
              "path": f"/items/{n % 97}/view", "status": status, "size": n * 7 % 90001,
              "serial": serial(n)}
    if status == 404:
        fields["class"] = f"missing /items/{n % 97}/view"
    elif status < 500:
        fields["class"] = "fine"
    return fields


def filtered_tags(n):
    return ["broken"] if _STATUSES[n % 6] >= 500 else []


def write_lines(path, first, count, mode="a"):
    """Appends lines `first` to `first + count - 1`; returns the path."""
    with open(path, mode) as f:
        f.writelines(line(n) + "\n" for n in range(first, first + count))
    return path


def document(n, filebeat):
    """The whole document of line n as Filebeat ships it and FILTERS change it. `...`: any text."""
    host = socket.gethostname()
    offset = sum(len(line(k)) + 1 for k in range(n))
    return {
        "@timestamp": ..., "@version": "1", "message": line(n), "event": {"original": line(n)},
        "tags": ["beats_input_codec_plain_applied", *filtered_tags(n)],
        "agent": {"ephemeral_id": ..., "hostname": host, "id": filebeat.agent_id(), "name": host,
                  "type": "filebeat", "version": "7.17.27"},
        "ecs": {"version": "1.12.0"}, "host": {"name": host}, "input": {"type": "filestream"},
        "log": {"file": {"path": str(filebeat.source)}, "offset": offset},
        **filtered_fields(n)}
