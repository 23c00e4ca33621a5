#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-lost-replica.sh - the node with the replica loses its power:
# writes wait until a majority knows, then the guest goes on
. "$(dirname "$(readlink -f "$0")")/testlib.sh"
in_lab small 800M replicas=1

boot_on n1
ctl n1 guest migrate web1 n2
writes_on n2
guest_has n2 web1 '"node":"n1","state":"current"' ||
	fail "n1 is no replica: $(ctl n2 --json guest show web1)"
"$lab" off n1
before=$(acks n2)
until_true "OUTDATED is told" event_has n3 '"REPLICA_OUTDATED".*"replica":"n1"'
until_true "it goes on" more_acks "$before" n2
runs_on n2
guest_has n3 web1 '"node":"n1","state":"outdated"' ||
	fail "n1's copy still counts: $(ctl n3 --json guest show web1)"
ok "$(ctl n3 events | grep REPLICA_OUTDATED)"

# its daemon alone, killed while the guest writes: the same without a view
"$lab" on n1
cluster_whole
"$audit" leftovers --idle n1
ctl n2 guest migrate web1 n1
guest_has n3 web1 '"node":"n2","state":"current"' ||
	fail "n2 is no replica: $(ctl n3 --json guest show web1)"
writes_on n1
slay n2 qemu-storage-daemon
until_true "OUTDATED is told" event_has n3 '"REPLICA_OUTDATED".*"replica":"n2"'
writes_on n1
ok "$(ctl n3 events | grep REPLICA_OUTDATED | tail -n 1)"
finish n1
echo "PASS: a lost replica is given up, and nothing is lost"
