#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the starting corpora of the fuzz targets from the reference cases and vectors and our own.

  make_corpus.py FOLDER       FOLDER/<target>/<digest>, one file an input

A target without a maker here needs inputs committed in tests/fuzz/corpus/<target>.
"""

import hashlib
import json
import os
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SHARED = Path(os.environ.get("HEADRIG_SHARED") or ROOT.parent / "shared")
LARGEST = 65536


def cases(kind, *names):
    """Cases of a kind: the reference's, and our own."""
    for folder in (SHARED / "reference/cases" / kind, ROOT / "tests/cases/own" / kind):
        for path in sorted(folder.glob("*.json")):
            if not names or path.stem in names:
                found = json.loads(path.read_text())
                yield from (c for c in (found if isinstance(found, list) else []))


def hex_vectors():
    for folder in (SHARED / "reference/vectors/lumberjack", ROOT / "tests/vectors/own"):
        for path in sorted(folder.glob("*.hex")):
            text = re.sub(r"#.*", "", path.read_text())
            yield bytes.fromhex("".join(text.split()))


def connections():
    """Behind a byte that chooses how they are fed."""
    for i, vector in enumerate(hex_vectors()):
        yield bytes([i % 32 << 2 | i // 32 % 2]) + vector


def texts_of(node):
    """Every string in a JSON value, keys too."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for key, value in node.items():
            yield key
            yield from texts_of(value)
    elif isinstance(node, list):
        for value in node:
            yield from texts_of(value)


def json_texts():
    for case in cases("event", "json"):
        yield case.get("expression", "")
    for kind in ("event", "filters"):
        for case in cases(kind):
            for event in [case.get("input_event"), *case.get("input_events", [])]:
                if event:
                    yield json.dumps(event)
    for vector in hex_vectors():
        yield from re.findall(rb"\{.*?\}", vector, re.S)


def configs():
    for kind in ("config", "event", "filters"):
        for case in cases(kind):
            if isinstance(case.get("config"), str):
                yield case["config"]
    for path in sorted((ROOT / "conf").rglob("*.conf")):
        yield path.read_text()


def conditions():
    for case in cases("event", "conditions"):
        yield case["expression"]


def templates():
    for case in cases("event", "sprintf", "field_reference", "get_set_remove"):
        yield case.get("expression", "")
    for config in configs():
        yield from re.findall(r"%\{[^}]*\}[^\"]*", config)


def patterns():
    for path in sorted((ROOT / "conf/patterns").rglob("*")):
        if path.is_file():
            for line in path.read_text().splitlines():
                if line and not line.startswith("#"):
                    yield line.partition(" ")[2]
    for config in configs():
        yield from re.findall(r"[=!]~ */([^/\n]*)/", config)


def dates():
    for case in cases("filters", "date"):
        formats = re.findall(r"match => *\[([^\]]*)\]", case.get("config", ""))
        for quoted in re.findall(r'"([^"]*)"', " ".join(formats))[1:]:
            for event in case.get("input_events", []):
                for value in event.values():
                    yield f"{quoted}\n{value}"
    for case in cases("event", "timestamp"):
        yield str(case.get("expression", ""))


def bulk_answers():
    for case in cases("elasticsearch"):
        yield from answers_in(case)


def answers_in(node):
    if isinstance(node, dict):
        if "items" in node or "errors" in node:
            yield json.dumps(node)
        for value in node.values():
            yield from answers_in(value)
    elif isinstance(node, list):
        for value in node:
            yield from answers_in(value)
    elif isinstance(node, str) and '"items"' in node:
        yield node


def filter_texts(name):
    """Texts in events and options of a filter's cases."""
    for case in cases("filters", name):
        for event in case.get("input_events", []):
            yield from (t for t in event.values() if isinstance(t, str))
        yield from re.findall(r'"((?:[^"\\]|\\.)*)"', case.get("config", ""))


def useragents():
    yield from filter_texts("useragent")


def chosen_texts(name):
    """Behind a byte that chooses the options, each of them once."""
    def make():
        for i, text in enumerate(filter_texts(name)):
            yield chr(i * 7 % 64) + text
    return make


def dissections():
    """A pattern and, in the next line, a text for it."""
    yield from chosen_texts("dissect")()
    for i, case in enumerate(cases("filters", "dissect")):
        for pattern in re.findall(r'"([^"]*%\{[^"]*)"', case.get("config", "")):
            for event in case.get("input_events", []):
                yield f"{chr(i * 7 % 64)}{pattern}\n{event.get('message')}"


MAKERS = {
    "lj_frame": connections, "lj_decode": connections, "beats_feed": hex_vectors,
    "json_scan": json_texts, "value": json_texts, "event": json_texts,
    "config": configs, "config_parse": configs, "config_lex": configs, "config_check": configs,
    "cond": conditions,
    "template": templates, "fieldref": templates, "reference": templates,
    "regex_translate": patterns, "grok": patterns,
    "date": dates, "date_format": dates, "timestamp": dates,
    "es_answer": bulk_answers,
    "kv": chosen_texts("kv"), "csv": chosen_texts("csv"), "dissect": dissections,
    "useragent": useragents,
}


def main():
    out = Path(sys.argv[1])
    for target, make in MAKERS.items():
        folder = out / target
        folder.mkdir(parents=True, exist_ok=True)
        inputs = {i if isinstance(i, bytes) else i.encode("utf-8", "surrogatepass")
                  for i in make()}
        inputs = {i for i in inputs if 0 < len(i) <= LARGEST}
        wanted = {hashlib.sha1(data).hexdigest(): data for data in inputs}
        for stale in set(p.name for p in folder.iterdir()) - set(wanted):
            (folder / stale).unlink()
        for name, data in wanted.items():
            if not (folder / name).exists():
                (folder / name).write_bytes(data)
        print(f"{target}: {len(wanted)}")
        if not wanted:
            folder.rmdir()
    return 0


if __name__ == "__main__":
    sys.exit(main())
