#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-block-device.sh - a guest on block devices, one larger than its
# disk, and on a file: copied, compared, migrated, hamd restarted between
. "$(dirname "$(readlink -f "$0")")/testlib.sh"

conf() {
	small 800M replicas=1
}
in_lab conf

# content NODE: of its device, as far as the disk goes
content() {
	on "$1" dd if=/var/lib/hamd/images/web1-root.raw of=/run/content.raw \
		bs=1M count=96 iflag=direct status=none
	echo "$(root "$1")/run/content.raw"
}

verified() {
	expect_rc 0 ctl n3 disk verify web1
	ok "compared: ${said##*$'\n'}"
}

device n1 96M
device n2 100M
boot_on n1
current n2
verified
"$lab" hamd n1 kill
"$lab" hamd n1 start
cluster_whole
ctl n1 guest migrate web1 n2
runs_on n2
until_true "n1 has the copy" guest_has n3 web1 '"node":"n1","state":"current"'
verified
ok "from a device to one that is larger"

"$lab" off n1
until_true "another copy is made" guest_has n3 web1 \
	'"node":"n3","state":"current"'
verified
ctl n2 guest migrate web1 n3
runs_on n3
until_true "n2 has the copy" guest_has n3 web1 '"node":"n2","state":"current"'
ok "from a device to a file"

# its hamd begins with no bitmap: what differs is found by digests
slay n2 qemu-storage-daemon
"$lab" hamd n3 restart
until_true "n2 has the copy again" guest_has n2 web1 \
	'"node":"n2","state":"current"'
verified
writes_on n3
ctl n3 guest stop web1
records n3 web1
"$audit" disk "$(image n3)" "$(content n2)"
"$lab" on n1
cluster_whole
nothing_left
echo "PASS: block devices hold a guest as files do"
