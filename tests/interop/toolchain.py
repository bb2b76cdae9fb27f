# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds Go, Java, Maven and nginx, and builds or fetches the peers into the cache.

Everything lands below $HEADRIG_TEST_CACHE (default ~/.cache/headrig-tests). A result carries a
stamp made from its inputs, so a second run does nothing, and a changed pin builds anew. One lock
file keeps two runs from building the same thing at once.
"""

import contextlib
import fcntl
import glob
import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

PEERS = Path(__file__).resolve().parent / "peers"
GO_AT_LEAST = (1, 25)
GO_PROGRAMS = ("filebeat", "metricbeat", "heartbeat", "lumber_send", "lumber_recv")


class Missing(Exception):
    """Something that must be installed first is not there; the text names it."""


class Unusable(Exception):
    """Something that must be there whatever is installed: the binary under test, a build."""


def cache():
    path = os.environ.get("HEADRIG_TEST_CACHE") or "~/.cache/headrig-tests"
    path = Path(path).expanduser()
    path.mkdir(parents=True, exist_ok=True)
    return path


@contextlib.contextmanager
def _cache_lock():
    with open(cache() / "lock", "w") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        yield


def _run(command, **kw):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          **kw)
    if done.returncode != 0:
        raise Unusable(f"{' '.join(map(str, command))}: exit {done.returncode}\n{done.stdout}")
    return done.stdout


def program(name):
    """Path of a program on PATH or in the folders for administrators that PATH may leave out."""
    places = [os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin"]
    found = shutil.which(name, path=os.pathsep.join(places))
    if not found:
        raise Missing(f"{name} is not installed")
    return found


def _version(command):
    """The first version number a program prints about itself, or () if it does not run."""
    try:
        out = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                             timeout=30).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ()
    found = re.search(r"(\d+)(?:\.(\d+))?", out)
    return tuple(int(n or 0) for n in found.groups()) if found else ()


def _first(candidates, arguments, at_least):
    seen = []
    for path in candidates:
        path = str(path)
        if path in seen or not os.access(path, os.X_OK):
            continue
        seen.append(path)
        if _version([path, *arguments]) >= at_least:
            return path
    return None


def go():
    roots = [os.environ.get("GOROOT"), "/usr/local/go", *glob.glob("/usr/lib/go-*"),
             "/usr/lib/go", "/opt/go", os.path.expanduser("~/go"), os.path.expanduser("~/sdk/go"),
             *sorted(glob.glob(os.path.expanduser("~/sdk/go*")), reverse=True), "/snap/go/current"]
    on_path = shutil.which("go")
    found = _first(([on_path] if on_path else []) + [Path(r, "bin/go") for r in roots if r],
                   ["version"], GO_AT_LEAST)
    if not found:
        raise Missing("Go %d.%d or newer is not installed" % GO_AT_LEAST)
    return found


def jdk(at_least):
    """Home of a JDK (java and javac) of this major version or newer; the oldest that will do."""
    homes = [os.environ.get("JAVA_HOME")] + sorted(
        value for name, value in os.environ.items() if name.startswith("JAVA_HOME_"))
    for name in ("java", "javac"):
        on_path = shutil.which(name)
        if on_path:
            homes.append(Path(on_path).resolve().parent.parent)
    for pattern in ("/usr/lib/jvm/*", "/usr/java/*", "/usr/local/java*", "/usr/local/jdk*",
                    "/opt/java*", "/opt/java/*", "/opt/jdk*", "/opt/*jdk*", "/opt/temurin*",
                    "~/.sdkman/candidates/java/*", "~/.jdks/*", "~/jdk*"):
        homes += glob.glob(os.path.expanduser(pattern))
    found = []
    for home in {str(Path(h).resolve()) for h in homes if h}:
        if not os.access(f"{home}/bin/javac", os.X_OK):
            continue
        version = _version([f"{home}/bin/java", "-version"])
        if version >= (at_least,):
            found.append((version, home))
    if not found:
        raise Missing(f"a JDK {at_least} or newer is not installed")
    return Path(min(found)[1])


def _digest(*parts):
    h = hashlib.sha256()
    for part in parts:
        h.update(part.read_bytes() if isinstance(part, Path) else str(part).encode())
        h.update(b"\0")
    return h.hexdigest()


def _is_current(folder, stamp):
    try:
        return (folder / "stamp").read_text() == stamp
    except OSError:
        return False


def go_programs():
    """Folder with the Go peers, built when their sources or pins changed."""
    folder = cache() / "bin"
    sources = sorted(p for p in PEERS.rglob("*") if p.suffix in (".go", ".mod", ".sum"))
    stamp = _digest(*sources)
    with _cache_lock():
        if _is_current(folder, stamp) and all((folder / n).exists() for n in GO_PROGRAMS):
            return folder
        env = dict(os.environ, CGO_ENABLED="0", GOTOOLCHAIN="local", GOWORK="off",
                   GOFLAGS="-mod=readonly -modcacherw -buildvcs=false",
                   GOMODCACHE=str(cache() / "go/mod"), GOCACHE=str(cache() / "go/build"))
        _run([go(), "build", "-trimpath", "-ldflags", "-s -w", "-o", f"{folder}/",
              *(f"./{n}" for n in GO_PROGRAMS)], cwd=PEERS, env=env)
        (folder / "stamp").write_text(stamp)
    return folder


def java_peer(name, launcher, java_home):
    """Folder `name` of the cache with lib/*.jar of its POM and cls/ with the compiled launcher."""
    folder = cache() / name
    pom, source = PEERS / name / "pom.xml", PEERS / name / f"{launcher}.java"
    with _cache_lock():
        lib, cls = folder / "lib", folder / "cls"
        stamp = _digest(pom)
        if not _is_current(lib, stamp):
            shutil.rmtree(lib, ignore_errors=True)
            _run([program("mvn"), "-q", "-B", "-f", pom, "dependency:copy-dependencies",
                  f"-DoutputDirectory={lib}"], cwd=cache())
            (lib / "stamp").write_text(stamp)
        stamp = _digest(pom, source, str(java_home))
        if not _is_current(cls, stamp):
            shutil.rmtree(cls, ignore_errors=True)
            _run([f"{java_home}/bin/javac", "-proc:none", "-cp", f"{lib}/*", "-d", cls, source])
            (cls / "stamp").write_text(stamp)
    return folder


def pom_property(name, key):
    """A pinned version as the POM of this peer has it."""
    return re.search(f"<{key}>(.*?)</{key}>", (PEERS / name / "pom.xml").read_text()).group(1)
