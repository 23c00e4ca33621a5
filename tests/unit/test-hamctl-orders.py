#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""hamctl orders and waits: start, stop, migrate, cancel, events."""
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from fake_hamd import guest, migration, result  # noqa: E402
from hamctl_test import DEADLINE_S, HAMCTL, Ended, HamctlTest  # noqa: E402


class OrderTest(HamctlTest):
    def setUp(self):
        super().setUp()
        self.guest = guest()
        self.fake.answers["guest-show"] = \
            lambda connection, arguments: {"guest": self.guest}

    def order(self, command, *words, answer=None, **environment):
        """Begins it and waits until hamctl has looked once."""
        self.fake.answers[command] = answer or {}
        process = self.begin(*words, **environment)
        self.fake.wait_for("guest-show")
        return process

    def asked_commands(self):
        return [command for command, _ in self.fake.questions]


class StartStop(OrderTest):
    def test_start_follows_first_then_waits_for_running(self):
        self.guest.update(state="starting", owner="n2")
        process = self.order("guest-start", "guest", "start", "web1",
                             "--node", "n2", answer={"epoch": 8})
        self.fake.event("GUEST_RUNNING", guest="web1", epoch=8)
        got = Ended(process)
        self.assertRegex(got.out, r"\Aweb1: running on n2 after .*s\n\Z")
        self.assertEqual((got.code, got.err), (0, ""))
        self.assertEqual(self.fake.questions[:2],
                         [("events-follow", {}),
                          ("guest-start", {"name": "web1", "node": "n2"})])

    def test_start_by_force(self):
        self.guest.update(state="running", owner="n2")
        self.fake.answers["guest-start"] = {"epoch": 8}
        got = self.hamctl("guest", "start", "web1", "--node", "n2", "--force")
        self.assertEqual(got.code, 0)
        self.assertEqual(self.fake.asked("guest-start"),
                         [{"name": "web1", "node": "n2", "force": True}])

    def test_start_of_a_running_guest_is_done(self):
        self.fake.answers["guest-start"] = {}
        got = self.hamctl("guest", "start", "web1")
        self.assertIn("web1: running on n1", got.out)
        self.assertEqual(got.code, 0)

    def test_start_that_fails(self):
        self.guest.update(state="starting")
        process = self.order("guest-start", "guest", "start", "web1")
        self.fake.event("GUEST_FAILED", guest="web1", reason="no memory")
        got = Ended(process)
        self.assertEqual((got.code, got.out, got.err),
                         (1, "", "hamctl: web1: did not start: no memory\n"))

    def test_old_news_and_other_guests_end_nothing(self):
        self.guest.update(state="starting")
        process = self.order("guest-start", "guest", "start", "web1",
                             answer={"epoch": 8})
        self.fake.event("GUEST_RUNNING", guest="web1", epoch=7)
        self.fake.event("GUEST_FAILED", guest="db", reason="another")
        self.fake.event("GUEST_FAILED", guest="web1", reason="the one")
        self.assertIn("the one", Ended(process).err)

    def test_start_that_waits_too_long_says_for_what(self):
        self.guest.update(state="stopped", waits_for="fencing of n3")
        process = self.order("guest-start", "guest", "start", "web1",
                             "--timeout", "0.3")
        got = Ended(process)
        self.assertRegex(got.err,
                         "hamctl: web1: not running after .* the start goes "
                         "on: web1 is stopped on n1, waits for fencing of n3")
        self.assertEqual(got.code, 7)

    def test_start_overruled_by_another_operator(self):
        self.guest.update(state="stopped", wanted="stopped")
        got = Ended(self.order("guest-start", "guest", "start", "web1"))
        self.assertIn("ordered to stop meanwhile", got.err)
        self.assertEqual(got.code, 1)

    def test_no_wait_returns_with_the_answer(self):
        self.fake.answers["guest-start"] = {"epoch": 8}
        got = self.hamctl("guest", "start", "web1", "--no-wait")
        self.assertEqual((got.code, got.out), (0, "web1: start ordered\n"))
        self.assertEqual(self.asked_commands(), ["guest-start"])

    def test_stop_modes(self):
        for words, mode, text in (([], "graceful", "stopped after"),
                                  (["--kill"], "kill", "killed after")):
            self.fake.questions.clear()
            process = self.order("guest-stop", "guest", "stop", "web1",
                                 *words)
            self.fake.event("GUEST_STOPPED", guest="web1", epoch=7,
                            clean=True)
            got = Ended(process)
            self.assertIn("web1: " + text, got.out)
            self.assertEqual(self.fake.asked("guest-stop"),
                             [{"name": "web1", "mode": mode}])

    def test_stop_that_was_not_clean(self):
        process = self.order("guest-stop", "guest", "stop", "web1")
        self.fake.event("GUEST_STOPPED", guest="web1", clean=False)
        self.assertIn("stopped, but not cleanly", Ended(process).out)

    def test_end_whose_event_was_lost_is_seen_by_looking(self):
        process = self.order("guest-stop", "guest", "stop", "web1")
        self.guest.update(state="stopped", wanted="stopped")
        got = Ended(process)
        self.assertIn("web1: stopped", got.out)
        self.assertEqual(got.code, 0)

    def test_guest_that_vanishes(self):
        process = self.order("guest-stop", "guest", "stop", "web1")
        self.refuse("guest-show", "NotFound", "no guest 'web1'")
        self.assertEqual(Ended(process).code, 5)

    def test_interrupt_says_that_it_goes_on(self):
        process = self.order("guest-stop", "guest", "stop", "web1")
        process.send_signal(signal.SIGTERM)
        got = Ended(process)
        self.assertEqual(got.err,
                         "hamctl: web1: the stop goes on without hamctl; to "
                         "look at it:\n  hamctl guest show web1\n")
        self.assertEqual(got.code, 128 + signal.SIGTERM)

    def test_interrupt_before_the_answer_promises_nothing(self):
        self.fake.answers["guest-stop"] = lambda c, a: None
        process = self.begin("guest", "stop", "web1")
        self.fake.wait_for("guest-stop")
        process.send_signal(signal.SIGINT)
        got = Ended(process)
        self.assertIn("may have taken the order", got.err)
        self.assertEqual(got.code, 130)

    def test_connection_lost_before_the_answer(self):
        self.fake.answers["guest-stop"] = lambda c, a: c.close()
        got = self.hamctl("guest", "stop", "web1")
        self.assertIn("hamd closed the connection", got.err)
        self.assertIn("may have taken the order", got.err)
        self.assertEqual(got.code, 3)

    def test_stream_as_json(self):
        process = self.order("guest-stop", "guest", "stop", "web1", "--json",
                             answer={"epoch": 9})
        self.fake.event("GUEST_STOPPING", guest="web1")
        self.fake.event("GUEST_STOPPING", guest="db")
        self.fake.event("GUEST_STOPPED", guest="web1", clean=True)
        got = Ended(process).objects()
        self.assertEqual(got[0], {"epoch": 9})
        self.assertEqual([(o["event"], o["data"]["seq"]) for o in got[1:]],
                         [("GUEST_STOPPING", 1), ("GUEST_STOPPED", 3)])


class Resize(OrderTest):
    ORDER = ("disk", "resize", "web1", "root", "1G")

    def resize(self):
        return self.order("disk-resize", *self.ORDER)

    def test_it_is_waited_for(self):
        process = self.resize()
        self.fake.event("DISK_RESIZED", guest="web1", epoch=7, text="done")
        got = Ended(process)
        self.assertIn("web1: the disk has its new size", got.out)
        self.assertIn(("disk-resize", {"name": "web1", "disk": "root",
                                       "size_bytes": 1 << 30}),
                      self.fake.questions)

    def test_why_it_is_not(self):
        process = self.resize()
        self.fake.event("DISK_NOT_RESIZED", guest="web1", epoch=7,
                        text="no room")
        got = Ended(process)
        self.assertEqual(got.code, 1)
        self.assertIn("not resized: no room", got.err)

    def test_a_size_that_is_none(self):
        for size in ("much", "513", "0"):
            got = self.hamctl("disk", "resize", "web1", "root", size)
            self.assertEqual(got.code, 2)
            self.assertIn("no size", got.err)


class Migrate(OrderTest):
    def migrate(self, *words, answer=None, **environment):
        return self.order("guest-migrate", *words, "guest", "migrate", "web1",
                          "n2", answer=answer or {"txn": "12"}, **environment)

    def phase(self, name, txn="12"):
        self.fake.event("MIGRATION_PHASE", guest="web1", txn=txn, phase=name)

    def progress(self, **figures):
        self.fake.event("MIGRATION_PROGRESS", guest="web1",
                        **migration(**figures))

    def end(self, **figures):
        r = result(**figures)
        self.fake.event("MIGRATION_DONE" if r["ok"] else "MIGRATION_FAILED",
                        guest="web1", **r)

    def test_plain_lines_and_the_result(self):
        process = self.migrate()
        self.phase("prepare")
        self.progress(disk=256, ram=128)
        self.phase("cutover")
        self.end()
        got = Ended(process)
        phases = [re.match(r"web1: (\w+) \d+%, ", line).group(1)
                  for line in got.lines[:-1]]
        self.assertEqual(sorted(set(phases), key=phases.index),
                         ["prepare", "copy", "cutover"])
        self.assertIn("copy 49%, disk 256/512 MiB, RAM 128/256 MiB, 95 MiB/s,"
                      " ETA 3 s, ", got.out)
        self.assertEqual(got.lines[-1],
                         "web1: n1 -> n2 in 2.1 s, guest stopped 43 ms, "
                         "607 MiB moved")
        self.assertEqual((got.code, got.err), (0, ""))
        self.assertEqual(self.fake.questions[:2],
                         [("events-follow", {}),
                          ("guest-migrate", {"name": "web1", "node": "n2"})])

    def test_the_mode_is_passed_on(self):
        process = self.migrate("--mode", "warm")
        self.end()
        self.assertEqual(Ended(process).code, 0)
        self.assertIn(("guest-migrate", {"name": "web1", "node": "n2",
                                         "mode": "warm"}),
                      self.fake.questions)

    def test_failure_gives_the_reason_and_where_the_guest_is(self):
        process = self.migrate()
        self.end(ok=False, reason="disk full on n2", total_ms=1200)
        got = Ended(process)
        self.assertEqual(got.err,
                         "hamctl: web1: n1 -> n2 failed after 1.2 s: disk "
                         "full on n2; web1 is running on n1\n")
        self.assertEqual((got.code, got.out), (6, ""))

    def test_reason_is_not_said_twice(self):
        process = self.migrate()
        self.guest["reason"] = "disk full on n2"
        self.end(ok=False, reason="disk full on n2")
        self.assertEqual(Ended(process).err.count("disk full"), 1)

    def test_end_without_figures(self):
        process = self.migrate()
        self.fake.event("MIGRATION_DONE", guest="web1")
        got = Ended(process)
        self.assertEqual((got.code, got.lines[-1]),
                         (0, "web1: moved to n2; hamd has no figures of it"))

    def test_refused_by_rule_or_quorum(self):
        for error_class, code in (("Refused", 1), ("NoQuorum", 4)):
            self.refuse("guest-migrate", error_class, "why")
            got = self.hamctl("guest", "migrate", "web1", "n2")
            self.assertEqual((got.code, got.err), (code, "hamctl: why\n"))

    def test_news_of_an_earlier_migration_is_not_ours(self):
        self.guest["last_migration"] = result(txn="11", ok=False, reason="old")
        process = self.migrate()
        self.phase("handover", txn="11")
        self.end(txn="11", ok=False, reason="old")
        self.phase("prepare")
        self.end()
        got = Ended(process)
        self.assertNotIn("handover", got.out)
        self.assertEqual(got.code, 0)

    def test_transaction_may_come_with_the_news(self):
        process = self.migrate(answer={"x": 1})
        self.progress(disk=1)
        self.end()
        self.assertEqual(Ended(process).code, 0)

    def test_stream_as_json(self):
        process = self.migrate("--json")
        self.phase("prepare")
        self.progress(disk=1)
        self.end()
        got = Ended(process)
        self.assertEqual([o.get("event", o) for o in got.objects()],
                         [{"txn": "12"}, "MIGRATION_PHASE",
                          "MIGRATION_PROGRESS", "MIGRATION_DONE"])
        self.assertEqual((got.code, got.err), (0, ""))

    def test_no_wait(self):
        self.fake.answers["guest-migrate"] = {"txn": "12"}
        got = self.hamctl("guest", "migrate", "web1", "n2", "--no-wait")
        self.assertEqual((got.code, got.out), (0, "web1: migration ordered\n"))

    def test_without_a_node_hamd_chooses_and_that_is_said(self):
        self.fake.answers["guest-migrate"] = {"txn": "12", "to": "n3"}
        process = self.begin("guest", "migrate", "web1")
        self.fake.wait_for("guest-show")
        self.end(to="n3")
        got = Ended(process)
        self.assertEqual(got.lines[0],
                         "web1: moving n1 -> n3, the best place for it")
        self.assertIn("web1: n1 -> n3 in 2.1 s", got.lines[-1])
        self.assertEqual(self.fake.asked("guest-migrate"), [{"name": "web1"}])
        got = self.hamctl("guest", "migrate", "web1", "--no-wait")
        self.assertEqual(got.out, "web1: migration to n3 ordered\n")

    def test_timeout_leaves_it_going(self):
        self.guest.update(state="migrating", migration=migration())
        got = Ended(self.migrate("--timeout", "0.3"))
        self.assertIn("the migration goes on: web1 is migrating", got.err)
        self.assertEqual(got.code, 7)

    def test_interrupt_tells_how_to_cancel(self):
        process = self.migrate()
        process.send_signal(signal.SIGINT)
        got = Ended(process)
        self.assertEqual(got.err.splitlines(),
                         ["hamctl: web1: the migration goes on without "
                          "hamctl; to cancel it:",
                          "  hamctl guest cancel web1"])
        self.assertEqual(got.code, 130)

    def test_hint_names_the_socket_that_was_given(self):
        process = self.migrate("--socket", self.path)
        process.send_signal(signal.SIGINT)
        self.assertIn("hamctl --socket %s guest cancel web1" % self.path,
                      Ended(process).err)

    def restart_hamd(self):
        self.fake.stop()
        self.fake.questions.clear()
        self.fake.start()

    def test_hamd_restarts_and_knows_the_result(self):
        process = self.migrate()
        self.guest["last_migration"] = result()
        self.restart_hamd()
        got = Ended(process)
        self.assertIn("connection to hamd lost", got.err)
        self.assertIn("guest stopped 43 ms", got.out)
        self.assertEqual(got.code, 0)
        self.assertNotIn("guest-migrate", self.asked_commands())

    def test_hamd_restarts_and_the_migration_goes_on(self):
        process = self.migrate()
        self.guest.update(state="migrating", migration=migration(disk=100))
        self.restart_hamd()
        self.fake.wait_for("guest-show")
        self.end()
        got = Ended(process)
        self.assertIn("disk 100/512 MiB", got.out)
        self.assertEqual(got.code, 0)

    def test_hamd_restarts_and_has_forgotten_the_result(self):
        for owner, code, text in (("n2", 0, "no figures"),
                                  ("n1", 6, "over without a result; web1 is "
                                            "running on n1")):
            self.guest["owner"] = "n1"
            process = self.migrate()
            self.guest["owner"] = owner
            self.restart_hamd()
            got = Ended(process)
            self.assertIn(text, got.out + got.err)
            self.assertEqual(got.code, code)
            self.fake.questions.clear()

    def test_hamd_does_not_come_back(self):
        process = self.migrate()
        self.fake.stop()
        got = Ended(process)
        self.assertIn("did not come back", got.err)
        self.assertEqual(got.err.splitlines()[-1], "  hamctl guest show web1")
        self.assertEqual(got.code, 3)

    def test_garbage_in_the_middle(self):
        process = self.migrate()
        for connection in list(self.fake.connections):
            connection.raw(b"{]\n")
        got = Ended(process)
        self.assertIn("no JSON object", got.err)
        self.assertEqual(got.code, 3)


class Cancel(OrderTest):
    def cancel(self, answer=None):
        self.guest["migration"] = migration()
        return self.order("guest-cancel", "guest", "cancel", "web1",
                          answer=answer or {"txn": "12"})

    def test_cancelled(self):
        process = self.cancel()
        self.guest["migration"] = None
        self.fake.event("MIGRATION_FAILED", guest="web1",
                        **result(ok=False, reason="cancelled"))
        got = Ended(process)
        self.assertEqual((got.code, got.out),
                         (0, "web1: migration cancelled; web1 is running on "
                             "n1\n"))

    def test_too_late(self):
        process = self.cancel()
        self.fake.event("MIGRATION_DONE", guest="web1", **result())
        got = Ended(process)
        self.assertEqual((got.code, got.err),
                         (1, "hamctl: web1: too late to cancel, it has moved "
                             "to n2\n"))

    def test_refused_in_cutover(self):
        self.refuse("guest-cancel", "Refused", "web1 is in CUTOVER")
        got = self.hamctl("guest", "cancel", "web1")
        self.assertEqual((got.code, got.err), (1, "hamctl: web1 is in "
                                                  "CUTOVER\n"))


class Set(OrderTest):
    def test_all_of_it(self):
        self.fake.answers["guest-set"] = {}
        got = self.hamctl("guest", "set", "web1", "max_pause=800ms",
                          "max_duration=5m", "bandwidth=100M", "priority=7",
                          "auto_converge=no", "on_limit=warm")
        self.assertEqual((got.code, got.out),
                         (0, "web1: set for this migration\n"))
        self.assertEqual(self.fake.asked("guest-set"), [
            {"name": "web1", "max_pause_ms": 800, "max_duration_ms": 300000,
             "bandwidth_bytes_per_s": 100 << 20, "priority": 7,
             "auto_converge": False, "on_limit": "warm"}])

    def test_what_cannot_be_read(self):
        for word in ("max_pause=soon", "max_pause", "max_pause=",
                     "bandwidth=-1", "priority=x", "auto_converge=maybe",
                     "on_limit="):
            with self.subTest(word):
                got = self.hamctl("guest", "set", "web1", word)
                self.assertEqual(got.code, 2)
                self.assertIn("found '%s', expected" % word, got.err)
        self.assertEqual(self.asked_commands(), [])

    def test_what_is_no_limit(self):
        got = self.hamctl("guest", "set", "web1", "max_paus=1s")
        self.assertEqual(got.code, 2)
        self.assertIn("'max_paus=1s' can't be set", got.err)

    def test_nothing_to_set(self):
        got = self.hamctl("guest", "set", "web1")
        self.assertEqual(got.code, 2)
        self.assertIn("takes NAME SETTING...", got.err)

    def test_refused(self):
        self.refuse("guest-set", "Refused", "web1: its hand-over has begun")
        got = self.hamctl("guest", "set", "web1", "max_pause=1s")
        self.assertEqual((got.code, got.err),
                         (1, "hamctl: web1: its hand-over has begun\n"))


class Events(HamctlTest):
    def test_list(self):
        data = {"seq": 41, "node": "n1", "guest": "web1", "text": "runs"}
        stamp = {"seconds": 1700000000, "microseconds": 123456}
        self.fake.answers["events-list"] = {"events": [
            {"event": "GUEST_RUNNING", "data": data, "timestamp": stamp},
            {"event": "MIGRATION_PROGRESS", "data": data,
             "timestamp": stamp}]}
        got = self.hamctl("events", "--since", "40", "--limit", "5")
        self.assertEqual(got.out, "2023-11-14 22:13:20.123  41  n1  "
                                  "GUEST_RUNNING  web1  runs\n")
        self.assertEqual(self.fake.asked("events-list"),
                         [{"since": 40, "limit": 5}])

    def following(self, *words):
        process = self.begin("events", "--follow", *words)
        with self.fake.heard:
            self.assertTrue(self.fake.heard.wait_for(
                lambda: any(c.follows for c in self.fake.connections),
                DEADLINE_S))
        return process

    def test_follow_until_the_limit(self):
        process = self.following("--limit", "2")
        for i in range(3):
            self.fake.event("ALARM", text="number %d" % i)
            self.fake.event("MIGRATION_PROGRESS", guest="web1")
        got = Ended(process)
        self.assertEqual([line.split("  ")[-1] for line in got.lines],
                         ["number 0", "number 1"])
        self.assertEqual(got.code, 0)

    def test_json_leaves_nothing_out(self):
        process = self.following("--limit", "2", "--json")
        self.fake.event("MIGRATION_PROGRESS", guest="web1")
        self.fake.event("ALARM")
        self.assertEqual([o["event"] for o in Ended(process).objects()],
                         ["MIGRATION_PROGRESS", "ALARM"])

    def test_progress_is_no_double_of_the_event_before_it(self):
        process = self.following("--limit", "3", "--json")
        self.fake.event("ALARM")
        self.fake.event("MIGRATION_PROGRESS", guest="web1", rate=1)
        self.fake.event("MIGRATION_PROGRESS", guest="web1", rate=2)
        self.assertEqual(
            [(o["event"], o["data"]["seq"], o["data"].get("rate"))
             for o in Ended(process).objects()],
            [("ALARM", 1, None), ("MIGRATION_PROGRESS", 1, 1),
             ("MIGRATION_PROGRESS", 1, 2)])

    def test_events_before_the_answer_are_not_lost(self):
        def follow(connection, _arguments):
            connection.send({"event": "ALARM",
                             "data": {"seq": 5, "text": "missed"}})
            return {"next": 6}
        self.fake.answers["events-follow"] = follow
        got = self.hamctl("events", "--follow", "--since", "5", "--limit",
                          "1")
        self.assertIn("missed", got.out)
        self.assertEqual(self.fake.asked("events-follow"), [{"since": 5}])

    def test_follow_goes_on_after_a_restart_without_doubles(self):
        process = self.following("--limit", "3")
        self.fake.event("ALARM", text="one")
        process_line = process.stdout.readline()
        self.fake.stop()
        self.fake.answers["events-follow"] = {"next": 2}
        self.fake.start()
        self.assertEqual(self.fake.wait_for("events-follow", 2),
                         {"since": 1})
        with self.fake.heard:
            self.fake.heard.wait_for(
                lambda: any(c.follows for c in self.fake.connections),
                DEADLINE_S)
        self.fake.seq = 0
        for text in ("one", "two", "three"):
            self.fake.event("ALARM", text=text)
        got = Ended(process)
        self.assertIn("one", process_line)
        self.assertEqual([line.split("  ")[-1] for line in got.lines],
                         ["two", "three"])

    def test_hamd_that_counts_anew_is_heard(self):
        self.fake.seq = 100
        process = self.following("--limit", "2")
        self.fake.event("ALARM", text="one")
        self.fake.wait_for("events-follow")
        process.stdout.readline()
        self.fake.stop()
        self.fake.answers["events-follow"] = {"next": 1}
        self.fake.start()
        self.fake.wait_for("events-follow", 2)
        with self.fake.heard:
            self.fake.heard.wait_for(
                lambda: any(c.follows for c in self.fake.connections),
                DEADLINE_S)
        self.fake.seq = 0
        self.fake.event("ALARM", text="anew")
        self.assertIn("anew", Ended(process).out)

    def test_timeout_is_the_end_that_was_asked_for(self):
        got = self.hamctl("events", "--follow", "--timeout", "0.2")
        self.assertEqual((got.code, got.out, got.err), (0, "", ""))


class Terminal(OrderTest):
    def on_terminal(self, *words, columns=80, **environment):
        """Runs it on a terminal of its own; its output is read to its end."""
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ,
                    struct.pack("HHHH", 24, columns, 0, 0))
        env = {"HAMD_SOCKET": self.path, "TERM": "xterm", **environment}
        process = subprocess.Popen([HAMCTL, *words], env=env, stdin=slave,
                                   stdout=slave, stderr=slave,
                                   start_new_session=True)
        os.close(slave)
        self.addCleanup(os.close, master)
        self.addCleanup(process.wait, DEADLINE_S)
        self.addCleanup(process.kill)
        return process, master

    def read_end(self, process, master):
        text = b""
        while True:
            try:
                data = os.read(master, 65536)
            except OSError:  # EIO: the last one has closed it
                break
            if not data:
                break
            text += data
        process.wait(DEADLINE_S)
        return text.decode()

    def migrate(self, **environment):
        self.fake.answers["guest-migrate"] = {"txn": "12"}
        process, master = self.on_terminal("guest", "migrate", "web1", "n2",
                                           **environment)
        self.fake.wait_for("guest-show")
        for disk, ram in ((100, 50), (200, 100), (150, 10), (300, 200)):
            self.fake.event("MIGRATION_PROGRESS", guest="web1",
                            **migration(disk=disk, ram=ram))
        self.fake.event("MIGRATION_DONE", guest="web1", **result())
        return self.read_end(process, master)

    def test_bar_is_drawn_over_itself_and_taken_away(self):
        text = self.migrate()
        shown = text.split("\r\n")
        self.assertEqual(shown[0],
                         "web1: moving n1 -> n2 (Ctrl-C does not stop it)")
        draws = [re.sub("\033\\[[0-9;]*[mK]", "", draw)
                 for draw in shown[1].split("\r") if "%" in draw]
        percents = [int(re.search(r"(\d+)%", d).group(1)) for d in draws]
        self.assertEqual(percents, sorted(percents))
        self.assertGreater(percents[-1], 60)
        self.assertTrue(all(len(draw) < 80 for draw in draws))
        self.assertTrue(shown[1].endswith(
            "\r\033[Kweb1: n1 -> n2 in 2.1 s, guest stopped 43 ms, 607 MiB "
            "moved"))

    def test_colours_can_be_refused(self):
        self.assertIn("\033[32m", self.migrate())
        self.fake.questions.clear()
        self.assertNotIn("\033[32m", self.migrate(NO_COLOR="1"))

    def test_dumb_terminal_gets_plain_lines(self):
        text = self.migrate(TERM="dumb")
        self.assertNotIn("\033", text)
        self.assertIn("web1: copy 19%, disk 100/512 MiB", text)

    def test_interrupt_takes_the_bar_away(self):
        self.fake.answers["guest-migrate"] = {"txn": "12"}
        process, master = self.on_terminal("guest", "migrate", "web1", "n2")
        self.fake.wait_for("guest-show")
        process.send_signal(signal.SIGINT)
        text = self.read_end(process, master)
        self.assertTrue(text.endswith("to cancel it:\r\n  hamctl guest cancel "
                                      "web1\r\n"))
        self.assertEqual(process.returncode, 130)

    def test_status_is_wrapped_at_words(self):
        self.fake.answers["status"] = {
            "guests": [guest(state="failed", reason="word " * 40)],
            "warnings": ["word " * 40]}
        process, master = self.on_terminal("status", "--no-color", columns=60)
        text = self.read_end(process, master)
        self.assertNotIn("\033", text)
        self.assertLessEqual(max(map(len, text.split("\r\n"))), 60)
        self.assertNotIn("wor\r", text)


if __name__ == "__main__":
    unittest.main()
