#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-kill-destination-qemu.sh - the destination's QEMU is killed in
# each phase: the guest runs on, on exactly one node, and loses nothing
# long
. "$(dirname "$(readlink -f "$0")")/testlib.sh"
in_lab small 40M

boot_on n1

# in PREPARE all has been built at n2, nothing has been told to n1 yet
hold n2 prepare
begin n2
until_true "held in PREPARE" held n2
slay n2 qemu-system-x86_64
ended 6
said_has 'n2'
runs_on n1
writes_on n1
until_clean leftovers --idle n2
let_go n2
ok "in PREPARE: $said"

begin n2
until_true "data flows" copying
slay n2 qemu-system-x86_64
ended 6
runs_on n1
writes_on n1
until_clean leftovers --idle n2
ok "in COPY: $said"

# CUTOVER is committed, the guest not yet stopped
hold n1 cutover
begin n2
until_true "held in CUTOVER" held n1
slay n2 qemu-system-x86_64
let_go n1
ended 6
runs_on n1
writes_on n1
until_clean leftovers --idle n2
ok "in CUTOVER: $said"

# the whole state is at n2, which is about to take it
hold n1 none
hold n2 handover
begin n2
until_true "held in HANDOVER" held n2
"$audit" guests --migrating web1
slay n2 qemu-system-x86_64
let_go n2
ended 6
runs_on n1
writes_on n1
until_clean leftovers --idle n2
ok "in HANDOVER: $said"

# and none of that is in the way of the next
hold n2 none
ctl n1 guest migrate web1 n2
finish n2
echo "PASS: destination's QEMU killed in each phase"
