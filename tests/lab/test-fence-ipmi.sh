#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-fence-ipmi.sh - fencing by real parts: fence_ipmilan and
# ipmitool against OpenIPMI's ipmi_sim.  A wrong password is found beforehand
# and proves nothing; a node without power is dead, one that is alive is
# switched off; a BMC that hangs costs its deadline, then the next level's device
# does it
export HAMD_FENCE_AGENTS
HAMD_FENCE_AGENTS=$(dirname "$(readlink -f "$0")")/agents
. "$(dirname "$(readlink -f "$0")")/testlib.sh"
for tool in ipmi_sim ipmitool fence_ipmilan; do
	command -v "$tool" >/dev/null && continue
	echo "$tool is missing: run tests/setup.sh"
	exit 77
done

# ipmi NODE DEVICE LEVEL SECRET: ipmi_sim does not tell its cipher suites, and
# ipmitool, when it is to ask for them, waits 10 s for that
ipmi() {
	printf '\n[fence %s/%s]\nagent = fence_ipmilan\nlevel = %s\n' "${@:1:3}"
	printf 'ip = 10.77.0.20%s\nusername = ham\n' "${1#n}"
	printf 'password_file = /etc/hamd/secrets/%s\nlanplus = 1\n' "$4"
	printf 'cipher = 3\npower_wait = 0\npower_timeout = 3\n'
}

conf() {
	local node other=n3
	small 800M replicas=1
	for node in n1 n2 n3; do
		ipmi "$node" old 1 "$other"
		ipmi "$node" bmc 2 "$node"
		printf '\n[fence %s/switch]\nagent = fence_lab\nplug = %s\n' \
			"$node" "$node"
		echo "level = 3"
		other=$node
	done
}
up_options=(--bmc)
in_lab conf

# What BMCs and the third devices switch with; it ends with this test.
beside switch "$lab" switch

# Whoever comes to lead knows which devices tell the truth.
looked_at() {
	local node
	for node in n1 n2 n3; do
		until_true "$node has seen all other devices on" \
			status_lacks "$node" 'device (bmc|switch) of n. proves'
		until_true "$node finds the wrong password" status_has "$node" \
			'device old of n1 proves nothing: fence_ipmilan ended with exit status 1: ERROR: Failed'
	done
}

copy_of() {
	ctl "$1" --json guest show web1 |
		grep -oE '"node":"n[123]","state":"current"' |
		grep -oE 'n[123]' | head -n 1
}

has_copy() {
	[ -n "$(copy_of "$1")" ]
}

# There is a copy, known to all: to becomes where it will start.
copied() {
	until_true "there is a copy" has_copy "$1"
	to=$(copy_of "$1")
	writes_on "$1"
}

# told_by DEVICE NODE: on $to, since $since
told_by() {
	event_has "$to" \
		"\"NODE_DEAD\".*$2 is dead: switched off and seen off twice by $1" \
		"$since" || fail "not by $1: $(ctl "$to" events | tail)"
}

# fails_over FROM DEVICE: it starts on $to, once FROM has no power
fails_over() {
	until_true "it runs on $to" guest_has "$to" web1 \
		"\"state\":\"running\",\"owner\":\"$to\""
	"$audit" guests --expect "web1=$to"
	[[ $("$lab" status) == *"$1 off"* ]] || fail "$1 has power"
	told_by "$2" "$1"
	writes_on "$to"
	ok "$1, by $2:
$(ctl "$to" events | grep -E 'MEMBERSHIP|FENCING|NODE_DEAD|GUEST_RUNNING' |
		tail -n 4)"
}

isolate() {
	local node
	for node in n1 n2 n3; do
		[ "$node" = "$1" ] || "$lab" cut "$1" "$node"
	done
}

back() {
	"$lab" heal
	"$lab" on "$1"
	cluster_whole
	looked_at
}

looked_at
boot_on n1

# the power fails: the BMC says so, and nothing is switched
copied n1
since=$(last_event "$to")
"$lab" off n1
fails_over n1 bmc
! grep -q '^off n1' "$work/switch" || fail "it was switched off"
back n1

# cut off, and alive
from=$to
copied "$from"
since=$(last_event "$to")
isolate "$from"
fails_over "$from" bmc
[ "$(grep -c "^off $from: 0" "$work/switch")" = 1 ] ||
	fail "who cut the power of $from?"
back "$from"

# its BMC hangs
from=$to
copied "$from"
since=$(last_event "$to")
"$lab" bmc "$from" freeze
isolate "$from"
fails_over "$from" switch
grep -q "^off $from: 0" "$work/switch" || fail "who cut the power of $from?"
"$lab" bmc "$from" thaw
back "$from"

until_true "there is a copy" has_copy "$to"
finish "$to" web1 --reboots 3
echo "PASS: fenced by fence_ipmilan and ipmitool"
