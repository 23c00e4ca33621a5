#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""hamctl and nodes: list, drain, undrain, evacuate."""
import os
import pty
import signal
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from fake_hamd import result, status  # noqa: E402
from hamctl_test import DEADLINE_S, HAMCTL, Ended, HamctlTest  # noqa: E402


def leave(name, to="n2", **changes):
    one = {"name": name, "action": "live" if to else "stays", "to": to,
           "why": "", "priority": 50, "runs": True}
    one.update(changes)
    return one


class List(HamctlTest):
    def test_table(self):
        nodes = status([])["nodes"]
        for node in nodes:
            node.update(states=[], reason="", guests=0, guest_memory_bytes=0)
        nodes[0].update(guests=2, guest_memory_bytes=3 << 30)
        nodes[1].update(states=["drained", "unhealthy"],
                        reason="load: 12.0, at most 4.0")
        nodes[2].update(online=False, member=False)
        self.fake.answers["node-list"] = {"nodes": nodes}
        got = self.hamctl("node", "list")
        self.assertEqual(got.lines, [
            "NODE  STATE               ROLE     GUESTS  MEMORY  REASON",
            "n1    online              guests        2   3 GiB",
            "n2    drained, unhealthy  guests        0     0 B  "
            "load: 12.0, at most 4.0",
            "n3    offline             witness       0     0 B"])
        self.assertEqual((got.code, got.err), (0, ""))

    def test_status_says_it_too(self):
        cluster = status([])
        cluster["nodes"][0]["states"] = ["quarantined"]
        self.fake.answers["status"] = cluster
        got = self.hamctl("status")
        self.assertRegex(got.out, r"n1 +1 +quarantined +guests")


class Undrain(HamctlTest):
    def test_guests_stay_or_return(self):
        self.fake.answers["node-undrain"] = {}
        got = self.hamctl("node", "undrain", "n1")
        self.assertEqual((got.code, got.out),
                         (0, "n1: not drained any more\n"))
        got = self.hamctl("node", "undrain", "n1", "--return")
        self.assertIn("come back", got.out)
        self.assertEqual(self.fake.asked("node-undrain"),
                         [{"node": "n1", "guests": "stay"},
                          {"node": "n1", "guests": "return"}])

    def test_refused(self):
        self.refuse("node-undrain", "Refused", "n1 takes guests already")
        got = self.hamctl("node", "undrain", "n1")
        self.assertEqual((got.code, got.err),
                         (1, "hamctl: n1 takes guests already\n"))


class Drain(HamctlTest):
    def setUp(self):
        super().setUp()
        self.plan = {"node": "n1", "states": [], "reason": "",
                     "guests": [leave("db1"), leave("web1", "n3")]}
        self.fake.answers["node-plan"] = lambda c, a: self.plan
        self.fake.answers["node-drain"] = self.drained

    def drained(self, _connection, _arguments):
        self.plan["states"] = ["drained"]
        return {}

    def stay(self, *guests):
        self.plan = dict(self.plan, guests=list(guests))

    def looks_again(self, act):
        """Does something that makes hamctl ask for the plan once more."""
        before = len(self.fake.asked("node-plan"))
        act()
        with self.fake.heard:
            self.assertTrue(self.fake.heard.wait_for(
                lambda: sum(c == "node-plan" for c, _ in
                            self.fake.questions) > before, DEADLINE_S))

    def begin_drain(self, *words):
        process = self.begin("node", *words)
        self.fake.wait_for("node-drain")
        self.fake.wait_for("node-plan", 2)
        return process

    def test_plan_order_progress_end(self):
        process = self.begin_drain("drain", "n1")
        self.fake.event("MIGRATION_PHASE", guest="db1", txn="12",
                        phase="copy")
        self.stay(leave("web1", "n3"))
        self.looks_again(lambda: self.fake.event(
            "MIGRATION_DONE", guest="db1", **result()))
        self.looks_again(lambda: self.fake.event(
            "DRAIN_WAITS", guest="web1", text="no bridge"))
        self.stay()
        self.fake.event("MIGRATION_DONE", guest="web1",
                        **result(txn="13", to="n3"))
        got = Ended(process)
        self.assertEqual(got.lines[:3],
                         ["n1: 2 guests, in this order:",
                          "  db1              live to n2",
                          "  web1             live to n3"])
        self.assertIn("db1: copy 0%", got.out)
        self.assertIn("db1: n1 -> n2 in 2.1 s", got.out)
        self.assertIn("web1: could not leave yet: no bridge", got.out)
        self.assertRegex(got.lines[-1], r"\An1: empty after .*s\Z")
        self.assertEqual((got.code, got.err), (0, ""))
        self.assertEqual([c for c, _ in self.fake.questions[:3]],
                         ["node-plan", "events-follow", "node-drain"])

    def test_the_last_result_is_waited_for(self):
        process = self.begin_drain("drain", "n1")
        self.fake.event("MIGRATION_PHASE", guest="web1", txn="13",
                        phase="handover")
        self.stay()
        self.looks_again(lambda: self.fake.event(
            "MIGRATION_DONE", guest="db1", **result()))
        self.fake.event("MIGRATION_DONE", guest="web1",
                        **result(txn="13", to="n3"))
        got = Ended(process)
        self.assertIn("web1: n1 -> n3 in 2.1 s", got.lines[-2])
        self.assertIn("n1: empty", got.lines[-1])

    def test_who_cannot_leave_ends_a_drain(self):
        self.stay(leave("db1", "", why="no other node can take it"),
                  leave("off", "", why="it is stopped", runs=False))
        got = self.hamctl("node", "drain", "n1", "--yes")
        self.assertIn("  db1              stays: no other node can take it",
                      got.out)
        self.assertEqual(
            (got.code, got.err),
            (1, "hamctl: n1: not empty, it stays drained and hamd tries "
                "again; db1: no other node can take it\n"))

    def test_evacuate_waits_for_it(self):
        self.stay(leave("db1", "", why="no other node can take it"))
        process = self.begin_drain("evacuate", "n1", "--yes")
        self.looks_again(lambda: self.fake.event(
            "DRAIN_WAITS", guest="db1", text="no other node"))
        self.stay(leave("off", "", why="it is stopped", runs=False))
        self.fake.event("MIGRATION_DONE", guest="db1", **result())
        got = Ended(process)
        self.assertEqual(got.code, 0)
        self.assertIn("n1: empty after", got.out)

    def test_time_is_up(self):
        self.stay(leave("db1", "", why="no other node can take it"))
        got = self.hamctl("node", "evacuate", "n1", "--timeout", "0.3")
        self.assertEqual(got.code, 7)
        self.assertIn("the drain goes on", got.err)

    def test_called_off_by_another(self):
        process = self.begin_drain("drain", "n1")
        self.plan["states"] = []
        self.fake.event("NODE_STATE", about="n1", text="n1 takes guests")
        got = Ended(process)
        self.assertEqual(got.code, 6)
        self.assertIn("called off, guests are left there: 2", got.err)

    def test_no_wait(self):
        got = self.hamctl("node", "drain", "n1", "--no-wait")
        self.assertEqual((got.code, got.lines[-1]),
                         (0, "n1: drain ordered"))
        self.assertNotIn("events-follow",
                         [c for c, _ in self.fake.questions])

    def test_interrupted(self):
        process = self.begin_drain("drain", "n1")
        process.send_signal(signal.SIGINT)
        got = Ended(process)
        self.assertEqual(got.code, 130)
        self.assertIn("hamctl node undrain n1\n", got.err)

    def test_refused(self):
        self.refuse("node-drain", "Refused", "n3 is a witness")
        got = self.hamctl("node", "drain", "n3")
        self.assertEqual((got.code, got.err), (1, "hamctl: n3 is a witness\n"))

    def test_hamd_is_back(self):
        process = self.begin_drain("drain", "n1")
        self.stay()
        self.fake.stop()
        self.fake.start()
        got = Ended(process)
        self.assertIn("connection to hamd lost", got.err)
        self.assertEqual(got.code, 0)

    def test_json(self):
        self.stay()
        got = self.hamctl("node", "drain", "n1", "--json")
        self.assertEqual([sorted(o) for o in got.objects()],
                         [["guests", "node", "reason", "states"], [],
                          ["guests", "node", "reason", "states"]])

    def ask_on_a_terminal(self, answer):
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        process = subprocess.Popen(
            [HAMCTL, "node", "drain", "n1"], stdin=slave,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={"PATH": os.environ["PATH"], "HAMD_SOCKET": self.path})
        os.close(slave)
        self.addCleanup(process.kill)
        os.write(master, answer)
        out, err = process.communicate(timeout=DEADLINE_S)
        return process.returncode, out, err

    def test_a_person_is_asked(self):
        self.stay()
        code, _, err = self.ask_on_a_terminal(b"n\n")
        self.assertEqual(code, 1)
        self.assertIn("Drain n1? [y/N] ", err)
        self.assertEqual(self.fake.asked("node-drain"), [])
        code, out, _ = self.ask_on_a_terminal(b"y\n")
        self.assertEqual(code, 0)
        self.assertIn("n1: empty", out)


if __name__ == "__main__":
    unittest.main()
