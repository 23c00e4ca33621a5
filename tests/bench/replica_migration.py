# SPDX-License-Identifier: BSD-3-Clause
"""What a live migration with its disk costs a guest's writes.

Only what was written between the copy's begin and CUTOVER counts, by the times
of hamd's events.  Refuses figures unless it was one migration and the guest is
where it was sent.
"""
import subprocess
import time

from benchlib import (LAB, BenchError, hamctl, last_event, show, timed_events,
                      until)
from replica_figures import LOOK_S, Watch, beside
from replica_guests import COPY_LIMIT_S, boot

PAIRS_BEFORE = 5


def phase_at(guest, since):
    """When each phase of its one migration began."""
    found = timed_events("MIGRATION_PHASE", guest, since)
    at = {data["phase"]: when for when, data in found}
    if len(at) != len(found) or not {"copy", "cutover"} <= at.keys():
        raise BenchError(f"not one migration of {guest}: {found}")
    return at


def migrate(guest, to, watch):
    """Of its writes while disk and memory are copied."""
    since = last_event()
    with subprocess.Popen(
            [LAB, "sh", "n3", "hamctl", "guest", "migrate", guest, to],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            text=True) as order:
        try:
            until(f"{guest} is on {to}", lambda: watch.look() and
                  order.poll() is not None, COPY_LIMIT_S, LOOK_S)
        finally:
            order.kill()
        if order.returncode or show(guest)["owner"] != to:
            raise BenchError(f"{guest} is not on {to}: {order.stderr.read()}")
    at = phase_at(guest, since)
    return watch.within(at["copy"], at["cutover"])


def migrated(guest, src, dst):
    """(just before, meanwhile)"""
    boot(guest, src)
    watch = Watch(src, guest)
    until("the guest tells figures",
          lambda: watch.look() >= 2 * PAIRS_BEFORE, every_s=LOOK_S)
    # but for the first two: it is warming up
    before = watch.within(watch.spans[2][0], time.time())
    got = before, migrate(guest, dst, watch)
    hamctl("n1", "guest", "stop", guest)
    return got


def bench(opt):
    guests = {"web6": "a copy at 64 MiB/s", "web10": "a copy at full speed"}
    got = {guest: [] for guest in guests}
    for k in range(opt.rounds):
        for guest, runs in got.items():
            runs.append(migrated(guest, *(("n1", "n2") if k % 2 == 0 else
                                          ("n2", "n1"))))
    for guest, runs in got.items():
        beside(f"migration, {guests[guest]}", *zip(*runs))
