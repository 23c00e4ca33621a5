# SPDX-License-Identifier: BSD-3-Clause
"""What /proc says of a lab: nodes, their processes, guests and taps.

Looks only; asks neither hamd nor QEMU, whose word is what is audited.
"""
import os
import re
import subprocess


def read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            return f.read()
    except OSError:
        return ""


def link(path):
    try:
        return os.readlink(path).removesuffix(" (deleted)")
    except OSError:
        return ""


class Process:
    """One that is not a zombie; what is read of a dead one is empty."""

    def __init__(self, pid):
        self.pid = pid
        self.args = read(f"/proc/{pid}/cmdline").split("\0")[:-1]
        self.net = link(f"/proc/{pid}/ns/net")
        self.pidns = link(f"/proc/{pid}/ns/pid")
        self.mnt = link(f"/proc/{pid}/ns/mnt")

    @property
    def program(self):
        return os.path.basename(self.args[0].split(" ")[0]) if self.args else ""

    def guest(self):
        """The guest that a QEMU or a storage daemon is for, or None."""
        if self.program.startswith("qemu-system-"):
            for option, value in zip(self.args, self.args[1:]):
                if option == "-name":
                    found = re.search(r"(?:^|,)guest=([^,]+)", value)
                    return found[1] if found else value.split(",")[0]
            return ""
        if self.program == "qemu-storage-daemon":
            found = re.search(r"/run/hamd/guests/([^/ ,]+)/", " ".join(self.args))
            return found[1] if found else ""
        return None

    def is_qemu(self):
        return self.program.startswith("qemu-system-")

    def ended(self):
        """Since it was found, reaped or not."""
        state = read(f"/proc/{self.pid}/stat").rpartition(") ")[2][:1]
        return state in ("", "Z", "X")

    def vcpu_ns(self):
        """Time its vCPU threads have run; None if they can't be told apart."""
        total, threads = 0, 0
        try:
            tids = os.listdir(f"/proc/{self.pid}/task")
        except OSError:
            return None
        for tid in tids:
            base = f"/proc/{self.pid}/task/{tid}"
            if read(base + "/comm").startswith("CPU "):
                threads += 1
                total += int((read(base + "/schedstat") or "0").split()[0])
        return total if threads else None

    def taps(self):
        """Names of the taps it holds a descriptor of."""
        names = set()
        folder = f"/proc/{self.pid}/fdinfo"
        try:
            fds = os.listdir(folder)
        except OSError:
            return names
        for fd in fds:
            found = re.search(r"^iff:\s*(\S+)", read(f"{folder}/{fd}"), re.M)
            if found:
                names.add(found[1])
        return names


def processes():
    for name in os.listdir("/proc"):
        if name.isdigit():
            stat = read(f"/proc/{name}/stat")
            if stat and stat.rpartition(") ")[2][:1] not in "ZX":
                yield Process(int(name))


class Node:
    def __init__(self, folder, name):
        self.name = name
        self.folder = os.path.join(folder, name)
        self.pid = int((read(self.folder + "/pid") or "0").split()[0])
        self.root = f"/proc/{self.pid}/root"
        self.proc = f"/proc/{self.pid}"
        self.init = Process(self.pid)

    def holds(self, process):
        return bool(process.net) and (process.pidns == self.init.pidns or
                                      process.net == self.init.net)

    def ip(self, *args):
        return subprocess.run(
            ["nsenter", "-t", str(self.pid), "-n", "ip", *args],
            check=True, stdout=subprocess.PIPE, text=True).stdout


class Lab:
    def __init__(self, folder):
        self.folder = os.path.realpath(folder)
        self.root_pid = 0
        self.nodes = []
        root = read(self.folder + "/root").split()
        if not root or starttime(root[0]) != root[1]:
            return
        self.root_pid = int(root[0])
        count = int(read(self.folder + "/nodes") or "0")
        for name in (f"n{i + 1}" for i in range(count)):
            pid = read(f"{self.folder}/{name}/pid").split()
            if pid and starttime(pid[0]) == pid[1]:
                self.nodes.append(Node(self.folder, name))

    @property
    def up(self):
        return self.root_pid != 0

    def by_node(self):
        """[(node, [processes in it])]"""
        table = [(node, []) for node in self.nodes]
        for process in processes():
            for node, inside in table:
                if node.holds(process):
                    inside.append(process)
        return table

    def known_guests(self):
        names = set()
        for node in self.nodes:
            text = read(node.folder + "/etc/hamd/cluster.conf")
            names |= set(re.findall(r"^\[guest ([^\]]+)\]", text, re.M))
        return names


def starttime(pid):
    fields = read(f"/proc/{pid}/stat").rpartition(") ")[2].split()
    return fields[19] if len(fields) > 19 and fields[0] not in "ZX" else None
