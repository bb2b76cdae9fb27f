# SPDX-License-Identifier: GPL-3.0-or-later
"""What arrived, set against what was sent."""

import collections
import json


def read_events(path):
    """(events, broken): the JSON lines of a file output, and the lines that are none. Only a whole
    line counts as delivered."""
    events, broken = [], []
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            for text in f:
                try:
                    if not text.endswith("\n"):
                        raise ValueError("cut off")
                    events.append(json.loads(text))
                except ValueError:
                    broken.append(text)
    except FileNotFoundError:
        pass
    return events, broken


class Tally:
    """Counts keys that should each come exactly once."""

    def __init__(self, keys):
        self.count = collections.Counter(keys)

    def missing(self, wanted):
        return [k for k in wanted if k not in self.count]

    def repeated(self):
        return [k for k, n in self.count.items() if n > 1]

    def strangers(self, wanted):
        known = set(wanted)
        return [k for k in self.count if k not in known]

    def check(self, checks, wanted, what, repeats_allowed=False):
        """One line for the whole comparison; tells how many of each kind and the first ones."""
        wanted = list(wanted)
        lost, extra, twice = self.missing(wanted), self.strangers(wanted), self.repeated()
        checks.ok(not lost and not extra and (repeats_allowed or not twice), what,
                  f"{len(lost)} lost {lost[:3]}, {len(twice)} repeated {twice[:3]}, "
                  f"{len(extra)} never sent {extra[:3]}, of {len(wanted)}")
        if repeats_allowed and twice:
            checks.note(f"{sum(self.count.values()) - len(self.count)} duplicates, allowed here")


def differences(got, wanted, path=""):
    """Paths at which two documents differ; `...` in `wanted` stands for any text."""
    if wanted is ...:
        return [] if isinstance(got, str) and got else [f"{path}: {got!r} is no text"]
    if isinstance(got, dict) and isinstance(wanted, dict):
        out = [f"{path}[{k}] is missing" for k in wanted if k not in got]
        out += [f"{path}[{k}] is not wanted: {got[k]!r}" for k in got if k not in wanted]
        for key in wanted.keys() & got.keys():
            out += differences(got[key], wanted[key], f"{path}[{key}]")
        return out
    if type(got) is not type(wanted) and not (
            isinstance(got, (int, float)) and isinstance(wanted, (int, float))) or got != wanted:
        return [f"{path}: {got!r}, wanted {wanted!r}"]
    return []
