# SPDX-License-Identifier: BSD-3-Clause
"""Writes down what happens in a lab, from outside: the history of a run.

Asks neither hamd nor QEMU.  What guests say on their consoles, which processes
there are on which node, and how long the virtual CPUs of each QEMU have run is
seen by looking again and again.  So each entry has two times: it was not there
at `lo` yet and is there at `t`; both are seconds of CLOCK_BOOTTIME.  history.py
takes the file for the only truth there is.
"""
import json
import os
import threading
import time

import auditproc
from auditdisk import LINE

LOOK_S = 0.04  # at the consoles
SCAN_S = 0.2  # at the processes
EVERY = 10  # scans are of all processes, those between of what may be new
WATCHED = ("hamd", "corosync")


def now():
    return round(time.clock_gettime(time.CLOCK_BOOTTIME), 4)


class Writer:
    """The history's file; a line an entry, from any thread."""

    def __init__(self, path):
        self.lock = threading.Lock()
        self.file = open(path, "w", encoding="utf-8", buffering=1)

    def put(self, kind, **entry):
        entry = {"kind": kind, "t": now()} | entry
        with self.lock:
            self.file.write(json.dumps(entry) + "\n")


class Console:
    """One guest's console on one node, as far as it was read."""

    def __init__(self, guest, node, path):
        self.guest, self.node, self.path = guest, node, path
        self.at = 0
        self.rest = b""
        self.looked = now()

    def lines(self):
        """(lo, line) of each line that is complete since the last look"""
        lo, self.looked = self.looked, now()
        try:
            with open(self.path, "rb") as f:
                f.seek(self.at)
                new = f.read()
        except OSError:
            return
        self.at += len(new)
        *whole, self.rest = (self.rest + new).split(b"\n")
        for line in whole:
            yield lo, line.decode("utf-8", "replace").rstrip("\r")


class Watch:
    """The newest of what was seen is also kept for who drives the run:
    `ticked` and `acked` (guest -> (time, node)), `qemus` (guest -> {(pid,
    start): node}), `daemons` (the same of storage daemons)."""

    def __init__(self, folder, nodes, guests, writer):
        self.folder, self.writer = folder, writer
        self.nodes = nodes
        self.consoles = [
            Console(g, n, f"{folder}/{n}/log/hamd/{g}.console")
            for g in guests for n in nodes]
        self.ticked, self.acked = {}, {}
        self.qemus, self.daemons = {}, {}
        self.seen = {}  # (pid, start) -> what, node, guest
        self.ran = {}  # (pid, start) -> ns of its vCPUs
        self.dull, self.scans = {}, 0  # pid -> how often it was no one's
        self.scanned = self.round = now()
        self.ending = threading.Event()
        self.broken = None
        self.thread = threading.Thread(target=self.work, daemon=True)

    def start(self):
        self.thread.start()

    def stop(self):
        self.ending.set()
        self.thread.join()
        if self.broken:
            raise self.broken

    def work(self):
        try:
            while not self.ending.wait(LOOK_S):
                self.look()
            self.look()
        except Exception as e:  # pylint: disable=broad-except
            self.broken = e

    def look(self):
        before, self.round = self.round, now()
        if self.round - before > 1:
            # what seems silent may be us
            self.writer.put("stall", lo=before)
        for console in self.consoles:
            for lo, line in console.lines():
                self.line(console, lo, line)
        if now() - self.scanned >= SCAN_S:
            self.scan()

    def line(self, console, lo, text):
        found = LINE.match(text)
        if not found and "CORRUPT" not in text and "panic" not in text:
            # a hand-over cut it in two
            return
        self.writer.put("line", lo=lo, guest=console.guest, node=console.node,
                        text=text)
        if found and found["tick"]:
            self.ticked[console.guest] = (now(), console.node)
        if found and found["ack"]:
            self.acked[console.guest] = (now(), console.node)

    def inits(self):
        """PID namespace -> (node, its PID 1), of those that are on"""
        table = {}
        for node in self.nodes:
            pid = auditproc.read(f"{self.folder}/{node}/pid").split()
            if pid:
                space = auditproc.link(f"/proc/{pid[0]}/ns/pid")
                table[space] = (node, int(pid[0]))
        table.pop("", None)
        return table

    def scan(self):
        lo, self.scanned = self.scanned, now()
        inits = self.inits()
        found, cpus = {}, []
        for process in self.candidates():
            what, guest = process.program, process.guest()
            if guest is None and what not in WATCHED:
                self.dull[process.pid] = self.dull.get(process.pid, 0) + 1
                continue
            start = auditproc.starttime(process.pid)
            key = (process.pid, start)
            node, init = inits.get(process.pidns, (None, 0))
            if key in self.seen:
                # of a node that is going down, too
                node = self.seen[key][1]
            # a child that has not become another program yet is no hamd
            elif guest is None and parent(process.pid) != init:
                continue
            if start is None or node is None:
                continue
            what = "qemu" if process.is_qemu() else "qsd" if guest else what
            found[key] = (what, node, guest or "")
            if what == "qemu":
                cpus.append((key, process.vcpu_ns()))
        self.changes(lo, found)
        for key, ns in cpus:
            self.cpu(lo, key, ns)
        self.qemus, self.daemons = of_kind(found, "qemu"), of_kind(found, "qsd")

    def candidates(self):
        """Processes, without those that were looked at often and are none of
        the lab's: looking at every one takes longer than a scan may.  Now and
        then all are looked at, since a process becomes another by exec."""
        self.scans += 1
        if self.scans % EVERY == 0:
            self.dull.clear()
        pids = {int(name) for name in os.listdir("/proc") if name.isdigit()}
        self.dull = {p: n for p, n in self.dull.items() if p in pids}
        for pid in pids:
            if self.dull.get(pid, 0) < 3:
                process = auditproc.Process(pid)
                if not process.ended():
                    yield process

    def changes(self, lo, found):
        for event, keys, of in (("gone", self.seen.keys() - found.keys(),
                                 self.seen),
                                ("seen", found.keys() - self.seen.keys(),
                                 found)):
            for key in keys:
                what, node, guest = of[key]
                self.writer.put("process", lo=lo, event=event, what=what,
                                node=node, guest=guest, pid=key[0])
                self.ran.pop(key, None)
        self.seen = found

    def cpu(self, lo, key, ns):
        """Only what it ran between two looks counts: the first has no `lo`."""
        before = self.ran.get(key)
        if ns is None:
            return
        self.ran[key] = ns
        if before is not None and ns > before:
            _, node, guest = self.seen[key]
            self.writer.put("cpu", lo=lo, guest=guest, node=node, pid=key[0],
                            ns=ns - before)


def parent(pid):
    fields = auditproc.read(f"/proc/{pid}/stat").rpartition(") ")[2].split()
    return int(fields[1]) if len(fields) > 1 else 0


def of_kind(found, kind):
    table = {}
    for key, (what, node, guest) in found.items():
        if what == kind:
            table.setdefault(guest, {})[key] = node
    return table
