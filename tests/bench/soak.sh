#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/bench/soak.sh [--minutes N] [--cuts N] [--seed N] - short silences under
# full load cost no fencing
#
# A lab of three nodes with a token of 1000 ms, a guest with a replica and a power
# device each, for 60 minutes, while busy loops take all that the machine's cores
# have.  20 times one node is cut off from both others, for 0.3 to 0.7 of the token
# in force, at moments and for times by the seed (1).  Prints the cuts and one JSON
# object a figure, at the end a line for each goal, `goal met: ...` or `MISSED: ...`:
# no fencing; no guest stands still for longer than the cut and one second; no
# acknowledged write is lost, copies are equal; no hamd ends.  Memory and open
# files of each hamd, after a minute and at the end, are told and judged by nobody.
# Exits 0 if all goals are met, 1 if one is missed or it could not measure.  All
# that it started ends with it, also when it is killed.
set -eu -o pipefail
here=$(dirname "$(readlink -f "$0")")
lab=$here/../lab/hamlab
BUILD=$(readlink -m "${BUILD:-$here/../../build}")
export BUILD

if [ "$(id -u)" != 0 ]; then
	echo "soak.sh: needs uid 0: its nodes are namespaces" >&2
	exit 77
fi
if [ ! -x "$BUILD/hamd/hamd" ]; then
	echo "soak.sh: $BUILD/hamd/hamd is not built: run tests/setup.sh" >&2
	exit 77
fi
"$here/soak.py" --check "$@"
export HAMLAB=${HAMLAB:-/var/tmp/hamlab-bench}
export HAMD_FENCE_AGENTS=$here/../lab/agents
conf=$BUILD/tests/bench-soak.conf
{
	"$lab" conf 3 3 | sed 's/^size = .*/size = 128M/
		s/^\(append = .*\)/\1 ring=16/
		s/^\[guest .*/&\nreplicas = 1/'
	for i in 1 2 3; do
		printf '\n[fence n%s/switch]\nagent = fence_lab\nplug = n%s\n' \
			"$i" "$i"
	done
} >"$conf"
exec "$lab" run 3 --token 1000 --no-disk --conf "$conf" -- \
	"$here/soak.py" "$@"
