#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-replica-cut.sh - a copy is cut while it is made and the guest
# writes where nothing has been copied yet: the guest goes on, and the next copy
# begins where that one ended
. "$(dirname "$(readlink -f "$0")")/testlib.sh"

conf() {
	small 10M replicas=1 | sed 's/ring=16/ring=80/; s/wr=2/wr=8/'
}
in_lab conf

filling() {
	"$lab" logs n1 hamd | grep -c 'making a copy'
}

more_fills() {
	[ "$(filling)" -gt "$1" ]
}

# cut_by HOW: what is done to the daemon of n2 in the middle of a copy
cut_by() {
	local pid before fills
	pid=$(pid_of n2 qemu-storage-daemon)
	before=$(acks n1)
	until_true "it writes while it is copied" more_acks $((before + 200)) n1
	fills=$(filling)
	on n2 kill "-$1" "$pid"
	before=$(acks n1)
	until_true "the guest goes on" more_acks $((before + 5000)) n1
	on n2 kill -KILL "$pid" 2>/dev/null || :
	until_true "another copy is begun" more_fills "$fills"
	ok "cut by $1"
}

boot_on n1
until_true "a copy is being made" more_fills 0
cut_by KILL
cut_by STOP
until_true "a copy is current" guest_has n1 web1 '"node":"n[23]","state":"current"'
! "$lab" logs n1 hamd | grep 'making a copy' | tail -n +2 |
	grep -v 'of what has changed since' ||
	fail "each copy began anew: $("$lab" logs n1 hamd | grep 'making a copy')"
at=$(ctl n1 --json guest show web1 | grep -o '"node":"n[23]","state":"current"' |
	grep -o 'n[23]')
writes_on n1
ctl n1 guest stop web1
records n1 web1
"$audit" disk "$(image n1)" "$(image "$at")"
nothing_left
echo "PASS: a copy that is cut holds up nobody, and does not start over"
