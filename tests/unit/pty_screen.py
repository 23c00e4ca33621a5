# SPDX-License-Identifier: BSD-3-Clause
"""A program on a terminal of its own, and what stands on that terminal.

Knows the sequences that hamctl writes, no others: one that is unknown fails
the test.  A character beyond the last column or line fails it as well.  What
is shown is always a whole frame.
"""
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import threading

SEQUENCE = re.compile(r"\x1b\[(\?)?([0-9;]*)([A-Za-z])")


class Screen:
    def __init__(self, rows, columns):
        self.rows, self.columns = rows, columns
        self.cells = []
        self.alternate = False
        self.cursor = True
        self.row = self.column = 0
        self.pending = ""
        self.frame = None
        self.clear()

    def clear(self):
        self.cells = [[" "] * self.columns for _ in range(self.rows)]

    def lines(self):
        return self.frame or ["".join(line).rstrip() for line in self.cells]

    def sequence(self, private, numbers, letter):
        n = [int(number or 0) for number in numbers.split(";")]
        if private and letter in "hl" and n[0] == 1049:
            self.alternate = letter == "h"
            self.frame = None
            self.clear()
        elif private and letter in "hl" and n[0] == 2026:
            self.frame = None
            self.frame = self.lines()
        elif private and letter in "hl" and n[0] == 25:
            self.cursor = letter == "h"
        elif letter == "H":
            self.row, self.column = n[0] - 1, n[1] - 1
        elif letter == "K" and n[0] == 0:
            self.cells[self.row][self.column:] = \
                [" "] * (self.columns - self.column)
        elif letter == "J" and n[0] == 2:
            self.clear()
        elif letter != "m":
            raise AssertionError("unknown sequence %s%s" % (numbers, letter))

    def put(self, char):
        if char == "\r":
            self.column = 0
        elif char == "\n":
            self.row += 1
        else:
            if not 0 <= self.column < self.columns or \
                    not 0 <= self.row < self.rows:
                raise AssertionError("%r at line %d, column %d of %dx%d" % (
                    char, self.row, self.column, self.rows, self.columns))
            self.cells[self.row][self.column] = char
            self.column += 1

    def feed(self, text):
        self.pending += text
        while self.pending:
            if self.pending[0] != "\x1b":
                self.put(self.pending[0])
                self.pending = self.pending[1:]
                continue
            match = SEQUENCE.match(self.pending)
            if match:
                self.sequence(*match.groups())
                self.pending = self.pending[match.end():]
            elif len(self.pending) < 16:
                return
            else:
                raise AssertionError("no sequence: %r" % self.pending[:16])


class Terminal:
    """Runs a program until the test ends."""

    def __init__(self, test, words, environment, rows=24, columns=80):
        self.master, slave = pty.openpty()
        self.slave_name = os.ttyname(slave)
        self.slave = slave  # kept open: its settings are looked at afterwards
        self.resize(rows, columns)
        self.settings = termios.tcgetattr(slave)
        self.changed = threading.Condition()
        self.broken = None
        self.process = subprocess.Popen(
            words, env=environment, stdin=slave, stdout=slave, stderr=slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        threading.Thread(target=self._read, daemon=True).start()
        test.addCleanup(self.close)

    def resize(self, rows, columns):
        """The program hears of it by SIGWINCH, if there is one."""
        self.screen = Screen(rows, columns)
        fcntl.ioctl(self.master, termios.TIOCSWINSZ,
                    struct.pack("HHHH", rows, columns, 0, 0))

    def _read(self):
        while True:
            try:
                data = os.read(self.master, 65536)
            except OSError:
                data = b""
            with self.changed:
                try:
                    self.screen.feed(data.decode())
                except AssertionError as error:
                    self.broken = error
                self.changed.notify_all()
            if not data:
                return

    def press(self, keys):
        os.write(self.master, keys.encode())

    def wait_for(self, wanted, deadline_s=30):
        """Until wanted(lines) holds; the lines of then."""
        def holds():
            return self.broken or wanted(self.screen.lines())
        with self.changed:
            if not self.changed.wait_for(holds, deadline_s):
                raise AssertionError("it stays at:\n" +
                                     "\n".join(self.screen.lines()))
            if self.broken:
                raise self.broken
            return self.screen.lines()

    def wait_for_text(self, text):
        return self.wait_for(lambda lines: any(text in l for l in lines))

    def wait_for_end(self, deadline_s=30):
        code = self.process.wait(deadline_s)
        # what it wrote last is not read before that is seen
        with self.changed:
            self.changed.wait_for(lambda: not self.screen.alternate,
                                  deadline_s)
        return code

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.slave)
        os.close(self.master)
