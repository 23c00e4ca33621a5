# SPDX-License-Identifier: BSD-3-Clause
"""The operators of a chaos run: hamctl, on any node, several at once.

An order is given and not waited for; what became of it is written down when
its hamctl has ended.
"""
import json
import subprocess
import tempfile

from chaoswatch import now

ORDER_S = 45  # hamctl stops waiting; the order itself may go on
MOST = 6  # under way at once


class Orders:
    def __init__(self, hamlab, writer):
        self.hamlab, self.writer = hamlab, writer
        self.count = 0
        self.running = []  # (number, guest, process, file of its output)

    def give(self, what, guest, via, to=""):
        if len(self.running) >= MOST:
            return
        node = ["--node", to] if to else []
        words = {"start": ["guest", "start", guest, *node],
                 "stop": ["guest", "stop", guest],
                 "kill": ["guest", "stop", guest, "--kill"],
                 "migrate": ["guest", "migrate", guest, to],
                 "cancel": ["guest", "cancel", guest],
                 "drain": ["node", "drain", to, "--no-wait"],
                 # its guests come back, or not
                 "undrain": ["node", "undrain", to] +
                            ["--return"] * (self.count % 2)}[what]
        self.count += 1
        said = tempfile.TemporaryFile()
        self.writer.put("order", number=self.count, what=what, guest=guest,
                        via=via, to=to, phase="begin")
        process = subprocess.Popen(
            [self.hamlab, "sh", via, "hamctl", "--timeout", str(ORDER_S),
             *words], stdin=subprocess.DEVNULL, stdout=said,
            stderr=subprocess.STDOUT)
        self.running.append((self.count, what, guest, process, said, now()))

    def reap(self):
        for one in list(self.running):
            number, what, guest, process, said, begun = one
            if process.poll() is None:
                # frozen with its node, or hamctl's own deadline fails
                if now() - begun > 2 * ORDER_S:
                    process.kill()
                continue
            self.running.remove(one)
            said.seek(0)
            text = said.read().decode("utf-8", "replace").strip()
            said.close()
            self.writer.put("order", number=number, what=what, guest=guest,
                            phase="end", rc=process.returncode,
                            said=text.rpartition("\n")[2])

    def busy(self, guest):
        return any(g == guest for _, _, g, *_ in self.running)

    def wait_all(self):
        for one in self.running:
            one[3].wait(timeout=3 * ORDER_S)
        self.reap()

    def end(self):
        for one in self.running:
            one[3].kill()
            one[3].wait()


def ask(hamlab, node, *words):
    """hamctl's answer there, None if there is none."""
    try:
        done = subprocess.run(
            [hamlab, "sh", node, "hamctl", "--json", "--timeout", "5",
             *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, timeout=30, check=False)
        return json.loads(done.stdout) if done.returncode == 0 else None
    except (ValueError, subprocess.TimeoutExpired):
        return None
