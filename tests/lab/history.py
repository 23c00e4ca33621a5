#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""tests/lab/history.py - was a guest ever run twice, a write lost, an outage
too long?  The checker of a chaos run.

history.py FOLDER reads FOLDER/history.jsonl, as chaoswatch.py wrote it, and
nothing else: no lab, no hamd, no logs.  The rules are in historyrules.py.  Exit
0: nothing violated; 1: a line for each violation, with what was done to the lab
shortly before; 2: no history.  A history that proves nothing is a violation.
tests/unit/test-history.py breaks each rule once.
"""
import hashlib
import json
import os
import sys

sys.dont_write_bytecode = True
import auditdisk  # noqa: E402

STORY_S = 20  # of what happened before a violation is told
SHOWN = 20

# From the moment when all is mended until every guest runs and writes, one that
# an operator had to start again included.  What hamd itself may take: 30 s for
# PREPARE, then 40 s (max_duration of chaos.py's guests) until CUTOVER, 15 s for
# HANDOVER; the rest is corosync's view, the boot, and a loaded machine.
RECOVER_S = 120


class Violation:
    def __init__(self, rule, t, text):
        self.rule, self.t, self.text = rule, t, text


class Run:
    """Consecutive vCPU time of one QEMU, as one entry says it."""

    def __init__(self, entry):
        self.lo, self.t, self.ns = entry["lo"], entry["t"], entry["ns"]
        self.qemu = (entry["node"], entry["pid"])


class Said:
    """A line of a guest's console: was not there at lo, was there at t."""

    def __init__(self, entry, number, ms=0, found=None):
        self.lo, self.t, self.node = entry["lo"], entry["t"], entry["node"]
        self.number, self.ms, self.found = number, ms, found


class Boot:
    def __init__(self, name):
        self.name = name
        self.found = None  # Said
        self.ticks, self.acks = [], []
        self.bye = None  # when it turned itself off

    @property
    def lines(self):
        return sorted(self.ticks + self.acks +
                      ([self.found] if self.found else []),
                      key=lambda s: s.t)


class Guest:
    """All that was seen of one guest."""

    def __init__(self, name):
        self.name = name
        self.boots = {}
        self.corrupt = []  # (t, text)
        self.runs = []
        self.disks = []

    def take(self, entry):
        text = entry["text"]
        found = auditdisk.LINE.match(text)
        if not found:
            self.corrupt.append((entry["t"], text))
        elif found["boot"]:
            self.boot(found["id0"]).found = Said(
                entry, 0, found=int(found["found"]))
        elif found["tick"]:
            self.boot(found["id1"]).ticks.append(
                Said(entry, int(found["n"]), int(found["ms"])))
        elif found["ack"]:
            self.boot(found["id2"]).acks.append(
                Said(entry, int(found["acked"])))
        elif text.startswith("bye") or text == "powerbutton":
            # these two name no boot: it is the one that spoke last
            for boot in list(self.boots.values())[-1:]:
                boot.bye = entry["t"]

    def boot(self, name):
        return self.boots.setdefault(name, Boot(name))

    def in_order(self):
        """The boots by the time of their first word."""
        return sorted((b for b in self.boots.values() if b.lines),
                      key=lambda b: b.lines[0].t)


class Fault:
    def __init__(self, entry):
        self.number, self.what = entry["number"], entry["what"]
        self.nodes, self.guest = entry["nodes"], entry["guest"]
        self.begin, self.end = entry["t"], None
        self.about = entry.get("about", self.what)

    def overlaps(self, lo, hi, settle=0):
        end = self.end if self.end is not None else float("inf")
        return self.begin <= hi and end + settle >= lo


class History:
    def __init__(self, lines):
        self.entries = []
        self.guests = {}
        self.faults = {}
        self.orders = {}
        self.of = {}  # kind -> its entries
        for line in lines:
            try:
                entry = json.loads(line)
            except ValueError:
                # cut off with the run
                continue
            self.entries.append(entry)
            self.of.setdefault(entry["kind"], []).append(entry)
            take = getattr(self, "take_" + entry["kind"], None)
            if take:
                take(entry)

    def kinds(self, kind):
        return self.of.get(kind, [])

    def guest(self, name):
        return self.guests.setdefault(name, Guest(name))

    def take_run(self, entry):
        for name in entry["guests"]:
            self.guest(name)

    def take_line(self, entry):
        self.guest(entry["guest"]).take(entry)

    def take_cpu(self, entry):
        self.guest(entry["guest"]).runs.append(Run(entry))

    def take_disk(self, entry):
        self.guest(entry["guest"]).disks.append(entry)

    def take_fault(self, entry):
        if entry["phase"] == "begin":
            self.faults[entry["number"]] = Fault(entry)
        else:
            self.faults[entry["number"]].end = entry["t"]

    def take_order(self, entry):
        if entry["phase"] == "begin":
            self.orders[entry["number"]] = entry
        else:
            self.orders[entry["number"]]["ended"] = entry

    def story(self, t):
        """What was done to the lab shortly before t."""
        for e in self.entries:
            if not t - STORY_S <= e["t"] <= t + 2:
                continue
            when = f"{e['t'] - t:+8.2f} s"
            if e["kind"] == "fault":
                about = e.get("about", e["what"])
                yield f"{when} fault {e['number']} {e['phase']}: {about}"
            elif e["kind"] == "order":
                text = e.get("said", f"{e.get('to', '')} via {e.get('via')}")
                yield (f"{when} order {e['number']} {e['phase']}: {e['what']} "
                       f"{e['guest']} {text}")
            elif e["kind"] == "process":
                yield (f"{when} {e['what']} {e['event']} on {e['node']} "
                       f"{e['guest']} (pid {e['pid']})")
            elif e["kind"] in ("heal", "calm", "hung", "stall"):
                yield f"{when} {e['kind']} {e.get('after', '')}"


def read_disk(image):
    """What a stopped guest's image holds: runs of whole records of one boot,
    slots that hold none, and a digest."""
    runs, bad = [], []
    slots = auditdisk.ring(image)
    numbers = []
    for slot, raw in enumerate(slots):
        got = auditdisk.intact(raw)
        if isinstance(got, str):
            bad.append([slot, got])
        elif got[2] != len(slots) or (got[0] - 1) % len(slots) != slot:
            bad.append([slot, f"record {got[0]} does not belong here"])
        else:
            numbers.append(got[:2])
    for number, boot in sorted(numbers):
        if runs and runs[-1][1] == number - 1 and runs[-1][2] == boot:
            runs[-1][1] = number
        else:
            runs.append([number, number, boot])
    digest = hashlib.sha256()
    with open(image, "rb") as f:
        while chunk := f.read(1 << 20):
            digest.update(chunk)
    return {"slots": len(slots), "runs": runs, "bad": bad,
            "digest": digest.hexdigest()}


def judge(folder, out=print):
    """Prints what is wrong; 0 if nothing is."""
    from historyrules import summary, violations  # it needs what is above
    try:
        with open(os.path.join(folder, "history.jsonl"),
                  encoding="utf-8") as f:
            history = History(f)
    except OSError as e:
        out(f"history: {e}")
        return 2
    found = sorted(violations(history), key=lambda v: v.t)
    for violation in found[:SHOWN]:
        out(f"VIOLATION {violation.rule}: {violation.text}")
    if len(found) > SHOWN:
        out(f"... and {len(found) - SHOWN} more")
    if found:
        runs = history.kinds("run")
        seed = runs[0]["seed"] if runs else "unknown"
        out(f"seed {seed}; before the first one:")
        for line in history.story(found[0].t):
            out("  " + line)
    for line in summary(history):
        out(line)
    return 1 if found else 0


def main():
    if len(sys.argv) != 2:
        print("usage: history.py FOLDER", file=sys.stderr)
        return 2
    return judge(sys.argv[1])


if __name__ == "__main__":
    # as a module: historyrules.py imports it by that name
    import history
    sys.exit(history.main())
