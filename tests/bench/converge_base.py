# SPDX-License-Identifier: BSD-3-Clause
"""The loads and links of converge.sh, and what is measured of any contestant.

Reads consoles, a QEMU's memory and a card's counters from outside, so that all
contestants are measured by one rule.  Refuses a guest whose data differ from what
it wrote: that is a DataError, whatever else went well.
"""
import contextlib
import dataclasses
import os
import re
import time

from benchlib import (LAB, MIB, BenchError, console_of, path, pid_on, run, sh,
                      until)

RAM_MIB = 256
AREA_MIB = 128
DISK_MIB = 512
PAGE = 4096
BLOCK = 65536
HOSTS = ("n1", "n2")
SETTLE = 4  # lines of a second each, before anything is measured
UNLIMITED = "unlimited"

# name: what guestload.c is told beside its area; percent are of that
ROWS = {
    "idle": "",
    "ram 10%": "ram=10",
    "ram 50%": "ram=50",
    "ram 100%": "ram=100",
    "disk seq": "seq=6",
    "disk random": "rnd=6",
    "ram+disk": "ram=10 rnd=6",
}
# name: bits a second
LINKS = {UNLIMITED: None, "1gbit": 10**9, "200mbit": 2 * 10**8}


class DataError(Exception):
    """A guest found what it had not written."""


class Late(Exception):
    """Not over within the time that a migration may take."""


def link_bytes(link):
    """What it carries in a second, None if nothing holds it back."""
    return LINKS[link] and LINKS[link] / 8


def set_link(link):
    """Both hosts' cards, as they send.  What waits is what 20 ms bring."""
    for node in HOSTS:
        sh(node, "sh", "-c", "tc qdisc del dev eth0 root 2>/dev/null || :")
        if LINKS[link]:
            sh(node, "tc", "qdisc", "add", "dev", "eth0", "root", "tbf",
               "rate", link, "burst", "256kb", "latency", "20ms")


def sent_bytes(node):
    return int(sh(node, "cat", "/sys/class/net/eth0/statistics/tx_bytes"))


def other(node):
    return HOSTS[1 - HOSTS.index(node)]


# ---- what a guest says ----

LOAD = re.compile(r"load (\d+) (\d+) (\d+)$")
VERIFIED = re.compile(r"verified (\d+) (\d+) (\d+)$")


class Console:
    """One boot of a guest, on whatever host it is; names: of the files there."""
    def __init__(self, names):
        self.names = names
        self.begin = {name: self.size(name) for name in names}

    @staticmethod
    def size(name):
        try:
            return os.path.getsize(name)
        except FileNotFoundError:
            return 0

    def lines(self):
        for name in self.names:
            try:
                with open(name, "rb") as f:
                    # a file that was begun anew is all of this boot
                    if self.begin[name] <= self.size(name):
                        f.seek(self.begin[name])
                    text = f.read().decode(errors="replace")
            except FileNotFoundError:
                continue
            yield from text.replace("\r", "").split("\n")

    def loads(self):
        """(uptime in s, pages, blocks), in the guest's order."""
        found = (LOAD.match(line) for line in self.lines())
        return sorted((int(m[1]) / 1000, int(m[2]), int(m[3]))
                      for m in found if m)

    def check(self):
        for line in self.lines():
            if line.startswith("CORRUPT") or "Kernel panic" in line:
                raise DataError(line)

    def settled(self, what):
        until(f"{what} is at work",
              lambda: self.check() or len(self.loads()) > SETTLE, 120)

    def verified(self, what):
        """After it was told to end: all that it ever wrote is there."""
        def ask():
            self.check()
            return next((m for m in map(VERIFIED.match, self.lines()) if m),
                        None)
        done = until(f"{what} has looked through what it wrote", ask, 120)
        if int(done[3]):
            raise DataError(f"{what}: {done[0]}")


def rates(loads):
    """(memory, disk) in MiB/s between the first and the last of these."""
    if len(loads) < 2 or loads[-1][0] <= loads[0][0]:
        return None, None
    seconds = loads[-1][0] - loads[0][0]
    return ((loads[-1][1] - loads[0][1]) * PAGE / MIB / seconds,
            (loads[-1][2] - loads[0][2]) * BLOCK / MIB / seconds)


def log_name(node, who):
    return path(node, "log", f"converge-{who}.console")


def hamd_consoles(guest):
    return [console_of(guest, node) for node in HOSTS]


# ---- what there is to copy ----

def ram_mapping(pid):
    with open(f"/proc/{pid}/maps", encoding="ascii") as f:
        for line in f:
            span, rights = line.split()[:2]
            first, last = (int(x, 16) for x in span.split("-"))
            if rights.startswith("rw") and last - first == RAM_MIB * MIB:
                return first
    raise BenchError(f"process {pid} maps no memory of a guest")


def ram_in_use(node):
    """Bytes of its guest's memory in pages that are not zero."""
    pid, zero, used = pid_on(node, "qemu-system-x86_64"), bytes(PAGE), 0
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as f:
        f.seek(ram_mapping(pid))
        for _ in range(RAM_MIB // 4):
            chunk = f.read(4 * MIB)
            used += sum(chunk[at:at + PAGE] != zero
                        for at in range(0, len(chunk), PAGE))
    return used * PAGE


# ---- images of those that hamd does not know ----

IMAGE = "converge.raw"


def image(node):
    return path(node, "images", IMAGE)


def image_home():
    """The host that has it; at first it is made, of random bytes, on the first."""
    for node in HOSTS:
        if os.path.exists(image(node)):
            return node
    run(LAB, "disk", HOSTS[0], IMAGE, f"{DISK_MIB}M")
    with open(image(HOSTS[0]), "rb") as f:
        os.fsync(f.fileno())
    return HOSTS[0]


def empty_image(node):
    with open(image(node), "wb") as f:
        f.truncate(DISK_MIB * MIB)


def only_image(node):
    """Elsewhere it may be half a copy."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(image(other(node)))


# ---- a measurement ----

@dataclasses.dataclass
class Outcome:
    """Of one migration; what is not known is None."""
    row: str
    link: str
    who: str
    ended: bool         # the guest is at the destination
    reason: str         # why not
    late: bool          # it had to be cancelled when its time was over
    total_s: float
    stopped_ms: float = None
    sent: int = 0       # bytes that left the source's card
    ideal: int = 0      # bytes of its disk, and of its memory in use
    ram: float = None   # MiB/s that the guest wrote, before
    disk: float = None
    ram_meanwhile: float = None
    disk_meanwhile: float = None
    first: float = None    # forecast of the total in s: the first there was
    quarter: float = None  # after about a quarter of the time


def measure(who, row, link, console, limit_s):
    """One migration.  who.migrate(src, dst, limit_s, outcome) fills in what only
    it knows; Late: it was cancelled, the guest is where it was."""
    src = who.at
    before = console.loads()
    out = Outcome(row, link, who.name, True, "", False, 0)
    out.ram, out.disk = rates(before[-SETTLE:])
    out.ideal = DISK_MIB * MIB + ram_in_use(src)
    who.ready(other(src))
    sent, begin = sent_bytes(src), time.monotonic()
    try:
        who.migrate(src, other(src), limit_s, out)
    except Late as e:
        out.ended, out.late, out.reason = False, True, str(e)
    out.total_s = time.monotonic() - begin
    out.sent = sent_bytes(src) - sent
    if out.ended:
        who.at = other(src)
    count = len(before)
    until(f"{row} goes on after {who.name}'s migration",
          lambda: console.check() or len(console.loads()) > count + 1)
    out.ram_meanwhile, out.disk_meanwhile = rates(
        console.loads()[count - 1:])
    return out
