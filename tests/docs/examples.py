#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the worked examples of docs/examples through the real program: examples.py --write NAME ...

An example is a text with three fenced blocks: the filters (```logstash), the events before
(```json, one after the other), the events after. Left out of both are @version, @timestamp and what
the input adds, unless the example shows them; "..." ends a text that is different each time. With
--write the last block becomes what the program gives, to be read and checked by its author."""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import mmdb

ROOT = Path(__file__).resolve().parents[2]
BLOCKS = re.compile(r"^```(logstash|json)\n(.*?)^```$", re.M | re.S)
INPUT_ADDS = ("@version", "@timestamp", "event.original", "host.hostname")
PIPELINE = "input {{ stdin {{ codec => json_lines }} }}\n{}output {{ stdout {{ codec => json_lines }} }}\n"


def city():
    names = lambda text: {"names": {"en": text}}        # noqa: E731
    return {"city": names("Port Example"), "continent": {"code": "EU", **names("Europe")},
            "country": {"iso_code": "FR", **names("France")}, "postal": {"code": "12345"},
            "location": {"latitude": 48.5, "longitude": 2.25, "time_zone": "Europe/Paris"}}


def settings(folder):
    """What stands below /etc/headrig for the examples."""
    (folder / "logstash.yml").write_text("allow_superuser: true\nlog.level: error\n")
    mmdb.write(folder / "city.mmdb", "192.0.2.0/24", city(), "GeoLite2-City")


def values(text):
    """JSON texts, one after the other."""
    decoder, found, at = json.JSONDecoder(), [], 0
    while text[at:].strip():
        at += len(text[at:]) - len(text[at:].lstrip())
        value, at = decoder.raw_decode(text, at)
        found.append(value)
    return found


def without(event, shown):
    """The event without what inputs add and nobody shows."""
    for name in INPUT_ADDS:
        first, _, second = name.partition(".")
        if second and isinstance(event.get(first), dict) and second not in (shown.get(first) or {}):
            event[first].pop(second, None)
            if not event[first] and first not in shown:
                del event[first]
        elif not second and first not in shown:
            event.pop(first, None)
    return event


def same(shown, got):
    if isinstance(shown, str) and shown.endswith("..."):
        return isinstance(got, str) and got.startswith(shown[:-3]) and len(got) >= len(shown)
    if isinstance(shown, dict) and isinstance(got, dict):
        return list(shown) == list(got) and all(same(shown[k], got[k]) for k in shown)
    if isinstance(shown, list) and isinstance(got, list):
        return len(shown) == len(got) and all(map(same, shown, got))
    return type(shown) is type(got) and shown == got


def run(binary, folder, filters, events):
    """The events that come out, in order (one worker); RuntimeError: the program refuses."""
    config = folder / "example.conf"
    config.write_text(PIPELINE.format(filters.replace("/etc/headrig", str(folder))))
    done = subprocess.run([binary, "-f", config, "--path.settings", folder, "--path.data",
                           folder / "data", "-w", "1"], capture_output=True, text=True, timeout=60,
                          input="".join(json.dumps(e, ensure_ascii=False) + "\n" for e in events),
                          env={**os.environ, "TZ": "UTC"})
    if done.returncode != 0:
        raise RuntimeError(f"headrig ended with {done.returncode}: {done.stderr.strip()}")
    return values(done.stdout)


def example(binary, folder, path, write):
    """What is wrong with one example, or None."""
    whole = path.read_text()
    blocks = list(BLOCKS.finditer(whole))
    if [b[1] for b in blocks] != ["logstash", "json", "json"]:
        return "needs three blocks: logstash, json, json"
    if not re.search(rf"^\s*{path.stem} \{{", blocks[0][2], re.M):
        return f"its filters have no {path.stem}"
    shown = values(blocks[2][2])
    try:
        got = run(binary, folder, blocks[0][2], values(blocks[1][2]))
    except RuntimeError as e:
        return str(e)
    got = [without(g, shown[i] if i < len(shown) else {}) for i, g in enumerate(got)]
    text = "".join(json.dumps(g, indent=2, ensure_ascii=False) + "\n" for g in got)
    if write:
        path.write_text(whole[:blocks[2].start(2)] + text + whole[blocks[2].end(2):])
    elif not shown or not same(shown, got):
        return f"the program gives\n{text}"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", type=Path, default=ROOT / "build/server/headrig")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args()
    paths = sorted((ROOT / "docs/examples").glob("*.md"))
    paths = [p for p in paths if not options.names or p.stem in options.names]
    page = (ROOT / "docs/plugins.md").read_text()
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        settings(Path(folder))
        for path in paths:
            wrong = example(options.binary, Path(folder), path, options.write)
            if wrong is None and not options.write and path.read_text().strip() not in page:
                wrong = "docs/plugins.md does not show it; write that page anew"
            failed += wrong is not None
            print(f"ok {path.stem}" if wrong is None else f"not ok {path.stem}: {wrong}")
    print(f"{len(paths) - failed} passed, {failed} failed")
    return 1 if failed or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
