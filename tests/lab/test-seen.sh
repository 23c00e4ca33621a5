#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-seen.sh - the node that a guest has left tells by which port its
# bridge knows it now, or that nothing is heard of it there; then the guest is
# announced again, until it is seen
# shellcheck source=tests/lab/testlib.sh
. "$(dirname "$(readlink -f "$0")")/testlib.sh"

mac=52:54:00:00:00:64

# by what its bridge leads out is said: one end of a veth may go anywhere
conf() {
	small 800M
	printf '\n[bridge br0]\nuplink = eth0\ncreate = no\n'
}
in_lab conf

# deaf NODE: nothing of the guest comes in by its eth0, so its bridge learns nothing
deaf() {
	on "$1" nft "add table bridge deaf
		add chain bridge deaf in { type filter hook prerouting priority -300; }
		add rule bridge deaf in iifname eth0 ether saddr $mac drop"
}

hears() {
	on "$1" nft delete table bridge deaf
}

# again NODE: how often it was announced again there
again() {
	"$lab" logs "$1" hamd | grep -c 'web1: announced again' || :
}

announced_more() {
	[ "$(again "$1")" -gt "$2" ]
}

boot_on n1
since=$(last_event n3)
ctl n3 guest migrate web1 n2 | tail -n 1
until_true "n1 has seen it" event_has n3 \
	'"GUEST_SEEN".*"node":"n1".*br0 by eth0, at 10\.77\.0\.100, after [0-9]+ ms' "$since"
ok "$(ctl n3 events --since "$since" | grep GUEST_SEEN)"
event_has n3 '"GUEST_UNSEEN"' "$since" && fail "$(ctl n3 events)"

# n2 learns nothing by eth0, for as long as it takes it to say so
deaf n2
since=$(last_event n3)
before=$(again n1)
ctl n3 guest migrate web1 n1 | tail -n 1
until_true "n2 does not see it" event_has n3 \
	'"GUEST_UNSEEN".*"node":"n2".*br0 ' "$since"
until_true "n1 announces it again" announced_more n1 "$before"
event_has n3 '"GUEST_SEEN"' "$since" && fail "$(ctl n3 events)"
ok "$(ctl n3 events --since "$since" | grep GUEST_UNSEEN | head -n 1)"
hears n2
until_true "n2 has seen it" event_has n3 \
	'"GUEST_SEEN".*"node":"n2".*br0 by eth0' "$since"
ok "$(ctl n3 events --since "$since" | grep GUEST_SEEN)"

# and until it gives up: the guest runs all the same
deaf n1
since=$(last_event n3)
ctl n3 guest migrate web1 n2 | tail -n 1
until_true "n1 gives up" event_has n3 \
	'"GUEST_UNSEEN".*"node":"n1".*looked for 6 s' "$since"
event_has n3 '"GUEST_SEEN"' "$since" && fail "$(ctl n3 events)"
ok "$(ctl n3 events --since "$since" | grep GUEST_UNSEEN | tail -n 1)"
hears n1
finish n2
echo "PASS: seen by the node that it has left, or not"
