#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A fake hamd: its admin socket without anything behind it.

For the tests of hamctl, which script each answer, and for looking at hamctl
by hand:  fake_hamd.py SOCKET [SECONDS OF A MIGRATION].  It speaks the frames
of doc/protocol.md but decides nothing; no test of hamd itself may use it.
"""
import json
import os
import socket
import sys
import threading
import time

MIB = 1 << 20


class Refusal(Exception):
    """Raised by an answer: becomes an "error" frame."""

    def __init__(self, error_class, desc):
        super().__init__(desc)
        self.error = {"class": error_class, "desc": desc}


class Connection:
    def __init__(self, fake, sock):
        self.fake = fake
        self.sock = sock
        self.follows = False
        self.lock = threading.Lock()

    def raw(self, data):
        with self.lock:
            try:
                self.sock.sendall(data)
            except OSError:
                pass  # the client has gone: its business

    def send(self, frame):
        self.raw(json.dumps(frame).encode() + b"\n")

    def close(self):
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def answer(self, question):
        command = question["execute"]
        arguments = question.get("arguments", {})
        with self.fake.heard:
            self.fake.questions.append((command, arguments))
            self.fake.heard.notify_all()
        frame = {"id": question.get("id")}
        try:
            handler = self.fake.answers.get(command)
            if handler is None:
                raise Refusal("CommandNotFound",
                              "no command '%s'" % command)
            if callable(handler):
                handler = handler(self, arguments)
            if handler is None:
                return  # it has answered by itself, or never will
            frame["return"] = handler
        except Refusal as refusal:
            frame["error"] = refusal.error
        self.send(frame)
        if command == "events-follow" and "return" in frame:
            self.follows = True
            with self.fake.heard:
                self.fake.heard.notify_all()

    def run(self):
        if self.fake.greeting is not None:
            self.raw(self.fake.greeting)
        pending = b""
        while True:
            try:
                data = self.sock.recv(65536)
            except OSError:
                data = b""
            if not data:
                break
            *lines, pending = (pending + data).split(b"\n")
            for line in lines:
                self.answer(json.loads(line))
        self.fake.forget(self)


class FakeHamd:
    """answers: command -> object, or function(connection, arguments) that
    returns one, raises Refusal, or returns None after answering itself."""

    def __init__(self, path):
        self.path = path
        self.greeting = json.dumps(
            {"hamd": {"version": "0.1.0", "node": "n1", "protocol": 1},
             "capabilities": []}).encode() + b"\n"
        self.answers = {"events-follow": {"next": 1}}
        self.questions = []
        self.connections = []
        self.heard = threading.Condition()
        self.seq = 0
        self.listener = None

    def start(self):
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(self.path)
        self.listener.listen(16)
        threading.Thread(target=self._accept, args=(self.listener,),
                         daemon=True).start()

    def _accept(self, listener):
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            connection = Connection(self, sock)
            with self.heard:
                self.connections.append(connection)
            threading.Thread(target=connection.run, daemon=True).start()

    def forget(self, connection):
        with self.heard:
            if connection in self.connections:
                self.connections.remove(connection)
            self.heard.notify_all()
        connection.sock.close()

    def stop(self):
        """Ends like a killed hamd: socket file left, connections cut."""
        if self.listener:
            try:
                self.listener.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            self.listener.close()
        # at once: their threads notice later, and events are for the living
        with self.heard:
            cut, self.connections = self.connections, []
        for connection in cut:
            connection.close()

    def event(self, name, **data):
        """To every follower.  Progress has the number of the event before."""
        if name != "MIGRATION_PROGRESS":
            self.seq += 1
        now = time.time()
        body = {"seq": self.seq, "node": "n1", "text": name.lower()}
        body.update(data)
        frame = {"event": name, "data": body,
                 "timestamp": {"seconds": int(now),
                               "microseconds": int(now % 1 * 1e6)}}
        for connection in list(self.connections):
            if connection.follows:
                connection.send(frame)

    def wait_for(self, command, count=1, deadline_s=20):
        """Until the command has been asked so many times; its arguments."""
        def asked():
            return [a for c, a in self.questions if c == command]
        with self.heard:
            if not self.heard.wait_for(lambda: len(asked()) >= count,
                                       deadline_s):
                raise AssertionError("%s was not asked %d times: %r" %
                                     (command, count, self.questions))
            return asked()[count - 1]

    def asked(self, command):
        return [a for c, a in self.questions if c == command]


def guest(name="web1", **changes):
    """A GUEST object that is as wanted."""
    g = {"name": name, "wanted": "running", "state": "running",
         "owner": "n1", "epoch": 7, "reason": "", "waits_for": "",
         "memory_bytes": 256 * MIB, "cpus": 1, "replicas_wanted": 0,
         "replicas": [],
         "disks": [{"name": "root", "size_bytes": 512 * MIB,
                    "path": "/var/lib/hamd/images/%s-root.raw" % name}],
         "ports": [{"name": "lan", "bridge": "br0",
                    "mac": "52:54:00:12:34:56",
                    "addresses": ["192.0.2.10", "2001:db8::10"]}],
         "uuid": "5f0c0f4e-6d1c-5d3c-9d8f-0a0b0c0d0e0f",
         "migration": None, "last_migration": None}
    g.update(changes)
    return g


def status(guests, **changes):
    """The answer to "status" of three nodes in order."""
    s = {"cluster": {"name": "lab", "version": 7, "digest": "ab" * 32},
         "node": "n1", "hamd": "0.1.0",
         "quorum": {"quorate": True, "active": True, "waiting_for": "",
                    "ring": "1.48", "leader": "n1",
                    "members": ["n1", "n2", "n3"], "configured": 3,
                    "position": "48.17", "committed": "48.17"},
         "nodes": [{"name": "n%d" % i, "id": i, "online": True,
                    "member": True, "role": "witness" if i == 3 else "guests",
                    "version": "0.1.0", "config_matches": True}
                   for i in (1, 2, 3)],
         "guests": guests, "warnings": []}
    s.update(changes)
    return s


def migration(phase="copy", disk=0, ram=0, elapsed_ms=0, **changes):
    """A MIGRATION object, `disk` and `ram` in MiB of 512 and 256."""
    m = {"txn": "12", "from": "n1", "to": "n2", "phase": phase,
         "disk_done_bytes": disk * MIB, "disk_total_bytes": 512 * MIB,
         "ram_done_bytes": ram * MIB, "ram_total_bytes": 256 * MIB,
         "ram_remaining_bytes": (256 - ram) * MIB,
         "rate_bytes_per_s": 95 * MIB, "eta_min_ms": 3000, "eta_max_ms": 3000, "passes": 1,
         "elapsed_ms": elapsed_ms}
    m.update(changes)
    return m


def result(**changes):
    """A RESULT object of a migration that went well."""
    r = {"txn": "12", "from": "n1", "to": "n2", "ok": True, "reason": "",
         "total_ms": 2100, "stopped_ms": 43, "disk_bytes": 512 * MIB,
         "ram_bytes": 95 * MIB, "passes": 3,
         "timeline": [{"node": "n1", "at_us": 5000000, "what": "stop sent"},
                      {"node": "n2", "at_us": 9000000, "what": "TAKE"},
                      {"node": "n1", "at_us": 5021500, "what": "YIELD"},
                      {"node": "n2", "at_us": 9004000, "what": "cont"}]}
    r.update(changes)
    return r


def stamp(us):
    return {"seconds": us // 1000000, "microseconds": us % 1000000}


BEGAN_US = 1700000000123456


def past(number=17, guest="web1", **changes):
    """An entry of history-list: a live migration that went well."""
    e = {"number": number, "id": "%s-%d" % (guest, number),
         "kind": "migration", "mode": "live", "guest": guest, "from": "n1",
         "to": "n2", "result": "done", "reason": "",
         "asked": "uid 0, pid 77 on n3: migrate to n2",
         "began": stamp(BEGAN_US), "began_boot_us": 5000000,
         "ended": stamp(BEGAN_US + 2100000), "ended_boot_us": 7100000,
         "boot": "5f0c0f4e", "total_ms": 2100.0, "stopped_ms": 43.2,
         "blackout_ms": 51.0, "max_pause_ms": 150.0,
         "disk_bytes": 512 * MIB, "ram_bytes": 95 * MIB, "passes": 3,
         "txn": str(number)}
    e.update(changes)
    return e


def told(offset_ms, text, what="guest", node="n1"):
    """A step of history-show, so long after its entry began."""
    return {"time": stamp(BEGAN_US + offset_ms * 1000),
            "boot_us": 5000000 + offset_ms * 1000, "node": node,
            "what": what, "text": text}


def shown(entry=None, steps=None, samples=0):
    """The answer to history-show."""
    if steps is None:
        steps = [told(0, "prepare", "phase"),
                 told(3, "uid 0, pid 77 on n3: migrate to n2", "asked", "n3"),
                 told(100, "copy", "phase"),
                 told(900, "slow the guest down by 20 %: it writes 80 MiB/s",
                      "decided"),
                 told(2000, "cutover", "phase"),
                 told(2040, "handover", "phase"),
                 told(2090, "running on n2", "guest", "n2")]
    return {"entry": entry or past(), "steps": steps, "node": "n1",
            "samples": [{"boot_us": 5100000 + 100000 * i,
                         "disk_done": 32 * MIB * i,
                         "disk_total": 512 * MIB, "ram_done": 9 * MIB * i,
                         "ram_remaining": 9 * MIB * (samples - i),
                         "rate": (80 + i % 5) * MIB,
                         "dirty_rate": (20 - i % 3) * MIB, "throttle": i,
                         "passes": 1} for i in range(samples)]}


def run_migration(fake, web1, way, seconds):
    """What hamd's events of one migration look like, in real time."""
    def phase(name):
        fake.event("MIGRATION_PHASE", guest="web1", txn=way["txn"],
                   phase=name, text="web1: %s" % name)
    began = time.monotonic()
    phase("prepare")
    time.sleep(seconds * 0.05)
    phase("copy")
    while time.monotonic() - began < seconds:
        done = (time.monotonic() - began) / seconds
        now = migration("copy", int(512 * done), int(300 * done) % 257,
                        int((time.monotonic() - began) * 1000),
                        done_permille=int(1000 * done),
                        eta_min_ms=int((1 - done) * seconds * 800),
                        eta_max_ms=int((1 - done) * seconds * 1200),
                        pause_min_ms=30, pause_max_ms=60, forecast="ends",
                        **way)
        web1["migration"] = now
        fake.event("MIGRATION_PROGRESS", guest="web1", **now)
        time.sleep(min(1, seconds / 10))
    phase("cutover")
    phase("handover")
    time.sleep(0.05)
    end = result(total_ms=int(seconds * 1000), **way)
    web1.update(migration=None, last_migration=end, owner=way["to"],
                epoch=web1["epoch"] + 1)
    fake.event("MIGRATION_DONE", guest="web1", **end)


def run_power(fake, one, state, seconds):
    """A start or stop in real time."""
    one.update(wanted=state,
               state={"running": "starting", "stopped": "stopping"}[state])
    time.sleep(seconds)
    one.update(state=state, owner=one["owner"] or "n1")
    fake.event("GUEST_" + state.upper(), guest=one["name"], clean=True)


def main():
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 8
    fake = FakeHamd(sys.argv[1])
    web1 = guest("web1")
    guests = [web1,
              guest("db1", wanted="stopped", state="stopped", owner="",
                    epoch=0, reason="it was never started"),
              guest("mail", state="stopped", owner="n3", epoch=12,
                    reason="its node n3 is absent and its death not proven",
                    waits_for="fencing of n3", replicas_wanted=1,
                    replicas=[{"node": "n1", "state": "outdated",
                               "generation": 4}])]

    def migrate(_connection, arguments):
        if web1["migration"]:
            raise Refusal("Busy", "web1 is being migrated")
        way = {"from": web1["owner"], "to": arguments["node"],
               "txn": str(fake.seq)}
        web1["migration"] = migration("prepare", **way)
        threading.Thread(target=run_migration, daemon=True,
                         args=(fake, web1, way, seconds)).start()
        return {"txn": way["txn"]}

    def find(arguments):
        for g in guests:
            if g["name"] == arguments["name"]:
                return g
        raise Refusal("NotFound", "no guest '%s'" % arguments["name"])

    def power(state):
        def answer(_connection, arguments):
            threading.Thread(target=run_power, daemon=True,
                             args=(fake, find(arguments), state,
                                   seconds / 2)).start()
            return {}
        return answer
    cluster = status(guests, warnings=[
        "no fence device for n3: its guests cannot be recovered"])
    cluster["quorum"]["members"] = ["n1", "n2"]
    cluster["nodes"][2].update(online=False, member=False)
    fake.answers.update({
        "status": cluster,
        "guest-list": lambda c, a: {"guests": guests},
        "guest-show": lambda c, a: {"guest": find(a)},
        "history-list": {"entries": [past()], "more": False},
        "history-show": lambda c, a: shown(samples=20),
        "guest-migrate": migrate, "guest-start": power("running"),
        "guest-stop": power("stopped")})
    fake.start()
    print("fake hamd at", sys.argv[1], flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
