#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/net/test-bridge.sh [BUILD_DIR] - bridges that hamd makes, and uplinks
#
# In a network namespace of its own, where one end of a veth is the node's
# network card and the other the switch it is plugged into.  Needs uid 0 (exit
# 77 without), iproute2 and the built port_tool.  VLANs are in test-vlan.sh: not
# every kernel can filter by them.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
tool=$(realpath "${1:-${HAM_BUILD:-$top}}")/tests/net/port_tool
self=$(realpath "$0")
if [ "$(id -u)" != 0 ]; then
	echo "test-bridge.sh: needs uid 0 for a namespace and a tap"
	exit 77
fi
[ -x "$tool" ] || { echo "test-bridge.sh: $tool is not built"; exit 1; }
if [ -z "${HAM_IN_NS:-}" ]; then
	HAM_IN_NS=1 exec unshare --net -- "$self" "$@"
fi
# shellcheck source=tests/net/steps.sh
. "$top/tests/net/steps.sh"

mac=02:00:00:00:00:01
master() { ip -o link show dev "$1" | sed -n 's/.* master \([^ ]*\) .*/\1/p'; }
is_in() { [ "$(master "$1")" = "$2" ]; }
is_free() { [ -z "$(master "$1")" ]; }

ip link set lo up
ip link add eth0 mtu 9000 type veth peer name switch0 mtu 9000
ip link set switch0 up
ip link add eth1 mtu 9000 type veth peer name switch1

# --- what is refused, and that it leaves nothing
check "an uplink that is not there is refused" \
	refused "no uplink 'eth7' for bridge 'br0'" \
	open tap0 br0 $mac 0 make - uplink=eth7
check "and leaves no bridge" gone br0
check "an uplink of a smaller MTU is refused with both figures" \
	refused "'eth0' has an MTU of 9000, bridge 'br0' needs 9001" \
	open tap0 br0 $mac 0 make - uplink=eth0 bridge_mtu=9001
ip address add 192.0.2.1/24 dev eth0
check "an uplink with an address of its own is refused, by that address" \
	refused "'eth0' has an address of its own (192.0.2.1)" \
	open tap0 br0 $mac 0 make - uplink=eth0
ip address flush dev eth0
ip address add 2001:db8::1/64 dev eth0 nodad
check "an IPv6 address counts" refused "(2001:db8::1)" \
	open tap0 br0 $mac 0 make - uplink=eth0
ip address flush dev eth0
ip link add other type bridge
ip link set eth0 master other
check "an uplink that is in another bridge is refused" \
	refused "'eth0' is in 'other', not in bridge 'br0'" \
	open tap0 br0 $mac 0 make - uplink=eth0
ip link set eth0 nomaster
ip link set other up
ip link set other alias "hamd guests"
must open tap0 other $mac 0 keep -
must close
check "a bridge with an alias that only begins like hamd's is not hamd's" \
	is_up other
check "a bridge is no uplink" refused "it is a bridge" \
	open tap0 br0 $mac 0 make - uplink=other
check "a found bridge is not given an uplink" \
	refused "'eth0' is not in bridge 'other', which hamd did not make" \
	open tap0 other $mac 0 keep - uplink=eth0
check "and the card is as it was" is_free eth0
check "nor is it brought up" is_down eth0

# --- made, and taken down again
must open tap0 br0 $mac 0 make - uplink=eth0 bridge_mtu=8000
check "the card is in the bridge" is_in eth0 br0
check "and up" is_up eth0
check "and speaks no IPv6 of its own" \
	[ "$(cat /proc/sys/net/ipv6/conf/br0/disable_ipv6)" = 1 ]
check "the bridge has the MTU of its section" [ "$(mtu br0)" = 8000 ]
check "so has the tap" [ "$(mtu tap0)" = 8000 ]
ask facts br0 eth0
check "the card leads out" said "ok 8000:1:0"
check "another uplink than the one it has is refused: two are a loop" \
	refused "bridge 'br0' has 'eth0' as its uplink, by an earlier" \
	open tap1 br0 02:00:00:00:00:02 0 make - uplink=eth1
check "and is not in the bridge" is_free eth1
must open tap1 br0 02:00:00:00:00:02 0 make - uplink=eth0 bridge_mtu=8000
check "a second port finds the bridge as it needs it" is_in tap1 br0
must close
check "the bridge stays while a port is on it" is_in eth0 br0
must close
check "it goes with the last port" gone br0
check "the card is free" is_free eth0
check "and down, as it was found" is_down eth0
ip link set eth0 up
must open tap0 br0 $mac 0 make - uplink=eth0
must close
check "one that was found up stays up" is_up eth0
ip link set eth0 down
must open tap0 br0 $mac 0 make -
check "a bridge without an uplink may be made" is_free eth0
must open tap1 br0 02:00:00:00:00:02 0 make - uplink=eth0
check "and be given one by a later configuration" is_in eth0 br0
must close
must close
check "it goes all the same" gone br0
check "and the card is free and down, as it was found" is_down eth0

# --- what an earlier process has left
must open tap0 br0 $mac 0 make - uplink=eth0
must hold
must close
must tidy br0
check "a bridge that a port is on is not tidied away" is_in eth0 br0
must release
check "the last port went by itself, and left the bridge" is_in eth0 br0
must tidy br0
check "it is tidied away" gone br0
check "and its card free" is_free eth0
ip link add br0 type bridge
ip link set br0 alias "hamd eth0 down" up
ip link set eth0 master br0
must open tap0 br0 $mac 0 make - uplink=eth0
check "an uplink that was not brought up any more is" is_up eth0
must close
check "and is as it was found in the end" is_down eth0
ip link add br0 type bridge
must tidy br0
check "a bridge that is not hamd's is not tidied away" is_down br0
ip link del br0

# --- what was found is left alone
ip link set eth0 up
ip link set eth0 master other
ip link set other mtu 1500
must open tap0 other $mac 0 keep - uplink=eth0
ask facts other eth0
check "a found bridge leads out by its uplink" said "ok 1500:1:0"
ask facts other -
check "a veth that no configuration names leads to a container" \
	said "ok 1500:0:0"
ip link set switch0 down
ask facts other eth0
check "an uplink does not lead out without a carrier" said "ok 1500:0:0"
ip link set switch0 up
must close
check "the found bridge stays" is_up other
check "with its card" is_in eth0 other
ip link set eth0 down
check "a card of a found bridge that is down is refused" \
	refused "uplink 'eth0' of bridge 'other' is down" \
	check tap0 other $mac 0 keep - uplink=eth0

# --- queues
must open tap0 br0 $mac 0 make - queues=4
check "a tap of several queues" \
	bash -c "ip -d link show dev tap0 | grep -q multi_queue"
must up
must announce
check "is announced by its first" said "ok 1"
must close
check "and goes with its descriptors" gone tap0
check "too many queues are refused" refused "17 queues" \
	open tap0 br0 $mac 0 make - queues=17

echo "1..$checks"
[ $failures = 0 ] || { echo "$failures of $checks failed"; exit 1; }
