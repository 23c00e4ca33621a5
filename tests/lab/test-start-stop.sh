#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-start-stop.sh - a guest is started, shut down, killed, and its
# unexpected end is told at once
. "$(dirname "$(readlink -f "$0")")/testlib.sh"
in_lab small 800M

"$audit" guests --expect web1=none
# any node takes the order; the guest starts on the node named
ctl n3 guest start web1 --node n1
runs_on n1
ok "started"
expect_rc 1 ctl n2 guest start web1
said_has 'started already, on n1'
expect_rc 1 ctl n2 guest start web1 --node n2
expect_rc 5 ctl n2 guest start web9
runs_on n1
ok "not started twice"

until_true "GUEST UP" grep -q '^GUEST UP' "$(console n1)"
writes_on n1
ctl n2 guest stop web1
until_true "the guest was asked" grep -q '^bye' "$(console n1)"
guest_has n1 web1 '"wanted":"stopped","state":"stopped"' ||
	fail "not stopped: $(ctl n1 guest show web1)"
event_has n1 '"GUEST_STOPPED".*"clean":true' || fail "no clean stop told"
"$audit" guests --expect web1=none
records n1 web1
nothing_left
ok "shut down"
expect_rc 1 ctl n1 guest stop web1
said_has 'stopped'

# n2 has never seen its disk
expect_rc 1 ctl n2 guest start web1 --node n2
said_has 'current copy' 'n1'
ok "not started where its disk is not"

ctl n1 guest start web1
until_true "a second boot" grep -q '^boot .* found [1-9]' "$(console n1)"
writes_on n1
ctl n1 guest stop web1 --kill
guest_has n1 web1 '"wanted":"stopped","state":"stopped"' ||
	fail "not stopped: $(ctl n1 guest show web1)"
records n1 web1 --reboots 1
nothing_left
ok "killed"

ctl n1 guest start web1
writes_on n1
began=$(date +%s%N)
slay n1 qemu-system-x86_64
until_true "its end is told" event_has n3 '"GUEST_FAILED".*signal 9'
echo "its end was told after $((($(date +%s%N) - began) / 1000000)) ms"
until_true "status tells" guest_has n2 web1 \
	'"wanted":"running","state":"failed".*"reason":"[^"]*signal 9'
expect_rc 0 ctl n2 status
said_has 'web1 is failed.*signal 9'
nothing_left
records n1 web1 --reboots 2
ok "its unexpected end was noticed"

ctl n2 guest start web1
finish n1 web1 --reboots 3
echo "PASS: start, stop, kill and unexpected end"
