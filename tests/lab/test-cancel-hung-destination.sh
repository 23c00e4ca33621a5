#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-cancel-hung-destination.sh - a destination's storage daemon
# hangs while the guest still boots and resets its disk: called off, the guest
# goes on where it was, in the same QEMU
. "$(dirname "$(readlink -f "$0")")/testlib.sh"
in_lab small 30M

ctl n1 guest start web1 --node n1
begin n2
until_true "data flows" copying
pid=$(pid_of n2 qemu-storage-daemon) || fail "no storage daemon on n2"
qemu=$(pid_of n1 qemu-system-x86_64)
on n2 kill -STOP "$pid"
until_true "a write waits" copying
expect_rc 0 ctl n3 guest cancel web1
ended 6
runs_on n1
[ "$(pid_of n1 qemu-system-x86_64)" = "$qemu" ] || fail "its QEMU was ended"
until_true "it works" grep -q '^GUEST UP' "$(console n1)"
writes_on n1
until_clean leftovers --idle n2
finish n1
echo "PASS: called off while the destination hung"
