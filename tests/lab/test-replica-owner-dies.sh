#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-replica-owner-dies.sh - the owner's node loses its power at each
# step of a copy's life; where the record calls the copy current it is started,
# and no acknowledged record is missing; where it does not, that is refused
# long
. "$(dirname "$(readlink -f "$0")")/testlib.sh"

conf() {
	small 12M replicas=1 | with_witness n3 |
		sed "/^\\[cluster\\]/a replica_timeout = 20s"
}
in_lab conf

boots=-1
state_is() {
	guest_has n3 web1 "\"node\":\"n2\",\"state\":\"$1\""
}

# dies [NODE]: n1 loses its power, that node is back, and then n1
dies() {
	"$lab" off n1
	[ $# = 0 ] || "$lab" on "$1"
	until_true "n1 is gone" status_has n3 '"n1 is not in the cluster"'
	# else it would start by itself where it was
	ctl n3 guest stop web1 --no-wait
	"$lab" on n1
	cluster_whole
	until_true "its end is known" guest_has n3 web1 '"state":"stopped"'
}

# starts_on NODE: with all that was acknowledged
starts_on() {
	boots=$((boots + 1))
	ctl n3 guest start web1 --node "$1"
	writes_on "$1"
	ctl n3 guest stop web1
	records "$1" web1 --reboots "$boots"
}

# begins: on n1, which has the only image that counts
begins() {
	boots=$((boots + 1))
	ctl n3 guest start web1 --node n1
	writes_on n1
}

# back_to_n1 STEP: what n2 has now is carried to n1
back_to_n1() {
	boots=$((boots + 1))
	ctl n3 guest start web1 --node n2
	until_true "n1 has a copy" guest_has n3 web1 \
		'"node":"n1","state":"current"'
	ctl n3 guest migrate web1 n1
	until_true "n2 has a copy" state_is current
	ok "$1"
}

begins
until_true "a copy is being made" state_is syncing
dies
expect_rc 1 ctl n3 guest start web1 --node n2
said_has 'no current copy'
starts_on n1
ok "while the copy was made: n2 is refused"

begins
until_true "n2's copy is current" state_is current
writes_on n1
dies
starts_on n2
back_to_n1 "with a current copy"

# held: the daemon stands still, OUTDATED is not committed yet
pid=$(pid_of n2 qemu-storage-daemon)
on n2 kill -STOP "$pid"
until_true "its writes wait" stands_still n1
state_is current || fail "given up already: $(ctl n3 events)"
dies
on n2 kill -KILL "$pid" 2>/dev/null || :
if state_is current; then
	starts_on n2
	back_to_n1 "while its writes were held"
else
	fail "given up before its owner died: $(ctl n3 events)"
fi

# given up: the owner went on alone
"$lab" off n2
until_true "it is given up" state_is outdated
writes_on n1
dies n2
expect_rc 1 ctl n3 guest start web1 --node n2
said_has 'no current copy'
starts_on n1
ok "after it had gone on alone: n2 is refused"
nothing_left
echo "PASS: whoever is called current has every acknowledged record"
