#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-bridge-missing.sh - a bridge that the cluster file names but
# does not describe must exist: refused before anything is built
. "$(dirname "$(readlink -f "$0")")/testlib.sh"

conf() {
	small 800M | sed 's/^bridge = .*/bridge = lan0/'
}
in_lab conf

expect_rc 1 ctl n1 guest start web1 --node n1
said_has "lan0"
"$audit" guests --expect web1=none
nothing_left
ok "not started without it: $said"

for node in n1 n3; do
	on "$node" ip link add lan0 type bridge
	on "$node" ip link set lan0 up
done
boot_on n1
begin n2
ended 6
said_has "lan0"
runs_on n1
writes_on n1
until_clean leftovers --idle n2
ok "not moved where it is missing: $said"
ctl n1 guest migrate web1 n3
on n3 ip link show lan0 >/dev/null || fail "n3's bridge is gone"
finish n3
on n1 ip link show lan0 >/dev/null || fail "n1's bridge is gone"
echo "PASS: missing bridge"
