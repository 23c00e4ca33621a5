#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-replica-restart.sh - hamd is killed at either side while a copy
# is made, and while it is kept: nothing is given up that need not be
. "$(dirname "$(readlink -f "$0")")/testlib.sh"

conf() {
	small 5M replicas=1 | sed 's/^size = .*/size = 48M/
		s/ wr=2 / wr=8 /; s/ ring=16/ ring=32/'
}
in_lab conf

filling() {
	"$lab" logs n1 hamd | tail -n 3 | grep -q 'making a copy'
}

# web1's processes of $1 are these
processes() {
	pid_of "$1" "$2"
}

boot_on n1
until_true "a copy is being made" filling
"$lab" hamd n1 kill
"$lab" hamd n1 start
cluster_whole
writes_on n1
ok "the owner's hamd was killed while it copied"

# a write that waits for the copy may fail with it, and is done again
until_true "it is made anew" filling
on n2 kill -STOP "$(processes n2 qemu-storage-daemon)"
"$lab" hamd n1 kill
until_true "its writes wait" stands_still n1
"$lab" hamd n1 start
cluster_whole
writes_on n1
slay n2 qemu-storage-daemon
current n2
failed=$("$lab" logs n1 hamd | grep -c 'a write failed with the copy' || :)
ok "the copy hung as hamd was killed; writes that failed with it: $failed"

# one that was given up and made anew has another
generation() {
	ctl n1 --json guest show web1 |
		grep -o '"node":"n2","state":"current","generation":[0-9]*'
}
same_copy() {
	[ "$(generation)" = "$made" ] ||
		fail "not the copy that it was: $(ctl n1 events)"
}
made=$(generation)
qsd=$(processes n2 qemu-storage-daemon)
"$lab" hamd n2 kill
writes_on n1
"$lab" hamd n2 start
cluster_whole
writes_on n1
[ "$(processes n2 qemu-storage-daemon)" = "$qsd" ] ||
	fail "the storage daemon did not outlive hamd"
current n2
same_copy
ok "the replica's hamd was killed, its daemon served on"

"$lab" hamd n1 kill
slay n2 qemu-storage-daemon
"$lab" hamd n1 start
cluster_whole
writes_on n1
current n2
same_copy
ok "the daemon died while the owner had no hamd"
ctl n1 guest stop web1
records n1 web1
"$audit" disk "$(image n1)" "$(image n2)"
nothing_left
echo "PASS: copies outlive hamd"
