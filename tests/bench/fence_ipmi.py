#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""How long a guest is gone with its node; fence_ipmi.sh runs it in a lab.

Times are those of hamd's events on the node that takes the guest over; all
nodes of a lab have the machine's clock.  The cut is taken before it is ordered,
so what the lab needs for it is in the first part.  A run that did not go as it
must has no figure.
"""
import argparse
import statistics
import sys
import time

sys.dont_write_bytecode = True
from benchlib import (BenchError, LAB, asked, hamctl, run,  # noqa: E402
                      show, tell, until)

NODES = ("n1", "n2", "n3")
PARTS = (("MEMBERSHIP", "view"), ("FENCING", "wait for it to last"),
         ("NODE_DEAD", "fencing"), ("GUEST_RUNNING", "start"))


def copy_of(node):
    """Where a current copy is, as that node knows; None."""
    for replica in show("web1", node)["replicas"]:
        if replica["state"] == "current":
            return replica["node"]
    return None


def runs(node):
    guest = show("web1", node)
    return guest["state"] == "running" and guest["owner"] == node


def all_well(node):
    words = str(asked(node, "status"))
    return "['n1', 'n2', 'n3']" in words and "proves nothing" not in words


def first(events, kind):
    for e in events:
        if e["event"] == kind:
            t = e["timestamp"]
            return t["seconds"] + t["microseconds"] / 1e6
    raise BenchError(f"no {kind} is told")


def one(owner):
    """Cuts the power of `owner`; the new one, and the seconds of each part."""
    for node in NODES:
        until(f"{node} has seen all devices on", lambda: all_well(node))
    to = until("there is a copy", lambda: copy_of(owner))
    until(f"{to} knows of its copy", lambda: copy_of(to) == to)
    since = asked(to, "events")["events"][-1]["data"]["seq"]
    cut = time.time()
    run(LAB, "off", owner)
    until(f"it runs on {to}", lambda: runs(to))
    events = asked(to, "events", "--since", str(since))["events"]
    times = [cut] + [first(events, kind) for kind, _ in PARTS]
    run(LAB, "on", owner)
    return to, [b - a for a, b in zip(times, times[1:])] + [times[-1] - cut]


def bench(opt):
    names = [name for _, name in PARTS] + ["whole"]
    owner, found = "n1", []
    hamctl("n1", "guest", "start", "web1", "--node", "n1")
    for _ in range(opt.runs):
        owner, parts = one(owner)
        found.append(parts)
    for name, values in zip(names, zip(*found)):
        ms = [value * 1000 for value in values]
        tell(f"power cut, fence_ipmilan: {name}", statistics.median(ms), "ms",
             lowest=round(min(ms), 3), highest=round(max(ms), 3),
             runs=len(ms))


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--runs", type=int, default=5)
    ap.add_argument("--check", action="store_true", help=argparse.SUPPRESS)
    opt = ap.parse_args()
    if opt.runs < 1:
        ap.error("--runs must be at least 1")
    if opt.check:
        return 0
    try:
        bench(opt)
    except BenchError as e:
        print(f"fence_ipmi.py: {e}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
