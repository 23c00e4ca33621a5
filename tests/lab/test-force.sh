#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-force.sh - the node with the newest disk is lost: nothing starts
# until an operator has said that it is off, and that the old copy will do, smaller
# as it is; and when the lost one is back nothing of it is touched before an
# operator has given it up
. "$(dirname "$(readlink -f "$0")")/testlib.sh"

conf() {
	small 800M replicas=1 | with_witness n3
}
in_lab conf

content() {
	sha256sum <"$(image "$1")"
}

refused_copy_on() {
	event_has n2 "\"REPLICA_OUTDATED\".*copy on $1 is given up.*another history"
}

n1_has() {
	guest_has n3 web1 "\"node\":\"n1\",\"state\":\"$1\""
}

boot_on n1
until_true "n2 has a copy" guest_has n3 web1 '"node":"n2","state":"current"'
writes_on n1
"$lab" off n2
until_true "n2 is left behind" guest_has n3 web1 \
	'"node":"n2","state":"outdated"'
writes_on n1
ctl n1 disk resize web1 root 112M
writes_on n1
"$lab" off n1
"$lab" on n2
until_true "n2 and n3 decide" status_has n3 '"active":true.*"members":\["n2","n3"\]'

expect_rc 1 ctl n3 guest start web1 --node n2 --force
said_has 'gone and may still run it'
ctl n3 fence confirm-off n1
until_true "it is known for what it waits" guest_has n3 web1 \
	'current copy of its disks: n1'
expect_rc 1 ctl n3 guest start web1 --node n2
said_has 'is here: n1 .away for .*--force'
"$audit" guests --expect web1=none
ok "nothing starts by itself: $said"

ctl n3 guest start web1 --node n2 --force
until_true "it works" grep -q '^GUEST UP' "$(console n2)"
writes_on n2
runs_on n2
event_has n3 'ALARM.*old copy.*current was: n1' || fail "$(ctl n3 events)"
[ "$(stat -c %s "$(image n2)")" = $((112 * 1048576)) ] ||
	fail "the old disk is too small"
ok "it runs from the old copy"

newest=$(content n1)
"$lab" on n1
cluster_whole
until_true "n1's images are seen for what they are" refused_copy_on n1
runs_on n2
n1_has current && fail "n1 counts: $(ctl n1 guest show web1)"
[ "$(content n1)" = "$newest" ] || fail "n1's image was written"
ok "what was lost is kept: $(ctl n2 events | grep REPLICA_OUTDATED | tail -n 1)"

ctl n1 disk accept web1
until_true "n1 has a copy" n1_has current
[ "$(content n1)" != "$newest" ] || fail "nothing was copied"
ctl n2 guest stop web1
nothing_left
echo "PASS: an old copy is started by an operator's order alone, at no other's cost"
