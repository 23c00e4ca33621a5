#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-destination-disk-full.sh - no room at the destination: found
# before a byte is copied if space is reserved, or while copying if it is not
. "$(dirname "$(readlink -f "$0")")/testlib.sh"

# web2's disk is sparse: nothing is reserved for it
conf() {
	guests=2 small 40M | sed '/^\[disk web2\/root\]/a sparse = yes'
}
in_lab conf

# refused_by GUEST: it runs on at n1, n2 is clean, the reason is named
refused_by() {
	local left
	ended 6
	said_has 'No space left'
	runs_on n1 "$1"
	writes_on n1 "$1"
	left=$(ls -A "$(root n2)/var/lib/hamd/images")
	[ -z "$left" ] || fail "n2 keeps $left"
	# it would be busy if a process still held a file there
	on n2 umount -n /var/lib/hamd/images
	until_clean leftovers --idle n2
	ok "$1: $said"
}

boot_on n1
on n2 mount -n -t tmpfs -o size=32M none /var/lib/hamd/images
begin n2
refused_by web1
! event_has n1 '"phase":"copy"' || fail "copied although there is no room"
ctl n1 guest stop web1

# a file system in a file that is too small for the disk
full_later() {
	truncate -s 48M "$(root n2)/run/small.img" &&
		on n2 mkfs.ext4 -q -F -m 0 /run/small.img &&
		on n2 mount -n -o loop /run/small.img /var/lib/hamd/images &&
		on n2 rmdir /var/lib/hamd/images/lost+found
}
if full_later 2>"$work/loop"; then
	"$lab" disk n1 web2-root.raw 96M
	boot_on n1 web2
	begin n2 web2
	refused_by web2
	finish n1 web2
else
	echo "skipped: no loop device: $(head -n 1 "$work/loop")"
fi
records n1 web1
nothing_left
echo "PASS: no room at the destination"
