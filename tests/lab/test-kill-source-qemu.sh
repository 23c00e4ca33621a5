#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-kill-source-qemu.sh - the source's QEMU is killed with the whole
# state at the destination, whose QEMU is killed as well: the guest starts from
# its disk at the source, and loses no acknowledged write
. "$(dirname "$(readlink -f "$0")")/testlib.sh"
in_lab small 40M

noticed() {
	"$lab" logs "$1" hamd | grep -q 'web1: QEMU was ended by signal 9'
}

boot_on n1
hold n2 handover
begin n2
until_true "held in HANDOVER" held n2
slay n1 qemu-system-x86_64
until_true "n1 has noticed" noticed n1
slay n2 qemu-system-x86_64
until_true "n2 has noticed" noticed n2 # or it would let it run, once let go
let_go n2
ended 6
runs_on n1
writes_on n1
until_clean leftovers --idle n2
ok "in HANDOVER: $said"
finish n1 web1 --reboots 1
echo "PASS: both QEMUs killed in the hand-over"
