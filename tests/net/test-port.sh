#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/net/test-port.sh [BUILD_DIR] - a guest's port on a real bridge
#
# In a network namespace of its own, which dies with it: nothing of the
# machine's network is touched.  Needs uid 0 (exit 77 without), iproute2 and
# the built port_tool.  One check a line; exit 1 if one failed.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
tool=$(realpath "${1:-${HAM_BUILD:-$top}}")/tests/net/port_tool
self=$(realpath "$0")
if [ "$(id -u)" != 0 ]; then
	echo "test-port.sh: needs uid 0 for a namespace and a tap"
	exit 77
fi
[ -x "$tool" ] || { echo "test-port.sh: $tool is not built"; exit 1; }
if [ -z "${HAM_IN_NS:-}" ]; then
	HAM_IN_NS=1 exec unshare --net -- "$self" "$@"
fi

# shellcheck source=tests/net/steps.sh
. "$top/tests/net/steps.sh"

mac=02:00:00:00:00:01
rarp=ffffffffffff02000000000180350001080006040003020000000001000000000200
rarp=${rarp}0000000100000000
garp=ffffffffffff020000000001080600010800060400010200000000 # then the rest
na_start=33330000000102000000000186dd60000000

# the other bridge port is a veth with a listener behind it
ip link set lo up
ip link add br0 type bridge
ip link add v0 mtu 9000 address 02:00:00:00:ff:00 type veth peer name v1 \
	mtu 9000
ip link set v0 master br0
ip link set br0 up
ip link set v0 up
ip link set v1 up
must listen v1

# --- what is refused, and that it leaves nothing
check "a missing bridge is refused before anything is made" \
	refused "bridge 'nobr' does not exist" \
	check tap0 nobr $mac 0 keep -
check "opening on a missing bridge is refused" \
	refused "bridge 'nobr' does not exist" open tap0 nobr $mac 0 keep -
check "and leaves no tap" gone tap0
check "a link that is no bridge is refused" \
	refused "'v1' is not a bridge" check tap0 v1 $mac 0 keep -
check "an MTU above the bridge's is refused with both figures" \
	refused "MTU of 9000, the port needs 9001" \
	open tap0 br0 $mac 9001 keep -
check "an address that is none is refused" \
	refused "'10.0.0' is neither" check tap0 br0 $mac 0 keep 10.0.0
check "a tap name with a path in it is refused" \
	refused "no name for a tap" open ../eth0 br0 $mac 0 keep -
ip link add idle type bridge
check "a bridge that is down is refused" \
	refused "bridge 'idle' is down" check tap0 idle $mac 0 keep -
ip link del idle
ask check tap0 newbr $mac 0 make -
check "a missing bridge that may be made passes the check" said ok
check "which makes nothing" gone newbr

# --- from down and silent to announced
# the guest's address was last seen behind the veth, as before a migration
python3 -c '
import socket
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("v1", 0))
s.send(bytes.fromhex("ffffffffffff" "'${mac//:/}'" "88b5") + bytes(46))'
seen_before() {
	local end=$((SECONDS + 10))
	until learned_on $mac v0; do
		[ $SECONDS -lt $end ] || return 1
	done
}
check "the bridge knows the guest's address behind another port" seen_before

bridge_address=$(address br0)
must open tap0 br0 $mac 1400 keep 192.0.2.10,2001:db8::10
check "the tap is made down" is_down tap0
enslaved() { link tap0 | grep -q 'master br0'; }
check "and enslaved" enslaved
check "the tap has the bridge's MTU" [ "$(mtu tap0)" = 9000 ]
check "and the bridge keeps its own" [ "$(mtu br0)" = 9000 ]
check "the bridge keeps its address" [ "$(address br0)" = "$bridge_address" ]
check "the tap has an address of its own" \
	[ "$(address tap0)" = fe:00:00:00:00:01 ]
check "IPv6 is off on the tap" \
	[ "$(cat /proc/sys/net/ipv6/conf/tap0/disable_ipv6)" = 1 ]
check "a name in use is refused" \
	refused "cannot make tap 'tap0'" open tap0 br0 $mac 0 keep -

ip tuntap add kept mode tap vnet_hdr
check "so is that of an idle tap somebody made persistent" \
	refused "cannot make tap 'kept'" open kept br0 $mac 0 keep -

must hold
must header 12
check "nothing is announced while it is down" \
	refused "it is down" announce
check "the address stays where it was" learned_on $mac v0

must frames
check "nothing has left by it" said "ok 0"
must up
check "up is up" is_up tap0
multicast_kept() { [[ $(flags tap0) == *,MULTICAST,* ]]; }
check "and no other flag has changed" multicast_kept
must announce
check "three announcements are sent" said "ok 3*"
ask frame
check "the first frame ever to leave is the RARP" said "ok $rarp*"
ask frame
check "then the ARP" said "ok $garp*"
ask frame
check "then the neighbour advertisement" said "ok $na_start*"
ask rest
check "and nothing else" said "ok 0"
must frames
check "the kernel has counted them, and none the other way" said "ok 3"
check "the bridge has learned the address on the tap" learned_on $mac tap0
check "and forgotten the other port" eval "! learned_on $mac v0"

must also 192.0.2.11,192.0.2.10,2001:db8::11
must announce
check "addresses that it was seen using come with the others" said "ok 5*"
ask frame
ask frame
check "those of the configuration first" said "ok ${garp}01c000020a*"
ask frame
ask frame
learnt=${garp}01c000020b000000000000c000020b
check "then each other that is not among them" said "ok $learnt*"
ask frame
check "of both families" \
	said "ok $na_start*20010db8000000000000000000000011*"
ask rest
check "and no more" said "ok 0"
check "what is no address is refused" refused "'10.0.0' is neither" \
	also 192.0.2.12,10.0.0
must announce
check "and changes nothing" said "ok 5*"
for _ in 1 2 3 4 5; do ask frame; done
must also -
must announce
check "none is announced when there are none" said "ok 3*"
for _ in 1 2 3; do ask frame; done

must down
check "down is down" is_down tap0
check "nothing is announced any more" refused "it is down" announce
must up
must announce
ask frame
check "a port that comes back is heard at once" said "ok $rarp*"
ask frame
ask frame

# --- a port that an earlier hamd made
must close
check "the tap lives as long as somebody holds it" is_up tap0
must adopt tap0 br0 $mac 0 keep 192.0.2.10
must announce
ask frame
check "an adopted port announces by the bridge" said "ok $rarp*"
ask frame
check "all of it" said "ok $garp*"
must down
check "an adopted port that is down does not announce" \
	refused "it is down" announce
must delete
check "delete removes the tap that another still holds" gone tap0
check "frames of a tap that is gone are not known" \
	refused "it is gone" frames
must delete
check "and is content when it is gone" said ok
must down
check "a tap that is gone is down" said ok
check "and cannot come up" refused "cannot take interface 'tap0' up" up
must close
must release
check "a tap that is not there cannot be adopted" \
	refused "there is no tap 'tap0'" adopt tap0 br0 $mac 0 keep -
must open tap0 br0 $mac 0 keep -
must hold
must close
must stale tap0
check "a tap left behind is removed by name" gone tap0
must release
must stale tap0
check "which may be repeated" said ok
check "but only a tap is" refused "'v0' is not a tap" stale v0
ip link add other type bridge
ip link set other up
must open tap0 other $mac 0 make -
must close
check "the tap goes with its last descriptor" gone tap0
check "a bridge that hamd did not make stays, if empty" eval '! gone other'

# --- a bridge of hamd's own
must open tap1 newbr 02:00:00:00:00:02 9000 make -
check "a missing bridge is made and is up" is_up newbr
check "with the MTU of the port" [ "$(mtu newbr)" = 9000 ]
marked() { [ "$(ip -o link show dev newbr | sed 's/.*alias //')" = hamd ]; }
check "and marked" marked
check "and an address that is no port's" \
	[ "$(address newbr)" != "$(address tap1)" ]
made_address=$(address newbr)
must open tap2 newbr 02:00:00:00:00:03 1500 make -
must close
check "it stays while a port is on it" eval '! gone newbr'
check "with the address it had" [ "$(address newbr)" = "$made_address" ]
must close
check "and goes with the last" gone newbr
must open tap1 newbr 02:00:00:00:00:02 0 make -
must hold
must close
check "it stays for a guest that runs on" eval '! gone newbr'
must adopt tap1 newbr 02:00:00:00:00:02 0 make -
must release
must close
check "and a later process removes it" gone newbr

# --- when its last frame left
must open tap0 br0 $mac 0 keep 192.0.2.7
must up
must tail tap0
must stopping
check "of a silent port there is no last frame" \
	refused "nothing, or too much" last
must untail
must tail tap0
must announce
must stopping
ask last
check "of one that spoke before the stop there is" said "ok [0-9]*"
check "just now, by the clock of all other times" \
	eval '[ "${answer#ok }" -lt 5000000 ]'
check "what was read is read" refused "nothing, or too much" last
must untail
must tail tap0
for _ in $(seq 5001); do
	must announce
done
must stopping
check "too many frames before the stop are not read" \
	refused "nothing, or too much" last
must untail
must tail tap0
for _ in $(seq 5001); do
	must announce
done
must stopping
must announce
ask last
check "and not looked at if one came after it" said "ok [0-9]*"
must untail
must tail tap0
must announce
must stopping
for _ in $(seq 5001); do
	must announce
done
check "too many after it leave nothing to tell" \
	refused "nothing, or too much" last
must untail
must tail tap0
must stopping
for _ in $(seq 200); do
	must announce
	must down
	must up
done
ask last
check "it is the last of many" said "ok [0-9]*"
must untail
check "there is none of what is no tap" refused "cannot listen on tap 'v0'" \
	tail v0
must close

echo "1..$checks"
[ $failures = 0 ] || { echo "$failures of $checks failed"; exit 1; }
