#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""hamctl watch: what stands on the screen, and that it is given back."""
import json
import os
import signal
import sys
import termios
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from fake_hamd import MIB, guest, migration, status  # noqa: E402
from hamctl_test import HAMCTL, HamctlTest  # noqa: E402
from pty_screen import Terminal  # noqa: E402


def moving(name, txn, **changes):
    return guest(name, state="migrating", migration=migration(
        txn=txn, **{"disk": 256, "ram": 128, "done_permille": 430,
                    "eta_min_ms": 8000, "eta_max_ms": 15000,
                    "pause_min_ms": 30, "pause_max_ms": 60, **changes}))


def copying(name, node, done=128):
    return guest(name, replicas_wanted=1, replicas=[
        {"node": node, "state": "syncing", "generation": 3,
         "done_bytes": done * MIB, "total_bytes": 512 * MIB,
         "rate_bytes_per_s": 40 * MIB, "eta_min_ms": 9000,
         "eta_max_ms": 9500}])


def event(seq, name, **data):
    return {"event": name,
            "timestamp": {"seconds": 1700000000 + seq, "microseconds": 0},
            "data": {"seq": seq, "node": "n1", "text": name.lower(), **data}}


class WatchTest(HamctlTest):
    def setUp(self):
        super().setUp()
        self.state = status([guest("db")])
        self.fake.answers.update({
            "status": lambda c, a: self.state,
            "events-list": {"events": []}})

    def watch(self, *words, rows=24, columns=80, **environment):
        env = {"PATH": os.environ["PATH"], "HAMD_SOCKET": self.path,
               "TZ": "UTC", "LC_ALL": "C.UTF-8", "TERM": "xterm",
               **environment}
        return Terminal(self, [HAMCTL, "watch", *words], env, rows, columns)


class OnATerminal(WatchTest):
    def leave(self, terminal, code):
        self.assertEqual(terminal.wait_for_end(), code)
        self.assertFalse(terminal.screen.alternate)
        self.assertTrue(terminal.screen.cursor)
        self.assertEqual(termios.tcgetattr(terminal.slave)[3],
                         terminal.settings[3])

    def test_whole_screen(self):
        self.state = status(
            [moving("web1", "12"),
             moving("mail", "13", done_permille=120, eta_min_ms=-1,
                    eta_max_ms=-1, throttle_percent=20, forecast="never",
                    needs_bytes_per_s=120 * MIB, needs_pause_ms=800),
             copying("db", "n3"),
             guest("old", state="failed", reason="QEMU exited with 1")],
            warnings=["disk of n2 is old"])
        self.state["nodes"][2].update(online=False, member=False)
        self.fake.answers["events-list"] = {"events": [
            event(3, "QUORUM"), event(4, "GUEST_FAILED", guest="old")]}
        terminal = self.watch()
        lines = terminal.wait_for_text("mail n1 -> n2")
        self.assertTrue(terminal.screen.alternate)
        self.assertFalse(terminal.screen.cursor)
        self.assertEqual(lines[:6], [
            "cluster lab: 3 of 3 nodes, quorate, leader n1, ring 1.48",
            "WARNING: disk of n2 is old",
            "",
            "nodes: n1 online, n2 online, n3 offline",
            "4 guests: 2 migrating, 1 running, 1 failed",
            "db is running with fewer current replicas than wanted"])
        self.assertTrue(lines[6].startswith("old is failed"), lines[6])
        self.assertRegex(lines[8], r"^web1 n1 -> n2    copy \[#+\.+\] 43% "
                                   r"disk 256/512 MiB ETA +\d+-1\d s "
                                   r"pause 30-60 ms")
        self.assertRegex(lines[9], r"^mail n1 -> n2    copy \[#*\.+\] 12% .*"
                                   r"pause 30-60 ms throttle 20%")
        self.assertEqual(lines[10].strip(),
                         "needs 120 MiB/s or a pause of 800 ms")
        self.assertRegex(lines[11], r"^db replica on n3 copy \[#+\.+\] 2\d% "
                                    r"disk 128/512 MiB +40 MiB/s")
        self.assertEqual(lines[13:15], [
            "22:13:23.000  n1  QUORUM  quorum",
            "22:13:24.000  n1  GUEST_FAILED  old  guest_failed"])
        self.assertEqual(lines[-1], "q: quit   asked: n1, hamd 0.1.0")
        terminal.press("q")
        self.leave(terminal, 0)

    def test_percent_never_falls_between_statuses(self):
        self.state = status([moving("web1", "12")])
        terminal = self.watch()
        terminal.wait_for_text(" 43%")
        self.state = status([moving("web1", "12", done_permille=110)])
        count = len(self.fake.asked("status"))
        self.fake.event("ALARM", text="look now")
        self.fake.wait_for("status", count + 1)
        terminal.wait_for_text("look now")
        # what it has asked for by now was drawn before it asks again
        self.fake.wait_for("status", count + 3)
        lines = terminal.wait_for_text("look now")
        self.assertTrue(any(" 43%" in line for line in lines), lines)
        # another migration begins anew
        self.state = status([moving("web1", "14", done_permille=110)])
        terminal.wait_for_text(" 11%")

    def test_progress_event_moves_the_bar_at_once(self):
        def hang(_connection, _arguments):
            return None if len(self.fake.asked("status")) > 1 else status(
                [moving("web1", "12"), moving("web2", "12")])
        self.fake.answers["status"] = hang
        terminal = self.watch()
        terminal.wait_for_text("web2 n1 -> n2")
        self.fake.event("MIGRATION_PROGRESS", guest="web2",
                        **migration(done_permille=770, eta_max_ms=-1))
        lines = terminal.wait_for_text(" 77%")
        self.assertEqual([" 77%" in line for line in lines
                          if "n1 -> n2" in line], [False, True])

    def test_new_size_is_taken_while_hamd_does_not_answer(self):
        self.fake.answers["status"] = lambda c, a: (
            self.state if len(self.fake.asked("status")) == 1 else None)
        terminal = self.watch()
        self.fake.wait_for("status", 2)
        terminal.wait_for_text("asked: n1")
        terminal.resize(10, 60)
        lines = terminal.wait_for(lambda lines: lines[-1])
        self.assertEqual(lines[-1], "q: quit   asked: n1, hamd 0.1.0")

    def test_events_scroll_at_the_bottom(self):
        terminal = self.watch(rows=10)
        terminal.wait_for_text("q: quit")
        self.fake.wait_for("status")
        for n in range(30):
            self.fake.event("ALARM", text="number %d" % n)
        lines = terminal.wait_for_text("number 29")
        self.assertEqual([line.split()[-1] for line in lines[3:-1]],
                         ["24", "25", "26", "27", "28", "29"])

    def test_many_migrations_are_counted(self):
        self.state = status([moving("g%02d" % i, str(i)) for i in range(60)],
                            warnings=["w1", "w2"])
        terminal = self.watch()
        lines = terminal.wait_for_text("g00 n1 -> n2")
        shown = [l for l in lines if "n1 -> n2" in l]
        self.assertEqual(lines[0][:11], "cluster lab")
        self.assertIn("... and %d more" % (60 - len(shown)), lines)
        self.assertGreater(len(shown), 10)
        self.assertTrue(any(l.startswith("WARNING") for l in lines))

    def test_any_size_will_do(self):
        self.state = status([moving("web1", "12"), copying("db", "n3")],
                            warnings=["a warning of some length"])
        terminal = self.watch()
        terminal.wait_for_text("q: quit")
        for rows, columns in ((1, 1), (2, 7), (3, 20), (5, 300), (60, 13),
                              (24, 80)):
            terminal.resize(rows, columns)
            terminal.wait_for(lambda lines: lines[0].startswith(
                "cluster lab"[:columns]))
        terminal.wait_for_text("web1 n1 -> n2")

    def test_text_cannot_drive_the_terminal(self):
        self.state = status([moving("a\x1b[2Jb", "12")],
                            warnings=["c\x1b[31md"], node="e\x1b[1mf")
        self.fake.answers["events-list"] = {
            "events": [event(1, "ALARM", text="g\x07h")]}
        terminal = self.watch()
        terminal.wait_for_text("a?[2Jb n1 -> n2")
        terminal.wait_for_text("WARNING: c?[31md")
        terminal.wait_for_text("g?h")
        terminal.wait_for_text("asked: e?[1mf")

    def test_control_c_and_signals_give_the_screen_back(self):
        terminal = self.watch()
        terminal.wait_for_text("q: quit")
        terminal.press("\x03")
        self.leave(terminal, 128 + signal.SIGINT)
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            terminal = self.watch()
            terminal.wait_for_text("q: quit")
            terminal.process.send_signal(number)
            self.leave(terminal, 128 + number)

    def test_end_of_its_time_is_no_error(self):
        self.leave(self.watch("--timeout", "0.5"), 0)

    def test_other_keys_do_nothing(self):
        terminal = self.watch()
        terminal.wait_for_text("q: quit")
        terminal.press("x\x1b[A\n")
        count = len(self.fake.asked("status"))
        self.fake.wait_for("status", count + 2)
        self.assertIsNone(terminal.process.poll())
        self.assertNotIn("x", terminal.screen.lines()[-1])

    def test_control_z_gives_the_screen_back_for_a_while(self):
        terminal = self.watch()
        terminal.wait_for_text("q: quit")
        terminal.press("\x1a")
        with terminal.changed:
            self.assertTrue(terminal.changed.wait_for(
                lambda: not terminal.screen.alternate, 30))
        os.waitid(os.P_PID, terminal.process.pid, os.WSTOPPED)
        terminal.process.send_signal(signal.SIGCONT)
        terminal.wait_for_text("q: quit")
        self.assertTrue(terminal.screen.alternate)

    def test_quit_while_hamd_does_not_answer(self):
        self.fake.answers["status"] = lambda c, a: None
        terminal = self.watch()
        self.fake.wait_for("status")
        terminal.press("q")
        self.leave(terminal, 0)

    def test_it_goes_on_with_a_hamd_that_comes_back(self):
        self.fake.answers["events-list"] = {
            "events": [event(5, "ALARM", text="before")]}
        self.fake.seq = 5
        terminal = self.watch()
        terminal.wait_for_text("before")
        self.fake.stop()
        lines = terminal.wait_for_text("connection to hamd lost")
        self.assertIn("cluster lab", lines[0])
        self.state = status([guest("new")], node="n2")
        self.fake.seq = 0
        self.fake.answers["events-list"] = {
            "events": [event(1, "ALARM", text="after")]}
        self.fake.start()
        lines = terminal.wait_for_text("after")
        self.assertIn("before", "\n".join(lines))
        terminal.wait_for_text("asked: n2")
        self.assertNotIn("since", self.fake.asked("events-list")[-1])

    def test_what_happened_meanwhile_is_asked_for(self):
        self.fake.answers["events-follow"] = {"next": 6}
        self.fake.answers["events-list"] = {
            "events": [event(5, "ALARM", text="once")]}
        terminal = self.watch()
        terminal.wait_for_text("once")
        self.fake.answers["events-follow"] = {"next": 7}
        self.fake.answers["events-list"] = {
            "events": [event(5, "ALARM", text="once"),
                       event(6, "ALARM", text="meanwhile")]}
        self.fake.stop()
        terminal.wait_for_text("connection to hamd lost")
        self.fake.start()
        lines = terminal.wait_for_text("meanwhile")
        self.assertEqual(sum("once" in line for line in lines), 1)
        self.assertEqual(self.fake.asked("events-list")[-1]["since"], 5)

    def test_answers_without_their_members_do_no_harm(self):
        self.state = {}
        terminal = self.watch()
        terminal.wait_for_text("asked: ,")
        for answer in ({"guests": [{}, 1, None, {"migration": {},
                                                 "replicas": [{}, 5]}],
                        "nodes": [[], {}], "quorum": 7, "warnings": [{}]},
                       status([])):
            self.state = answer
            count = len(self.fake.asked("status"))
            self.fake.wait_for("status", count + 2)
        terminal.wait_for_text("cluster lab")

    def test_refusal_is_said_on_the_screen_of_before(self):
        self.refuse("status", "NotPermitted", "you may not")
        terminal = self.watch()
        self.leave(terminal, 1)
        self.assertIn("hamctl: you may not", terminal.screen.lines())


class Elsewhere(WatchTest):
    def begin_watch(self, *words):
        """Ends by itself, so that a line that never comes fails the test."""
        return self.begin("watch", "--timeout", "60", *words)

    def end(self, terminal):
        terminal.process.terminate()
        self.assertEqual(terminal.wait_for_end(), 128 + signal.SIGTERM)

    def test_no_hamd(self):
        self.fake.stop()
        got = self.hamctl("watch")
        self.assertEqual(got.code, 3)
        self.assertIn("is hamd running?", got.err)
        self.assertEqual(got.out, "")

    def test_new_lines_only(self):
        process = self.begin_watch()
        lines = iter(process.stdout.readline, "")
        self.assertEqual([next(lines) for _ in range(3)], [
            "cluster lab: 3 of 3 nodes, quorate, leader n1, ring 1.48\n",
            "nodes: n1 online, n2 online, n3 online\n",
            "1 guest: 1 running\n"])
        self.fake.wait_for("status", 3)
        self.state = status([moving("web1", "12", elapsed_ms=2000)])
        self.assertEqual(next(lines), "1 guest: 1 migrating\n")
        # the clock is read again when it is printed
        self.assertRegex(
            next(lines), r"^web1 n1 -> n2: copy 43%, disk 256/512 MiB, RAM "
            r"128/256 MiB, 95 MiB/s, ETA \d+-1\d s, pause 30-60 ms, pass 1, "
            r"\d+\.\d s$")
        process.terminate()
        process.communicate()
        self.assertEqual(process.returncode, 128 + signal.SIGTERM)

    def test_no_answer_is_said_once(self):
        self.fake.answers["status"] = lambda c, a: (
            self.state if len(self.fake.asked("status")) > 2 else None)
        process = self.begin_watch()
        process.stdout.readline()  # after two that were not answered
        process.terminate()
        _, err = process.communicate()
        self.assertEqual(err.count("\n"), 1, err)
        self.assertIn("hamd does not answer", err)

    def test_events_of_now_are_lines(self):
        self.fake.answers["events-follow"] = {"next": 8}
        self.fake.answers["events-list"] = {
            "events": [event(7, "ALARM", text="long ago")]}
        self.fake.seq = 7
        process = self.begin_watch()
        first = [process.stdout.readline() for _ in range(3)]
        self.assertEqual(first[2], "1 guest: 1 running\n", first)
        self.fake.event("ALARM", text="now")
        self.assertRegex(process.stdout.readline(),
                         r"^\d\d:\d\d:\d\d\.\d{3}  n1  ALARM  now$")

    def test_dumb_terminal_gets_lines(self):
        terminal = self.watch(TERM="dumb")
        terminal.wait_for_text("1 guest: 1 running")
        self.end(terminal)

    def test_json_is_each_status_that_differs(self):
        process = self.begin_watch("--json")
        first = json.loads(process.stdout.readline())
        self.assertEqual(first, self.state)
        self.fake.wait_for("status", 3)
        self.state = status([guest("other")])
        self.assertEqual(json.loads(process.stdout.readline()), self.state)

    def test_json_on_a_terminal_is_json(self):
        self.state = {"a": 1}
        terminal = self.watch("--json")
        terminal.wait_for_text('{"a":1}')
        self.end(terminal)

    def test_reconnects(self):
        process = self.begin_watch()
        process.stdout.readline()
        self.fake.stop()
        self.assertIn("lost", process.stderr.readline())
        self.state = status([guest("other", state="stopped",
                                   wanted="stopped")])
        self.fake.start()
        for line in process.stdout:
            if line == "1 guest: 1 stopped\n":
                break
        else:
            self.fail("it ended")


if __name__ == "__main__":
    unittest.main()
