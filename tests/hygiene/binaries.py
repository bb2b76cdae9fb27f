# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks that need a compiler, a formatter or a finished build. Each takes (root, build) and
yields what is wrong; Skip says what is missing."""

import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sources import WITHOUT_GUARD
from tree import code, files, line_of, text

TABLE = Path(__file__).resolve().parent / "licences.txt"

# jansson builds a tree of small objects: fine for settings and answers, far too slow for events.
JANSSON_COLD = {
    "sinks/es_": "requests at the start, templates, answers of a destination that name an error",
}

# Mutable statics that the design allows, each with its reason.
STATICS = {
    "codec/zoneinfo.c:table": "time zones are shared by all threads: a list that only grows",
    "codec/json_scan.c:chosen": "scanner chosen once by what the CPU can do",
    "codec/base/log.c:handler": "set once before any thread starts",
    "codec/base/log.c:handler_ctx": "set once before any thread starts",
    "codec/base/log.c:wanted": "log level, one word",
    "server/feeder.c:feeders": "numbers that make ids differ",
    "server/main.c:interrupts": "the main thread counts SIGINT",
}


class Skip(Exception):
    pass


def output(command, **kw):
    return subprocess.run([str(c) for c in command], capture_output=True, text=True, **kw)


def need(program, packet):
    found = shutil.which(program)
    if not found:
        raise Skip(f"{program} is not installed (package {packet})")
    return found


def clean(root, build):
    """clang-format would change nothing."""
    formatter = need("clang-format", "clang-format")
    paths = [p for p in code(root) if not p.startswith("tests/interop/")]
    chunks = [paths[i::4] for i in range(4)]

    def look(chunk):
        if not chunk:
            return ""
        return output([formatter, "--dry-run", "--ferror-limit=1", *chunk], cwd=root).stderr
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for said in pool.map(look, chunks):
            for place in re.findall(r"^(\S+?:\d+):\d+: (?:warning|error): code should", said, re.M):
                yield f"{place}: clang-format would change it"


def flags_of(build):
    """Include paths and definitions of the build, from any of its C files."""
    entries = json.loads((Path(build) / "compile_commands.json").read_text())
    flags = set()
    for entry in entries:
        words = shlex.split(entry["command"])
        flags |= {w for w in words if w.startswith(("-I", "-D_GNU", "-DHAVE"))
                  and ".p" not in Path(w[2:]).suffix}
    return ["-std=c11", '-DSHARED_DIR=""', *sorted(flags)], Path(entries[0]["directory"])


def headers(root, build):
    """Each header compiles alone, with all warnings."""
    flags, folder = flags_of(build)
    compiler = shutil.which("cc") or need("gcc", "gcc")
    paths = [p for p in code(root) if p.endswith(".h") and p not in WITHOUT_GUARD]

    def look(path):
        with tempfile.NamedTemporaryFile("w", suffix=".c") as f:
            f.write(f'#include "{Path(root).resolve() / path}"\n')
            f.flush()
            done = output([compiler, "-fsyntax-only", "-Wall", "-Wextra", "-Werror", *flags,
                           f"-I{Path(root).resolve()}", f.name], cwd=folder)
        errors = [s for s in done.stderr.splitlines() if "error:" in s]
        return f"{path}: {errors[0] if errors else done.stderr[:200]}" if done.returncode else None
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from filter(None, pool.map(look, paths))


def objects(build):
    """(source path without .c, object) of our libraries and of main."""
    for path in sorted(Path(build).rglob("*.o")):
        inside = path.relative_to(build).as_posix()
        folder, _, name = inside.rpartition("/")
        home = folder.rsplit("/", 1)[0]
        if home.startswith(("tests", "tools")) or "meson-generated" in name:
            continue
        yield f"{home}/{name.removesuffix('.c.o')}", path


def jansson_symbols():
    """Exported functions of the library, whose names begin with json_."""
    where = output(["cc", "-print-file-name=libjansson.so"]).stdout.strip()
    if not Path(where).exists():
        raise Skip("libjansson.so is not installed (package libjansson-dev)")
    names = output(["nm", "-D", "--defined-only", where]).stdout.split()
    return {n.partition("@")[0] for n in names if n.startswith("json")}


def event_path(root, build):
    theirs = jansson_symbols()
    sources = {str(path): source for source, path in objects(build)}
    if not sources:
        yield "no objects found in the build folder"
        return
    said = output(["nm", "-A", "-u", "--format=posix", *sources]).stdout
    for object_path, symbol in re.findall(r"^(.+?): (\w+) U", said, re.M):
        source = sources[object_path]
        if symbol in theirs and not source.startswith(tuple(JANSSON_COLD)):
            yield f"{source}.c: calls {symbol} of jansson"


def statics(root, build):
    """No mutable static but the named ones; thread-local ones lie elsewhere."""
    names = {p[:-2].replace("/", "_"): p for p in code(root) if p.endswith(".c")}
    sources = {str(path): source for source, path in objects(build)}
    said = output(["objdump", "-t", *sources]).stdout
    for part in said.split("\n\n"):
        found = re.match(r"\s*(\S+): +file format", part)
        if found:
            file = found[1]
        for symbol in re.findall(r"^[0-9a-f]+ .{6}O (?:\.bss|\.data(?!\.rel\.ro))\S*\t\S+ +(\S+)$",
                                 part, re.M):
            source = sources[file]
            path = names.get(source.replace("/", "_"), f"{source}.c")
            name = re.sub(r"\.\d+$", "", symbol)
            if f"{path}:{name}" not in STATICS and not name.startswith("__"):
                yield f"{path}: static {name} can change, and STATICS of binaries.py has it not"


def read_table(path):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line and not line.startswith("#"):
            cells = [c.strip() for c in line.split("|")]
            if len(cells) != 4:
                raise ValueError(f"{path.name}:{number}: four cells, divided by |")
            yield cells


def licences(root, build):
    """What the binary links stands in the table, and what stands there is linked or optional."""
    table = Path(root) / TABLE.relative_to(Path(__file__).resolve().parents[2])
    binary = Path(build) / "server/headrig"
    linked = re.findall(r"\(NEEDED\).*\[(.*?)\]", output(["readelf", "-d", binary]).stdout)
    if not linked:
        yield f"{binary}: links nothing, or is no program"
    rows = list(read_table(table))
    for library in linked:
        stem = re.sub(r"[-.\d]*\.so.*", "", library)
        if not any(stem == row[0] for row in rows):
            yield f"{library}: linked, but not in {table.name}"
    stems = {re.sub(r"[-.\d]*\.so.*", "", library) for library in linked}
    for name, _, _, when in rows:
        if name not in stems and "optional" not in when:
            yield f"{table.name}: {name} is not linked"


def samples(root, build):
    """Every sample pipeline passes `headrig -t`: conf/, and the blocks of the documents; so does
    what they show of headrig.yml."""
    binary = Path(build).resolve() / "server/headrig"
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        certificates(work)
        (work / "logstash.yml").write_text("allow_superuser: true\n")
        for place, pipeline in sample_texts(root):
            yield from tested(binary, work, place, pipeline)
        for place, settings, document in settings_texts(root):
            (work / "headrig.yml").write_text(settings)
            yield from tested(binary, work, place, "input { stdin { } }")
            for name in re.findall(r"^plugin\.(\S+)\.\w+:", settings, re.M):
                if f'id => "{name}"' not in document:
                    yield f"{place}: no pipeline of the document has the id {name}"


def tested(binary, work, place, pipeline):
    """A finding, if `headrig -t` refuses the pipeline or the settings in the folder."""
    file = work / "sample.conf"
    file.write_text(pipeline.replace("/etc/headrig", str(work)))
    done = output([binary, "-t", "-f", file, "--path.settings", work, "--path.data", work / "data"],
                  env={**os.environ, "DEMO_DIR": str(work), "ES_PASSWORD": "secret"})
    if done.returncode != 0:
        said = (done.stdout + done.stderr).strip().splitlines()
        errors = [s for s in said if "ERROR" in s or "FATAL" in s]
        yield f"{place}: headrig -t: {(errors or said or ['no output'])[0]}"


def certificates(work):
    need("openssl", "openssl")
    done = output(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                   "-nodes", "-days", "2", "-subj", "/CN=localhost", "-keyout", work / "server.key",
                   "-out", work / "server.crt"])
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    shutil.copy(work / "server.crt", work / "ca.crt")


def settings_texts(root):
    """(place, text, document) of every sample of headrig.yml."""
    for path in (p for p in files(root) if p.endswith(".md")):
        whole = text(root, path)
        for block in re.finditer(r"^```yaml\n(.*?)^```", whole, re.M | re.S):
            yield f"{path}:{line_of(whole, block.start())}", block[1], whole


# tests/docs/examples.py runs these with what they need.
RUN_ELSEWHERE = ("docs/examples/", "docs/plugins.md")


def sample_texts(root):
    for path in files(root):
        if path.startswith("conf/") and path.endswith(".conf"):
            yield path, text(root, path)
        elif path.endswith(".md") and not path.startswith(RUN_ELSEWHERE):
            whole = text(root, path)
            for block in re.finditer(r"^```logstash\n(.*?)^```", whole, re.M | re.S):
                yield f"{path}:{line_of(whole, block.start())}", block[1]
