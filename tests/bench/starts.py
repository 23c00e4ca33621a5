#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""How the guests of a dead node are started; starts.sh runs it in a lab.

The guests are fakes.  Times and order are those of hamd's events on the node
that each is about.  How late hamd is, is how long its admin socket takes to
greet: one thread does all, its heartbeats, too.
"""
import argparse
import os
import re
import socket
import sys
import threading
import time

sys.dont_write_bytecode = True
from benchlib import (BenchError, LAB, all_well, asked,  # noqa: E402
                      image_of, path, pid_on, power, run, sh, tell, text_of,
                      token_ms, until)

DEAD, LEFT = "n1", ("n2", "n3")
LEADER = "n2"  # of those that are left
MOST = 400  # hamd keeps 1000 events
GREET_EVERY_S = 0.01


def priorities():
    """Guest -> priority, of the cluster file."""
    text = text_of(path(DEAD, "etc", "hamd", "cluster.conf"))
    return {name: int(value) for name, value in
            re.findall(r"^\[guest (\w+)\]$.*?^priority = (\d+)$", text,
                       re.M | re.S)}


def parallel():
    text = text_of(path(DEAD, "etc", "hamd", "cluster.conf"))
    return int(re.search(r"^parallel_starts = (\d+)$", text, re.M)[1])


def lease_ms():
    """As hamd counts it of what corosync was told (hamd-cluster.conf(5))."""
    return 1.5 * (token_ms(LEADER, "consensus") + 2000)


class Greetings(threading.Thread):
    """How long hamd on that node takes to greet, again and again."""

    def __init__(self, node):
        super().__init__(daemon=True)
        self.sock = path(node, "root", "run", "hamd", "admin.sock")
        self.took = []
        self.missed = 0
        self.ending = threading.Event()

    def run(self):
        while not self.ending.wait(GREET_EVERY_S):
            begun = time.monotonic()
            try:
                with socket.socket(socket.AF_UNIX) as s:
                    s.settimeout(30)
                    s.connect(self.sock)
                    if not s.recv(4096):
                        raise OSError("no greeting")
            except OSError:
                self.missed += 1
                continue
            self.took.append(time.monotonic() - begun)

    def end(self):
        self.ending.set()
        self.join()
        return max(self.took) * 1000


def cpu_s(pid):
    fields = text_of(f"/proc/{pid}/stat").rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def events_of(node, since):
    """(when, event, data) of what that node tells of itself or of all."""
    found = []
    for e in asked(node, "events", "--since", str(since))["events"]:
        at = e["timestamp"]["seconds"] + e["timestamp"]["microseconds"] / 1e6
        found.append((at, e["event"], e["data"]))
    return found


def running_on(nodes):
    return [g for g in asked(LEADER, "status")["guests"]
            if g["state"] == "running" and g["owner"] in nodes]


def share_images(names):
    """Hard links stand for the shared file system."""
    for name in names:
        for node in LEFT:
            os.link(image_of(name, DEAD), image_of(name, node))


def start_all(names):
    sh(DEAD, "sh", "-c", f'for g; do hamctl guest start "$g" --node {DEAD} '
       "--no-wait >/dev/null || exit 1; done", "sh", *names)
    until(f"all run on {DEAD}", lambda: len(running_on([DEAD])) == len(names))


def most_at_once(own):
    now = most = 0
    for _, event, data in own:
        if "guest" not in data:
            continue
        now += {"GUEST_STARTING": 1, "GUEST_RUNNING": -1,
                "GUEST_FAILED": -1}.get(event, 0)
        most = max(most, now)
    return most


def out_of_order(begun, priority):
    """Guests that were begun though one of a higher priority was not yet."""
    last, late = None, 0
    for name in begun:
        last = priority[name] if last is None else min(last, priority[name])
        late += priority[name] > last
    return late


def goal(name, value, unit, most):
    """True if it is met."""
    tell(name, value, unit, f"<= {most:g}", value <= most)
    return value <= most


def bench(opt):
    priority = priorities()
    names = sorted(priority)
    share_images(names)
    for node in (DEAD, *LEFT):
        until(f"{node} has seen all devices on", lambda: all_well(node))
    begun = time.monotonic()
    start_all(names)
    tell(f"{len(names)} fake guests ordered and started on one node",
         time.monotonic() - begun, "s")
    since = {node: asked(node, "events")["events"][-1]["data"]["seq"]
             for node in LEFT}
    daemon = {node: pid_on(node, "hamd") for node in LEFT}
    ring = pid_on(LEADER, "corosync")
    used = {node: cpu_s(daemon[node]) for node in LEFT}
    ring_used = cpu_s(ring)
    greetings = {node: Greetings(node) for node in LEFT}
    for one in greetings.values():
        one.start()
    run(LAB, "off", DEAD)
    until("all run elsewhere", lambda: len(running_on(LEFT)) == len(names),
          limit_s=300, every_s=0.5)
    late = {node: one.end() for node, one in greetings.items()}
    used = {node: cpu_s(daemon[node]) - used[node] for node in LEFT}
    ring_used = cpu_s(ring) - ring_used
    judge = Judge(priority, {n: events_of(n, since[n]) for n in LEFT})
    met = judge.tell_all(parallel())
    for node in LEFT:
        met &= goal(f"{node}: longest time without hamd's loop", late[node],
                    "ms", lease_ms() / 10)
    tell(f"{LEADER} (leader): CPU time of hamd", used[LEADER], "s")
    tell(f"{LEFT[1]}: CPU time of hamd", used[LEFT[1]], "s")
    tell(f"{LEADER}: CPU time of corosync", ring_used, "s")
    return met


class Judge:
    """Of the events of those that are left."""

    def __init__(self, priority, events):
        self.priority, self.events = priority, events
        self.own = {node: [e for e in of if e[2]["node"] == node]
                    for node, of in events.items()}
        self.dead = min(at for at, _ in self.of("NODE_DEAD"))

    def of(self, kind, node=None):
        return [(at, data) for own in
                ([self.own[node]] if node else self.own.values())
                for at, event, data in own if event == kind]

    def tell_times(self):
        dead = self.dead
        begun = sorted(at for at, _ in self.of("GUEST_STARTING"))
        up = sorted(at for at, _ in self.of("GUEST_RUNNING"))
        if len(up) != len(self.priority):
            raise BenchError(f"{len(up)} guests were told of as running, not "
                             f"{len(self.priority)}")
        tell("proof of death to first start begun", (begun[0] - dead) * 1000,
             "ms")
        tell("proof of death to first guest", (up[0] - dead) * 1000, "ms")
        tell(f"proof of death to last of {len(up)} guests", up[-1] - dead,
             "s")
        tell("starts a second, of both nodes",
             (len(up) - 1) / (up[-1] - up[0]), "/s")

    def tell_all(self, limit):
        met = True
        self.tell_times()
        for node, own in self.own.items():
            met &= goal(f"{node}: starts at once", most_at_once(own), "",
                        limit)
            names = [data["guest"] for _, data in
                     self.of("GUEST_STARTING", node)]
            met &= goal(f"{node}: begun before one of a higher priority "
                        f"(of {len(names)})",
                        out_of_order(names, self.priority), "", 0)
        # each node has a queue of its own: no goal
        names = [data["guest"] for _, data in
                 sorted(self.of("GUEST_STARTING"), key=lambda e: e[0])]
        tell("begun before one of a higher priority, of both nodes",
             out_of_order(names, self.priority), "")
        views = [[data["text"] for _, event, data in self.events[node]
                  if event == "MEMBERSHIP"] for node in LEFT]
        met &= goal("views beyond the one without the dead node",
                    max(map(len, views)) - 1, "", 0)
        other = [f"{event} {data.get('guest', '')}: {data['text']}"
                 for of in self.events.values() for at, event, data in of
                 if at > self.dead and
                 event in ("ALARM", "GUEST_FAILED", "QUORUM")]
        for line in other[:5]:
            print(f"starts.py: {line}", file=sys.stderr)
        met &= goal("alarms, failed starts, quorum lost", len(other), "", 0)
        return met


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--guests", type=int, default=200)
    ap.add_argument("--parallel", type=int, default=4)
    ap.add_argument("--check", action="store_true", help=argparse.SUPPRESS)
    opt = ap.parse_args()
    if not 1 <= opt.guests <= MOST:
        ap.error(f"--guests must be 1 to {MOST}")
    if not 1 <= opt.parallel <= 16:
        ap.error("--parallel must be 1 to 16")
    if opt.check:
        return 0
    try:
        with power("switch"):
            return 0 if bench(opt) else 1
    except BenchError as e:
        print(f"starts.py: {e}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
