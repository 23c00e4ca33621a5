#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-preflight.sh - a network that differs at the destination, in MTU,
# in the carrier of its uplink or by an uplink that is not there, refuses a live
# migration before anything is copied, and says what differs; mended, it moves
# shellcheck source=tests/lab/second.sh
. "$(dirname "$(readlink -f "$0")")/second.sh"

conf() {
	small 800M | sed 's/^bridge = br0$/bridge = br1/'
	printf '\n[bridge br1]\nuplink = up1\n'
}
in_lab conf

# refused PATTERN...: a move to n2 is, with these words; nothing of it is left
refused() {
	local since
	since=$(last_event n3)
	begin n2
	ended 6
	said_has "$@"
	guest_has n3 web1 '"ok":false.*"disk_bytes":0,"ram_bytes":0,' ||
		fail "copied: $(ctl n3 --json guest show web1)"
	event_has n3 'MIGRATION_PHASE.*"handover"' "$since" &&
		fail "handed over: $(ctl n3 events)"
	[ ! -e "$(image n2)" ] || fail "n2 has an image"
	runs_on n1
	writes_on n1
	until_clean leftovers --idle n2
}

for node in n1 n2; do
	plug "$node" up1
	bridge_by_hand "$node" br1 up1
done
boot_on n1

on n2 ip link set br1 mtu 1400
refused "port lan: bridge 'br1' has an MTU of 1400 on n2, and of 1500 on n1"
ok "a smaller MTU: $(tail -n 1 <<<"$said")"
on n2 ip link set br1 mtu 1500

on n3 ip link set n2-up1 down
until_true "n2's uplink has no carrier" link_has n2 up1 NO-CARRIER
refused "'br1' has no uplink with a carrier on n2, and has one on n1"
ok "no carrier: $(tail -n 1 <<<"$said")"
on n3 ip link set n2-up1 up

on n2 ip link set up1 down
refused "n2: .*uplink 'up1' of bridge 'br1' is down"
ok "an uplink that is down: $(tail -n 1 <<<"$said")"
on n2 ip link delete up1

refused "n2: .*there is no uplink 'up1' for bridge 'br1'"
ok "no uplink: $(tail -n 1 <<<"$said")"

plug n2 up1
on n2 ip link set up1 master br1 up
until_true "n2's uplink has a carrier" link_has n2 up1 LOWER_UP
ctl n1 guest migrate web1 n2
finish n2
echo "PASS: a network that differs is found before anything is copied"
