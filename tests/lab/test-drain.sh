#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-drain.sh - a node is drained under load: two guests leave it
# live, highest priority first, none comes; what is called off ends, and who was
# moved away comes back
. "$(dirname "$(readlink -f "$0")")/testlib.sh"

conf() {
	guests=2 small 40M | sed 's/^\[guest web2\]$/&\npriority = 90/'
}
in_lab conf

owner_of() {
	ctl n2 --json guest show "$1" | grep -o '"owner":"n[123]"' |
		grep -o 'n[123]'
}

boot_on n1
boot_on n1 web2

expect_rc 0 ctl n2 node list
said_has '^n1 +online +guests +2 +512 MiB'
expect_rc 0 ctl n2 --json node list
said_has '"name":"n1".*"states":\[\],"reason":"",.*"guests":2'

# the plan comes first, and is kept to
expect_rc 0 ctl n3 node drain n1 --yes
said_has '^n1: 2 guests, in this order:' '^  web2 +live to n[23]' \
	'^  web1 +live to n[23]' '^web2: n1 -> n[23] in .* moved' \
	'^n1: empty after'
order=$(grep -o '^web[12]: n1 -> ' <<<"$said" | tr -d '\n')
[ "$order" = "web2: n1 -> web1: n1 -> " ] || fail "not in order: $order"
first=$(owner_of web1)
second=$(owner_of web2)
[ "$first" != "$second" ] || fail "both went to $first"
writes_on "$first" web1
writes_on "$second" web2
ok "drained: ${said##*$'\n'}"

# nothing comes any more, and status says why
expect_rc 1 ctl n2 guest migrate web1 n1
said_has 'n1 is drained' 'hamctl node undrain n1'
expect_rc 0 ctl n1 status
said_has 'n1 +1 +drained' 'WARNING: n1 is drained'
ok "no guest comes"

# it outlives hamd
"$lab" hamd n1 kill
"$lab" hamd n1 start
cluster_whole
status_has n1 '"states":\["drained"\]' || fail "forgotten by a restart"

# its guests come back, as they are asked to
ctl n2 node undrain n1 --return
runs_on n1 web1
runs_on n1 web2
writes_on n1 web1
writes_on n1 web2
status_has n3 '"states":\["drained"\]' && fail "it is drained still"
ok "undrained, and they are back"

# called off while the first is on its way: that one goes, or not; no other
expect_rc 0 ctl n1 node drain n1 --yes --no-wait
until_true "its disks are copied" guest_has n3 web2 '"phase":"copy"'
ctl n1 node undrain n1
until_true "it is over" guest_has n3 web2 '"migration":null'
ok "called off"

# with nowhere to go it stays, where it still is, and is told of
ctl n1 node drain n2 --yes --no-wait
ctl n1 node drain n3 --yes --no-wait
expect_rc 1 ctl n1 node drain n1 --yes
said_has 'web1: no other node can take it'
guest_has n3 web1 '"state":"running","owner":"n1"' || fail "it is gone"
ok "nowhere to go"

# their records, wherever each has come to; nothing of them stays behind
for node in $(every_node); do
	ctl n1 node undrain "$node"
done
for guest in web1 web2; do
	until_true "$guest is not on its way" guest_has n1 "$guest" \
		'"state":"running".*"migration":null'
	runs_on "$(owner_of "$guest")" "$guest"
done
second=$(owner_of web2)
writes_on "$second" web2
ctl "$second" guest stop web2
records "$second" web2
finish "$(owner_of web1)" web1
echo "PASS: a node is drained under load"
