# SPDX-License-Identifier: BSD-3-Clause
"""How each fault of a chaos run is made in a lab, and mended.

A fault that does not apply any more when its turn comes (its node is off, its
guest runs nowhere) is not made.  Mending one never harms: it brings back what
is missing and leaves alone what another fault has ended meanwhile.  Signals go
to processes that were seen in the lab, by a descriptor, never by a name.
"""
import os
import signal
import subprocess

import auditproc
from chaoswatch import now

NO_HAMD = ("power", "hamd-kill", "corosync-kill", "corosync-stop", "freeze")
HAMLAB_S = 60  # for a command of hamlab's; only a hang takes so long


class Fault:
    def __init__(self, number, step):
        self.number, self.step = number, step
        self.nodes, self.guest = [], step.about.get("guest", "")
        self.mend = None  # None: nothing stays
        self.stopped = set()  # (pid, start) of processes
        self.cut = ()  # as hamlab is told


class Faults:
    def __init__(self, folder, hamlab, watch, writer):
        self.folder, self.hamlab, self.nodes = folder, hamlab, watch.nodes
        self.watch, self.writer = watch, writer
        self.count = 0
        self.active = []

    # ---- what the rest of a run calls ----

    def begin(self, step):
        """The fault, or None if it does not apply now."""
        fault = Fault(self.count + 1, step)
        # a fault begins before it is known to have begun
        begun = now()
        make = getattr(self, "make_" + step.what.replace("-", "_"))
        if not make(fault, step):
            return None
        self.count += 1
        self.writer.put("fault", t=begun, number=fault.number, what=step.what,
                        nodes=fault.nodes, guest=fault.guest, phase="begin",
                        about=str(step).strip())
        if fault.mend:
            self.active.append(fault)
        else:
            self.told_end(fault)
        return fault

    def end(self, fault):
        if fault in self.active:
            self.active.remove(fault)
            fault.mend()
            self.told_end(fault)

    def heal(self):
        for fault in list(self.active):
            self.end(fault)

    def told_end(self, fault):
        self.writer.put("fault", number=fault.number, what=fault.step.what,
                        nodes=fault.nodes, guest=fault.guest, phase="end")

    # ---- tools ----

    def run(self, *words, check=True, **env):
        subprocess.run([self.hamlab, *words], check=check, timeout=HAMLAB_S,
                       stdin=subprocess.DEVNULL, env=os.environ | env,
                       stderr=None if check else subprocess.DEVNULL)

    def is_on(self, node):
        pid = auditproc.read(f"{self.folder}/{node}/pid").split()
        return bool(pid) and auditproc.starttime(pid[0]) == pid[1]

    def of_node(self, node, what):
        """[(pid, start)] of the hamd or corosync there"""
        return [key for key, (kind, where, _) in list(self.watch.seen.items())
                if kind == what and where == node]

    def whole_node(self, node):
        pid = auditproc.read(f"{self.folder}/{node}/pid").split()[0]
        space = auditproc.link(f"/proc/{pid}/ns/pid")
        return [(p.pid, auditproc.starttime(p.pid))
                for p in auditproc.processes()
                if p.pidns == space and p.pid != int(pid)]

    def make_stop(self, fault, find, node):
        """SIGSTOP to all that `find` finds, until nothing new is found."""
        fault.nodes, fault.stopped = [node], set()
        for _ in range(5):
            new = set(find()) - fault.stopped
            if not new:
                break
            fault.stopped |= {key for key in new if send(key, signal.SIGSTOP)}
        fault.mend = lambda: [send(key, signal.SIGCONT)
                              for key in fault.stopped
                              if not self.held_by_others(key, fault)]
        return bool(fault.stopped)

    def held_by_others(self, key, fault):
        return any(key in other.stopped for other in self.active
                   if other is not fault)

    # ---- nodes ----

    def make_power(self, fault, step):
        node = step.about["node"]
        if not self.is_on(node):
            return False
        self.run("off", node)
        fault.nodes = [node]
        fault.mend = lambda: self.is_on(node) or \
            self.run("on", node, "--no-wait")
        return True

    def make_freeze(self, fault, step):
        node = step.about["node"]
        return self.is_on(node) and self.make_stop(
            fault, lambda: self.whole_node(node), node)

    def make_hamd_stop(self, fault, step):
        node = step.about["node"]
        return self.make_stop(fault, lambda: self.of_node(node, "hamd"), node)

    def make_corosync_stop(self, fault, step):
        node = step.about["node"]
        return self.make_stop(
            fault, lambda: self.of_node(node, "corosync"), node)

    def make_hamd_kill(self, fault, step):
        node = step.about["node"]
        fault.nodes = [node]
        fault.mend = lambda: self.start_hamd(node)
        return kill_all(self.of_node(node, "hamd"))

    def start_hamd(self, node, **env):
        if self.is_on(node) and not alive(self.of_node(node, "hamd")):
            # one that was begun a moment ago is not seen yet, and refuses this
            self.run("hamd", node, "start", "--no-wait", check=False, **env)

    def keep_hamd(self):
        """What a service manager does: a hamd that has ended though no fault
        wants it so is started again."""
        for node in self.nodes:
            if not any(node in f.nodes and f.step.what in NO_HAMD
                       for f in self.active):
                self.start_hamd(node)

    def make_hold(self, fault, step):
        """hamd is killed and comes back as one that will hold a migration at
        a point until the fault is mended."""
        node, point = step.about["node"], step.about["point"]
        fault.nodes = [node]
        if not kill_all(self.of_node(node, "hamd")):
            return False
        marks = f"{self.folder}/{node}/root/run/hamd"
        for name in ("continue", "paused-at"):
            if os.path.exists(f"{marks}/{name}"):
                os.unlink(f"{marks}/{name}")
        self.start_hamd(node, HAMD_PAUSE_AT=point)
        fault.mend = lambda: touch(f"{marks}/continue")
        return True

    def make_corosync_kill(self, fault, step):
        node = step.about["node"]
        fault.nodes = [node]
        fault.mend = lambda: self.is_on(node) and \
            not alive(self.of_node(node, "corosync")) and \
            self.run("corosync", node, "start")
        return kill_all(self.of_node(node, "corosync"))

    # ---- guests ----

    def make_qemu_kill(self, fault, step):
        found = dict(self.watch.qemus.get(fault.guest, {}))
        fault.nodes = sorted(set(found.values()))
        return kill_all(found)

    def make_qsd_kill(self, fault, step):
        found = dict(self.watch.daemons.get(fault.guest, {}))
        fault.nodes = sorted(set(found.values()))
        return kill_all(found)

    def make_qsd_stop(self, fault, step):
        found = dict(self.watch.daemons.get(fault.guest, {}))
        if not found:
            return False
        key, node = sorted(found.items())[0]
        return self.make_stop(fault, lambda: [key], node)

    # ---- links ----

    def make_cut(self, fault, step, *options):
        a, b = step.about["a"], step.about["b"]
        self.run("cut", a, b, *options)
        fault.nodes = [a, b]
        fault.cut = (a, b, *options)
        fault.mend = self.heal_links
        return True

    def make_cut_cluster(self, fault, step):
        return self.make_cut(fault, step, "--udp")

    def make_cut_migration(self, fault, step):
        return self.make_cut(fault, step, "--tcp")

    def make_cut_one_way(self, fault, step):
        return self.make_cut(fault, step, "--one-way")

    def heal_links(self):
        """All are healed at once, so those that last are cut anew."""
        self.run("heal")
        for fault in self.active:
            if fault.cut:
                self.run("cut", *fault.cut)


def send(key, number):
    """To that very process; False if it is gone."""
    pid, start = key
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return False
    try:
        if auditproc.starttime(pid) != start:
            return False
        signal.pidfd_send_signal(fd, number)
        return True
    except ProcessLookupError:
        return False
    finally:
        os.close(fd)


def kill_all(keys):
    return any([send(key, signal.SIGKILL) for key in keys])


def alive(keys):
    return any(auditproc.starttime(pid) == start for pid, start in keys)


def touch(path):
    try:
        with open(path, "w", encoding="ascii"):
            pass
    except OSError:
        # the node is off, or its hamd has not come far enough
        pass
