#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-one-way-link.sh - a link works one way only: whatever ring totem
# makes of it, or none, the guest runs at most once, and goes on when it is whole
. "$(dirname "$(readlink -f "$0")")/testlib.sh"

conf() {
	small 800M replicas=1 | sed 's/^lease = .*/lease = 30s/'
}
in_lab conf

boot_on n1
until_true "there is a copy" guest_has n1 web1 '"state":"current"'
writes_on n1

# n2 hears n1, and n1 does not hear n2: then the other way round
for cut in "n2 n1" "n1 n3"; do
	# shellcheck disable=SC2086 # two nodes
	"$lab" cut $cut --one-way --udp
	until_true "somebody notices" event_has n1 'QUORUM.*no decisions'
	"$audit" guests --expect web1=n1
	"$lab" heal
	cluster_whole
	writes_on n1
	ok "$cut: $(ctl n1 events | grep -cE 'QUORUM|MEMBERSHIP') changes"
done
finish n1 web1 --max-gap 30000
echo "PASS: one way is no way"
