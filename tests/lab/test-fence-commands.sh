#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-fence-commands.sh - an operator tests the fence devices, switches
# an idle node off and on, is refused where guests run, and forces it; what was
# done is remembered
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

beside switch "$lab" switch

# off NODE: the lab has no power there
off() {
	[[ $("$lab" status) == *"$1 off"* ]]
}

# beforehand
expect_rc 0 ctl n1 fence test
said_has '^n1 .* on  ' '^n2 .* on  ' '^n3 .* on  '
status_lacks n1 'proves nothing' || fail "a test that proves nothing: $(ctl n1 status)"

# an idle node, and the history of it
expect_rc 0 ctl n1 fence off n3
said_has '^n3: switched off and seen off twice by switch$'
off n3 || fail "n3 has power"
event_has n1 '"FENCING".*n3 is switched off, as uid 0 has asked' ||
	fail "not told: $(ctl n1 events | tail)"
expect_rc 0 ctl n1 fence test
said_has '^n3 .* off  '
"$lab" hamd n1 restart
until_true "n1 and n2 decide" status_has n1 '"active":true'
expect_rc 0 ctl n1 fence status
said_has ' n3 .*operator-off .*asked by uid 0' ' n3 .* off .*n3: switched off'
# an earlier hamd has seen that device on: its word that n3 is off counts
expect_rc 0 ctl n1 fence off n3
said_has 'seen off twice'
ok "an idle node: $(tail -n 1 <<<"$said")"

# alone, it does not know what runs on n2
"$lab" hamd n2 stop
until_true "n1 is alone" status_has n1 '"active":false'
expect_rc 4 ctl n1 fence off n2
said_has 'not known without a quorum'
"$lab" hamd n2 start
until_true "n1 and n2 decide" status_has n1 '"active":true'

expect_rc 0 ctl n1 fence on n3
said_has '^n3: switch: on$'
cluster_whole
expect_rc 0 ctl n1 fence on n3
expect_rc 0 ctl n2 fence test

# a file that is damaged is put aside
printf '{"history":[{"time":1}]}' >"$("$lab" path n3)/lib/hamd/fencing.json"
"$lab" hamd n3 restart
cluster_whole
expect_rc 0 ctl n3 --json fence status
said_has '"history":\[\]'
[ -e "$("$lab" path n3)/lib/hamd/fencing.json.damaged" ] ||
	fail "the damaged file is gone"

# not itself, and not with a guest
boot_on n1
until_true "there is a copy" guest_has n1 web1 '"state":"current"'
expect_rc 1 ctl n1 fence off n1
said_has 'ask on another node'
expect_rc 1 ctl n2 fence off n1
said_has 'runs web1'
expect_rc 5 ctl n2 fence off n9
! off n1 || fail "n1 has no power"
all_prove

# forced
expect_rc 0 ctl n2 fence off n1 --force
off n1 || fail "n1 has power"
until_true "it runs elsewhere" guest_has n2 web1 \
	'"state":"running","owner":"n[23]"'
owner=$(ctl n2 --json guest show web1 | grep -o '"owner":"n[23]"' |
	grep -o 'n[23]')
"$audit" guests --expect "web1=$owner"
ctl n2 --json fence status | grep -q '"node":"n1","what":"dead"' ||
	fail "no death in the history: $(ctl n2 fence status)"
writes_on "$owner"
expect_rc 0 ctl n2 fence on n1
cluster_whole
ok "forced: $(ctl n2 fence status --limit 4 | tail -n 4)"
finish "$owner" web1 --reboots 1
echo "PASS: fencing by an operator"
