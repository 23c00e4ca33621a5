#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""hamctl and the past: history, its exports, explain, and its plot."""
import csv
import io
import json
import os
import re
import sys
import unittest
import xml.etree.ElementTree as ET

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from fake_hamd import MIB, Refusal, past, shown, told  # noqa: E402
from hamctl_test import HamctlTest  # noqa: E402

FAILOVER = dict(id="web1-e5", kind="failover", mode="", to="n3", txn=None,
                epoch=5, asked="n1 is dead: off by bmc", stopped_ms=12300.0,
                total_ms=12300.0, blackout_ms=None, ended_boot_us=17300000)


def without_none(entry):
    return {k: v for k, v in entry.items() if v is not None}


class History(HamctlTest):
    def test_table(self):
        self.fake.answers["history-list"] = {"more": False, "entries": [
            past(18, result="failed", reason="no space", stopped_ms=None,
                 blackout_ms=None, to=""),
            without_none(past(**FAILOVER)), past()]}
        got = self.hamctl("history")
        self.assertEqual(got.lines, [
            "ID       BEGAN                KIND      GUEST  WAY       RESULT  "
            " TOTAL  STOPPED  NETWORK",
            "web1-18  2023-11-14 22:13:20  live      web1   n1 -> ?   failed  "
            " 2.1 s        -",
            "web1-e5  2023-11-14 22:13:20  failover  web1   n1 -> n3  done    "
            "12.3 s   12.3 s",
            "web1-17  2023-11-14 22:13:20  live      web1   n1 -> n2  done    "
            " 2.1 s    43 ms    51 ms"])
        self.assertEqual((got.code, got.err), (0, ""))
        self.assertEqual(self.fake.asked("history-list"), [{"limit": 50}])

    def pages(self):
        """1200 entries, as hamd gives them."""
        def answer(_connection, arguments):
            first = arguments.get("before", 1201) - 1
            last = max(first - arguments["limit"], 0)
            return {"entries": [past(i) for i in range(first, last, -1)],
                    "more": last > 0}
        self.fake.answers["history-list"] = answer

    def test_more_than_a_page(self):
        self.pages()
        got = self.hamctl("history", "--limit", "1100")
        self.assertEqual(len(got.lines), 1101)
        self.assertTrue(got.lines[-1].startswith("web1-101 "))
        self.assertEqual(self.fake.asked("history-list"), [
            {"limit": 500}, {"limit": 500, "before": 701},
            {"limit": 100, "before": 201}])

    def test_one_guest(self):
        self.fake.answers["history-list"] = {"more": False, "entries": []}
        self.assertEqual(self.hamctl("history", "--guest", "a-1",
                                     "--limit", "7").code, 0)
        self.assertEqual(self.fake.asked("history-list"),
                         [{"limit": 7, "guest": "a-1"}])

    def test_json_is_hamds_answer(self):
        answer = {"more": False, "entries": [past()], "node": "n1"}
        self.fake.answers["history-list"] = answer
        self.assertEqual(self.hamctl("history", "--json").objects(), [answer])

    def test_csv(self):
        reason = 'it said "no",\nand\x1b[31m meant it'
        self.fake.answers["history-list"] = {"more": False, "entries": [
            past(18, result="failed", reason=reason, ended=None),
            without_none(past(**FAILOVER))]}
        got = self.hamctl("history", "--export", "csv")
        self.assertEqual(got.code, 0)
        rows = list(csv.DictReader(io.StringIO(got.out, newline="")))
        self.assertEqual(len(rows), 2)
        self.assertEqual(rows[0]["reason"],
                         'it said "no", and?[31m meant it')
        self.assertEqual(rows[0]["asked"],
                         "uid 0, pid 77 on n3: migrate to n2")
        self.assertEqual(rows[0]["began"], "2023-11-14T22:13:20.123456Z")
        self.assertEqual((rows[0]["ended"], rows[0]["stopped_ms"],
                          rows[0]["disk_bytes"]),
                         ("", "43.2", str(512 * MIB)))
        self.assertEqual((rows[1]["epoch"], rows[1]["txn"]), ("5", ""))

    def test_csv_to_the_letter(self):
        self.fake.answers["history-list"] = {"more": False, "entries": [
            {"number": 1, "id": "a-1", "reason": 'a "b"', "asked": "x,y"}]}
        process = self.begin("history", "--export", "csv")
        out = os.read(process.stdout.fileno(), 65536)
        lines = out.split(b"\r\n")
        self.assertTrue(lines[0].startswith(b"id,number,kind,"))
        self.assertEqual(lines[1],
                         b'a-1,1' + b',' * 16 + b'"x,y","a ""b"""' +
                         b',' * 5)
        self.assertEqual(lines[2:], [b""])

    def test_export_json(self):
        self.pages()
        got = self.hamctl("history", "--export", "json")
        entries = json.loads(got.out)
        self.assertEqual([e["number"] for e in entries],
                         list(range(1200, 0, -1)))
        self.assertEqual(entries[0], past(1200))
        self.fake.answers["history-list"] = {"more": False, "entries": []}
        got = self.hamctl("history", "--export", "json")
        self.assertEqual(json.loads(got.out), [])

    def test_half_an_export_is_none(self):
        def answer(_connection, arguments):
            if "before" in arguments:
                raise Refusal("GenericError", "the disk is gone")
            return {"entries": [past(5)], "more": True}
        self.fake.answers["history-list"] = answer
        got = self.hamctl("history", "--export", "csv")
        self.assertEqual((got.code, got.out), (1, ""))
        self.assertIn("the disk is gone", got.err)

    def test_usage(self):
        for args, text in (
                (["--export", "xml"], "found 'xml', expected csv or json"),
                (["--guest", ""], "expected the name of a guest"),
                (["--export", "csv", "--json"], "can't both be given"),
                (["--svg", "x"], "takes no --svg")):
            got = self.hamctl("history", *args)
            self.assertEqual(got.code, 2)
            self.assertIn(text, got.err)
            self.assertEqual(self.fake.questions, [])


class Explain(HamctlTest):
    def explain(self, answer, *args, **environment):
        self.fake.answers["history-show"] = answer
        got = self.hamctl("explain", "web1-17", *args, **environment)
        self.assertEqual((got.code, got.err), (0, ""))
        return got

    def assertSaid(self, words, got):
        """Wherever the lines are broken."""
        self.assertIn(words, " ".join(got.out.split()))

    def test_what_went_well(self):
        got = self.explain(shown(samples=20))
        self.assertEqual(got.out, """\
web1-17: live migration of web1, n1 -> n2: done
Ordered by uid 0, pid 77 on n3: migrate to n2.
It began on 2023-11-14 22:13:20.123 and took 2.1 s.
Preparing took 100.0 ms: n2 looked whether it can take the guest, and built
  what that needs.
Copying took 1.9 s: 512 MiB of disks and 95 MiB of memory in 3 passes, while
  the guest ran.
Agreeing took 40.0 ms: the cluster recorded that n1 and n2 are about to change
  over.
Handing over took 60.0 ms: the last of it was sent and n2 took the guest.
The guest stood still for 43.2 ms, within its limit of 150.0 ms.
The network had nothing of it for 51.0 ms.
Up to 84 MiB/s were sent; the guest wrote up to 20 MiB/s of its memory; it was
  slowed down by up to 19 %.

|""" + "░" * 3 + "▒" * 71 + "▓" + "█" * 2 + """|
0                                                                         2.1 s
░ prepare 100.0 ms   ▒ copy 1.9 s   ▓ cutover 40.0 ms   █ handover 60.0 ms

As n1 heard it, time since it began:
    0.000 s  n1  phase: prepare
    0.003 s  n3  asked: uid 0, pid 77 on n3: migrate to n2
    0.100 s  n1  phase: copy
    0.900 s  n1  decided: slow the guest down by 20 %: it writes 80 MiB/s
    2.000 s  n1  phase: cutover
    2.040 s  n1  phase: handover
    2.090 s  n2  running on n2
""")
        self.assertEqual(self.fake.asked("history-show"),
                         [{"id": "web1-17", "samples": True}])

    def test_a_terminal_without_utf8(self):
        got = self.explain(shown(), LC_ALL="C")
        self.assertTrue(got.out.isascii())
        self.assertIn("|..." + "=" * 71 + "#%%|", got.out)

    def test_no_line_is_wider_than_a_terminal(self):
        answer = shown(past(reason="word " * 60, result="failed"))
        answer["steps"] += [told(2100, "text " * 70),
                            told(2100, "umlaut ä " * 30)]
        for line in self.explain(answer).lines:
            self.assertLessEqual(len(line), 80)

    def test_each_phase_has_its_mark(self):
        steps = [told(0, "prepare", "phase")] + [
            told(1 + i, "p%d" % i, "phase") for i in range(9)]
        got = self.explain(shown(past(), steps), LC_ALL="C")
        bar = next(line for line in got.lines if line.startswith("|"))
        self.assertEqual(len(bar), 79)
        self.assertEqual(len(re.findall(r"(.)\1*", bar[1:-1])), 10)

    def test_more_phases_than_columns(self):
        steps = [told(i, "p%d" % i, "phase") for i in range(120)]
        got = self.explain(shown(past(), steps))
        self.assertIn("p119", got.out)
        self.assertLessEqual(max(map(len, got.lines)), 79)

    def test_over_the_limit(self):
        got = self.explain(shown(past(stopped_ms=1200.0)))
        self.assertIn("The guest stood still for 1.2 s, MORE than its limit "
                      "of 150.0 ms.", got.out)

    def test_not_measured(self):
        got = self.explain(shown(without_none(
            past(stopped_ms=None, blackout_ms=None))))
        self.assertIn("How long the guest stood still was not measured.",
                      got.out)
        self.assertNotIn("network", got.out)

    def test_what_failed(self):
        steps = [told(0, "prepare", "phase"), told(100, "copy", "phase"),
                 told(2000, "uid 0, pid 9 on n1: cancel", "asked")]
        got = self.explain(shown(
            past(result="failed", reason="cancelled by an operator"), steps))
        self.assertSaid("and failed after 2.1 s: cancelled by an operator.",
                        got)
        self.assertIn("Copying was cut short after 2.0 s.", got.out)
        self.assertIn("  2.000 s  n1  asked: uid 0, pid 9 on n1: cancel",
                      got.out)
        self.assertNotIn("stood still", got.out)

    def test_under_way(self):
        entry = without_none(past(result="runs", total_ms=None,
                                  ended_boot_us=None))
        entry["ended"] = None
        got = self.explain(shown(entry))
        self.assertIn(": under way", got.lines[0])
        self.assertIn("has gone on for 2.1 s or longer.", got.out)

    def test_an_end_that_was_not_heard(self):
        entry = without_none(past(
            result="unknown", reason="the hamd here ended before it did",
            total_ms=None, ended_boot_us=None, asked=""))
        entry["ended"] = None
        got = self.explain(shown(entry))
        self.assertIn("its end was not heard", got.lines[0])
        self.assertSaid("heard of for 2.1 s: the hamd here ended before it "
                        "did.", got)
        self.assertIn("Who asked for it was not heard here.", got.out)

    def test_a_failover(self):
        steps = [told(0, "proof", "phase", ""),
                 told(0, "n1 left the cluster", "node", ""),
                 told(5000, "n1 is dead: off by bmc", "node", ""),
                 told(5000, "placing", "phase", ""),
                 told(5300, "start", "phase", ""),
                 told(12300, "running on n3", "guest", "n3")]
        got = self.explain(shown(without_none(past(**FAILOVER)), steps))
        self.assertEqual(got.lines[:7], [
            "web1-e5: failover of web1, n1 -> n3: done",
            "Reason: n1 is dead: off by bmc.",
            "It began on 2023-11-14 22:13:20.123 and took 12.3 s.",
            "Proving took 5.0 s: until n1 was certainly dead.",
            "Placing took 300.0 ms: until the guest was given to a node that "
            "can run it.",
            "Starting took 7.0 s: until the guest ran on n3.",
            "It ran again 12.3 s after n1 had left the cluster."])
        self.assertIn("    5.000 s  -  n1 is dead: off by bmc", got.lines)

    def test_the_clock_of_another_boot(self):
        answer = shown()
        for step in answer["steps"][4:]:
            step["boot_us"] = 100
        got = self.explain(answer)
        self.assertIn("    2.090 s  n2  running on n2", got.lines)

    def test_nothing_drives_the_terminal(self):
        answer = shown(past(asked="uid 0 \x1b[2J", guest="\x07"))
        answer["steps"] = [told(0, "\x1b]0;x\x07", "phase")]
        got = self.explain(answer)
        self.assertNotRegex(got.out, "[\x00-\x09\x0b-\x1f]")

    def test_an_answer_of_another_version(self):
        for answer in ({}, {"entry": [], "steps": {}, "samples": 7},
                       {"entry": {"began": 7, "total_ms": "x"},
                        "steps": [7, {"what": []}]}):
            self.explain(answer)

    def test_json_is_hamds_answer(self):
        self.assertEqual(self.explain(shown(), "--json").objects(), [shown()])

    def test_not_found(self):
        self.refuse("history-show", "NotFound", "no such entry")
        got = self.hamctl("explain", "web1-99")
        self.assertEqual((got.code, got.out), (5, ""))
        self.assertIn("no such entry", got.err)


SVG = "{http://www.w3.org/2000/svg}"


class Plot(HamctlTest):
    def setUp(self):
        super().setUp()
        self.svg = os.path.join(self.folder, "plot.svg")

    def draw(self, answer):
        self.fake.answers["history-show"] = answer
        got = self.hamctl("explain", "web1-17", "--svg", self.svg)
        self.assertEqual((got.code, got.err), (0, ""))
        self.assertEqual(got.out, "web1-17: drawn in %s\n" % self.svg)
        return ET.parse(self.svg).getroot()

    def points(self, root):
        return [[tuple(map(float, p.split(",")))
                 for p in line.get("points").split()]
                for line in root.iter(SVG + "polyline")]

    def test_three_curves_over_the_time(self):
        root = self.draw(shown(samples=20))
        self.assertEqual((root.tag, root.get("version")), (SVG + "svg", "1.1"))
        lines = self.points(root)
        self.assertEqual([len(line) for line in lines], [20, 20, 20])
        for line in lines:
            self.assertEqual(sorted(line), line)  # time goes on
            for x, y in line:
                self.assertTrue(80 <= x <= 880 and 90 <= y <= 430, (x, y))
        # more is higher; what is left falls
        self.assertLess(lines[0][0][1], lines[1][0][1])
        self.assertLess(lines[2][0][1], lines[2][-1][1])
        texts = [t.text for t in root.iter(SVG + "text")]
        for text in ("MiB/s", "MiB", "time since it began, s", "copy",
                     "throughput", "dirty rate (what the guest writes)",
                     "remaining (right)"):
            self.assertIn(text, texts)

    def test_phases_are_bands_from_end_to_end(self):
        root = self.draw(shown(samples=20))
        bands = [r for r in root.iter(SVG + "rect")
                 if r.find(SVG + "title") is not None]
        self.assertEqual([b.find(SVG + "title").text for b in bands],
                         ["prepare", "copy", "cutover", "handover"])
        for a, b in zip(bands, bands[1:]):
            self.assertAlmostEqual(float(a.get("x")) + float(a.get("width")),
                                   float(b.get("x")), delta=0.2)

    def test_text_is_escaped(self):
        answer = shown(past(guest="<a>&\"'\x01"), samples=3)
        answer["steps"] = [told(0, "</title><script>", "phase")]
        root = self.draw(answer)
        self.assertIn("<a>&\"'?", root.find(SVG + "title").text)
        self.assertEqual(list(root.iter(SVG + "script")), [])

    def test_a_single_moment(self):
        root = self.draw(shown(past(ended_boot_us=5000000),
                               [told(0, "prepare", "phase")], samples=1))
        self.assertEqual(len(list(root.iter(SVG + "circle"))), 3)

    def test_figures_that_make_no_sense(self):
        answer = shown(samples=4)
        answer["samples"][0].update(rate=-5, dirty_rate=1e300,
                                    boot_us=-2 ** 62, disk_total="x")
        answer["samples"].append(7)
        self.draw(answer)

    def test_no_figures(self):
        self.fake.answers["history-show"] = shown()
        got = self.hamctl("explain", "web1-17", "--svg", self.svg)
        self.assertEqual((got.code, got.out), (1, ""))
        self.assertIn("web1-17 has no figures to draw", got.err)
        self.assertFalse(os.path.exists(self.svg))

    def test_a_file_is_replaced_whole(self):
        with open(self.svg, "w", encoding="utf-8") as file:
            file.write("x" * 1000000)
        self.draw(shown(samples=3))
        self.assertEqual(sorted(os.listdir(self.folder)), ["plot.svg", "s"])

    def refused(self, path, text):
        self.fake.answers["history-show"] = shown(samples=3)
        got = self.hamctl("explain", "web1-17", "--svg", path)
        self.assertEqual((got.code, got.out), (1, ""))
        self.assertIn("hamctl: cannot write the plot: ", got.err)
        self.assertIn(text, got.err)

    def test_what_is_no_file_is_left(self):
        self.refused(os.path.join(self.folder, "none", "x"), "No such file")
        self.refused(self.folder, "no regular file")
        os.symlink("/dev/null", self.svg)
        self.refused(self.svg, "no regular file")
        self.assertEqual(os.readlink(self.svg), "/dev/null")


if __name__ == "__main__":
    unittest.main()
