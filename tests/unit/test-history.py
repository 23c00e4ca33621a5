#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""tests/unit/test-history.py - the checker of chaos runs finds what it is for

Good histories of a guest, made by hand, have no violation; each test breaks one
in one way, and must hear of that and of nothing else.
"""
import itertools
import json
import os
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from history_story import (BOOTS, closed, moved,  # noqa: E402
                           one_life, restarted)
import chaosplan  # noqa: E402
import history  # noqa: E402
import historyrules as rules  # noqa: E402

class Good(unittest.TestCase):
    def test_one_life(self):
        self.assertEqual(closed(one_life()[0]).found(), [])

    def test_a_move(self):
        self.assertEqual(closed(moved()[0]).found(), [])

    def test_a_power_cut_and_a_start(self):
        s, runs = restarted()
        self.assertEqual(closed(s, ("n1", runs)).found(), [])

    def test_more_found_than_acknowledged(self):
        s, _ = one_life()
        first = s.acked
        s.fault("qemu-kill", ["n1"], 0, "web1")
        s.acked += 7
        pid = s.start("n1", BOOTS[1])
        s.live("n1", BOOTS[1], pid)
        closed(s, ("n1", [(1, first + 7, BOOTS[0]),
                          (first + 8, s.acked, BOOTS[1])]))
        self.assertEqual(s.found(), [])

    def test_stopped_by_order(self):
        s, _ = one_life()
        first = s.acked
        s.order("kill")
        s.t += 4
        pid = s.start("n1", BOOTS[1])
        s.live("n1", BOOTS[1], pid)
        closed(s, ("n1", [(1, first, BOOTS[0]),
                          (first + 1, s.acked, BOOTS[1])]))
        self.assertEqual(s.found(), [])

    def test_silent_on_a_frozen_node(self):
        s, pid = one_life()
        s.fault("freeze", ["n1"], 20)
        s.t += 20
        s.live("n1", BOOTS[0], pid)
        self.assertEqual(closed(s).found(), [])

    def test_silent_while_its_replica_is_away(self):
        s, pid = one_life()
        s.process("seen", "qsd", "n2", 500)
        s.fault("cut", ["n1", "n2"], 10)
        s.t += 20
        s.live("n1", BOOTS[0], pid)
        self.assertEqual(closed(s).found(), [])

    def test_a_broken_line_of_the_file(self):
        s = closed(one_life()[0])
        s.lines.sort(key=lambda e: e["t"])
        made = history.History([json.dumps(e) for e in s.lines] + ['{"kin'])
        self.assertEqual(list(rules.violations(made)), [])


class SingleRunner(unittest.TestCase):
    def test_a_tick_on_two_nodes(self):
        s, pid, other = moved()
        # the source was not silent yet: what it says is older, and was said
        s.say("n1", f"tick {s.tick - 195} 1 {BOOTS[0]}", s.t - 19.5)
        self.assertIn("single runner", closed(s).found())

    def test_two_memories_run_at_once(self):
        s, pid = one_life()
        s.process("seen", "qemu", "n2", 300)
        for _ in range(30):
            s.live("n1", BOOTS[0], pid, 1)
            s.tick -= 10
            s.t -= 1
            s.live("n2", BOOTS[0], 300, 1)
        self.assertIn("single runner", closed(s).found())

    def test_a_boot_beside_a_life(self):
        s, pid = one_life()
        first = s.acked
        s.fault("qemu-kill", ["n1"], 0, "web1")
        other = s.start("n2", BOOTS[1])
        s.tick = 500
        s.live("n1", BOOTS[0], pid, 3, writes=False)
        s.tick = 0
        s.live("n2", BOOTS[1], other)
        closed(s, ("n2", [(1, first, BOOTS[0]),
                          (first + 1, s.acked, BOOTS[1])]))
        self.assertEqual(s.found(), ["single runner"])

    def test_only_the_cpus_tell(self):
        """A second QEMU that says nothing: it may be in its firmware."""
        s, pid = one_life()
        s.process("seen", "qemu", "n2", 300)
        for _ in range(5):
            s.live("n1", BOOTS[0], pid, 1)
            s.put("cpu", lo=s.t - 0.2, guest="web1", node="n2", pid=300,
                  ns=90_000_000)
        self.assertEqual(closed(s).found(), ["single runner"])

    def test_a_source_that_runs_on(self):
        s, pid, other = moved()
        s.put("cpu", lo=s.t - 0.2, guest="web1", node="n1", pid=pid,
              ns=90_000_000)
        self.assertEqual(closed(s).found(), ["single runner"])

    def test_a_stopped_qemu_is_woken_for_a_moment(self):
        s, pid, other = moved()
        s.put("cpu", lo=s.t - 0.2, guest="web1", node="n1", pid=pid,
              ns=1_000_000)
        self.assertEqual(closed(s).found(), [])


class Time(unittest.TestCase):
    def test_the_source_goes_on_in_the_past(self):
        s, pid, other = moved()
        s.t += 1
        # numbers that no line of the other side took
        s.say("n1", f"tick {s.tick - 3} {s.tick * 100} {BOOTS[0]}")
        for line in s.lines:
            if line.get("text", "").startswith(f"tick {s.tick - 3} ") and \
                    line["node"] == "n2":
                line["text"] = ""
        self.assertEqual(closed(s).found(), ["time"])

    def test_acknowledgements_go_back(self):
        s, _ = one_life()
        s.say("n1", f"ack {s.acked - 50} {BOOTS[0]}", s.t + 0.5)
        self.assertEqual(closed(s).found(), ["time"])

    def test_the_guests_clock_goes_back(self):
        s, pid = one_life()
        s.t += 0.1
        s.say("n1", f"tick {s.tick + 1} 5 {BOOTS[0]}")
        self.assertEqual(closed(s).found(), ["time"])


class LostWrite(unittest.TestCase):
    def test_a_boot_finds_less(self):
        s, _ = restarted(found=990)
        closed(s, ("n1", [(1, 990, BOOTS[0]), (991, s.acked, BOOTS[1])]))
        self.assertIn("lost write", s.found())

    def test_one_record_is_not_on_the_disk(self):
        s, _ = one_life()
        gap = s.acked - 9
        closed(s, ("n1", [(1, gap - 1, BOOTS[0]),
                          (gap + 1, s.acked, BOOTS[0])]))
        self.assertEqual(s.found(), ["lost write"])

    def test_the_last_record_is_not_on_the_disk(self):
        s, _ = one_life()
        closed(s, ("n1", [(1, s.acked - 1, BOOTS[0])]))
        self.assertEqual(s.found(), ["lost write"])

    def test_another_boot_wrote_it(self):
        s, runs = restarted()
        closed(s, ("n1", [(1, s.acked, BOOTS[0])]))
        self.assertEqual(s.found(), ["lost write"])

    def test_a_damaged_slot(self):
        s, _ = one_life()
        s.disk("n1", [(s.acked - 255, s.acked, BOOTS[0])],
               bad=[[3, "wrong checksum"]])
        s.close()
        self.assertEqual(s.found(), ["lost write"])

    def test_a_boot_that_does_not_say_what_it_found(self):
        s, _ = one_life()
        s.lines = [e for e in s.lines
                   if not e.get("text", "").startswith("boot")]
        # so nobody knows which records are its own
        self.assertEqual(closed(s).found(), ["lost write"])

    def test_replicas_differ(self):
        s, _ = one_life()
        runs = [(s.acked - 255, s.acked, BOOTS[0])]
        s.disk("n1", runs, digest="a")
        s.disk("n2", runs, digest="b")
        s.close()
        self.assertEqual(s.found(), ["replica differs"])

    def test_the_guest_says_so(self):
        s, _ = one_life()
        s.say("n1", "CORRUPT disk: record 5: wrong checksum")
        self.assertEqual(closed(s).found(), ["damage"])


class Liveness(unittest.TestCase):
    def outage(self, *, writes_only=False):
        s, pid = one_life()
        if writes_only:
            s.live("n1", BOOTS[0], pid, 7, writes=False)
        else:
            s.t += 7
        s.live("n1", BOOTS[0], pid)
        return s

    def test_silent_without_a_cause(self):
        self.assertEqual(closed(self.outage()).found(), ["outage"])

    def test_no_writes_without_a_cause(self):
        self.assertEqual(closed(self.outage(writes_only=True)).found(),
                         ["outage"])

    def test_anothers_trouble_excuses_nothing(self):
        s, pid = one_life()
        s.fault("freeze", ["n2"], 7)
        s.t += 7
        s.live("n1", BOOTS[0], pid)
        self.assertEqual(closed(s).found(), ["outage"])

    def test_the_watcher_was_held_up(self):
        s, pid = one_life()
        s.put("stall", t=s.t + 6, lo=s.t)
        s.t += 7
        s.live("n1", BOOTS[0], pid)
        self.assertEqual(closed(s).found(), [])

    def test_a_fault_long_ago_excuses_nothing(self):
        s, pid = one_life()
        s.process("seen", "qsd", "n2", 500)
        s.fault("cut", ["n1", "n2"])
        s.live("n1", BOOTS[0], pid, 40)
        s.t += 7
        s.live("n1", BOOTS[0], pid)
        self.assertEqual(closed(s).found(), ["outage"])

    def test_it_dies_of_nothing(self):
        s, pid = one_life()
        first = s.acked
        s.process("gone", "qemu", "n1", pid)
        s.t += 1
        pid = s.start("n1", BOOTS[1])
        s.live("n1", BOOTS[1], pid)
        closed(s, ("n1", [(1, first, BOOTS[0]),
                          (first + 1, s.acked, BOOTS[1])]))
        self.assertEqual(s.found(), ["death"])

    def test_it_goes_on_after_a_stop(self):
        s, pid = one_life()
        s.order("stop", 0.5)
        s.live("n1", BOOTS[0], pid)
        self.assertEqual(closed(s).found(), ["order"])

    def test_it_does_not_come_back(self):
        s, pid = one_life()
        s.fault("power", ["n1"])
        s.t += 5
        s.heal()
        s.put("hung", t=s.t + history.RECOVER_S, after="period 1", why="web1")
        s.disk("n1", [(s.acked - 255, s.acked, BOOTS[0])])
        s.put("end", t=s.t + history.RECOVER_S, well=False)
        self.assertEqual(s.found(), ["recovery"])

    def test_it_ticks_and_does_not_write_again(self):
        s, pid = one_life()
        s.process("seen", "qsd", "n2", 500)
        s.fault("cut", ["n1", "n2"])
        s.t += 2
        s.heal()
        s.live("n1", BOOTS[0], pid, 20, writes=False)
        self.assertEqual(closed(s).found(), ["recovery"])

    def test_hamd_ends_by_itself(self):
        s, _ = one_life()
        s.process("seen", "hamd", "n2", 9, "")
        s.process("gone", "hamd", "n2", 9, "")
        self.assertEqual(closed(s).found(), ["daemon"])

    def test_something_is_left_over(self):
        s, _ = one_life()
        s.put("calm", after="period 1", took=1.0, audit=["leftovers: a tap"])
        self.assertEqual(closed(s).found(), ["audit"])


class Proves(unittest.TestCase):
    def test_an_empty_history(self):
        made = history.History([])
        self.assertEqual({v.rule for v in rules.violations(made)},
                         {"nothing proven"})

    def test_no_fault(self):
        s, _ = one_life()
        s.lines = [e for e in s.lines if e["kind"] != "fault"]
        self.assertEqual(closed(s).found(), ["nothing proven"])

    def test_no_disk_at_the_end(self):
        s, _ = one_life()
        s.close()
        self.assertEqual(s.found(), ["nothing proven"])

    def test_a_run_without_an_end(self):
        s, _ = one_life()
        s.disk("n1", [(s.acked - 255, s.acked, BOOTS[0])])
        self.assertEqual(s.found(), ["nothing proven"])


class Judge(unittest.TestCase):
    def test_it_names_seed_and_story(self):
        s, pid = one_life()
        s.fault("hamd-kill", ["n1"])
        s.t += 7
        s.live("n1", BOOTS[0], pid)
        closed(s)
        said = []
        with tempfile.TemporaryDirectory() as folder:
            with open(folder + "/history.jsonl", "w", encoding="ascii") as f:
                for e in sorted(s.lines, key=lambda e: e["t"]):
                    f.write(json.dumps(e) + "\n")
            self.assertEqual(history.judge(folder, said.append), 1)
        text = "\n".join(said)
        self.assertRegex(text, "VIOLATION outage: web1 on n1")
        self.assertRegex(text, "seed 7")
        self.assertRegex(text, "fault 2 begin: hamd-kill")

    def test_no_history(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(history.judge(folder, lambda _: None), 2)

    def test_a_disk(self):
        """Random bytes where the records were: all of them are lost."""
        with tempfile.NamedTemporaryFile() as f:
            f.write(bytes(1 << 20) + os.urandom(1 << 16))
            f.flush()
            self.assertEqual(history.read_disk(f.name)["slots"], 0)


class Plan(unittest.TestCase):
    def test_a_seed_has_one_schedule(self):
        def plan(seed):
            return [str(p) for p in itertools.islice(
                chaosplan.periods(seed, 3, 2), 30)]
        self.assertEqual(plan(5), plan(5))
        self.assertNotEqual(plan(5), plan(6))

    def test_every_fault_has_its_turn(self):
        seen = {s.what for p in itertools.islice(
            chaosplan.periods(1, 3, 2), 200) for s in p.steps}
        self.assertEqual(seen, set(chaosplan.FAULTS) | set(chaosplan.ORDERS))


if __name__ == "__main__":
    unittest.main()
