# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# tests/lab/watchdog.sh - the watchdogs of a lab's nodes; sourced by hamlab.
# A fake: hamwd in a node pets tests/unit/fake_watchdog.c, which leaves the time
# in a file; this looks from outside of all nodes, so that nothing in a node
# stops it, and cuts the power where a real one would reset the machine.
# shellcheck disable=SC2154

hamwd_built() {
	[ -x "$BUILD/fence/hamwd" ] &&
		[ -e "$BUILD/tests/unit/fake_watchdog.so" ]
}

# Kills at its deadline what is in the group hamd of the node's tree.
hamwd_start() {
	hamwd_built || die "hamwd and its fake device are not built"
	node_in "$1" "$tools/labinit" detach /var/log/hamwd.log env \
		LD_PRELOAD="$BUILD/tests/unit/fake_watchdog.so" \
		FAKE_WATCHDOG_STATE=/run/hamlab-watchdog \
		ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0" \
		"$BUILD/fence/hamwd" --kill /sys/fs/cgroup/hamd
}

# CLOCK_BOOTTIME in microseconds, into now_us; it steps by 10 ms.
read_now_us() {
	local up
	read -r up _ </proc/uptime
	now_us=$((10#${up/./} * 10000))
}

# watchdog_look I: cuts its power if it is armed and was not petted in time
watchdog_look() {
	local armed timeout_us pet_us now_us
	{ read -r armed timeout_us pet_us \
		<"$HAMLAB/n$1/root/run/hamlab-watchdog"; } 2>/dev/null ||
		return 0
	[ "$armed" = 1 ] || return 0
	read_now_us
	[ "$now_us" -gt $((pet_us + timeout_us)) ] || return 0
	(cmd_off "$1") || return 0
	echo "n$1: cut at $now_us us, petted at $pet_us us"
}

cmd_watchdog() {
	local i count
	count=$(cat "$HAMLAB/nodes")
	echo ready
	while :; do
		for ((i = 1; i <= count; i++)); do
			watchdog_look "$i"
		done
		sleep 0.02
	done
}
