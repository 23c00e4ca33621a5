# SPDX-License-Identifier: BSD-3-Clause
"""What converge.sh found, for people: a table and whether its goals are met.

Pure: lines of text from outcomes.  Refuses to judge a goal of which there is
nothing to judge: it then says so.
"""
import dataclasses
import re
import statistics

from converge_base import LINKS, ROWS, link_bytes

MIB = 1 << 20
COLUMNS = 120
QEMU = ("qemu-link", "qemu")  # whose bytes are held against hamd's: the first
FITS = 0.7  # of a link, what a guest may write that is sure to end
# what must be named when a migration is given up
REASON = re.compile(r"max_pause|max_duration|bandwidth|faster than", re.I)
BOTH = re.compile(r"ram\+disk")

HEAD = (f"{'load':<12}{'link':<10}{'who':<10}{'n':>2}{'RAM':>7}{'disk':>6}"
        f"{'slowed':>7}{'total s':>9}{'stopped ms':>12}{'sent MiB':>9}"
        f"{'/ideal':>7}{'forecast':>15}  end")


def middle(values, digits=1):
    values = [v for v in values if v is not None]
    return f"{statistics.median(values):.{digits}f}" if values else "-"


def slowed(o):
    """Percent of its writing that the guest lost meanwhile, of memory or disk."""
    lost = [1 - now / before for before, now in
            ((o.ram, o.ram_meanwhile), (o.disk, o.disk_meanwhile))
            if before and before >= 0.5 and now is not None]
    return max(0, 100 * max(lost)) if lost else None


def off(forecast, total_s):
    return None if forecast is None else 100 * (forecast / total_s - 1)


def signed(values):
    values = [v for v in values if v is not None]
    return f"{statistics.median(values):+.0f}%" if values else "-"


def end_of(group):
    """(in a word, why)"""
    bad = [o for o in group if not o.ended]
    if not bad:
        return "moved", ""
    word = "not in time" if any(o.late for o in bad) else "given up"
    if len(bad) < len(group):
        word = f"{len(bad)} {word}"
    return word, bad[0].reason


def line_of(group):
    """Runs of one load by one contestant on one link.  The figures are of those
    that moved, if any did."""
    good = [o for o in group if o.ended] or group
    told = good[0].who == "hamd" and good[0].ended
    forecast = "/".join(
        (signed([off(o.first, o.total_s) for o in good]),
         signed([off(o.quarter, o.total_s) for o in good]))) if told else ""
    o = good[0]
    text = (f"{o.row:<12}{o.link:<10}{o.who:<10}{len(group):>2}"
            f"{middle([x.ram for x in good]):>7}"
            f"{middle([x.disk for x in good]):>6}"
            f"{middle([slowed(x) for x in good], 0):>6}%"
            f"{middle([x.total_s for x in good], 2):>9}"
            f"{middle([x.stopped_ms for x in good]):>12}"
            f"{middle([x.sent / MIB for x in good], 0):>9}"
            f"{middle([x.sent / x.ideal for x in good], 2):>7}"
            f"{forecast:>15}  ")
    word, why = end_of(group)
    return text + word + (f"\n{'':12}{why}" if why else "")


def groups(outcomes):
    found = {}
    for o in outcomes:
        found.setdefault((o.row, o.link, o.who), []).append(o)
    return found


def table(outcomes):
    return [HEAD, *(line_of(g) for g in groups(outcomes).values())]


# ---- the goals ----

def burden(o):
    """The share of the link that the guest's writing takes."""
    rate = link_bytes(o.link)
    return ((o.ram or 0) + (o.disk or 0)) * MIB / rate if rate else 0


def wrong_end(o, limit_s):
    """Why its end is not one that hamd may come to, "" if it is."""
    if o.ended and o.total_s <= limit_s and not o.late:
        return ""
    where = f"{o.row}, {o.link}"
    if o.late or o.total_s > limit_s:
        return f"{where}: {o.total_s:.0f} s"
    if not REASON.search(o.reason):
        return f"{where}: '{o.reason}'"
    return f"{where}: given up, but it fits" if burden(o) < FITS else ""


def per_row(outcomes, who, value):
    """(row, link): the median of those that moved."""
    found = {}
    for o in outcomes:
        if o.who == who and o.ended:
            found.setdefault((o.row, o.link), []).append(value(o))
    return {k: statistics.median(v) for k, v in found.items()}


def verdict(name, met, text):
    word = {True: "met", False: "MISSED", None: "not judged"}[met]
    head, first = f"{word:<12}{name}:", text.partition("\n")[0]
    if len(head) + len(first) >= COLUMNS:
        return f"{head}\n{'':12}{text}"
    return f"{head} {text}"


def goal_ends(hamd, limit_s):
    wrong = [w for o in hamd if (w := wrong_end(o, limit_s))]
    return verdict(f"every row ends within {limit_s:.0f} s, or is given up for "
                   "the right reason", not wrong if hamd else None,
                   f"{len(hamd) - len(wrong)} of {len(hamd)}" +
                   "".join(f"\n            {w}" for w in wrong))


def goal_pause(hamd, max_pause_ms):
    moved = [o for o in hamd if o.ended and o.stopped_ms is not None]
    over = [o for o in moved if o.stopped_ms > 1.2 * max_pause_ms]
    return verdict("none stopped longer than max_pause + 20 % "
                   f"({1.2 * max_pause_ms:.0f} ms)",
                   not over if moved else None,
                   f"{len(over)} of {len(moved)} did" +
                   "".join(f"\n            {o.row}, {o.link}: "
                           f"{o.stopped_ms:.0f} ms" for o in over))


def goal_forecast(hamd, name, which):
    moved = [o for o in hamd if o.ended]
    near = [o for o in moved if which(o) is not None and
            abs(off(which(o), o.total_s)) <= 30]
    none = sum(which(o) is None for o in moved)
    met = len(near) >= 0.8 * len(moved) if moved else None
    return verdict(f"{name} within 30 % in 80 % of those that moved", met,
                   f"{len(near)} of {len(moved)}" +
                   (f", {none} without any" if none else ""))


def goal_bytes(outcomes):
    mine = per_row(outcomes, "hamd", lambda o: o.sent)
    theirs = {}
    for who in reversed(QEMU):
        theirs |= per_row(outcomes, who, lambda o: o.sent)
    ratios = {k: mine[k] / theirs[k] for k in mine if k in theirs}
    return worst("bytes <= 1.1 x plain QEMU's", ratios, 1.1)


def goal_total(outcomes, name, wanted):
    """Where libvirt was not done in time, that time is the least it takes."""
    mine = per_row(outcomes, "hamd", lambda o: o.total_s)
    theirs = per_row([dataclasses.replace(o, ended=o.ended or o.late)
                      for o in outcomes], "libvirt", lambda o: o.total_s)
    return worst("total <= 0.75 x libvirt's (or its time limit, if not done), "
                 f"{name}", {k: mine[k] / theirs[k] for k in mine
                               if k in theirs and wanted(k[0])}, 0.75)


def worst(name, ratios, limit):
    if not ratios:
        return verdict(name, None, "no row that both moved")
    good = sum(r <= limit for r in ratios.values())
    row, link = max(ratios, key=ratios.get)
    return verdict(name, good == len(ratios),
                   f"{good} of {len(ratios)} rows, median "
                   f"{statistics.median(ratios.values()):.2f}, worst "
                   f"{ratios[row, link]:.2f} ({row}, {link})")


def summary(outcomes, limit_s, max_pause_ms):
    hamd = [o for o in outcomes if o.who == "hamd"]
    return [
        goal_ends(hamd, limit_s),
        goal_pause(hamd, max_pause_ms),
        goal_forecast(hamd, "first forecast of the duration",
                      lambda o: o.first),
        goal_forecast(hamd, "forecast at a quarter of it",
                      lambda o: o.quarter),
        goal_bytes(outcomes),
        goal_total(outcomes, "disk and memory written",
                   BOTH.search),
        goal_total(outcomes, "all rows", lambda _: True),
    ]


def legend(area_mib):
    return [
        f"RAM, disk: MiB/s that the guest wrote before (RAM: of {area_mib} MiB);"
        " slowed: what of it was lost meanwhile.",
        "sent: by the source's card; ideal: its disk and its memory in use. "
        "forecast: of the total, the first and that at",
        "a quarter of it, against what it was.  Several runs: medians of those "
        "that moved.",
        "qemu: its defaults; qemu-link: max-bandwidth as the link's, where that "
        "is more than the default's 128 MiB/s."]


def sorted_rows(outcomes):
    rows, links = list(ROWS), list(LINKS)
    return sorted(outcomes, key=lambda o: (links.index(o.link),
                                           rows.index(o.row)))
