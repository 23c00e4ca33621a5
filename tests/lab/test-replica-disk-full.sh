#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-replica-disk-full.sh - the disk under a copy is full: the guest
# goes on without it, and it is made again when there is room
. "$(dirname "$(readlink -f "$0")")/testlib.sh"

# nothing is reserved for a sparse disk; n3 can't hold one
conf() {
	small 800M replicas=1 | sed '/^\[disk web1\/root\]/a sparse = yes
		s/ring=16/ring=64/; s/wr=2/wr=8/' | with_witness n3
}
in_lab conf

# little_room: a file system with room for half of the disk
little_room() {
	truncate -s 160M "$(root n2)/run/small.img"
	on n2 mkfs.ext4 -q -F -m 0 /run/small.img
	if ! on n2 mount -n -o loop /run/small.img /var/lib/hamd/images \
		2>"$work/loop"; then
		echo "no loop device: $(head -n 1 "$work/loop")"
		exit 77
	fi
	on n2 rmdir /var/lib/hamd/images/lost+found
	on n2 fallocate -l 100M /var/lib/hamd/images/ballast
}
little_room

truncate -s 0 "$(image n1)" && truncate -s 96M "$(image n1)"
boot_on n1
current n2
since=$(last_event n3)
until_true "the disk is full" event_has n3 '"GUEST_FREED".*without'
writes_on n1
ok "$(ctl n3 events | grep GUEST_FREED | tail -n 1)"
until_true "it is tried again, and said why not" event_has n3 \
	'"REPLICA_OUTDATED".*No space left' "$since"
writes_on n1
ok "$(ctl n3 events | grep 'No space left' | tail -n 1)"

on n2 rm /var/lib/hamd/images/ballast
current n2
writes_on n1
ctl n1 guest stop web1
records n1 web1
on n2 cp --sparse=always /var/lib/hamd/images/web1-root.raw /run/copy.raw
on n2 umount -n /var/lib/hamd/images
"$audit" disk "$(image n1)" "$(root n2)/run/copy.raw"
nothing_left
echo "PASS: a full disk under a copy holds up nobody for long"
