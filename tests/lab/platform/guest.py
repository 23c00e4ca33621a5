# SPDX-License-Identifier: BSD-3-Clause
"""tests/lab/platform/guest.py - stands in for a guest: writes, and remembers.

An NBD client of QEMU's own export of d0-top, so that a request that hangs hangs
alone and each reply's time and error are known.  It keeps some writes in flight
until one fails and then issues none, as a guest with werror=stop.
"""
import array
import errno
import socket
import struct
import threading
import time

from qmp import DEADLINE, Broken

BLOCK = 64 << 10
DEPTH = 4  # writes in flight
QUIET = 1  # seconds without any reply: the writes hang
READ, WRITE, FLUSH = 0, 1, 3
SINGLE = 1 << 32  # the handle of a single request; writes have their number
REQUEST = struct.Struct(">IHHQQI")
REPLY = struct.Struct(">IIQ")


def content(serial):
    """What write number `serial` writes: its number all over."""
    return struct.pack("<Q", serial) * (BLOCK // 8)


class Connection:
    """A fixed newstyle NBD connection, simple replies only."""

    def __init__(self, path, export):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.receive(18)
        name = export.encode()
        self.socket.sendall(struct.pack(">I8sII", 3, b"IHAVEOPT", 1, len(name))
                            + name)
        self.size, _ = struct.unpack(">QH", self.receive(10))

    def receive(self, size):
        data = b""
        while len(data) < size:
            more = self.socket.recv(size - len(data))
            if not more:
                raise ConnectionError("QEMU closed its export")
            data += more
        return data

    def send(self, kind, handle, offset=0, data=b"", length=0):
        self.socket.sendall(REQUEST.pack(0x25609513, 0, kind, handle, offset,
                                         length or len(data)) + data)

    def reply(self):
        _, error, handle = REPLY.unpack(self.receive(REPLY.size))
        return error, handle


class Guest:
    """One writer; all times are of time.monotonic()."""

    def __init__(self, stack, path, export):
        self.connection = Connection(path, export)
        stack.callback(self.connection.socket.close)
        self.blocks = self.connection.size // BLOCK
        self.serial = 0
        self.issued = {}  # block -> number of the last write to it
        self.acked = {}  # block -> number of the last one acknowledged
        self.replies = 0
        self.changed = threading.Condition()

    def start(self):
        """Writes from now on, in the background."""
        self.in_flight = {}
        self.error = self.failed_at = None
        self.stopping = self.ended = False
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        try:
            while self.issue():
                self.take_reply()
        except OSError:
            return  # the probe is over
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def issue(self):
        while len(self.in_flight) < DEPTH and not (self.error or
                                                   self.stopping):
            self.serial += 1
            block = self.serial % self.blocks
            self.issued[block] = self.serial
            self.in_flight[self.serial] = block
            self.connection.send(WRITE, self.serial, block * BLOCK,
                                 content(self.serial))
        return self.in_flight

    def take_reply(self):
        error, serial = self.connection.reply()
        now = time.monotonic()
        with self.changed:
            block = self.in_flight.pop(serial)
            if error == 0:
                self.acked[block] = serial
            elif self.error is None:
                self.error, self.failed_at = error, now
            self.replies += 1
            self.changed.notify_all()

    def writes(self, count=20):
        """Waits until so many more writes are acknowledged."""
        end = time.monotonic() + DEADLINE
        with self.changed:
            goal = self.replies + count
            while self.replies < goal:
                if self.error or not self.changed.wait(end - time.monotonic()):
                    raise Broken(f"a write is not acknowledged: "
                                 f"{self.error_name() or 'hangs'}")

    def wait_end(self, quiet=DEADLINE):
        """All that is in flight is answered: True; no reply for so long:
        False."""
        end = time.monotonic() + DEADLINE
        with self.changed:
            while not self.ended:
                before = self.replies
                if not self.changed.wait_for(
                        lambda: self.ended or self.replies != before, quiet):
                    return False
                if time.monotonic() > end:
                    raise Broken("no write fails, none hangs")
        return True

    def stop(self):
        self.stopping = True
        if not self.wait_end() or self.error:
            raise Broken(f"a write failed: {self.error_name() or 'hangs'}")

    def fails(self):
        """How the writes end: with an error (True), or they hang (False)."""
        return self.wait_end(QUIET)

    def error_name(self):
        return errno.errorcode.get(self.error, self.error)

    def one(self, kind, offset=0, data=b"", length=0):
        """A single request while nothing is in flight: errno, data, ms."""
        begin = time.monotonic()
        self.connection.socket.settimeout(DEADLINE)
        self.connection.send(kind, SINGLE, offset, data, length)
        try:
            error, _ = self.connection.reply()
        except TimeoutError:
            raise Broken("a single request is not answered") from None
        got = self.connection.receive(length) if length and not error else b""
        self.connection.socket.settimeout(None)
        return error, got, (time.monotonic() - begin) * 1e3

    def lacking(self, image):
        """Acknowledged writes that the image lacks: a later one to the same
        block that was not acknowledged may have been done, or a part of it."""
        missing = []
        with open(image, "rb") as file:
            for block, serial in self.acked.items():
                file.seek(block * BLOCK)
                found = file.read(BLOCK)
                if found == content(serial):
                    continue
                allowed = set(range(serial, self.issued[block] + 1))
                if not set(array.array("Q", found)) <= allowed:
                    missing.append(serial)
        return missing
