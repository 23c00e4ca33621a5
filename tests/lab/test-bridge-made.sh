#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-bridge-made.sh - a bridge that the cluster file describes is made
# with the guest that needs it, with the uplink of that node in it, at the start
# and by a move, and goes with it: the uplink is released, and as it was before
# shellcheck source=tests/lab/second.sh
. "$(dirname "$(readlink -f "$0")")/second.sh"

address=10.78.0.100

conf() {
	small 800M cpus=2 | sed "/^cpus = 1\$/d
		s/^bridge = br0\$/bridge = br1\\nqueues = 2/
		s/10\\.77\\.0\\.100/$address/"
	cat <<-END

	[bridge br1]
	uplink = up1
	mtu = 1400

	[uplink n2/br1]
	interface = other1
	END
}
in_lab conf

reached() {
	on n3 ping -c 1 -W 1 "$address"
}

# made NODE UPLINK: br1 is there as the cluster file says, with that in it, up
made() {
	link_has "$1" br1 '[<,]UP[,>].* mtu 1400 ' ||
		fail "br1 on $1: $(on "$1" ip -o link show)"
	link_has "$1" "$2" '[<,]UP[,>].* master br1 ' ||
		fail "$2 on $1: $(on "$1" ip -o link show)"
}

# released NODE UPLINK up|down: br1 is gone there
released() {
	local flags
	until_true "br1 is gone on $1" no_link "$1" br1
	link_has "$1" "$2" ' master ' &&
		fail "$2 is not released: $(on "$1" ip -o link show)"
	flags=down
	! link_has "$1" "$2" '[<,]UP[,>]' || flags=up
	[ "$flags" = "$3" ] || fail "$2 on $1 is $flags, and was $3 before"
}

plug n1 up1
plug n2 other1
on n2 ip link set other1 up
on n3 ip addr add 10.78.0.3/24 dev sw2

boot_on n1
made n1 up1
[ "$(on n1 sh -c 'ls -d /sys/class/net/ham*.0/queues/rx-*' | wc -l)" = 2 ] ||
	fail "not two queues: $(on n1 ip -o -d link show)"
until_true "web1 is reached" reached
ok "made on n1 by the start"

ctl n3 guest migrate web1 n2 | tail -n 1
made n2 other1
until_true "web1 is reached" reached
released n1 up1 down
writes_on n2
ok "made on n2 by the move, gone from n1, whose uplink is down again"

ctl n3 guest migrate web1 n1 | tail -n 1
made n1 up1
until_true "web1 is reached" reached
released n2 other1 up
ok "and back: n2's uplink was up before, and is"

ctl n1 guest stop web1
released n1 up1 down
records n1 web1
nothing_left
echo "PASS: a bridge is made, and goes"
