#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/bench/network.sh [--runs N] [--raw-runs N] - what a guest's users see
#
# Pings and a TCP stream from a third node while a guest is migrated with its
# disk, by IPv4 and by IPv6, and the same without hamd beside it.  Prints one
# JSON object a figure, the last one for the whole.  Exits 0 when it could
# measure, also if a goal is missed; the machine should have nothing else to do.
set -eu -o pipefail
here=$(dirname "$(readlink -f "$0")")
lab=$here/../lab/hamlab
BUILD=$(readlink -m "${BUILD:-$here/../../build}")
export BUILD

if [ "$(id -u)" != 0 ]; then
	echo "network.sh: needs uid 0: its nodes are namespaces" >&2
	exit 77
fi
if [ ! -x "$BUILD/hamd/hamd" ]; then
	echo "network.sh: $BUILD/hamd/hamd is not built: run tests/setup.sh" >&2
	exit 77
fi
"$here/network.py" --check "$@"
export HAMLAB=${HAMLAB:-/var/tmp/hamlab-bench}
conf=$BUILD/tests/bench-network.conf
"$lab" conf 3 1 | sed '
	s,^append = .*,& ip=fd77::100/64 sink=9,
	s,^size = 512M,size = 128M,
	s/^address = .*/&, fd77::100/' >"$conf"
exec "$lab" run 3 --conf "$conf" -- bash -c '
	"$0" sh n3 sh -e -c "
		echo 0 >/proc/sys/net/ipv6/conf/br0/disable_ipv6
		ip address add fd77::3/64 dev br0 nodad"
	exec "$@"' "$lab" "$here/network.py" "$@"
