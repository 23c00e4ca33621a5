# SPDX-License-Identifier: BSD-3-Clause
"""How long hand-overs stop a guest: many in a row, or with a stall in each.

A small guest whose load fits goes back and forth.  With a stall hamd is held for
a second at a point of the hand-over (HAMD_PAUSE_AT): before TAKE it can still
give the guest back, after it can't.  How long the guest stood is hamd's figure,
if it has one, and what a third node's pings saw.  Refuses to go on with a guest
that found what it had not written.
"""
import contextlib
import os
import re
import subprocess
import time

from benchlib import (LAB, BenchError, asked, hamctl, image_of, last_event, path,
                      run, show, until)
from converge_base import HOSTS, Console, hamd_consoles, other
from migrate import Pinger, percentile

GUEST = "web1"
LOAD = "area=64 ram=25 rnd=2"
DISK = "96M"
STALL_S = 1.0
# which side is held, and where (hamd(8))
POINTS = {"before": ("destination", "handover"), "after": ("source", "yield")}
AFTER_US = 1_000_000
LIMIT_S = 120
TOLD = re.compile(r"max_pause|longer than")


def pause_ms(text):
    """max_pause as these lines of a cluster file have it, 150ms by default."""
    found = re.search(r"^max_pause = (\d+)(ms|s|m)$", text, re.M)
    if not found:
        return 150
    return int(found[1]) * {"ms": 1, "s": 1000, "m": 60000}[found[2]]


def boot():
    if not os.path.exists(image_of(GUEST, HOSTS[0])):
        run(LAB, "disk", HOSTS[0], f"{GUEST}-root.raw", DISK)
    console = Console(hamd_consoles(GUEST))
    hamctl("n3", "guest", "start", GUEST, "--node", HOSTS[0])
    console.settled(GUEST)
    return console


def stop(console):
    hamctl("n3", "guest", "stop", GUEST)
    console.verified(GUEST)


def tell(title, ms, limit, allowed):
    over = [x for x in ms if x > allowed]
    print(f"{title}: n {len(ms)}, p50 {percentile(ms, 50):.1f}, "
          f"p90 {percentile(ms, 90):.1f}, p99 {percentile(ms, 99):.1f}, "
          f"max {max(ms):.1f} ms; max_pause {limit} ms, "
          f"{len(over)} above {allowed:.0f}", flush=True)
    return not over


# ---- many ----

def handovers(count, limit):
    """Exit code."""
    console, at, ms, given_up = boot(), HOSTS[0], [], []
    for k in range(count):
        console.check()
        done = subprocess.run(
            [LAB, "sh", "n3", "hamctl", "guest", "migrate", GUEST, other(at)],
            capture_output=True, text=True, check=False, timeout=LIMIT_S)
        last = show(GUEST, at)["last_migration"]
        if done.returncode or not last["ok"]:
            given_up.append(done.stderr.strip())
            print(f"{k + 1:>4}: given up: {given_up[-1]}", flush=True)
            continue
        at = other(at)
        ms.append(last["stopped_ms"])
        print(f"{k + 1:>4}: {ms[-1]:7.1f} ms, {last['total_ms']} ms in all",
              flush=True)
    stop(console)
    print(f"{len(given_up)} of {count} given up")
    if not ms:
        raise BenchError("not one hand-over")
    met = tell("stopped", ms, limit, limit * 1.2)
    print("met" if met else "MISSED", " no hand-over of a load that fits stops "
          "longer than max_pause + 20 %", sep="")
    return 0


# ---- with a stall ----

def mark(node, name):
    return path(node, "root", "run", "hamd", f"{name}.{GUEST}")


def clear():
    for node in HOSTS:
        for name in ("pause-at", "paused-at", "continue"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(mark(node, name))


@contextlib.contextmanager
def held_at(node, point):
    clear()
    with open(mark(node, "pause-at"), "w", encoding="ascii") as f:
        f.write(point)
    try:
        yield
    finally:
        clear()


def stall(node, order):
    """From when it is held there; False: it never was."""
    until(f"hamd is held on {node}", lambda: order.poll() is not None or
          os.path.exists(mark(node, "paused-at")), LIMIT_S, 0.005)
    if not os.path.exists(mark(node, "paused-at")):
        return False
    time.sleep(STALL_S)     # the fault itself
    os.unlink(mark(node, "pause-at"))
    with open(mark(node, "continue"), "w", encoding="ascii"):
        pass
    return True


def said_since(seq):
    """What was told of a pause that was too long."""
    texts = [e["data"].get("text", "") for e in
             asked("n3", "events", "--since", str(seq))["events"]]
    return [t for t in texts if TOLD.search(t)]


def one(at, which, ping):
    side, point = POINTS[which]
    node = at if side == "source" else other(at)
    before = (show(GUEST, at)["last_migration"] or {}).get("txn")
    seq, begin_us = last_event(), time.time_ns() // 1000
    with held_at(node, point):
        with subprocess.Popen(
                [LAB, "sh", "n3", "hamctl", "guest", "migrate", GUEST,
                 other(at)], stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE, text=True) as order:
            if not stall(node, order):
                raise BenchError(f"never at '{point}': "
                                 f"{order.stderr.read().strip()}")
            order.wait(LIMIT_S)
            said = order.stderr.read().strip()
    until(f"{GUEST} runs", lambda: show(GUEST)["state"] == "running", LIMIT_S)
    ping.reply_after(time.time_ns() // 1000 + AFTER_US)
    owner = show(GUEST)["owner"]
    last = show(GUEST, at)["last_migration"] or {}
    if last.get("txn") == before:
        last = {}
    return {"owner": owner, "moved": owner != at,
            "stopped_ms": last.get("stopped_ms"),
            "reason": last.get("reason") or said,
            "gap_ms": ping.longest_gap_ms(begin_us,
                                          time.time_ns() // 1000),
            "told": said_since(seq)}


def line(k, r):
    stopped = r["stopped_ms"]
    return (f"{k:>3}: {'moved' if r['moved'] else 'rolled back':<12}"
            f"stopped {f'{stopped:.1f}' if stopped is not None else '-':>8} ms,"
            f" network {r['gap_ms']:7.1f} ms  {r['reason']}"
            f"{'; told: ' + r['told'][0] if r['told'] else ''}")


def stalls(which, count, limit):
    console, at, found, ping = boot(), HOSTS[0], [], Pinger()
    try:
        ping.reply_after(time.time_ns() // 1000 + AFTER_US)
        for k in range(count):
            console.check()
            found.append(one(at, which, ping))
            at = found[-1]["owner"]
            print(line(k + 1, found[-1]), flush=True)
    finally:
        ping.end()
    stop(console)
    back = sum(not r["moved"] for r in found)
    told = sum(bool(r["told"] or TOLD.search(r["reason"])) for r in found)
    print(f"{STALL_S:.0f} s of stall {which} TAKE: {back} of {count} rolled "
          f"back, {told} told as a broken limit")
    tell("as the network saw it", [r["gap_ms"] for r in found], limit,
         limit + 100)
    # which has the machine's other work in it
    stood = [r["gap_ms"] if r["stopped_ms"] is None else r["stopped_ms"]
             for r in found]
    short = tell("stood", stood, limit, limit + 100)
    if which == "before":
        met = back == count and short
        text = "each is rolled back within max_pause + 100 ms"
    else:
        met, text = told == count, "each is reported as a broken limit"
    print("met" if met else "MISSED", text, sep="  ")
    return 0
