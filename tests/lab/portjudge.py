#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""tests/lab/portjudge.py - did a guest speak by one port at a time?

portjudge.py LOG NODE... [--announces ADDRESS,...] [--timeline FILE]
LOG is what portwatch.py wrote, and nothing else is believed.  The guest must
have spoken by the ports of these nodes in this order, each in one piece: "n1
n2" of a migration, "n1" of one that was called off.  --announces: the network
has heard from the last of them where the guest is, as hamd tells it, with these
addresses, no more and no fewer, the first of them seven times.  --timeline: of
`hamctl --json guest show` on the last node, for the figures.  Prints figures;
exit 0, or 1 with a line for each finding.  tests/unit/test-portjudge.py has a
log for each of them.
"""
import argparse
import json
import sys
from typing import NamedTuple

# ham_net_announce_at_ms in netmigrate/announce.c
ANNOUNCED_MS = (0, 50, 150, 300, 600, 1000, 1500)
BREATH_NS = 20 * 10**6  # in which hamd has said all; it takes less than 1 ms
PADDED = 60  # bytes of hamd's ARP; the guest's own is not padded
TOLD = ("rarp", "garp", "na")


class Frame(NamedTuple):
    t: int  # ns
    node: str
    view: str
    kind: str
    length: int
    detail: str


class Log:
    def __init__(self, lines):
        self.clock = None
        self.frames, self.links, self.both, self.lost = [], [], [], []
        for line in lines:
            self.read(line.split())
        self.frames.sort(key=lambda f: f.t)

    def read(self, words):
        if words[:1] == ["ready"]:
            self.clock = int(words[2])
            return
        t, node, what = int(words[0]), words[1], words[2]
        if what in ("port", "wire"):
            self.frames.append(Frame(t, node, what, words[3], int(words[4]),
                                     words[5]))
        elif what == "link":
            self.links.append((t, node, words[3]))
        elif what == "both":
            self.both.append((t, node, words[3]))
        elif what == "lost":
            self.lost.append((node, int(words[3])))
        else:
            raise ValueError(f"not a line of a watch: {' '.join(words)}")

    def seen(self, view):
        return [f for f in self.frames if f.view == view]

    def up(self, node):
        """When its port was told to be up, last."""
        return max((t for t, who, how in self.links
                    if who == node and how == "up"), default=None)


def ms(ns):
    return f"{ns / 1e6:.1f} ms"


def turns(frames):
    """The frames in pieces, each of one speaker."""
    pieces = []
    for frame in frames:
        if not pieces or pieces[-1][-1].node != frame.node:
            pieces.append([])
        pieces[-1].append(frame)
    return pieces


def wrong_order(view, frames, nodes):
    pieces = turns(frames)
    found = [piece[0].node for piece in pieces]
    for i, (piece, want) in enumerate(zip(pieces, nodes)):
        if piece[0].node == want:
            continue
        before = f"{ms(piece[0].t - pieces[i - 1][0].t)} after " \
            f"{found[i - 1]} began" if i else "first"
        return f"{view}: {found[i]} speaks ({piece[0].kind}) {before}, " \
            f"and {want} should"
    if len(pieces) > len(nodes):
        late = pieces[len(nodes)][0]
        return f"{view}: {late.node} speaks ({late.kind}) " \
            f"{ms(late.t - pieces[len(nodes) - 1][0].t)} after " \
            f"{nodes[-1]} began, to stay"
    if len(pieces) < len(nodes):
        return f"{view}: {nodes[len(pieces)]} never spoke"
    return None


def said_again(frames):
    """A number that does not grow comes of an image that had run on."""
    last = {}
    for frame in frames:
        if frame.kind != "talk":
            continue
        number, boot = frame.detail.split("/")
        if int(number) <= last.get(boot, (0, ""))[0]:
            return f"the guest says {number} by {frame.node}, and had said " \
                f"{last[boot][0]} by {last[boot][1]}"
        last[boot] = int(number), frame.node
    return None if last else "the guest did not talk"


def is_hamds(frame):
    """Of RARP and NA the guest's, and QEMU's, look the same."""
    return frame.kind in TOLD and (frame.kind != "garp" or
                                   frame.length == PADDED)


def at_once(told, address):
    """What hamd announced in one breath, that address first: the first time
    that the guest did not fall in with its own."""
    for i, frame in enumerate(told):
        if not is_hamds(frame) or frame.detail != address:
            continue
        breath, rest = [frame], told[i + 1:]
        near = frame.t + BREATH_NS
        while rest and rest[0].t < near and is_hamds(rest[0]) and \
                rest[0].kind != "rarp":
            breath.append(rest.pop(0))
        if not rest or rest[0].t >= near or is_hamds(rest[0]):
            return [f.detail for f in breath]
    return []


def wrong_announcements(frames, addresses):
    """frames: of one speaker; addresses: those of the configuration first."""
    told = [f for f in frames if f.kind in TOLD]
    first = next((f for f in told if is_hamds(f)), None)
    if not first:
        yield "nothing was announced"
        return
    if first.kind != "rarp":
        yield f"{first.kind} {first.detail} was announced before RARP"
        return
    # it may be known by the link's own address, or not have used that
    found = [detail for detail in at_once(told, addresses[0])
             if not detail.startswith("fe80:")]
    if sorted(found) != sorted(addresses):
        yield f"announced at once: {' '.join(found) or 'RARP alone'}, not " \
            f"{' '.join(addresses)}"
    times = [f.t for f in told if is_hamds(f) and f.detail == addresses[0]]
    if len(times) != len(ANNOUNCED_MS):
        yield f"{addresses[0]} was announced {len(times)} times, not " \
            f"{len(ANNOUNCED_MS)}"
    for i in range(1, min(len(times), len(ANNOUNCED_MS))):
        # the timer's millisecond, and as much for the frames' way to the tap
        if times[i] - times[0] < (ANNOUNCED_MS[i] - 2) * 10**6:
            yield f"announcement {i + 1} came {ms(times[i] - times[0])} " \
                f"after the first, not {ANNOUNCED_MS[i]} ms"


def findings(log, nodes, addresses):
    for node, number in log.lost:
        yield f"{number} frames of {node} were not seen"
    for _, one, other in log.both:
        yield f"the ports on {one} and {other} were up at one moment"
    for view in ("port", "wire"):
        wrong = wrong_order(view, log.seen(view), nodes)
        if wrong:
            yield wrong
    wrong = said_again(log.seen("port"))
    if wrong:
        yield wrong
    # a hamd that was restarted has no tap to announce by, but the bridge
    pieces = turns(log.seen("wire"))
    if addresses and pieces:
        yield from (f"{pieces[-1][0].node}: {text}" for text in
                    wrong_announcements(pieces[-1], addresses))


def silences(log):
    """Between one speaker and the next; and of one, the longest."""
    for view in ("port", "wire"):
        pieces = turns(log.seen(view))
        for before, after in zip(pieces, pieces[1:]):
            yield f"{view}: {before[-1].node} is silent, and " \
                f"{after[0].node} speaks ({after[0].kind}) " \
                f"{ms(after[0].t - before[-1].t)} later"
        if len(pieces) == 1:
            piece = pieces[0]
            yield f"{view}: {piece[0].node} says {len(piece)} frames, and " \
                "nothing for " + ms(max((b.t - a.t for a, b in
                                         zip(piece, piece[1:])), default=0))


def unheard(log):
    """Numbers that are missing between two speakers."""
    talks = [f for f in log.seen("port") if f.kind == "talk"]
    for a, b in zip(talks, talks[1:]):
        if a.node != b.node:
            n = int(b.detail.split("/")[0]) - int(a.detail.split("/")[0]) - 1
            yield f"between {a.node} and {b.node} {n} frames of it are lost"


def told_when(log, addresses, timeline):
    """Of the last speaker."""
    piece = turns(log.seen("wire"))[-1]
    told = [f for f in piece if f.kind in TOLD]
    if not told:
        return
    first = told[0].t
    marks = {m["what"]: m["at_us"] * 1000 + log.clock for m in timeline
             if m["node"] == piece[0].node}
    when = [(log.up(piece[0].node), "its port was told to be up"),
            (marks.get("event RESUME"), "QEMU said that it runs"),
            (marks.get("ran"), "hamd had announced it")]
    yield f"{piece[0].node}: {told[0].kind} is first at 0 ms" + "".join(
        f", {what} at {ms(t - first)}" for t, what in when if t is not None)
    for address in addresses:
        times = [f.t for f in told if is_hamds(f) and f.detail == address]
        yield f"{piece[0].node}: {address} announced at " + \
            " ".join(f"{(t - first) / 1e6:.1f}" for t in times) + " ms"
    own = [f for f in told if not is_hamds(f)]
    if own:
        yield f"{piece[0].node}: {own[0].detail} announced by the guest " \
            f"itself at {ms(own[0].t - first)}"


def timeline_of(path):
    if not path:
        return []
    with open(path, encoding="utf-8") as f:
        return json.load(f)["guest"]["last_migration"]["timeline"]


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("log")
    parser.add_argument("nodes", nargs="+")
    parser.add_argument("--announces", default="")
    parser.add_argument("--timeline")
    args = parser.parse_args()
    addresses = [a for a in args.announces.split(",") if a]
    with open(args.log, encoding="utf-8") as f:
        log = Log(f)
    if log.seen("port") and log.seen("wire"):
        for text in [*silences(log), *unheard(log),
                     *told_when(log, addresses, timeline_of(args.timeline))]:
            print(text)
    wrong = list(findings(log, args.nodes, addresses))
    for text in wrong:
        print(f"FINDING {text}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
