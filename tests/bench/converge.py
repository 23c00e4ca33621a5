#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Measures whether hamd's migrations converge, and as forecast; converge.sh runs it.

Works in the lab that $HAMLAB names.  For each load and link hamd, plain QEMU and
libvirt take turns in the same namespaces; then a table and what is met.  A
contestant that fails is told and makes the whole fail, but not the others; so does
a guest whose data are not what it wrote.
"""
import argparse
import dataclasses
import json
import re
import subprocess
import sys

sys.dont_write_bytecode = True
import converge_handover  # noqa: E402
import converge_table  # noqa: E402
from benchlib import LAB, BenchError, run  # noqa: E402
from converge_base import (AREA_MIB, LINKS, ROWS, UNLIMITED,  # noqa: E402
                           DataError, Outcome, link_bytes, measure,
                           set_link)
from converge_hamd import Hamd  # noqa: E402
from converge_libvirt import Libvirt, why_not  # noqa: E402
from converge_qemu import (DEFAULT_BANDWIDTH, NO_LIMIT,  # noqa: E402
                           Plain)

CONTESTANTS = ("hamd", "qemu", "libvirt", "streams")
QUICK_ROWS = re.compile(r"^(idle|ram 10%|ram 100%|ram\+disk)$")
QUICK_LINKS = (UNLIMITED, "200mbit")


def append_of(row):
    return f"console=ttyS0 quiet area={AREA_MIB} {ROWS[row]}".strip()


def options():
    p = argparse.ArgumentParser(
        prog="converge.sh",
        description="whether migrations end, when, and as forecast",
        epilog=f"rows: {', '.join(ROWS)}; links: {', '.join(LINKS)}")
    add = p.add_argument
    add("--setup", action="store_true",
        help="get the libvirt that is measured against, and end")
    add("--quick", action="store_true",
        help="four loads, two links, a limit of 45 s")
    add("--rows", type=re.compile, metavar="REGEX", help="only these loads")
    add("--links", metavar="A,B", help="only these links")
    add("--runs", type=int, metavar="N",
        help="migrations of each, or stalls (1, 10)")
    add("--only", choices=CONTESTANTS, action="append",
        help="may be given again; streams is plain QEMU with multifd, and "
        "only if named")
    add("--limit", type=float, metavar="S",
        help="max_duration, and what the others are given (180)")
    add("--set", action="append", default=[], metavar="KEY=VALUE",
        help="of hamd's guests in the cluster file; may be given again")
    add("--traces", metavar="FOLDER",
        help="of plain QEMU's passes, a file each")
    add("--json", metavar="FILE",
        help="the outcomes are added to it, one a line, as they come")
    add("--show", metavar="FILE", nargs="+",
        help="measure nothing: the table of such files")
    add("--handovers", type=int, metavar="N",
        help="instead: N hand-overs with a load that fits")
    add("--stall", choices=sorted(converge_handover.POINTS),
        help="instead: hand-overs that stall for a second before or after TAKE")
    add("--conf", action="store_true", help=argparse.SUPPRESS)
    opt = p.parse_args()
    complete(p, opt)
    return opt


def complete(p, opt):
    """What was left out, and what can't be."""
    if opt.handovers is not None and opt.stall:
        p.error("--handovers and --stall are two benches")
    for name in ("runs", "handovers", "limit"):
        value = getattr(opt, name)
        if value is not None and value < 1:
            p.error(f"--{name} wants a number from 1")
    for setting in opt.set:
        if not re.fullmatch(r"[a-z_]+=.+", setting):
            p.error(f"--set wants KEY=VALUE, not '{setting}'")
    opt.rows = [r for r in ROWS if
                (opt.rows.search(r) if opt.rows else
                 not opt.quick or QUICK_ROWS.match(r))]
    if not opt.rows:
        p.error(f"--rows fits none of: {', '.join(ROWS)}")
    links = (opt.links.split(",") if opt.links else
             QUICK_LINKS if opt.quick else LINKS)
    for link in links:
        if link not in LINKS:
            p.error(f"no link '{link}', only: {', '.join(LINKS)}")
    opt.links = list(links)
    opt.limit = opt.limit or (45 if opt.quick else 180)
    opt.runs = opt.runs or (10 if opt.stall else 1)
    opt.only = opt.only or list(CONTESTANTS[:3])


# ---- the cluster file ----

def conf(opt):
    """hamlab's, with a guest for each load."""
    small = opt.stall or opt.handovers
    text = run(LAB, "conf", "3", str(1 if small else len(opt.rows)))
    keys = "".join("\n" + s.replace("=", " = ", 1) for s in opt.set)
    if not any(s.startswith("max_duration=") for s in opt.set):
        keys += f"\nmax_duration = {opt.limit:.0f}s"
    appends = ([f"console=ttyS0 quiet ip=10.77.0.100/24 "
                f"{converge_handover.LOAD}"] if small else
               [append_of(row) for row in opt.rows])
    # the lab's own, for tests that hold a hand-over
    text = re.sub(r"^max_pause = .*\n", "", text, flags=re.M)
    text = re.sub(r"guest\.cpio\.gz", "load.cpio.gz", text)
    text = re.sub(r"^\[guest .*\]$", rf"\g<0>{keys}", text, flags=re.M)
    if small:
        text = re.sub(r"^size = .*", f"size = {converge_handover.DISK}", text,
                      flags=re.M)
    each = iter(appends)
    return re.sub(r"^append = .*", lambda _: f"append = {next(each)}", text,
                  flags=re.M)


# ---- the table ----

def contestants(opt):
    """Each is to be ended."""
    found, notes = [], []
    if "hamd" in opt.only:
        found.append(Hamd(opt.rows))
    if "qemu" in opt.only:
        found.append(Plain("qemu", None))
        # the default holds back nothing on a link that carries less
        found.append(Plain("qemu-link", lambda link:
                           link_bytes(link) or NO_LIMIT, DEFAULT_BANDWIDTH))
    for contestant in found:
        contestant.traces = opt.traces
    if "streams" in opt.only:
        for name, streams, zstd in (("1 stream", 0, False),
                                    ("2 streams", 2, False),
                                    ("4 streams", 4, False),
                                    ("1, zstd", 1, True),
                                    ("2, zstd", 2, True)):
            found.append(Plain(name, lambda link: link_bytes(link) or NO_LIMIT,
                               streams=streams, zstd=zstd))
    if "libvirt" in opt.only:
        if why := why_not():
            notes.append(f"libvirt: not run: {why}")
        else:
            found.append(Libvirt())
            notes.append(f"libvirt {found[-1].version()}, on the same QEMU")
    return found, notes


def save(name, outcome):
    if name:
        with open(name, "a", encoding="utf-8") as f:
            print(json.dumps(dataclasses.asdict(outcome)), file=f)


def saved(names):
    for name in names:
        with open(name, encoding="utf-8") as f:
            yield from (Outcome(**json.loads(line)) for line in f)


def row_of(who, row, link, opt, outcomes):
    """One boot of one load under one of them."""
    try:
        console = who.boot(row if who.name == "hamd" else append_of(row), link)
        console.settled(f"{who.name}'s guest")
        for _ in range(opt.runs):
            outcomes.append(measure(who, row, link, console, opt.limit))
            save(opt.json, outcomes[-1])
            print(converge_table.line_of(outcomes[-1:]), file=sys.stderr,
                  flush=True)
        who.stop(console)
    except Exception:
        who.abandon()
        raise


def rounds(opt, all_, outcomes):
    """What went wrong."""
    wrong = []
    for link in opt.links:
        set_link(link)
        for row in opt.rows:
            for who in all_:
                if not who.runs_on(link):
                    continue
                try:
                    row_of(who, row, link, opt, outcomes)
                except (BenchError, DataError, OSError, RuntimeError,
                        subprocess.SubprocessError) as e:
                    kind = "DATA DIFFER" if isinstance(e, DataError) \
                        else "failed"
                    wrong.append(f"{kind}: {who.name}, {row}, {link}: {e}")
                    print(wrong[-1], file=sys.stderr, flush=True)
    return wrong


def max_pause_ms(opt):
    text = "\n".join(s.replace("=", " = ", 1) for s in opt.set)
    return converge_handover.pause_ms(text)


def show_all(opt, outcomes, notes, wrong):
    found = converge_table.sorted_rows(outcomes)
    print("\n".join(converge_table.table(found)))
    print()
    print("\n".join(converge_table.legend(AREA_MIB) + notes))
    print()
    print("\n".join(converge_table.summary(found, opt.limit,
                                           max_pause_ms(opt))))
    if wrong:
        print("\n" + "\n".join(wrong))


def bench(opt):
    outcomes = []
    all_, notes = contestants(opt)
    try:
        wrong = rounds(opt, all_, outcomes)
    finally:
        for who in all_:
            who.end()
    show_all(opt, outcomes, notes, wrong)
    return 1 if wrong else 0


def show_saved(opt):
    try:
        show_all(opt, list(saved(opt.show)), [], [])
        return 0
    except (OSError, TypeError, ValueError) as e:
        print(f"converge.sh: not what --json writes: {e}", file=sys.stderr)
        return 1


def main():
    opt = options()
    if opt.conf:
        print(conf(opt), end="")
        return 0
    if opt.show:
        return show_saved(opt)
    limit = max_pause_ms(opt)
    try:
        if opt.handovers:
            return converge_handover.handovers(opt.handovers, limit)
        if opt.stall:
            return converge_handover.stalls(opt.stall, opt.runs, limit)
        return bench(opt)
    except (BenchError, DataError, OSError,
            subprocess.SubprocessError) as e:
        print(f"converge.sh: {e}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
