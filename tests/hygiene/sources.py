# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of the sources and documents. Each takes (root, build) and yields what is wrong."""

import glob
import importlib.machinery
import importlib.util
import re
from pathlib import Path

from tree import NOT_OURS, code, files, line_of, text

SPDX = "SPDX-License-Identifier: GPL-3.0-or-later"

# In pieces, so that this file is no finding of its own.
NEVER = re.compile(r"\b(TO" r"DO|FIX" r"ME|HA" r"CK|XX" r"X)\b")
PLACES = re.compile("|".join((
    r"(?<![\w.])/wo" r"rk/", r"(?<![\w.])/ro" r"ot(/|\b)", r"bash_" r"jobs",
    r"py" r"pi\.org", r"python" r"hosted\.org", r"crates" r"\.io", r"proxy\.go" r"lang\.org",
    r"sum\.go" r"lang\.org", r"registry\.npm" r"js\.org", r"repo1?\.maven" r"(\.apache)?\.org",
    r"(deb|ftp|security)\.deb" r"ian\.org")))

LINES = 900
LONG = {    # path: why it is one file all the same
    "LICENSE": "the text of the GPL",
    "docs/plugins.md": "made: every plugin with every option",
}
README_LINES = 70
README_FOLDERS = ("codec", "codec/base", "pipeline", "sinks", "server", "server/net", "tests",
                  "conf", "tools")


def layers(root, build):
    tool = str(Path(root) / "tools/check_layers")
    loader = importlib.machinery.SourceFileLoader("check_layers", tool)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    yield from module.findings(root)


def is_program_text(path, whole):
    name = Path(path).name
    return (path.endswith((".c", ".h", ".py", ".go", ".java", ".sh"))
            or name in ("meson.build", "meson_options.txt") or whole.startswith("#!"))


def spdx(root, build):
    """In the first three lines: a script has its #! first."""
    for path in files(root):
        whole = text(root, path)
        if whole is None or not is_program_text(path, whole):
            continue
        if SPDX not in "\n".join(whole.splitlines()[:3]):
            yield f"{path}:1: no line \"{SPDX}\""


def words(root, build):
    for path in files(root):
        whole = text(root, path)
        if whole is None or path == "LICENSE":
            continue
        for found in NEVER.finditer(whole):
            yield f"{path}:{line_of(whole, found.start())}: {found[0]}"


def places(root, build):
    """Nothing of the machine it was written on, no host of a package registry."""
    for path in files(root):
        whole = text(root, path)
        if whole is None or path in NOT_OURS:
            continue
        for found in PLACES.finditer(whole):
            yield f"{path}:{line_of(whole, found.start())}: {found[0]}"


def length(root, build):
    for path in files(root):
        whole = text(root, path)
        if whole is None or path in LONG or path in NOT_OURS or path.endswith(".json"):
            continue
        lines = whole.count("\n")
        if lines > LINES:
            yield f"{path}: {lines} lines; over {LINES} it needs a reason in LONG of sources.py"
    for path in LONG:
        if not (Path(root) / path).exists():
            yield f"{path}: in LONG, but there is no such file"


def guards(root, build):
    """NAME_OF_ITS_PATH_H; tests of a folder may leave `tests/<kind>/` away."""
    for path in code(root):
        if not path.endswith(".h") or path in WITHOUT_GUARD:
            continue
        names = {re.sub(r"\W", "_", p).upper() for p in (path, re.sub(r"^tools/", "", path))}
        found = re.search(r"^#ifndef (\w+)\n#define \1$", text(root, path), re.M)
        if not found or found[1] not in names:
            yield f"{path}: no guard {max(names, key=len)}"


WITHOUT_GUARD = {
    "pipeline/text_case_table.h": "rows for one C file, printed by tools/case_table",
}


def list_in(root, path, name):
    """The strings of a list in a meson.build; of rows, the first of each."""
    whole = text(root, path)
    found = re.search(rf"^{name} = \[\n(.*?)^\]", whole, re.M | re.S)
    return set(re.findall(r"^  \[?'([^']+)'", found[1], re.M)) if found else set()


def exporting(root, pattern, export):
    """Files of a pattern that export a plugin, by the plugin's name."""
    for path in sorted(Path(root).glob(pattern)):
        found = re.search(rf"^const struct {export}_type {export}_(\w+) = ", path.read_text(), re.M)
        if found:
            yield found[1]


def registry(root, build):
    """The lines of each list are the files of its folder."""
    base = Path(root)
    stems = lambda pattern, cut: {p.stem[cut:] for p in base.glob(pattern)}   # noqa: E731
    rows = (
        ("pipeline/meson.build", "filters", stems("pipeline/filters/*.c", 0)),
        ("codec/meson.build", "codecs", stems("codec/codecs/*.c", 0)),
        ("sinks/meson.build", "sinks", set(exporting(root, "sinks/*.c", "sink"))),
        ("server/meson.build", "inputs", set(exporting(root, "server/*_input.c", "input"))),
        ("tests/unit/meson.build", "unit_tests", stems("tests/unit/test_*.c", 5)),
        ("tests/fuzz/meson.build", "fuzz_targets", stems("tests/fuzz/*.c", 0) - {"filter_plan", "replay"}),
    )
    for path, name, there in rows:
        if not (base / path).exists():
            continue
        listed = list_in(root, path, name)
        whole = text(root, path)
        for missing in sorted(n for n in there - listed if f"'test_{n}.c'" not in whole):
            yield f"{path}: {name} has no line for {missing}"
        for gone in sorted(listed - there):
            yield f"{path}: {name} has a line for {gone}, and no file"


def readmes(root, build):
    for folder in README_FOLDERS:
        path = Path(root) / folder / "README.md"
        if not path.exists():
            yield f"{folder}: no README.md"
        elif path.read_text().count("\n") > README_LINES:
            yield f"{folder}/README.md: more than a page ({README_LINES} lines)"


def mentioned(whole):
    """(position, text) of what looks like a path: in backticks, or the target of a link."""
    fenced = [m.span() for m in re.finditer(r"^```.*?^```", whole, re.M | re.S)]
    for found in re.finditer(r"`([^`\n]+)`|\]\(([^)\s]+)\)", whole):
        if not any(a <= found.start() < b for a, b in fenced):
            yield found.start(), found[1] or found[2], bool(found[2])


def docs(root, build):
    """What a document names is there: paths of the tree, and names of C files."""
    known = files(root)
    tops = {p.split("/")[0] for p in known if "/" in p}
    names = {Path(p).name for p in known}
    for path in (p for p in known if p.endswith(".md")):
        whole = text(root, path)
        for at, word, is_link in mentioned(whole):
            if is_link:
                continue
            word = word.split(" ")[0].rstrip(":,")
            if "://" in word or word.startswith(("../", "build", "~", "$", "/", "%", "[")):
                continue
            if not path_exists(root, path, word, tops, names):
                yield f"{path}:{line_of(whole, at)}: {word} does not exist"


def links(root, build):
    """Every relative link of a document resolves."""
    for path in (p for p in files(root) if p.endswith(".md")):
        whole = text(root, path)
        for at, target, is_link in mentioned(whole):
            if is_link and not link_resolves(root, path, target):
                yield f"{path}:{line_of(whole, at)}: the link {target} leads nowhere"


def heading_anchor(title):
    """As the usual renderers of Markdown make it."""
    return re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-")


def link_resolves(root, document, target):
    """From the document's own folder, as a browser goes; with a heading, if one is named."""
    path, _, heading = target.partition("#")
    if "://" in target or target.startswith("mailto:"):
        return True
    place = (Path(root) / document).parent / path if path else Path(root) / document
    if not place.exists() or not place.resolve().is_relative_to(Path(root).resolve()):
        return False
    titles = re.findall(r"^#+ +(.+)$", place.read_text(), re.M) if heading else []
    return not heading or heading in map(heading_anchor, titles)


def path_exists(root, document, word, tops, names):
    folder = (Path(root) / document).parent
    places = [Path(root), folder]
    if re.fullmatch(r"\w+\.[ch]|\w+_priv\.h", word):
        return word in names
    if ("/" not in word or word.split("/")[0] not in tops
            or not re.fullmatch(r"[\w./*{},<>-]+", word)):
        return True
    word = re.sub(r"<\w+>", "*", word)
    return all(any(glob.glob(str(place / option)) or glob.glob(f"{place / option}.[ch]")
                   for place in places) for option in expand(word))


def expand(word):
    """a/{b,c} -> a/b, a/c"""
    found = re.search(r"\{([^{}]*)\}", word)
    if not found:
        return [word]
    return [w for part in found[1].split(",")
            for w in expand(word[:found.start()] + part + word[found.end():])]


def plugins(root, build):
    """The README's column of what works is the registries."""
    rows = {"inputs": "server/meson.build", "filters": "pipeline/meson.build",
            "outputs": "sinks/meson.build", "codecs": "codec/meson.build"}
    readme = text(root, "README.md") or ""
    for kind, path in rows.items():
        found = re.search(rf"^\| {kind} \|([^|]*)\|", readme, re.M)
        named = set(re.findall(r"`(\w+)`", found[1])) - {"elastic_agent"} if found else set()
        listed = list_in(root, path, "sinks" if kind == "outputs" else kind)
        for name in sorted(named ^ listed):
            yield f"README.md: {name} of {kind} is in {'the README' if name in named else path} only"
