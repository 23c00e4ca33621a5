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

# told WORDS: the last word about a guest that stood still
freed() {
	until_true "it goes on $1" event_has n1 "\"GUEST_FREED\".*goes on $1"
	ctl n1 events | grep FREED | tail -n 1
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

slay "$next" qemu-storage-daemon
writes_on n1
ok "its daemon was killed: $(freed "with the copy on $next")"

# frozen: it says nothing, and nothing tells; its hamd lives
pid=$(pid_of "$next" qemu-storage-daemon)
on "$next" kill -STOP "$pid"
before=$(acks n1)
ok "its daemon stands still: $(freed "without the copy on $next")"
until_true "it goes on" more_acks "$before" n1
on "$next" kill -KILL "$pid" 2>/dev/null || :

# the link of the copies alone; the cluster's own is up
next=$(has_copy)
"$lab" cut n1 "$next" --tcp
before=$(acks n1)
until_true "it goes on" more_acks $((before + 100)) n1
ok "its link is silent: $(ctl n1 events | grep FREED | tail -n 1)"
"$lab" heal
ctl n1 guest stop web1
records n1 web1
nothing_left
ctl n1 events >&2
echo "PASS: lost copies are given up, or back in time, and nothing is lost"
