#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-lost-replica.sh - a copy is lost in each way: writes wait until a
# majority knows, or until it is back; then the guest goes on, and nothing is lost
. "$(dirname "$(readlink -f "$0")")/testlib.sh"
in_lab small 800M replicas=1

# n1 has the guest; which of the others has the current copy
holder() {
	if guest_has n1 web1 '"node":"n2","state":"current"'; then
		echo n2
	elif guest_has n1 web1 '"node":"n3","state":"current"'; then
		echo n3
	else
		return 1
	fi
}

has_copy() {
	until_true "a copy is current" holder
	holder
}

# goes_on SEQ WORDS: since that event it was held, and then freed; how is told
goes_on() {
	until_true "it goes on $2" event_has n1 "\"GUEST_FREED\".*goes on $2" "$1"
	ok "$(ctl n1 events | grep FREED | tail -n 1)"
}

boot_on n1
lost=$(has_copy)
"$lab" off "$lost"
before=$(acks n1)
until_true "OUTDATED is told" event_has n1 \
	"\"REPLICA_OUTDATED\".*\"replica\":\"$lost\""
until_true "it goes on" more_acks "$before" n1
ok "its node lost its power: $(ctl n1 events | grep REPLICA_OUTDATED)"

next=$(has_copy)
[ "$next" != "$lost" ] || fail "a copy on a node without power"
"$lab" on "$lost"
cluster_whole
"$audit" leftovers --idle "$lost"
ok "another copy is made on $next"

# its hamd is held, so that no other daemon is there before a write is refused
since=$(last_event n1)
hamd=$(first_pid "$next" hamd)
on "$next" kill -STOP "$hamd"
slay "$next" qemu-storage-daemon
until_true "it is held" event_has n1 '"GUEST_HELD"' "$since"
on "$next" kill -CONT "$hamd"
goes_on "$since" "with the copy on $next"
writes_on n1
ok "its daemon was killed"

# frozen: it says nothing, and nothing tells; its hamd lives
since=$(last_event n1)
pid=$(pid_of "$next" qemu-storage-daemon)
on "$next" kill -STOP "$pid"
before=$(acks n1)
goes_on "$since" "without the copy on $next"
ok "its daemon stands still"
until_true "it goes on" more_acks "$before" n1
on "$next" kill -KILL "$pid" 2>/dev/null || :

# the link of the copies alone; the cluster's own is up
next=$(has_copy)
since=$(last_event n1)
"$lab" cut n1 "$next" --tcp
goes_on "$since" "without the copy on $next"
writes_on n1
ok "its link is silent"
"$lab" heal
ctl n1 guest stop web1
records n1 web1
nothing_left
ctl n1 events >&2
echo "PASS: lost copies are given up, or back in time, and nothing is lost"
