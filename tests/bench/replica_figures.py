# SPDX-License-Identifier: BSD-3-Clause
"""Figures of what a guest tells of its own writes (bench= of tests/lab/guest).

Medians: of one boot, or of what was written while something else goes on; then
only what was written within that time counts, all of it.  Refuses a median of
too few.
"""
import re
import statistics
import time

from benchlib import BenchError, console_of, tell, text_of, until

# batch, bytes, us, then of one write: median, p99, longest, us
BENCH = re.compile(r"^bench (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)$", re.M)
PHASES = 3      # pairs of figures taken of one boot; the first is warming up
LOOK_S = 0.2    # between two looks at a guest that is measured meanwhile
TELL_S = 0.05   # from the end of what the guest measures until it is told
FEWEST = 3      # figures of a kind that make a median


def told(console, start):
    """All that is told from that character on."""
    return BENCH.findall(text_of(console)[start:])


def medians(found):
    """(MB/s large, IOPS small, p99 us small)"""
    large = [int(b) / int(us) for batch, b, us, *_ in found if batch != "1"]
    small = [(int(b) / 4096 / int(us) * 1e6, int(p99))
             for batch, b, us, _, p99, _ in found if batch == "1"]
    return (statistics.median(large),
            statistics.median(x for x, _ in small),
            statistics.median(x for _, x in small))


def figures(console, start):
    """Medians of the phases after the first."""
    def pairs():
        found = told(console, start)
        return found if len(found) >= 2 * PHASES else None
    return medians(until("the guest tells figures", pairs)[2:2 * PHASES])


def tell_writes(name, runs, **more):
    """The medians of all runs, which it returns."""
    large, small, p99 = (statistics.median(x[i] for x in runs)
                         for i in range(3))
    tell(name, large, "MB/s", iops_4k=round(small), p99_4k_us=round(p99),
         **more, runs=len(runs))
    return large, small, p99


def tell_ratios(name, these, those, least=None):
    for what, this, that in zip(("1 MiB", "4 KiB"), these, those):
        r = this / that
        tell(f"{name}, {what}", r, "ratio", least and f">= {least}",
             least and r >= least)


class Watch:
    """A guest's figures as they come, each with the span that it is of."""
    def __init__(self, node, guest):
        self.console = console_of(guest, node)
        self.begin = len(text_of(self.console))
        self.looked = time.time()
        self.spans = []     # (begin, end, figure)

    def look(self):
        """What is new was not there at the last look: it began no earlier than
        its own length before that."""
        before = time.time()
        text = text_of(self.console)[self.begin:]
        after = time.time()
        found = BENCH.findall(text[:text.rfind("\n") + 1])
        for figure in found[len(self.spans):]:
            length = int(figure[2]) / 1e6 + TELL_S
            self.spans.append((self.looked - length, after, figure))
        self.looked = before
        return len(self.spans)

    def within(self, begin, end):
        """Medians of what was written between the two, all of it."""
        found = [f for a, b, f in self.spans if a >= begin and b <= end]
        small = sum(batch == "1" for batch, *_ in found)
        if min(small, len(found) - small) < FEWEST:
            raise BenchError(f"{len(found)} figures in {end - begin:.1f} s "
                             f"are too few")
        return (*medians(found), len(found))


def beside(name, before, while_, least=None):
    """What it costs: of both the medians of all rounds, and their ratios."""
    old, new = (tell_writes(f"{name}: writes {when}", runs,
                            figures=sum(x[3] for x in runs))
                for when, runs in (("just before", before),
                                   ("meanwhile", while_)))
    name += ": meanwhile / before"
    tell_ratios(name, new, old, least)
    tell(f"{name}, p99 of 4 KiB", new[2] / old[2], "ratio")
