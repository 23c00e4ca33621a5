#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Short silences of the network under full load; soak.sh runs it in a lab.

That a guest stands still is seen on its console from outside, by the machine's
clock (soakwatch.py): its own clock stands still with it while QEMU holds it.
What was fenced, and which views there were, is what the nodes say.
"""
import argparse
import os
import random
import re
import subprocess
import sys
import time

sys.dont_write_bytecode = True
from benchlib import (BenchError, HERE, LAB, NODES,  # noqa: E402
                      all_well, asked, console_of, hamctl, image_of, path,
                      pid_on, power, run, show, tell, text_of, token_ms,
                      until)
import soakwatch  # noqa: E402

GUESTS = {"web1": "n1", "web2": "n2", "web3": "n3"}
SHARES = (0.3, 0.7)  # of the token, a cut
BEYOND_S = 1.0  # that a guest may stand still more than the cut lasts
AFTER_S = 3.0  # what comes so soon after a cut is the cut's
SETTLED_S = 60  # from then on memory is compared
SLOT_S = 10  # at least, for a cut
# as long as its starter lives
LOOP = """import os, sys
while os.getppid() == int(sys.argv[1]):
    for _ in range(100000):
        pass
"""


class Load:
    """A busy loop for each core."""

    def __enter__(self):
        self.loops = [
            subprocess.Popen([sys.executable, "-c", LOOP, str(os.getpid())])
            for _ in range(os.cpu_count())]
        return self

    def __exit__(self, *_):
        for loop in self.loops:
            loop.kill()
            loop.wait()


def moments(opt, token):
    """[(seconds from the begin, node, ms)]: one in each part of the run."""
    dice = random.Random(opt.seed)
    part = opt.minutes * 60 / opt.cuts
    return [(part * (k + dice.uniform(0.1, 0.9)), dice.choice(NODES),
             round(token * dice.uniform(*SHARES))) for k in range(opt.cuts)]


class Ending(Exception):
    """Whoever started this is gone, and the lab with it."""


def sleep_until(when, runner):
    while (left := when - time.monotonic()) > 0:
        if os.getppid() != runner:
            raise Ending()
        time.sleep(min(left, 0.5))


class Daemons:
    """Memory and open files of each hamd, and whether it is the same yet."""

    def __init__(self):
        self.pids = {node: pid_on(node, "hamd") for node in NODES}
        self.seen = []

    def look(self):
        self.seen.append({node: (rss_kib(pid), open_files(pid))
                          for node, pid in self.pids.items()})

    def told(self):
        for node in NODES:
            for k, (name, unit) in enumerate((("memory", "KiB"),
                                              ("open files", ""))):
                first, last = self.seen[0][node][k], self.seen[-1][node][k]
                tell(f"{node}: hamd's {name} at the end", last, unit,
                     after_a_minute=first, more=last - first)

    def ended(self):
        """Of which nodes; those that were fenced, too."""
        return [node for node, pid in self.pids.items() if not rss_kib(pid)]


def rss_kib(pid):
    found = re.search(r"^VmRSS:\s+(\d+)", text_of(f"/proc/{pid}/status"),
                      re.M)
    return int(found[1]) if found else 0


def open_files(pid):
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return 0


def boot():
    for guest, node in GUESTS.items():
        run(LAB, "disk", node, f"{guest}-root.raw", "128M")
        hamctl(node, "guest", "start", guest, "--node", node)
    for guest, node in GUESTS.items():
        until(f"{guest} works",
              lambda g=guest, n=node: "GUEST UP" in text_of(console_of(g, n)))
    for node in NODES:
        until(f"{node} has seen all devices on",
              lambda n=node: all_well(n))
    until("all have their copies", copies_well)


def copies_well():
    """Each has one; what it had elsewhere before may be listed, too."""
    return all(any(replica["state"] == "current"
                   for replica in show(guest)["replicas"])
               for guest in GUESTS)


def mend():
    """A node that was fenced comes back, so that the run goes on."""
    off = [line.split()[0] for line in run(LAB, "status").splitlines()
           if re.match(r"n\d off", line)]
    for node in off:
        run(LAB, "on", node)


def log_of(node):
    return text_of(path(node, "log", "hamd.log"))


def fencings(since):
    """(node, what, text) that any node's history has since then."""
    found = set()
    for node in NODES:
        for entry in asked(node, "fence", "status")["history"]:
            if entry["time"]["seconds"] >= since and \
                    entry["what"] in ("fencing", "dead", "failed"):
                found.add((entry["node"], entry["what"], entry["text"]))
    return sorted(found)


def told_of(logs, what):
    """How many lines of each node's log, since the begin."""
    return {node: len(re.findall(what, log_of(node)[at:], re.M))
            for node, at in logs.items()}


def cut_all(plan, made, begun, runner):
    """(begin, end, node) as they were, by the wall clock, go to `made`."""
    for at, node, ms in plan:
        sleep_until(begun + at, runner)
        mend()
        first, last = map(float, run(LAB, "blink", node, str(ms)).split())
        made.append((first, last, node))
        print(f"cut {len(made)}: {node} from both others at "
              f"{time.monotonic() - begun:.1f} s for "
              f"{(last - first) * 1000:.0f} ms (asked for {ms})", flush=True)


class Goals:
    """What there is to be said of each, in the end."""

    def __init__(self):
        self.lines = []
        self.missed = 0

    def judge(self, goal, troubles):
        """It is missed if anything stands against it."""
        self.missed += bool(troubles)
        self.lines.append(f"MISSED: {goal}: {'; '.join(troubles)}"
                          if troubles else f"goal met: {goal}")

    def told(self):
        """The exit status."""
        print("\n".join(self.lines), flush=True)
        return 1 if self.missed else 0


def cut_of(pause, cuts):
    """Seconds of the cuts that a pause (begin, end) met, or came soon after; 0:
    none."""
    return sum(last - first for first, last, _ in cuts
               if first < pause[1] and last + AFTER_S > pause[0])


def longest_of(pauses):
    """In seconds, 0 if there is none."""
    return max((last - first for first, last in pauses), default=0)


def logged(pause):
    """What hamd said meanwhile, on all nodes."""
    first, last = (time.strftime("%b %e %H:%M:%S", time.localtime(at))
                   for at in pause)
    for node in NODES:
        for line in log_of(node).splitlines():
            if first <= line[:len(first)] <= last:
                yield f"    {node}: {line}"


def judge_pauses(watch, cuts, goals):
    """Away from cuts there is none to be longer than: one second is all."""
    most = longest_of(cut[:2] for cut in cuts)
    troubles = []
    for guest in GUESTS:
        seen = watch.pauses(guest)
        away = [p for p in seen if not cut_of(p, cuts)]
        tell(f"{guest}: longest time without a tick", longest_of(seen) * 1000,
             "ms", longest_cut=round(most * 1000),
             away_from_cuts=round(longest_of(away) * 1000),
             without_a_write=round(watch.silent_writes(guest) * 1000))
        for pause in seen:
            length = pause[1] - pause[0]
            if length > BEYOND_S:
                print(f"{guest} stood still for {length:.2f} s, "
                      f"{pause[0] - cuts[0][0]:+.1f} s from the first cut:",
                      *logged(pause), sep="\n", flush=True)
            if length > cut_of(pause, cuts) + BEYOND_S:
                troubles.append(f"{guest} for {length:.2f} s")
    tell("longest time between two looks at the guests", watch.late * 1000,
         "ms", load_average=os.getloadavg(), cores=os.cpu_count())
    goals.judge(f"no guest stands still for longer than the cut and "
                f"{BEYOND_S:.0f} s", troubles)


def stop_all():
    """Guest -> the node that it was on, and what did not go as it must."""
    owners, troubles = {}, []
    try:
        until("all have a current copy", copies_well)
    except BenchError as e:
        troubles.append(str(e))
    for guest in GUESTS:
        owners[guest] = show(guest)["owner"]
        try:
            hamctl("n1", "guest", "stop", guest)
        except BenchError as e:
            troubles.append(str(e))
    return owners, troubles


def audited(*words):
    done = subprocess.run([f"{HERE}/../lab/audit", *words],
                          stdout=subprocess.PIPE, text=True, check=False)
    return done.stdout.splitlines()


def judge_writes(goals):
    """How long it stood still is judged already."""
    owners, troubles = stop_all()
    for guest, owner in owners.items():
        logs = [console_of(guest, node) for node in NODES
                if text_of(console_of(guest, node))]
        troubles += audited("records", image_of(guest, owner), *logs,
                            "--max-gap", "3600000", "--min-acks", "100")
        for replica in show(guest)["replicas"]:
            if replica["state"] != "current":
                continue
            troubles += audited("disk", image_of(guest, owner),
                                image_of(guest, replica["node"]))
    goals.judge("no acknowledged write is lost, no guest lived twice, copies "
                "are equal", troubles)


def soak(opt, runner):
    boot()
    token = token_ms()
    plan = moments(opt, token)
    daemons = Daemons()
    watch = soakwatch.Watch({g: [console_of(g, n) for n in NODES]
                             for g in GUESTS})
    logs = {node: len(log_of(node)) for node in NODES}
    since, cuts = int(time.time()), []
    with Load(), watch:
        begun = time.monotonic()
        length = opt.minutes * 60
        early = [c for c in plan if c[0] < min(SETTLED_S, length / 2)]
        cut_all(early, cuts, begun, runner)
        sleep_until(begun + min(SETTLED_S, length / 2), runner)
        daemons.look()
        cut_all(plan[len(early):], cuts, begun, runner)
        sleep_until(begun + length, runner)
        daemons.look()
    tell("run under full load", opt.minutes, "min", seed=opt.seed,
         token_ms=token)
    tell("cuts", len(cuts), "", lengths_ms=[
        round((last - first) * 1000) for first, last, _ in cuts])
    return Found(daemons, watch, cuts, logs, since)


class Found:
    def __init__(self, daemons, watch, cuts, logs, since):
        self.daemons, self.watch, self.cuts = daemons, watch, cuts
        self.logs, self.since = logs, since

    def judge(self):
        goals = Goals()
        mend()
        fenced = fencings(self.since)
        rings = told_of(self.logs, r"ring [\d.]+, \d nodes")
        views = told_of(self.logs, r"MEMBERSHIP: ")
        still = told_of(self.logs, r"guests here stand still")
        begun = told_of(self.logs, r" FENCING")
        ended = self.daemons.ended()
        tell("rings of corosync, most of a node", max(rings.values()), "",
             of=rings)
        tell("views, most of a node", max(views.values()), "", of=views)
        tell("times that a node held its guests, most of a node",
             max(still.values()), "", of=still)
        tell("fencings in the history", len(fenced), "", told=begun)
        self.daemons.told()
        goals.judge("no fencing", [f"{n}: {what}: {text}"
                                   for n, what, text in fenced] +
                    [f"{n} tells of {k}" for n, k in begun.items() if k])
        judge_pauses(self.watch, self.cuts, goals)
        judge_writes(goals)
        goals.judge("no hamd ends", [f"that of {n} did" for n in ended])
        return goals.told()


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--minutes", type=float, default=60)
    ap.add_argument("--cuts", type=int, default=20)
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--check", action="store_true", help=argparse.SUPPRESS)
    opt = ap.parse_args()
    if opt.cuts < 1:
        ap.error("--cuts must be at least 1")
    if opt.minutes * 60 < SLOT_S * opt.cuts:
        ap.error(f"--minutes: each cut needs {SLOT_S} s")
    if opt.check:
        return 0
    try:
        with power("switch"):
            return soak(opt, os.getppid()).judge()
    except (BenchError, Ending) as e:
        print(f"soak.py: {e}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
