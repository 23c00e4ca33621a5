#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-start-elsewhere.sh - a guest's node dies, and where it is given
# to it does not start: the other node with a copy gets it, with all its writes;
# where it starts nowhere it has failed, and each node's trouble is named
export HAMD_FENCE_AGENTS
HAMD_FENCE_AGENTS=$(dirname "$(readlink -f "$0")")/agents
. "$(dirname "$(readlink -f "$0")")/testlib.sh"

conf() {
	small 800M replicas=2 'prefer=n2, n3' |
		sed 's/^bridge = .*/bridge = lan0/'
	for node in n1 n2 n3; do
		printf '\n[fence %s/switch]\nagent = fence_lab\nplug = %s\n' \
			"$node" "$node"
	done
}
in_lab conf

beside switch "$lab" switch

copies() {
	[ "$(ctl "$1" --json guest show web1 |
		grep -oE '"node":"n[123]","state":"current"' | wc -l)" = 2 ]
}

# bridge NODE add|del
bridge() {
	on "$1" ip link "$2" lan0 type bridge
	[ "$2" = del ] || on "$1" ip link set lan0 up
}

bridge n1 add
bridge n2 add
bridge n3 add
all_prove
boot_on n1
until_true "it has two copies" copies n2
expect_rc 0 ctl n3 plan failure n1
said_has '^web1 .* n2$'

# n2's kernel for it is no kernel: its QEMU starts, and exits before it ran
on n2 mount --bind /dev/null /var/lib/hamd/boot/vmlinuz
"$lab" off n1
until_true "it runs on n3" guest_has n3 web1 \
	'"state":"running","owner":"n3"'
"$audit" guests --expect web1=n3
event_has n3 '"ALARM".*it did not start on n2: .*QEMU exited' ||
	fail "nobody tells: $(ctl n3 events | tail)"
guest_has n3 web1 '"reason":"n2: .*QEMU exited' ||
	fail "no reason is kept: $(ctl n3 guest show web1)"
writes_on n3
ok "started elsewhere:
$(ctl n3 events | grep -E 'NODE_DEAD|ALARM|GUEST_' | tail -n 5)"

"$lab" on n1
cluster_whole
until_true "it has two copies" copies n3
all_prove
# n1 has booted, and its bridge is gone; n2's goes, which is seen before any QEMU
# is started
on n2 umount /var/lib/hamd/boot/vmlinuz
bridge n2 del
"$lab" off n3
until_true "it waits for n3" guest_has n2 web1 \
	'"state":"recovering".*it did not start on n1.*n3 is away'
guest_has n2 web1 'it did not start on n2' ||
	fail "n2 is not named: $(ctl n2 guest show web1)"
"$audit" guests --expect web1=none
ok "waits for the node that is left: $(ctl n2 guest show web1 |
	grep -E 'waits|reason')"
"$lab" on n3
cluster_whole
until_true "it has failed" guest_has n2 web1 '"state":"failed"'
guest_has n2 web1 '"reason":"n2: .*; n1: .*; n3: ' ||
	guest_has n2 web1 '"reason":"n1: .*; n2: .*; n3: ' ||
	fail "not all are named: $(ctl n2 guest show web1)"
"$audit" guests --expect web1=none
ok "failed: $(ctl n2 guest show web1 | grep -E 'reason')"

# its copies are what they were: with a bridge it starts on any of them
bridge n2 add
ctl n1 guest start web1 --node n2
runs_on n2
writes_on n2
ctl n2 guest stop web1
records n2 web1 --reboots 2
nothing_left
echo "PASS: start elsewhere"
