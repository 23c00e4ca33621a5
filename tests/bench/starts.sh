#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/bench/starts.sh [--guests N] [--parallel N] - how the guests of a dead node
# are started
#
# Cuts the power of a node with N guests (200) in a lab of three nodes with a
# token of 1000 ms; the lab's power switch proves its death.  Corosync and hamd
# are real, THE GUESTS ARE NOT: each is a fake QEMU (fake_qemu.c) that runs
# nothing and is up after 100 ms ($FAKE_QEMU_MS), since as many real ones do not
# fit one machine.  So nothing is said of how long a guest boots, only of what
# hamd does: from the proof to the first and to the last guest, how many a node
# starts at once (parallel_starts, --parallel, 4), their order by priority,
# whether the ring held, how late hamd's loop was, and CPU time.  Each guest has a
# disk that all nodes share and a port.  One JSON object a figure.  Exits 0 if all
# goals are met, 1 if one is not or it could not measure.
set -eu -o pipefail
here=$(dirname "$(readlink -f "$0")")
lab=$here/../lab/hamlab
BUILD=$(readlink -m "${BUILD:-$here/../../build}")
export BUILD

if [ "$(id -u)" != 0 ]; then
	echo "starts.sh: needs uid 0: its nodes are namespaces" >&2
	exit 77
fi
if [ ! -x "$BUILD/hamd/hamd" ] ||
	! make -s -C "$BUILD" tests/bench/fake_qemu >&2; then
	echo "starts.sh: $BUILD/hamd/hamd or the fake QEMU is not built: run" \
		"tests/setup.sh" >&2
	exit 77
fi
"$here/starts.py" --check "$@"
guests=200 parallel=4
for ((i = 1; i < $#; i++)); do
	case ${!i} in
	--guests) i=$((i + 1)) && guests=${!i} ;;
	--parallel) i=$((i + 1)) && parallel=${!i} ;;
	esac
done
export HAMLAB=${HAMLAB:-/var/tmp/hamlab-bench}
export HAMD_FENCE_AGENTS=$here/../lab/agents
# where guests' uids can reach it; only nodes have that path, before the machine's
mkdir -p "$BUILD/tests/lab/guest/fake"
cp "$BUILD/tests/bench/fake_qemu" "$BUILD/tests/lab/guest/fake/qemu-system-x86_64"
PATH=/var/lib/hamd/boot/fake:$PATH

# Priorities run across names: neither order is the other.
guest() {
	local name
	printf -v name 'g%03d' "$1"
	cat <<-END

	[guest $name]
	memory = 16M
	machine = pc-q35-10.0
	cpu = qemu64
	priority = $((10 + 10 * ($1 % 5)))
	serial_log = no
	[disk $name/root]
	path = /var/lib/hamd/images/$name-root.raw
	size = 1M
	kind = shared
	[port $name/lan]
	bridge = br0
	mac = $(printf '52:54:00:00:%02x:%02x' $(($1 / 256)) $(($1 % 256)))
	END
}

conf=$BUILD/tests/bench-starts.conf
{
	"$lab" conf 3 0 | sed "s/^lease = .*/&\\nparallel_starts = $parallel/"
	for ((i = 1; i <= 3; i++)); do
		printf '\n[fence n%s/switch]\nagent = fence_lab\nplug = n%s\n' \
			"$i" "$i"
	done
	for ((i = 1; i <= guests; i++)); do
		guest "$i"
	done
} >"$conf"
exec "$lab" run 3 --token 1000 --conf "$conf" -- "$here/starts.py" "$@"
