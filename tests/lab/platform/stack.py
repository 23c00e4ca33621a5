# SPDX-License-Identifier: BSD-3-Clause
"""tests/lab/platform/stack.py - a disk as the owner has it, and its replica.

The nodes of blockmirror/stack.c, the commands of blockmirror/commands.c and the
storage daemon of blockmirror/qsd.c, for disk 0:

    d0-top > d0-q > { d0-r > d0-f, d0-s0-*, d0-s1-null0, d0-s2-null0 }
"""
import json
import os
import stat
import subprocess
import time

from guest import Guest
from qmp import Broken, Qemu, until

SIZE = 64 << 20
PORT = 10809
EXPORT = "web1/root/1.1/boot"


def is_device(path):
    return stat.S_ISBLK(os.stat(path).st_mode)


def image(path):
    """d0-f; on a block device a raw node of the disk's size."""
    device = is_device(path)
    file = {"driver": "host_device" if device else "file",
            "node-name": "d0-d" if device else "d0-f", "filename": path,
            "cache": {"direct": True}, "aio": "threads"}
    if not device:
        return file
    return {"driver": "raw", "node-name": "d0-f", "size": SIZE, "file": file}


def null(name):
    """A slot without a replica: takes every write, fails every read."""
    return {"driver": "blkdebug", "node-name": name,
            "image": {"driver": "null-co", "size": SIZE, "read-zeroes": True},
            "inject-error": [{"event": "none", "iotype": "read",
                              "immediately": True}]}


def nbd(name, host):
    return {"driver": "nbd", "node-name": name, "export": EXPORT,
            "server": {"type": "inet", "host": host, "port": str(PORT)},
            "open-timeout": 2}


def nodes(path):
    nulls = [f"d0-s{slot}-null0" for slot in range(3)]
    yield image(path)
    yield {"driver": "raw", "node-name": "d0-r", "file": "d0-f", "size": SIZE}
    yield from map(null, nulls)
    yield {"driver": "quorum", "node-name": "d0-q", "vote-threshold": 4,
           "read-pattern": "fifo", "children": ["d0-r", *nulls]}
    yield {"driver": "raw", "node-name": "d0-top", "file": "d0-q"}


def blockdevs(of):
    return [word for node in of for word in ("--blockdev", json.dumps(node))]


class Owner(Qemu):
    """QEMU with the disk, and a guest's stand-in on it."""

    def __init__(self, stack, work, path):
        super().__init__(
            stack, f"{work}/qemu.qmp",
            ["qemu-system-x86_64", "-M", "none", "-accel", "tcg", "-nodefaults",
             "-display", "none", *blockdevs(nodes(path))])
        self.qmp("qmp_capabilities", enable=["oob"])
        self.path, self.slot = path, "d0-s0-null0"
        guest = f"{work}/guest.nbd"
        self.qmp("nbd-server-start",
                 addr={"type": "unix", "data": {"path": guest}})
        self.qmp("block-export-add", type="nbd", id="guest", node_name="d0-top",
                 name="guest", writable=True)
        self.guest = Guest(stack, guest, "guest")

    def child(self, node):
        """The quorum's name for a node; it grows with each change."""
        graph = self.qmp("x-debug-query-block-graph")
        ids = {one["name"]: one["id"] for one in graph["nodes"]}
        return next(edge["name"] for edge in graph["edges"]
                    if (edge["parent"], edge["child"]) ==
                    (ids["d0-q"], ids[node]))

    def put_in(self, node):
        self.qmp("blockdev-add", **node)
        self.qmp("x-blockdev-change", parent="d0-q", node=node["node-name"])

    def take_out(self, name):
        self.qmp("x-blockdev-change", parent="d0-q", child=self.child(name))
        self.qmp("blockdev-del", node_name=name)

    def swap(self, node):
        """Another node into slot 0; ms."""
        begin = time.monotonic()
        self.put_in(node)
        self.take_out(self.slot)
        self.slot = node["node-name"]
        return (time.monotonic() - begin) * 1e3

    def yank(self):
        self.qmp("yank", key="exec-oob",
                 instances=[{"type": "block-node", "node-name": self.slot}])

    def bad(self):
        """The nodes that QUORUM_REPORT_BAD has named so far."""
        self.qmp("query-status")  # events are told before this reply
        return {event["data"]["node-name"] for event in self.events
                if event["event"] == "QUORUM_REPORT_BAD"}


class Replica:
    """A storage daemon with the replica's image, here or on a Node.

    It has no monitor, as nothing is asked of it."""

    def __init__(self, stack, work, path, node=None):
        self.host = node.address if node else "127.0.0.1"
        ready = f"{work}/qsd.pid"
        self.process = subprocess.Popen(
            [*(node.enter if node else ()), "qemu-storage-daemon",
             *blockdevs([image(path)]), "--nbd-server",
             f"addr.type=inet,addr.host={self.host},addr.port={PORT},"
             "max-connections=0",
             "--export", "type=nbd,id=d0-e1,node-name=d0-f,writable=on,"
             f"name={EXPORT}", "--pidfile", ready],
            stdin=subprocess.DEVNULL)
        stack.callback(self.end)
        until("the storage daemon", lambda: self.process.poll() is not None or
              os.path.exists(ready))
        if self.process.returncode is not None:
            raise Broken(f"storage daemon: exit {self.process.returncode}")

    def end(self):
        self.process.kill()
        self.process.wait()

    def signal(self, number):
        self.process.send_signal(number)


def create(path):
    with open(path, "wb") as file:
        file.truncate(SIZE)
    return path


def both_have(owner, *images):
    """Every acknowledged write is on each of the images."""
    for path in images:
        missing = owner.guest.lacking(path)
        if missing:
            raise Broken(f"acknowledged, and not on {path}: writes {missing}")
