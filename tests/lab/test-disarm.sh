#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-disarm.sh - hamd and corosync are stopped under a guest, in order,
# for longer than its lease and its watchdog: it goes on, nobody brings it up
# elsewhere, the node is not reset and not fenced; and a disarmed node that really
# fails is fenced when its time is over
export HAMD_FENCE_AGENTS HAMD_WATCHDOG_ANYWHERE=yes
HAMD_FENCE_AGENTS=$(dirname "$(readlink -f "$0")")/agents
. "$(dirname "$(readlink -f "$0")")/testlib.sh"
up_options=(--watchdog)

conf() {
	small 800M replicas=1 | sed 's/^lease = .*/&\nwatchdog = 2s/'
	for node in n1 n2 n3; do
		printf '\n[fence %s/wd]\nagent = watchdog\n' "$node"
		printf '\n[fence %s/switch]\nagent = fence_lab\nplug = %s\n' \
			"$node" "$node"
	done
}
in_lab conf

beside watchdog "$lab" watchdog
beside switch "$lab" switch

# armed NODE 0|1: its watchdog is, or not
armed() {
	local is
	{ read -r is _ <"$(root "$1")/run/hamlab-watchdog"; } 2>/dev/null &&
		[ "$is" = "$2" ]
}

# goes_on NODE SECONDS: for so long, no second without a write of web1
goes_on() {
	local end=$((SECONDS + $2))
	while [ "$SECONDS" -lt "$end" ]; do
		writes_on "$1"
	done
}

boot_on n1
until_true "there is a copy" guest_has n1 web1 '"state":"current"'
all_prove
armed n1 1 || fail "n1 is not armed"
expect_rc 1 ctl n2 node arm n1
said_has 'is not disarmed'

# by an operator; longer than lease and watchdog, which are 13 s
expect_rc 0 ctl n2 node disarm n1 --for 100
said_has '^n1: disarmed for 100 s'
armed n1 0 || fail "n1 is armed: $(ctl n1 status)"
expect_rc 0 ctl n2 status
said_has 'n1 is disarmed: if it fails within the next [0-9]+ s, nobody fences'
"$lab" hamd n1 stop
slay n1 corosync
until_true "n1 is gone" status_has n2 '"members":\["n2","n3"\]'
goes_on n1 16
"$audit" guests --expect web1=n1
"$lab" corosync n1 start
until_true "corosync answers" on n1 corosync-cmapctl -g \
	runtime.config.totem.token
"$lab" hamd n1 start
cluster_whole
writes_on n1
armed n1 0 || fail "n1 was armed by itself, before its time"
expect_rc 0 ctl n3 node arm n1
armed n1 1 || fail "n1 is not armed again"
all_prove
ok "disarmed: $(ctl n2 events | grep -E 'NODE_STATE|NODE_DEAD|FENCING' | tail -n 4)"

# by a stop of hamd
"$lab" hamd n1 stop
armed n1 0 || fail "hamd left its watchdog armed: $("$lab" logs n1 hamd | tail)"
expect_rc 0 ctl n2 node list
said_has 'n1 .*resting|n1 +offline'
goes_on n1 16
"$lab" hamd n1 start
cluster_whole
until_true "n1 is armed again" armed n1 1
all_prove
status_lacks n2 'resting' || fail "n1 still rests: $(ctl n2 status)"
ok "stopped: $(ctl n2 events | grep -E 'NODE_STATE|NODE_DEAD|FENCING' | tail -n 3)"
event_has n2 'FENCING|NODE_DEAD' && fail "n1 was given up"
[ ! -s "$work/watchdog" ] || [ "$(cat "$work/watchdog")" = ready ] ||
	fail "a node was reset: $(cat "$work/watchdog")"

# it fails while it is disarmed
last=$(last_event n2)
ctl n2 node disarm n1 --for 8
"$lab" off n1
begin_s=$SECONDS
until_true "n1 is fenced" event_has n2 'FENCING' "$last"
[ $((SECONDS - begin_s)) -ge 5 ] || fail "fenced after $((SECONDS - begin_s)) s"
until_true "it runs elsewhere" guest_has n2 web1 \
	'"state":"running","owner":"n[23]"'
to=$(ctl n2 --json guest show web1 | grep -o '"owner":"n[23]"' | grep -o 'n[23]')
ok "failed: $(ctl n2 events | grep -E 'FENCING|NODE_DEAD' | tail -n 2)"
"$lab" on n1
cluster_whole
until_true "n1 is armed" armed n1 1
finish "$to" web1 --reboots 1
echo "PASS: stopped in order, a guest goes on"
