#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-fence-swapped.sh - the outlets of two nodes are swapped (F62): it
# is found when an operator switches one of them off, as the other one leaves;
# and whatever the devices say from then on proves nothing
export HAMD_FENCE_AGENTS
HAMD_FENCE_AGENTS=$(dirname "$(readlink -f "$0")")/agents
. "$(dirname "$(readlink -f "$0")")/testlib.sh"

conf() {
	small 800M
	printf '\n[fence n2/switch]\nagent = fence_lab\nplug = n3\n'
	printf '\n[fence n3/switch]\nagent = fence_lab\nplug = n2\n'
}
in_lab conf

beside switch "$lab" switch

# both are on: nothing can be seen
expect_rc 0 ctl n1 fence test
expect_rc 1 ctl n1 fence off n2
said_has 'n2 could not be switched off: .*still in the cluster, but without n3'
event_has n1 '"ALARM".*n2 could not be switched off' || fail "not told"
expect_rc 1 ctl n1 fence test
said_has '^n2 .* off  .*says off, and the node is up'
expect_rc 1 ctl n1 fence test
status_has n1 'device switch of n2 proves nothing' ||
	fail "it still proves something: $(ctl n1 status)"
expect_rc 0 ctl n1 fence on n2
cluster_whole
echo "PASS: swapped outlets are found"
