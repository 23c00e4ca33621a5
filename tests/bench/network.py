#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Measures what a guest's users see of its migrations; network.sh runs it.

Works in the lab that $HAMLAB names.  A third node pings the guest every 5 ms, and
then sends it a TCP stream, while hamd migrates it back and forth, by IPv4 and by
IPv6; D's ports tell when the first ping reached it there; beside it stands the same hand-over without hamd (raw_handover), which only
QEMU announces.  It refuses to print figures after a migration that failed.
"""
import argparse
import json
import statistics
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
from benchlib import HERE, LAB, BenchError, hamctl, run, show  # noqa: E402
from migrate import (AFTER_US, BEFORE_US, DEADLINE_S, NODES,  # noqa: E402
                     Pinger, boottime_to_real_us, moment, percentile)

SINK = 9
ADDRESSES = {"ipv4": "10.77.0.100", "ipv6": "fd77::100"}
RAW = {"ipv4": ("10.77.0.200", "ip=10.77.0.200/24"),
       "ipv6": ("fd77::200", "ip=fd77::200/64")}


class Arrivals:
    """When pings reach the guest's port on a node."""
    def __init__(self, node):
        self.times = []
        self.proc = subprocess.Popen(
            [LAB, "sh", node, "python3", "-B", f"{HERE}/arrivals.py"],
            stdout=subprocess.PIPE, text=True)
        if self.proc.stdout.readline().strip() != "ready":
            raise BenchError(f"nobody watches the ports of {node}")
        threading.Thread(target=self.collect, daemon=True).start()

    def collect(self):
        for line in self.proc.stdout:
            self.times.append(int(line))

    def first_after(self, t_us):
        after = [t for t in self.times if t > t_us]
        if not after:
            raise BenchError("no ping has reached the guest since")
        return after[0]

    def end(self):
        self.proc.terminate()
        self.proc.wait(DEADLINE_S)


class Stream:
    """A TCP stream from n3 to the guest."""
    def __init__(self, address):
        self.proc = subprocess.Popen(
            [LAB, "sh", "n3", "python3", "-B", f"{HERE}/tcpstream.py", address,
             str(SINK)], stdout=subprocess.PIPE, text=True)
        if self.proc.stdout.readline().strip() != "ready":
            raise BenchError("the guest takes no TCP stream")

    def end(self):
        self.proc.terminate()
        out, _ = self.proc.communicate(timeout=DEADLINE_S)
        return json.loads(out.splitlines()[-1])


def migrate(dst, ping, arrivals):
    src = NODES[1 - NODES.index(dst)]
    hamctl("n3", "guest", "migrate", "web1", dst)
    there = show("web1", dst)["last_migration"]
    here = show("web1", src)["last_migration"]
    if not here["ok"] or here["to"] != dst:
        raise BenchError(f"not the result of {src} -> {dst}: {here}")
    shift = boottime_to_real_us()
    stop = moment(here["timeline"], "stop") + shift
    ran = moment(there["timeline"], "ran") + shift
    ping.reply_after(ran + AFTER_US)
    first = arrivals[dst].first_after(stop)
    return {"stopped_ms": here["stopped_ms"],
            "path_ms": round((first - stop) / 1000, 1),
            "blackout_ms": here.get("blackout_ms"),
            "gap_ms": ping.longest_gap_ms(stop - BEFORE_US, ran + AFTER_US)}


def note(who, result):
    print(f"{who}: " + ", ".join(f"{k} {v}" for k, v in result.items()),
          file=sys.stderr, flush=True)


def hamd_turns(family, count):
    ping = Pinger(ADDRESSES[family])
    arrivals = {node: Arrivals(node) for node in NODES}
    try:
        ping.reply_after(time.time_ns() // 1000 + AFTER_US)
        results = []
        for i in range(count):
            results.append(migrate(NODES[1 - i % 2], ping, arrivals))
            note(f"hamd {family}", results[-1])
        return results
    finally:
        for each in (ping, *arrivals.values()):
            each.end()


def stream_turns(family, count):
    """Alone: beside pings the guest's one processor would have to do both."""
    stream = Stream(ADDRESSES[family])
    for i in range(count):
        hamctl("n3", "guest", "migrate", "web1", NODES[1 - i % 2])
    found = stream.end()
    note(f"hamd {family} TCP", found)
    return found


def raw_turns(family, count):
    address, option = RAW[family]
    lines = run(f"{HERE}/raw_handover", "--runs", str(count), "--node-cmd",
                f"{LAB} sh", "--guest-ip", address, "--append",
                f"console=ttyS0 quiet {option} dirty=64 rate=4").splitlines()
    results = [{k: json.loads(line)[k] for k in ("stopped_ms", "gap_ms")}
               for line in lines]
    for result in results:
        note(f"raw {family}", result)
    return results


class Report:
    def __init__(self):
        self.ok = True

    def figure(self, name, value, unit, goal=None):
        good = goal is None or value <= goal
        self.ok = self.ok and good
        print(json.dumps({"bench": "network", "name": name,
                          "value": round(value, 2), "unit": unit,
                          "goal": goal and f"<= {goal}", "ok": good}),
              flush=True)

    def family(self, family, hamd, stream, raw):
        beyond = [r["gap_ms"] - r["stopped_ms"] for r in hamd]
        path = [r["path_ms"] - r["stopped_ms"] for r in hamd]
        self.figure(f"{family}_stopped_median", statistics.median(
            r["stopped_ms"] for r in hamd), "ms")
        self.figure(f"{family}_gap_median", statistics.median(
            r["gap_ms"] for r in hamd), "ms")
        # what is the network's: the first ping at D's port
        self.figure(f"{family}_path_beyond_stop_median",
                    statistics.median(path), "ms", 10)
        self.figure(f"{family}_path_beyond_stop_p90", percentile(path, 90),
                    "ms", 30)
        # and with it what the guest takes to answer
        self.figure(f"{family}_gap_beyond_stop_median",
                    statistics.median(beyond), "ms", 10)
        self.figure(f"{family}_gap_beyond_stop_p90", percentile(beyond, 90),
                    "ms", 30)
        measured = [r["blackout_ms"] for r in hamd if r["blackout_ms"]]
        if measured:
            self.figure(f"{family}_blackout_median",
                        statistics.median(measured), "ms")
        self.figure(f"{family}_tcp_timeout_max", stream["timeout_ms"], "ms",
                    250)
        self.figure(f"{family}_tcp_stall_max", stream["stall_ms"], "ms")
        self.figure(f"{family}_raw_gap_beyond_stop_median", statistics.median(
            r["gap_ms"] - r["stopped_ms"] for r in raw), "ms")

    def end(self):
        print(json.dumps({"bench": "network", "ok": self.ok}), flush=True)


def options():
    p = argparse.ArgumentParser(
        prog="network.sh", description="what a guest's users see of migrations")
    p.add_argument("--runs", type=int, default=20, metavar="N",
                   help="migrations by each of IPv4 and IPv6 (%(default)s)")
    p.add_argument("--raw-runs", type=int, default=6, metavar="N",
                   help="those without hamd (%(default)s)")
    p.add_argument("--check", action="store_true", help=argparse.SUPPRESS)
    opt = p.parse_args()
    if opt.runs < 2 or opt.runs % 2:
        p.error("--runs wants an even number: back and forth")
    return opt


def main():
    opt = options()
    if opt.check:
        return 0
    report = Report()
    try:
        found = {}
        hamctl("n1", "guest", "start", "web1", "--node", "n1")
        for family in ADDRESSES:
            found[family] = (hamd_turns(family, opt.runs),
                             stream_turns(family, opt.runs))
        hamctl("n1", "guest", "stop", "web1")
        for family in ADDRESSES:
            found[family] += (raw_turns(family, opt.raw_runs),)
    except (BenchError, OSError, subprocess.TimeoutExpired) as e:
        print(f"network.sh: {e}", file=sys.stderr)
        return 1
    for family, (hamd, stream, raw) in found.items():
        report.family(family, hamd, stream, raw)
    report.end()
    return 0


if __name__ == "__main__":
    sys.exit(main())
