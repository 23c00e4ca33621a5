# SPDX-License-Identifier: BSD-3-Clause
"""What replicas cost a guest's writes: under hamd, and by QEMU alone.

The variants take turns, so that each sees the machine's good and bad minutes.
Refuses a figure of a run in which a copy was given up or the guest was held.
"""
import argparse
import importlib.machinery
import importlib.util
import json

from benchlib import (ADDRESS, HERE, LAB, MIB, console_of, hamctl, last_event,
                      sh, text_of, until)
from replica_figures import figures, tell_ratios, tell_writes
from replica_guests import boot, current, none_of


def load_raw():
    path = f"{HERE}/raw_handover"
    loader = importlib.machinery.SourceFileLoader("raw_handover", path)
    spec = importlib.util.spec_from_loader("raw_handover", loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def under_hamd(guest, replicas):
    console = console_of(guest)
    start = len(text_of(console))
    boot(guest)
    if replicas:
        until(f"{guest} has its copies",
              lambda: len(current(guest)) == replicas)
        start = len(text_of(console))
    since = last_event()
    got = figures(console, start)
    none_of(guest, since, "REPLICA_OUTDATED", "GUEST_HELD")
    hamctl("n1", "guest", "stop", guest)
    return got


class Raw:
    """The same guest by QEMU alone: no hamd, no network card."""
    def __init__(self):
        self.raw = load_raw()
        self.image = "/var/lib/hamd/images/raw-bench.raw"
        self.console = "/var/log/hamd/raw-bench.console"

    def __enter__(self):
        opt = argparse.Namespace(
            node_cmd=f"{LAB} sh", nodes="n1,n2,n3",
            addresses=",".join(ADDRESS.values()), dir="/var/lib/hamd/images")
        self.bench = self.raw.Bench(opt)
        self.bench.image = self.image
        for node in ("n1", "n2"):
            sh(node, "sh", "-c", f"rm -f {self.image}; fallocate -l 128M "
               f"{self.image}; : >{self.console}")
        return self

    def __exit__(self, *_):
        self.bench.end(*list(self.bench.processes))
        for node in ("n1", "n2"):
            sh(node, "rm", "-f", self.image)

    def file(self):
        return {"driver": "file", "node-name": "d0-f", "filename": self.image,
                "cache": {"direct": True}, "aio": "threads"}

    def plain(self):
        return [self.file(), {"driver": "raw", "node-name": "d0-top",
                              "file": "d0-f"}]

    def nbd(self, node_name):
        return {"driver": "nbd", "node-name": node_name, "export": "d0",
                "server": {"type": "inet", "host": ADDRESS["n2"],
                           "port": self.raw.NBD_PORT}}

    def stack(self, replica):
        size = 128 * MIB
        nodes = [self.file(), {"driver": "raw", "node-name": "d0-r",
                               "file": "d0-f", "size": size}]
        for k in range(3):
            nodes.append(self.nbd("d0-s0") if replica and k == 0 else
                         {"driver": "blkdebug", "node-name": f"d0-s{k}",
                          "image": {"driver": "null-co", "size": size,
                                    "read-zeroes": True},
                          "inject-error": [{"event": "none",
                                            "iotype": "read",
                                            "immediately": True}]})
        return nodes + [
            {"driver": "quorum", "node-name": "d0-q", "vote-threshold": 4,
             "children": ["d0-r", "d0-s0", "d0-s1", "d0-s2"],
             "read-pattern": "fifo"},
            {"driver": "raw", "node-name": "d0-top", "file": "d0-q"}]

    def run(self, nodes, mirror=False, replica=False):
        server = None
        if mirror or replica:
            server = self.bench.daemon(1)
            self.bench.export(server)
        blockdevs = [x for n in nodes for x in ("-blockdev", json.dumps(n))]
        console = console_of("raw-bench")
        start = len(text_of(console))
        qemu = self.raw.Qmp(
            self.bench, 0, "qemu-system-x86_64", "-nodefaults", "-machine",
            "pc-q35-10.0,accel=tcg", "-cpu", "qemu64", "-m", "256",
            "-display", "none", "-kernel", "/var/lib/hamd/boot/vmlinuz",
            "-initrd", "/var/lib/hamd/boot/guest.cpio.gz", "-append",
            "console=ttyS0 quiet bench=3 ring=64", "-chardev",
            f"file,id=s,path={self.console},append=on", "-serial",
            "chardev:s", "-chardev", "socket,id=c,fd=0", "-mon",
            "chardev=c,mode=control", *blockdevs, "-device",
            "virtio-blk-pci,drive=d0-top,id=d0,werror=stop,rerror=stop,"
            "addr=0x10", "-S")
        if mirror:
            qemu.do("blockdev-add", **{k.replace("-", "_"): v for k, v in
                                       self.nbd("t0").items()})
            qemu.do("blockdev-mirror", job_id="m", device="d0-top",
                    target="t0", sync="full", copy_mode="write-blocking",
                    on_target_error="report")
        qemu.do("cont")
        if mirror:
            qemu.wait("BLOCK_JOB_READY")
            start = len(text_of(console))
        got = figures(console, start)
        self.bench.end(qemu)
        if server:
            self.bench.end(server)
        return got


def bench(opt):
    got = {}
    with Raw() as raw:
        variants = {
            "plain file": lambda: raw.run(raw.plain()),
            "stack, nulls, no hamd": lambda: raw.run(raw.stack(False)),
            "stack, 1 replica, no hamd":
                lambda: raw.run(raw.stack(True), replica=True),
            "write-blocking mirror, no hamd":
                lambda: raw.run(raw.plain(), mirror=True),
            "hamd, no replica": lambda: under_hamd("web1", 0),
            "hamd, 1 replica": lambda: under_hamd("web2", 1),
            "hamd, 2 replicas": lambda: under_hamd("web3", 2),
        }
        for _ in range(opt.rounds):
            for name, once in variants.items():
                got.setdefault(name, []).append(once())
    median = {name: tell_writes(f"writes: {name}", runs)
              for name, runs in got.items()}
    for name, a, b, goal in (
            ("one replica / same stack without hamd", "hamd, 1 replica",
             "stack, 1 replica, no hamd", 0.95),
            ("one replica / write-blocking mirror", "hamd, 1 replica",
             "write-blocking mirror, no hamd", 1.0),
            ("nulls only / plain file", "hamd, no replica", "plain file",
             0.95)):
        tell_ratios(name, median[a], median[b], goal)
