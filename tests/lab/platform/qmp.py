# SPDX-License-Identifier: BSD-3-Clause
"""tests/lab/platform/qmp.py - QEMU's process and its monitor.

The monitor's socket listens before the process starts, and QEMU takes the
connection before it makes the monitor (wait=on): neither races with the other,
and the greeting means that all of the command line has been done.
"""
import json
import os
import socket
import subprocess
import time

DEADLINE = 10  # seconds: only a hang waits for so long


class Broken(Exception):
    """QEMU does not do what the project relies on."""


def until(what, true):
    end = time.monotonic() + DEADLINE
    while not true():
        if time.monotonic() > end:
            raise Broken(f"waited too long for {what}")
        time.sleep(0.005)


class Qemu:
    """QEMU with these arguments and a monitor."""

    def __init__(self, stack, path, args):
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen(1)
            fd = listener.fileno()
            self.process = subprocess.Popen(
                [*args, "--chardev",
                 f"socket,id=qmp,fd={fd},server=on,wait=on",
                 "-mon", "chardev=qmp,mode=control"],
                pass_fds=(fd,), stdin=subprocess.DEVNULL)
        stack.callback(self.end)
        self.events = []
        self.rest = b""
        self.socket = stack.enter_context(socket.socket(socket.AF_UNIX))
        self.socket.settimeout(DEADLINE)
        self.socket.connect(path)
        os.unlink(path)
        self.line()

    def end(self):
        self.process.kill()
        self.process.wait()

    def line(self):
        while b"\n" not in self.rest:
            data = self.socket.recv(65536)
            if not data:
                raise Broken(f"{self.process.args[0]} closed its monitor")
            self.rest += data
        line, self.rest = self.rest.split(b"\n", 1)
        return json.loads(line)

    def qmp(self, command, key="execute", **arguments):
        names = {name.replace("_", "-"): value
                 for name, value in arguments.items()}
        self.socket.sendall(
            json.dumps({key: command, "arguments": names}).encode() + b"\n")
        while "event" in (reply := self.line()):
            self.events.append(reply)
        if "error" in reply:
            raise Broken(f"{command}: {reply['error']['desc']}")
        return reply["return"]
