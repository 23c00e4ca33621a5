#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/net/test-learn.sh [BUILD_DIR] - what a guest's tap teaches of addresses
#
# In a network namespace of its own, which dies with it: nothing of the
# machine's network is touched.  The guest is whoever writes into the tap; the
# rest of the world is behind a veth on the same bridge.  Needs uid 0 (exit 77
# without), iproute2 and the built learn_tool.  One check a line; exit 1 if one
# failed.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
tool=$(realpath "${1:-${HAM_BUILD:-$top}}")/tests/net/learn_tool
self=$(realpath "$0")
if [ "$(id -u)" != 0 ]; then
	echo "test-learn.sh: needs uid 0 for a namespace and a tap"
	exit 77
fi
[ -x "$tool" ] || { echo "test-learn.sh: $tool is not built"; exit 1; }
if [ -z "${HAM_IN_NS:-}" ]; then
	HAM_IN_NS=1 exec unshare --net -- "$self" "$@"
fi

# shellcheck source=tests/net/steps.sh
. "$top/tests/net/steps.sh"
good() { # ORDER...
	ask "$@"
	[[ $answer == ok* ]] || { echo "# $answer"; return 1; }
}
lists() { # "ADDRESS..."
	ask list
	[ "$answer" = "${1:+ok $1}" ] || [ "$answer" = "ok $1" ] ||
		{ echo "# $answer"; return 1; }
}

# --- frames, in hexadecimal
guest=02:00:00:00:00:01
stranger=02:00:00:00:00:99
everybody=ffffffffffff
v6=20010db8000000000000000000000010 # 2001:db8::10
hex() { # MAC or IPv4
	case $1 in
	*:*) printf %s "${1//:/}" ;;
	*) printf '%02x' ${1//./ } ;;
	esac
}
arp() { # MAC OP SENDER TARGET [VLAN-TAG]
	local mac
	mac=$(hex "$1")
	printf '%s%02x' "$everybody$mac${5:-}080600010800060400" "$2"
	printf %s "$mac$(hex "$3")000000000000$(hex "$4")"
}
nd() { # MAC TYPE FLAGS SOURCE TARGET
	printf %s "333300000001$(hex "$1")86dd6000000000183aff$4"
	printf %s "20010db8000000000000000000000001${2}000000${3}000000$5"
}
dhcp_ack() { # MAC YIADDR; a bridge may look at the header's checksum, 77dd
	local names
	names=$(printf '%0404d' 0)
	printf %s "$everybody$(hex $stranger)08004500010f00004000401177"
	printf %s "ddc0000201ffffffff0043004400fb0000"
	printf %s "020106000102030400000000""00000000$(hex "$2")"
	printf %s "0000000000000000$(hex "$1")$names""63825363350105"
}

# the other bridge port is a veth with the world behind it
ip link set lo up
ip link add br0 type bridge
ip link add v0 type veth peer name v1
ip link set v0 master br0
ip link set br0 up
ip link set v0 up
ip link set v1 up

# --- what is refused
check "a tap that is not there is refused" \
	refused "there is no tap 'tap0'" open tap0 $guest
check "so is what is no tap" refused "not a tap: 'v0'" open v0 $guest

# --- from the first word on
must tap tap0 br0 $guest
check "a learner opens while the tap is down" good open tap0 $guest
check "and hears nothing" good drain
check "which is no frame" [ "$answer" = "ok 0" ]
must up
must say "$(arp $guest 1 192.0.2.10 192.0.2.1)"
check "the guest's first ARP teaches its address" good await 192.0.2.10
must say "$(arp $guest 2 192.0.2.11 192.0.2.1)"
check "so does an answer" good await 192.0.2.11
must wire v1 "$(dhcp_ack $guest 192.0.2.12)"
check "so does what a DHCP server gave it" good await 192.0.2.12
must say "$(nd $guest 87 00 $v6 20010db8000000000000000000000001)"
must drain
check "an IPv6 address is kept back while it may be a router's" \
	lists "192.0.2.12 192.0.2.11 192.0.2.10"
must say "$(nd $guest 88 60 $v6 $v6)"
check "and listed when the guest says that it is none" \
	good await 2001:db8::10
check "all are listed, the newest first" \
	lists "2001:db8::10 192.0.2.12 192.0.2.11 192.0.2.10"

# --- what the filter keeps out: of all these only the last is looked at
must drain
must say "$(arp $stranger 1 192.0.2.20 192.0.2.1)"
must say "$(arp $guest 1 192.0.2.21 192.0.2.1 81000005)"
must say "$(nd $guest 86 00 $v6 $v6)"
must say "$(dhcp_ack $guest 192.0.2.22)"
must say "$(arp $guest 1 192.0.2.30 192.0.2.1)"
check "of the guest's noise, with a VLAN tag or another MAC, none is shown" \
	good await 192.0.2.30
check "but the one that counts" [ "$answer" = "ok 1" ]
must wire v1 "$(arp $stranger 1 192.0.2.40 192.0.2.10)"
must wire v1 "$(arp $stranger 1 0.0.0.0 192.0.2.10)"
must wire v1 "$(arp $stranger 1 192.0.2.10 192.0.2.10 81000005)"
must wire v1 "$(nd $stranger 87 00 20010db8000000000000000000000099 $v6)"
must wire v1 "$(dhcp_ack $guest 192.0.2.41 | sed 's/00430044/00350044/')"
must wire v1 "$(dhcp_ack $guest 192.0.2.31)"
check "of the world's noise none is shown" good await 192.0.2.31
check "but the one that counts" [ "$answer" = "ok 1" ]
check "and nothing was learnt or lost by it" lists \
	"192.0.2.31 192.0.2.30 2001:db8::10 192.0.2.12 192.0.2.11 192.0.2.10"

# --- what another MAC claims
must wire v1 "$(arp $stranger 1 192.0.2.10 192.0.2.10)"
check "an address that another announces is lost" good lose 192.0.2.10
must wire v1 "$(arp $stranger 1 192.0.2.11 192.0.2.1)"
check "so is one that another merely uses" good lose 192.0.2.11
must wire v1 "$(arp $stranger 2 192.0.2.12 192.0.2.30)"
check "or answers for" good lose 192.0.2.12
must wire v1 "$(nd $stranger 88 20 $v6 $v6)"
check "or has in IPv6" good lose 2001:db8::10
check "and the others stay" lists "192.0.2.31 192.0.2.30"

# --- a port that goes down and comes back, as in a migration that failed
must down
check "of a tap that is down nothing comes" good drain
check "which is no frame" [ "$answer" = "ok 0" ]
must up
must say "$(arp $guest 1 192.0.2.50 192.0.2.1)"
check "when it is back the guest is heard" good await 192.0.2.50
must down
must up
must say "$(arp $guest 1 192.0.2.50 192.0.2.1)"
must drain
check "and behind the news that it was down" [ "$answer" = "ok 1" ]

# --- the other node
must export
exported=${answer#ok }
must other
must open tap0 $guest
check "an export is taken" good import "$exported"
check "and means the same there" lists "192.0.2.50 192.0.2.31 192.0.2.30"
must wire v1 "$(arp $stranger 1 192.0.2.31 192.0.2.1)"
check "what was imported can be claimed at once" good lose 192.0.2.31
check "an export for another guest is refused" \
	refused "not this one's" import "${exported/020000000001/020000000002}"
check "and changes nothing" lists "192.0.2.50 192.0.2.30"
must free
must other
check "the first has heard the claim as well" good lose 192.0.2.31

# --- a storm
must storm $guest 5000
ask drain
seen=${answer#ok }
within() { [ "$seen" -gt 0 ] && [ "$seen" -le 256 ]; }
check "of a storm no more than a buffer's worth is looked at" within
drained() {
	until [ "$seen" -gt 5000 ]; do
		ask drain
		[ "$answer" != "ok 0" ] || return 0
		seen=$((seen + ${answer#ok }))
	done
	return 1
}
check "the rest is soon over" drained
check "because most was dropped: $seen of 5000" [ "$seen" -lt 2000 ]
must say "$(arp $guest 1 192.0.2.60 192.0.2.1)"
check "and the guest is heard as before" good await 192.0.2.60

# --- the port of an earlier hamd
must free
must close
must adopt tap0 br0 $guest
check "a learner opens on a tap that others hold" good open tap0 $guest
must say "$(nd $guest 86 00 $v6 $v6)"
must say "$(arp $guest 1 192.0.2.70 192.0.2.1)"
check "and hears the guest" good await 192.0.2.70
check "by its filter from the first frame on" [ "$answer" = "ok 1" ]
must wire v1 "$(arp $stranger 1 192.0.2.70 192.0.2.70)"
check "and the world" good lose 192.0.2.70
must say "$(arp $guest 1 192.0.2.71 192.0.2.1)"
must await 192.0.2.71
must delete
check "of a tap that is gone nothing comes" good drain
check "which is no frame" [ "$answer" = "ok 0" ]
check "and what was known stays" lists 192.0.2.71
must free

echo "1..$checks"
[ $failures = 0 ] || { echo "$failures of $checks failed"; exit 1; }
