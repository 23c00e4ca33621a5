# SPDX-License-Identifier: BSD-3-Clause
"""What making a copy moves: of a sparse disk, and at a resync.

Refuses a resync's figure if the guest wrote before its copy was lost or while
it was made again, or if another copy was made than the one that was lost.
"""
import os
import re
import statistics

from benchlib import (LAB, MIB, BenchError, console_of, events, hamctl,
                      hamd_log, image_of, last_event, run, sh, tell, text_of,
                      until)
from replica_guests import boot, whole


def last_fill(guest):
    found = re.findall(rf"{guest}: the copy at \S+ is equal, after (\d+) ms "
                       r"and (\d+) bytes", hamd_log())
    return [tuple(map(int, x)) for x in found]


def resync_one_percent():
    boot("web4")
    node = whole("web4")
    console = console_of("web4")

    def acked():
        return max(map(int, re.findall(r"^ack (\d+)", text_of(console),
                                       re.M)), default=0)
    until("web4 writes", acked)
    fills = len(last_fill("web4"))
    since = last_event()
    run(LAB, "cut", "n1", node, "--tcp")
    until("the copy is given up",
          lambda: events("REPLICA_OUTDATED", "web4", since))
    wanted = acked() + 20 * 256     # the ring once round: 20 MiB of 2 GiB
    until("the whole ring is written anew", lambda: acked() >= wanted)
    run(LAB, "heal")
    whole("web4")
    took_ms, moved = until("it is equal again",
                           lambda: last_fill("web4")[fills:] or None)[-1]
    share = moved / (2048 * MIB)
    tell("resync of 1 % of 2 GiB moves", share * 100, "% of the disk",
         "<= 1.1", share <= 0.011, bytes=moved, ms=took_ms)


def scatters(guest):
    """How often it was about to write, how often it began, and how many blocks
    it had written at each end."""
    text = text_of(console_of(guest))
    return (text.count("scatter soon\n"), text.count("scatter now\n"),
            [int(x) for x in re.findall(r"^scatter done (\d+)$", text, re.M)])


def scattered(guest):
    """The bytes that a resync moves after random writes, by those written.

    The copy is lost before the guest writes and is there again before it is
    about to write anew, by its bitmap, or it is no figure.
    """
    node = whole(guest)
    said = len(last_fill(guest))
    soon, _, _ = scatters(guest)
    until("it is about to write", lambda: scatters(guest)[0] > soon)
    since = last_event()
    run(LAB, "cut", "n1", node, "--tcp")
    _, begun, ends = scatters(guest)
    if begun > soon:
        raise BenchError("the guest wrote before its copy was lost")
    until("the copy is given up",
          lambda: events("REPLICA_OUTDATED", guest, since))
    until("it has written", lambda: len(scatters(guest)[2]) > len(ends))
    run(LAB, "heal")
    if whole(guest) != node:
        raise BenchError(f"another copy than {node}'s was made")
    _, moved = until("it is equal again",
                     lambda: last_fill(guest)[said:] or None)[-1]
    after = scatters(guest)
    if after[:2] != (soon + 1, soon + 1):
        raise BenchError("the guest wrote on while its copy was made")
    return moved / (4096 * (after[2][-1] - (ends or [0])[-1]))


def resync_scattered(opt):
    boot("web9")
    got = [scattered("web9") for _ in range(opt.rounds)]
    hamctl("n1", "guest", "stop", "web9")
    factor = statistics.median(got)
    tell("resync of random 4 KiB writes moves", factor, "times their bytes",
         "<= 16", max(got) <= 16, all=[round(x, 2) for x in got])


def bench_resync(opt):
    resync_one_percent()
    resync_scattered(opt)


def sent_bytes():
    return int(sh("n1", "sh", "-c",
                  "cat /sys/class/net/eth0/statistics/tx_bytes"))


def bench_sparse(_):
    with open(image_of("web5"), "wb") as f:
        os.chmod(f.fileno(), 0o600)
        f.truncate(10 << 30)
        for k in range(100):
            f.seek(k * (100 << 20))
            f.write(os.urandom(MIB))
    before = sent_bytes()
    boot("web5")
    node = whole("web5")
    sent = sent_bytes() - before
    copied = os.stat(image_of("web5", node)).st_blocks * 512
    tell("a sparse 10 GiB disk with 100 MiB sends", sent / MIB, "MiB",
         "<= 110", sent <= 110 * MIB, on_disk_mib=round(copied / MIB))
    hamctl("n1", "guest", "stop", "web5")
