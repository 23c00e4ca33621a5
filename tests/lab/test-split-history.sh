#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-split-history.sh - the cluster's state is lost, and the guest is
# to be started where its images are old: hamd asks; and the newer ones on another
# node are neither copied over nor migrated to before an operator has accepted it
. "$(dirname "$(readlink -f "$0")")/testlib.sh"
in_lab small 800M replicas=1

# A state that was lost on all nodes: what set the cluster up anew does.
state_is_lost() {
	local node
	for node in n1 n2 n3; do
		"$lab" hamd "$node" kill
		on "$node" sh -c 'rm /var/lib/hamd/state.db*'
	done
	for node in n1 n2 n3; do
		"$lab" hamd "$node" start
	done
	cluster_whole
}

content() {
	sha256sum <"$(image "$1")"
}

refused_copy_on() {
	event_has n1 "\"REPLICA_OUTDATED\".*copy on $1 is given up.*another history"
}

boot_on n1
until_true "there is a copy" guest_has n1 web1 '"state":"current"'
ctl n3 guest migrate web1 n2
runs_on n2
until_true "n1 has the copy" guest_has n3 web1 '"node":"n1","state":"current"'
"$lab" off n1
writes_on n2
until_true "n1 is left behind" guest_has n3 web1 \
	'"node":"n1","state":"outdated"'
writes_on n2
ctl n2 guest stop web1
"$lab" on n1
cluster_whole
newest=$(content n2)
state_is_lost

expect_rc 1 ctl n1 guest start web1 --node n1
said_has 'another history' 'hamctl disk accept web1'
ok "$said"
[ "$(content n2)" = "$newest" ] || fail "n2's image was written"
"$audit" guests --expect web1=none

# nothing binds it to n1 now; but the operator errs, and accepts the old one
guest_has n1 web1 '"replicas":\[\]' || fail "n1 counts: $(ctl n1 guest show web1)"
expect_rc 5 ctl n1 disk accept web9
ctl n1 disk accept web1
boot_on n1
expect_rc 1 ctl n1 disk accept web1
said_has 'in use'
expect_rc 6 ctl n3 guest migrate web1 n2
said_has 'another history'
runs_on n1
until_true "another node has the copy, or was asked for it" guest_has n1 web1 \
	'"node":"n[23]","state":"(current|partial)"'
[ "$(content n2)" = "$newest" ] || fail "n2's image was copied over"
ok "the newer one is kept: ${said##*$'\n'}"

# and is given up at last
ctl n2 disk accept web1
ctl n3 guest migrate web1 n2
runs_on n2
writes_on n2
ctl n2 guest stop web1
nothing_left
[ "$(content n2)" != "$newest" ] || fail "nothing was copied"
echo "PASS: an operator is asked which history goes on"
