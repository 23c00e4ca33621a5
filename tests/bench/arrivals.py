#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""arrivals.py - when pings reach the guests of this node, a line each

CLOCK_REALTIME in microseconds, as the kernel stamps what it sends out by an
interface: on its way to a guest that is the tap alone, as pings from elsewhere
come in by the others.  A filter in the kernel leaves out all but echo requests.
"""
import contextlib
import ctypes
import socket
import struct

SO_ATTACH_FILTER = 26
SO_TIMESTAMPNS = 35
ETH_P_ALL = 3
PACKET_OUTGOING = 4
PKTTYPE = 0xfffff000 + 4

LD, LDH, LDB, JEQ, RET = 0x20, 0x28, 0x30, 0x15, 0x06
DROP, PASS = 13, 14
FILTER = [
    (LD, PKTTYPE), (JEQ, PACKET_OUTGOING, 2, DROP),
    (LDH, 12), (JEQ, 0x0800, 4, 8),
    (LDB, 23), (JEQ, 1, 6, DROP), (LDB, 34), (JEQ, 8, PASS, DROP),
    (JEQ, 0x86dd, 9, DROP),
    (LDB, 20), (JEQ, 58, 11, DROP), (LDB, 54), (JEQ, 128, PASS, DROP),
    (RET, 0), (RET, 64),
]


def assembled():
    """struct sock_filter: where a jump leads is told from behind it."""
    out = b""
    for at, (code, k, *to) in enumerate(FILTER):
        jt, jf = (target - at - 1 for target in to) if to else (0, 0)
        out += struct.pack("=HBBI", code, jt, jf, k)
    return out


def main():
    code = ctypes.create_string_buffer(assembled())
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
                         socket.htons(ETH_P_ALL))
    sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER,
                    struct.pack("HP", len(FILTER), ctypes.addressof(code)))
    sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    # what came before the filter
    sock.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while sock.recv(1):
            pass
    sock.setblocking(True)
    print("ready", flush=True)
    while True:
        _, told, _, _ = sock.recvmsg(64, 64)
        for level, kind, data in told:
            if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
                seconds, ns = struct.unpack("qq", data)
                print(seconds * 1000000 + ns // 1000, flush=True)


if __name__ == "__main__":
    main()
