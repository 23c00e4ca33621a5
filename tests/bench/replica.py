#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What replicas cost a guest; replica.sh runs it in a lab of its own.

The variants take turns, so that each sees the machine's good and bad minutes;
figures are medians.  Under hamd and without it the same guest does the same
writes (bench= of tests/lab/guest).  It refuses to print a figure of a run that
failed.
"""
import argparse
import configparser
import contextlib
import functools
import importlib.machinery
import importlib.util
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
LAB = os.environ.get("HAMLAB_TOOL") or f"{HERE}/../lab/hamlab"
MIB = 1 << 20
DEADLINE_S = 90
PARTS = ("writes", "migration", "loss", "resync", "verify", "sparse")
# batch, bytes, us, then of one write: median, p99, longest, us
BENCH = re.compile(r"^bench (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)$", re.M)
ADDRESS = {"n1": "10.77.0.1", "n2": "10.77.0.2", "n3": "10.77.0.3"}
PHASES = 3      # pairs of figures taken of one boot; the first is warming up
LOOK_S = 0.2    # between two looks at a guest that is measured meanwhile
TELL_S = 0.05   # from the end of what the guest measures until it is told
FEWEST = 3      # figures of a kind that make a median
PAIRS_BEFORE = 5
COPY_LIMIT_S = 240
INTERVAL_LIMIT_S = 180      # verify_interval = 1m, and the machine may be slow


class BenchError(Exception):
    pass


def load_raw():
    path = f"{HERE}/raw_handover"
    loader = importlib.machinery.SourceFileLoader("raw_handover", path)
    spec = importlib.util.spec_from_loader("raw_handover", loader)
    module = importlib.util.module_from_spec(spec)
    sys.dont_write_bytecode = True
    loader.exec_module(module)
    return module


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


def show(guest):
    return json.loads(hamctl("n1", "--json", "guest", "show", guest))["guest"]


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


def make_image(guest):
    """What no part asked for is not made: it is written back meanwhile."""
    conf = configparser.ConfigParser(interpolation=None)
    conf.read(path("n1", "etc", "hamd", "cluster.conf"))
    run(LAB, "disk", "n1", f"{guest}-root.raw",
        conf[f"disk {guest}/root"]["size"])
    with open(image_of(guest), "rb") as f:
        os.fsync(f.fileno())


def boot(guest, node="n1"):
    if not os.path.exists(image_of(guest)):
        make_image(guest)
    hamctl("n1", "guest", "start", guest, "--node", node)


def current(guest):
    """Where its copies are current, beside the node that it runs on."""
    it = show(guest)
    return [r["node"] for r in it["replicas"]
            if r["state"] == "current" and r["node"] != it["owner"]]


def last_event():
    found = json.loads(hamctl("n1", "--json", "events"))["events"]
    return found[-1]["data"]["seq"] if found else 0


def timed_events(kind, guest, since):
    """(when, data) of each."""
    found = json.loads(hamctl("n1", "--json", "events", "--since",
                              str(since)))["events"]
    return [(e["timestamp"]["seconds"] + e["timestamp"]["microseconds"] / 1e6,
             e["data"]) for e in found
            if e["event"] == kind and e["data"].get("guest") == guest]


def events(kind, guest, since):
    return [data for _, data in timed_events(kind, guest, since)]


def none_of(guest, since, *kinds):
    for kind in kinds:
        if events(kind, guest, since):
            raise BenchError(f"{kind} while {guest} was measured")


def tell(name, value, unit, goal=None, ok=None, **more):
    line = {"figure": name, "value": round(value, 3), "unit": unit}
    if goal is not None:
        line |= {"goal": goal, "met": ok}
    print(json.dumps(line | more), flush=True)


# ---- writes ----------------------------------------------------------------

def medians(found):
    """(MB/s large, IOPS small, p99 us small)"""
    large = [int(b) / int(us) for batch, b, us, *_ in found if batch != "1"]
    small = [(int(b) / 4096 / int(us) * 1e6, int(p99))
             for batch, b, us, _, p99, _ in found if batch == "1"]
    return (statistics.median(large),
            statistics.median(x for x, _ in small),
            statistics.median(x for _, x in small))


def figures(read, from_byte):
    """Medians of the phases after the first."""
    def pairs():
        found = BENCH.findall(read()[from_byte:])
        return found if len(found) >= 2 * PHASES else None
    return medians(until("the guest tells figures", pairs)[2:2 * PHASES])


def under_hamd(guest, replicas):
    console = path("n1", "log", "hamd", f"{guest}.console")
    start = len(text_of(console))
    boot(guest)
    if replicas:
        until(f"{guest} has its copies",
              lambda: len(current(guest)) == replicas)
        start = len(text_of(console))
    since = last_event()
    got = figures(lambda: text_of(console), start)
    none_of(guest, since, "REPLICA_OUTDATED", "GUEST_HELD")
    hamctl("n1", "guest", "stop", guest)
    return got


class Raw:
    """The same guest by QEMU alone: no hamd, no network card."""
    def __init__(self):
        self.raw = load_raw()
        self.image = "/var/lib/hamd/images/raw-bench.raw"
        self.console = "/var/log/hamd/raw-bench.console"

    def __enter__(self):
        opt = argparse.Namespace(
            node_cmd=f"{LAB} sh", nodes="n1,n2,n3",
            addresses=",".join(ADDRESS.values()), dir="/var/lib/hamd/images")
        self.bench = self.raw.Bench(opt)
        self.bench.image = self.image
        for node in ("n1", "n2"):
            sh(node, "sh", "-c", f"rm -f {self.image}; fallocate -l 128M "
               f"{self.image}; : >{self.console}")
        return self

    def __exit__(self, *_):
        self.bench.end(*list(self.bench.processes))
        for node in ("n1", "n2"):
            sh(node, "rm", "-f", self.image)

    def file(self):
        return {"driver": "file", "node-name": "d0-f", "filename": self.image,
                "cache": {"direct": True}, "aio": "threads"}

    def plain(self):
        return [self.file(), {"driver": "raw", "node-name": "d0-top",
                              "file": "d0-f"}]

    def nbd(self, node_name):
        return {"driver": "nbd", "node-name": node_name, "export": "d0",
                "server": {"type": "inet", "host": ADDRESS["n2"],
                           "port": self.raw.NBD_PORT}}

    def stack(self, replica):
        size = 128 * MIB
        nodes = [self.file(), {"driver": "raw", "node-name": "d0-r",
                               "file": "d0-f", "size": size}]
        for k in range(3):
            nodes.append(self.nbd("d0-s0") if replica and k == 0 else
                         {"driver": "blkdebug", "node-name": f"d0-s{k}",
                          "image": {"driver": "null-co", "size": size,
                                    "read-zeroes": True},
                          "inject-error": [{"event": "none",
                                            "iotype": "read",
                                            "immediately": True}]})
        return nodes + [
            {"driver": "quorum", "node-name": "d0-q", "vote-threshold": 4,
             "children": ["d0-r", "d0-s0", "d0-s1", "d0-s2"],
             "read-pattern": "fifo"},
            {"driver": "raw", "node-name": "d0-top", "file": "d0-q"}]

    def run(self, nodes, mirror=False, replica=False):
        server = None
        if mirror or replica:
            server = self.bench.daemon(1)
            self.bench.export(server)
        blockdevs = [x for n in nodes for x in ("-blockdev", json.dumps(n))]
        console = path("n1", "log", "hamd", "raw-bench.console")
        start = len(text_of(console))
        qemu = self.raw.Qmp(
            self.bench, 0, "qemu-system-x86_64", "-nodefaults", "-machine",
            "pc-q35-10.0,accel=tcg", "-cpu", "qemu64", "-m", "256",
            "-display", "none", "-kernel", "/var/lib/hamd/boot/vmlinuz",
            "-initrd", "/var/lib/hamd/boot/guest.cpio.gz", "-append",
            "console=ttyS0 quiet bench=3 ring=64", "-chardev",
            f"file,id=s,path={self.console},append=on", "-serial",
            "chardev:s", "-chardev", "socket,id=c,fd=0", "-mon",
            "chardev=c,mode=control", *blockdevs, "-device",
            "virtio-blk-pci,drive=d0-top,id=d0,werror=stop,rerror=stop,"
            "addr=0x10", "-S")
        if mirror:
            qemu.do("blockdev-add", **{k.replace("-", "_"): v for k, v in
                                       self.nbd("t0").items()})
            qemu.do("blockdev-mirror", job_id="m", device="d0-top",
                    target="t0", sync="full", copy_mode="write-blocking",
                    on_target_error="report")
        qemu.do("cont")
        if mirror:
            qemu.wait("BLOCK_JOB_READY")
            start = len(text_of(console))
        got = figures(lambda: text_of(console), start)
        self.bench.end(qemu)
        if server:
            self.bench.end(server)
        return got


def bench_writes(opt):
    got = {}
    with Raw() as raw:
        variants = {
            "plain file": lambda: raw.run(raw.plain()),
            "stack, nulls, no hamd": lambda: raw.run(raw.stack(False)),
            "stack, 1 replica, no hamd":
                lambda: raw.run(raw.stack(True), replica=True),
            "write-blocking mirror, no hamd":
                lambda: raw.run(raw.plain(), mirror=True),
            "hamd, no replica": lambda: under_hamd("web1", 0),
            "hamd, 1 replica": lambda: under_hamd("web2", 1),
            "hamd, 2 replicas": lambda: under_hamd("web3", 2),
        }
        for _ in range(opt.rounds):
            for name, once in variants.items():
                got.setdefault(name, []).append(once())
    median = {name: [statistics.median(x[i] for x in runs) for i in range(3)]
              for name, runs in got.items()}
    for name, (large, small, p99) in median.items():
        tell(f"writes: {name}", large, "MB/s", iops_4k=round(small),
             p99_4k_us=round(p99), runs=len(got[name]))

    def ratio(name, a, b, goal):
        for i, what in ((0, "1 MiB"), (1, "4 KiB")):
            r = median[a][i] / median[b][i]
            tell(f"{name}, {what}", r, "ratio", f">= {goal}", r >= goal)
    ratio("one replica / same stack without hamd", "hamd, 1 replica",
          "stack, 1 replica, no hamd", 0.95)
    ratio("one replica / write-blocking mirror", "hamd, 1 replica",
          "write-blocking mirror, no hamd", 1.0)
    ratio("nulls only / plain file", "hamd, no replica", "plain file", 0.95)


# ---- while something goes on ------------------------------------------------

class Watch:
    """A guest's figures as they come, each with the span that it is of."""
    def __init__(self, node, guest):
        self.console = path(node, "log", "hamd", f"{guest}.console")
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
    def of(runs):
        return [statistics.median(x[i] for x in runs) for i in range(3)]
    for when, runs in (("just before", before), ("meanwhile", while_)):
        large, small, p99 = of(runs)
        tell(f"{name}: writes {when}", large, "MB/s", iops_4k=round(small),
             p99_4k_us=round(p99), figures=sum(x[3] for x in runs),
             runs=len(runs))
    for i, what, goal in ((0, "1 MiB", least), (1, "4 KiB", least),
                          (2, "p99 of 4 KiB", None)):
        r = of(while_)[i] / of(before)[i]
        tell(f"{name}: meanwhile / before, {what}", r, "ratio",
             goal and f">= {goal}", goal and r >= goal)


# ---- a migration with its disk ---------------------------------------------

def phase_at(guest, since):
    """When each phase of its one migration began."""
    found = timed_events("MIGRATION_PHASE", guest, since)
    at = {data["phase"]: when for when, data in found}
    if len(at) != len(found) or not {"copy", "cutover"} <= at.keys():
        raise BenchError(f"not one migration of {guest}: {found}")
    return at


def migrate(guest, to, watch):
    """Of its writes while disk and memory are copied."""
    since = last_event()
    with subprocess.Popen(
            [LAB, "sh", "n3", "hamctl", "guest", "migrate", guest, to],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            text=True) as order:
        try:
            until(f"{guest} is on {to}", lambda: watch.look() and
                  order.poll() is not None, COPY_LIMIT_S, LOOK_S)
        finally:
            order.kill()
        if order.returncode or show(guest)["owner"] != to:
            raise BenchError(f"{guest} is not on {to}: {order.stderr.read()}")
    at = phase_at(guest, since)
    return watch.within(at["copy"], at["cutover"])


def migrated(guest, src, dst):
    """(just before, meanwhile)"""
    boot(guest, src)
    watch = Watch(src, guest)
    until("the guest tells figures",
          lambda: watch.look() >= 2 * PAIRS_BEFORE, every_s=LOOK_S)
    # but for the first two: it is warming up
    before = watch.within(watch.spans[2][0], time.time())
    got = before, migrate(guest, dst, watch)
    hamctl("n1", "guest", "stop", guest)
    return got


def bench_migration(opt):
    guests = {"web6": "a copy at 64 MiB/s", "web10": "a copy at full speed"}
    got = {guest: [] for guest in guests}
    for k in range(opt.rounds):
        for guest, runs in got.items():
            runs.append(migrated(guest, *(("n1", "n2") if k % 2 == 0 else
                                          ("n2", "n1"))))
    for guest, runs in got.items():
        beside(f"migration, {guests[guest]}", *zip(*runs))


# ---- losing one ------------------------------------------------------------

def whole(guest, copies=1):
    return until(f"{guest} has its copy",
                 lambda: len(current(guest)) == copies and current(guest))[0]


def lines_of(guest, start):
    return BENCH.findall(text_of(path("n1", "log", "hamd",
                                      f"{guest}.console"))[start:])


def longest_write_ms(guest, fault):
    """Of the guest, by its own clock, while and after that is done to it."""
    console = path("n1", "log", "hamd", f"{guest}.console")
    start = len(text_of(console))
    until(f"{guest} writes", lambda: lines_of(guest, start))
    start = len(text_of(console))
    fault()
    # the phase it is in, and a whole one of each kind behind it
    found = until(f"{guest} goes on",
                  lambda: (lines_of(guest, start) if
                           len(lines_of(guest, start)) > 2 else None))
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


def bench_loss(opt):
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
        until("all three are members", lambda: len(json.loads(hamctl(
            "n1", "--json", "status"))["quorum"]["members"]) == 3)
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


# ---- resync ----------------------------------------------------------------

def hamd_log():
    return run(LAB, "logs", "n1", "hamd")


def last_fill(guest):
    found = re.findall(rf"{guest}: the copy at \S+ is equal, after (\d+) ms "
                       r"and (\d+) bytes", hamd_log())
    return [tuple(map(int, x)) for x in found]


def resync_one_percent():
    boot("web4")
    node = whole("web4")
    console = path("n1", "log", "hamd", "web4.console")

    def acked():
        return max(map(int, re.findall(r"^ack (\d+)", text_of(console),
                                       re.M)), default=0)
    until("web4 writes", acked)
    fills = len(last_fill("web4"))
    since = last_event()
    run(LAB, "cut", "n1", node, "--tcp")
    until("the copy is given up",
          lambda: events("REPLICA_OUTDATED", "web4", since))
    wanted = acked() + 20 * 256     # the ring once round: 20 MiB of 2 GiB
    until("the whole ring is written anew", lambda: acked() >= wanted)
    run(LAB, "heal")
    whole("web4")
    took_ms, moved = until("it is equal again",
                           lambda: last_fill("web4")[fills:] or None)[-1]
    share = moved / (2048 * MIB)
    tell("resync of 1 % of 2 GiB moves", share * 100, "% of the disk",
         "<= 1.1", share <= 0.011, bytes=moved, ms=took_ms)


def scatters(guest):
    """How often it was about to write, how often it began, and how many blocks
    it had written at each end."""
    text = text_of(path("n1", "log", "hamd", f"{guest}.console"))
    return (text.count("scatter soon\n"), text.count("scatter now\n"),
            [int(x) for x in re.findall(r"^scatter done (\d+)$", text, re.M)])


def scattered(guest):
    """The bytes that a resync moves after random writes, by those written.

    The copy is lost before the guest writes and is there again before it is
    about to write anew, by its bitmap, or it is no figure.
    """
    node = whole(guest)
    said = len(last_fill(guest))
    soon, _, _ = scatters(guest)
    until("it is about to write", lambda: scatters(guest)[0] > soon)
    since = last_event()
    run(LAB, "cut", "n1", node, "--tcp")
    _, begun, ends = scatters(guest)
    if begun > soon:
        raise BenchError("the guest wrote before its copy was lost")
    until("the copy is given up",
          lambda: events("REPLICA_OUTDATED", guest, since))
    until("it has written", lambda: len(scatters(guest)[2]) > len(ends))
    run(LAB, "heal")
    if whole(guest) != node:
        raise BenchError(f"another copy than {node}'s was made")
    _, moved = until("it is equal again",
                     lambda: last_fill(guest)[said:] or None)[-1]
    after = scatters(guest)
    if after[:2] != (soon + 1, soon + 1):
        raise BenchError("the guest wrote on while its copy was made")
    return moved / (4096 * (after[2][-1] - (ends or [0])[-1]))


def resync_scattered(opt):
    boot("web9")
    got = [scattered("web9") for _ in range(opt.rounds)]
    hamctl("n1", "guest", "stop", "web9")
    factor = statistics.median(got)
    tell("resync of random 4 KiB writes moves", factor, "times their bytes",
         "<= 16", max(got) <= 16, all=[round(x, 2) for x in got])


def bench_resync(opt):
    resync_one_percent()
    resync_scattered(opt)


# ---- comparing -------------------------------------------------------------

def sha256_rate():
    speed = run("openssl", "speed", "-bytes", "65536", "-seconds", "2",
                "-mr", "-evp", "sha256")
    return float(re.findall(r"^\+F:\d+:[^:]*:([\d.]+)", speed, re.M)[-1])


def read_rate(*images):
    """Of the slowest, all read at once."""
    jobs = [x for k, image in enumerate(images)
            for x in (f"--name=read{k}", f"--filename={image}")]
    said = run("fio", "--readonly", "--rw=read", "--bs=1M", "--direct=1",
               "--ioengine=psync", "--output-format=json", *jobs)
    return min(job["read"]["bw_bytes"] for job in json.loads(said)["jobs"])


def compare_rate(guest):
    size = os.stat(image_of(guest)).st_size
    begin = time.monotonic()
    hamctl("n3", "disk", "verify", guest)
    return size / (time.monotonic() - begin)


def verify_beside_writes():
    if not current("web4"):
        boot("web4")
        whole("web4")
    sha = sha256_rate()
    rate = compare_rate("web4")
    tell("copies compared", rate / 1e6, "MB/s of a disk",
         ">= 80 % of sha256 on one core, or of the budget",
         rate >= 0.8 * min(sha, 800e6), sha256=round(sha / 1e6))
    hamctl("n1", "guest", "stop", "web4")


def use_cluster_file(text):
    for node in ADDRESS:
        with open(path(node, "etc", "hamd", "cluster.conf"), "w",
                  encoding="utf-8") as f:
            f.write(text)
    for node in ADDRESS:
        run(LAB, "hamd", node, "restart")
    until("all three are members with that file",
          lambda: all(n["member"] and n["config_matches"] for n in json.loads(
              hamctl("n1", "--json", "status"))["nodes"]))


@contextlib.contextmanager
def cluster_with(key, value):
    """That line in the cluster file; no guest may run before and after."""
    old = text_of(path("n1", "etc", "hamd", "cluster.conf"))
    text = re.sub(rf"^{key} = .*\n", "", old, flags=re.M)
    use_cluster_file(text.replace("[cluster]\n",
                                  f"[cluster]\n{key} = {value}\n", 1))
    yield
    use_cluster_file(old)


def verify_idle(opt):
    """In a lab both images are on one disk, and it is read twice at once."""
    if not shutil.which("fio"):
        raise BenchError("fio is missing: run tests/setup.sh")
    # else the budget is what is measured
    with cluster_with("migration_bandwidth", "10G"):
        boot("web8")
        images = image_of("web8"), image_of("web8", whole("web8"))
        runs = [(compare_rate("web8"), sha256_rate(), read_rate(images[0]),
                 read_rate(*images)) for _ in range(opt.rounds)]
        hamctl("n1", "guest", "stop", "web8")
    rate, sha, read, both = (statistics.median(x) for x in zip(*runs))
    tell("copies compared, the guest idle", rate / 1e6, "MB/s of a disk",
         ">= 80 % of the lesser of sha256 on one core and fio's read",
         rate >= 0.8 * min(sha, read), sha256=round(sha / 1e6),
         fio=round(read / 1e6), fio_both_images=round(both / 1e6),
         runs=len(runs))


def start_of(pid):
    """By the clock that events have."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
        ticks = int(f.read().rpartition(")")[2].split()[19])
    ago = (time.clock_gettime(time.CLOCK_BOOTTIME) -
           ticks / os.sysconf("SC_CLK_TCK"))
    return time.time() - ago


def comparing(guest):
    """n1's process that compares a whole copy of it, if there is one: (pid,
    begin, bytes a second that it may read)."""
    init = text_of(path("n1", "pid")).split()[0]
    node = os.readlink(f"/proc/{init}/ns/pid")
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            args = text_of(f"/proc/{pid}/cmdline").split("\0")
            if "--digest-compare" in args and "settle" in args and \
               any(a.endswith(f"/{guest}-root.raw") for a in args) and \
               os.readlink(f"/proc/{pid}/ns/pid") == node:
                rate = args[args.index("--digest-compare") + 3]
                return int(pid), start_of(pid), int(rate)
        except (FileNotFoundError, ProcessLookupError):
            continue        # it ended
    return None


def compared_by_itself(guest, watch, since):
    """Waits for the next time; (begin, end, its limit)."""
    done = len(timed_events("DISK_VERIFIED", guest, since))
    pid, begin, rate = until(
        f"{guest} is compared by itself", lambda: watch.look() and
        comparing(guest), INTERVAL_LIMIT_S, LOOK_S)
    until(f"{guest} was compared", lambda: watch.look() and
          not os.path.exists(f"/proc/{pid}"), COPY_LIMIT_S, LOOK_S)
    ends = until("that is told", lambda: timed_events(
        "DISK_VERIFIED", guest, since)[done:])
    none_of(guest, since, "DISK_UNVERIFIED", "DISK_DIFFERS",
            "REPLICA_OUTDATED", "GUEST_HELD")
    return begin, ends[-1][0], rate


def cost_of_comparing(guest, rounds):
    """([just before], [meanwhile], bytes a second that were read)"""
    boot(guest)
    whole(guest)
    since = last_event()
    watch = Watch("n1", guest)
    until("the guest tells figures", lambda: watch.look() >= 2, every_s=LOOK_S)
    last, before, while_ = time.time(), [], []
    for _ in range(rounds):
        begin, end, rate = compared_by_itself(guest, watch, since)
        before.append(watch.within(last, begin))
        while_.append(watch.within(begin, end))
        last = end
    hamctl("n1", "guest", "stop", guest)
    return before, while_, rate


def verify_cost(opt):
    with cluster_with("verify_interval", "1m"):
        before, while_, rate = cost_of_comparing("web7", opt.rounds)
    beside(f"a comparison by itself, at {rate // MIB} MiB/s", before, while_,
           0.9)


def bench_verify(opt):
    verify_beside_writes()
    verify_idle(opt)
    verify_cost(opt)


# ---- sparse ----------------------------------------------------------------

def sent_bytes():
    return int(sh("n1", "sh", "-c",
                  "cat /sys/class/net/eth0/statistics/tx_bytes"))


def bench_sparse(_):
    with open(image_of("web5"), "wb") as f:
        os.chmod(f.fileno(), 0o600)
        f.truncate(10 << 30)
        for k in range(100):
            f.seek(k * (100 << 20))
            f.write(os.urandom(MIB))
    before = sent_bytes()
    boot("web5")
    node = whole("web5")
    sent = sent_bytes() - before
    copied = os.stat(image_of("web5", node)).st_blocks * 512
    tell("a sparse 10 GiB disk with 100 MiB sends", sent / MIB, "MiB",
         "<= 110", sent <= 110 * MIB, on_disk_mib=round(copied / MIB))
    hamctl("n1", "guest", "stop", "web5")


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--rounds", type=int, default=3)
    ap.add_argument("--only", choices=PARTS, action="append")
    ap.add_argument("--check", action="store_true", help=argparse.SUPPRESS)
    opt = ap.parse_args()
    if opt.rounds < 1:
        ap.error("--rounds must be at least 1")
    if opt.check:
        return 0
    try:
        for part in PARTS:
            if not opt.only or part in opt.only:
                globals()[f"bench_{part}"](opt)
    except BenchError as e:
        print(f"replica.py: {e}", *hamd_log().splitlines()[-15:],
              sep="\n", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
