#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""tests/lab/chaos.py - random faults and operators in a real lab

`hamlab chaos` runs it: three nodes, guests that write numbered records, faults
and orders by a seed (chaosplan.py, chaosfaults.py), all of it recorded from
outside (chaoswatch.py) and judged afterwards by history.py, which believes
nothing that is said here.  Each period ends with everything mended; then the
cluster and all guests must be well again within a bound, guests that died
having been started by an operator.  Exit 0: nothing was violated; 1: something
was, and the folder with history and logs is named.
"""
import argparse
import glob
import heapq
import os
import shutil
import subprocess
import sys
import time
import traceback

sys.dont_write_bytecode = True
import chaosfaults  # noqa: E402
import chaosplan  # noqa: E402
import chaoswatch  # noqa: E402
import history  # noqa: E402
from chaosorders import Orders, ask  # noqa: E402

HERE = os.path.dirname(os.path.realpath(__file__))
HAMLAB = HERE + "/hamlab"
NODES = 3
# what one step may hold a run up; a phase that does not come is not waited for
PHASE_S = 4.0
TICK_S = 0.02
SERVICE_S = 1.0  # until a service that ended is started again


def parse():
    parser = argparse.ArgumentParser(prog="hamlab chaos")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--guests", type=int, default=2, choices=range(1, 10))
    parser.add_argument("--keep", metavar="FOLDER", help="for history and "
                        "logs; by default below $BUILD")
    parser.add_argument("--plan", action="store_true",
                        help="print the schedule and do nothing")
    return parser.parse_args()


def conf(guests):
    """Small guests and short copies: 40 MiB of disk, every second guest with a
    replica.  A copy that lasts is called off before a run calls it a hang."""
    text = subprocess.run([HAMLAB, "conf", str(NODES), str(guests)],
                          check=True, stdout=subprocess.PIPE,
                          text=True).stdout
    out, number = [], 0
    for line in text.splitlines():
        key = line.partition(" =")[0]
        if key == "migration_bandwidth":
            line = "migration_bandwidth = 150M"
        elif key == "memory":
            line = "memory = 96M"
        elif key == "size":
            line = "size = 40M"
        elif key == "append":
            line = line.replace("dirty=64", "dirty=16").replace(
                "wr=2", "wr=1") + " ring=16"
        out.append(line)
        if line.startswith("[guest "):
            number += 1
            out += [f"replicas = {number % 2}", "max_duration = 40s"]
    return "\n".join(out) + "\n"


class Chaos:
    def __init__(self, options, folder):
        self.seed, self.end = options.seed, options.minutes * 60
        self.folder, self.lab = folder, os.environ["HAMLAB"]
        self.nodes = [f"n{i + 1}" for i in range(NODES)]
        self.guests = [f"web{i + 1}" for i in range(options.guests)]
        self.writer = chaoswatch.Writer(folder + "/history.jsonl")
        self.watch = chaoswatch.Watch(self.lab, self.nodes, self.guests,
                                      self.writer)
        self.faults = chaosfaults.Faults(self.lab, HAMLAB, self.watch,
                                         self.writer)
        self.met = {"copy": 0, "handover": 0}  # faults that met that phase
        self.orders = Orders(HAMLAB, self.writer)
        self.logs = {n: open(f"{self.lab}/{n}/log/hamd.log", "rb")
                     for n in self.nodes}

    # ---- a run ----

    def run(self):
        self.writer.put("run", seed=self.seed, nodes=self.nodes,
                        guests=self.guests)
        self.watch.start()
        well = self.first_boot()
        begun = time.monotonic()
        for period in chaosplan.periods(self.seed, NODES, len(self.guests)):
            if not well or time.monotonic() - begun > self.end - 10:
                break
            print(period, flush=True)
            self.writer.put("period", number=period.number, plan=str(period))
            self.throw(period)
            well = self.recover(f"period {period.number}")
        if well:
            self.last_words()
        self.watch.stop()
        self.writer.put("end", well=well, met=self.met)
        return well

    def first_boot(self):
        """All disks lie on n1, so all guests begin there."""
        for number, guest in enumerate(self.guests[1:], 2):
            subprocess.run([HAMLAB, "disk", "n1", f"web{number}-root.raw",
                            "40M"], check=True)
        for guest in self.guests:
            self.orders.give("start", guest, "n1", "n1")
        return self.recover("the first boot")

    # ---- faults and orders ----

    def throw(self, period):
        zero = time.monotonic()
        queue = list(enumerate(period.steps))
        ends, waiting, serviced = [], [], 0
        self.phases()
        while queue or ends or waiting:
            at = time.monotonic() - zero
            if at > period.seconds + chaosplan.LONGEST_S:
                break
            seen = self.phases()
            while queue and queue[0][1].at <= at:
                _, step = queue.pop(0)
                if step.about.get("phase"):
                    waiting.append(step)
                else:
                    self.do(step, ends, zero)
            for step in list(waiting):
                if step.about["phase"] in seen:
                    time.sleep(step.about["late"])
                    self.met[step.about["phase"]] += 1
                elif at < step.at + PHASE_S:
                    continue
                waiting.remove(step)
                self.do(step, ends, zero)
            while ends and ends[0][0] <= at:
                self.faults.end(heapq.heappop(ends)[2])
            self.orders.reap()
            if at > serviced + SERVICE_S:
                serviced = at
                self.faults.keep_hamd()
            time.sleep(TICK_S if not waiting else TICK_S / 5)

    def do(self, step, ends, zero):
        if step.what in chaosplan.ORDERS:
            self.order(step)
            return
        fault = self.faults.begin(step)
        at = time.monotonic() - zero
        print(f"    {at:6.2f} {'+' if fault else '-'} {str(step).strip()}",
              flush=True)
        if fault and fault.mend:
            heapq.heappush(ends, (at + step.lasts, fault.number, fault))

    def order(self, step):
        """A guest that is down is started rather than moved, and none is moved
        to where it is: such orders are refused, and once seen are dull."""
        what, guest = step.what, step.about["guest"]
        to = step.about["to"]
        here = set(self.watch.qemus.get(guest, {}).values())
        if not self.faults.is_on(step.about["via"]):
            return
        if what == "migrate" and not here:
            what, to = "start", ""
        elif what in ("migrate", "start") and here == {to}:
            to = self.nodes[(self.nodes.index(to) + 1) % NODES]
        self.orders.give(what, guest, step.about["via"], to)

    def phases(self):
        """The phases that migrations have come to since the last call."""
        seen = set()
        for log in self.logs.values():
            for line in log.read().decode("utf-8", "replace").splitlines():
                if "MIGRATION_PHASE" in line:
                    seen.add(line.rpartition(" ")[2])
        return seen

    # ---- and back ----

    def recover(self, after):
        """Mends all; False if not all is well within history's bound."""
        self.faults.heal()
        self.writer.put("heal", after=after)
        healed = chaoswatch.now()
        while chaoswatch.now() - healed < history.RECOVER_S:
            looked = chaoswatch.now()
            self.orders.reap()
            self.faults.keep_hamd()
            wrong = self.wrong(looked)
            if not wrong:
                return self.audited(after, healed)
            time.sleep(1)
        self.writer.put("hung", after=after, why=wrong)
        print(f"  not well {history.RECOVER_S} s after {after}: {wrong}")
        for node in self.nodes:
            self.keep_answer(node)
        return False

    def wrong(self, looked):
        """What is not well yet, in words; starts guests that are down."""
        for node in self.nodes:
            answer = ask(HAMLAB, node, "status")
            members = (answer or {}).get("quorum", {})
            if not members.get("active") or \
                    members.get("members") != self.nodes:
                return f"{node} has no view of all: {members or answer}"
        wrong = ""
        for node in answer["nodes"]:
            if node["states"]:
                wrong = f"{node['name']} is {node['states']}"
                self.orders.give("undrain", "", self.nodes[0], node["name"])
        for guest in answer["guests"]:
            name, state = guest["name"], guest["state"]
            if self.orders.busy(name):
                wrong = f"{name}: an order is under way"
            elif state in ("failed", "stopped"):
                self.writer.put("down", guest=name, state=state,
                                reason=guest["reason"],
                                waits_for=guest["waits_for"])
                self.orders.give("start", name, self.nodes[0])
                wrong = f"{name} is {state}: {guest['reason']}"
            elif state != "running" or guest["migration"]:
                wrong = f"{name} is {state}, waits for '{guest['waits_for']}'"
            elif not self.lives(name, looked):
                wrong = f"{name} is silent on {guest['owner']}"
        return wrong

    def lives(self, guest, since):
        """It ticked and wrote before `since`, and does so again."""
        end = since + 3
        while chaoswatch.now() < end:
            if all(seen.get(guest, (0,))[0] > since
                   for seen in (self.watch.ticked, self.watch.acked)):
                return True
            time.sleep(TICK_S)
        return False

    def audited(self, after, healed):
        """Nothing may be left of what was called off; that may take a moment,
        so the last of some tries counts."""
        owners = {g: self.watch.ticked[g][1] for g in self.guests}
        expect = [f"--expect={g}={n}" for g, n in owners.items()]
        took = chaoswatch.now() - healed
        for _ in range(8):
            done = subprocess.run([HERE + "/audit", "all", *expect],
                                  stdout=subprocess.PIPE, text=True)
            if done.returncode == 0:
                break
            time.sleep(1)
        self.writer.put("calm", after=after, took=round(took, 1),
                        audit=done.stdout.splitlines())
        print(f"  well {took:.1f} s after {after}; "
              f"{', '.join(f'{g} on {n}' for g, n in owners.items())}"
              f"{'; AUDIT: ' + done.stdout if done.returncode else ''}",
              flush=True)
        return done.returncode == 0

    # ---- the end ----

    def last_words(self):
        """Stops all guests; what their disks hold is the end of the history."""
        for guest in self.guests:
            self.orders.give("stop", guest, "n1")
        self.orders.wait_all()
        status = ask(HAMLAB, "n1", "status") or {"guests": []}
        for guest in status["guests"]:
            name, owner = guest["name"], guest["owner"]
            nodes = [owner] + [r["node"] for r in guest["replicas"]
                               if r["state"] == "current"]
            for node in nodes if guest["state"] == "stopped" else []:
                image = f"{self.lab}/{node}/images/{name}-root.raw"
                self.writer.put("disk", guest=name, node=node,
                                **history.read_disk(image))

    def keep_answer(self, node):
        done = subprocess.run([HAMLAB, "sh", node, "hamctl", "--json",
                               "--timeout", "5", "status"],
                              stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=60)
        with open(f"{self.folder}/{node}.status", "wb") as f:
            f.write(done.stdout)

    def keep_logs(self):
        for node in self.nodes:
            for path in glob.glob(f"{self.lab}/{node}/log/**/*.*",
                                  recursive=True):
                below = os.path.relpath(path, f"{self.lab}/{node}/log")
                target = f"{self.folder}/{node}/{below}"
                os.makedirs(os.path.dirname(target), exist_ok=True)
                shutil.copyfile(path, target)


def inside(options):
    folder = os.environ["HAMLAB_CHAOS_KEEP"]
    chaos = Chaos(options, folder)
    try:
        chaos.run()
    except Exception:  # pylint: disable=broad-except
        # the history has no end then, which judge() calls a violation
        traceback.print_exc()
    finally:
        chaos.orders.end()
        chaos.keep_logs()
    rc = history.judge(folder)
    print(f"seed {options.seed}: history and logs are in {folder}")
    return rc


def main():
    options = parse()
    if options.plan:
        total = 0
        for period in chaosplan.periods(options.seed, NODES, options.guests):
            print(period)
            total += period.seconds
            if total > options.minutes * 60:
                return 0
    if "HAMLAB_CHAOS_KEEP" in os.environ:
        return inside(options)
    build = os.environ["BUILD"]
    folder = os.path.realpath(options.keep or
                              f"{build}/chaos/seed-{options.seed}")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    os.environ["HAMLAB_CHAOS_KEEP"] = folder
    path = folder + "/cluster.conf"
    with open(path, "w", encoding="ascii") as f:
        f.write(conf(options.guests))
    os.execv(HAMLAB, [HAMLAB, "run", str(NODES), "--conf", path, "--",
                      os.path.realpath(__file__), *sys.argv[1:]])
    return 1


if __name__ == "__main__":
    sys.exit(main())
