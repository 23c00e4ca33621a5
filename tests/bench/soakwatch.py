# SPDX-License-Identifier: BSD-3-Clause
"""When guests ticked and wrote, seen on their consoles from outside.

By the machine's clock.  A tick is only known to have come between two looks, so
a pause is told from the last look that saw the tick before it to the one that
saw the tick after it: never too short, and too long by what a look is late.
Keeps nothing but what is longer than a guest stands still by itself.
"""
import threading
import time

LOOK_S = 0.02
PAUSE_S = 0.3  # three ticks
TICK, ACK = b"tick ", b"ack "


class Console:
    def __init__(self, name):
        self.name = name
        self.at = 0
        self.rest = b""

    def lines(self):
        """Those that are complete since the last look."""
        try:
            with open(self.name, "rb") as f:
                f.seek(self.at)
                new = f.read()
        except OSError:
            return []
        self.at += len(new)
        *whole, self.rest = (self.rest + new).split(b"\n")
        return whole


class Guest:
    def __init__(self, consoles):
        self.consoles = [Console(name) for name in consoles]
        for console in self.consoles:
            console.lines()  # what was before
        self.ticked = self.wrote = time.time()
        self.longest = (self.ticked, self.ticked)
        self.pauses = []
        self.unwritten = 0.0

    def look(self, now):
        lines = [line for c in self.consoles for line in c.lines()]
        if any(line.startswith(TICK) for line in lines):
            self.tick(now)
        if any(line.startswith(ACK) for line in lines):
            self.unwritten = max(self.unwritten, now - self.wrote)
            self.wrote = now

    def tick(self, now):
        pause = (self.ticked, now)
        if now - self.ticked > self.longest[1] - self.longest[0]:
            self.longest = pause
        if now - self.ticked > PAUSE_S:
            self.pauses.append(pause)
        self.ticked = now

    def end(self, now):
        """One that never went on stands still until now."""
        if now - self.ticked > PAUSE_S:
            self.tick(now)
        self.unwritten = max(self.unwritten, now - self.wrote)


class Watch:
    """`with` it; guest -> consoles on all nodes."""

    def __init__(self, consoles):
        self.consoles = consoles
        self.guests = {}
        self.ending = threading.Event()
        self.late = 0.0  # the longest from one look to the next
        self.thread = threading.Thread(target=self.work, daemon=True)

    def __enter__(self):
        self.guests = {name: Guest(of) for name, of in self.consoles.items()}
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.thread.join()
        for guest in self.guests.values():
            guest.end(time.time())

    def work(self):
        before = time.time()
        while not self.ending.wait(LOOK_S):
            now = time.time()
            self.late, before = max(self.late, now - before), now
            for guest in self.guests.values():
                guest.look(now)

    def pauses(self, name):
        """(begin, end) of each that is of note, and of the longest."""
        guest = self.guests[name]
        return guest.pauses or [guest.longest]

    def silent_writes(self, name):
        return self.guests[name].unwritten
