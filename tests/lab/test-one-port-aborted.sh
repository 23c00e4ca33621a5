#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-one-port-aborted.sh - the hand-over of a guest that talks all the
# time is called off in the pause, before TAKE and after YIELD: only the source's
# port ever speaks, and then tells again where the guest is
# shellcheck source=tests/lab/ports.sh
. "$(dirname "$(readlink -f "$0")")/ports.sh"
in_lab talking

# pausing NAME POINT: a move to n2 stands there, and is watched
pausing() {
	watch "$1"
	stopped_at n2 web1 "$2" n2
	no_port_is_up "$2"
}

# stays NAME WHAT: that watch ends
stays() {
	runs_on n1
	until_true "n1 has announced it again" announced n1 "$1"
	watched "$1" n1 --announces "$address"
	until_clean leftovers --idle n2
	ok "$2"
}

boot_on n1

pausing abort handover
end_qemu n2 web1
stays abort "ABORT: D's QEMU is killed before TAKE"

pausing giveback run
end_qemu n2 web1
stays giveback "GIVEBACK: D's QEMU is killed after YIELD"

pausing doubt handover
"$lab" hamd n2 kill
go n2 web1
"$lab" hamd n2 start
cluster_whole
stays doubt "in doubt: D's hamd is killed before TAKE"

finish n1 web1 --max-gap 30000
echo "PASS: one port, if the hand-over is called off"
