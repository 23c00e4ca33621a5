#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-watchdog-only.sh - no power device, but each node has a watchdog: a
# node that is cut off ends its guest with its lease and is not reset; one whose
# processes all stand still is reset by its watchdog, and the guest starts
# elsewhere only when lease and watchdog are over, once
export HAMD_WATCHDOG_ANYWHERE=yes
. "$(dirname "$(readlink -f "$0")")/testlib.sh"
up_options=(--watchdog)

conf() {
	small 800M replicas=1 | sed 's/^lease = .*/&\nwatchdog = 2s/'
	for node in n1 n2 n3; do
		printf '\n[fence %s/wd]\nagent = watchdog\n' "$node"
	done
}
in_lab conf

beside watchdog "$lab" watchdog

# is_gone PID: reaped, or not yet: whoever is to do that may stand still
is_gone() {
	local _ state
	{ read -r _ _ state _ <"/proc/$1/stat"; } 2>/dev/null || return 0
	[ "$state" = Z ]
}

ended_off() {
	[[ $("$lab" status) == *"$1 off"* ]]
}

ready() {
	local node
	for node in n1 n2 n3; do
		until_true "$node sees all armed" status_lacks "$node" \
			'is not armed'
	done
	until_true "there is a copy" guest_has "$1" web1 '"state":"current"'
}

owner() {
	ctl "$1" --json guest show web1 | grep -o '"owner":"n[123]"' |
		grep -o 'n[123]'
}

boot_on n1
ready n1
writes_on n1

# cut off: its lease ends, hamd ends the guest, and goes on living
"$lab" cut n1 n2
"$lab" cut n1 n3
until_true "it runs elsewhere" guest_has n2 web1 \
	'"state":"running","owner":"n[23]"'
to=$(owner n2)
"$audit" guests --expect "web1=$to"
writes_on "$to"
ok "cut off: $(ctl n2 events | grep -E 'MEMBERSHIP|NODE_DEAD|GUEST_RUNNING' |
	tail -n 3)"
event_has n2 'NODE_DEAD.*its lease and its watchdog' || fail "who proved it?"
ended_off n1 && fail "n1 was reset, though it had ended its guest"
"$lab" heal
cluster_whole
ready "$to"

# all of its processes stand still: nobody there can end the guest, and whoever
# enters the node stands still with them
pid=$("$lab" status | awk -v n="$to" '$1 == n { print $4 }')
cgroup=$(cat "$HAMLAB/cgroup")/$to
echo 1 >"$cgroup/cgroup.freeze"
until_true "$to is reset" is_gone "$pid"
echo 0 >"$cgroup/cgroup.freeze"
for other in n1 n2 n3; do
	[ "$other" = "$to" ] || break
done
until_true "it runs elsewhere again" guest_has "$other" web1 \
	"\"state\":\"running\",\"owner\":\"[^\"]*[^${to#n}]\""
last=$(owner "$other")
"$audit" guests --expect "web1=$last"
writes_on "$last"
ok "$to (pid $pid) frozen: $(cat "$work/watchdog")"
"$lab" on "$to"
cluster_whole
finish "$last" web1 --reboots 2
echo "PASS: watchdogs and leases prove a death"
