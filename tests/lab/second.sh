# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# tests/lab/second.sh - a second network between the nodes of a lab; sourced
#
# corosync and the migrations stay on eth0 and br0, so what is done to this one
# is done to guests alone.  Its switch is the bridge sw2 of n3, which holds no
# guests here.
# shellcheck disable=SC2154 # testlib.sh has them
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/testlib.sh"

# plug NODE INTERFACE: the node has it, down; the other end, NODE-INTERFACE, is in
# the switch
plug() {
	local node switch
	node=$(cut -d' ' -f1 "$("$lab" path "$1")/pid")
	switch=$(cut -d' ' -f1 "$("$lab" path n3)/pid")
	! no_link n3 sw2 || on n3 ip link add sw2 type bridge mcast_snooping 0
	on n3 ip link set sw2 up
	# a process id of the node says nothing inside of n3
	nsenter -t "$switch" -n ip link add "$1-$2" type veth \
		peer name "$2" netns "$node"
	on n3 ip link set "$1-$2" master sw2 up
}

# bridge_by_hand NODE BRIDGE INTERFACE: as an administrator makes it
bridge_by_hand() {
	on "$1" ip link add "$2" type bridge mcast_snooping 0
	on "$1" ip link set "$3" master "$2" up
	on "$1" ip link set "$2" up
}

# link_has NODE INTERFACE PATTERN: in what ip says of it, one line
link_has() {
	on "$1" ip -o link show dev "$2" | grep -qE -e "$3"
}

# no_link NODE INTERFACE: it has none of that name
no_link() {
	! on "$1" ip link show dev "$2" >/dev/null 2>&1
}
