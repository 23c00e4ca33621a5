#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-failover.sh - a node dies, or is cut off with its guest running:
# it is switched off by its fence device, and the guest starts by itself where a
# current copy of its disks is, without a lost write; where the device fails,
# nothing starts before somebody vouches for the death
export HAMD_FENCE_AGENTS
HAMD_FENCE_AGENTS=$(dirname "$(readlink -f "$0")")/agents
. "$(dirname "$(readlink -f "$0")")/testlib.sh"

conf() {
	small 800M replicas=1
	for node in n1 n2 n3; do
		printf '\n[fence %s/switch]\nagent = fence_lab\nplug = %s\n' \
			"$node" "$node"
	done
}
in_lab conf

# The switch that all devices are; it ends with this test.
beside switch "$lab" switch

copy_of() {
	ctl "$1" --json guest show web1 |
		grep -oE '"node":"n[123]","state":"current"' |
		grep -oE 'n[123]' | head -n 1
}

has_copy() {
	[ -n "$(copy_of "$1")" ]
}

# ended_off NODE: the lab has no power there, whoever cut it
ended_off() {
	[[ $("$lab" status) == *"$1 off"* ]]
}

all_prove
boot_on n1
until_true "there is a copy" has_copy n1
to=$(copy_of n1)
# everyone knows that the copy counts
writes_on n1

# its power fails: off already, so it is not switched
"$lab" off n1
until_true "it runs on $to" guest_has "$to" web1 \
	"\"state\":\"running\",\"owner\":\"$to\""
"$audit" guests --expect "web1=$to"
event_has "$to" '"NODE_DEAD".*n1 is dead: switched off and seen off twice' ||
	fail "no proof is told: $(ctl "$to" events | tail)"
grep -q '^off n1' "$work/switch" && fail "it was switched off"
writes_on "$to"
ok "in time:
$(ctl "$to" events | grep -E 'MEMBERSHIP|FENCING|NODE_DEAD|GUEST_RUNNING' |
	tail -n 4)"
expect_rc 0 ctl "$to" explain "$(ctl "$to" history --export csv |
	sed -n 's/^\(web1-e[0-9]*\),.*failover.*/\1/p')"
said_has "failover of web1, n1 -> $to: done" '^Reason: n1 is dead: switched off' \
	'^Proving took ' '^Placing took ' '^Starting took ' '^It ran again .* after n1 had left' \
	'n1 left the cluster' "running on $to"
ok "$said"
"$lab" on n1
cluster_whole
until_true "there is a copy again" has_copy "$to"
all_prove

# cut off, and alive: the guest there goes on until its node has no power
copy=$(copy_of "$to")
for node in n1 n2 n3; do
	[ "$node" = "$to" ] || "$lab" cut "$to" "$node"
done
until_true "$to has no power" ended_off "$to"
"$lab" heal
until_true "it runs on $copy" guest_has "$copy" web1 \
	"\"state\":\"running\",\"owner\":\"$copy\""
"$audit" guests --expect "web1=$copy"
grep -q "^off $to: 0" "$work/switch" || fail "who cut the power of $to?"
writes_on "$copy"
"$lab" on "$to"
cluster_whole
until_true "there is a copy again" has_copy "$copy"
ok "fenced, and started elsewhere"

finish "$copy" web1 --reboots 2
echo "PASS: failover by power fencing"
