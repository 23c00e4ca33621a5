#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/bench/migrate.sh [--runs N] - how long a migration stops the guest
#
# Migrates a guest with its disk back and forth under hamd, in turn with the
# same steps done without hamd (raw_handover), in one lab.  Prints one JSON
# object a figure, the last one for the whole.  Exits 0 when it could measure,
# also if a goal is missed; the machine should have nothing else to do.
set -eu -o pipefail
here=$(dirname "$(readlink -f "$0")")
lab=$here/../lab/hamlab
BUILD=$(readlink -m "${BUILD:-$here/../../build}")
export BUILD

if [ "$(id -u)" != 0 ]; then
	echo "migrate.sh: needs uid 0: its nodes are namespaces" >&2
	exit 77
fi
if [ ! -x "$BUILD/hamd/hamd" ]; then
	echo "migrate.sh: $BUILD/hamd/hamd is not built: run tests/setup.sh" >&2
	exit 77
fi
"$here/migrate.py" --check "$@"
export HAMLAB=${HAMLAB:-/var/tmp/hamlab-bench}
conf=$BUILD/tests/bench-migrate.conf
# web2 and web3 only run when hamd's idle share is taken: small disks will do
"$lab" conf 3 3 | awk '/^\[disk web[23]/ { small = 1 } /^$/ { small = 0 }
	small { sub(/^size = 512M/, "size = 128M") } { print }' >"$conf"
exec "$lab" run 3 --conf "$conf" -- "$here/migrate.py" "$@"
