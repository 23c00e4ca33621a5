#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-owner-lost.sh - the owner loses its power: nothing is started
# elsewhere without proof of its death, and status names what is waited for
. "$(dirname "$(readlink -f "$0")")/testlib.sh"
in_lab small 800M replicas=1

boot_on n1
ctl n1 guest migrate web1 n2
writes_on n2
"$lab" off n2
until_true "status tells" guest_has n1 web1 '"waits_for":"[^"]*n2'
expect_rc 0 ctl n3 status
said_has 'web1 is .* waits for the return of n2.*proof that it is dead'
ok "$(tail -n 1 <<<"$said")"
# n1's copy is current, and still not enough
guest_has n1 web1 '"node":"n1","state":"current"' ||
	fail "n1's copy is not current: $(ctl n1 --json guest show web1)"
expect_rc 1 ctl n1 guest start web1 --node n1
expect_rc 1 ctl n1 guest migrate web1 n1
"$audit" guests --expect web1=none

"$lab" on n2
cluster_whole
until_true "the owner is back, and starts it again" guest_has n1 web1 \
	'"state":"running","owner":"n2"'
"$audit" guests --expect web1=n2
guest_has n1 web1 '"waits_for":""' || fail "still waits"
finish n2 web1 --reboots 1
echo "PASS: a lost owner is waited for"
