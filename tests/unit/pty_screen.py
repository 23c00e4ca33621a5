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
        # after a change of size, until a whole frame of the new one has come:
        self.stale = False
        self.fits = False  # the frame that is being drawn, so far
        self.lowest = 0    # its last line
        self.clear()

    def resize(self, rows, columns):
        """What is under way is of the size of before, and not looked at."""
        self.rows, self.columns = rows, columns
        self.stale, self.fits = True, False
        self.clear()
        self.frame = [""] * rows

    def clear(self):
        self.cells = [[" "] * self.columns for _ in range(self.rows)]

    def lines(self):
        return self.frame or ["".join(line).rstrip() for line in self.cells]

    def mark(self, begins):
        """A frame begins or ends."""
        if begins:
            self.fits, self.lowest = True, 0
        elif self.fits and self.lowest == self.rows - 1:
            self.stale = False
        if not self.stale:
            self.frame = None
            self.frame = self.lines()

    def outside(self, what):
        if not self.stale:
            raise AssertionError("%r at line %d, column %d of %dx%d" % (
                what, self.row, self.column, self.rows, self.columns))
        self.fits = False

    def sequence(self, private, numbers, letter):
        n = [int(number or 0) for number in numbers.split(";")]
        if private and letter in "hl" and n[0] == 1049:
            self.alternate = letter == "h"
            self.stale = False
            self.frame = None
            self.clear()
        elif private and letter in "hl" and n[0] == 2026:
            self.mark(letter == "h")
        elif private and letter in "hl" and n[0] == 25:
            self.cursor = letter == "h"
        elif letter == "H":
            self.row, self.column = n[0] - 1, n[1] - 1
            self.lowest = max(self.lowest, self.row)
        elif letter == "K" and n[0] == 0:
            if not 0 <= self.row < self.rows:
                self.outside("K")
            else:
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
        elif not 0 <= self.column < self.columns or \
                not 0 <= self.row < self.rows:
            self.outside(char)
        else:
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
        self.screen = Screen(rows, columns)
        self._set_size()
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
        with self.changed:
            self.screen.resize(rows, columns)
            self._set_size()

    def _set_size(self):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack(
            "HHHH", self.screen.rows, self.screen.columns, 0, 0))

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
