#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-two-disks.sh - a guest with two disks of different sizes, one of
# them sparse: copied, migrated and compared as one
. "$(dirname "$(readlink -f "$0")")/testlib.sh"

conf() {
	small 800M replicas=1 | sed '/^\[port web1/i\
[disk web1/data]\
path = /var/lib/hamd/images/web1-data.raw\
size = 160M\
sparse = yes\
'
}
in_lab conf

data() {
	echo "$("$lab" path "$1")/images/web1-data.raw"
}

# all NODE NODE: both disks are the same, and the sparse one is sparse
all_equal() {
	"$audit" disk "$(image "$1")" "$(image "$2")"
	cmp "$(data "$1")" "$(data "$2")" || fail "the second disks differ"
	used=$(du -m "$(data "$2")" | cut -f1)
	[ "$used" -le 24 ] || fail "$used MiB of a sparse disk on $2"
}

truncate -s 0 "$(data n1)" && truncate -s 160M "$(data n1)"
dd if=/dev/urandom of="$(data n1)" bs=1M count=16 seek=40 conv=notrunc status=none
boot_on n1
current n2
writes_on n1
ctl n1 guest stop web1
all_equal n1 n2
ok "both are copied"

ctl n1 guest start web1
ctl n1 guest migrate web1 n3
writes_on n3
current n1
expect_rc 0 ctl n1 disk verify web1
ok "migrated, then: $said"
ctl n3 guest stop web1
all_equal n3 n1
records n3 web1 --reboots 1
nothing_left
echo "PASS: two disks"
