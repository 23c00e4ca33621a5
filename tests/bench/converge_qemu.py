# SPDX-License-Identifier: BSD-3-Clause
"""Plain QEMU as a contestant of converge.sh: first the disk, then the memory.

The recipe that everybody begins with: a mirror to the destination's NBD server,
when it is ready a migration with QEMU's defaults, the mirror ended while the guest
stands still.  `bandwidth` is the one parameter: its default is 128 MiB/s.  The
processes are raw_handover's, and die with this one.  With `streams` memory goes
over so many connections at once (multifd), with zstd as QEMU has it if `zstd`.
"""
import importlib.machinery
import importlib.util
import os
import re
import time

from benchlib import ADDRESS, HERE, LAB, BenchError
from converge_base import (HOSTS, IMAGE, Console, Late, empty_image,
                           image_home, link_bytes, log_name, only_image)


def load_raw():
    name = os.path.join(HERE, "raw_handover")
    loader = importlib.machinery.SourceFileLoader("raw_handover", name)
    spec = importlib.util.spec_from_loader("raw_handover", loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


raw = load_raw()
BOOT = "/var/lib/hamd/boot"
LOOK_S = 0.02
DEFAULT_BANDWIDTH = 128 << 20
NO_LIMIT = 10 << 30
WHO = "qemu"
DISK = ("driver=raw,node-name=d0,cache.direct=on,file.driver=file,"
        "file.node-name=f0,file.cache.direct=on,file.aio=threads,"
        f"file.filename=/var/lib/hamd/images/{IMAGE}")


class Trace:
    """What hamd's controller would have seen of a migration (judge.c), for
    tests/unit/check_converge_traces.c: ms, passes, bytes left, bytes sent."""
    def __init__(self, name, what):
        self.file = open(name, "w", encoding="ascii") if name else None
        self.begin = time.monotonic()
        if name:
            print(f"# {what}", file=self.file)

    def look(self, m):
        ram = m.get("ram")
        if not self.file or not ram:
            return
        sent = ram["normal-bytes"] + ram["duplicate"] * ram["page-size"]
        print(int((time.monotonic() - self.begin) * 1000),
              ram["dirty-sync-count"], ram["remaining"], sent,
              file=self.file)


class Processes:
    """What raw_handover's processes want of their bench."""
    def __init__(self):
        self.prefix, self.nodes, self.processes = [LAB, "sh"], HOSTS, []

    def end(self, *done):
        raw.Bench.end(self, *done)


class Plain:
    def __init__(self, name, bandwidth, above=0, streams=0, zstd=False):
        """`bandwidth`: of a link to bytes/s, or None for QEMU's default;
        `above`: only for links that carry more."""
        self.name, self.bandwidth, self.above = name, bandwidth, above
        self.streams, self.zstd = streams, zstd
        self.traces = None  # a folder
        self.bench, self.at = Processes(), HOSTS[0]
        self.guest = self.append = self.link = None

    def runs_on(self, link):
        return (link_bytes(link) or NO_LIMIT) > self.above

    def qemu(self, node, *extra):
        return raw.Qmp(
            self.bench, HOSTS.index(node), "qemu-system-x86_64", "-nodefaults",
            "-machine", "pc-q35-10.0,accel=tcg", "-cpu", "qemu64",
            "-m", "256", "-display", "none", "-kernel", f"{BOOT}/vmlinuz",
            "-initrd", f"{BOOT}/load.cpio.gz", "-append", self.append,
            "-chardev", "file,id=s,append=on,"
            f"path=/var/log/converge-{WHO}.console", "-serial", "chardev:s",
            "-chardev", "socket,id=c,fd=0", "-mon", "chardev=c,mode=control",
            "-netdev", "tap,id=n0,fd=@TAP@", "-device",
            f"virtio-net-pci,netdev=n0,mac={raw.MAC},addr=0x4,romfile=",
            "-blockdev", DISK,
            "-device", "virtio-blk-pci,drive=d0,id=v0,addr=0x5", *extra)

    def boot(self, append, link):
        self.append, self.link = append, link
        self.at = image_home()
        console = Console([log_name(node, WHO) for node in HOSTS])
        self.guest = self.qemu(self.at)
        return console

    def ready(self, node):
        empty_image(node)

    def stop(self, console):
        self.guest.do("system_powerdown")
        console.verified(self.name)
        self.guest.wait("SHUTDOWN")
        self.abandon()

    def abandon(self):
        self.bench.end(*self.bench.processes)
        only_image(self.at)

    def copy_disk(self, src, dst, to, end):
        address = {"type": "inet", "host": ADDRESS[to], "port": raw.NBD_PORT}
        dst.do("nbd-server-start", addr={
            "type": "inet", "data": {"host": ADDRESS[to],
                                     "port": raw.NBD_PORT}})
        dst.do("block-export-add", type="nbd", id="e0", node_name="d0",
               name="d0", writable=True)
        src.do("blockdev-add", driver="nbd", node_name="t0", export="d0",
               server=address)
        src.do("blockdev-mirror", job_id="m0", device="d0", target="t0",
               sync="full")
        while not src.seen("BLOCK_JOB_READY"):
            if not src.do("query-block-jobs"):
                raise BenchError("plain QEMU: the mirror ended early")
            if time.monotonic() > end:
                raise Late("the disk is not copied")
            time.sleep(LOOK_S)

    def copy_memory(self, src, dst, to, end):
        """Until the guest stands still."""
        caps = [{"capability": c, "state": True} for c in
                ("events", "pause-before-switchover")]
        if self.streams:
            caps.append({"capability": "multifd", "state": True})
        for q in (src, dst):
            q.do("migrate-set-capabilities", capabilities=caps)
            if self.streams:
                q.do("migrate-set-parameters",
                     multifd_channels=self.streams,
                     multifd_compression="zstd" if self.zstd else "none")
        if self.bandwidth:
            src.do("migrate-set-parameters",
                   max_bandwidth=int(self.bandwidth(self.link)))
        dst.do("migrate-incoming", uri=f"tcp:{ADDRESS[to]}:0")
        port = dst.do("query-migrate")["socket-address"][0]["port"]
        trace = Trace(self.traces and
                      f"{self.traces}/{self.name}-{self.link}-"
                      f"{re.sub('[^a-z0-9]+', '-', self.append)}.txt",
                      f"{self.link}; {self.append}")
        src.do("migrate", uri=f"tcp:{ADDRESS[to]}:{port}")
        while (m := src.do("query-migrate"))["status"] != "pre-switchover":
            trace.look(m)
            if m["status"] not in ("setup", "active"):
                raise BenchError(f"plain QEMU: migration {m['status']}")
            if time.monotonic() > end:
                rest = m.get("ram", {}).get("remaining", 0) >> 20
                passes = m.get("ram", {}).get("dirty-sync-count", 0)
                raise Late(f"{rest} MiB of memory left in pass {passes}")
            time.sleep(LOOK_S)

    def give_up(self, src, dst):
        """The guest runs on at its source, as if nothing had been."""
        if src.do("query-migrate").get("status") in ("setup", "active"):
            src.do("migrate_cancel")
            while src.do("query-migrate")["status"] != "cancelled":
                time.sleep(LOOK_S)
        if src.do("query-block-jobs"):
            src.do("block-job-cancel", device="m0", force=True)
            while src.do("query-block-jobs"):
                time.sleep(LOOK_S)
        src.do("blockdev-del", node_name="t0")
        src.events.clear()
        self.bench.end(dst)

    def migrate(self, src_node, dst_node, limit_s, out):
        end = time.monotonic() + limit_s
        src = self.guest
        src.events.clear()
        dst = self.qemu(dst_node, "-S", "-incoming", "defer")
        try:
            self.copy_disk(src, dst, dst_node, end)
            self.copy_memory(src, dst, dst_node, end)
        except Late:
            self.give_up(src, dst)
            raise
        src.finish_mirror("m0")
        src.do("migrate-continue", state="pre-switchover")
        src.wait("MIGRATION", "completed")
        dst.wait("MIGRATION", "completed")
        # whose export would keep the guest's device from the disk
        dst.do("nbd-server-stop")
        dst.do("cont")
        ran = dst.time_us("RESUME")
        out.stopped_ms = (ran - src.time_us("STOP")) / 1000
        self.guest = dst
        self.bench.end(src)
        dst.events.clear()

    def end(self):
        self.bench.end(*self.bench.processes)
