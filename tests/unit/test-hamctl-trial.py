#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""hamctl guest migrate --dry-run: what a migration would be like."""
import os
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from hamctl_test import HamctlTest  # noqa: E402

MIB = 1 << 20


def check(name, source, destination, ok=True, why=""):
    return {"check": name, "source": source, "destination": destination,
            "ok": ok, "why": why}


def forecast(**changes):
    f = {"duration_min_ms": 2000, "duration_max_ms": 5500,
         "pause_min_ms": 12, "pause_max_ms": 70, "disk_bytes": 512 * MIB,
         "ram_bytes": 128 * MIB, "rate_bytes_per_s": 800 * MIB,
         "throttle_percent": 0, "needs_bytes_per_s": 0, "needs_pause_ms": 0}
    f.update(changes)
    return f


def live(node, **changes):
    c = {"node": node, "verdict": "live", "live": True,
         "why": "it writes 4.0 MiB/s of memory and 800 MiB/s are copied",
         "checks": [check("memory", "256 MiB", "4000 MiB left, 64 MiB reserved"),
                    check("QEMU", "10.0.2", "10.0.1", why="older"),
                    check("lan: MTU", "1500", "1500")],
         "forecast": forecast()}
    c.update(changes)
    return c


def refused(node):
    c = live(node, verdict="refused", live=False, why="no bridge br0")
    c["checks"].append(check("lan: bridge", "br0", "", False, "no bridge br0"))
    del c["forecast"]
    return c


def answer(*candidates, best=None, errors=()):
    return {"guest": "web1", "from": "n1", "best": best,
            "candidates": list(candidates), "errors": list(errors)}


class Trial(HamctlTest):
    def ask(self, told, *words):
        self.fake.answers["guest-trial"] = told
        return self.hamctl("guest", "migrate", "web1", *words, "--dry-run")

    def test_one_that_fits(self):
        got = self.ask(answer(live("n2"), best="n2"), "n2")
        self.assertEqual(got.lines, [
            "CHECK     SOURCE   DESTINATION                     OK  WHY",
            "memory    256 MiB  4000 MiB left, 64 MiB reserved  ok",
            "QEMU      10.0.2   10.0.1                          ok  older",
            "lan: MTU  1500     1500                            ok",
            "",
            "to copy:   512 MiB of disks, 128 MiB of memory, at 800 MiB/s",
            "duration:  2.0 s to 5.5 s",
            "pause:     12 ms to 70 ms",
            "web1 can be migrated live to n2: it writes 4.0 MiB/s of memory "
            "and 800 MiB/s are copied"])
        self.assertEqual((got.code, got.err), (0, ""))
        self.assertEqual(self.fake.questions,
                         [("guest-trial", {"name": "web1", "node": "n2"})])

    def test_one_that_does_not(self):
        got = self.ask(answer(refused("n2")), "n2")
        self.assertRegex(got.out, r"lan: bridge +br0 +- +no +no bridge br0\n")
        self.assertEqual(got.lines[-1], "web1 can't go to n2: no bridge br0")
        self.assertNotIn("duration", got.out)
        self.assertEqual(got.code, 1)

    def test_a_reboot_is_no_live_migration(self):
        got = self.ask(answer(live("n2", verdict="warm", live=False,
                                   why="it needs at least 900 MiB/s",
                                   forecast=forecast(duration_max_ms=-1)),
                              best="n2"), "n2")
        self.assertIn("duration:  at least 2.0 s\n", got.out)
        self.assertEqual(got.lines[-1],
                         "web1 can go to n2 only by a reboot: --mode warm: it "
                         "needs at least 900 MiB/s")
        self.assertEqual(got.code, 1)

    def test_one_that_is_stopped_may_go(self):
        got = self.ask(answer(live("n2", verdict="cold", live=False, why=""),
                              best="n2"), "n2")
        self.assertEqual((got.code, got.lines[-1]),
                         (0, "web1 is stopped, and can be moved to n2: "
                             "--mode cold"))

    def test_all_of_them(self):
        got = self.ask(answer(refused("n2"), live("n3"), best="n3",
                              errors=["its CPU"]))
        self.assertEqual(got.lines[0].split(),
                         ["BEST", "NODE", "VERDICT", "DURATION", "PAUSE",
                          "WHY"])
        self.assertRegex(got.out, r"\n- +n2 +refused +- +- +no bridge br0\n")
        self.assertRegex(got.out, r"\n\* +n3 +live +2.0 s to 5.5 s +12 ms to ")
        self.assertIn("not found out: its CPU\n", got.out)
        self.assertIn("web1 can be migrated live to n3", got.lines[-1])
        self.assertEqual(got.code, 0)
        self.assertEqual(self.fake.questions,
                         [("guest-trial", {"name": "web1"})])

    def test_none_of_them(self):
        got = self.ask(answer(refused("n2"), refused("n3")))
        self.assertEqual((got.code, got.lines[-1]),
                         (1, "web1 can't go to any node"))

    def test_one_that_is_silent(self):
        got = self.ask(answer({"node": "n2", "verdict": "unknown",
                               "live": False, "why": "n2 did not answer",
                               "checks": []}), "n2")
        self.assertEqual((got.code, got.lines),
                         (1, ["web1 may or may not be able to go to n2: n2 did "
                              "not answer"]))

    def test_the_answer_as_it_is(self):
        told = answer(live("n2"), best="n2")
        got = self.ask(told, "n2", "--json")
        self.assertEqual((got.code, got.objects()), (0, [told]))

    def test_refused_by_hamd(self):
        self.refuse("guest-trial", "Refused", "it is being migrated")
        got = self.hamctl("guest", "migrate", "web1", "--dry-run")
        self.assertEqual((got.code, got.err),
                         (1, "hamctl: it is being migrated\n"))

    def test_an_answer_about_another(self):
        got = self.ask(answer(live("n3")), "n2")
        self.assertEqual((got.code, got.out), (1, ""))
        self.assertIn("says nothing of n2", got.err)

    def test_what_makes_no_sense_with_it(self):
        for word in (["--mode", "warm"], ["--no-wait"]):
            got = self.hamctl("guest", "migrate", "web1", "--dry-run", *word)
            self.assertEqual((got.code, got.out), (2, ""))
            self.assertIn("exclude each other", got.err)
        self.assertEqual(self.fake.questions, [])


if __name__ == "__main__":
    unittest.main()
