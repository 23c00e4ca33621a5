#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-kill-storage-daemon.sh - the destination's storage daemon is
# killed while data flows: the guest runs on and the destination is clean
. "$(dirname "$(readlink -f "$0")")/testlib.sh"
in_lab small 20M

boot_on n1
begin n2
until_true "data flows" copying
slay n2 qemu-storage-daemon
ended 6
said_has 'n2|storage|disk|mirror|copy'
runs_on n1
writes_on n1
until_clean leftovers --idle n2
ok "$said"
finish n1
echo "PASS: storage daemon killed during COPY"
