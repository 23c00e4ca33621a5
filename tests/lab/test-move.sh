#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-move.sh - warm and cold migration: each write is there, the guest
# is stopped or runs as before, and what goes wrong leaves it where it was
. "$(dirname "$(readlink -f "$0")")/testlib.sh"

conf() {
	small 60M
}
in_lab conf

moving() {
	guest_has n3 web1 '"migration":\{[^}]*"phase":"copy"'
}

stays() {
	guest_has n3 web1 "\"state\":\"$2\",\"owner\":\"$1\""
}

boot_on n1
expect_rc 1 ctl n3 guest migrate web1 n2 --mode cold
said_has 'is running'
expect_rc 2 ctl n3 guest migrate web1 n2 --mode hot
said_has 'live, warm or cold'

ctl n3 --timeout 60 guest migrate web1 n2 --mode warm
runs_on n2
until_true "it has booted there" grep -q '^GUEST UP' "$(console n2)"
writes_on n2
ok "warm: booted where its disks went"

# called off while they are copied
ctl n3 --no-wait guest migrate web1 n3 --mode warm
until_true "its disks are copied" moving
ctl n1 guest cancel web1
writes_on n2
stays n2 running || fail "it is elsewhere: $(ctl n3 guest show web1)"
ok "called off"

# its destination dies while they are copied
ctl n1 --no-wait guest migrate web1 n3 --mode warm
until_true "its disks are copied" moving
"$lab" off n3
until_true "it is over" event_has n1 '"MIGRATION_FAILED".*left the cluster'
writes_on n2
ok "its destination dies"
"$lab" on n3
cluster_whole

expect_rc 1 ctl n3 guest migrate web1 n2 --mode live
said_has 'already'
ctl n2 guest stop web1
expect_rc 1 ctl n3 guest migrate web1 n3
said_has 'mode cold'

# cold, to where no copy is; hamd is killed in it, and the guest never runs
boots=$(cat "$(console n2)" | grep -c '^GUEST UP')
ctl n1 --no-wait guest migrate web1 n3 --mode cold
until_true "its disks are copied" moving
expect_rc 1 ctl n1 guest start web1
"$lab" hamd n2 kill
"$lab" hamd n2 start
cluster_whole
until_true "it is over" event_has n1 '"MIGRATION_FAILED"'
until_true "it is stopped" guest_has n3 web1 '"state":"stopped","owner":"n2"'
ctl n3 --timeout 60 guest migrate web1 n3 --mode cold
until_true "it is stopped there" guest_has n3 web1 \
	'"state":"stopped","owner":"n3"'
[ "$(grep -c '^GUEST UP' "$(console n2)")" = "$boots" ] || fail "it ran"
nothing_left
ok "cold: $(ctl n3 events | grep MIGRATION_DONE | tail -n 1)"
"$audit" disk "$(image n2)" "$(image n3)"

# back to where its disks are the same still
ctl n3 guest migrate web1 n2 --mode cold
stays n2 stopped || fail "it is elsewhere: $(ctl n3 guest show web1)"
ctl n3 guest migrate web1 n3 --mode cold
ctl n3 guest start web1
runs_on n3
writes_on n3
ctl n3 guest stop web1
records n3 web1 --reboots 2
nothing_left
echo "PASS: a guest moves by a stop"
