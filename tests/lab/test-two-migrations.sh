#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-two-migrations.sh - a second migration of a guest is refused
# with the name of the first, wherever it goes, and does not disturb it
. "$(dirname "$(readlink -f "$0")")/testlib.sh"
in_lab small 20M

boot_on n1
begin n2
until_true "data flows" copying
txn=$(ctl n3 --json guest show web1 |
	sed 's/.*"migration":{"txn":"\([0-9]*\)".*/\1/')
for node in n1 n2 n3; do
	expect_rc 1 ctl "$node" guest migrate web1 n3
	said_has "migration $txn" 'n1 -> n2' 'copy'
done
expect_rc 1 ctl n1 guest migrate web1 n2
said_has "migration $txn"
ok "$said"
# nor may it be stopped or started meanwhile
expect_rc 1 ctl n2 guest stop web1
said_has 'migrat'
expect_rc 1 ctl n2 guest start web1
said_has 'started already'
guest_has n3 web1 "\"migration\":{\"txn\":\"$txn\"" ||
	fail "the first is over: nothing was proven"
ended 0
ok "$said"
finish n2
echo "PASS: second migration refused"
