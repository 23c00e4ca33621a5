#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-failover-plan.sh - a node with four guests dies: as the plan said
# before, three start elsewhere by their priority, one after the other on a node
# and apart from whom they are kept apart from; one that has no room waits and is
# named, until there is room for it
# long
export HAMD_FENCE_AGENTS
HAMD_FENCE_AGENTS=$(dirname "$(readlink -f "$0")")/agents
guests=5
. "$(dirname "$(readlink -f "$0")")/testlib.sh"

# as hamd counts it
memory=$(($(getconf _PHYS_PAGES) * ($(getconf PAGESIZE) / 1024) / 1024))

# of guests of 256 MiB three have room on n2, and one on n3
conf() {
	small 800M replicas=2 | sed "
		s/^\\[cluster\\]/&\\nparallel_starts = 1/
		s/^\\[node n2\\]/&\\nmemory_reserve = $((memory - 780))M/
		s/^\\[node n3\\]/&\\nmemory_reserve = $((memory - 300))M/
		s/^\\[guest web1\\]/&\\npriority = 90\\napart = web5/
		s/^\\[guest web2\\]/&\\npriority = 70/
		s/^\\[guest web3\\]/&\\npriority = 80/
		s/^\\[guest web4\\]/&\\npriority = 10/"
	for node in n1 n2 n3; do
		printf '\n[fence %s/switch]\nagent = fence_lab\nplug = %s\n' \
			"$node" "$node"
	done
}
in_lab conf

beside switch "$lab" switch

# copies GUEST: its copies on n2 and n3 count
copies() {
	[ "$(ctl n2 --json guest show "$1" |
		grep -oE '"node":"n[23]","state":"current"' | wc -l)" = 2 ]
}

# nth_event NODE REGEX: the number of its first event of that kind since then
nth_event() {
	ctl "$1" --json events --since "$since" | sed 's/{"event":/\n&/g' |
		grep -E -e "$2" | grep -o '"seq":[0-9]*' | head -n 1 | cut -d: -f2
}

# before REGEX REGEX: the first was told before the second
before() {
	local a b
	a=$(nth_event n2 "$1") b=$(nth_event n2 "$2")
	[ -n "$a" ] && [ -n "$b" ] && [ "$a" -lt "$b" ] ||
		fail "not in this order: $1 (${a:-never}), $2 (${b:-never})"
}

all_prove
truncate -s 96M "$(image n2 web5)"
boot_on n2 web5
expect_rc 1 ctl n1 guest start web1 --node n2
said_has 'no place on n2: apart from web5, which is on n2'
for k in 1 2 3 4; do
	boot_on n1 "web$k"
done
for k in 1 2 3 4; do
	until_true "web$k has two copies" copies "web$k"
done
expect_rc 1 ctl n1 guest migrate web1 n2
said_has 'apart from web5'

expect_rc 1 ctl n3 plan failure n1
short='n2 has 12 MiB free, it needs 256; n3 has 44 MiB free, it needs 256'
said_has '^web1 +90 .* n3$' '^web3 +80 .* n2$' '^web2 +70 .* n2$' \
	"^web4 +10 .* nowhere +$short\$" '4 guests, 1 without a place'
ctl n2 status | grep -q "WARNING: if n1 failed, web4 could not run: $short" ||
	fail "no warning: $(ctl n2 status)"
ok "told beforehand:
$said"

since=$(last_event n2)
"$lab" off n1
for at in web1=n3 web2=n2 web3=n2; do
	until_true "$at" guest_has n2 "${at%=*}" \
		"\"state\":\"running\",\"owner\":\"${at#*=}\""
	"$audit" guests --expect "$at"
done
before '"GUEST_STARTING".*"guest":"web3"' '"GUEST_RUNNING".*"guest":"web3"'
before '"GUEST_RUNNING".*"guest":"web3"' '"GUEST_STARTING".*"guest":"web2"'
guest_has n3 web4 '"state":"recovering".*"waits_for":"a node that can run it' ||
	fail "web4 is not said to wait: $(ctl n3 guest show web4)"
guest_has n3 web4 'n2 has 12 MiB free, it needs 256' ||
	fail "nobody says why: $(ctl n3 guest show web4)"
event_has n3 '"ALARM".*web4' || fail "no alarm: $(ctl n3 events | tail)"
"$audit" guests --expect web4=none
for at in web1=n3 web2=n2 web3=n2; do
	writes_on "${at#*=}" "${at%=*}"
done
ok "as it was told, and web4 waits:
$(ctl n2 events --since "$since" | grep -E 'NODE_DEAD|GUEST_|ALARM')"

ctl n3 guest stop web3 --kill
until_true "web4 has its place" guest_has n2 web4 \
	'"state":"running","owner":"n2"'
"$audit" guests --expect web4=n2
writes_on n2 web4
ok "started once there was room"

"$lab" on n1
cluster_whole
for at in web1=n3 web2=n2 web4=n2; do
	ctl n2 guest stop "${at%=*}"
	records "${at#*=}" "${at%=*}" --reboots 1
done
ctl n2 guest stop web5
# others that start may cost it some time
records n2 web5 --max-gap 20000
nothing_left
echo "PASS: failover as planned"
