# SPDX-License-Identifier: BSD-3-Clause
"""The rules that a chaos run's history must keep; each yields violations.

All times are intervals (chaoswatch.py), and a rule speaks only of what must
have been so whatever the true times in them were: a finding is proof, and what
is too short to be seen is not found.  Rules of safety excuse nothing.  Rules of
liveness excuse by what was done to the lab, never by what hamd says.
"""
from history import RECOVER_S, Violation

# The longest that a guest to which nothing was done may stand still.  A move
# stops it for some 0.1 s, an undo for some ms; the rest is this machine's, on
# which three nodes and all guests share two processors.
UNDISTURBED_S = 5.0
# A guest with a replica or a copy under way also waits for other nodes: a write
# that its replica lacks waits until a majority knows, a migration until the
# other side spoke.  TCP alone may take twice as long as the fault to find out.
SETTLE_S = 30.0
# A fault of the guest's own node is over when its processes run again.
WAKE_S = 3.0
# vCPU time between two looks that an emulated guest at work exceeds by far,
# and a stopped one, whose threads are woken for a moment, never reaches
RAN_NS = 20_000_000
MIN_TICKS = 100

KILLERS = {"hamd": ("hamd-kill", "hold", "power"),
           "corosync": ("corosync-kill", "power")}
NO_COROSYNC = ("corosync-kill", "corosync-stop", "freeze")
START_S = 10.0
NODE_DOWN = ("power", "freeze")


def violations(history):
    if not history.guests:
        yield Violation("nothing proven", 0, "the history has no guest")
    for guest in history.guests.values():
        for rule in (ticked_twice, went_back, lives_overlap, ran_twice,
                     lost_writes, lost_on_disk, damage, proves):
            yield from rule(guest)
        for rule in (stopped, outages, deaths, recovery):
            yield from rule(history, guest)
    yield from daemons(history)
    yield from driver(history)


# ---- safety ----

def ticked_twice(guest):
    """The same moment of the same life is lived once."""
    for boot in guest.boots.values():
        seen = {}
        for s in boot.ticks:
            first = seen.setdefault(s.number, s)
            if first is not s:
                yield Violation(
                    "single runner", s.t,
                    f"{guest.name} boot {boot.name}: tick {s.number} on "
                    f"{first.node} and again on {s.node}")


def went_back(guest):
    """What was seen later is not from earlier in that life (rule I2)."""
    for boot in guest.boots.values():
        for name, series in (("tick", boot.ticks), ("ack", boot.acks)):
            top = None
            for s in sorted(series, key=lambda s: s.t):
                # both from one look at two consoles: no order between them
                if top and s.number < top.number and s.lo >= top.t:
                    yield Violation(
                        "time", s.t,
                        f"{guest.name} boot {boot.name}: {name} {s.number} on "
                        f"{s.node} after {name} {top.number} on {top.node}")
                if not top or s.number > top.number:
                    top = s
        ticks = sorted(boot.ticks, key=lambda s: s.number)
        for a, b in zip(ticks, ticks[1:]):
            if b.ms < a.ms:
                yield Violation(
                    "time", b.t, f"{guest.name} boot {boot.name}: its clock "
                    f"goes back between ticks {a.number} and {b.number}")


def lives_overlap(guest):
    """A life that began ended all before it."""
    boots = guest.in_order()
    for a, b in zip(boots, boots[1:]):
        first = b.lines[0]
        late = [s for s in a.lines if s.lo >= first.t]
        if late:
            yield Violation(
                "single runner", late[0].t,
                f"{guest.name}: boot {a.name} goes on on {late[0].node} "
                f"although boot {b.name} began on {first.node} "
                f"{late[0].lo - first.t:.2f} s before")


def ran_twice(guest):
    """No virtual CPU of one QEMU ran before and after one of another's: a
    hand-over goes one way, and what it left does not run again."""
    spans = {}
    for run in guest.runs:
        if run.ns >= RAN_NS:
            spans.setdefault(run.qemu, []).append(run)
    qemus = sorted(spans)
    for i, a in enumerate(qemus):
        for b in qemus[i + 1:]:
            when = interleave(spans[a], spans[b])
            if when:
                yield Violation(
                    "single runner", when,
                    f"{guest.name}: virtual CPUs on {a[0]} (pid {a[1]}) and "
                    f"on {b[0]} (pid {b[1]}) ran in turn")


def interleave(a, b):
    """When it was proven that each ran after the other had, or None."""
    first_a, first_b = min(r.t for r in a), min(r.t for r in b)
    a_after_b = [r.t for r in a if r.lo >= first_b]
    b_after_a = [r.t for r in b if r.lo >= first_a]
    if a_after_b and b_after_a:
        return max(min(a_after_b), min(b_after_a))
    return None


def lost_writes(guest):
    """A boot finds all that was acknowledged before it, so that what each
    wrote are numbers that no other boot has."""
    boots = guest.in_order()
    for i, boot in enumerate(boots):
        if boot.found is None:
            # cut in two by nothing: a boot is not handed over so early
            yield Violation("lost write", boot.lines[0].t,
                            f"{guest.name}: boot {boot.name} does not say "
                            "what it found")
            continue
        for before in boots[:i]:
            acked = max((s.number for s in before.acks), default=0)
            if acked > boot.found.found:
                yield Violation(
                    "lost write", boot.found.t,
                    f"{guest.name}: boot {boot.name} found "
                    f"{boot.found.found} on {boot.found.node}, but boot "
                    f"{before.name} had acknowledged {acked} on "
                    f"{before.acks[-1].node}")


def lost_on_disk(guest):
    """The disk at the end has every acknowledged record that its ring can
    still hold, written by the boot that acknowledged it."""
    owned = []  # (first, last, boot)
    for boot in guest.in_order():
        if boot.found and boot.acks:
            owned.append((boot.found.found + 1,
                          max(s.number for s in boot.acks), boot.name))
    for disk in guest.disks:
        on = f"{guest.name}: disk on {disk['node']}"
        top = max([r[1] for r in disk["runs"]] + [o[1] for o in owned] + [0])
        low = top - disk["slots"] + 1
        for first, last, boot in owned:
            want = set(range(max(first, low), last + 1))
            for begin, end, by in disk["runs"]:
                if by == boot:
                    want -= set(range(begin, end + 1))
            if want:
                yield Violation(
                    "lost write", disk["t"],
                    f"{on} lacks {len(want)} record(s) that boot {boot} had "
                    f"acknowledged, {min(want)} to {max(want)}")
        # the ring was once full of whole records
        if disk["bad"] and top >= disk["slots"]:
            slot, why = disk["bad"][0]
            yield Violation("lost write", disk["t"],
                            f"{on}: {len(disk['bad'])} damaged slot(s), the "
                            f"first is {slot}: {why}")
    digests = {d["digest"] for d in guest.disks}
    if len(digests) > 1:
        where = ", ".join(d["node"] for d in guest.disks)
        yield Violation("replica differs", guest.disks[0]["t"],
                        f"{guest.name}: the current disks on {where} differ")


def damage(guest):
    """A guest that reads what it did not write says so; so does its kernel."""
    for t, text in guest.corrupt:
        yield Violation("damage", t, f"{guest.name}: {text}")


def proves(guest):
    ticks = sum(len(b.ticks) for b in guest.boots.values())
    acks = sum(len(b.acks) for b in guest.boots.values())
    if ticks < MIN_TICKS or not acks or not guest.runs or not guest.disks:
        yield Violation("nothing proven", 0,
                        f"{guest.name}: {ticks} ticks, {acks} "
                        f"acknowledgements, {len(guest.runs)} looks at "
                        f"running CPUs, {len(guest.disks)} disks at the end")


def stopped(history, guest):
    """A life is over once an operator was told so."""
    for o in history.orders.values():
        ended = o.get("ended")
        if o["guest"] != guest.name or o["what"] not in ("stop", "kill") or \
                not ended or ended["rc"] != 0:
            continue
        for boot in guest.boots.values():
            late = [s for s in boot.lines if s.lo >= ended["t"]]
            if late and boot.lines[0].t <= o["t"]:
                yield Violation(
                    "order", late[0].t,
                    f"{guest.name}: boot {boot.name} goes on on "
                    f"{late[0].node} after order {o['number']} said that it "
                    "was stopped")


# ---- liveness ----

def intervals(history, guest, what):
    """[(from, to, node)] for each process of that kind and guest, both times
    as it was surely there"""
    born, lived = {}, []
    for e in history.kinds("process"):
        if e["what"] != what or e["guest"] != guest.name:
            continue
        key = (e["node"], e["pid"])
        if e["event"] == "seen":
            born[key] = e["t"]
        elif key in born:
            lived.append((born.pop(key), e["lo"], key[0]))
    return lived + [(t, float("inf"), key[0]) for key, t in born.items()]


class Ties:
    """Whether a guest hangs on other nodes: a storage daemon serves it, or it
    has two QEMUs at one time."""

    def __init__(self, history, guest):
        self.when = [(a, b) for a, b, _ in intervals(history, guest, "qsd")]
        qemus = sorted(intervals(history, guest, "qemu"))
        for i, (a, b, _) in enumerate(qemus):
            self.when += [(c, min(b, d)) for c, d, _ in qemus[i + 1:]
                          if c <= b]

    def tied(self, lo, hi):
        return any(a <= hi and b >= lo for a, b in self.when)


def excused(history, guest, ties, lo, hi, node):
    """By what was done to the lab while the guest was silent."""
    tied = ties.tied(lo - 1, hi)
    for fault in history.faults.values():
        if fault.what in NODE_DOWN and node in fault.nodes and \
                fault.overlaps(lo, hi, WAKE_S):
            return True
        if tied and fault.overlaps(lo, hi, SETTLE_S):
            return True
    return False


def stalled(history, lo, hi):
    """Seconds in which the watcher itself did not get to look."""
    return sum(min(hi, e["t"]) - max(lo, e["lo"])
               for e in history.kinds("stall")
               if e["lo"] < hi and e["t"] > lo)


def gaps(series):
    """(from, to, node) of each silence, at its shortest"""
    series = sorted(series, key=lambda s: s.t)
    for a, b in zip(series, series[1:]):
        yield a.t, b.lo, a.node


def outages(history, guest):
    ties = Ties(history, guest)
    for boot in guest.boots.values():
        for name, series in (("ticks", boot.ticks), ("writes", boot.acks)):
            for lo, hi, node in gaps(series):
                silent = hi - lo - stalled(history, lo, hi)
                if silent > UNDISTURBED_S and \
                        not excused(history, guest, ties, lo, hi, node):
                    yield Violation(
                        "outage", hi,
                        f"{guest.name} on {node}: no {name} for {silent:.1f} "
                        f"s, and nothing was done to it (at most "
                        f"{UNDISTURBED_S:.0f} s)")


def deaths(history, guest):
    """A life ends by an order, by a fault that kills it, or inside a move that
    a fault met."""
    ties = Ties(history, guest)
    boots = guest.in_order()
    for boot, after in zip(boots, boots[1:]):
        last = boot.lines[-1]
        until = after.lines[0].t
        if boot.bye or ordered_off(history, guest, last.lo - 1, until):
            continue
        if not death_excused(history, guest, ties, last, until):
            yield Violation(
                "death", last.t,
                f"{guest.name}: boot {boot.name} ended on {last.node} and "
                "nothing had been done to it")


def ordered_off(history, guest, lo, hi):
    """An order to stop may act long after it was given, if it is given to a
    node that decides nothing."""
    for o in history.orders.values():
        ended = o.get("ended")
        if o["guest"] == guest.name and o["what"] in ("stop", "kill") and \
                o["t"] <= hi and (not ended or ended["t"] + SETTLE_S >= lo):
            return True
    return False


def death_excused(history, guest, ties, last, until):
    tied = ties.tied(last.lo - 5, last.t + 5)
    for fault in history.faults.values():
        if fault.what == "qemu-kill" and fault.guest == guest.name and \
                fault.overlaps(last.lo - 1, until):
            return True
        if fault.what == "power" and last.node in fault.nodes and \
                fault.overlaps(last.lo - 1, until):
            return True
        if tied and fault.overlaps(last.lo, last.t + 5, SETTLE_S):
            return True
    return False


def recovery(history, guest):
    """After all is mended the guest ticks and writes again."""
    ends = [e["t"] for e in history.kinds("end")]
    for heal in history.kinds("heal"):
        limit = heal["t"] + RECOVER_S
        if ends and ends[0] < limit and not history.kinds("hung"):
            limit = ends[0]
        for name, series in (("tick", "ticks"), ("write", "acks")):
            if not any(heal["t"] < s.t <= limit
                       for b in guest.boots.values()
                       for s in getattr(b, series)):
                yield Violation(
                    "recovery", limit,
                    f"{guest.name} does not {name} within "
                    f"{limit - heal['t']:.0f} s after {heal['after']}")


def daemons(history):
    """hamd and corosync end only when they are made to; a hamd also when it
    starts and finds no corosync."""
    born = {}
    for e in history.kinds("process"):
        key = (e["what"], e["node"], e["pid"])
        if e["event"] == "seen":
            born[key] = e["lo"]
            continue
        if e["what"] not in ("hamd", "corosync"):
            continue
        kinds = KILLERS[e["what"]]
        settle = 1
        if e["what"] == "hamd" and e["t"] - born.get(key, 0) < START_S:
            kinds, settle = kinds + NO_COROSYNC, START_S
        if not any(f.what in kinds and e["node"] in f.nodes and
                   f.overlaps(e["lo"] - 1, e["t"] + 1, settle)
                   for f in history.faults.values()):
            yield Violation("daemon", e["t"],
                            f"{e['what']} on {e['node']} ended by itself")


def driver(history):
    """What the run itself saw at its calm points."""
    for e in history.kinds("hung"):
        yield Violation("recovery", e["t"],
                        f"not well {RECOVER_S} s after {e['after']}: "
                        f"{e['why']}")
    for e in history.kinds("calm"):
        for line in e["audit"]:
            yield Violation("audit", e["t"], f"after {e['after']}: {line}")
    if not history.kinds("end"):
        last = history.entries[-1]["t"] if history.entries else 0
        yield Violation("nothing proven", last, "the run did not end")
    if not history.faults:
        yield Violation("nothing proven", 0, "no fault was made")


# ---- what there was ----

def summary(history):
    made = {}
    for fault in history.faults.values():
        made[fault.what] = made.get(fault.what, 0) + 1
    yield "faults: " + (", ".join(f"{n} {w}" for w, n in sorted(made.items()))
                        or "none")
    for e in history.kinds("end"):
        for phase, n in e.get("met", {}).items():
            yield f"{n} of them as a guest came to {phase}"
    done = {}
    for o in history.orders.values():
        rc = o["ended"]["rc"] if "ended" in o else "unknown"
        done.setdefault(o["what"], {}).setdefault(rc, 0)
        done[o["what"]][rc] += 1
    for what, codes in sorted(done.items()):
        yield f"orders to {what}, by exit status: " + ", ".join(
            f"{rc}: {n}" for rc, n in sorted(codes.items(), key=str))
    took = sorted(e["took"] for e in history.kinds("calm"))
    if took:
        yield (f"well again {len(took)} times, after {took[len(took) // 2]} s "
               f"(median) and {took[-1]} s (longest)")
    for guest in history.guests.values():
        moves = sum(a.node != b.node for boot in guest.boots.values()
                    for a, b in zip(boot.ticks, boot.ticks[1:]))
        acked = max((s.number for b in guest.boots.values() for s in b.acks),
                    default=0)
        yield (f"{guest.name}: {len(guest.boots)} boots, {moves} moves, "
               f"{acked} records acknowledged")
