#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/bench/fence_ipmi.sh [--runs N] - how long a guest is gone with its node
#
# Cuts the power of the node that a guest runs on, N times (5), in a lab whose
# nodes have BMCs: Debian's fence_ipmilan and ipmitool against OpenIPMI's
# ipmi_sim.  Prints one JSON object a figure: from the cut to a view without the
# node, from there to the begin of its fencing, to the proof of its death, to the
# guest's QEMU running elsewhere, and the whole.  Exits 0 when it could measure;
# the machine should have nothing else to do.
set -eu -o pipefail
here=$(dirname "$(readlink -f "$0")")
lab=$here/../lab/hamlab
BUILD=$(readlink -m "${BUILD:-$here/../../build}")
export BUILD

if [ "$(id -u)" != 0 ]; then
	echo "fence_ipmi.sh: needs uid 0: its nodes are namespaces" >&2
	exit 77
fi
if [ ! -x "$BUILD/hamd/hamd" ] || [ ! -x /usr/sbin/fence_ipmilan ]; then
	echo "fence_ipmi.sh: $BUILD/hamd/hamd is not built, or fence_ipmilan" \
		"is missing: run tests/setup.sh" >&2
	exit 77
fi
"$here/fence_ipmi.py" --check "$@"
export HAMLAB=${HAMLAB:-/var/tmp/hamlab-bench}
conf=$BUILD/tests/bench-fence-ipmi.conf
{
	"$lab" conf 3 1 | sed 's/^size = .*/size = 128M/
		s/^\(append = .*\)/\1 ring=16/
		s/^\[guest .*/&\nreplicas = 1/'
	# without the cipher ipmitool asks for the BMC's, which ipmi_sim does
	# not tell, for 10 s
	for i in 1 2 3; do
		printf '\n[fence n%s/bmc]\nagent = fence_ipmilan\n' "$i"
		printf 'ip = 10.77.0.%s\nusername = ham\n' $((200 + i))
		printf 'password_file = /etc/hamd/secrets/n%s\n' "$i"
		printf 'lanplus = 1\ncipher = 3\n'
	done
} >"$conf"
exec "$lab" run 3 --bmc --conf "$conf" -- "$here/fence_ipmi.py" "$@"
