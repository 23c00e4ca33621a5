#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-two-nodes.sh - two nodes with power fencing: when they lose each
# other one of them is switched off, and it is not the one with the guest; when
# the one with the guest dies the other goes on alone; one that has booted
# decides nothing before it has seen the other, but by an operator's order, when
# the other is lost
export HAMD_FENCE_AGENTS nodes=2
HAMD_FENCE_AGENTS=$(dirname "$(readlink -f "$0")")/agents
. "$(dirname "$(readlink -f "$0")")/testlib.sh"

conf() {
	small 800M replicas=1
	for node in n1 n2; do
		printf '\n[fence %s/switch]\nagent = fence_lab\nplug = %s\n' \
			"$node" "$node"
	done
}
in_lab conf

beside switch "$lab" switch

ended_off() {
	[[ $("$lab" status) == *"$1 off"* ]]
}

# ready_on NODE: the guest is there, with a copy on the other, and both nodes
# have seen all devices on
ready_on() {
	until_true "there is a copy" guest_has "$1" web1 '"state":"current"'
	all_prove
}

boot_on n1
ready_on n1
ctl n1 guest migrate web1 n2
ready_on n2
writes_on n2

# they lose each other: n2, with the guest, is quicker
"$lab" cut n1 n2
until_true "n1 has no power" ended_off n1
"$lab" heal
until_true "n2 decides alone" status_has n2 '"active":true.*"members":\["n2"\]'
writes_on n2
grep -q '^off n2' "$work/switch" && fail "n2 was asked for"
ok "cut: $(ctl n2 events | grep -E 'FENCING|NODE_DEAD' | tail -n 2)"
ctl n2 guest stop web1
ctl n2 guest start web1
writes_on n2
ok "alone, n2 stops and starts the guest"
# what proved it is still known to a hamd that was started since
"$lab" hamd n2 restart
until_true "n2 decides alone again" status_has n2 \
	'"active":true.*"members":\["n2"\]'
writes_on n2
ok "alone, after a restart of hamd"

"$lab" on n1
cluster_whole
ready_on n2

# the one with the guest dies
"$lab" off n2
until_true "it runs on n1" guest_has n1 web1 '"state":"running","owner":"n1"'
"$audit" guests --expect web1=n1
writes_on n1
ok "n2 died: $(ctl n1 events | grep -E 'NODE_DEAD|GUEST_RUNNING' | tail -n 2)"

# n1 wrote alone, and dies; n2 returns first, and has old disks
"$lab" off n1
"$lab" on n2 --no-wait
until_true "n2 waits" status_has n2 \
	'"active":false,"waiting_for":"corosync.s quorum'
expect_rc 4 ctl n2 guest start web1
ok "n2 after its boot: $said"
expect_rc 4 ctl n2 fence confirm-off n1
"$audit" guests --expect web1=none
"$lab" on n1
cluster_whole
until_true "it runs on n1, by itself" guest_has n2 web1 '"state":"running","owner":"n1"'

# the same, and n1 is lost for good: what n2 has is all that is left
until_true "n2 has a copy" guest_has n1 web1 '"node":"n2","state":"current"'
"$lab" off n2
until_true "n1 is alone" status_has n1 '"active":true.*"members":\["n1"\]'
writes_on n1
"$lab" off n1
lost=$(sha256sum <"$(image n1)")
"$lab" on n2 --no-wait
until_true "n2 waits" status_has n2 \
	'"active":false,"waiting_for":"corosync.s quorum'
expect_rc 1 ctl n2 cluster claim --yes
said_has 'cancel_wait_for_all'
on n2 corosync-cmapctl -s quorum.cancel_wait_for_all u8 1
until_true "corosync waits no more" status_has n2 \
	'"waiting_for":"n1, which may have gone on'
ctl n2 cluster claim --yes
ctl n2 fence confirm-off n1
until_true "n2 decides alone" status_has n2 '"active":true.*"members":\["n2"\]'
until_true "it runs on n2" guest_has n2 web1 '"state":"running","owner":"n2"'
"$audit" guests --expect web1=n2
writes_on n2
ok "n2 goes on with what it has"
"$lab" on n1
cluster_whole
until_true "n1's images are kept" event_has n2 'copy on n1 is given up.*another history'
[ "$(sha256sum <"$(image n1)")" = "$lost" ] || fail "n1's image was written"
ctl n1 disk accept web1
until_true "n1 has a copy" guest_has n2 web1 '"node":"n1","state":"current"'
ctl n2 guest stop web1
nothing_left
echo "PASS: two nodes, of which one may go on alone"
