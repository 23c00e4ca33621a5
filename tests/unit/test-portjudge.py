#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""tests/unit/test-portjudge.py - the judge of a guest's ports finds what it is for

Good logs of a guest that talks, made by hand, have no finding; each test breaks
one in one way, and must hear of that and of nothing else.
"""
import os
import struct
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lab"))
import portjudge  # noqa: E402
import portwatch  # noqa: E402

ADDRESS = "10.77.0.100"
LEARNT = "10.77.0.150"
BOOT = "0123abcd"
MS = 10**6


class Story:
    """A log that grows; the clock stands at `t`."""

    def __init__(self):
        self.lines = ["ready 52:54:00:00:00:64 1000"]
        self.t = 10**18
        self.number = 0

    def put(self, node, *words, t=None):
        self.lines.append(" ".join(map(str, (t or self.t, node, *words))))

    def frame(self, node, kind, length, detail="-", views=("port", "wire")):
        for i, view in enumerate(views):
            self.put(node, view, kind, length, detail, t=self.t + i * 1000)

    def talk(self, node, count, **keys):
        for _ in range(count):
            self.number += 1
            self.frame(node, "talk", 61, f"{self.number}/{BOOT}", **keys)
            self.t += 5 * MS

    def announce(self, node, at=portjudge.ANNOUNCED_MS, also=(), **keys):
        start = self.t
        for after in at:
            self.talk(node, max((start + after * MS - self.t) // (5 * MS), 0))
            self.t = start + after * MS
            self.frame(node, "rarp", 60, **keys)
            self.t += 2000
            for kind, address in [("garp", ADDRESS), *also]:
                self.frame(node, kind, 60, address, **keys)
                self.t += 2000

    def found(self, *nodes, announces=()):
        # as the watch may have read it: one socket after the other
        head, *lines = self.lines
        lines.sort(key=lambda line: line.split()[1:3])
        log = portjudge.Log([head, *lines])
        return list(portjudge.findings(log, nodes, list(announces)))


def moved(**keys):
    s = Story()
    s.talk("n1", 20)
    s.put("n1", "link", "down")
    s.t += 60 * MS
    s.put("n2", "link", "up")
    s.announce("n2", **keys)
    s.talk("n2", 20)
    return s


class Test(unittest.TestCase):
    def only(self, found, *words):
        self.assertEqual(len(found), 1, found)
        for word in words:
            self.assertIn(word, found[0])


class Good(Test):
    def test_a_move(self):
        self.assertEqual(moved().found("n1", "n2", announces=[ADDRESS]), [])

    def test_there_and_back(self):
        s = moved()
        s.t += 60 * MS
        s.announce("n1")
        self.assertEqual(s.found("n1", "n2", "n1", announces=[ADDRESS]), [])

    def test_one_that_stays(self):
        s = Story()
        s.talk("n1", 20)
        s.t += 900 * MS
        s.announce("n1")
        self.assertEqual(s.found("n1", announces=[ADDRESS]), [])

    def test_announced_by_the_bridge(self):
        s = moved(views=("wire",))
        self.assertEqual(s.found("n1", "n2", announces=[ADDRESS]), [])

    def test_another_boot_counts_anew(self):
        s = moved()
        s.frame("n2", "talk", 61, "1/ffffffff")
        self.assertEqual(s.found("n1", "n2"), [])

    def test_its_own_announcements_are_not_hamds(self):
        s = moved()
        s.frame("n2", "rarp", 60)
        s.frame("n2", "garp", 42, ADDRESS)
        s.frame("n2", "garp", 42, LEARNT)
        self.assertEqual(s.found("n1", "n2", announces=[ADDRESS]), [])

    def test_qemu_says_rarp_and_the_guest_all_in_between(self):
        s = Story()
        s.talk("n1", 3)
        s.frame("n2", "garp", 42, ADDRESS)
        s.frame("n2", "rarp", 60)
        s.frame("n2", "rarp", 60)
        s.frame("n2", "garp", 60, ADDRESS)
        s.frame("n2", "garp", 42, ADDRESS)
        s.frame("n2", "na", 86, "fd77::64")
        s.t += 50 * MS
        s.announce("n2", at=(0, 100, 250, 550, 950, 1450),
                   also=[("na", "fd77::64")])
        self.assertEqual(s.found("n1", "n2", announces=[
            ADDRESS, "fd77::64"]), [])

    def test_what_the_guest_says_long_after_a_breath(self):
        s = Story()
        s.talk("n1", 3)
        s.frame("n2", "rarp", 60)
        s.frame("n2", "garp", 60, ADDRESS)
        s.t += 40 * MS
        s.frame("n2", "na", 86, "fd77::64")
        s.frame("n2", "garp", 42, LEARNT)
        s.t += 10 * MS
        s.announce("n2", at=(0, 100, 250, 550, 950, 1450),
                   also=[("garp", LEARNT)])
        self.assertEqual(s.found("n1", "n2", announces=[ADDRESS]), [])

    def test_learnt_addresses_in_any_order(self):
        s = moved(also=[("na", "fd77::64"), ("garp", LEARNT),
                        ("na", "fe80::1")])
        self.assertEqual(s.found("n1", "n2", announces=[
            ADDRESS, LEARNT, "fd77::64"]), [])


class OnePort(Test):
    def test_the_source_speaks_again(self):
        s = moved()
        s.t = 10**18 + 200 * MS
        s.frame("n1", "arp", 42, ADDRESS, views=("port",))
        self.only(s.found("n1", "n2"), "port: n1 speaks (arp)", "n2 began")

    def test_on_the_wire_alone(self):
        s = moved()
        s.frame("n1", "ip", 90, views=("wire",))
        self.only(s.found("n1", "n2"), "wire: n1 speaks (ip)")

    def test_the_destination_speaks_before(self):
        s = moved()
        s.t = 10**18 + 42 * MS
        s.frame("n2", "rarp", 60, views=("port",))
        found = s.found("n1", "n2")
        self.only(found, "port: n1 speaks (talk) 3.0 ms after n2 began")

    def test_all_the_time_by_both(self):
        s = Story()
        for _ in range(10):
            s.talk("n1", 1)
            s.talk("n2", 1)
        self.assertEqual(len(s.found("n1", "n2")), 2)

    def test_another_began(self):
        self.assertIn("port: n1 speaks (talk) first, and n2 should",
                      moved().found("n2", "n1"))

    def test_who_was_called_off_speaks(self):
        s = Story()
        s.talk("n1", 20)
        s.frame("n2", "rarp", 60, views=("port",))
        self.only(s.found("n1"), "port: n2 speaks (rarp)")

    def test_nobody_speaks_there(self):
        s = Story()
        s.talk("n1", 20)
        self.assertEqual(s.found("n1", "n2"), [
            "port: n2 never spoke", "wire: n2 never spoke"])

    def test_nobody_speaks(self):
        self.assertIn("port: n1 never spoke", Story().found("n1"))

    def test_both_are_up(self):
        s = moved()
        s.put("n2", "both", "n1")
        self.only(s.found("n1", "n2"), "the ports on n2 and n1 were up")

    def test_a_number_comes_again(self):
        s = moved()
        s.number -= 1
        s.talk("n2", 1)
        self.only(s.found("n1", "n2"), f"the guest says {s.number} by n2")

    def test_a_guest_that_does_not_talk(self):
        s = Story()
        s.frame("n1", "arp", 42, ADDRESS)
        self.only(s.found("n1"), "did not talk")

    def test_frames_that_were_not_seen(self):
        s = moved()
        s.put("n2", "lost", 3)
        self.only(s.found("n1", "n2"), "3 frames of n2 were not seen")


class Announcing(Test):
    def found_of(self, s, *addresses):
        return s.found("n1", "n2", announces=[ADDRESS, *addresses])

    def test_nothing(self):
        s = Story()
        s.talk("n1", 3)
        s.talk("n2", 3)
        self.only(self.found_of(s), "n2: nothing was announced")

    def test_what_the_network_does_not_hear(self):
        self.only(self.found_of(moved(views=("port",))),
                  "n2: nothing was announced")

    def test_what_the_source_said_does_not_count(self):
        s = Story()
        s.talk("n1", 3)
        s.announce("n1")
        s.talk("n2", 3)
        self.only(self.found_of(s), "n2: nothing was announced")

    def test_too_few(self):
        s = moved(at=portjudge.ANNOUNCED_MS[:-1])
        self.only(self.found_of(s), "announced 6 times, not 7")

    def test_too_soon(self):
        s = moved(at=(0, 50, 150, 290, 600, 1000, 1500))
        self.only(self.found_of(s), "announcement 4", "not 300 ms")

    def test_late_is_no_finding(self):
        s = moved(at=(0, 70, 190, 390, 720, 1120, 1620))
        self.assertEqual(self.found_of(s), [])

    def test_arp_before_rarp(self):
        s = Story()
        s.talk("n1", 3)
        s.frame("n2", "garp", 60, ADDRESS)
        s.announce("n2")
        self.only(self.found_of(s), f"garp {ADDRESS} was announced before")

    def test_an_address_is_missing(self):
        self.only(self.found_of(moved(), LEARNT),
                  f"at once: {ADDRESS}, not {ADDRESS} {LEARNT}")

    def test_an_address_too_many(self):
        self.only(self.found_of(moved(also=[("garp", LEARNT)])),
                  f"{ADDRESS} {LEARNT}, not")

    def test_the_learnt_before_the_configured(self):
        s = moved(also=[("garp", LEARNT)])
        self.only(s.found("n1", "n2", announces=[LEARNT, ADDRESS]),
                  f"at once: {LEARNT}, not {LEARNT} {ADDRESS}")

    def test_what_the_guest_alone_announces(self):
        s = moved()
        s.frame("n2", "garp", 42, ADDRESS)
        s.frame("n2", "na", 86, "fd77::64")
        self.only(self.found_of(s, "fd77::64"), "announced at once")

    def test_a_learnt_one_that_comes_later_only(self):
        s = moved()
        s.frame("n2", "rarp", 60)
        s.frame("n2", "na", 86, "fd77::64")
        self.only(self.found_of(s, "fd77::64"), "announced at once")


class Names(unittest.TestCase):
    """What the watch calls a frame."""
    GUEST = bytes.fromhex("525400000064")
    ALL = b"\xff" * 6

    def arp(self, kind, sender, target):
        return self.ALL + self.GUEST + bytes.fromhex(kind) + bytes.fromhex(
            "0001080006040001") + self.GUEST + bytes(map(
                int, sender.split("."))) + bytes(6) + bytes(map(
                    int, target.split("."))) + bytes(18)

    def nd(self, kind, flags):
        return self.ALL + self.GUEST + bytes.fromhex("86dd60000000") + \
            struct.pack(">HBB", 32, 58, 255) + bytes(32) + bytes(
                [kind, 0, 0, 0, flags, 0, 0, 0]) + bytes.fromhex(
                    "fd77" + "00" * 13 + "64") + bytes(8)

    def test_rarp(self):
        frame = self.arp("8035", "0.0.0.0", "0.0.0.0")
        self.assertEqual(portwatch.name_of(frame), ("rarp", "-"))

    def test_arp(self):
        frame = self.arp("0806", ADDRESS, "10.77.0.1")
        self.assertEqual(portwatch.name_of(frame), ("arp", ADDRESS))

    def test_gratuitous(self):
        frame = self.arp("0806", ADDRESS, ADDRESS)
        self.assertEqual(portwatch.name_of(frame), ("garp", ADDRESS))

    def test_neighbours(self):
        for kind, flags, name in ((136, 0x20, "na"), (136, 0x60, "answer"),
                                  (135, 0, "ns")):
            self.assertEqual(portwatch.name_of(self.nd(kind, flags)),
                             (name, "fd77::64"))

    def test_talk(self):
        # 8 bytes up to UDP's number, 10 up to UDP; its ports, length, checksum
        frame = self.ALL + self.GUEST + bytes.fromhex("080045") + bytes(
            8) + b"\x11" + bytes(10) + bytes.fromhex("9c40000900000000")
        self.assertEqual(portwatch.name_of(frame + b"talk 12 0123abcd"),
                         ("talk", "12/0123abcd"))

    def test_cut_short(self):
        frame = self.nd(136, 0x20)
        for n in range(14, len(frame)):
            portwatch.name_of(frame[:n])


if __name__ == "__main__":
    unittest.main()
