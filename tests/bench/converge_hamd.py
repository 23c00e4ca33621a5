# SPDX-License-Identifier: BSD-3-Clause
"""hamd as a contestant of converge.sh: a guest of the cluster file for each load.

Its forecasts are taken from its events while they come.  Refuses to call a
migration hamd's that was not the one ordered.
"""
import json
import os
import subprocess
import threading
import time

from benchlib import LAB, BenchError, hamctl, image_of, run, show
from converge_base import (DISK_MIB, HOSTS, Console, Late, hamd_consoles)

GRACE_S = 15  # beyond max_duration: HANDOVER has a limit of its own
CANCEL_S = 60


class Follower:
    """The events as n3 hears them."""
    def __init__(self):
        self.events = []
        self.proc = subprocess.Popen(
            [LAB, "sh", "n3", "hamctl", "--json", "events", "--follow"],
            stdout=subprocess.PIPE, text=True)
        threading.Thread(target=self.collect, daemon=True).start()

    def collect(self):
        for line in self.proc.stdout:
            event = json.loads(line)
            event["at"] = time.monotonic()
            self.events.append(event)

    def of(self, guest, kind, since):
        return [e["data"] for e in self.events if e["at"] >= since and
                e["event"] == kind and e["data"].get("guest") == guest]

    def end(self):
        self.proc.terminate()
        self.proc.wait()


def forecasts(progress):
    """[(elapsed s, expected total s)], the middle of each range."""
    found = []
    for p in progress:
        least, most = p.get("eta_min_ms", -1), p.get("eta_max_ms", -1)
        if least >= 0 and most >= least:
            found.append((p["elapsed_ms"] / 1000,
                          (p["elapsed_ms"] + (least + most) / 2) / 1000))
    return found


def first_and_quarter(found, total_s):
    """Progress comes about once a second: in a short migration there may be none
    that is near its first quarter."""
    near = [f for f in found if 0.1 * total_s <= f[0] <= 0.5 * total_s]
    quarter = min(near, key=lambda f: abs(f[0] - total_s / 4), default=None)
    return found[0][1] if found else None, quarter and quarter[1]


class Hamd:
    name = "hamd"

    def __init__(self, rows):
        self.guests = {row: f"web{k}" for k, row in enumerate(rows, 1)}
        self.where = dict.fromkeys(rows, HOSTS[0])
        self.follower = Follower()
        self.row = None

    @property
    def guest(self):
        return self.guests[self.row]

    @property
    def at(self):
        return self.where[self.row]

    @at.setter
    def at(self, node):
        self.where[self.row] = node

    def runs_on(self, _):
        return True

    def boot(self, row, _):
        self.row = row
        if not os.path.exists(image_of(self.guest, self.at)):
            run(LAB, "disk", self.at, f"{self.guest}-root.raw",
                f"{DISK_MIB}M")
            with open(image_of(self.guest, self.at), "rb") as f:
                os.fsync(f.fileno())
        console = Console(hamd_consoles(self.guest))
        hamctl("n3", "guest", "start", self.guest, "--node", self.at)
        return console

    def ready(self, _):
        """hamd makes its own disks there."""

    def stop(self, console):
        hamctl("n3", "guest", "stop", self.guest)
        console.verified(self.guest)

    def abandon(self):
        """After a failure: whatever it takes."""
        subprocess.run([LAB, "sh", "n3", "hamctl", "guest", "stop", "--kill",
                        self.guest], capture_output=True, check=False)

    def cancel(self, order):
        subprocess.run([LAB, "sh", "n3", "hamctl", "guest", "cancel",
                        self.guest], capture_output=True, check=False)
        try:
            order.wait(CANCEL_S)
        except subprocess.TimeoutExpired:
            raise BenchError(f"{self.guest}: no cancel ends its migration")

    def result(self, src, dst, out):
        """What became of it, by the node that it was to leave."""
        found = show(self.guest, src)["last_migration"]
        if not found or found["to"] != dst:
            raise BenchError(f"not the result of {src} -> {dst}: {found}")
        out.ended, out.reason = found["ok"], found.get("reason", "")
        out.stopped_ms = found.get("stopped_ms")
        return found

    def migrate(self, src, dst, limit_s, out):
        begin, late = time.monotonic(), False
        seen = (show(self.guest, src)["last_migration"] or {}).get("txn")
        with subprocess.Popen(
                [LAB, "sh", "n3", "hamctl", "--json", "guest", "migrate",
                 self.guest, dst], stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE, text=True) as order:
            try:
                order.wait(limit_s + GRACE_S)
            except subprocess.TimeoutExpired:
                late = True
                self.cancel(order)
            said = order.stderr.read().strip()
        total_s = time.monotonic() - begin
        last = show(self.guest, src)["last_migration"] or {}
        if order.returncode and last.get("txn") == seen:
            # it never began
            out.ended, out.reason = False, f"refused: {said}"
            return
        self.result(src, dst, out)
        out.first, out.quarter = first_and_quarter(forecasts(
            self.follower.of(self.guest, "MIGRATION_PROGRESS", begin)),
            total_s)
        if late and not out.ended:
            raise Late(f"still under way {limit_s + GRACE_S:.0f} s after its "
                       f"order: {out.reason}")
        out.late = late

    def end(self):
        self.follower.end()
