#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-watchdog.sh - hamwd in a node: who feeds it stands still, and the
# guests die, then the node's power is cut; also when all of the node is frozen;
# never while it is fed, nor when it is disarmed
. "$(dirname "$(readlink -f "$0")")/testlib.sh"
feeder=${BUILD:-$here/../../build}/tests/watchdog/feeder
socket=/run/hamd/hamwd.sock
group=/sys/fs/cgroup/hamd
[ "$inside" = yes ] ||
	exec "$lab" run 2 --no-hamd --no-disk --watchdog -- "$self" inside

# feed NODE STEP...: in the background
feed() {
	local node=$1
	shift
	until_true "hamwd listens on $node" test -S "$(root "$node")$socket"
	on "$node" "$feeder" "$socket" "$@" >"$work/feeder-$node" 2>&1 &
}

is_on() {
	"$lab" status | grep "^$1 on " >/dev/null
}

# watchdog NODE: "ARMED TIMEOUT_US LAST_PET_US"
watchdog() {
	cat "$(root "$1")/run/hamlab-watchdog"
}

last_pet() {
	local _ pet
	read -r _ _ pet < <(watchdog "$1")
	echo "$pet"
}

petted_after() {
	[ "$(last_pet "$1")" -gt "$2" ]
}

is_armed() {
	[[ $(watchdog "$1") = "1 "* ]]
}

# The file is there since it was armed.
is_disarmed() {
	[[ $(watchdog "$1") = "0 "* ]]
}

is_cut() {
	grep "^$1: cut" "$work/watchdog"
}

guest_ended() {
	! on n1 kill -0 "$1"
}

"$lab" watchdog >"$work/watchdog" 2>&1 &
until_true "somebody watches" grep -q ready "$work/watchdog"

feed n1 arm=1000 feed=1500,1000000
feed n2 arm=1000 feed=1500,1000000
until_true "n1 is armed" is_armed n1
until_true "n2 is armed" is_armed n2
until_true "it is petted for three timeouts" petted_after n1 \
	$(($(last_pet n1) + 3000000))
is_on n1 && is_on n2 || fail "cut while it was fed"
ok "fed, it stays on"

# its guest is frozen, as one without quorum is
tree=$(cat "$HAMLAB/cgroup")
guest=
if [ "$tree" != - ]; then
	# shellcheck disable=SC2016 # expands in the node
	guest=$(on n1 sh -c 'mkdir -p "$1/web1" && cd "$1/web1" || exit 1
		sleep 1000000 >/dev/null 2>&1 &
		echo $! | tee cgroup.procs
		echo 1 >cgroup.freeze' sh "$group")
	until_true "the guest is frozen" on n1 grep -q 'frozen 1' \
		"$group/web1/cgroup.events"
fi
on n1 kill -STOP "$(pid_of n1 feeder)"
if [ -n "$guest" ]; then
	until_true "its guest dies" guest_ended "$guest"
	is_on n1 || fail "its guest died with the power, not before"
fi
until_true "its power is cut" is_cut n1
! is_on n1 || fail "it is on"
said=$("$lab" logs n1 hamwd)
said_has "the guests' processes are dead"
deadline=$(sed -n 's/.*boot time \([0-9]*\) us.*/\1/p' <<<"$said")
read -r at pet < <(sed -n 's/^n1: cut at \([0-9]*\) us, petted at \([0-9]*\) us/\1 \2/p' \
	"$work/watchdog")
[ "$pet" -lt "$deadline" ] || fail "petted at $pet, the deadline was $deadline"
ok "the power went $(((at - deadline) / 1000)) ms after the deadline"
is_on n2 || fail "n2 was cut, too"

"$lab" on n1
feed n1 arm=1000 feed=1500,500 disarm
until_true "n1 is disarmed" is_disarmed n1
if [ "$tree" != - ]; then
	echo 1 >"$tree/n2/cgroup.freeze"
	until_true "a frozen node's power is cut" is_cut n2
	echo 0 >"$tree/n2/cgroup.freeze"
	ok "so does that of a node that is frozen whole"
else
	ok "no unified control groups here: no frozen guest, nor node"
fi
is_on n1 || fail "n1 was cut, disarmed"
[ "$(grep -c '^n1: cut' "$work/watchdog")" = 1 ] || fail "n1 was cut twice"
echo "PASS: a node whose watchdog is not fed is off, its guests before it"
