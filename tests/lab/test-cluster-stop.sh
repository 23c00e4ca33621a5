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

both_run() {
	local guest
	for guest in web1 web2; do
		until_true "$guest runs on $1" guest_has "$2" "$guest" \
			"\"state\":\"running\",\"owner\":\"$1\""
	done
}

boot_on n1 web1
boot_on n1 web2
for guest in web1 web2; do
	until_true "there is a copy" guest_has n1 "$guest" '"state":"current"'
done
copy=$(ctl n1 --json guest show web1 |
	grep -o '"node":"n[23]","state":"current"' | grep -o 'n[23]')

# called off
stop_all
expect_rc 1 ctl n1 guest start web1
said_has 'is halted: it takes no guests before it boots'
"$lab" hamd n1 restart
cluster_whole
"$audit" guests --expect web1=none --expect web2=none
expect_rc 0 ctl n2 cluster start
both_run n1 n2
ok "called off: $(ctl n2 events | grep -c GUEST_RUNNING) starts seen"
for guest in web1 web2; do
	until_true "there is a copy" guest_has n1 "$guest" \
		"\"node\":\"$copy\",\"state\":\"current\""
done

# stopped, dark, and back without the node where they ran
stop_all
for node in n1 n2 n3; do
	"$lab" off "$node"
done
"$lab" on n2 --no-wait
"$lab" on n3 --no-wait
both_run "$copy" "$copy"
"$audit" guests --expect "web1=$copy" --expect "web2=$copy"
ok "n2 and n3 are back: $(ctl "$copy" events | grep GUEST_RUNNING | tail -n 2)"
"$lab" on n1
cluster_whole
status_lacks n1 halted || fail "still halted: $(ctl n1 status)"
writes_on "$copy" web2
ctl "$copy" guest stop web2
records "$copy" web2 --reboots 2
finish "$copy" web1 --reboots 2
echo "PASS: a cluster is stopped, and comes back"
