#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/bench/failover.sh [--proof switch|ipmi|watchdog] [--runs N] - how long a
# guest is gone with its node
#
# Cuts the power of the node that a guest runs on, N times (10), in a lab of three
# nodes with a token of 1000 ms.  What proves the death: the lab's power switch by
# a shell script (switch), Debian's fence_ipmilan and ipmitool against OpenIPMI's
# ipmi_sim (ipmi), or nothing but leases and watchdogs (watchdog).  Prints one
# JSON object a figure: from the cut to corosync's new ring, to the view, to the
# begin of the fencing, to the proof, to the guest's QEMU running elsewhere; and
# what the last is beyond corosync's own detection.  Exits 0 when it could
# measure; the machine should have nothing else to do.
set -eu -o pipefail
here=$(dirname "$(readlink -f "$0")")
lab=$here/../lab/hamlab
BUILD=$(readlink -m "${BUILD:-$here/../../build}")
export BUILD

if [ "$(id -u)" != 0 ]; then
	echo "failover.sh: needs uid 0: its nodes are namespaces" >&2
	exit 77
fi
if [ ! -x "$BUILD/hamd/hamd" ] || [ ! -x /usr/sbin/fence_ipmilan ]; then
	echo "failover.sh: $BUILD/hamd/hamd is not built, or fence_ipmilan" \
		"is missing: run tests/setup.sh" >&2
	exit 77
fi
"$here/failover.py" --check "$@"
proof=switch
for ((i = 1; i < $#; i++)); do
	[ "${!i}" != --proof ] || { i=$((i + 1)) && proof=${!i}; }
done
export HAMLAB=${HAMLAB:-/var/tmp/hamlab-bench}
export HAMD_WATCHDOG_ANYWHERE=yes # a lab's node is no virtual machine
options=()

device() {
	printf '\n[fence n%s/%s]\nagent = ' "$1" "$proof"
	case $proof in
	switch) printf 'fence_lab\nplug = n%s\n' "$1" ;;
	# without the cipher ipmitool asks for the BMC's, which ipmi_sim does
	# not tell, for 10 s
	ipmi)
		printf 'fence_ipmilan\nip = 10.77.0.%s\n' $((200 + $1))
		printf 'username = ham\nlanplus = 1\ncipher = 3\n'
		printf 'password_file = /etc/hamd/secrets/n%s\n' "$1" ;;
	watchdog) printf 'watchdog\n' ;;
	esac
}

case $proof in
switch) export HAMD_FENCE_AGENTS=$here/../lab/agents ;;
ipmi) options=(--bmc) ;;
watchdog) options=(--watchdog) ;;
esac
conf=$BUILD/tests/bench-failover.conf
{
	"$lab" conf 3 1 | sed 's/^size = .*/size = 128M/
		s/^\(append = .*\)/\1 ring=16/
		s/^lease = .*/&\nwatchdog = 2s/
		s/^\[guest .*/&\nreplicas = 1/'
	for i in 1 2 3; do
		device "$i"
	done
} >"$conf"
exec "$lab" run 3 --token 1000 "${options[@]}" --conf "$conf" -- \
	"$here/failover.py" "$@"
