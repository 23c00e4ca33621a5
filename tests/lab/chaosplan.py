# SPDX-License-Identifier: BSD-3-Clause
"""What a chaos run does and when: a function of its seed and nothing else.

A run is a row of periods.  Each picks a subset of the kinds of faults (a run
that always throws all of them never sees what two of them do alone), throws
them for some seconds beside operators' orders, and then mends everything.  A
step names a node or a guest; whether it applies when its time has come (a node
that is off cannot be frozen) is for chaos.py to see.
"""
import random
import zlib

# kind -> (weight, shortest and longest time until it is mended, in seconds)
NODE_FAULTS = {
    "power": (2, 1.0, 8.0),
    "freeze": (3, 0.2, 7.0),
    "hamd-kill": (4, 0.1, 4.0),
    "hamd-stop": (4, 0.1, 5.0),
    "corosync-kill": (2, 0.2, 4.0),
    "corosync-stop": (2, 0.1, 4.0),
    "hold": (3, 0.5, 6.0),
}
LINK_FAULTS = {
    "cut": (3, 0.3, 8.0),
    "cut-cluster": (2, 0.3, 8.0),
    "cut-migration": (3, 0.3, 8.0),
    "cut-one-way": (2, 0.3, 8.0),
}
GUEST_FAULTS = {
    "qemu-kill": (1, 0, 0),
    "qsd-kill": (3, 0, 0),
    "qsd-stop": (3, 0.2, 6.0),
}
FAULTS = NODE_FAULTS | LINK_FAULTS | GUEST_FAULTS
LONGEST_S = 8.0
HOLDS = ("prepare", "copy", "cutover", "handover")
# aimed: faults follow orders only; wild: they come by themselves, too; idle: no
# operator, so that they meet guests at rest
MOODS = {"aimed": 9, "wild": 8, "idle": 3}
# order -> weight; `kill` is a stop without asking the guest
ORDERS = {"migrate": 12, "cancel": 1, "start": 1, "stop": 1, "kill": 1,
          "drain": 1, "undrain": 1}
# where a migration stands when a fault that waits for it comes, and how many
# seconds later it does: a hand-over takes some 0.03 s
PHASES = ("", "copy", "handover", "handover")
LATEST = {"": 0, "copy": 0.5, "handover": 0.06}


class Step:
    """At `at` seconds of its period: `what`, mended `lasts` seconds later."""

    def __init__(self, at, what, lasts=0, **about):
        self.at = round(at, 2)
        self.what = what
        self.lasts = round(lasts, 2)
        self.about = about

    def __str__(self):
        about = " ".join(f"{k}={v}" for k, v in self.about.items() if v != "")
        lasts = f" for {self.lasts} s" if self.lasts else ""
        return f"{self.at:6.2f} {self.what} {about}{lasts}"


class Period:
    def __init__(self, number, seed, nodes, guests):
        # a period's steps do not hang on how many there were before it
        self.dice = random.Random(zlib.crc32(f"{seed}/{number}".encode()))
        self.number = number
        self.nodes = [f"n{i + 1}" for i in range(nodes)]
        self.guests = [f"web{i + 1}" for i in range(guests)]
        self.seconds = round(self.dice.uniform(8, 22), 1)
        count = self.dice.choice((1, 1, 2, 2, 3, 4, len(FAULTS)))
        self.kinds = sorted(self.dice.sample(sorted(FAULTS), count))
        self.mood = dice_of(self.dice, MOODS)
        self.steps = sorted(self.make(), key=lambda s: s.at)

    def make(self):
        dice = self.dice
        if self.mood == "aimed" and dice.random() < 0.5:
            # makes the time in which a migration can be met long
            yield Step(0, "hold", dice.uniform(4, 12), point=dice.choice(HOLDS),
                       node=dice.choice(self.nodes))
        if self.mood != "idle":
            yield from self.operators()
        if self.mood != "aimed":
            pace = dice.uniform(1.5, 8)
            at = dice.uniform(0, pace)
            while at < self.seconds:
                yield self.fault(at)
                at += dice.expovariate(1 / pace)

    def operators(self):
        dice, at = self.dice, dice_gap(self.dice)
        while at < self.seconds:
            yield self.one_order(at)
            if dice.random() < 0.15:
                # two operators at once
                yield self.one_order(at + dice.choice((0, 0, 0.01, 0.2)))
            # a fault that is to meet what an order does comes soon after it
            if dice.random() < 0.6:
                yield self.fault(at + dice.uniform(0.05, 1.5),
                                 dice.choice(PHASES))
            at += dice_gap(dice)

    def one_order(self, at):
        dice = self.dice
        what = dice_of(dice, ORDERS)
        to = ""
        if what in ("migrate", "drain", "undrain") or \
                what == "start" and dice.random() < 0.5:
            to = dice.choice(self.nodes)
        return Step(at, what, guest=dice.choice(self.guests), to=to,
                    via=dice.choice(self.nodes))

    def fault(self, at, phase=""):
        dice = self.dice
        weights = [FAULTS[k][0] for k in self.kinds]
        what = dice.choices(self.kinds, weights)[0]
        _, low, high = FAULTS[what]
        # short ones are as likely as long ones: each meets other timers
        lasts = low * (high / low) ** dice.random() if low else 0
        if what == "hold":
            return Step(at, what, lasts, node=dice.choice(self.nodes),
                        point=dice.choice(HOLDS))
        late = round(dice.uniform(0, LATEST[phase]), 3) if phase else ""
        if what in GUEST_FAULTS:
            return Step(at, what, lasts, guest=dice.choice(self.guests),
                        phase=phase, late=late)
        if what in NODE_FAULTS:
            return Step(at, what, lasts, node=dice.choice(self.nodes),
                        phase=phase, late=late)
        a, b = dice.sample(self.nodes, 2)
        return Step(at, what, lasts, a=a, b=b, phase=phase, late=late)

    def __str__(self):
        head = (f"period {self.number}: {self.seconds} s of "
                f"{', '.join(self.kinds)}")
        head += f", {self.mood}"
        return "\n".join([head] + [f"  {s}" for s in self.steps])


def dice_of(dice, weights):
    return dice.choices(list(weights), list(weights.values()))[0]


def dice_gap(dice):
    """Seconds between two orders; a move takes some 2 s."""
    return 0.3 + dice.expovariate(1 / 2.5)


def periods(seed, nodes, guests):
    number = 1
    while True:
        yield Period(number, seed, nodes, guests)
        number += 1
