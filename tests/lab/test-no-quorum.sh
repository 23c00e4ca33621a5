#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-no-quorum.sh - a node cut off from the others says so and
# refuses commands; the others go on
. "$(dirname "$(readlink -f "$0")")/testlib.sh"
in_lab small 800M

boot_on n1
"$lab" cut n3 n1
"$lab" cut n3 n2
until_true "n3 notices" status_has n3 '"quorate":false'
expect_rc 0 ctl n3 status
said_has 'NO QUORUM'
for order in 'start web1' 'stop web1' 'migrate web1 n2' 'cancel web1'; do
	# shellcheck disable=SC2086 # words of a command
	expect_rc 4 ctl n3 guest $order
done
ok "n3: $said"

until_true "n1 and n2 go on" status_has n1 '"active":true.*"members":\["n1","n2"\]'
writes_on n1
expect_rc 1 ctl n1 guest migrate web1 n3
said_has 'n3 is not in the cluster'
ctl n1 guest migrate web1 n2
ok "the majority moves a guest"

"$lab" heal
cluster_whole
guest_has n3 web1 '"owner":"n2","epoch":2' ||
	fail "n3 has another record: $(ctl n3 --json guest show web1)"
ctl n3 guest migrate web1 n3
finish n3
echo "PASS: no quorum, no decisions"
