# SPDX-License-Identifier: BSD-3-Clause
"""Histories of one guest, made by hand, for test-history.py to break.

None of what these make violates a rule, as long as nobody adds to it.
"""
import itertools
import json
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lab"))
import history  # noqa: E402
import historyrules as rules  # noqa: E402

BOOTS = ("aaaaaaaa", "bbbbbbbb", "cccccccc")


class Story:
    """A history that grows; the clock stands at `t`."""

    def __init__(self):
        self.lines = []
        self.t = 1000.0
        self.acked = 0
        self.pids = itertools.count(100)
        self.faults = itertools.count(1)
        self.orders = itertools.count(1)
        self.put("run", seed=7, nodes=["n1", "n2"], guests=["web1"])

    def put(self, kind, **entry):
        self.lines.append({"kind": kind, "t": self.t} | entry)

    def say(self, node, text, t=None):
        t = self.t if t is None else t
        self.put("line", t=t, lo=t - 0.04, guest="web1", node=node, text=text)

    def process(self, event, what, node, pid, guest="web1"):
        self.put("process", lo=self.t - 0.2, event=event, what=what,
                 node=node, guest=guest, pid=pid)

    def start(self, node, boot, found=None):
        pid = next(self.pids)
        self.process("seen", "qemu", node, pid)
        self.t += 3
        found = self.acked if found is None else found
        self.say(node, f"boot {boot} found {found}")
        self.tick = 0
        return pid

    def live(self, node, boot, pid, seconds=20, writes=True):
        """Ticks, writes and uses its CPU."""
        for _ in range(seconds * 10):
            self.t += 0.1
            self.tick += 1
            self.say(node, f"tick {self.tick} {self.tick * 100} {boot}")
            if writes:
                self.acked += 5
                self.say(node, f"ack {self.acked} {boot}")
            if self.tick % 2 == 0:
                self.put("cpu", lo=self.t - 0.2, guest="web1", node=node,
                         pid=pid, ns=50_000_000)

    def fault(self, what, nodes, lasts=1.0, guest=""):
        number = next(self.faults)
        about = {"number": number, "what": what, "nodes": nodes,
                 "guest": guest}
        self.put("fault", phase="begin", **about)
        self.put("fault", t=self.t + lasts, phase="end", **about)

    def order(self, what, lasts=1.0):
        about = {"number": next(self.orders), "what": what, "guest": "web1"}
        self.put("order", via="n1", phase="begin", **about)
        self.put("order", t=self.t + lasts, phase="end", rc=0, said="",
                 **about)

    def heal(self):
        self.put("heal", after="period 1")

    def disk(self, node, runs, slots=256, bad=(), digest="d"):
        self.put("disk", guest="web1", node=node, slots=slots,
                 runs=[list(r) for r in runs], bad=list(bad), digest=digest)

    def close(self):
        self.put("calm", after="period 1", took=1.0, audit=[])
        self.put("end", well=True)

    def found(self):
        self.lines.sort(key=lambda e: e["t"])
        made = history.History(json.dumps(e) for e in self.lines)
        return sorted({v.rule for v in rules.violations(made)})


def one_life():
    """Boots on n1, works for 20 s, is stopped; without its end."""
    s = Story()
    pid = s.start("n1", BOOTS[0])
    s.fault("cut", ["n2", "n3"])
    s.heal()
    s.live("n1", BOOTS[0], pid)
    return s, pid


def closed(s, *disks):
    for node, runs in disks or [("n1", [(1, s.acked, BOOTS[0])])]:
        s.disk(node, [(max(a, s.acked - 255), b, boot)
                      for a, b, boot in runs])
    s.close()
    return s


def moved():
    """The same, then a move to n2 and 20 s there."""
    s, pid = one_life()
    other = next(s.pids)
    s.process("seen", "qemu", "n2", other)
    s.t += 0.3
    s.live("n2", BOOTS[0], other)
    s.process("gone", "qemu", "n1", pid)
    return s, pid, other


def restarted(found=None):
    """The power of n1 is cut; an operator starts the guest again."""
    s, pid = one_life()
    first = s.acked
    s.fault("power", ["n1"])
    s.process("gone", "qemu", "n1", pid)
    s.t += 5
    s.order("start")
    pid = s.start("n1", BOOTS[1], found)
    s.live("n1", BOOTS[1], pid)
    return s, [(1, first, BOOTS[0]), (first + 1, s.acked, BOOTS[1])]
