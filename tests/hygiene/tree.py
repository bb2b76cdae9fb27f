# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of the project, as the checks see them."""

import subprocess
from pathlib import Path

CODE = (".c", ".h")
NOT_OURS = ("tests/interop/peers/go.sum", "tests/interop/peers/go.mod")   # written by Go's tool


def files(root):
    """Paths of the project relative to its top: what git knows or would add, else all but builds."""
    try:
        out = subprocess.run(["git", "-C", str(root), "ls-files", "-co", "--exclude-standard", "-z"],
                             check=True, capture_output=True, text=True).stdout
        found = [p for p in out.split("\0") if p]
    except (OSError, subprocess.CalledProcessError):
        found = [p.relative_to(root).as_posix() for p in Path(root).rglob("*") if p.is_file()]
        found = [p for p in found if not p.startswith(("build", ".git/"))
                 and "__pycache__" not in p]
    return sorted(p for p in set(found) if (Path(root) / p).is_file())


def code(root):
    return [p for p in files(root) if p.endswith(CODE)]


def text(root, path):
    """Its text, or None when it is no text."""
    data = (Path(root) / path).read_bytes()
    try:
        return None if b"\0" in data else data.decode()
    except UnicodeDecodeError:
        return None


def line_of(whole, at):
    return whole.count("\n", 0, at) + 1
