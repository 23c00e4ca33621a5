# SPDX-License-Identifier: BSD-3-Clause
"""What the benches share: the lab and its commands, waiting, figures.

The lab is the one that $HAMLAB names; the nodes are n1 to n3.  Whatever could
not be done, or is not there in time, is a BenchError: a bench refuses to print
a figure of what went wrong.
"""
import contextlib
import functools
import json
import os
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
LAB = os.environ.get("HAMLAB_TOOL") or f"{HERE}/../lab/hamlab"
NODES = ("n1", "n2", "n3")
ADDRESS = {"n1": "10.77.0.1", "n2": "10.77.0.2", "n3": "10.77.0.3"}
MIB = 1 << 20
DEADLINE_S = 90


class BenchError(Exception):
    pass


def run(*cmd):
    done = subprocess.run(cmd, capture_output=True, text=True)
    if done.returncode:
        raise BenchError(f"{' '.join(cmd)}: exit {done.returncode}: "
                         f"{(done.stderr or done.stdout).strip()}")
    return done.stdout


def sh(node, *cmd):
    return run(LAB, "sh", node, *cmd)


def hamctl(node, *words):
    return sh(node, "hamctl", *words)


def asked(node, *words):
    """What hamctl answers there."""
    return json.loads(hamctl(node, "--json", *words))


def show(guest, node="n1"):
    return asked(node, "guest", "show", guest)["guest"]


def all_well(node):
    """It sees all three, and all that can prove a death."""
    words = str(asked(node, "status"))
    return "['n1', 'n2', 'n3']" in words and "proves nothing" not in words


@contextlib.contextmanager
def power(proof):
    """Who switches, or bites, from outside of all nodes."""
    what = {"switch": "switch", "watchdog": "watchdog"}.get(proof)
    if not what:
        yield
        return
    with subprocess.Popen([LAB, what], stdout=subprocess.PIPE,
                          text=True) as child:
        try:
            child.stdout.readline()  # ready
            yield
        finally:
            child.kill()


def hamd_log():
    return run(LAB, "logs", "n1", "hamd")


def until(what, ask, limit_s=DEADLINE_S, every_s=0.05):
    end = time.monotonic() + limit_s
    while not (got := ask()):
        if time.monotonic() > end:
            raise BenchError(f"not within {limit_s} s: {what}")
        time.sleep(every_s)
    return got


@functools.cache
def home(node):
    return run(LAB, "path", node).strip()


def path(node, *more):
    return os.path.join(home(node), *more)


def text_of(name):
    try:
        with open(name, encoding="utf-8", errors="replace") as f:
            return f.read()
    except FileNotFoundError:
        return ""


def image_of(guest, node="n1"):
    return path(node, "images", f"{guest}-root.raw")


def pid_on(node, program):
    """As the machine counts them."""
    first = text_of(path(node, "pid")).split()[0]
    ns = os.readlink(f"/proc/{first}/ns/pid")
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink(f"/proc/{pid}/ns/pid") == ns and \
                    os.readlink(f"/proc/{pid}/exe").endswith("/" + program):
                return int(pid)
        except OSError:
            continue
    raise BenchError(f"no {program} on {node}")


def token_ms(node="n1", *more):
    """The token that corosync there goes by, and what else is asked for."""
    return sum(int(sh(node, "corosync-cmapctl", "-g",
                      f"runtime.config.totem.{key}").split()[-1])
               for key in ("token", *more))


def console_of(guest, node="n1"):
    return path(node, "log", "hamd", f"{guest}.console")


def cluster_file(node="n1"):
    return path(node, "etc", "hamd", "cluster.conf")


def last_event():
    found = asked("n1", "events")["events"]
    return found[-1]["data"]["seq"] if found else 0


def timed_events(kind, guest, since):
    """(when, data) of each."""
    found = asked("n1", "events", "--since", str(since))["events"]
    return [(e["timestamp"]["seconds"] + e["timestamp"]["microseconds"] / 1e6,
             e["data"]) for e in found
            if e["event"] == kind and e["data"].get("guest") == guest]


def events(kind, guest, since):
    return [data for _, data in timed_events(kind, guest, since)]


def tell(name, value, unit, goal=None, ok=None, **more):
    line = {"figure": name, "value": round(value, 3), "unit": unit}
    if goal is not None:
        line |= {"goal": goal, "met": ok}
    print(json.dumps(line | more), flush=True)
