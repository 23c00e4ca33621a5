#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-fence-fails.sh - fence devices fail or lie: nothing starts without
# a proof, status says what is waited for, and an operator who has seen the node
# off may vouch for it; never for one that is in the cluster
export HAMD_FENCE_AGENTS
HAMD_FENCE_AGENTS=$(dirname "$(readlink -f "$0")")/agents
. "$(dirname "$(readlink -f "$0")")/testlib.sh"

conf() {
	small 800M replicas=1
	printf '\n[fence n1/bmc]\nagent = fence_lab\nplug = n1\nmode = fail\n'
	printf '[fence n1/pdu]\nagent = fence_none\nlevel = 2\nplug = n1\n'
}
in_lab conf

boot_on n1
until_true "there is a copy" guest_has n1 web1 '"state":"current"'
expect_rc 1 ctl n2 fence confirm-off n1
said_has 'is in the cluster and alive'
expect_rc 5 ctl n2 fence confirm-off n9
until_true "it is found beforehand" status_has n2 \
	'device bmc of n1 proves nothing: fence_lab ended with exit status 1: no route'
status_has n2 'device pdu of n1 proves nothing: fence_none' ||
	fail "not told: $(ctl n2 status)"
"$lab" off n1
until_true "it is told" event_has n2 \
	'"ALARM".*n1 could not be fenced: bmc: it was never seen on.*; pdu: it was'
ok "$(ctl n2 events | grep ALARM | tail -n 1)"
until_true "status tells" guest_has n2 web1 '"waits_for":"[^"]*n1'
expect_rc 0 ctl n3 status
said_has 'device bmc \(fence_lab\), else device pdu'
"$audit" guests --expect web1=none

ctl n3 fence confirm-off n1
until_true "it runs elsewhere" guest_has n3 web1 '"state":"running","owner":"n[23]"'
event_has n3 '"NODE_DEAD".*an operator has seen it off' || fail "who said so?"
owner=$(ctl n3 --json guest show web1 | grep -o '"owner":"n[23]"' | grep -o 'n[23]')
writes_on "$owner"
"$lab" on n1
cluster_whole
finish "$owner" web1 --reboots 1
echo "PASS: nothing starts without a proof, or somebody's word"
