# SPDX-License-Identifier: BSD-3-Clause
"""The guests of replica.py: their images, boots and copies.

An image is made when its guest is first booted.  Refuses to go on without a
copy that is current, and with none_of() a figure beside which something was
told of the guest that would make it one of something else.
"""
import configparser
import os

from benchlib import (LAB, BenchError, cluster_file, events, hamctl, image_of,
                      run, show, until)

COPY_LIMIT_S = 240


def make_image(guest):
    """What no part asked for is not made: it is written back meanwhile."""
    conf = configparser.ConfigParser(interpolation=None)
    conf.read(cluster_file())
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


def whole(guest, copies=1):
    return until(f"{guest} has its copy",
                 lambda: len(current(guest)) == copies and current(guest))[0]


def none_of(guest, since, *kinds):
    for kind in kinds:
        if events(kind, guest, since):
            raise BenchError(f"{kind} while {guest} was measured")
