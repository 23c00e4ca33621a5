#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-replica-made.sh - a copy is made while the guest writes, is
# kept through stop and start, and comes back after each way of losing it
. "$(dirname "$(readlink -f "$0")")/testlib.sh"

conf() {
	small 800M replicas=1
}
in_lab conf

# equal NODE...: stopped, both are the same, and no record is missing
equal() {
	local node
	ctl n1 guest stop web1
	records n1 web1 --reboots "$boots"
	for node; do
		"$audit" disk "$(image n1)" "$(image "$node")"
	done
	nothing_left
}

boots=0
boot_on n1
current n2
writes_on n1
equal n2
ok "made under writes, and equal"

ctl n1 guest start web1
boots=1
runs_on n1
writes_on n1
guest_has n1 web1 '"node":"n2","state":"current"' ||
	fail "not kept through the stop: $(ctl n1 guest show web1)"
! event_has n1 '"REPLICA_OUTDATED"' || fail "given up: $(ctl n1 events)"
equal n2
ok "kept through stop and start"

ctl n1 guest start web1
boots=2
runs_on n1
writes_on n1
daemon=$(pid_of n2 qemu-storage-daemon)
another_daemon() {
	local now
	now=$(pid_of n2 qemu-storage-daemon) && [ "$now" != "$daemon" ]
}
slay n2 qemu-storage-daemon
until_true "another serves" another_daemon
writes_on n1
! event_has n1 '"REPLICA_OUTDATED"' || fail "given up: $(ctl n1 events)"
guest_has n1 web1 '"node":"n2","state":"current"' ||
	fail "not current: $(ctl n1 guest show web1)"
ok "another daemon in time"

since=$(last_event n1)
"$lab" off n2
until_true "the copy on n2 is given up" event_has n1 \
	'"REPLICA_OUTDATED".*"replica":"n2"' "$since"
writes_on n1
current n3
ok "its node is gone: a copy on another"
"$lab" on n2
cluster_whole
writes_on n1
equal n3
echo "PASS: copies made and kept"
