#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-restart-qemu-ends.sh - a QEMU that a restarted hamd has found
# ends before it answers: hamd joins all the same, and the end is told; and one
# powers off with no hamd there: of its copies nobody says that they are equal
. "$(dirname "$(readlink -f "$0")")/testlib.sh"
in_lab small 800M replicas=1

# tell COMMAND: to web1's QEMU on n1, by its own monitor
tell() {
	printf '%s\n' '{"execute":"qmp_capabilities"}' "{\"execute\":\"$1\"}" |
		timeout 5 socat -t 1 - \
			"UNIX:$(root n1)/run/hamd/guests/web1/qmp.sock"
}

is_off() {
	tell query-status | grep -q '"status": "shutdown"'
}

boot_on n1
pid=$(pid_of n1 qemu-system-x86_64)
"$lab" hamd n1 kill
# it says nothing, so that hamd is still asking when it ends
on n1 kill -STOP "$pid"
"$lab" hamd n1 start
on n1 kill -KILL "$pid"
cluster_whole
until_true "its end is told" guest_has n2 web1 '"state":"failed"'
ok "$(ctl n2 status | tail -n 1)"
"$audit" leftovers --idle n1

ctl n1 guest start web1
writes_on n1
current n2
"$lab" hamd n1 kill
tell system_powerdown >/dev/null
until_true "it has powered off" is_off
since=$(last_event n2)
"$lab" hamd n1 start
cluster_whole
until_true "it is stopped" guest_has n2 web1 '"state":"stopped"'
ctl n1 guest start web1
event_has n2 'REPLICA_OUTDATED.*the guest starts without it' "$since" ||
	fail "its copy counts as equal: $(ctl n2 events)"
ok "powered off with no hamd there: $(ctl n2 events | grep OUTDATED |
	tail -n 1)"
finish n1 web1 --reboots 2
echo "PASS: a QEMU ended while hamd looked for it"
