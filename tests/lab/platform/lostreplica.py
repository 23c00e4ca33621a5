# SPDX-License-Identifier: BSD-3-Clause
"""tests/lab/platform/lostreplica.py - what QEMU does when a replica is lost.

lostreplica.py FOLDER [PROBE...]: a line for each probe; its files go to FOLDER.
To be run by tests/lab/test-platform.sh, in namespaces of its own.  ms: from the
fault or the yank until the first error.
"""
import contextlib
import os
import signal
import sys
import time
import traceback

from faults import BadDisk, Node, Skip, SmallDisk, run
from guest import BLOCK, FLUSH, READ, WRITE, content
from qmp import Broken
from stack import Owner, Replica, both_have, create, nbd, null

PROBES = []


def probe(function):
    PROBES.append(function)
    return function


class Scene:
    """An owner that writes, and a replica in slot 0."""

    def __init__(self, stack, work, local=None, replica=None, node=None):
        self.local = local or create(f"{work}/local.raw")
        self.copy = replica or create(f"{work}/replica.raw")
        # what is read for the comparison; not through a disk that fails
        self.images = [self.local, self.copy]
        self.replica = Replica(stack, work, self.copy, node)
        self.owner = Owner(stack, work, self.local)
        self.guest = self.owner.guest
        self.owner.swap(nbd("d0-s0-nbd1", self.replica.host))
        self.guest.start()
        self.guest.writes()

    def strike(self, fault):
        """The fault, amid writes; how they end, and that none is acknowledged
        that the replica lacks."""
        self.struck = time.monotonic()
        fault()
        failed = self.guest.fails()
        both_have(self.owner, *self.images)
        return failed

    def error(self, since=None):
        """The error and when it came, for the line of the probe."""
        ms = (self.guest.failed_at - (since or self.struck)) * 1e3
        return f"{self.guest.error_name()} after {ms:.1f} ms"

    def expect_error(self, fault, *names):
        if not self.strike(fault):
            raise Broken("the writes hang")
        self.expect_errno(*names)
        return self.error()

    def expect_hang(self, fault):
        """They hang, the monitor does not, and a yank ends it."""
        if self.strike(fault):
            raise Broken(f"the writes do not hang: {self.error()}")
        hung = len(self.guest.in_flight)
        yanked = time.monotonic()
        self.owner.yank()
        if not self.guest.wait_end():
            raise Broken("the writes hang after a yank")
        self.expect_errno("EIO")
        both_have(self.owner, *self.images)
        held = (yanked - self.struck) * 1e3
        return (f"{hung} writes hang, no reply in {held:.0f} ms; "
                f"yank: {self.error(yanked)}")

    def expect_errno(self, *names):
        if self.guest.error_name() not in names:
            raise Broken(f"the write failed with {self.guest.error_name()}")

    def still_refused(self):
        """Nor is another write acknowledged before the swap."""
        error, _, ms = self.guest.one(WRITE, 0, content(0))
        if not error:
            raise Broken("the next write is acknowledged")
        self.guest.acked.pop(0, None)  # what is there now is not known
        return f"next write refused in {ms:.1f} ms"

    def flush_refused(self):
        """Of a replica out of reach nobody knows what it has flushed."""
        if not self.guest.one(FLUSH)[0]:
            raise Broken("a flush is acknowledged")
        return "flush refused"

    def go_on(self):
        """Slot 0 gets a null: writes are acknowledged again."""
        ms = self.owner.swap(null("d0-s0-null2"))
        self.write_some()
        both_have(self.owner, self.images[0])
        if self.guest.one(FLUSH)[0]:
            raise Broken("a flush fails after the swap")
        return f"null in, acknowledged again ({ms:.1f} ms)"

    def write_some(self):
        """Writes are acknowledged."""
        self.guest.start()
        self.guest.writes()
        self.guest.stop()

    def bad(self):
        return "reported bad: " + (" ".join(sorted(self.owner.bad())) or "none")


@probe
def storage_daemon_killed(stack, work):
    """Its connections end with it."""
    scene = Scene(stack, work)
    yield scene.expect_error(
        lambda: scene.replica.signal(signal.SIGKILL), "EIO")
    yield scene.bad()
    yield scene.flush_refused()
    yield scene.still_refused()
    yield scene.go_on()


@probe
def storage_daemon_frozen(stack, work):
    """It is there and says nothing: only a yank ends the writes."""
    scene = Scene(stack, work)
    yield scene.expect_hang(lambda: scene.replica.signal(signal.SIGSTOP))
    yield scene.bad()
    yield scene.flush_refused()
    yield scene.still_refused()
    yield scene.go_on()


@probe
def link_cut(stack, work):
    """The daemon is well, and no frame passes."""
    node = Node(stack)
    scene = Scene(stack, work, node=node)
    yield scene.expect_hang(node.cut)
    yield scene.bad()
    yield scene.flush_refused()
    yield scene.still_refused()
    yield scene.go_on()


@probe
def power_cut(stack, work):
    """The node is gone at once: its link first, so that nobody says goodbye."""
    node = Node(stack)
    scene = Scene(stack, work, node=node)

    def off():
        node.down()
        scene.replica.signal(signal.SIGKILL)

    yield scene.expect_hang(off)
    yield scene.bad()
    yield scene.flush_refused()
    yield scene.still_refused()
    yield scene.go_on()


@probe
def replica_disk_eio(stack, work):
    """Writes to the disk under the replica fail."""
    backing = create(f"{work}/replica.raw")
    disk = BadDisk(stack, work, backing)
    scene = Scene(stack, work, replica=disk.path)
    scene.images[1] = backing
    yield scene.expect_error(lambda: disk.breaks("write"), "EIO")
    yield scene.bad()
    yield scene.still_refused()
    yield scene.go_on()


@probe
def replica_disk_full(stack, work):
    """The replica's image is sparse, and its file system has no more room."""
    folder = SmallDisk(stack, work, 16 << 20).folder
    scene = Scene(stack, work, replica=create(f"{folder}/replica.raw"))
    yield scene.expect_error(lambda: None, "ENOSPC", "EIO")
    yield scene.bad()
    yield scene.go_on()


@probe
def local_disk_fails_writes(stack, work):
    """A write that only the replica took is not acknowledged, with or without
    a replica."""
    backing = create(f"{work}/local.raw")
    disk = BadDisk(stack, work, backing)
    scene = Scene(stack, work, local=disk.path)
    scene.images[0] = backing
    yield scene.expect_error(lambda: disk.breaks("write"), "EIO")
    yield scene.bad()
    scene.owner.swap(null("d0-s0-null2"))
    yield "null in: " + scene.still_refused()
    disk.mends("write")
    scene.write_some()
    both_have(scene.owner, backing)
    yield "mended, acknowledged again"


@probe
def local_disk_fails_reads(stack, work):
    """The replica is read; with no replica the read fails, without zeroes."""
    backing = create(f"{work}/local.raw")
    disk = BadDisk(stack, work, backing)
    scene = Scene(stack, work, local=disk.path)
    scene.images[0] = backing
    scene.guest.stop()
    both_have(scene.owner, *scene.images)
    disk.breaks("read")
    block, serial = max(scene.guest.acked.items(), key=lambda item: item[1])

    def read():
        return scene.guest.one(READ, block * BLOCK, length=BLOCK)

    error, data, ms = read()
    if error or data != content(serial):
        raise Broken(f"not read from the replica: error {error}, "
                     f"zeroes {not any(data)}")
    yield f"read from the replica in {ms:.1f} ms"
    yield scene.bad()
    scene.owner.swap(null("d0-s0-null2"))
    error, data, ms = read()
    if not error:
        raise Broken(f"slots empty, and a read succeeds: "
                     f"zeroes {not any(data)}")
    yield f"null in: {os.strerror(error)} after {ms:.1f} ms"
    disk.mends("read")
    error, data, _ = read()
    if error or data != content(serial):
        raise Broken(f"mended, and not read: error {error}")
    scene.write_some()
    yield "mended, read and acknowledged again"


@probe
def four_of_five_amid_a_swap(stack, work):
    """Between the two commands of a swap there are five children, and four
    suffice: a write is acknowledged that the fifth lacks.  So a replica counts
    only if nothing was reported bad since before it went in."""
    scene = Scene(stack, work)
    scene.owner.put_in(null("d0-s0-null2"))
    scene.replica.signal(signal.SIGKILL)
    scene.replica.process.wait()
    scene.guest.writes()
    scene.guest.stop()
    both_have(scene.owner, scene.local)
    lacks = len(scene.guest.lacking(scene.copy))
    if scene.owner.bad() != {"d0-s0-nbd1"}:
        raise Broken("nothing tells that a write failed")
    yield f"{lacks} acknowledged writes are not on the replica"
    yield scene.bad()
    scene.owner.take_out("d0-s0-nbd1")
    scene.write_some()
    both_have(scene.owner, scene.local)
    yield "replica out, acknowledged as before"


@probe
def local_disk_fails_amid_a_swap(stack, work):
    """The same, with the owner's own image the one that lacks the write."""
    backing = create(f"{work}/local.raw")
    disk = BadDisk(stack, work, backing)
    scene = Scene(stack, work, local=disk.path)
    scene.owner.put_in(null("d0-s0-null2"))
    disk.breaks("write")
    scene.guest.writes()
    scene.guest.stop()
    both_have(scene.owner, scene.copy)
    lacks = len(scene.guest.lacking(backing))
    if scene.owner.bad() != {"d0-r"}:
        raise Broken("nothing tells that a write failed")
    yield f"{lacks} acknowledged writes are not on the local disk"
    yield scene.bad()


def tell(function, folder):
    """Runs one probe: None, or what it lacks."""
    work = os.path.join(folder, function.__name__)
    os.mkdir(work)
    with contextlib.ExitStack() as stack:
        said = "; ".join(function(stack, work))
    print(f"{function.__name__}: {said}", flush=True)


def main(folder, names):
    ran = failed = 0
    run("ip", "link", "set", "lo", "up")
    for function in PROBES:
        if names and function.__name__ not in names:
            continue
        try:
            tell(function, folder)
            ran += 1
        except Skip as skip:
            print(f"{function.__name__}: skipped: {skip}", flush=True)
        except Exception:  # whatever it is, the others are of interest
            print(f"{function.__name__}: FAILED", flush=True)
            traceback.print_exc()
            failed += 1
    if failed:
        return 1
    return 0 if ran else 77


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
