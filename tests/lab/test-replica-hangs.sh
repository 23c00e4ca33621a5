#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-replica-hangs.sh - the storage daemon of the replica freezes
# while its guest is copied to a third node, or dies while hamd is away
. "$(dirname "$(readlink -f "$0")")/testlib.sh"
in_lab small 30M replicas=1

given_up() {
	until_true "OUTDATED is told" event_has n3 \
		"\"REPLICA_OUTDATED\".*\"replica\":\"$1\"" "$since"
}

boot_on n1
ctl n1 guest migrate web1 n2
writes_on n2
guest_has n2 web1 '"node":"n1","state":"current"' ||
	fail "n1 is no replica: $(ctl n2 --json guest show web1)"

# no error, no event: a write hangs, and with it QEMU's `stop` in the undo
begin n3
until_true "data flows" copying
pid=$(pid_of n1 qemu-storage-daemon) || fail "no storage daemon on n1"
since=$(last_event n3)
on n1 kill -STOP "$pid"
expect_rc 0 ctl n3 guest cancel web1
ended 6
said_has 'cancel'
given_up n1
writes_on n2
runs_on n2
until_clean leftovers --idle n3
ok "called off while the replica hung: $(ctl n3 events |
	grep REPLICA_OUTDATED | tail -n 1)"

# nobody hears QEMU say that the replica failed
ctl n2 guest migrate web1 n1
writes_on n1
guest_has n3 web1 '"node":"n2","state":"current"' ||
	fail "n2 is no replica: $(ctl n3 --json guest show web1)"
"$lab" hamd n1 kill
slay n2 qemu-storage-daemon
until_true "its writes wait" stands_still n1
"$lab" hamd n1 start
cluster_whole
until_true "it goes on" event_has n1 '"GUEST_FREED".*the copy on n2'
writes_on n1
ok "gone on after hamd came back: $(ctl n1 events | grep FREED)"
finish n1
echo "PASS: a replica that hangs or dies unseen holds up nothing for long"
