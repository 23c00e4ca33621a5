#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-storage-daemon-dies-in-prepare.sh - the destination's storage
# daemon ends after it was ready: the destination refuses and says why
. "$(dirname "$(readlink -f "$0")")/testlib.sh"
in_lab small 20M

boot_on n1
hold n2 prepare
begin n2
until_true "held in PREPARE" held n2
slay n2 qemu-storage-daemon
let_go n2
ended 6
said_has 'n2: the storage daemon ended'
runs_on n1
writes_on n1
until_clean leftovers --idle n2
ok "$said"
finish n1
echo "PASS: storage daemon ended in PREPARE"
