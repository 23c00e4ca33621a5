#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-cancel.sh - a migration is called off in PREPARE and COPY;
# later that is refused with the phase, and the migration ends normally
. "$(dirname "$(readlink -f "$0")")/testlib.sh"
in_lab small 16M

# cancel PHASE: works, and leaves n1 as it was and n2 clean
cancel() {
	local began
	began=$(date +%s%N)
	expect_rc 0 ctl n3 guest cancel web1
	echo "cancelled in $1 after $((($(date +%s%N) - began) / 1000000)) ms"
	ended 6
	said_has 'cancel'
	runs_on n1
	writes_on n1
	until_clean leftovers --idle n2
	ok "in $1: $said"
}

# refused PHASE
refused() {
	expect_rc 1 ctl n3 guest cancel web1
	said_has "phase $1"
	ok "in $1: $said"
}

boot_on n1
expect_rc 1 ctl n1 guest cancel web1
said_has 'not being migrated'

# before anything lets it go on: it is still held when cancel returns
hold n2 prepare
begin n2
until_true "held in PREPARE" held n2
cancel PREPARE
[ ! -e "$(root n2)/run/hamd/continue" ] || fail "it was let go"

# the copy takes some 6 s: cancel must not wait for its end
hold n2 none
begin n2
until_true "data flows" copying
cancel COPY
! event_has n1 '"phase":"cutover"' || fail "cancelled after COPY"

hold n1 cutover
begin n2
until_true "held in CUTOVER" held n1
refused cutover
let_go n1
ended 0
runs_on n2
writes_on n2

hold n1 handover
begin n1
until_true "held in HANDOVER" held n1
refused handover
let_go n1
ended 0
finish n1
echo "PASS: cancel works before CUTOVER and is refused after it"
