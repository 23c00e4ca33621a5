# SPDX-License-Identifier: BSD-3-Clause
"""What is there and should not be: in a lab that is up, and after one.

A generator yields one line a finding.  Looks only.
"""
import fcntl
import glob
import json
import os
import re
import stat
import struct
import subprocess

from auditproc import link, processes, read

LOOP_GET_STATUS64 = 0x4C05


def in_lab(lab, idle):
    table = lab.by_node()
    alive = {p.guest() for _, inside in table for p in inside if p.is_qemu()}
    known = lab.known_guests()
    for node, inside in table:
        is_idle = node.name in idle
        yield from stray_processes(node, inside, known, alive, is_idle)
        yield from stray_taps(node, inside, is_idle)
        yield from stray_sockets(node, is_idle)
        yield from stray_namespaces(node, inside)
        yield from stray_mounts(node)
    missing = set(idle) - {node.name for node, _ in table}
    for name in sorted(missing):
        yield f"leftovers: {name} is off, --idle says nothing of it"
    yield from stray_links(lab)
    yield from loops(lab.folder)


def stray_processes(node, inside, known, alive, is_idle):
    for p in inside:
        name = p.guest()
        if name is None:
            continue
        what = f"leftovers: {node.name}: {p.program} (pid {p.pid}) of "
        if name not in known:
            yield what + f"unknown guest '{name}'"
        elif name not in alive:
            yield what + f"{name}, which runs nowhere"
        elif is_idle:
            yield what + f"{name}, on a node that should hold nothing"


def stray_taps(node, inside, is_idle):
    held = set()
    for p in inside:
        if p.is_qemu():
            held |= p.taps()
    for one in json.loads(node.ip("-json", "-details", "link", "show")):
        name = one.get("ifname")
        if one.get("linkinfo", {}).get("info_kind") != "tun":
            continue
        if name not in held:
            yield f"leftovers: {node.name}: tap {name} without a QEMU"
        elif is_idle:
            yield f"leftovers: {node.name}: tap {name} on an idle node"


def stray_sockets(node, is_idle):
    """Socket files below /run/hamd that no process listens on."""
    listening = set()
    for line in read(node.proc + "/net/unix").splitlines()[1:]:
        fields = line.split(None, 7)
        if len(fields) == 8 and int(fields[3], 16) & 0x10000:
            listening.add(fields[7])
    for folder, _, names in os.walk(node.root + "/run/hamd"):
        for name in names:
            path = os.path.join(folder, name)
            inside = path[len(node.root):]
            try:
                if not stat.S_ISSOCK(os.lstat(path).st_mode):
                    continue
            except OSError:
                continue
            if inside not in listening:
                yield (f"leftovers: {node.name}: socket {inside}, nobody "
                       "listens")
            elif is_idle and inside.startswith("/run/hamd/guests/"):
                yield f"leftovers: {node.name}: socket {inside} on an idle node"


def stray_namespaces(node, inside):
    for p in inside:
        if p.pidns == node.init.pidns and p.net and p.net != node.init.net:
            yield (f"leftovers: {node.name}: {p.program} (pid {p.pid}) in a "
                   "network namespace of its own")
    for path in glob.glob(node.root + "/run/netns/*"):
        yield (f"leftovers: {node.name}: network namespace "
               f"{os.path.basename(path)}")


def stray_mounts(node):
    ours = set(read(node.folder + "/mounts").split("\n"))
    for line in read(node.proc + "/mountinfo").splitlines():
        point = line.split(" ")[4]
        # named network namespaces have a line of their own
        if point not in ours and not point.startswith("/run/netns"):
            yield f"leftovers: {node.name}: mount on {point}"


def stray_links(lab):
    """The switch has a port for each node that is on, and nothing else."""
    names = re.findall(r"^ *(\S+):", read(f"/proc/{lab.root_pid}/net/dev"),
                       re.M)
    ours = {"lo", "sw"} | {"v" + node.name[1:] for node in lab.nodes}
    for name in sorted(set(names) - ours):
        yield f"leftovers: link {name} at the lab's switch"


def loops(folder):
    """Loop devices over a file of the lab, also over one that is deleted."""
    files = set()
    for path, _, names in os.walk(folder):
        for name in names:
            try:
                st = os.lstat(os.path.join(path, name))
            except OSError:
                continue
            files.add((st.st_dev, st.st_ino))
    for path in glob.glob("/sys/block/loop*/loop/backing_file"):
        device = "/dev/" + path.split("/")[3]
        backing = read(path).strip()
        if loop_file(device) in files or backing.startswith(folder + "/"):
            yield f"leftovers: loop device {device} over {backing}"


def loop_file(device):
    buf = bytearray(232)
    try:
        fd = os.open(device, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.ioctl(fd, LOOP_GET_STATUS64, buf)
    except OSError:
        return None
    finally:
        os.close(fd)
    return struct.unpack_from("<QQ", buf)


def after_lab(folder):
    if os.path.lexists(folder):
        yield f"leftovers: folder {folder}"
    mine = link("/proc/self/ns/mnt")
    for p in processes():
        base = f"/proc/{p.pid}"
        if p.mnt and p.mnt != mine and folder + "/" in read(base + "/mountinfo"):
            yield f"leftovers: {p.program} (pid {p.pid}) in the lab's mounts"
        elif uses(base, folder):
            yield f"leftovers: {p.program} (pid {p.pid}) holds {folder}"
        elif p.program == "labinit" and folder in p.args:
            yield f"leftovers: the lab's guard (pid {p.pid})"
    for line in read("/proc/self/mountinfo").splitlines():
        fields = line.split(" ")
        if (fields[4] + "/").startswith(folder + "/"):
            yield f"leftovers: mount on {fields[4]}"
    # hamlab names the lab's cgroup so
    name = "hamlab-" + subprocess.run(
        ["cksum"], input=folder + "\n", check=True, stdout=subprocess.PIPE,
        text=True).stdout.split()[0]
    for line in read("/proc/mounts").splitlines():
        fields = line.split(" ")
        if fields[2] == "cgroup2" and os.path.isdir(f"{fields[1]}/{name}"):
            yield f"leftovers: cgroup {fields[1]}/{name}"
    yield from loops(folder)


def uses(base, folder):
    """Stands in the folder or holds a file of it, deleted or not."""
    paths = [base + "/cwd", base + "/exe"]
    try:
        paths += [f"{base}/fd/{fd}" for fd in os.listdir(base + "/fd")]
    except OSError:
        return False
    return any((link(path) + "/").startswith(folder + "/") for path in paths)
