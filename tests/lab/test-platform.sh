#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-platform.sh - does QEMU do what the project relies on?
#
# test-platform.sh [PROBE...]: the probes of platform/, a line each.  They are
# the first process of a PID namespace, with mounts and a network of their own:
# when it ends, however it ends, the kernel ends and removes all the rest.
set -eu -o pipefail
here=$(dirname "$(readlink -f "$0")")

skip() {
	echo "skipped: $*"
	exit 77
}

[ "$(id -u)" = 0 ] || skip "needs uid 0"
for program in qemu-system-x86_64 qemu-storage-daemon python3 unshare nsenter \
	setpriv ip; do
	command -v "$program" >/dev/null || skip "no $program"
done

probes=''
work=$(mktemp -d /var/tmp/hamd-platform.XXXXXX)
at_exit() {
	if [ -n "$probes" ]; then
		kill -KILL "$probes" 2>/dev/null || :
		wait "$probes" 2>/dev/null || :
	fi
	rm -rf "$work"
}
trap at_exit EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# If this shell is killed, they are, too.
setpriv --pdeathsig KILL unshare --mount-proc --pid --fork --kill-child --net \
	nice python3 -B "$here/platform/lostreplica.py" "$work" "$@" &
probes=$!
rc=0
wait "$probes" || rc=$?
probes=''
case $rc in
0) echo "PASS: but amid a swap, no write counts that one of the disks lacks" ;;
77) skip "no probe could run" ;;
*) echo "FAIL: exit $rc" >&2 && exit 1 ;;
esac
