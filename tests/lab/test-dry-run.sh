#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-dry-run.sh - what a migration would be like: a destination that
# fits, ones that lack a bridge, an MTU, room or memory, the best of all; nothing
# is changed by asking, and the real migration says what the dry run has said
# shellcheck source=tests/lab/second.sh
. "$(dirname "$(readlink -f "$0")")/second.sh"

conf() {
	small 800M | sed 's/^bridge = br0$/bridge = br1/'
	printf '\n[bridge br1]\nuplink = up1\n'
}
in_lab conf

# dry RC [NODE]: its answer is in $said
dry() {
	# shellcheck disable=SC2086 # there may be none
	expect_rc "$1" ctl n3 guest migrate web1 ${2-} --dry-run
}

# position: how many records there have been
position() {
	ctl n1 --json status | grep -oE '"committed":"[^"]*"'
}

# traces NODE: processes but those of the asking, links, files
traces() {
	on "$1" sh -c '
		for p in /proc/[0-9]*/exe; do readlink "$p"; done |
			grep -E "qemu|corosync|hamd|hamwd" | sort
		ip -o link | sed "s/^[0-9]*: //; s/ .*//" | sort
		find /var/lib/hamd /run/hamd /sys/fs/cgroup/hamd ! -name "state.db*" \
			2>/dev/null | sort'
}

all_traces() {
	local node
	for node in n1 n2 n3; do
		echo "$node"
		traces "$node"
	done
	position
}

for node in n1 n2; do
	plug "$node" up1
	bridge_by_hand "$node" br1 up1
done
boot_on n1
all_traces >"$work/before"

dry 0 n2
said_has '^machine type +pc-q35-10.0 +pc-q35-10.0 +ok$' \
	'^CPU model +qemu64 +qemu64 +ok$' '^memory +256 MiB +[0-9]+ MiB left, ' \
	'^disks +[0-9]+ MiB +[0-9]+ of [0-9]+ MiB left in /var/lib/hamd/images +ok$' \
	'^lan: bridge +br1 +br1 +ok$' '^lan: MTU +1500 +1500 +ok$' \
	'^lan: uplink +yes +yes +ok$' '^lan: vhost ' '^QEMU +10' \
	'^duration: .* s' '^pause: .* ms' '^web1 can be migrated live to n2: '
ok "n2 fits: $said"

# it has neither that bridge nor what hamd would make it with
dry 1 n3
said_has "^lan: bridge +br1 +- +no +there is no uplink 'up1'" \
	"^web1 can't go to n3: there is no uplink 'up1'"
ok "n3 does not: $(tail -n 1 <<<"$said")"

dry 0
said_has '^BEST +NODE +VERDICT' '^\* +n2 +live ' '^- +n3 +refused ' \
	'^web1 can be migrated live to n2'
ok "the best: $(tail -n 1 <<<"$said")"

all_traces >"$work/after"
diff -u "$work/before" "$work/after" || fail "asking has changed something"
writes_on n1
ok "nothing was changed by it"

# what it says of a fault is what the real one says of it
agrees() {
	local why=$1
	dry 1 n2
	said_has "$why"
	expect_rc 6 ctl n3 guest migrate web1 n2
	said_has "$why"
	runs_on n1
	ok "both say: $why"
}
on n2 ip link set br1 mtu 1400
agrees "bridge 'br1' has an MTU of 1400 on n2, and of 1500 on n1"
on n2 ip link set br1 mtu 1500
on n2 mount -n -t tmpfs -o size=32M none /var/lib/hamd/images
agrees '/var/lib/hamd/images has 32 MiB left, and 96 MiB are to be reserved'
on n2 umount -n /var/lib/hamd/images
for node in n2 n3; do
	ctl n1 node drain "$node" --yes --no-wait >/dev/null
done
dry 1
said_has '^- +n2 +refused .*drained' "^web1 can't go to any node"
expect_rc 1 ctl n3 guest migrate web1
said_has 'no other node can take web1'
ok "drained: $said"
ctl n1 node undrain n2 >/dev/null

# the forecast, and what came of it; without a node, by the same choice
dry 0
forecast=$(grep -E '^\*' <<<"$said")
expect_rc 0 ctl n3 guest migrate web1
said_has '^web1: moving n1 -> n2, the best place for it$'
runs_on n2
writes_on n2
echo "forecast: $forecast"
echo "came:     $(tail -n 1 <<<"$said")"

ctl n2 guest stop web1
dry 0 n1
said_has 'is stopped, and can be moved to n1: --mode cold'
ok "stopped: $(tail -n 1 <<<"$said")"
echo "PASS: what a migration would be like"
