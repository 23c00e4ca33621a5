#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-queue.sh - one migration at a time: of two that wait that of the
# higher priority comes first, and the other is called off while it waits
. "$(dirname "$(readlink -f "$0")")/testlib.sh"

conf() {
	guests=3 small 32M | sed 's/^\[cluster\]$/&\nparallel_migrations = 1/
		s/^\[guest web3\]$/&\npriority = 90/'
}
in_lab conf

# queued GUEST BEHIND: as every node says it
queued() {
	local node
	for node in $(every_node); do
		guest_has "$node" "$1" \
			"\"phase\":\"queued\",\"queued_behind\":$2," || return 1
	done
}

boot_on n1
boot_on n1 web2
boot_on n1 web3

begin n2
until_true "data flows" copying
ctl n3 guest migrate web2 n2 --no-wait
ctl n3 guest migrate web3 n3 --no-wait
until_true "web3 is the next" queued web3 0
until_true "web2 comes behind it" queued web2 1
guest_has n3 web2 '"waits_for":"its turn: 1 migration is under way on n1' ||
	fail "nobody says what web2 waits for"
expect_rc 0 ctl n2 status
said_has 'web2 .*-> n2, queued behind 1' 'web3 .*-> n3, queued behind 0'
ok "two wait"

ended 0
until_true "web3 is copied" copying web3
queued web2 0 || fail "web2 does not wait any more"
[ ! -e "$(root n2)/run/hamd/guests/web2" ] || fail "n2 has prepared web2"
ok "the higher priority comes first"

# nothing of it was begun, and nothing is to be undone
expect_rc 0 ctl n1 guest cancel web2
guest_has n3 web2 '"migration":null' || fail "it waits still"
runs_on n1 web2
writes_on n1 web2
until_true "web3 has moved" guest_has n2 web3 '"owner":"n3".*"migration":null'
runs_on n2
runs_on n3 web3
writes_on n3 web3
ok "called off while it waited"

ctl n3 guest stop web2
records n1 web2
ctl n3 guest stop web3
records n3 web3
finish n2
echo "PASS: migrations wait for their turn"
