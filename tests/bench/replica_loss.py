# SPDX-License-Identifier: BSD-3-Clause
"""How long a guest's writes stand still when a replica is lost.

By the guest's own clock, which stands still with it while hamd holds it: what
it is held beyond the view change is taken from n1's log.  Refuses to go on
before the copy is whole again and all three nodes are members.
"""
import re
import statistics

from benchlib import (LAB, asked, console_of, hamctl, hamd_log, run, sh, tell,
                      text_of, until)
from replica_figures import told
from replica_guests import boot, whole


def longest_write_ms(guest, fault):
    """Of the guest, by its own clock, while and after that is done to it."""
    console = console_of(guest)
    start = len(text_of(console))
    until(f"{guest} writes", lambda: told(console, start))
    start = len(text_of(console))
    fault()
    # the phase it is in, and a whole one of each kind behind it
    found = until(f"{guest} goes on",
                  lambda: (told(console, start) if
                           len(told(console, start)) > 2 else None))
    return max(int(longest) for *_, longest in found) / 1000


def kill_daemons(node):
    sh(node, "sh", "-c", 'for p in /proc/[0-9]*; do case $(readlink $p/exe) in '
       '*qemu-storage-daemon) kill -9 ${p#/proc/};; esac; done')


def beyond_view_ms(node):
    """From the view without it until the guest was let go on, by n1's log: the
    guest's own clock stands still with it."""
    found = re.findall(r" (\d+):(\d+):([\d.]+) notice hamd: (MEMBERSHIP: "
                       r"members: .*|GUEST_FREED|REPLICA_OUTDATED)",
                       hamd_log())
    at = [3600 * int(h) + 60 * int(m) + float(s) for h, m, s, _ in found]
    views = [k for k, f in enumerate(found)
             if "members:" in f[3] and node not in f[3]]
    if not views or views[-1] + 1 == len(at):
        return None
    last = max(k for k in range(views[-1] + 1, len(at))
               if "members:" not in found[k][3])
    return (at[last] - at[views[-1]]) * 1000


def bench(opt):
    times = {"nothing": [], "daemon killed": [], "node power cut": []}
    over = []   # what is more than the view change
    boot("web2")
    for _ in range(opt.rounds):
        node = whole("web2")
        times["nothing"].append(longest_write_ms("web2", lambda: None))
        times["daemon killed"].append(
            longest_write_ms("web2", lambda: kill_daemons(node)))
        node = whole("web2")
        times["node power cut"].append(
            longest_write_ms("web2", lambda: run(LAB, "off", node)))
        beyond = beyond_view_ms(node)
        if beyond is not None:
            over.append(beyond)
        run(LAB, "on", node)
        until("all three are members", lambda: len(
            asked("n1", "status")["quorum"]["members"]) == 3)
    whole("web2")
    hamctl("n1", "guest", "stop", "web2")
    for name, got in times.items():
        goal = 300 if name == "daemon killed" else None
        tell(f"longest write: {name}", statistics.median(got), "ms",
             goal and f"<= {goal}", max(got) <= goal if goal else None,
             all=[round(x, 1) for x in got])
    tell("held beyond the view change: node power cut",
         statistics.median(over), "ms", "<= 200", max(over) <= 200,
         all=[round(x, 1) for x in over])
