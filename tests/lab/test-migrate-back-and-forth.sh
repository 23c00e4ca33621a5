#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-migrate-back-and-forth.sh - five times there and back under
# writes to memory and disk, as a replica that stays and with full copies
# long
. "$(dirname "$(readlink -f "$0")")/testlib.sh"

# web1 keeps the disk it left as a replica, web2 none
conf() {
	guests=2 small 800M | sed '/^\[guest web1\]/a replicas = 1'
}
in_lab conf

# tour GUEST NODE...
tour() {
	local guest=$1 to
	shift
	for to; do
		ctl n3 guest migrate "$guest" "$to" | tail -n 1
		writes_on "$to" "$guest"
		"$audit" guests --expect "$guest=$to"
	done
}

boot_on n1
tour web1 n2 n1 n2 n1 n2 n1 n2 n1 n2 n1
runs_on n1
guest_has n3 web1 '"node":"n2","state":"current"' ||
	fail "n2 is no current replica: $(ctl n3 guest show web1)"
ctl n1 guest stop web1
records n1 web1
"$audit" disk "$(image n1)" "$(image n2)"
nothing_left
ok "five times there and back, the replica is the same"

# by way of a third node: the one that was left, or the one that went on, is
# one too many after a second
current_beside_n2() {
	ctl n1 --json guest show web1 |
		grep -o '"node":"n[13]","state":"current"' | grep -o 'n[13]'
}

one_is_left() {
	[ "$(current_beside_n2 | wc -l)" = 1 ]
}
ctl n1 guest start web1
writes_on n1
tour web1 n3 n2
until_true "one copy is left" one_is_left
left=$(current_beside_n2)
ctl n1 guest stop web1
records n2 web1 --reboots 1
"$audit" disk "$(image n2)" "$(image "$left")"
nothing_left
ok "by way of a third node"

"$lab" disk n1 web2-root.raw 96M
boot_on n1 web2
tour web2 n2 n3
# given up a second after the guest has come, not with its coming
until_true "the copy on n2 is given up" guest_has n1 web2 \
	'"node":"n2","state":"outdated"'
# while it runs nothing of it is left where it came from
until_clean leftovers --idle n1 --idle n2
tour web2 n1
finish n1 web2
echo "PASS: back and forth"
