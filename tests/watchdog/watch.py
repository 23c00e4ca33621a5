#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""watch.py KERNEL INITRAMFS FOLDER - runs the machine of tests/watchdog/init and
judges it: what it says on its console, and QEMU's word on when its watchdog
fired, in one order.  Waits for what must happen, with a deadline that only a
hang reaches; a watchdog that fires at any other time ends the wait at once."""
import json
import lzma
import os
import queue
import re
import socket
import subprocess
import sys
import threading
import time

PATIENCE = 120  # seconds, for each thing that is waited for


class Failed(Exception):
    """What was seen is not what must be."""


def unpacked(kernel, folder):
    """The program inside a compressed kernel, which QEMU starts as well (PVH):
    an emulated processor takes seconds to unpack it, at each boot.  One packed
    by something else is used as it is."""
    with open(kernel, "rb") as file:
        image = file.read()
    begin = image.find(b"\xfd7zXZ\0")
    if begin < 0:
        return kernel
    program = lzma.LZMADecompressor().decompress(image[begin:])
    path = os.path.join(folder, "vmlinux")
    with open(path, "wb") as file:
        file.write(program)
    return path


class Machine:
    """A QEMU; its console's lines and its watchdog's events in one queue."""

    def __init__(self, kernel, initramfs, folder):
        ours, its = socket.socketpair()
        self.seen = queue.Queue()
        self.qmp = ours.makefile("rw")
        self.process = subprocess.Popen(
            ["qemu-system-x86_64", "-accel", "tcg", "-m", "256",
             "-nodefaults", "-no-user-config", "-display", "none",
             "-device", "i6300esb", "-action", "watchdog=reset",
             "-kernel", kernel, "-initrd", initramfs,
             "-append", "console=ttyS0 quiet panic=-1 mitigations=off",
             "-chardev", f"socket,id=qmp,fd={its.fileno()}",
             "-mon", "chardev=qmp,mode=control", "-serial", "stdio"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            pass_fds=[its.fileno()], cwd=folder)
        its.close()
        self.qmp.write('{"execute":"qmp_capabilities"}\n')
        self.qmp.flush()
        for target in (self.read_console, self.read_events):
            threading.Thread(target=target, daemon=True).start()

    def read_console(self):
        for line in self.process.stdout:
            line = line.decode(errors="replace").strip()
            if line:
                self.seen.put((time.monotonic(), line))
        self.seen.put((time.monotonic(), "QEMU HAS ENDED"))

    def read_events(self):
        try:
            for line in self.qmp:
                if json.loads(line).get("event") == "WATCHDOG":
                    self.seen.put((time.monotonic(), "WATCHDOG FIRED"))
        except (OSError, ValueError):
            return  # it ends

    def wait(self, pattern):
        """Until a line matches; returns the time and the match."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                at, line = self.seen.get(timeout=end - time.monotonic())
            except (queue.Empty, ValueError):
                raise Failed(f"not within {PATIENCE} s: {pattern}") from None
            print(f"{at - BEGIN:7.2f} {line}", flush=True)
            found = re.search(pattern, line)
            if found:
                return at, found
            if re.search("WATCHDOG FIRED|FAILED|QEMU HAS ENDED|Kernel panic",
                         line):
                raise Failed(f"{line}, while this was waited for: {pattern}")

    def end(self):
        self.process.kill()
        self.process.wait()


def judge(machine):
    machine.wait("^BOOTSTATUS 0$")
    machine.wait("armed=1 timeout_ms=2000 nowayout=0 softdog=0 was_reset=0")
    machine.wait("armed=0.*error=''")
    machine.wait("^DISARMED inactive$")
    print("ok: fed for more than two timeouts, it is not reset")
    machine.wait("^RESTED inactive$")
    print("ok: nor when it is disarmed and nobody pets it")
    machine.wait("^FED NO MORE$")
    told, _ = machine.wait("deadline has passed.*processes are dead")
    at, _ = machine.wait("^WATCHDOG FIRED$")
    print(f"ok: the guests died first, and it was reset {at - told:.1f} s "
          f"after the deadline")
    machine.wait("^BOOTSTATUS 32$")
    machine.wait("armed=1.*was_reset=1")
    print("ok: the next boot knows why")
    machine.wait("armed=1.*nowayout=1.*error='.*nowayout")
    print("ok: with nowayout it is not to be disarmed")
    begin, _ = machine.wait("^HAMWD IS DEAD active$")
    at, _ = machine.wait("^WATCHDOG FIRED$")
    print(f"ok: hamwd was killed, and it was reset {at - begin:.1f} s later")


def main():
    kernel, initramfs, folder = sys.argv[1:]
    machine = Machine(unpacked(kernel, folder), initramfs, folder)
    try:
        judge(machine)
    except Failed as failure:
        print(f"FAIL: {failure}")
        return 1
    finally:
        machine.end()
    print("PASS: the machine is reset when it must be, and never else")
    return 0


BEGIN = time.monotonic()
if __name__ == "__main__":
    os.environ["LC_ALL"] = "C"
    sys.exit(main())
