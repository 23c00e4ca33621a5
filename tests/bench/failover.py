#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""How long a guest is gone with its node; failover.sh runs it in a lab.

Times are those of hamd's events, and of corosync's new ring in its log, on the
node that takes the guest over; all nodes of a lab have the machine's clock.  The
cut is taken before it is ordered, so what the lab needs for it is in the first
part.  A run that did not go as it must has no figure.
"""
import argparse
import datetime
import re
import statistics
import subprocess
import sys
import time

sys.dont_write_bytecode = True
from benchlib import (BenchError, LAB, NODES, all_well, asked,  # noqa: E402
                      hamctl, power, run, show, tell, token_ms, until)

GOAL_MS = 350
WATCHDOG_MS = 2000  # as failover.sh has it


def copy_of(node):
    """Where a current copy is, as that node knows; None."""
    for replica in show("web1", node)["replicas"]:
        if replica["state"] == "current":
            return replica["node"]
    return None


def runs(node):
    guest = show("web1", node)
    return guest["state"] == "running" and guest["owner"] == node


def first(events, kind):
    for e in events:
        if e["event"] == kind:
            t = e["timestamp"]
            return t["seconds"] + t["microseconds"] / 1e6
    raise BenchError(f"no {kind} is told")


def ring_after(node, cut):
    """When hamd there heard of a ring of two."""
    for line in run(LAB, "logs", node, "hamd").splitlines():
        found = re.search(r"(\w{3} +\d+ [\d:.]+) \w+ +hamd: "
                          r"ring [\d.]+, 2 nodes", line)
        if not found:
            continue
        year = datetime.datetime.fromtimestamp(cut).year
        at = datetime.datetime.strptime(f"{year} {found[1]}",
                                        "%Y %b %d %H:%M:%S.%f").timestamp()
        if at >= cut:
            return at
    raise BenchError("no ring of two nodes in the log")


def wait_ms(node):
    """T_wait, of what corosync there was told (doc/hamd-cluster.conf.5)."""
    return 1.5 * (token_ms(node, "consensus") + 2000) + 2 * WATCHDOG_MS


def one(owner, parts):
    """Cuts the power of `owner`; the new one, and the moments, seconds."""
    for node in NODES:
        until(f"{node} has seen all devices on",
              lambda: all_well(node))
    to = until("there is a copy", lambda: copy_of(owner))
    until(f"{to} knows of its copy", lambda: copy_of(to) == to)
    since = asked(to, "events")["events"][-1]["data"]["seq"]
    cut = time.time()
    run(LAB, "off", owner)
    until(f"it runs on {to}", lambda: runs(to))
    events = asked(to, "events", "--since", str(since))["events"]
    moments = [cut, ring_after(to, cut)]
    moments += [first(events, kind) for kind, _ in parts]
    run(LAB, "on", owner)
    return to, moments


def figure(proof, name, values, goal=None):
    ms = [value * 1000 for value in values]
    middle = statistics.median(ms)
    tell(f"power cut, {proof}: {name}", middle, "ms", goal,
         goal is not None and middle <= goal, lowest=round(min(ms), 3),
         highest=round(max(ms), 3), runs=len(ms))


def bench(opt):
    parts = [("MEMBERSHIP", "view"), ("FENCING", "fencing begins"),
             ("NODE_DEAD", "proof"), ("GUEST_RUNNING", "plan and start")]
    if opt.proof == "watchdog":
        del parts[1]
    owner, found = "n1", []
    hamctl("n1", "guest", "start", "web1", "--node", "n1")
    for _ in range(opt.runs):
        owner, moments = one(owner, parts)
        found.append(moments)
    names = ["corosync's own detection"] + [name for _, name in parts]
    for i, name in enumerate(names):
        figure(opt.proof, name, [m[i + 1] - m[i] for m in found])
    figure(opt.proof, "whole", [m[-1] - m[0] for m in found])
    goal = {"switch": GOAL_MS, "ipmi": None,
            "watchdog": wait_ms("n1") + 1000}[opt.proof]
    figure(opt.proof, "beyond corosync's detection",
           [m[-1] - m[1] for m in found], goal)


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--proof", choices=("switch", "ipmi", "watchdog"),
                    default="switch")
    ap.add_argument("--runs", type=int, default=10)
    ap.add_argument("--check", action="store_true", help=argparse.SUPPRESS)
    opt = ap.parse_args()
    if opt.runs < 1:
        ap.error("--runs must be at least 1")
    if opt.check:
        return 0
    try:
        with power(opt.proof):
            bench(opt)
    except BenchError as e:
        print(f"failover.py: {e}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
