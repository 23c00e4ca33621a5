# SPDX-License-Identifier: BSD-3-Clause
"""What the tests of hamctl share: the program, run beside a fake hamd.

HAMCTL names the program (default: hamd/hamctl under the current folder).
Nothing is timed: every wait is for an event, with a deadline that only a hang
reaches.
"""
import json
import os
import subprocess
import tempfile
import unittest

from fake_hamd import FakeHamd, Refusal

HAMCTL = os.path.abspath(os.environ.get("HAMCTL", "hamd/hamctl"))
DEADLINE_S = 60


class Ended:
    def __init__(self, process):
        self.out, self.err = process.communicate(timeout=DEADLINE_S)
        self.code = process.returncode
        self.lines = self.out.splitlines()

    def objects(self):
        return [json.loads(line) for line in self.lines]


class HamctlTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="hamctl-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.path = os.path.join(folder.name, "s")
        self.fake = FakeHamd(self.path)
        self.fake.start()
        self.addCleanup(self.fake.stop)

    def begin(self, *args, **environment):
        env = {"PATH": os.environ["PATH"], "HAMD_SOCKET": self.path,
               "TZ": "UTC", "LC_ALL": "C.UTF-8", **environment}
        process = subprocess.Popen([HAMCTL, *args], env=env,
                                   stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)

        def reap():
            if process.poll() is None:
                process.kill()
                process.communicate()
        self.addCleanup(reap)
        return process

    def hamctl(self, *args, **environment):
        return Ended(self.begin(*args, **environment))

    def refuse(self, command, error_class, desc="no"):
        def answer(_connection, _arguments):
            raise Refusal(error_class, desc)
        self.fake.answers[command] = answer
