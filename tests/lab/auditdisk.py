# SPDX-License-Identifier: BSD-3-Clause
"""What a guest's disk and console say of its life (guest/record.h).

Takes images and logs as they are; the guest must be stopped or paused.
Each function yields findings, one line each; none: clean.
"""
import os
import re
import struct
import zlib

CHUNK = 1 << 20
RING_START = 1 << 20
RECORD = 4096
HEAD = struct.Struct("<QQQIIQ")
MAGIC = 0x314345524D414821


def compare(path_a, path_b):
    size_a, size_b = os.path.getsize(path_a), os.path.getsize(path_b)
    if size_a != size_b:
        yield f"disk: sizes differ: {path_a} {size_a}, {path_b} {size_b}"
        return
    first, blocks = None, 0
    with open(path_a, "rb") as a, open(path_b, "rb") as b:
        for offset in range(0, size_a, CHUNK):
            x, y = a.read(CHUNK), b.read(CHUNK)
            if x == y:
                continue
            for at in range(0, len(x), RECORD):
                if x[at:at + RECORD] != y[at:at + RECORD]:
                    blocks += 1
            if first is None:
                first = offset + next(
                    i for i, (p, q) in enumerate(zip(x, y)) if p != q)
    if first is not None:
        yield (f"disk: {path_a} and {path_b} differ first at byte {first}, "
               f"in {blocks} block(s) of {RECORD}")


class Boot:
    def __init__(self, name):
        self.name = name
        self.found = None  # the last record it found on the disk
        self.acked = 0
        self.ticks = {}  # number -> (uptime ms, log)


LINE = re.compile(
    r"(?:(?P<boot>boot) (?P<id0>[0-9a-f]{8}) found (?P<found>\d+)"
    r"|(?P<tick>tick) (?P<n>\d+) (?P<ms>\d+) (?P<id1>[0-9a-f]{8})"
    r"|(?P<ack>ack) (?P<acked>\d+) (?P<id2>[0-9a-f]{8})"
    r"|GUEST UP|powerbutton|size \d+|bye \d+|\[ *\d+\.\d+\] .*|)$")


class Story:
    """All logs of one guest, wherever it ran, as boots with their lines."""

    def __init__(self, logs):
        self.boots = {}
        self.findings = []
        self.fragments = 0  # lines that a hand-over cut in two
        for log in logs:
            with open(log, encoding="utf-8", errors="replace") as f:
                for line in f.read().split("\n"):
                    self.take(log, line.rstrip("\r"))

    def boot(self, name):
        return self.boots.setdefault(name, Boot(name))

    def take(self, log, line):
        if "CORRUPT" in line or "Kernel panic" in line:
            self.findings.append(f"records: {log}: {line}")
        m = LINE.match(line)
        if not m:
            self.fragments += 1
        elif m["boot"]:
            self.boot(m["id0"]).found = int(m["found"])
        elif m["ack"]:
            boot = self.boot(m["id2"])
            boot.acked = max(boot.acked, int(m["acked"]))
        elif m["tick"]:
            self.tick(log, self.boot(m["id1"]), int(m["n"]), int(m["ms"]))

    def tick(self, log, boot, number, ms):
        if number in boot.ticks:
            self.findings.append(
                f"records: tick {number} of boot {boot.name} twice, in "
                f"{boot.ticks[number][1]} and {log}: the guest ran twice")
        boot.ticks[number] = (ms, log)

    def check_ticks(self, max_gap_ms):
        missing = 0
        moves = 0
        for boot in self.boots.values():
            numbers = sorted(boot.ticks)
            for a, b in zip(numbers, numbers[1:]):
                gap = boot.ticks[b][0] - boot.ticks[a][0]
                missing += b - a - 1
                moves += boot.ticks[a][1] != boot.ticks[b][1]
                if gap < 0:
                    yield (f"records: boot {boot.name}: the guest's clock "
                           f"goes back between ticks {a} and {b}")
                if gap > max_gap_ms:
                    yield (f"records: boot {boot.name}: {gap} ms between "
                           f"ticks {a} and {b}, at most {max_gap_ms} allowed")
        # what is in the serial port's registers at a hand-over may be lost
        if missing > self.fragments + moves:
            yield (f"records: {missing} tick(s) are missing, only "
                   f"{self.fragments} broken line(s) to explain them")

    def check_boots(self, reboots):
        """A boot must find on the disk all that boots before it had
        acknowledged, so what each wrote are ranges without overlap."""
        boots = sorted(self.boots.values(), key=lambda b: (b.found or 0))
        if len(boots) > reboots + 1:
            yield (f"records: {len(boots)} boots, at most {reboots + 1} "
                   "expected: the guest lost its memory")
        for boot in boots:
            if boot.found is None:
                yield f"records: boot {boot.name} has no `boot` line"
        for a, b in zip(boots, boots[1:]):
            if a.acked > (b.found or 0):
                yield (f"records: boot {b.name} found {b.found} records, but "
                       f"boot {a.name} had acknowledged {a.acked}: lost "
                       "writes")

    def writer(self, number):
        for boot in self.boots.values():
            if (boot.found or 0) < number <= boot.acked:
                return boot.name
        return None


def intact(raw):
    """(number, boot, slots) or a text that says what is wrong."""
    magic, number, boot, slots, crc, _ = HEAD.unpack_from(raw)
    if magic != MAGIC:
        return "no record"
    if zlib.crc32(raw[:28] + b"\0\0\0\0" + raw[32:]) != crc:
        return "wrong checksum"
    return number, f"{boot:08x}", slots


def ring(image):
    """The records of the image by slot; [] if there is no ring."""
    with open(image, "rb") as f:
        f.seek(RING_START)
        raw = f.read(RECORD)
        if len(raw) < RECORD or HEAD.unpack_from(raw)[0] != MAGIC:
            return []
        slots = HEAD.unpack_from(raw)[3]
        f.seek(RING_START)
        raw = f.read(slots * RECORD)
    return [raw[i:i + RECORD] for i in range(0, len(raw), RECORD)]


def check_image(image, story):
    acked = max((b.acked for b in story.boots.values()), default=0)
    slots = ring(image)
    if acked and not slots:
        yield f"records: {image}: no ring of records at byte {RING_START}"
        return
    for slot, raw in enumerate(slots):
        # the last acknowledged one that belongs here
        want = acked - (acked - 1 - slot) % len(slots)
        if want < 1:
            continue
        where = f"records: {image}: slot {slot} (byte {RING_START + slot * RECORD})"
        got = intact(raw)
        if isinstance(got, str):
            yield f"{where}: acknowledged record {want}: {got}"
            continue
        number, boot, of = got
        if of != len(slots) or (number - 1) % len(slots) != slot:
            yield f"{where}: record {number} does not belong here"
        elif number < want:
            yield f"{where}: record {want} was acknowledged, {number} is there"
        elif number == want and story.writer(want) not in (None, boot):
            yield (f"{where}: record {want} is boot {boot}'s, acknowledged "
                   f"was boot {story.writer(want)}'s")


def records(image, logs, max_gap_ms, reboots, min_acks):
    story = Story(logs)
    yield from story.findings
    yield from story.check_ticks(max_gap_ms)
    yield from story.check_boots(reboots)
    yield from check_image(image, story)
    acked = max((b.acked for b in story.boots.values()), default=0)
    if acked < min_acks:
        yield (f"records: {acked} record(s) acknowledged, {min_acks} wanted: "
               "nothing is proven")
