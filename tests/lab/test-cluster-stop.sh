#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-cluster-stop.sh - the whole cluster is stopped in order, loses its
# power, and comes back in part: each guest starts again by itself, once, with all
# of its writes; and it is called off by an order
export guests=2
. "$(dirname "$(readlink -f "$0")")/testlib.sh"

conf() {
	small 800M replicas=1
}
in_lab conf

# stop_all: and no guest is left
stop_all() {
	expect_rc 0 ctl n3 cluster stop --yes
	said_has '^web1: stopped' '^web2: stopped' '^no guest runs'
	"$audit" guests --expect web1=none --expect web2=none
	guest_has n3 web1 '"state":"halted"' || fail "$(ctl n3 status)"
}

# run_on NODE1 NODE2: web1 there, web2 there, as n3 knows
run_on() {
	until_true "web1 runs on $1" guest_has n3 web1 \
		"\"state\":\"running\",\"owner\":\"$1\""
	until_true "web2 runs on $2" guest_has n3 web2 \
		"\"state\":\"running\",\"owner\":\"$2\""
	"$audit" guests --expect "web1=$1" --expect "web2=$2"
}

copied() {
	until_true "web1 has a copy" guest_has n3 web1 '"state":"current"'
	until_true "web2 has a copy" guest_has n3 web2 '"state":"current"'
}

# copy_of GUEST: the node
copy_of() {
	ctl n3 --json guest show "$1" |
		grep -o '"node":"n[23]","state":"current"' | grep -o 'n[23]'
}

boot_on n1 web1
boot_on n1 web2
copied

# called off
stop_all
expect_rc 1 ctl n1 guest start web1
said_has 'is halted: it takes no guests before it boots'
"$lab" hamd n1 restart
cluster_whole
"$audit" guests --expect web1=none --expect web2=none
expect_rc 0 ctl n2 cluster start
run_on n1 n1
ok "called off: $(ctl n2 events | grep -c GUEST_RUNNING) starts seen"
copied
at1=$(copy_of web1)
at2=$(copy_of web2)

# stopped, dark, and back without the node where they ran
stop_all
for node in n1 n2 n3; do
	"$lab" off "$node"
done
"$lab" on n2 --no-wait
"$lab" on n3 --no-wait
run_on "$at1" "$at2"
ok "n2 and n3 are back: $(ctl n3 events | grep GUEST_RUNNING | tail -n 2)"
"$lab" on n1
cluster_whole
status_lacks n1 halted || fail "still halted: $(ctl n1 status)"
writes_on "$at2" web2
ctl n1 guest stop web2
records "$at2" web2 --reboots 2
finish "$at1" web1 --reboots 2
echo "PASS: a cluster is stopped, and comes back"
