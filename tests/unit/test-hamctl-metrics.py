#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""hamctl metrics, read by the parser of Prometheus' own client.

Run by the Python that distributions' packages are for.
"""
import os
import re
import stat
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from fake_hamd import MIB, guest, migration, result, status  # noqa: E402
from hamctl_test import HamctlTest  # noqa: E402

try:
    from prometheus_client.parser import text_string_to_metric_families
except ImportError:
    print("SKIP: python3-prometheus-client is not installed")
    sys.exit(77)

ODD = 'a\\b"c\nd{e}=f,g ä'


def whole():
    """A status with all that a metric is made of."""
    state = status(
        [guest("db", replicas_wanted=2, replicas=[
            {"node": "n2", "state": "current", "generation": 3},
            {"node": "n3", "state": "syncing", "generation": 4,
             "done_bytes": 128 * MIB, "total_bytes": 512 * MIB,
             "rate_bytes_per_s": 40 * MIB, "eta_min_ms": 9000,
             "eta_max_ms": 9500}],
               last_migration=result(stopped_ms=43.6, blackout_ms=47)),
         guest("web1", state="migrating", migration=migration(
             disk=256, ram=128, elapsed_ms=12300, done_permille=437,
             eta_min_ms=8000, eta_max_ms=15000, pause_min_ms=30,
             pause_max_ms=60, dirty_bytes_per_s=12 * MIB,
             throttle_percent=20, forecast="ends", needs_bytes_per_s=0,
             needs_pause_ms=0)),
         guest("off", state="stopped", wanted="stopped", owner="", epoch=0,
               last_migration=result(ok=False, stopped_ms=-1))],
        warnings=["one", "two"],
        counters={"since": {"seconds": 1700000000, "microseconds": 5},
                  "failovers": 2, "pauses_too_long": 4, "messages_unread": 7, "messages_unsent": 0,
                  "events": {"MIGRATION_DONE": 4, "MIGRATION_FAILED": 1,
                             "FENCING": 3, "ALARM": 0}})
    state["nodes"][0].update(
        states=["drained", "disarmed"], armed=True, guests=2,
        guest_memory_bytes=512 * MIB, usable_memory_bytes=4096 * MIB,
        free_memory_bytes=-MIB)
    state["nodes"][2].update(member=False, config_matches=False)
    return state


class Metrics(HamctlTest):
    def text(self, state, *words):
        self.fake.answers["status"] = state
        got = self.hamctl("metrics", *words)
        self.assertEqual((got.code, got.err), (0, ""))
        return got.out

    def series(self, text):
        """(name, sorted labels) -> value, each held to be there once."""
        found = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                key = (sample.name, tuple(sorted(sample.labels.items())))
                self.assertNotIn(key, found)
                found[key] = sample.value
        return found

    def value(self, name, **labels):
        return self.found[("hamd_" + name, tuple(sorted(labels.items())))]

    def test_values(self):
        self.found = self.series(self.text(whole()))
        way = {"guest": "web1", "from": "n1", "to": "n2"}
        for name, labels, value in (
                ("up", {}, 1),
                ("build_info", {"version": "0.1.0", "node": "n1",
                                "cluster": "lab"}, 1),
                ("start_time_seconds", {}, 1700000000),
                ("config_version", {}, 7),
                ("quorate", {}, 1), ("decisions_possible", {}, 1),
                ("nodes", {}, 3), ("warnings", {}, 2),
                ("node_online", {"node": "n3"}, 1),
                ("node_joined", {"node": "n3"}, 0),
                ("node_joined", {"node": "n2"}, 1),
                ("node_config_matches", {"node": "n3"}, 0),
                ("node_state", {"node": "n1", "state": "drained"}, 1),
                ("node_state", {"node": "n1", "state": "disarmed"}, 1),
                ("node_watchdog_armed", {"node": "n1"}, 1),
                ("node_guests", {"node": "n1"}, 2),
                ("node_guest_memory_bytes", {"node": "n1"}, 512 * MIB),
                ("node_usable_memory_bytes", {"node": "n1"}, 4096 * MIB),
                ("node_free_memory_bytes", {"node": "n1"}, -MIB),
                ("guest_state", {"guest": "db", "state": "running"}, 1),
                ("guest_state", {"guest": "off", "state": "stopped"}, 1),
                ("guest_owner", {"guest": "db", "node": "n1"}, 1),
                ("guest_wanted", {"guest": "db"}, 1),
                ("guest_wanted", {"guest": "off"}, 0),
                ("guest_epoch", {"guest": "db"}, 7),
                ("guest_memory_bytes", {"guest": "db"}, 256 * MIB),
                ("guest_replicas", {"guest": "db", "state": "current"}, 1),
                ("guest_replicas", {"guest": "db", "state": "syncing"}, 1),
                ("guest_replicas", {"guest": "db", "state": "outdated"}, 0),
                ("guest_replicas_wanted", {"guest": "db"}, 2),
                ("replica_done_ratio", {"guest": "db", "node": "n3"}, 0.25),
                ("replica_bytes_per_second", {"guest": "db", "node": "n3"},
                 40 * MIB),
                ("migration_phase", {"guest": "web1", "phase": "copy"}, 1),
                ("migration_done_ratio", way, 0.437),
                ("migration_elapsed_seconds", way, 12.3),
                ("migration_remaining_bytes",
                 {"guest": "web1", "kind": "disk"}, 256 * MIB),
                ("migration_remaining_bytes",
                 {"guest": "web1", "kind": "memory"}, 128 * MIB),
                ("migration_bytes_per_second", way, 95 * MIB),
                ("migration_dirty_bytes_per_second", way, 12 * MIB),
                ("migration_throttle_ratio", way, 0.2),
                ("migration_passes", way, 1),
                ("migration_eta_min_seconds", way, 8),
                ("migration_eta_max_seconds", way, 15),
                ("migration_pause_min_seconds", way, 0.03),
                ("migration_pause_max_seconds", way, 0.06),
                ("last_migration_success", {"guest": "db"}, 1),
                ("last_migration_success", {"guest": "off"}, 0),
                ("last_migration_duration_seconds", {"guest": "db"}, 2.1),
                ("last_migration_stopped_seconds", {"guest": "db"}, 0.0436),
                ("last_migration_blackout_seconds", {"guest": "db"}, 0.047),
                ("last_migration_bytes", {"guest": "db", "kind": "disk"},
                 512 * MIB),
                ("last_migration_bytes", {"guest": "db", "kind": "memory"},
                 95 * MIB),
                ("migrations_total", {"result": "done"}, 4),
                ("migrations_total", {"result": "failed"}, 1),
                ("failovers_total", {}, 2),
                ("migration_pauses_too_long_total", {}, 4),
                ("events_total", {"event": "FENCING"}, 3),
                ("messages_dropped_total", {"direction": "received"}, 7),
                ("messages_dropped_total", {"direction": "sent"}, 0),
                ("events_total", {"event": "ALARM"}, 0)):
            self.assertAlmostEqual(self.value(name, **labels), value, 9,
                                   (name, labels))

    def test_what_is_not_known_is_left_out(self):
        text = self.text(whole())
        # no time was measured of the migration that failed
        self.assertNotIn('hamd_last_migration_stopped_seconds{guest="off"}',
                         text)
        self.assertNotIn('hamd_guest_owner{guest="off"', text)
        self.assertNotIn('hamd_node_watchdog_armed{node="n2"}', text)
        state = whole()
        state["guests"][1]["migration"] = migration(
            eta_min_ms=-1, eta_max_ms=-1, pause_min_ms=-1, pause_max_ms=-1)
        text = self.text(state)
        for absent in ("eta_m", "pause_m", "done_ratio", "dirty", "throttle"):
            self.assertNotIn("hamd_migration_" + absent, text)
        for older in ({}, {"counters": {}}, {"counters": {"events": 5}}):
            self.assertNotIn("_total", self.text({"guests": [], **older}))

    def test_form(self):
        """Each family stands together, behind its HELP and its TYPE."""
        text = self.text(whole())
        self.assertTrue(text.endswith("\n"))
        lines = text.splitlines()
        begun = []
        for i, line in enumerate(lines):
            if line.startswith("# HELP "):
                name = line.split()[2]
                self.assertNotIn(name, begun)
                begun.append(name)
                self.assertRegex(line, r"^# HELP hamd_[a-z_]+ [A-Za-z].*\.$")
                self.assertRegex(lines[i + 1], "^# TYPE %s (gauge|counter)$"
                                 % name)
                self.assertTrue(lines[i + 2].startswith(name))
            elif not line.startswith("# TYPE "):
                self.assertEqual(re.match("[a-z_]+", line).group(), begun[-1])

    def test_names(self):
        """What promtool's linter asks for."""
        for family in text_string_to_metric_families(self.text(whole())):
            name = family.name
            self.assertRegex(name, "^hamd(_[a-z]+)+$")
            if family.type == "counter":  # the parser takes _total away
                self.assertTrue(all(s.name == name + "_total"
                                    for s in family.samples), name)
                self.assertTrue(all(s.value >= 0 for s in family.samples))
            else:
                self.assertNotRegex(name, "_(total|count|sum|bucket)$")
            self.assertNotRegex(
                name, "_(ms|milliseconds|minutes|kib|mib|percent|permille|"
                "kilobytes|megabytes|gauge|counter)(_|$)")
            # a unit is the end of its name
            self.assertNotRegex(name, "_(seconds|bytes|ratio)_(?!per_second$)")
            for sample in family.samples:
                for label in sample.labels:
                    self.assertRegex(label, "^[a-z]+$")

    def test_odd_names_are_escaped(self):
        state = whole()
        state["guests"][0]["name"] = ODD
        state["nodes"][0]["name"] = ODD
        state["cluster"]["name"] = ODD
        self.found = self.series(self.text(state))
        self.assertEqual(self.value("guest_epoch", guest=ODD), 7)
        self.assertEqual(self.value("node_online", node=ODD), 1)
        self.assertEqual(self.value("build_info", version="0.1.0", node="n1",
                                    cluster=ODD), 1)

    def test_no_series_comes_twice(self):
        state = whole()
        state["guests"] += [guest("db", state="failed"), guest("hamd_up")]
        state["nodes"] += state["nodes"]
        self.found = self.series(self.text(state))
        self.assertNotIn(("hamd_guest_state", (("guest", "db"),
                                               ("state", "failed"))),
                         self.found)
        self.assertEqual(self.value("guest_epoch", guest="hamd_up"), 7)

    def test_answers_without_their_members_do_no_harm(self):
        for answer in ({}, {"guests": [{}, 1, None, {"name": 5, "state": "x",
                                                    "replicas": [1, {}],
                                                    "migration": {}}],
                            "nodes": [[], {}], "quorum": 1, "warnings": {},
                            "counters": [1]}):
            self.series(self.text(answer))

    def test_json_is_the_answer_itself(self):
        self.fake.answers["status"] = whole()
        self.assertEqual(self.hamctl("metrics", "--json").objects(),
                         [whole()])


class File(HamctlTest):
    def setUp(self):
        super().setUp()
        self.file = os.path.join(self.folder, "hamd.prom")

    def read(self):
        with open(self.file) as file:
            return file.read()

    def others(self):
        return [n for n in os.listdir(self.folder)
                if n not in ("s", "hamd.prom")]

    def test_it_is_what_is_printed(self):
        self.fake.answers["status"] = whole()
        old = os.umask(0o077)
        self.addCleanup(os.umask, old)
        got = self.hamctl("metrics", "--output", self.file)
        self.assertEqual((got.code, got.out, got.err), (0, "", ""))
        self.assertEqual(self.read(), self.hamctl("metrics").out)
        self.assertEqual(stat.S_IMODE(os.stat(self.file).st_mode), 0o644)
        self.assertEqual(self.others(), [])

    def test_it_is_replaced_not_written_over(self):
        self.fake.answers["status"] = whole()
        with open(self.file, "w") as file:
            file.write("old\n")
        with open(self.file) as reader:
            self.hamctl("metrics", "--output", self.file)
            self.assertEqual(reader.read(), "old\n")
        self.assertTrue(self.read().startswith("# HELP hamd_up "))

    def test_no_hamd(self):
        self.fake.answers["status"] = whole()
        self.hamctl("metrics", "--output", self.file)
        self.fake.stop()
        got = self.hamctl("metrics", "--output", self.file)
        self.assertEqual(got.code, 3)
        self.assertIn("cannot reach hamd", got.err)
        samples = [s for f in text_string_to_metric_families(self.read())
                   for s in f.samples]
        self.assertEqual([(s.name, s.value) for s in samples],
                         [("hamd_up", 0)])
        got = self.hamctl("metrics")
        self.assertEqual((got.code, got.out), (3, ""))

    def test_no_answer_is_no_hamd(self):
        self.fake.answers["status"] = lambda c, a: None
        got = self.hamctl("metrics", "--output", self.file, "--timeout",
                          "0.2")
        self.assertEqual(got.code, 7)
        self.assertIn("\nhamd_up 0\n", self.read())

    def test_no_such_folder(self):
        self.fake.answers["status"] = whole()
        got = self.hamctl("metrics", "--output", "/nonexistent/hamd.prom")
        self.assertEqual((got.code, got.err), (
            1, "hamctl: cannot write /nonexistent/hamd.prom: No such file or "
            "directory\n"))

    def test_failure_leaves_nothing_behind(self):
        self.fake.answers["status"] = whole()
        os.mkdir(self.file)
        got = self.hamctl("metrics", "--output", self.file)
        self.assertEqual(got.code, 1)
        self.assertEqual(self.others(), [])


if __name__ == "__main__":
    unittest.main()
