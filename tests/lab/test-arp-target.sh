#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-arp-target.sh - a node whose arp_target does not answer is
# unhealthy, and its guest leaves; it is well again when that answers
# shellcheck source=tests/lab/testlib.sh
. "$(dirname "$(readlink -f "$0")")/testlib.sh"

target=10.77.0.77
reason="no answer from $target by bridge br0"

conf() {
	small 800M | sed 's|^\[node n1\]$|&\nhealth.interval = 1s\nhealth.hold = 3s\nhealth.uplink = yes|'
	printf '\n[bridge br0]\narp_target = %s\n' "$target"
}
in_lab conf

node_has() {
	ctl n2 node list | grep -qE -e "^$1 +$2"
}

# asked N: so many questions for it have come to n3
asked() {
	local n
	n=$(on n3 nft list table arp asked | grep -o 'packets [0-9]*')
	[ "${n#packets }" -ge "$1" ]
}

# the target is n3's, besides its own address
on n3 ip addr add "$target/24" dev br0
on n3 nft "add table arp asked
	add chain arp asked in { type filter hook input priority 0; }
	add rule arp asked in arp operation request arp daddr ip $target counter"
boot_on n1
until_true "n1 is well" node_has n1 online
until_true "four looks have asked for it" asked 4
node_has n1 online || fail "the target answers: $(ctl n2 node list)"
ok "well while it answers"

on n3 ip addr del "$target/24" dev br0
until_true "n1 is unhealthy" node_has n1 "unhealthy .*$reason"
expect_rc 0 ctl n3 status
said_has "WARNING: n1 is unhealthy, uplink: $reason"
until_true "web1 has left" guest_has n3 web1 \
	'"state":"running","owner":"n[23]".*"ok":true'
now=$(ctl n2 --json guest show web1 | grep -o '"owner":"n[23]"' |
	grep -o 'n[23]')
writes_on "$now"
node_has n2 online || fail "n2 does not ask: $(ctl n2 node list)"
ok "$(ctl n2 node list | grep '^n1')"

on n3 ip addr add "$target/24" dev br0
until_true "n1 is well" node_has n1 online
ctl n3 guest migrate web1 n1 | tail -n 1
finish n1
echo "PASS: an arp_target that does not answer makes guests leave"
