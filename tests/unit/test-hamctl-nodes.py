#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""hamctl and nodes: list, drain, undrain, evacuate, disarm; cluster stop."""
import os
import pty
import signal
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from fake_hamd import Refusal, guest, result, status  # noqa: E402
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


class Disarm(HamctlTest):
    def setUp(self):
        super().setUp()
        self.nodes = status([])["nodes"]
        for node in self.nodes:
            node.update(states=[], armed=True)
        self.fake.answers["node-list"] = lambda c, a: {"nodes": self.nodes}
        self.fake.answers["node-disarm"] = {}
        self.fake.answers["node-arm"] = {}

    def test_done_when_the_watchdog_is_closed(self):
        process = self.begin("node", "disarm", "n1", "--for", "60")
        self.fake.wait_for("node-list")
        self.nodes[0].update(states=["disarmed"])
        self.fake.event("NODE_STATE", about="n1")
        self.fake.wait_for("node-list", 3)
        self.assertIsNone(process.poll())
        self.nodes[0].update(armed=False)
        got = Ended(process)
        self.assertEqual(got.code, 0)
        self.assertRegex(got.out, "^n1: disarmed for 60 s: ")
        self.assertEqual(self.fake.asked("node-disarm"),
                         [{"node": "n1", "seconds": 60}])

    def test_not_done_in_time(self):
        got = self.hamctl("node", "disarm", "n1", "--timeout", "0.3")
        self.assertEqual(got.code, 7)
        self.assertRegex(got.err, "^hamctl: n1: it is ordered, but not done")

    def test_json_is_the_answer_and_the_end(self):
        self.nodes[0].update(states=["disarmed"], armed=False)
        got = self.hamctl("node", "disarm", "n1", "--json")
        self.assertEqual([list(o) for o in got.objects()], [[], ["nodes"]])

    def test_armed_again(self):
        got = self.hamctl("node", "arm", "n1")
        self.assertEqual((got.code, got.out),
                         (0, "n1: not disarmed any more\n"))

    def test_refused(self):
        self.refuse("node-arm", "Refused", "n1: it is not disarmed")
        got = self.hamctl("node", "arm", "n1")
        self.assertEqual((got.code, got.err),
                         (1, "hamctl: n1: it is not disarmed\n"))


class Cluster(HamctlTest):
    def setUp(self):
        super().setUp()
        self.guests = [guest("db1", state="running"),
                       guest("web1", state="running")]
        self.fake.answers["node-list"] = {"nodes": status([])["nodes"]}
        self.fake.answers["guest-list"] = lambda c, a: {"guests": self.guests}
        self.fake.answers["node-halt"] = {}
        self.fake.answers["node-unhalt"] = {}

    def test_stops_when_the_last_one_is_down(self):
        process = self.begin("cluster", "stop", "--yes")
        self.fake.wait_for("guest-list")
        self.guests = [guest("db1", state="halted"),
                       guest("web1", state="recovering")]
        self.fake.event("GUEST_STOPPED", guest="db1")
        self.fake.wait_for("guest-list", 3)
        self.assertIsNone(process.poll())
        self.guests[1].update(state="halted")
        got = Ended(process)
        self.assertEqual(got.code, 0)
        self.assertEqual(got.lines[:2], ["db1: stopped", "web1: stopped"])
        self.assertRegex(got.lines[2], "^no guest runs: ")
        self.assertEqual(self.fake.asked("node-halt"),
                         [{"node": "n1"}, {"node": "n2"}, {"node": "n3"}])

    def test_who_does_not_stop_is_named(self):
        got = self.hamctl("cluster", "stop", "--yes", "--timeout", "0.3")
        self.assertEqual(got.code, 7)
        self.assertRegex(got.err, r"not stopped yet: db1 \(running\), "
                         r"web1 \(running\); hamctl guest stop NAME --kill")

    def test_refused_half_way(self):
        def halt(_connection, arguments):
            if arguments["node"] == "n2":
                raise Refusal("NoQuorum", "no decisions are possible")
            return {}
        self.fake.answers["node-halt"] = halt
        got = self.hamctl("cluster", "stop", "--yes")
        self.assertEqual(got.code, 4)
        self.assertIn("that was said of n2", got.err)
        self.assertIn("hamctl cluster start", got.err)
        self.assertEqual(self.fake.asked("guest-list"), [])

    def test_start(self):
        got = self.hamctl("cluster", "start")
        self.assertEqual(got.code, 0)
        self.assertEqual(len(self.fake.asked("node-unhalt")), 3)


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
