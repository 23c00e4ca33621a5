#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/net/test-probe.sh [BUILD_DIR] - asking the network whether it sees a host
#
# In a network namespace of its own with the bridge, and a second one with a
# host that answers as the kernel does.  Both die with the test: nothing of the
# machine's network is touched.  Needs uid 0 (exit 77 without), iproute2 and the
# built probe_tool.  One check a line; exit 1 if one failed.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
tool=$(realpath "${1:-${HAM_BUILD:-$top}}")/tests/net/probe_tool
self=$(realpath "$0")
if [ "$(id -u)" != 0 ]; then
	echo "test-probe.sh: needs uid 0 for namespaces and a tap"
	exit 77
fi
[ -x "$tool" ] || { echo "test-probe.sh: $tool is not built"; exit 1; }
if [ -z "${HAM_IN_NS:-}" ]; then
	HAM_IN_NS=1 exec unshare --net -- "$self" "$@"
fi

# shellcheck source=tests/net/steps.sh
. "$top/tests/net/steps.sh"

host=02:00:00:00:00:10 # has 192.0.2.10 and 2001:db8::10
guest=02:00:00:00:00:01
stranger=02:00:00:00:00:99

unshare --net -- sleep 600 &
outside=$!
trap 'kill $outside' EXIT
there() { nsenter --net="/proc/$outside/ns/net" -- "$@"; }
net_of() { readlink "/proc/$1/ns/net"; }
end=$((SECONDS + 10))
until [ "$(net_of $outside)" != "$(net_of $$)" ]; do
	[ $SECONDS -lt $end ] || { echo "not ok - no second namespace"; exit 1; }
done

# a frame that says nothing but its sender's MAC
frame() { printf 'ffffffffffff%s88b5%092d' "${1//:/}" 0; }
arp() { # MAC SENDER TARGET, both in hexadecimal: a request
	local mac=${1//:/}
	printf 'ffffffffffff%s08060001080006040001%s' "$mac" "$mac"
	printf '%s000000000000%s' "$2" "$3"
}
where() { # BRIDGE MAC TEXT: comes to be told there
	local end=$((SECONDS + 10))
	until ask where "$1" 0 "$2"; [ "$answer" = "ok${3:+ $3}" ]; do
		[ $SECONDS -lt $end ] || { echo "# $answer"; return 1; }
	done
}
told() { # TEXT ORDER...
	local want=$1
	shift
	ask "$@"
	[ "$answer" = "$want" ] || { echo "# $answer"; return 1; }
}

ip link set lo up
ip link add br0 type bridge
ip link add v0 type veth peer name v1
ip link add w0 type veth peer name w1
ip link set v1 address $host netns $outside
for port in v0 w0; do
	ip link set $port master br0
	ip link set $port up
done
ip link set w1 up
there ip link set v1 up
there ip address add 192.0.2.10/24 dev v1
there ip address add 2001:db8::10/64 dev v1 nodad

# --- what is refused
check "a bridge that is not there is refused" \
	refused "there is no bridge 'nobr'" open nobr 0 any 192.0.2.10
check "so is what is no bridge" \
	refused "'v0' is not a bridge" open v0 0 any 192.0.2.10
check "so is an address that no host has" \
	refused "cannot ask for '224.0.0.1'" open br0 0 any 192.0.2.10,224.0.0.1
check "so is a VLAN on a bridge that has none" \
	refused "bridge 'br0' does not filter by VLAN" \
	open br0 30 any 192.0.2.10
must open br0 0 $host 192.0.2.10,2001:db8::10
check "without an address of its own a guest is asked for IPv6 alone" \
	refused "asked 0 of 2 questions by bridge 'br0': Network is down" ask
ip link set br0 up
check "which is sent" told "ok 1" ask
ip link set br0 down
must free
ip address add 192.0.2.1/24 dev br0
must open br0 0 $host 192.0.2.10
check "nothing can be asked by a bridge that is down" \
	refused "asked 0 of 1 questions by bridge 'br0': Network is down" ask
ip link set br0 up
check "when it is up all is asked" told "ok 1" ask

# --- who answers
check "ARP is answered" told "ok 192.0.2.10" await
check "and stays answered" told "ok 192.0.2.10" hear
must free
must open br0 0 $host 2001:db8::10
check "a neighbour solicitation is answered" told "ok 2001:db8::10" await
must free
must open br0 0 any 192.0.2.10
check "anyone may answer" told "ok 192.0.2.10" await
must free
must open br0 0 $host 192.0.2.99,192.0.2.10,2001:db8::99
check "one of several addresses is enough" told "ok 192.0.2.10" await
must free

must open br0 0 any 192.0.2.99,2001:db8::99
check "nothing is asked before it is told to" told "ok -" hear
must other
must open br0 0 any 2001:db8::10
must other
check "addresses that nobody has are asked for" told "ok 2" ask
must other
check "and when a later question has its answer" told "ok 2001:db8::10" await
must other
check "they have none" told "ok -" hear
must free
must other
must free

must open br0 0 $guest 192.0.2.10,2001:db8::10
check "another MAC than the one asked for is told" \
	told "ok 192.0.2.10 is at $host" await_stranger
check "and answers nothing" told "ok -" hear
must free

# --- a bridge that goes down, and away
must open br0 0 $host 192.0.2.10
ip link set br0 down
ip link set br0 up
check "a bridge that was down is asked by as before" told "ok 1" ask
check "and heard" told "ok 192.0.2.10" await
must free
must open br0 0 any 192.0.2.10
ip link set br0 down
ip link set br0 up
must other
must open br0 0 any 192.0.2.10
must await
must free
must other
check "behind the news that it was down, at once" told "ok 192.0.2.10" hear
must free
ip link add other type bridge
ip link set other up
must open other 0 any 192.0.2.10
ip link del other
check "by a bridge that is gone nothing is asked" \
	refused "cannot ask by bridge 'other': it is gone" ask
check "or heard" told "ok -" hear
must free

# --- what this node says itself
must tap tap0 br0 $guest 192.0.2.1
must adopt tap0 br0 $guest 192.0.2.1
must open br0 0 $guest 192.0.2.1
must announce
check "an announcement that goes out by the bridge" told "ok -" hear
must wire w1 "$(arp $stranger c0000201 c0000202)"
check "is not heard" told "ok 192.0.2.1 is at $stranger" await_stranger
check "when what comes behind it is" told "ok -" hear
must close
must announce
check "what comes by a tap is" told "ok 192.0.2.1" await
must free
must close

# --- by which port
check "the port of who has answered is known" where br0 $host v0
check "an address that was never seen is not" where br0 02:00:00:00:00:77 ""
check "nor is the bridge's own" where br0 "$(address br0)" ""
must wire w1 "$(frame $guest)"
check "a host that speaks is known" where br0 $guest w0
must tap tap0 br0 $guest
check "a host that moves is, by its new port: a tap" \
	where br0 $guest "tap0 tap"
must wire w1 "$(frame $guest)"
check "and when it moves back" where br0 $guest w0
must announce
check "and again" where br0 $guest "tap0 tap"
must close
check "a port that goes takes its hosts along" where br0 $guest ""
ip link add br1 type bridge
ip link add x0 type veth peer name x1
ip link set x0 master br1
for link in br1 x0 x1; do ip link set $link up; done
must wire x1 "$(frame $guest)"
check "a host may be known to one bridge" where br1 $guest x0
check "and not to another" where br0 $guest ""
bridge fdb add 02:00:00:00:00:88 dev w0 master static
check "an entry that was made by hand counts" where br0 02:00:00:00:00:88 w0
bridge fdb replace 02:00:00:00:00:88 dev w0 master permanent
check "but not a permanent one" where br0 02:00:00:00:00:88 ""
check "a bridge that is not there has no table" \
	refused "there is no bridge 'nobr'" where nobr 0 $guest
check "nor has what is no bridge" \
	refused "not a bridge: 'v0'" where v0 0 $guest

echo "1..$checks"
[ $failures = 0 ] || { echo "$failures of $checks failed"; exit 1; }
