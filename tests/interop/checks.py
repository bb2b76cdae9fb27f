# SPDX-License-Identifier: GPL-3.0-or-later
"""What the test programs print and how they end: `ok` and `not ok` lines, exit 0, 1 or 77."""

import os
import signal
import sys
import traceback

from process import Lab, Timeout
from toolchain import Missing, Unusable

SKIP = 77


class Failed(Exception):
    """A check without which the rest of the test says nothing."""


class Checks:
    def __init__(self):
        self.count = 0
        self.failures = 0
        self.lab = None

    def ok(self, truth, name, detail=""):
        self.count += 1
        if truth:
            print(f"ok {self.count} - {name}", flush=True)
        else:
            self.failures += 1
            self.lab.failed = True
            print(f"not ok {self.count} - {name}" + (f": {detail}" if detail else ""), flush=True)
        return bool(truth)

    def equal(self, got, wanted, name):
        return self.ok(got == wanted, name, f"got {got!r}, wanted {wanted!r}")

    def skip(self, name, why):
        """Part of a test that this machine cannot run; with CI=true it must be able to."""
        if os.environ.get("CI") == "true":
            self.ok(False, name, why)
            return
        self.count += 1
        print(f"ok {self.count} - {name} # SKIP\nSKIP {name}: {why}", flush=True)

    def need(self, truth, name, detail=""):
        if not self.ok(truth, name, detail):
            raise Failed(name)

    def note(self, text):
        print(f"# {text}", flush=True)


def run_test(name, body, needs=()):
    """Makes ready what the test needs (functions that build, fetch or find something), calls
    body(checks, lab) and exits with the result."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))    # so that the Lab is left in order
    checks = Checks()
    code = 0
    try:
        for prepare in needs:
            prepare()
        with Lab(name) as checks.lab:
            body(checks, checks.lab)
    except Missing as e:
        if checks.count or os.environ.get("CI") == "true":
            print(f"not ok - {name}: {e}")
            sys.exit(1)
        print(f"ok # SKIP {name}: {e}")
        sys.exit(SKIP)
    except Failed:
        code = 1
    except (Timeout, Unusable) as e:
        print(f"not ok - {name}: {e}")
        code = 1
    except Exception:
        traceback.print_exc()
        print(f"not ok - {name}: the test itself broke")
        code = 1
    print(f"1..{checks.count}")
    sys.exit(1 if code or checks.failures else 0)
