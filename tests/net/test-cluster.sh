#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/net/test-cluster.sh [BUILD_DIR] - hamd/io/cluster.c on a real corosync
#
# Two nodes, a network and a mount namespace each, inside namespaces of this
# script, which die with it: nothing of the machine's network or corosync is
# touched.  Needs uid 0 (exit 77 without), iproute2, corosync and the built
# cluster_tool.  One check a line; exit 1 if one failed.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
tool=$(realpath "${1:-${HAM_BUILD:-$top}}")/tests/net/cluster_tool
self=$(realpath "$0")
if [ "$(id -u)" != 0 ]; then
	echo "test-cluster.sh: needs uid 0 for namespaces and corosync"
	exit 77
fi
for program in corosync ip unshare nsenter; do
	command -v $program >/dev/null ||
		{ echo "test-cluster.sh: $program is missing"; exit 77; }
done
[ -x "$tool" ] || { echo "test-cluster.sh: $tool is not built"; exit 1; }
if [ -z "${HAM_IN_NS:-}" ]; then
	HAM_TMP=$(mktemp -d) || exit 1
	export HAM_TMP
	trap 'rm -rf "$HAM_TMP"' EXIT
	HAM_IN_NS=1 unshare --net --mount --pid --fork --kill-child \
		--mount-proc -- "$self" "$@"
	exit $?
fi

failures=0
checks=0
check() { # TEXT COMMAND...
	local text=$1
	shift
	checks=$((checks + 1))
	if "$@"; then
		echo "ok $checks - $text"
	else
		echo "not ok $checks - $text: $*"
		failures=$((failures + 1))
	fi
}
fail() { # what the rest stands on is not there
	echo "not ok - $*"
	for node in 1 2; do
		echo "# node $node:"
		tail -n 20 "$HAM_TMP/$node/out" "$HAM_TMP/$node/log" |
			sed 's/^/#   /'
	done
	exit 1
}
wait_for() { # COMMAND...: until it succeeds, 60 s at most
	local end=$((SECONDS + 60))
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.02
	done
}

declare -A holder corosync member
node() { # N: its namespaces, kept by a process that sleeps
	local dir=$HAM_TMP/$1
	mkdir -p "$dir/etc"
	mkfifo "$dir/in" "$dir/ready"
	cat >"$dir/etc/corosync.conf" <<-END
		totem {
		 version: 2
		 cluster_name: test
		 transport: knet
		 token: 1000
		 crypto_cipher: none
		 crypto_hash: none
		}
		quorum {
		 provider: corosync_votequorum
		}
		logging {
		 to_syslog: no
		 to_stderr: yes
		}
		nodelist {
		 node {
		  ring0_addr: 10.78.0.1
		  name: left
		  nodeid: 1
		 }
		 node {
		  ring0_addr: 10.78.0.2
		  name: right
		  nodeid: 2
		 }
		}
	END
	unshare --net --mount --uts -- bash -c "
		mount --make-rprivate / &&
		mount -t tmpfs none /dev/shm && mount -t tmpfs none /run &&
		mkdir -p /var/lib/corosync /etc/corosync &&
		mount -t tmpfs none /var/lib/corosync &&
		mount --bind '$dir/etc' /etc/corosync &&
		ip link set lo up && echo up >'$dir/ready' &&
		exec sleep infinity" &
	holder[$1]=$!
	read -r -t 30 <"$dir/ready" || fail "node $1 has no namespaces"
	ip link add "v$1" type veth peer name eth0 netns "${holder[$1]}" &&
		ip link set "v$1" master hub up &&
		in_node "$1" ip addr add "10.78.0.$1/24" dev eth0 &&
		in_node "$1" ip link set eth0 up || fail "node $1 has no link"
}
in_node() { # N COMMAND...
	local n=$1
	shift
	nsenter -t "${holder[$n]}" --net --mount --uts -- "$@"
}
start_corosync() {
	# not by in_node: $! must be corosync itself, which nsenter becomes
	nsenter -t "${holder[$1]}" --net --mount --uts -- corosync -f \
		>>"$HAM_TMP/$1/log" 2>&1 &
	corosync[$1]=$!
	wait_for answers "$1" || fail "corosync of node $1 does not answer"
}
answers() {
	in_node "$1" corosync-cmapctl runtime.votequorum.this_node_id \
		>/dev/null 2>&1
}
signal() { kill -"$1" "${corosync[$2]}"; }
start_tool() {
	in_node "$1" "$tool" <"$HAM_TMP/$1/in" >"$HAM_TMP/$1/out" 2>&1 &
	member[$1]=$!
	eval "exec 1$1>\"$HAM_TMP/$1/in\""
}
order() { # N WORDS...
	local n=$1
	shift
	echo "$*" >&1"$n"
}
mark() { wc -l <"$HAM_TMP/$1/out"; }
since() { tail -n +"$((${3:-0} + 1))" "$HAM_TMP/$1/out" | grep -E "$2"; }
said() { # N PATTERN [MARK]: a whole line, after MARK
	since "$1" "^($2)\$" "${3:-0}" >/dev/null
}
not() { ! "$@"; }
hears() { # N PATTERN [MARK]
	wait_for said "$@"
}
last() { grep -E "^$2 " "$HAM_TMP/$1/out" | tail -n 1; }
ring() { last "$1" "$2" | cut -d' ' -f2; }
same_ring() { # of totem and quorum, on the nodes given
	local n first
	first=$(ring "$1" totem)
	[ -n "$first" ] || return 1
	for n; do
		[ "$(ring "$n" totem)" = "$first" ] || return 1
		[ "$(ring "$n" quorum)" = "$first" ] || return 1
	done
}
totem_is() { [[ $(last "$1" totem) == *" $2" ]]; }
quorate() { [[ $(last "$1" quorum) == *" $2" ]]; }
wait_both() { wait "${member[1]}" && wait "${member[2]}"; }
ends() { grep '^end ' "$HAM_TMP/$1/out"; }
texts() { grep -E '^got ' "$HAM_TMP/$1/out"; }
count() { grep -cE "^$2" "$HAM_TMP/$1/out"; }

ip link add hub type bridge && ip link set hub up || fail "no bridge"
# where a bridge's frames go through the host's firewall
echo 0 >/proc/sys/net/bridge/bridge-nf-call-iptables 2>/dev/null
node 1
node 2
start_tool 1
start_tool 2

order 1 join g
check "no corosync: joining is refused" \
	hears 1 'refused cannot connect to corosync: is it running\?'
order 1 setting totem.token
check "no corosync: no settings" hears 1 'setting cannot connect.*'

start_corosync 1
order 1 join g
check "own id and message size" \
	hears 1 'self 1, messages up to [0-9]{6,} bytes'
check "alone in the group" hears 1 'group 1'
check "alone on the ring" hears 1 'totem [0-9.]+ 1'
check "one of two is not quorate" hears 1 'quorum [0-9.]+ no'
check "totem and quorum speak of one ring" wait_for same_ring 1
order 1 setting nodelist.node.1.name
check "settings: text" hears 1 'setting right'
order 1 setting runtime.config.totem.token
check "settings: number" hears 1 'setting 1000'
order 1 setting quorum.provider
check "settings: quorum" hears 1 'setting corosync_votequorum'
order 1 name 2
check "a node's name by its id" hears 1 'name right'
order 1 name 9
check "no name for an unknown id" hears 1 'name \(none\)'
order 1 send alone
check "messages flow without quorum" hears 1 'got 1 alone'

start_corosync 2
check "the ring of both is told" wait_for totem_is 1 '1 2'
check "the two are quorate" wait_for quorate 1 yes
order 2 join g
check "node 1 sees node 2 join" hears 1 'group 1 2'
check "node 2 sees both" hears 2 'group 1 2'
check "totem and quorum speak of one ring, on both" wait_for same_ring 1 2

for i in 1 2 3 4 5 6 7 8 9 10; do
	order 1 send "left-$i"
	order 2 send "right-$i"
done
for n in 1 2; do
	hears $n 'got 1 left-10' && hears $n 'got 2 right-10' ||
		fail "messages are missing at node $n"
done
check "both see the same order" \
	[ "$(texts 1 | tail -n 20)" = "$(texts 2)" ]
check "and all of it" [ "$(texts 2 | wc -l)" = 20 ]

order 1 burst 20000 200
order 2 burst 20000 200
for n in 1 2; do
	hears $n 'end 1 .*' && hears $n 'end 2 .*' ||
		fail "a burst has not come through at node $n"
done
check "bursts: both nodes delivered the same in the same order" \
	[ "$(ends 1)" = "$(ends 2)" ]
check "bursts: 40000 messages at their end" \
	[ "$(last 1 end | cut -d' ' -f3)" = 40000 ]
check "bursts: no gap" [ "$(count 1 gap)$(count 2 gap)" = 00 ]
for n in 1 2; do
	check "bursts: the loop had other turns at node $n" \
		[ "$(last $n fed | cut -d' ' -f5)" -gt 0 ]
done

# The other side takes nothing now: messages must wait, then come in order.
from=$(mark 1)
from2=$(mark 2)
signal STOP 1
order 1 burst 6000 1000
order 1 progress 6000 1000
check "stopped corosync: droppable messages are refused at the bound" \
	hears 1 'progress [0-9]+ of 6000, dropped [1-9][0-9]*'
order 1 name_of_an_unknown_order
check "stopped corosync: the loop lives" hears 1 'what\?' "$from"
signal CONT 1
hears 1 'end 1 .*' "$from" && hears 2 'end 1 .*' "$from2" ||
	fail "the held burst has not come through"
check "stopped corosync: both delivered the same in the same order" \
	[ "$(last 1 end)" = "$(last 2 end)" ]
check "stopped corosync: the queue was used" \
	[ "$(last 1 fed | cut -d' ' -f3)" -gt 0 ]
check "stopped corosync: nothing is missing, nothing twice" \
	[ "$(count 1 gap)$(count 2 gap)" = 00 ]

wait_for totem_is 1 '1 2' && wait_for same_ring 1 2 ||
	fail "the nodes did not meet again"
from=$(mark 1)
order 2 leave
check "node 1 sees node 2 leave the group" hears 1 'group 1' "$from"
check "though it is on the ring" totem_is 1 '1 2'
from=$(mark 1)
order 2 join g
check "and come back" hears 1 'group 1 2' "$from"

from=$(mark 1)
signal KILL 2
wait "${corosync[2]}" 2>/dev/null
check "corosync killed: told at once" hears 2 'lost corosync is gone .*'
check "corosync killed: nothing is sent afterwards" hears 2 'sent nothing'
check "corosync killed: told once" [ "$(count 2 lost)" = 1 ]
check "the other sees it leave" hears 1 'group 1' "$from"
check "the other's ring is its own" wait_for totem_is 1 1
check "the other is not quorate" wait_for quorate 1 no
check "totem and quorum speak of one ring" wait_for same_ring 1

start_corosync 2
from=$(mark 2)
order 2 join g
check "joining anew works" hears 2 'group 1 2' "$from"
check "both are quorate" wait_for quorate 1 yes
check "one ring again, on both" wait_for same_ring 1 2
order 1 send back
check "and messages come" hears 2 'got 1 back' "$from"

order 1 quit
check "a member that ends leaves the group" hears 2 'group 2' "$from"
order 2 quit
check "both members end cleanly" wait_both
signal TERM 1
signal TERM 2
wait "${corosync[1]}" "${corosync[2]}" 2>/dev/null
echo "$checks checks, $failures failed"
[ "$failures" = 0 ]
