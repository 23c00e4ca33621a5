#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""tests/lab/FAULTS.md names every fault of doc/faults.md, and files that exist.

A row without any test says why.  The tests and keys that doc/faults.md names are
there, too.
"""
import os
import re
import sys

TOP = os.environ.get("srcdir") or os.path.join(os.path.dirname(__file__),
                                               "../..")


def text_of(name):
    with open(os.path.join(TOP, name), encoding="utf-8") as f:
        return f.read()


def wrong(row):
    """What is wrong with a row of the table."""
    fault, _, stories, unit, lab = row
    words = [re.findall(r"`([^`]+)`", cell) for cell in (stories, unit, lab)]
    if stories.startswith("none"):
        return [] if not (unit or lab) else [f"{fault}: none, and yet some"]
    paths = [f"tests/sim/stories/{fault}-{name}/story" for name in words[0]]
    paths += [f"tests/unit/{name}.c" for name in words[1]]
    paths += [name if "/" in name else f"tests/lab/test-{name}.sh"
              for name in words[2]]
    if not paths:
        return [f"{fault}: neither a test nor a reason"]
    return [f"{fault}: there is no {path}" for path in paths
            if not os.path.exists(os.path.join(TOP, path))]


def sources():
    """All that a name in doc/faults.md may be found in."""
    text = []
    for top in ("tests", "hamd", "fence", "blockmirror", "netmigrate",
                "config"):
        for folder, _, files in os.walk(os.path.join(TOP, top)):
            text += [text_of(os.path.relpath(os.path.join(folder, name), TOP))
                     for name in files
                     if name.endswith((".c", ".h", ".py", ".sh"))]
    return set(re.findall(r"\w+", "\n".join(text)))


def strange_names():
    known = sources()
    return [f"doc/faults.md: there is no {name}" for name in
            re.findall(r"`([a-z][a-z0-9]*_[a-z0-9_]+)`",
                       text_of("doc/faults.md")) if name not in known]


def main():
    rows = [[cell.strip() for cell in line.strip("|\n").split("|")]
            for line in text_of("tests/lab/FAULTS.md").splitlines()
            if line.startswith("| F")]
    known = re.findall(r"^\*\*(F\d+)\*\*", text_of("doc/faults.md"), re.M)
    found = [row[0] for row in rows]
    problems = [p for row in rows for p in wrong(row)] + strange_names()
    if found != known:
        problems.append(f"the rows are not those of doc/faults.md: "
                        f"{sorted(set(found) ^ set(known))}")
    if len(known) < 82:
        problems.append(f"doc/faults.md has only {len(known)} faults")
    print("\n".join(problems) or f"{len(rows)} faults")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
