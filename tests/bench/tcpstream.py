#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""tcpstream.py HOST PORT - a TCP stream, and the timeouts that it met.

Sends a segment every 2 ms and looks at TCP_INFO (tcp(7), linux/tcp.h) as often.
Prints "ready" when the first data are acknowledged, and at SIGTERM one JSON
object: the longest time without an acknowledgement of new data while some were
under way, and the longest retransmission timeout that fired, in ms.
"""
import json
import signal
import socket
import struct
import sys
import time

EVERY_S = 0.002
SEGMENT = bytes(1000)
LIMIT_S = 30  # for a connection

# struct tcp_info: what stands at which byte
RETRANSMITS = 2
RTO = 8
UNACKED = 24
BYTES_ACKED = 120


def connect(host, port):
    end = time.monotonic() + LIMIT_S
    while True:
        try:
            return socket.create_connection((host, port), timeout=LIMIT_S)
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


class Watch:
    """What TCP_INFO told so far."""
    def __init__(self):
        self.acked = None
        self.since = time.monotonic()
        self.longest = 0.0
        self.fired = 0.0

    def look(self, sock):
        info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
        acked, = struct.unpack_from("=Q", info, BYTES_ACKED)
        rto, = struct.unpack_from("=I", info, RTO)
        unacked, = struct.unpack_from("=I", info, UNACKED)
        now = time.monotonic()
        if acked != self.acked or not unacked:
            if self.acked is None and acked:
                print("ready", flush=True)
            if acked:
                self.acked = acked
            self.since = now
        self.longest = max(self.longest, now - self.since)
        # it has been doubled when it fired
        if info[RETRANSMITS]:
            self.fired = max(self.fired, rto / 2000)


def main():
    sock = connect(sys.argv[1], int(sys.argv[2]))
    sock.setblocking(False)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    watch, ends = Watch(), []
    signal.signal(signal.SIGTERM, lambda *_: ends.append(1))
    while not ends:
        try:
            sock.send(SEGMENT)
        except BlockingIOError:
            pass
        watch.look(sock)
        time.sleep(EVERY_S)
    print(json.dumps({"stall_ms": watch.longest * 1000,
                      "timeout_ms": watch.fired}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
