#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-replica-noted.sh - what a current copy would lack is noted anew
# from time to time: when it is lost, what was written long before is not sent
. "$(dirname "$(readlink -f "$0")")/testlib.sh"

conf() {
	small 800M replicas=1 | sed 's/ring=16/ring=64/; s/wr=2/wr=8/'
}
in_lab conf

# records are 4 KiB each, one after the other in a ring of 64 MiB
records_of_mib=256

noted() {
	"$lab" logs n1 hamd | grep -c 'is noted anew' || :
}

noted_more() {
	[ "$(noted)" -gt "$1" ]
}

fills() {
	"$lab" logs n1 hamd | grep -o 'is equal, after [0-9]* ms and [0-9]* bytes'
}

filled_again() {
	[ "$(fills | wc -l)" -gt 1 ]
}

boot_on n1
current n2
from=$(acks n1)
until_true "48 MiB are written" more_acks $((from + 48 * records_of_mib)) n1
until_true "what n2 would lack is noted anew" noted_more "$(noted)"

pid=$(pid_of n2 qemu-storage-daemon)
on n2 kill -STOP "$pid"
until_true "n2's copy is given up" event_has n3 '"GUEST_FREED".*without'
current n2
until_true "it is equal" filled_again
sent=$(fills | tail -n 1 | grep -o '[0-9]* bytes')
written=$((($(acks n1) - from) / records_of_mib))
[ "${sent% bytes}" -lt $((24 << 20)) ] ||
	fail "$sent were sent of $written MiB written"
ok "$sent were sent of $written MiB written"

writes_on n1
ctl n1 guest stop web1
records n1 web1
"$audit" disk "$(image n1)" "$(image n2)"
nothing_left
echo "PASS: what was noted anew is all that a lost copy lacks"
