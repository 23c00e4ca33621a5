# SPDX-License-Identifier: BSD-3-Clause
# tests/net/vlan_steps.sh - in the machine of test-vlan.sh: VLANs of ports
#
# One end of a veth is the node's network card, the other the switch it is
# plugged into, where port_tool listens and hosts answer to probe_tool.  The
# last line counts.
# shellcheck shell=bash
set -u
tool=port_tool
# shellcheck source=tests/net/steps.sh
. /steps/steps.sh

mac=02:00:00:00:00:01
# "30 PVID Egress Untagged" for each VLAN of a port
vlans() { bridge -compressvlans vlan show dev "$1" | sed "1d; s/^$1//; s/^[ \t]*//; s/ *\$//"; }
has_vlans() { # PORT TEXT: lines with ";" between
	local got
	got=$(vlans "$1" | tr '\n' ';')
	[ "$got" = "$2" ] || { echo "# $1: $got"; return 1; }
}

probed() { # TEXT ORDER...: is what the last of probe_tool's answers begins with
	local want=$1
	shift
	answer=$(printf '%s\n' "$@" | probe_tool | sed -n '$p')
	[[ $answer == "$want"* ]] || { echo "# $answer"; return 1; }
}

ip link set lo up
ip link add eth0 type veth peer name switch0
ip link set switch0 up
must listen switch0

# --- a bridge that hamd makes
must open tap0 br0 $mac 0 make 192.0.2.1 uplink=eth0 filter vlan=30
check "the port is in its VLAN alone" \
	has_vlans tap0 "30 PVID Egress Untagged;"
check "the uplink passes it tagged, and the first untagged" \
	has_vlans eth0 "1 PVID Egress Untagged;30;"
check "and the bridge itself, by which the guest is looked for" \
	has_vlans br0 "1 PVID Egress Untagged;30;"
must up
must announce
must frame
check "RARP leaves in the port's VLAN" said "ok vlan=30 ffffffffffff*8035*"
must frame
check "and so does ARP" said "ok vlan=30 ffffffffffff*0806*"
must hold
must close
must adopt tap0 br0 $mac 0 make 192.0.2.1 uplink=eth0 filter vlan=30
must announce
must frame
check "an adopted port announces in its VLAN, too" \
	said "ok vlan=30 ffffffffffff*8035*"
must frame
must open tap1 br0 02:00:00:00:00:02 0 make - uplink=eth0 filter vlan=40
check "the uplink gets the VLAN of each port that comes" \
	has_vlans eth0 "1 PVID Egress Untagged;30;40;"
must close
must release
must close
check "the bridge goes" gone br0

# --- what an earlier process has left
ip link add br0 type bridge
ip link set br0 alias hamd up
must open tap0 br0 $mac 0 make - uplink=eth0 filter vlan=30
check "a bridge that was not made to filter any more is" \
	has_vlans tap0 "30 PVID Egress Untagged;"
must close

# --- the bridge's own VLAN
must open tap0 br0 $mac 0 make - uplink=eth0 filter vlan=1
check "a port may be in the VLAN that is the bridge's own" \
	has_vlans tap0 "1 PVID Egress Untagged;"
check "which stays that" has_vlans br0 "1 PVID Egress Untagged;"
must close

# --- a trunk
must open tap0 br0 $mac 0 make - uplink=eth0 filter trunk=10 trunk=20 trunk=21
check "a trunk is in its VLANs, tagged" has_vlans tap0 "10;20-21;"
must up
must announce
for vlan in 10 20 21; do
	must frame
	check "RARP leaves in VLAN $vlan" said "ok vlan=$vlan *8035*"
done
must close
must open tap0 br0 $mac 0 make - uplink=eth0 filter vlan=7 trunk=10
check "a trunk with a VLAN of its own" \
	has_vlans tap0 "7 PVID Egress Untagged;10;"
must close

# --- no VLAN on a bridge that filters
must open tap0 br0 $mac 0 make - uplink=eth0 filter
check "a port without a VLAN is in the bridge's first" \
	has_vlans tap0 "1 PVID Egress Untagged;"
must up
must announce
must frame
check "and leaves untagged" said "ok ffffffffffff*"
must close

# --- what was found
ip link add plain type bridge
ip link set plain up
check "a bridge that does not filter is refused" \
	refused "bridge 'plain' does not filter by VLAN: a port in one" \
	open tap0 plain $mac 0 keep - vlan=30
check "also where its section says that it does" \
	refused "and the configuration says that it does" \
	open tap0 plain $mac 0 keep - filter
ip link add found type bridge vlan_filtering 1
ip link set eth0 up
ip link set eth0 master found
ip link set found up
check "an uplink that is not in the VLAN is refused, by its number" \
	refused "uplink 'eth0' of bridge 'found' is not in VLAN 30" \
	open tap0 found $mac 0 keep - uplink=eth0 vlan=30
bridge vlan add dev eth0 vid 30
must open tap0 found $mac 0 keep - uplink=eth0 vlan=30
check "one that is in it is left as it is" \
	has_vlans eth0 "1 PVID Egress Untagged;30;"
ask facts found eth0 30
check "it leads out in that VLAN" said "ok 1500:1:0"
ask facts found eth0 31
check "and not in another" said "ok 1500:0:0"
must close

# --- asking in a VLAN: in VLAN 30 is the host 192.0.2.30, in VLAN 40 192.0.2.40
for vlan in 30 40; do
	ip link add link switch0 name sw$vlan address 02:00:00:00:00:$vlan \
		type vlan id $vlan
	ip link set sw$vlan up
	ip address add 192.0.2.$vlan/32 dev sw$vlan
	ip address add 2001:db8::$vlan/128 dev sw$vlan nodad
	bridge vlan add dev eth0 vid $vlan
	# each answers for what is its own alone
	echo 1 >/proc/sys/net/ipv4/conf/sw$vlan/arp_ignore
done
check "a VLAN that the bridge itself is not in is refused" \
	probed "error bridge 'found' itself is not in VLAN 30" \
	"open found 30 any 192.0.2.30"
bridge vlan add dev found vid 30 self
bridge vlan add dev found vid 40 self
check "ARP is asked and answered in a VLAN" probed "ok 192.0.2.30" \
	"open found 30 any 192.0.2.30" await
check "a neighbour solicitation is, too" probed "ok 2001:db8::30" \
	"open found 30 02:00:00:00:00:30 2001:db8::30" await
check "the bridge knows the host in that VLAN" probed "ok eth0" \
	"where found 30 02:00:00:00:00:30"
nowhere() { probed ok "$1" && [ "$answer" = ok ]; }
check "and not in another" nowhere "where found 40 02:00:00:00:00:30"
check "without a VLAN it looks in any" probed "ok eth0" \
	"where found 0 02:00:00:00:00:30"
# the second prober hears VLAN 40 when the first has had its chance to
check "an answer in another VLAN is none" probed "ok -" \
	"open found 30 any 192.0.2.40,2001:db8::40" ask other \
	"open found 40 any 2001:db8::40" await other hear
ip address add 192.0.2.50/32 dev switch0
check "on the bridge's own VLAN hosts answer untagged" \
	probed "ok 192.0.2.50" "open found 0 any 192.0.2.50" await
check "by its number as well" \
	probed "ok 192.0.2.50" "open found 1 any 192.0.2.50" await
bridge vlan del dev found vid 1 self
check "without one of its own nobody is asked untagged" \
	probed "error bridge 'found' itself has no VLAN for what is untagged" \
	"open found 0 any 192.0.2.50"
for vlan in 30 40; do ip link del sw$vlan; done
ip address flush dev switch0
must rest # of what was asked, so that there is room for what comes

# --- a VLAN interface as the uplink
ip link set eth0 nomaster
ip link add link eth0 name eth0.5 type vlan id 5
must open tap0 br0 $mac 0 make - uplink=eth0.5
must up
must announce
must frame
check "an uplink may be a VLAN of a card" said "ok vlan=5 *8035*"
must close
check "it is free again" bash -c "! ip link show dev eth0.5 | grep -q master"

echo "VLANs: $checks checks, $failures failed"
