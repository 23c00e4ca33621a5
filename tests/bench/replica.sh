#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/bench/replica.sh [--rounds N] [--only PART] - what replicas cost a guest
#
# Writes of the test guest with no, one and two replicas under hamd, in turn
# with the same QEMU without hamd: a plain file, the stack of hamd with nulls,
# with one replica, and QEMU's write-blocking mirror.  Then what a live migration
# with its disk costs a guest's writes, how long the guest stands still when a
# replica is lost, what a resync moves of 1 % of a disk and of random writes, how
# fast copies are compared and what that costs the guest, and what a sparse disk's
# copy sends.  PART: writes, migration, loss, resync, verify, sparse; it may be
# given again.  One JSON object a figure.  Exits 0 when it could measure, also if
# a goal is missed; the machine should have nothing else to do.
set -eu -o pipefail
here=$(dirname "$(readlink -f "$0")")
lab=$here/../lab/hamlab
BUILD=$(readlink -m "${BUILD:-$here/../../build}")
export BUILD

if [ "$(id -u)" != 0 ]; then
	echo "replica.sh: needs uid 0: its nodes are namespaces" >&2
	exit 77
fi
if [ ! -x "$BUILD/hamd/hamd" ]; then
	echo "replica.sh: $BUILD/hamd/hamd is not built: run tests/setup.sh" >&2
	exit 77
fi
"$here/replica.py" --check "$@"
export HAMLAB=${HAMLAB:-/var/tmp/hamlab-bench}
conf=$BUILD/tests/bench-replica.conf
# web1 to web3 have as many replicas as their number less one; web4 is for the
# figures that need a large disk, web5's is sparse; web6 and web10 are migrated,
# the copies of web7 and web8 compared, and web9 writes at random places
"$lab" conf 3 10 | awk '
	/^\[guest web/ { n = substr($2, 4) + 0 }
	{ print }
	/^\[guest web[2-57-9]\]/ { print "replicas = " (n == 3 ? 2 : 1) }
	/^\[guest web6\]/ { print "bandwidth = 64M" }
	/^\[disk web5\// { print "sparse = yes" }' |
	sed '/^\[guest web[123]\]/,/^\[port/s/dirty=64 rate=4 wr=2/bench=3 ring=64/
		/^\[guest web4\]/,/^\[port/s/dirty=64 rate=4 wr=2/wr=10 ring=20/
		/^\[guest web[58]\]/,/^\[port/s/dirty=64 rate=4 wr=2/wr=0/
		/^\[guest web\([67]\|10\)\]/,/^\[port/s/dirty=64 rate=4 wr=2/bench=1 ring=64/
		/^\[guest web9\]/,/^\[port/s/dirty=64 rate=4 wr=2/scatter=1024 ring=1/
		/^\[disk web[4689]\//,/^$/s/^size = .*/size = 2G/
		/^\[disk web5\//,/^$/s/^size = .*/size = 10G/
		/^\[disk web7\//,/^$/s/^size = .*/size = 1G/
		/^\[disk web10\//,/^$/s/^size = .*/size = 8G/
		/^\[disk web[123]\//,/^$/s/^size = .*/size = 128M/' >"$conf"
exec "$lab" run 3 --conf "$conf" --no-disk -- "$here/replica.py" "$@"
