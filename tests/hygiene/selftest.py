#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proves that every check can fail: plants one fault for each in a copy of the tree and looks for
it among the findings. A copy of the build's binaries is spoiled the same way."""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from binaries import Skip
from check import CHECKS
from tree import files

ROOT = Path(__file__).resolve().parents[2]
GPL = "/* SPDX-License-Identifier: GPL-3.0-or-later */\n"


def write(root, path, whole):
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(whole)


def append(root, path, whole):
    write(root, path, (root / path).read_text() + whole)


def plant_object(build, source, whole):
    """An object as the build would lay it, from a text of ours."""
    folder = build / "codec/libcodec.a.p"
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["cc", "-xc", "-c", "-o", folder / f"{source}.c.o", "-"], input=whole,
                          text=True, capture_output=True)
    assert done.returncode == 0, done.stderr


def drop_line(root, path, word):
    whole = (root / path).read_text().splitlines(keepends=True)
    write(root, path, "".join(s for s in whole if word not in s))


# check: (what is planted, what a finding must contain)
PLANTS = {
    "layers": (lambda root, build: append(root, "codec/base/slice.c", '#include "codec/value.h"\n'),
               "codec/base/slice.c"),
    "spdx": (lambda root, build: write(root, "codec/planted.c", "int planted;\n"),
             "codec/planted.c"),
    "words": (lambda root, build: append(root, "codec/value.c", "/* " + "TO" "DO */\n"),
              "codec/value.c"),
    "places": (lambda root, build: append(root, "conf/demo/demo.conf", "# /wo" "rk/x\n"),
               "conf/demo/demo.conf"),
    "length": (lambda root, build: append(root, "codec/value.c", "\n" * 901), "codec/value.c"),
    "guards": (lambda root, build: write(root, "codec/planted.h", GPL), "codec/planted.h"),
    "registry": (lambda root, build: write(root, "pipeline/filters/planted.c", GPL), "planted"),
    "readmes": (lambda root, build: (root / "codec/README.md").unlink(missing_ok=True),
                "codec: no README.md"),
    "docs": (lambda root, build: append(root, "README.md", "\nSee `codec/planted.c`.\n"),
             "codec/planted.c does not exist"),
    "links": (lambda root, build: append(root, "docs/coming-from-logstash.md",
                                         "\n[pages](../README.md#memorie)\n"),
              "README.md#memorie leads nowhere"),
    "plugins": (lambda root, build: drop_line(root, "README.md", "| codecs |"), "of codecs"),
    "format": (lambda root, build: append(root, "codec/value.c", "int  planted ;\n"),
               "codec/value.c"),
    "headers": (lambda root, build: write(root, "codec/planted.h", "struct slice planted(void);\n"
                                          "size_t n(void);\n"), "codec/planted.h"),
    "event_path": (lambda root, build: plant_object(
        build, "value", "void *json_object(void); void *f(void) { return json_object(); }"),
        "codec/value.c: calls json_object"),
    "statics": (lambda root, build: plant_object(
        build, "value", "static int planted; int f(void) { return planted++; }"),
        "codec/value.c: static planted"),
    "licences": (lambda root, build: drop_line(root, "tests/hygiene/licences.txt", "wolfssl"),
                 "libwolfssl"),
    "samples": (lambda root, build: append(root, "conf/demo/demo.conf", "filter { planted { } }\n"),
                "conf/demo/demo.conf"),
}


def copy_tree(to):
    for path in files(ROOT):
        if not path.startswith(("tests/fuzz/corpus/", "tests/interop/peers/")):
            (to / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / path, to / path)


def copy_build(build, to):
    (to / "server").mkdir(parents=True)
    for path in ("compile_commands.json", "server/headrig"):
        shutil.copy2(build / path, to / path)


def found(name, build):
    plant, wanted = PLANTS[name]
    with tempfile.TemporaryDirectory() as folder:
        root, planted_build = Path(folder, "tree"), Path(folder, "build")
        copy_tree(root)
        copy_build(build, planted_build)
        plant(root, planted_build)
        return any(wanted in line for line in CHECKS[name](root, planted_build))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, default=ROOT / "build")
    build = parser.parse_args().build
    failed = [f"{name}: has no fault planted" for name in CHECKS.keys() - PLANTS.keys()]
    for name in CHECKS:
        try:
            if name in PLANTS and not found(name, build):
                failed.append(f"{name}: did not find what was planted")
        except Skip as e:
            print(f"SKIP {name}: {e}")
    print("\n".join(failed))
    print(f"{len(CHECKS) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
