#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-migrate-back-and-forth.sh - five times there and back under
# writes to memory and disk, as a replica that stays and with full copies
. "$(dirname "$(readlink -f "$0")")/testlib.sh"

# web1 keeps the disk it left as a replica, web2 none
conf() {
	guests=2 small | sed '/^\[guest web1\]/a replicas = 1'
}
in_lab conf

# there_and_back GUEST TIMES
there_and_back() {
	local guest=$1 round to
	for ((round = 1; round <= $2; round++)); do
		for to in n2 n1; do
			ctl n3 guest migrate "$guest" "$to" | tail -n 1
			writes_on "$to" "$guest"
			"$audit" guests --expect "$guest=$to"
		done
	done
	runs_on n1 "$guest"
}

boot_on n1
there_and_back web1 5
guest_has n3 web1 '"node":"n2","state":"current"' ||
	fail "n2 is no current replica: $(ctl n3 guest show web1)"
ctl n1 guest stop web1
records n1 web1
"$audit" disk "$(image n1)" "$(image n2)"
nothing_left
ok "five times there and back, the replica is the same"

"$lab" disk n1 web2-root.raw 96M
boot_on n1 web2
there_and_back web2 1
guest_has n3 web2 '"node":"n2","state":"outdated"' ||
	fail "n2 still counts as a replica: $(ctl n3 guest show web2)"
# while it runs nothing of it is left where it came from
"$audit" leftovers --idle n2 --idle n3
finish n1 web2
echo "PASS: back and forth"
