#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-restart-qemu-ends.sh - a QEMU that a restarted hamd has found
# ends before it answers: hamd joins all the same, and the end is told
. "$(dirname "$(readlink -f "$0")")/testlib.sh"
in_lab small 800M

boot_on n1
pid=$(pid_of n1 qemu-system-x86_64)
"$lab" hamd n1 kill
# it says nothing, so that hamd is still asking when it ends
on n1 kill -STOP "$pid"
"$lab" hamd n1 start
on n1 kill -KILL "$pid"
cluster_whole
until_true "its end is told" guest_has n2 web1 '"state":"failed"'
ok "$(ctl n2 status | tail -n 1)"
"$audit" leftovers --idle n1

ctl n1 guest start web1
finish n1 web1 --reboots 1
echo "PASS: a QEMU ended while hamd looked for it"
