# SPDX-License-Identifier: BSD-3-Clause
"""How fast copies are compared, and what that costs a guest that writes.

Refuses a figure of a comparison that found a difference or did not end, or
beside which a copy was given up or the guest was held.
"""
import contextlib
import json
import os
import re
import shutil
import statistics
import time

from benchlib import (ADDRESS, LAB, MIB, BenchError, asked, cluster_file,
                      hamctl, image_of, last_event, path, run, tell, text_of,
                      timed_events, until)
from replica_figures import LOOK_S, Watch, beside
from replica_guests import COPY_LIMIT_S, boot, current, none_of, whole

INTERVAL_LIMIT_S = 180      # verify_interval = 1m, and the machine may be slow


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
        with open(cluster_file(node), "w", encoding="utf-8") as f:
            f.write(text)
    for node in ADDRESS:
        run(LAB, "hamd", node, "restart")
    until("all three are members with that file",
          lambda: all(n["member"] and n["config_matches"]
                      for n in asked("n1", "status")["nodes"]))


@contextlib.contextmanager
def cluster_with(key, value):
    """That line in the cluster file; no guest may run before and after."""
    old = text_of(cluster_file())
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
    # both nodes of a lab have one disk, and read it at the same time
    tell("the same / fio reading both images at once", rate / min(sha, both),
         "ratio", ">= 0.8", rate >= 0.8 * min(sha, both))


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


def bench(opt):
    verify_beside_writes()
    verify_idle(opt)
    verify_cost(opt)
