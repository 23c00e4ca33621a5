#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Measures hamd's migrations against raw_handover's; migrate.sh runs it.

Works in the lab that $HAMLAB names.  hamd and the baseline take turns, two
migrations each, so that both see the machine's good and bad minutes.  Times
are hamd's own steps and a third node's pings.  It refuses to print figures
after any migration that failed: all are measured, or none.
"""
import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
from benchlib import (HERE, LAB, BenchError, console_of, hamctl,  # noqa: E402
                      image_of, run, sh, show)

NODES = ("n1", "n2")
GUEST_IP = "10.77.0.100"
DEADLINE_S = 60
# the span around the pause whose replies are looked at, as raw_handover's
BEFORE_US, AFTER_US = 100_000, 1_000_000
IDLE_S = 20
# audit's findings that are about the guest's life, not its disk
LIFE = re.compile(r"records: (tick |boot \S*:|boot .* has no "
                  r"|\d+ (tick|boots))")


class Pinger:
    """Replies to n3 as CLOCK_REALTIME microseconds."""
    def __init__(self, address=GUEST_IP):
        self.replies = []
        self.proc = subprocess.Popen(
            [LAB, "sh", "n3", "ping", "-n", "-D", "-i", "0.005", address],
            stdout=subprocess.PIPE, text=True)
        threading.Thread(target=self.collect, daemon=True).start()

    def collect(self):
        for line in self.proc.stdout:
            if " bytes from " in line:
                stamp = line[1:line.index("]")]
                self.replies.append(int(float(stamp) * 1e6))

    def reply_after(self, t_us):
        deadline = time.monotonic() + DEADLINE_S
        while not self.replies or self.replies[-1] <= t_us:
            if time.monotonic() > deadline:
                raise BenchError("the guest answers no ping")
            time.sleep(0.02)

    def longest_gap_ms(self, first_us, last_us):
        t = [x for x in self.replies if first_us <= x <= last_us]
        if len(t) < 2:
            raise BenchError("no replies around the pause")
        return max(b - a for a, b in zip(t, t[1:])) / 1000

    def end(self):
        self.proc.terminate()
        self.proc.wait(DEADLINE_S)


def waits(timeline):
    """[begin, end] of each QMP reply, event or job end that hamd awaited.

    Of several waits of one name at once the first to end is the oldest."""
    open_, found = {}, []
    for entry in timeline:
        kind, _, name = entry["what"].partition(" ")
        if kind == "wait+":
            open_.setdefault(name, []).append(entry["at_us"])
        elif kind == "wait-" and open_.get(name):
            found.append((open_[name].pop(0), entry["at_us"]))
    return found


def union_us(intervals, first, last):
    total, reached = 0, first
    for a, b in sorted(intervals):
        a, b = max(a, reached), min(b, last)
        if b > a:
            total, reached = total + b - a, b
    return total


def moment(timeline, what):
    at = [e["at_us"] for e in timeline if e["what"] == what]
    if len(at) != 1:
        raise BenchError(f"{len(at)} times '{what}' in the timeline")
    return at[0]


def own_share_ms(src, dst):
    """What of the pause passes while nothing of QEMU's is awaited."""
    stop, ran = moment(src, "stop"), moment(dst, "ran")
    qemu_us = union_us(waits(src) + waits(dst), stop, ran)
    return (ran - stop - qemu_us) / 1000, stop, ran


def boottime_to_real_us():
    return (time.clock_gettime_ns(time.CLOCK_REALTIME) -
            time.clock_gettime_ns(time.CLOCK_BOOTTIME)) // 1000


def migrate(src, dst, ping):
    hamctl("n3", "guest", "migrate", "web1", dst)
    sides = [show("web1", n)["last_migration"] for n in (src, dst)]
    for side in sides:
        if not side["ok"] or side["to"] != dst or \
           side["txn"] != sides[0]["txn"]:
            raise BenchError(f"not the result of {src} -> {dst}: {side}")
    own, stop, ran = own_share_ms(*(s["timeline"] for s in sides))
    shift = boottime_to_real_us()
    ping.reply_after(ran + shift + AFTER_US)
    return {"stopped_ms": sides[0]["stopped_ms"],
            "total_ms": sides[0]["total_ms"], "own_ms": own,
            "pause_ms": (ran - stop) / 1000,
            "gap_ms": ping.longest_gap_ms(stop + shift - BEFORE_US,
                                          ran + shift + AFTER_US)}


def note(who, result):
    print(f"{who}: " + ", ".join(f"{k} {v:.1f}" for k, v in result.items()),
          file=sys.stderr, flush=True)


def hamd_turn(count):
    """The guest boots on n1, goes back and forth, and is shut down there."""
    hamctl("n1", "guest", "start", "web1", "--node", "n1")
    ping = Pinger()
    results = []
    try:
        # as long after its boot as the baseline's guest
        ping.reply_after(0)
        ping.reply_after(time.time_ns() // 1000 + AFTER_US)
        for i in range(count):
            results.append(migrate(NODES[i % 2], NODES[1 - i % 2], ping))
            note("hamd", results[-1])
    finally:
        ping.end()
    hamctl("n1", "guest", "stop", "web1")
    return results


def raw_turn(count):
    lines = run(f"{HERE}/raw_handover", "--runs", str(count),
                "--node-cmd", f"{LAB} sh").splitlines()
    keep = ("stopped_ms", "total_ms", "gap_ms")
    results = [{k: json.loads(line)[k] for k in keep} for line in lines]
    for r in results:
        note("raw", r)
    return results


def audit_records(last, boots):
    """Findings about what was written, and those about ticks and boots."""
    done = subprocess.run(
        [f"{HERE}/../lab/audit", "records", "--reboots", str(boots - 1),
         image_of("web1", last), *(console_of("web1", n) for n in NODES)],
        capture_output=True, text=True)
    if done.returncode not in (0, 1):
        raise BenchError(done.stderr)
    print(done.stdout, end="", file=sys.stderr)
    lines = done.stdout.splitlines()
    life = [f for f in lines if LIFE.match(f)]
    return len(lines) - len(life), len(life)


def hamd_proc(node, name):
    return sh(node, "sh", "-c",
              f'cat "/proc/$(cat /run/hamlab-hamd)/{name}"')


def cpu_ticks(node):
    """utime + stime: fields 14 and 15; the name may have blanks."""
    fields = hamd_proc(node, "stat").rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def rss_mib(node):
    for line in hamd_proc(node, "status").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise BenchError("no VmRSS")


def idle():
    """RSS and CPU of the hamd whose node runs three guests."""
    for k in (1, 2, 3):
        hamctl("n1", "guest", "start", f"web{k}", "--node", "n1")
    for k in (1, 2, 3):
        run(LAB, "wait", str(DEADLINE_S), "sh", "n1", "grep", "-q", "^ack",
            f"/var/log/hamd/web{k}.console")
    begin, before = time.monotonic(), cpu_ticks("n1")
    time.sleep(IDLE_S)      # the span measured, not a wait for anything
    used = cpu_ticks("n1") - before
    seconds = time.monotonic() - begin
    rss = max(rss_mib(n) for n in ("n1", "n2", "n3"))
    return rss, 100 * used / os.sysconf("SC_CLK_TCK") / seconds


def percentile(values, share):
    """The smallest value that this share of all does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * share // 100) - 1)]


class Report:
    def __init__(self):
        self.ok = True

    def figure(self, name, value, unit, goal):
        good = value <= goal
        self.ok = self.ok and good
        print(json.dumps({"bench": "migrate", "name": name,
                          "value": round(value, 2), "unit": unit,
                          "goal": f"<= {goal}", "ok": good}), flush=True)

    def end(self):
        print(json.dumps({"bench": "migrate", "ok": self.ok}), flush=True)


def report(hamd, raw, lost, life, rss, cpu):
    def median(results, key):
        return statistics.median(r[key] for r in results)
    r = Report()
    r.figure("stopped_median", median(hamd, "stopped_ms"), "ms", 60)
    r.figure("gap_median", median(hamd, "gap_ms"), "ms", 80)
    r.figure("gap_p95", percentile([x["gap_ms"] for x in hamd], 95), "ms",
             150)
    for name, goal in (("stopped", 1.10), ("gap", 1.10), ("total", 1.15)):
        key = f"{name}_ms"
        r.figure(f"{name}_to_raw", median(hamd, key) / median(raw, key), "x",
                 goal)
    r.figure("own_share_median", median(hamd, "own_ms"), "ms", 10)
    r.figure("lost_records", lost, "records", 0)
    r.figure("tick_findings", life, "findings", 0)
    r.figure("rss_max", rss, "MiB", 25)
    r.figure("idle_cpu", cpu, "%", 1)
    r.end()


def options():
    p = argparse.ArgumentParser(
        prog="migrate.sh", description="how long a migration stops the guest")
    p.add_argument("--runs", type=int, default=10, metavar="N",
                   help="migrations of each kind, an even number (%(default)s)")
    p.add_argument("--check", action="store_true", help=argparse.SUPPRESS)
    opt = p.parse_args()
    if opt.runs < 2 or opt.runs % 2:
        p.error("--runs wants an even number: back and forth")
    return opt


def main():
    opt = options()
    if opt.check:
        return 0
    hamd, raw = [], []
    try:
        for _ in range(opt.runs // 2):
            hamd += hamd_turn(2)
            raw += raw_turn(2)
        lost, life = audit_records("n1", opt.runs // 2)
        rss, cpu = idle()
    except (BenchError, OSError) as e:
        print(f"migrate.sh: {e}", file=sys.stderr)
        return 1
    report(hamd, raw, lost, life, rss, cpu)
    return 0


if __name__ == "__main__":
    sys.exit(main())
