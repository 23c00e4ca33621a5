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

# n1 does not hear n2: its token is lost on that way.  corosync forms ring after
# ring, most of them of n1 alone: n1 must not count on what it last knew.
"$lab" cut n2 n1 --one-way --udp
until_true "it costs n1 its quorum" status_has n1 '"active":false'
"$audit" guests
"$lab" heal
cluster_whole
writes_on n1
ok "one does not hear another: $(ctl n1 events | grep -c MEMBERSHIP) views"

# nobody hears n2, which hears all
"$lab" cut n2 n1 --one-way --udp
"$lab" cut n2 n3 --one-way --udp
until_true "n1 and n3 go on" status_has n1 '"active":true.*"members":\["n1","n3"\]'
"$audit" guests --expect web1=n1
writes_on n1
"$lab" heal
cluster_whole
writes_on n1
ok "nobody hears n2: $(ctl n1 events | grep -c MEMBERSHIP) views"
finish n1 web1 --max-gap 30000
echo "PASS: one way is no way"
