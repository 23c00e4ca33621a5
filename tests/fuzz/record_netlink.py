#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""tests/fuzz/record_netlink.py - what a real kernel answers, as seeds

    unshare --net tests/fuzz/record_netlink.py tests/fuzz/corpus/netlink

Asks what netmigrate asks, of links made for it, and writes the answers as
fuzz_netlink.c reads them; their sequence numbers become 0.  Needs uid 0 and
iproute2.  Refuses a namespace in which there is more than the loopback.
"""
import os
import socket
import struct
import subprocess
import sys

REQUEST, ACK, DUMP = 1, 4, 0x300
NEWLINK, GETLINK = 16, 18
NLMSG_ERROR, NLMSG_DONE = 2, 3
IFLA_IFNAME = 3
ABSENT = 9999
# as in fuzz_netlink.c
GET_NAME, GET_INDEX, MAKE, ENSLAVE, DOWN, UP, DELETE, DROP = range(8)


def ip(*words):
    subprocess.run(("ip",) + words, check=True)


def attribute(kind, data):
    pad = b"\0" * (-len(data) % 4)
    return struct.pack("=HH", 4 + len(data), kind) + data + pad


def unnumbered(datagram):
    """The datagram without sequence numbers; is it the last one?"""
    data, at, last = bytearray(datagram), 0, False
    while at < len(data):
        length, kind = struct.unpack_from("=IH", data, at)
        struct.pack_into("=I", data, at + 8, 0)
        last = last or kind in (NLMSG_ERROR, NLMSG_DONE)
        at += (length + 3) & ~3
    return bytes(data), last


def ask(sock, kind, flags, index=0, attributes=b""):
    body = struct.pack("=BBHiII", 0, 0, 0, index, 0, 0) + attributes
    head = struct.pack("=IHHII", 16 + len(body), kind, flags, 1, 0)
    sock.send(head + body)
    answers, last = [], False
    while not last:
        datagram, last = unnumbered(sock.recv(65536))
        answers.append(datagram)
    return answers


def main(folder):
    if [name for _, name in socket.if_nameindex()] != ["lo"]:
        sys.exit("record_netlink: needs a network namespace of its own")
    ip("link", "add", "br0", "type", "bridge")
    ip("link", "set", "br0", "mtu", "1500", "up", "alias", "hamd")
    ip("link", "add", "br1", "type", "bridge")
    ip("link", "set", "br1", "alias", "hamd")
    ip("tuntap", "add", "tap0", "mode", "tap")
    ip("link", "set", "tap0", "master", "br0", "up")
    ip("link", "add", "v0", "type", "veth", "peer", "name", "v1")
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    sock.bind((0, 0))
    sock.settimeout(10)

    def get(name):
        return ask(sock, GETLINK, REQUEST | ACK, 0,
                   attribute(IFLA_IFNAME, name.encode() + b"\0"))

    def save(name, call, *answers):
        with open(os.path.join(folder, name), "wb") as seed:
            seed.write(bytes([call]))
            for datagram in sum(answers, []):
                seed.write(struct.pack(">H", len(datagram)) + datagram)

    refused = ask(sock, GETLINK, REQUEST | ACK, ABSENT)
    done = ask(sock, NEWLINK, REQUEST | ACK, socket.if_nametoindex("v0"))
    links = ask(sock, GETLINK, REQUEST | DUMP)
    up = get("tap0")
    ip("link", "set", "tap0", "down")
    down = get("tap0")
    save("get-tap", GET_NAME, up)
    save("get-bridge", GET_NAME, get("br0"))
    save("get-other", GET_INDEX, get("v0"))
    save("get-none", GET_INDEX, refused)
    save("get-loopback", GET_INDEX, get("lo"))
    save("make-bridge", MAKE, done, get("br1"), done)
    save("make-bridge-refused", MAKE, refused)
    save("make-bridge-undone", MAKE, done, get("br1"), refused, done)
    save("enslave", ENSLAVE, done, done)
    save("enslave-refused", ENSLAVE, done, refused)
    save("set-up", UP, done, up)
    save("set-up-in-vain", UP, done, down)
    save("set-down", DOWN, done, down)
    save("set-down-absent", DOWN, refused)
    save("delete", DELETE, up, done)
    save("delete-other", DELETE, get("v0"))
    save("delete-none", DELETE, refused)
    save("drop-empty", DROP, get("br1"), links, done)
    save("drop-used", DROP, get("br0"), links)
    save("drop-foreign", DROP, get("v0"))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: record_netlink.py FOLDER")
    main(sys.argv[1])
