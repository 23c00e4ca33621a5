#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""tests/lab/portwatch.py - by which ports does a guest speak, and when?

portwatch.py MAC   writes to standard output until it is ended; the lab is the
one in $HAMLAB.  Listens in each node that is on to all that comes from a tap,
whenever that was made, and in the lab's switch to all that comes from a node;
of that it tells the frames with that source address, with the kernel's time of
their arrival.  What it writes is judged by portjudge.py.  Lines, after
"ready MAC CLOCK" (the wall clock minus the one since boot, in ns); T is the
wall clock in ns, LEN at most SNAP:

    T NODE port KIND LEN DETAIL    came from the guest's tap there
    T NODE wire KIND LEN DETAIL    the same, or hamd's by the bridge, as the
                                   switch got it from that node
    T NODE link up|down            the tap there, as rtnetlink told, later
    T NODE both OTHER              up at one moment, on both
    T NODE lost NUMBER             frames that the kernel had no room for

Refuses to guess: of a frame that it lacks it says so.
"""
import ctypes
import fcntl
import os
import selectors
import signal
import socket
import struct
import sys
import time

sys.dont_write_bytecode = True
import auditproc  # noqa: E402

SNAP = 256
ROOM = 8 << 20  # bytes for frames that we are slow to read
LOOK_S = 0.2

ETH_P_ALL = 3
SOL_PACKET, PACKET_STATISTICS, PACKET_OUTGOING = 263, 6, 4
SO_ATTACH_FILTER, SO_TIMESTAMPNS, SO_RCVBUFFORCE = 26, 35, 33
CLONE_NEWNET = 0x40000000
SIOCGIFFLAGS, IFF_UP = 0x8913, 1
RTMGRP_LINK, RTM_NEWLINK, RTM_DELLINK, RTM_GETLINK = 1, 16, 17, 18
NLM_F_REQUEST, NLM_F_DUMP = 1, 0x300
IFLA_ADDRESS, IFLA_IFNAME = 1, 3
PKTTYPE = 0xFFFFF000 + 4  # where a filter finds that


def from_mac(mac):
    """A filter for what came in, with that source address."""
    hi, lo = struct.unpack(">IH", mac)
    code = [(0x30, 0, 0, PKTTYPE), (0x15, 5, 0, PACKET_OUTGOING),
            (0x20, 0, 0, 6), (0x15, 0, 3, hi),
            (0x28, 0, 0, 10), (0x15, 0, 1, lo),
            (0x06, 0, 0, SNAP), (0x06, 0, 0, 0)]
    return b"".join(struct.pack("=HBBI", *line) for line in code), len(code)


def listen(mac):
    """A packet socket on every interface of this network, now and later."""
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
                         socket.htons(ETH_P_ALL))
    sock.setblocking(False)
    code, count = from_mac(mac)
    kept = ctypes.create_string_buffer(code, len(code))
    sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER,
                    struct.pack("@HP", count, ctypes.addressof(kept)))
    sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, ROOM)
    for _ in frames_of(sock):
        pass  # of anybody: there was no filter yet
    return sock


def listen_links():
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW,
                         socket.NETLINK_ROUTE)
    sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, ROOM)
    sock.bind((0, RTMGRP_LINK))
    sock.send(struct.pack("=IHHIIBxHiII", 32, RTM_GETLINK,
                          NLM_F_REQUEST | NLM_F_DUMP, 1, 0, 0, 0, 0, 0, 0))
    sock.setblocking(False)
    return sock


def enter(network):
    """Sockets are of the network that they were made in, for good."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(network.fileno(), CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), network.name)


def within(pid, make):
    """What `make` makes in the network of a process."""
    with open("/proc/self/ns/net", "rb") as home, \
            open(f"/proc/{pid}/ns/net", "rb") as there:
        enter(there)
        try:
            return make()
        finally:
            enter(home)


def frames_of(sock):
    """(T, interface, bytes) of all that has come; the interface of a tap that
    is gone has no name."""
    while True:
        try:
            data, extra, _, address = sock.recvmsg(SNAP, 64)
        except BlockingIOError:
            return
        except OSError:  # an interface went down: said once, and no loss
            continue
        at = 0
        for level, kind, value in extra:
            if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
                seconds, ns = struct.unpack("@ll", value[:16])
                at = seconds * 10**9 + ns
        yield at or time.time_ns(), address[0], data


def links_of(sock):
    """(name, address, is up) of each link that has changed."""
    while True:
        try:
            data = sock.recv(1 << 16)
        except BlockingIOError:
            return
        while len(data) >= 16:
            length, kind = struct.unpack_from("=IH", data)
            # what a bridge says of its ports is of another family
            if kind in (RTM_NEWLINK, RTM_DELLINK) and data[16] == 0:
                yield read_link(data[16:length], kind == RTM_NEWLINK)
            data = data[(length + 3) & ~3:]


def read_link(data, there):
    flags, = struct.unpack_from("=I", data, 8)
    name, address, at = "", b"", 16
    while at + 4 <= len(data):
        length, kind = struct.unpack_from("=HH", data, at)
        value = data[at + 4:at + length]
        if kind == IFLA_IFNAME:
            name = value.rstrip(b"\0").decode()
        if kind == IFLA_ADDRESS:
            address = value
        at += max((length + 3) & ~3, 4)
    return name, address, there and bool(flags & IFF_UP)


def arp(frame):
    sender, target = frame[28:32], frame[38:42]
    return ("garp" if sender == target else "arp",
            socket.inet_ntoa(sender))


def ipv6(frame):
    if len(frame) < 78 or frame[20] != 58 or frame[54] not in (135, 136):
        return "ip6", "-"
    asked = "answer" if frame[58] & 0x40 else "na"
    return ("ns" if frame[54] == 135 else asked,
            socket.inet_ntop(socket.AF_INET6, frame[62:78]))


def ipv4(frame):
    """Talk is numbered, by a boot: guest/talk.c."""
    if frame[14] == 0x45 and frame[23] == 17 and frame[36:38] == b"\0\x09":
        words = frame[42:].decode("latin-1").split()
        if len(words) == 3 and words[0] == "talk":
            return "talk", words[1] + "/" + words[2]
    return "ip", "-"


def name_of(frame):
    """KIND and DETAIL of a frame."""
    kind = int.from_bytes(frame[12:14], "big")
    if kind == 0x8035:
        return "rarp", "-"
    if kind == 0x0806 and len(frame) >= 42:
        return arp(frame)
    if kind == 0x86DD:
        return ipv6(frame)
    if kind == 0x0800 and len(frame) >= 42:
        return ipv4(frame)
    return f"{kind:#06x}", "-"


class Node:
    def __init__(self, name, mac):
        self.name = name
        self.sock = listen(mac)
        self.links = listen_links()
        # what hamd gives a tap: its guest's, but for the first byte
        self.mac = mac[1:]
        self.taps = {}  # name -> is up, as was told

    def news(self):
        """Whether a port of the guest's has come up, or gone down."""
        for name, address, up in links_of(self.links):
            if address[1:] != self.mac or address[:1] not in (b"\xfe", b"\xfa"):
                continue
            if self.taps.get(name, False) != up:
                yield up
            self.taps[name] = up

    def is_up(self):
        """Now, whatever was told."""
        for name in [n for n, up in self.taps.items() if up]:
            try:
                got = fcntl.ioctl(self.sock, SIOCGIFFLAGS,
                                  struct.pack("16sh14x", name.encode(), 0))
            except OSError:
                continue
            if struct.unpack_from("16xh", got)[0] & IFF_UP:
                return True
        return False


def both_up(nodes):
    """The first two that have a port up at one moment: the second is looked at
    between two looks at the first."""
    for a in nodes:
        for b in nodes:
            if a is not b and a.is_up() and b.is_up() and a.is_up():
                return a, b
    return None


class Watch:
    def __init__(self, lab, mac, out):
        self.out = out
        self.mac = mac
        self.nodes = [within(n.pid, lambda n=n: Node(n.name, mac))
                      for n in lab.nodes]
        self.switch = within(lab.root_pid, lambda: listen(mac))
        self.poll = selectors.DefaultSelector()
        for sock in [self.switch] + [s for n in self.nodes
                                     for s in (n.sock, n.links)]:
            self.poll.register(sock, selectors.EVENT_READ)

    def put(self, at, *words):
        print(at, *words, file=self.out)

    def take(self):
        self.look_at_links(time.time_ns())
        for node in self.nodes:
            for at, name, frame in frames_of(node.sock):
                if name == "" or name.startswith("ham"):
                    kind, detail = name_of(frame)
                    self.put(at, node.name, "port", kind, len(frame), detail)
        for at, name, frame in frames_of(self.switch):
            if name.startswith("v"):
                kind, detail = name_of(frame)
                self.put(at, "n" + name[1:], "wire", kind, len(frame), detail)

    def look_at_links(self, now):
        changed = False
        for node in self.nodes:
            for up in node.news():
                self.put(now, node.name, "link", "up" if up else "down")
                changed = True
        two = both_up(self.nodes) if changed else None
        if two:
            self.put(now, two[0].name, "both", two[1].name)

    def lost(self):
        for name, sock in [("-", self.switch)] + [(n.name, n.sock)
                                                  for n in self.nodes]:
            _, dropped = struct.unpack("=II", sock.getsockopt(
                SOL_PACKET, PACKET_STATISTICS, 8))
            if dropped:
                self.put(time.time_ns(), name, "lost", dropped)

    def run(self, ended):
        self.take()
        clock = time.time_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        print("ready", self.mac.hex(":"), clock, file=self.out, flush=True)
        while not ended():
            self.poll.select(LOOK_S)
            self.take()
            self.out.flush()
        self.take()
        self.lost()
        self.out.flush()


def main(argv):
    if len(argv) != 2 or len(argv[1].split(":")) != 6:
        print("usage: portwatch.py MAC", file=sys.stderr)
        return 2
    lab = auditproc.Lab(os.environ.get("HAMLAB", "/var/tmp/hamlab"))
    if not lab.up:
        print(f"no lab is up in {lab.folder}", file=sys.stderr)
        return 3
    over = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.append(True))
    mac = bytes.fromhex(argv[1].replace(":", ""))
    Watch(lab, mac, sys.stdout).run(lambda: over)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
