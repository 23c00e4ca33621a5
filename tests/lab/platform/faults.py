# SPDX-License-Identifier: BSD-3-Clause
"""tests/lab/platform/faults.py - places for a replica that can fail.

All of it ends with the PID, mount and network namespaces the probes run in.
"""
import fcntl
import os
import struct
import subprocess

from qmp import DEADLINE, until

# linux/loop.h
LOOP_CTL_GET_FREE, LOOP_CONFIGURE = 0x4C82, 0x4C0A
LO_FLAGS_AUTOCLEAR, LO_FLAGS_DIRECT_IO = 4, 16


class Skip(Exception):
    """This kernel or this machine lacks what the probe needs."""


def run(*args, why=None):
    """Runs it; if it fails and `why` is given, that is what is missing."""
    try:
        done = subprocess.run(args, capture_output=True, text=True,
                              timeout=DEADLINE)
    except FileNotFoundError:
        raise Skip(f"no {args[0]}") from None
    if done.returncode and why:
        raise Skip(f"{why}: {done.stderr.strip()}")
    done.check_returncode()
    return done.stdout.strip()


class Node:
    """A network namespace behind a veth pair of its own."""

    address = "192.0.2.2"

    def __init__(self, stack):
        self.stack = stack
        holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
        stack.callback(self.end, holder)
        here = os.readlink("/proc/self/ns/net")
        there = f"/proc/{holder.pid}/ns/net"
        until("a network namespace", lambda: os.readlink(there) != here)
        self.enter = ["nsenter", f"--net={there}"]
        run("ip", "link", "add", "veth0", "type", "veth",
            "peer", "name", "veth1", "netns", str(holder.pid), why="no veth")
        stack.callback(run, "ip", "link", "del", "veth0")
        run("ip", "address", "add", "192.0.2.1/30", "dev", "veth0")
        run("ip", "link", "set", "veth0", "up")
        run(*self.enter, "ip", "address", "add", f"{self.address}/30",
            "dev", "veth1")
        run(*self.enter, "ip", "link", "set", "veth1", "up")

    @staticmethod
    def end(holder):
        holder.kill()
        holder.wait()

    def down(self):
        """Its own end: the other's address and route stay, as behind a
        switch."""
        run(*self.enter, "ip", "link", "set", "veth1", "down")

    def cut(self):
        """A silent cable: both links stay up, and no frame arrives."""
        for link, enter in ("veth0", ()), ("veth1", self.enter):
            run(*enter, "nft", "add table inet cut; add chain inet cut in "
                "{ type filter hook input priority 0; }; "
                f"add rule inet cut in iifname {link} drop",
                why="no nftables")
        self.stack.callback(run, "nft", "delete table inet cut")


def loop_device(stack, path):
    """Detached by the kernel when the last one closes it.  losetup(8) cannot
    make it so at once: one killed after it would leave a device behind."""
    config = struct.pack("=II52xI240x", os.open(path, os.O_RDWR), 0,
                         LO_FLAGS_AUTOCLEAR | LO_FLAGS_DIRECT_IO)
    try:
        with open("/dev/loop-control", "rb") as control:
            number = fcntl.ioctl(control, LOOP_CTL_GET_FREE)
        device = os.open(f"/dev/loop{number}", os.O_RDWR)
        stack.callback(os.close, device)
        fcntl.ioctl(device, LOOP_CONFIGURE, config)
    except OSError as error:
        raise Skip(f"no loop device: {error}") from None
    finally:
        os.close(struct.unpack_from("=I", config)[0])
    return f"/dev/loop{number}"


class BadDisk:
    """A block device that fails with EIO when told to: nbdkit's error filter,
    by nbdfuse below a loop device."""

    def __init__(self, stack, work, backing):
        self.work, self.backing = work, backing
        mount = f"{work}/fuse"
        os.mkdir(mount)
        for needed in "nbdfuse", "nbdkit":
            run(needed, "--version")
        # it tells each error that it injects
        child = subprocess.Popen(
            ["nbdfuse", f"{mount}/nbd", "--command", "nbdkit", "-s",
             "--filter=error", "file", backing, "error=EIO",
             "error-pwrite-rate=100%", f"error-pwrite-file={work}/bad-write",
             "error-pread-rate=100%", f"error-pread-file={work}/bad-read"],
            stderr=subprocess.DEVNULL)
        stack.callback(self.end, child, mount)
        until("nbdfuse", lambda: child.poll() is not None or
              os.path.exists(f"{mount}/nbd"))
        if child.poll() is not None:
            raise Skip("no FUSE")
        self.path = loop_device(stack, f"{mount}/nbd")

    @staticmethod
    def end(child, mount):
        run("umount", mount)
        child.wait(DEADLINE)

    def breaks(self, kind):
        with open(f"{self.work}/bad-{kind}", "w", encoding="ascii"):
            pass

    def mends(self, kind):
        os.unlink(f"{self.work}/bad-{kind}")


class SmallDisk:
    """A file system that is smaller than the image in it is to become."""

    def __init__(self, stack, work, size):
        file, mount = f"{work}/small.img", f"{work}/small"
        with open(file, "wb") as opened:
            opened.truncate(size)
        os.mkdir(mount)
        run("mkfs.ext4", "-q", file, why="no ext4")
        run("mount", "-o", "loop", file, mount, why="no loop mount")
        stack.callback(run, "umount", mount)
        self.folder = mount
