#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-one-port-crossing.sh - the source of a guest that talks all the
# time gives up in the pause, after 15 s, as the destination says TAKE: whichever
# is first, one port speaks from then on, and never the other
# long
# shellcheck source=tests/lab/ports.sh
. "$(dirname "$(readlink -f "$0")")/ports.sh"
in_lab talking

# captured POINT: all that n2 needs is there, and it has not said TAKE
captured() {
	watch "$1"
	stopped_at n2 web1 handover n2
	since=$SECONDS
	no_port_is_up handover
}

# At most so many seconds that it does not stand still for as long as its lease.
has_waited() {
	[ "$SECONDS" -ge $((since + $1)) ]
}

# The storage daemon that has its disk for n2 ends before it says ABORT.
has_given_up() {
	! pid_of n1 qemu-storage-daemon
}

boot_on n1

captured first
until_true "n1's patience is nearly over" has_waited 12
hamd_gets n2 STOP
until_true "n1 has given up" has_given_up
go n2 web1
hamd_gets n2 CONT
runs_on n1
until_true "n1 has announced it again" announced n1 first
watched first n1 --announces "$address"
cluster_whole
until_clean leftovers --idle n2
ok "ABORT is first: n1 speaks, and n2 never"

captured second
until_true "n1's patience is nearly over" has_waited 13
hamd_gets n1 STOP
go n2 web1
until_true "n2 holds the image" holds_image n2 web1
until_true "n1's patience would be over" has_waited 16
hamd_gets n1 CONT
runs_on n2
until_true "n2 has announced it" announced n2 second
watched second n1 n2 --announces "$address"
cluster_whole
ok "TAKE is first: n2 speaks, and n1 never again"

finish n2 web1 --max-gap 30000
echo "PASS: one port, whichever of ABORT and TAKE is first"
