#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-frozen.sh - a node out of quorum: its guest stands still and goes
# on when the ring is whole in time, without a reboot; when its lease is over
# before that the guest is ended, and runs again by itself once the ring is whole
. "$(dirname "$(readlink -f "$0")")/testlib.sh"

conf() {
	small 800M replicas=1 | sed 's/^lease = .*/lease = 12s/'
}
in_lab conf

# state of the process: of all threads of web1's QEMU on n1, in a lab node
frozen() {
	"$lab" sh n1 grep -q 'frozen 1' /sys/fs/cgroup/hamd/web1/cgroup.events
}

thawed() {
	"$lab" sh n1 grep -q 'frozen 0' /sys/fs/cgroup/hamd/web1/cgroup.events
}

cut_off() {
	"$lab" cut n1 n2
	"$lab" cut n1 n3
}

boot_on n1
until_true "there is a copy" guest_has n1 web1 '"state":"current"'
writes_on n1
before=$(pid_of n1 qemu-system-x86_64)

cut_off
until_true "it stands still" frozen
until_true "status tells" guest_has n1 web1 '"state":"frozen"'
stands_still n1
ok "$(ctl n1 status | grep web1)"
"$lab" heal
until_true "it goes on" thawed
cluster_whole
writes_on n1
[ "$(pid_of n1 qemu-system-x86_64)" = "$before" ] || fail "another QEMU runs"
ok "cut for some seconds: frozen, and the same QEMU goes on"

# nobody else may run it: there is no proof of n1's death
cut_off
until_true "its lease is over" event_has n1 'ALARM.*the lease is over'
"$audit" guests --expect web1=none
since=$(last_event n2)
"$lab" heal
cluster_whole
until_true "it runs again, by itself" event_has n2 'GUEST_RUNNING' "$since"
ok "$(ctl n2 guest list | tail -n 1)"
owner=$(ctl n2 --json guest show web1 | grep -o '"owner":"n[123]"' |
	grep -o 'n[123]')
writes_on "$owner"
finish "$owner" web1 --reboots 1 --max-gap 12000
echo "PASS: out of quorum a guest stands still, and ends with its lease"
