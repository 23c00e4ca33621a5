#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""hamctl asks: what it prints of hamd's answers, and what it exits with."""
import os
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from fake_hamd import guest, migration, result, status  # noqa: E402
from hamctl_test import DEADLINE_S, HAMCTL, HamctlTest  # noqa: E402

class Questions(HamctlTest):
    def test_status_in_order(self):
        self.fake.answers["status"] = status([guest()])
        got = self.hamctl("status")
        self.assertEqual(got.out, """\
cluster lab: 3 of 3 nodes, quorate, leader n1, ring 1.48

NODE  ID  STATE   ROLE     VERSION  NOTE
n1     1  online  guests   0.1.0    asked
n2     2  online  guests   0.1.0
n3     3  online  witness  0.1.0

NAME  STATE    NODE  EPOCH  REPLICAS  NOTE
web1  running  n1        7  -
""")
        self.assertEqual((got.code, got.err), (0, ""))

    def test_status_without_quorum_says_what_is_waited_for(self):
        answer = status([guest()], warnings=["disk of n2 is old"])
        answer["quorum"].update(quorate=False, active=False, members=["n1"],
                                leader="", waiting_for="n2 or n3")
        self.fake.answers["status"] = answer
        got = self.hamctl("status")
        self.assertEqual(got.lines[:3], [
            "cluster lab: 1 of 3 nodes, NO QUORUM, ring 1.48",
            "No guest is started, stopped or moved; waiting for n2 or n3",
            "WARNING: disk of n2 is old"])
        self.assertEqual(got.code, 0)

    def test_quorum_that_is_not_at_work_yet(self):
        answer = status([])
        answer["quorum"].update(active=False, waiting_for="the exchange")
        self.fake.answers["status"] = answer
        got = self.hamctl("status")
        self.assertIn("quorate but NOT ACTIVE", got.lines[0])
        self.assertIn("waiting for the exchange", got.lines[1])

    def test_status_tells_nodes_apart(self):
        answer = status([])
        answer["nodes"][0]["config_matches"] = False
        answer["nodes"][1].update(member=False, version="0.2.0")
        answer["nodes"][2].update(online=False, member=False, version="")
        self.fake.answers["status"] = answer
        got = self.hamctl("status")
        self.assertIn("asked, ANOTHER CONFIGURATION", got.lines[3])
        self.assertIn("joining", got.lines[4])
        self.assertIn("another version", got.lines[4])
        self.assertIn("offline", got.lines[5])
        self.assertEqual(got.lines[-1], "no guests")

    def explained(self, **changes):
        answer = status([guest(**changes)])
        answer["nodes"][2].update(online=False, member=False)
        self.fake.answers["status"] = answer
        return self.hamctl("status").lines[-1]

    def test_guest_of_an_absent_node_is_explained(self):
        self.assertEqual(
            self.explained(state="stopped", owner="n3",
                           reason="its node is absent",
                           waits_for="fencing of n3"),
            "web1 is stopped, wanted running: its node is absent; waits for "
            "fencing of n3; to do: bring n3 back")

    def test_guest_whose_newest_copy_is_away_is_explained(self):
        waits = "a node with a current copy of its disks: n3"
        for state, advice in (
                ("partial", "to do: bring that node back"),
                ("outdated", "to do: bring that node back; only if it is lost "
                 "for good, and the last writes with it: hamctl guest start "
                 "web1 --node n2 --force")):
            self.assertTrue(self.explained(
                state="recovering", owner="n3", waits_for=waits,
                replicas=[{"node": "n2", "state": state}]).endswith(advice))

    def test_failed_guest_is_explained(self):
        self.assertEqual(
            self.explained(state="failed", reason="QEMU exited with 1"),
            "web1 is failed, wanted running: QEMU exited with 1; to do: read "
            "/var/log/hamd/web1.log on n1, then: hamctl guest start web1")

    def test_guest_in_doubt_is_never_advised_to_start(self):
        line = self.explained(state="in-doubt", owner="n3")
        self.assertIn("do not start it by other means", line)
        self.assertNotIn("guest start", line)

    def test_missing_replica_is_explained(self):
        self.assertIn("fewer current replicas",
                      self.explained(replicas_wanted=1))

    def test_guest_that_is_as_wanted_is_not_explained(self):
        for reason in (dict(state="stopped", wanted="stopped", owner="",
                            reason="it was never started"),
                       dict(reason="migration to n2 failed: disk full")):
            self.assertNotIn(reason["reason"], self.explained(**reason))

    def test_guest_of_unknown_state_is_explained(self):
        self.assertIn("web1 is unknown, wanted running",
                      self.explained(state="unknown", owner="n3"))

    def test_migration_is_seen_in_status(self):
        self.fake.answers["status"] = status(
            [guest(state="migrating", migration=migration(disk=256, ram=128))])
        lines = self.hamctl("status").lines
        self.assertIn("migrating  n1        7  -         -> n2, copy 49%",
                      lines[-2])
        self.assertEqual(lines[-1], "  web1 n1 -> n2: copy 49%, disk 256/512 "
                         "MiB, RAM 128/256 MiB, 95 MiB/s, ETA 3 s, pass 1, "
                         "0 ms")

    def test_forecasts_of_all_migrations_are_in_status(self):
        self.fake.answers["status"] = status(
            [guest(state="migrating", migration=migration(
                disk=256, ram=128, done_permille=437, eta_min_ms=8000,
                eta_max_ms=15000, pause_min_ms=30, pause_max_ms=60,
                throttle_percent=20, elapsed_ms=12300)),
             guest("db1"),
             guest("mail", state="migrating", migration=migration(
                 phase="queued", queued_behind=2, to="n3\x1b",
                 disk_total_bytes=0, ram_total_bytes=0))])
        self.assertEqual(self.hamctl("status").lines[-2:], [
            "  web1 n1 -> n2: copy 43%, disk 256/512 MiB, RAM 128/256 MiB, "
            "95 MiB/s, ETA 8-15 s, pause 30-60 ms, throttle 20%, pass 1, "
            "12.3 s",
            "  mail n1 -> n3?: queued 0%, behind 2, 0 ms"])

    def test_a_copy_that_is_made_is_in_guest_show(self):
        self.fake.answers["guest-show"] = {"guest": guest(replicas=[
            {"node": "n3", "state": "syncing", "generation": 2,
             "done_bytes": 1 << 28, "total_bytes": 1 << 29,
             "rate_bytes_per_s": 95 << 20, "eta_min_ms": 2000,
             "eta_max_ms": 4000}])}
        self.assertIn("  replica on n3    syncing, generation 2, 50 %, "
                      "95 MiB/s, 2-4 s left\n",
                      self.hamctl("guest", "show", "web1").out)

    def test_guest_list(self):
        self.fake.answers["guest-list"] = {"guests": [
            guest(), guest("db", replicas_wanted=1, memory_bytes=1 << 31,
                           replicas=[{"node": "n3", "state": "syncing",
                                      "generation": 2}])]}
        self.assertEqual(self.hamctl("guest", "list").out, """\
NAME  STATE    WANTED   NODE   MEMORY  CPUS    DISKS  REPLICAS
web1  running  running  n1    256 MiB     1  512 MiB
db    running  running  n1      2 GiB     1  512 MiB  0/1 n3 syncing
""")

    def test_guest_show(self):
        self.fake.answers["guest-show"] = {"guest": guest(
            last_migration=result())}
        got = self.hamctl("guest", "show", "web1")
        self.assertEqual(self.fake.asked("guest-show"), [{"name": "web1"}])
        for text in ("  disk root        512 MiB, /var/lib/hamd/images/",
                     "52:54:00:12:34:56, 192.0.2.10, 2001:db8::10",
                     "n1 -> n2 in 2.1 s, guest stopped 43 ms, 607 MiB moved",
                     "n1    21.5  YIELD", "n2     4.0  cont"):
            self.assertIn(text, got.out)

    def test_guest_show_in_a_vlan(self):
        shown = guest()
        shown["ports"][0]["vlan"] = 30
        self.fake.answers["guest-show"] = {"guest": shown}
        got = self.hamctl("guest", "show", "web1")
        self.assertIn("  port lan         br0, VLAN 30, 52:54:00:12:34:56, "
                      "192.0.2.10", got.out)

    def test_json_is_the_answer_itself(self):
        for command, words in (("status", ["status"]),
                               ("guest-list", ["guest", "list"]),
                               ("guest-show", ["guest", "show", "x"]),
                               ("events-list", ["events"]),
                               ("blackbox-dump", ["blackbox"])):
            answer = {"b": [1, 2.5, None, True, "ä\n"], "a": {"z": {}}}
            self.fake.answers[command] = answer
            got = self.hamctl("--json", *words)
            self.assertEqual((got.objects(), got.code), ([answer], 0))

    def test_plan(self):
        self.fake.answers["plan-failure"] = plan = {
            "node": "n1", "majority_left": True, "guests": [
                {"guest": "db", "priority": 80, "memory_bytes": 1 << 31,
                 "to": "n2", "reason": ""},
                {"guest": "web1", "priority": 50, "memory_bytes": 1 << 28,
                 "to": "", "reason": "n2 is away"}]}
        got = self.hamctl("plan", "failure", "n1")
        self.assertEqual(self.fake.asked("plan-failure"), [{"node": "n1"}])
        self.assertEqual((got.code, got.out), (1, """\
GUEST  PRIORITY   MEMORY  TO       REASON
db           80    2 GiB  n2
web1         50  256 MiB  nowhere  n2 is away

if n1 failed: 2 guests, 1 without a place
"""))
        del plan["guests"][1]
        self.assertEqual(self.hamctl("plan", "failure", "n1").code, 0)
        plan["majority_left"] = False
        got = self.hamctl("plan", "failure", "n1")
        self.assertEqual(got.code, 1)
        self.assertIn("no majority is left", got.lines[-1])
        plan["guests"] = []
        self.assertIn("no guest would have to be started elsewhere",
                      self.hamctl("plan", "failure", "n1").out)

    def test_blackbox(self):
        self.fake.answers["blackbox-dump"] = {"path": "/var/lib/x"}
        self.assertIn("qb-blackbox /var/lib/x", self.hamctl("blackbox").out)

    def test_version_names_both(self):
        self.assertIn("hamd 0.1.0 on node n1", self.hamctl("version").out)

    def test_version_without_hamd_is_no_error(self):
        got = self.hamctl("version", "--socket", "/nonexistent/s")
        self.assertIn("not reached", got.out)
        self.assertEqual(got.code, 0)

    def test_version_as_json(self):
        got = self.hamctl("version", "--json")
        self.assertEqual(got.objects()[0]["hamd"], "0.1.0")
        got = self.hamctl("version", "--json", "--socket", "/nonexistent/s")
        self.assertEqual((got.objects()[0]["hamd"], got.code), (None, 0))

    def test_big_answer(self):
        guests = [guest("guest%04d" % i) for i in range(5000)]
        self.fake.answers["guest-list"] = {"guests": guests}
        self.assertEqual(len(self.hamctl("guest", "list").lines), 5001)

    def test_text_cannot_drive_the_terminal(self):
        self.fake.answers["guest-list"] = {"guests": [guest("a\x1b[2Jb")]}
        got = self.hamctl("guest", "list")
        self.assertIn("a?[2Jb", got.out)
        self.refuse("status", "Refused", "a\x1b]0;b")
        self.assertEqual(self.hamctl("status").err, "hamctl: a?]0;b\n")

    def test_answers_without_their_members_do_no_harm(self):
        for answer in ({}, {"guests": [{}, 1, None, "x"], "nodes": [[]],
                            "quorum": 1, "guest": 5, "events": [7, {}],
                            "warnings": [{}]},
                       {"guests": [{"name": 5, "state": 1.5, "owner": {},
                                    "epoch": "x", "disks": {},
                                    "replicas": [{"node": 1}]}],
                        "guest": {"name": True, "uuid": 7},
                        "events": [{"event": 1, "data": {"seq": "x"}}]}):
            for command, words in (("status", ["status"]),
                                   ("guest-list", ["guest", "list"]),
                                   ("guest-show", ["guest", "show", "x"]),
                                   ("events-list", ["events"])):
                self.fake.answers[command] = answer
                self.assertEqual(self.hamctl(*words).code, 0, words)


def device(node="n1", **changes):
    """A DEVICE object that is as it should be."""
    d = {"node": node, "device": "bmc", "agent": "fence_ipmilan", "level": 1,
         "up": True, "seen_on": True, "state": "on", "why": "",
         "tested": {"seconds": 1700000000, "microseconds": 250000}}
    d.update(changes)
    return d


class Fence(HamctlTest):
    DOG = device("n2", device="dog", agent="watchdog", state="armed",
                 seen_on=True, why="it is waited for", tested=None)

    def test_status(self):
        self.fake.answers["fence-status"] = {
            "devices": [device(), device("n2", state="off", up=False),
                        self.DOG],
            "under_way": [{"node": "n2", "what": "fencing",
                           "since": {"seconds": 1700000001,
                                     "microseconds": 0}}],
            "history": [{"time": {"seconds": 1700000002, "microseconds": 0},
                         "node": "n2", "what": "dead", "by": "",
                         "text": "n2 is dead"}]}
        got = self.hamctl("fence", "status")
        self.assertEqual(got.out, """\
NODE  DEVICE  AGENT          LEVEL  STATE  PROVES  SEEN                     NOTE
n1    bmc     fence_ipmilan      1  on     yes     2023-11-14 22:13:20.250
n2    bmc     fence_ipmilan      1  off    yes     2023-11-14 22:13:20.250
n2    dog     watchdog           1  armed  yes     -                        it is waited for

under way: fencing of n2 since 2023-11-14 22:13:21.000

TIME                     NODE  WHAT  BY  TEXT
2023-11-14 22:13:22.000  n2    dead  -   n2 is dead
""")
        self.assertEqual(got.code, 0)
        self.assertEqual(self.fake.asked("fence-status"), [{"limit": 20}])

    def test_status_of_nothing(self):
        self.fake.answers["fence-status"] = {"devices": [], "under_way": [],
                                             "history": []}
        got = self.hamctl("fence", "status", "--limit", "5")
        self.assertEqual((got.out, got.code), ("no fence devices\n", 0))
        self.assertEqual(self.fake.asked("fence-status"), [{"limit": 5}])

    def test_test(self):
        for devices, bad in (
                ([device(), device("n2", up=False, state="off"), self.DOG], 0),
                ([device(), device("n2", up=False)], 0),
                ([device(state="off")], 1),
                ([dict(self.DOG, state="unarmed")], 1),
                ([dict(self.DOG, state="unarmed", up=False)], 0),
                ([device(state="unknown", why="no route")], 1),
                ([device(), device("n2", up=False, state="unknown")], 1),
                ([], 0)):
            self.fake.answers["fence-test"] = {"devices": devices}
            for words in ([], ["--json"]):
                got = self.hamctl("fence", "test", *words)
                self.assertEqual(got.code, 1 if bad else 0, devices)
                self.assertEqual(
                    got.err, "hamctl: 1 of %d devices cannot be relied on\n" %
                    len(devices) if bad else "")

    def test_off_and_on(self):
        for verb, words, arguments in (
                ("off", [], {"node": "n2"}),
                ("off", ["--force"], {"node": "n2", "force": True}),
                ("on", [], {"node": "n2"})):
            self.fake.questions.clear()
            self.fake.answers["fence-" + verb] = {"node": "n2",
                                                  "text": "by bmc\x1b"}
            got = self.hamctl("fence", verb, "n2", *words)
            self.assertEqual((got.out, got.err, got.code),
                             ("n2: by bmc?\n", "", 0))
            self.assertEqual(self.fake.asked("fence-" + verb), [arguments])

    def test_off_refused(self):
        self.refuse("fence-off", "Refused", "n2 runs web1")
        got = self.hamctl("fence", "off", "n2")
        self.assertEqual((got.code, got.err), (1, "hamctl: n2 runs web1\n"))

    def test_json(self):
        for command, words in (("fence-status", ["status"]),
                               ("fence-test", ["test"]),
                               ("fence-off", ["off", "n2"]),
                               ("fence-on", ["on", "n2"])):
            answer = {"devices": [], "x": 1}
            self.fake.answers[command] = answer
            got = self.hamctl("--json", "fence", *words)
            self.assertEqual((got.objects(), got.code), ([answer], 0))

    def test_answers_without_their_members_do_no_harm(self):
        for answer in ({}, {"devices": [1, {}], "under_way": [None, {}],
                            "history": [{}, "x"]}):
            for verb in ("status", "test"):
                self.fake.answers["fence-" + verb] = answer
                self.assertIn(self.hamctl("fence", verb).code, (0, 1))


class Errors(HamctlTest):
    def test_refusals_by_class(self):
        for error_class, code in (("Refused", 1), ("GenericError", 1),
                                  ("Busy", 1), ("NotPermitted", 1),
                                  ("NoQuorum", 4), ("NotFound", 5),
                                  ("BadArgument", 2), ("NotBuilt", 2)):
            self.refuse("guest-stop", error_class, "so it is")
            got = self.hamctl("guest", "stop", "web1")
            self.assertEqual((got.code, got.out, got.err),
                             (code, "", "hamctl: so it is\n"), error_class)

    def test_refusal_as_json(self):
        self.refuse("guest-show", "NotFound", "no guest 'x'")
        got = self.hamctl("guest", "show", "x", "--json")
        self.assertEqual(got.objects(), [
            {"error": {"class": "NotFound", "desc": "no guest 'x'"}}])
        self.assertEqual(got.code, 5)

    def test_unknown_command_names_both_versions(self):
        got = self.hamctl("status")
        self.assertIn("(hamd 0.1.0, hamctl ", got.err)
        self.assertEqual(got.code, 1)

    def test_no_hamd(self):
        got = self.hamctl("status", "--socket", self.folder + "/none")
        self.assertIn("cannot reach hamd at", got.err)
        self.assertIn("is hamd running?", got.err)
        self.assertEqual(got.code, 3)

    def test_stale_socket(self):
        self.fake.stop()
        self.assertEqual(self.hamctl("status").code, 3)

    def greeted(self, greeting):
        self.fake.greeting = greeting
        return self.hamctl("status", "--timeout", "20")

    def test_not_permitted_at_the_door(self):
        got = self.greeted(b'{"error":{"class":"NotPermitted",'
                           b'"desc":"only root"}}\n')
        self.assertIn("only root", got.err)
        self.assertEqual(got.code, 3)

    def test_garbage_for_a_greeting(self):
        got = self.greeted(b"SSH-2.0-OpenSSH_9.2\n")
        self.assertIn("no JSON object", got.err)
        self.assertEqual(got.code, 3)

    def test_another_service(self):
        got = self.greeted(b'{"QMP":{}}\n')
        self.assertIn("not hamd", got.err)
        self.assertEqual(got.code, 3)

    def test_another_protocol(self):
        got = self.greeted(b'{"hamd":{"version":"9.0.0","protocol":2}}\n')
        self.assertIn("hamd 9.0.0 speaks protocol 2", got.err)
        self.assertEqual(got.code, 3)

    def test_garbage_for_an_answer(self):
        for garbage in (b"\xff\xfe\n", b"[1]\n", b"\n", b'{"return":\n',
                        b"[" * 100000 + b"\n", b'{"id":1}\n'):
            self.fake.answers["status"] = lambda c, a, g=garbage: c.raw(g)
            got = self.hamctl("status")
            self.assertEqual((got.code, got.out), (3, ""), garbage[:20])

    def test_line_without_end(self):
        self.fake.answers["status"] = \
            lambda c, a: c.raw(b'{"return":"' + b"x" * (33 << 20))
        got = self.hamctl("status")
        self.assertIn("more than 32 MiB", got.err)
        self.assertEqual(got.code, 3)

    def test_closed_in_the_middle_of_an_answer(self):
        def half(connection, _arguments):
            connection.raw(b'{"return":{')
            connection.close()
        self.fake.answers["status"] = half
        got = self.hamctl("status")
        self.assertIn("closed the connection", got.err)
        self.assertEqual(got.code, 3)

    def test_answer_to_another_question_is_not_taken(self):
        def late(connection, _arguments):
            connection.send({"return": {"old": 1}, "id": 77})
            return {"new": 1}
        self.fake.answers["status"] = late
        self.assertEqual(self.hamctl("status", "--json").objects(),
                         [{"new": 1}])

    def test_no_answer(self):
        self.fake.answers["status"] = lambda c, a: None
        got = self.hamctl("status", "--timeout", "0.2")
        self.assertIn("did not answer in time", got.err)
        self.assertEqual(got.code, 7)

    def test_no_greeting(self):
        self.fake.greeting = None
        got = self.hamctl("status", "--timeout", "0.2")
        self.assertIn("did not answer in time", got.err)
        self.assertEqual(got.code, 3)

    def test_output_that_cannot_be_written(self):
        self.fake.answers["status"] = status([])
        with open("/dev/full", "w") as full:
            process = subprocess.run([HAMCTL, "status"], stdout=full,
                                     stderr=subprocess.PIPE,
                                     env={"HAMD_SOCKET": self.path},
                                     timeout=DEADLINE_S)
        self.assertEqual(process.returncode, 1)


class Usage(HamctlTest):
    def check_usage(self, *args, text):
        got = self.hamctl(*args)
        self.assertEqual((got.code, got.out), (2, ""), args)
        self.assertIn(text, got.err)
        self.assertEqual(self.fake.questions, [])

    def test_wrong_command_lines(self):
        for args, text in (
                ([], "usage: hamctl COMMAND"),
                (["guest"], "usage: hamctl guest COMMAND"),
                (["gues"], "unknown command 'gues'"),
                (["guest", "fly"], "unknown command 'guest fly'"),
                (["guest", "show"], "takes NAME"),
                (["guest", "migrate"], "takes NAME [NODE]"),
                (["guest", "migrate", "web1", "n2", "n3"],
                 "takes NAME [NODE]"),
                (["status", "now"], "takes no argument"),
                (["status", "--kill"], "'status' takes no --kill"),
                (["status", "--kil"], "unknown option '--kil'"),
                (["status", "-x"], "unknown option '-x'"),
                (["status", "--json=1"], "--json takes no value"),
                (["guest", "start", "a", "--node"], "--node needs NODE"),
                (["guest", "start", "a", "--force"], "needs --node NODE"),
                (["status", "--timeout", "0"], "found '0', expected seconds"),
                (["status", "--timeout", "nan"], "found 'nan'"),
                (["events", "--limit", "0"], "found '0'"),
                (["events", "--since", "-1"], "found '-1'"),
                (["guest", "show", b"\xff"], "not UTF-8")):
            self.check_usage(*args, text=text)

    def test_planned_commands(self):
        for words, name in (
                (["cluster", "join"], "cluster join"),
                (["cluster", "init"], "cluster init"),
                (["config", "diff", "a"], "config diff"),
                (["config", "apply", "a"], "config apply")):
            self.check_usage(*words, text="hamctl: '%s' is not part of hamd "
                             % name)

    def test_help_on_each_level(self):
        for words, text in ((["--help"], "Exit status:"), (["-h"], "status"),
                            (["guest", "--help"], "guest migrate NAME [NODE]"),
                            (["guest", "stop", "--help"], "--kill")):
            got = self.hamctl(*words)
            self.assertEqual((got.code, got.err), (0, ""))
            self.assertIn(text, got.out)
            self.assertNotIn("config apply", got.out)
            self.assertLessEqual(max(map(len, got.lines)), 80)

    def test_options_anywhere(self):
        self.fake.answers["guest-show"] = {"guest": guest("--json")}
        got = self.hamctl("--json", "guest", "--timeout=5", "show", "--",
                          "--json")
        self.assertEqual(got.code, 0)
        self.assertEqual(self.fake.asked("guest-show"), [{"name": "--json"}])


COROSYNC = """\
totem {
    version: 2
    transport: knet
    crypto_cipher: aes256
    crypto_hash: sha256
}
quorum {
    provider: corosync_votequorum
}
nodelist {
""" + "".join("""\
    node {
        name: n%d
        nodeid: %d
        ring0_addr: 10.0.0.%d
    }
""" % (i, i, i) for i in (1, 2, 3)) + "}\n"


class ConfigTest(HamctlTest):
    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w") as f:
            f.write(text)
        return path

    def agent(self, name, script):
        path = self.write(name, "#!/bin/sh\n" + script)
        os.chmod(path, 0o755)


class Config(ConfigTest):
    def test_every_problem_on_a_line(self):
        path = self.write("c", "[cluster]\nversion = x\nversion = 1\n[no]\n")
        got = self.hamctl("config", "check", path)
        self.assertEqual(got.code, 1)
        self.assertGreaterEqual(len(got.lines), 3)
        for line in got.lines:
            self.assertTrue(line.startswith((path + ":",
                                             "/etc/corosync/")), line)
        self.assertEqual(self.fake.questions, [])

    def test_problems_as_json(self):
        path = self.write("c", "[cluster]\nversion = x\n")
        corosync = self.write("corosync.conf", "totem {\n")
        got = self.hamctl("config", "check", path, "--json",
                          "--corosync", corosync)
        answer = got.objects()[0]
        self.assertEqual((got.code, answer["ok"], answer["file"]),
                         (1, False, path))
        self.assertIn({path, corosync}, [
            {p["file"] for p in answer["problems"]}])

    def test_no_such_file(self):
        got = self.hamctl("config", "check", "/nonexistent")
        self.assertIn("/nonexistent", got.out)
        self.assertEqual(got.code, 1)

    def test_good_file(self):
        path = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                            "../../config/examples/three-nodes.conf")
        corosync = self.write("corosync.conf", COROSYNC)
        self.agent("fence_ipmilan", METADATA)
        got = self.hamctl("config", "check", path, "--corosync", corosync,
                          HAMD_FENCE_AGENTS=self.folder)
        self.assertEqual((got.out, got.err, got.code),
                         (path + ": ok (3 nodes, 2 guests)\n", "", 0))


METADATA = """\
echo x >>"$0.asked"
[ $# = 0 ] && [ "$(cat)" = action=metadata ] || exit 1
echo 'warning <&' >&2
cat <<'END'
<?xml version="1.0" ?>
<resource-agent name="fence_ipmilan"><parameters>
<parameter name="ip" required="1"><content type="string"/></parameter>
<parameter name="username" required="0"><content type="string"/></parameter>
<parameter name="password" required="0"><content type="string"/></parameter>
<parameter name="auth" required="0"><content type="select">
<option value="md5"/><option value="none"/></content></parameter>
</parameters><actions><action name="off"/><action name="status"/></actions>
</resource-agent>
END
"""

DEVICES = """\
[cluster]
version = 1
[node n1]
address.migration = 10.0.0.1
[node n2]
address.migration = 10.0.0.2
[node n3]
address.migration = 10.0.0.3
[fence n1/bmc]
agent = fence_x
ip = 10.0.0.9
[fence n2/bmc]
agent = fence_x
ip = 10.0.0.9
ipadr = 1
[fence n2/dog]
agent = watchdog
"""


class Agents(ConfigTest):
    """What `config check` says of fence devices."""
    def check_devices(self, text, *words):
        path = self.write("c", text)
        corosync = self.write("corosync.conf", COROSYNC)
        got = self.hamctl("config", "check", path, "--corosync", corosync,
                          *words, HAMD_FENCE_AGENTS=self.folder)
        self.assertEqual(self.fake.questions, [])
        self.assertEqual(got.err, "")
        return got, [line[len(path):] for line in got.lines]

    def test_each_agent_is_asked_once_and_each_device_checked(self):
        self.agent("fence_x", METADATA)
        got, lines = self.check_devices(DEVICES)
        self.assertEqual(lines, [
            ":15: [fence n2/bmc] ipadr: found an option that the agent does "
            "not know, expected one of those in its manual page"])
        self.assertEqual(got.code, 1)
        with open(os.path.join(self.folder, "fence_x.asked")) as asked:
            self.assertEqual(asked.read(), "x\n")

    def test_problems_in_the_order_of_lines(self):
        self.agent("fence_x", METADATA)
        got, lines = self.check_devices(
            DEVICES.replace("ip = 10.0.0.9\n[", "zz = 1\nauth = md6\n["))
        self.assertEqual([line.split(": found")[0] for line in lines],
                         [":9: [fence n1/bmc] ip", ":11: [fence n1/bmc] zz",
                          ":12: [fence n1/bmc] auth",
                          ":16: [fence n2/bmc] ipadr"])
        self.assertIn("found md6, expected md5 or none", lines[2])

    def test_agents_words_cannot_drive_the_terminal(self):
        self.agent("fence_x", "printf 'a\\033[2Jb\\n' >&2; exit 1\n")
        got, lines = self.check_devices(DEVICES)
        self.assertEqual(len(lines), 2)
        self.assertIn(":10: [fence n1/bmc] agent: found fence_x ended with "
                      "exit status 1: a [2Jb, expected an agent that says",
                      lines[0])

    def test_agent_that_is_not_installed(self):
        got, lines = self.check_devices(DEVICES)
        self.assertEqual(
            [line.split(": found")[0] for line in lines],
            [":10: [fence n1/bmc] agent", ":13: [fence n2/bmc] agent"])
        self.assertIn("/fence_x, which is not on this machine", lines[0])
        self.assertEqual(got.code, 1)
        got, lines = self.check_devices(DEVICES, "--no-agents")
        self.assertEqual(lines, [": ok (3 nodes, 0 guests)"])

    def test_json_has_places(self):
        got, _ = self.check_devices(DEVICES, "--json")
        problem = got.objects()[0]["problems"][0]
        self.assertEqual((problem["line"], problem["section"],
                          problem["key"]), (10, "fence n1/bmc", "agent"))

    def test_a_faulty_file_asks_no_agent(self):
        self.agent("fence_x", METADATA)
        got, lines = self.check_devices(DEVICES + "action = on\n")
        self.assertFalse(os.path.exists(self.folder + "/fence_x.asked"))


if __name__ == "__main__":
    unittest.main()
