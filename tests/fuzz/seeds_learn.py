#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""tests/fuzz/seeds_learn.py - frames and imports worth mutating

    tests/fuzz/seeds_learn.py tests/fuzz/corpus/learn

Writes what fuzz_learn.c reads: one of each frame that teaches something or
takes it back, a full table, imports, and an address that grows too old.
"""
import ipaddress
import os
import struct
import sys

# as in fuzz_learn.c
FROM_GUEST, TO_GUEST, IMPORT, PASS = range(4)
GUEST = bytes.fromhex("525400123456")
OTHER = bytes.fromhex("525400aabbcc")
ROUTER, SOLICITED, OVERRIDE = 0x80, 0x40, 0x20
TOO_OLD = 4 * 3600


def ip(text):
    return ipaddress.ip_address(text).packed


def act(kind, data):
    return struct.pack(">BH", kind, len(data)) + data


def wait(seconds):
    return struct.pack(">BH", PASS, seconds)


def ethernet(mac, kind, body):
    return b"\xff" * 6 + mac + struct.pack(">H", kind) + body


def arp(mac, op, sender, target):
    return ethernet(mac, 0x0806, struct.pack(">HHBBH", 1, 0x0800, 6, 4, op)
                    + mac + ip(sender) + bytes(6) + ip(target))


def nd(mac, kind, flags, source, target, link):
    to = "2001:db8::1" if flags & SOLICITED else "ff02::1"
    body = struct.pack(">BBHB3x", kind, 0, 0, flags) + ip(target)
    if link:
        body += bytes((1 if kind == 135 else 2, 1)) + link
    return ethernet(mac, 0x86dd, struct.pack(">IHBB", 6 << 28, len(body), 58,
                                             255) + ip(source) + ip(to) + body)


def ns(mac, source, link=None):
    return nd(mac, 135, 0, source, "2001:db8::1", link)


def na(mac, flags, target, link=None):
    return nd(mac, 136, flags, target, target, link)


def dhcp(mac, kind, yiaddr, ip_options=b""):
    message = (bytes((2, 1, 6, 0)) + bytes(12) + ip(yiaddr) + bytes(8) + mac
               + bytes(10 + 64 + 128) + bytes((99, 130, 83, 99))
               + bytes((0, 54, 4, 192, 0, 2, 1, 53, 1, kind, 255)))
    udp = struct.pack(">HHHH", 67, 68, 8 + len(message), 0) + message
    head = 20 + len(ip_options)
    return ethernet(OTHER, 0x0800, struct.pack(
        ">BBHHHBBH", 0x40 | head // 4, 0, head + len(udp), 0, 0x4000, 64, 17,
        0) + ip("192.0.2.1") + ip("255.255.255.255") + ip_options + udp)


def export(flags, *entries):
    out = b"\1" + bytes((flags,)) + GUEST + bytes((len(entries),))
    for address, age in entries:
        out += struct.pack(">BH", len(ip(address)), age) + ip(address)
    return out


SIX, FOUR, LOCAL = "2001:db8::10", "192.0.2.10", "fe80::10"
USE = act(FROM_GUEST, arp(GUEST, 1, FOUR, "192.0.2.1"))
HOST = act(FROM_GUEST, na(GUEST, SOLICITED | OVERRIDE, SIX, GUEST))
FULL = [("192.0.2.%d" % i, i) for i in range(1, 17)]
SEEDS = {
    "arp-use": USE,
    "arp-reply": act(FROM_GUEST, arp(GUEST, 2, FOUR, "192.0.2.1")),
    "arp-announce": act(FROM_GUEST, arp(GUEST, 1, FOUR, FOUR)),
    "arp-probe": act(FROM_GUEST, arp(GUEST, 1, "0.0.0.0", FOUR)),
    "arp-claim": USE + act(TO_GUEST, arp(OTHER, 1, FOUR, "192.0.2.1")),
    "arp-claim-gratuitous": USE + act(TO_GUEST, arp(OTHER, 1, FOUR, FOUR)),
    "arp-conflict": act(TO_GUEST, dhcp(GUEST, 5, FOUR))
                    + act(TO_GUEST, arp(OTHER, 2, FOUR, "0.0.0.0")),
    "arp-full": b"".join(act(FROM_GUEST, arp(GUEST, 1, a, "192.0.2.99"))
                         + wait(i) for a, i in FULL) + USE,
    "age": USE + wait(TOO_OLD - 1) + HOST + wait(1) + USE,
    "announce-old": USE + wait(TOO_OLD - 1)
                    + act(FROM_GUEST, arp(GUEST, 1, FOUR, FOUR)) + wait(1),
    "ns": act(FROM_GUEST, ns(GUEST, SIX, GUEST)) + HOST,
    "ns-plain": act(FROM_GUEST, ns(GUEST, LOCAL)) + HOST,
    "ns-free": act(FROM_GUEST, ns(GUEST, "::")),
    "na": HOST,
    "na-answer": HOST + wait(9) + act(FROM_GUEST, na(GUEST, SOLICITED, SIX)),
    "na-announce": act(FROM_GUEST, na(GUEST, OVERRIDE, SIX, GUEST)),
    "na-router": HOST + act(FROM_GUEST, na(GUEST, ROUTER | SOLICITED, SIX)),
    "na-claim": HOST + act(TO_GUEST, na(OTHER, OVERRIDE, SIX, OTHER)),
    "na-claim-plain": HOST + act(TO_GUEST, na(OTHER, SOLICITED, SIX)),
    "dhcp": act(TO_GUEST, dhcp(GUEST, 5, FOUR)),
    "dhcp-offer": act(TO_GUEST, dhcp(GUEST, 2, FOUR)),
    "dhcp-options": act(TO_GUEST, dhcp(GUEST, 5, FOUR, b"\1" * 40)),
    "import": act(IMPORT, export(1, (FOUR, 1), (SIX, 2))),
    "import-empty": act(IMPORT, export(0)),
    "import-full": act(IMPORT, export(0, *FULL)) + USE,
    "import-largest": act(IMPORT, export(1, *(
        ("2001:db8::%x" % i, TOO_OLD - 1) for i in range(16)))) + wait(1),
    "import-twice": USE + act(IMPORT, export(0, (SIX, 0), (FOUR, 5)))
                    + wait(3) + act(IMPORT, export(1, (FOUR, 1), (SIX, 2))),
    "import-refused": HOST + act(IMPORT, export(2, (FOUR, 1)))
                      + act(IMPORT, export(1, (FOUR, 2), (SIX, 1)))
                      + act(IMPORT, export(1, (FOUR, 2), (FOUR, 2)))
                      + act(IMPORT, export(1, (FOUR, TOO_OLD)))
                      + act(IMPORT, export(1, ("127.0.0.1", 1))),
}


def main(folder):
    os.makedirs(folder, exist_ok=True)
    for name, data in SEEDS.items():
        with open(os.path.join(folder, name), "wb") as file:
            file.write(data)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: seeds_learn.py FOLDER")
    main(sys.argv[1])
