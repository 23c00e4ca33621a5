# SPDX-License-Identifier: BSD-3-Clause
"""libvirt as a contestant of converge.sh: virsh migrate, with its defaults.

The domain is made as alike to hamd's guest as libvirt lets it, of the same QEMU;
disks go by --copy-storage-all.  How long the guest stands still is told by QEMU's
own events, as everywhere here.  Refuses nothing of libvirt's: what it will not do
is its result.
"""
import os
import re
import subprocess
import threading

from benchlib import ADDRESS, HERE, LAB, BenchError, until
from converge_base import (HOSTS, IMAGE, Console, Late, empty_image,
                           image_home, log_name, only_image)

ROOT = "/var/cache/hamd/libvirt"
UUIDS = {"n1": "5a1c2d9e-0b1f-4c58-9a6e-000000000001",
         "n2": "5a1c2d9e-0b1f-4c58-9a6e-000000000002"}
DOMAIN = "load"
WHO = "libvirt"
CANCEL_S = 60
EVENT = re.compile(r"event (STOP|RESUME) at (\d+\.\d+) ")
XML = """<domain type='qemu'>
  <name>{domain}</name>
  <memory unit='MiB'>256</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='pc-q35-10.0'>hvm</type>
    <kernel>/var/lib/hamd/boot/vmlinuz</kernel>
    <initrd>/var/lib/hamd/boot/load.cpio.gz</initrd>
    <cmdline>{append}</cmdline>
  </os>
  <features><acpi/></features>
  <cpu mode='custom' match='minimum' check='none'><model>qemu64</model></cpu>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='raw' cache='none' io='threads'/>
      <source file='/var/lib/hamd/images/{image}'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <interface type='bridge'>
      <mac address='52:54:00:00:00:c9'/>
      <source bridge='br0'/>
      <model type='virtio'/>
    </interface>
    <serial type='file'>
      <source path='/var/log/converge-{who}.console' append='on'/>
    </serial>
    <controller type='usb' model='none'/>
    <memballoon model='none'/>
  </devices>
</domain>
"""


def why_not():
    """What keeps it from being measured here, "" if nothing."""
    if os.access(f"{ROOT}/usr/sbin/libvirtd", os.X_OK):
        return ""
    return f"no libvirt in {ROOT}: converge.sh --setup"


def virsh_command(node):
    libs = next(f"{ROOT}/usr/lib/{name}" for name in
                os.listdir(f"{ROOT}/usr/lib") if name.endswith("-linux-gnu"))
    return [LAB, "sh", node, "env", f"LD_LIBRARY_PATH={libs}",
            f"{ROOT}/usr/bin/virsh", "-c", "qemu:///system"]


def virsh(node, *words, **options):
    return subprocess.run([*virsh_command(node), *words], text=True,
                          capture_output=True, check=False, **options)


class Events:
    """QEMU's, with its own times, as libvirt hands them on."""
    def __init__(self, node):
        self.seen = []
        self.proc = subprocess.Popen(
            # a pipe would keep the last lines to itself
            [LAB, "sh", node, "stdbuf", "-oL", *virsh_command(node)[3:],
             "qemu-monitor-event", "--loop"],
            stdout=subprocess.PIPE, text=True)
        threading.Thread(target=self.collect, daemon=True).start()

    def collect(self):
        for line in self.proc.stdout:
            if m := EVENT.match(line):
                self.seen.append((m[1], float(m[2])))

    def last(self, kind):
        return max((t for k, t in self.seen if k == kind), default=0)


class Libvirt:
    name = "libvirt"

    def __init__(self):
        self.at = HOSTS[0]
        self.daemons = [subprocess.Popen(
            [LAB, "sh", node, f"{HERE}/libvirt_node.sh", ROOT, UUIDS[node]],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for node in HOSTS]
        for node in HOSTS:
            until(f"libvirtd answers on {node}",
                  lambda node=node: virsh(node, "version").returncode == 0)
        self.events = {node: Events(node) for node in HOSTS}

    def runs_on(self, _):
        return True

    def boot(self, append, _):
        self.at = image_home()
        console = Console([log_name(node, WHO) for node in HOSTS])
        done = virsh(self.at, "create", "/dev/stdin", input=XML.format(
            domain=DOMAIN, append=append, image=IMAGE, who=WHO))
        if done.returncode:
            raise BenchError(f"libvirt starts no domain: {done.stderr}")
        return console

    def ready(self, node):
        empty_image(node)

    def stop(self, console):
        virsh(self.at, "shutdown", DOMAIN, "--mode", "acpi")
        console.verified(self.name)
        until("libvirt's domain is off",
              lambda: virsh(self.at, "domstate", DOMAIN).returncode)
        only_image(self.at)

    def abandon(self):
        for node in HOSTS:
            virsh(node, "destroy", DOMAIN)
        only_image(self.at)

    def migrate(self, src, dst, limit_s, out):
        address = ADDRESS[dst]
        stopped = self.events[src].last("STOP")
        ran = self.events[dst].last("RESUME")
        with subprocess.Popen(
                [*virsh_command(src), "migrate", "--live",
                 "--copy-storage-all", DOMAIN, f"qemu+tcp://{address}/system",
                 "--migrateuri", f"tcp://{address}"],
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                text=True) as order:
            try:
                order.wait(limit_s)
            except subprocess.TimeoutExpired:
                virsh(src, "domjobabort", DOMAIN)
                try:
                    order.wait(CANCEL_S)
                except subprocess.TimeoutExpired:
                    order.kill()
                    raise BenchError("libvirt: no abort ends its migration")
                if order.returncode:
                    raise Late(order.stderr.read().strip())
            if order.returncode:
                raise BenchError(f"libvirt: {order.stderr.read().strip()}")
        until("libvirt has told when the guest stood still",
              lambda: self.events[src].last("STOP") > stopped and
              self.events[dst].last("RESUME") > ran, 10)
        out.stopped_ms = 1000 * (self.events[dst].last("RESUME") -
                                 self.events[src].last("STOP"))

    def version(self):
        return virsh(HOSTS[0], "--version").stdout.strip()

    def end(self):
        for events in self.events.values():
            events.proc.terminate()
        for daemon in self.daemons:
            daemon.terminate()
