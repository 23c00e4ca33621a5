#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-in-doubt-source-dies.sh - the source loses its power with guests
# at five points of the hand-over: each row of the in-doubt table that has no
# source; then source and destination lose it, and one returns
# long
nodes=5 guests=5
. "$(dirname "$(readlink -f "$0")")/doubt.sh"

conf() {
	light | with_witness n4 | with_witness n5
	fenced n1 n2
}
in_lab conf

beside switch "$lab" switch

dead() {
	event_has n3 "\"NODE_DEAD\".*$1 is dead: switched off and seen off" "$2"
}

boot_all n1 web1 web2 web3 web4 web5
stopped_at n2 web5 ran n2
stopped_at n2 web4 run n2
stopped_at n1 web3 yield n2
stopped_at n1 web2 captured n2
stopped_at n1 web1 cutover n2
since=$(last_event n3)
"$lab" off n1
without n1 n2 n3 n4 n5
go n2 web4 web5
# n1 may have acknowledged more than n2 has
waits_for web1 'the return of n1: the copy on n2 may lack its last writes'
went_on 2 "web2=n2 S dies, D's disk is whole"
dead n1 "$since" || fail "web2 started without a proof: $(ctl n3 events | tail)"
went_on 1 "web3=n2 S dies, D holds the image" \
	"web4=n2 S dies when it has yielded" \
	"web5=n2 S dies before it hears that D runs"
"$lab" on n1
went_on 2 "web1=n1 S returns"
cluster_whole
ends 2 web2=n2
ends 1 web4=n2 web5=n2

# web1 from n1 to n2, web3 from n2 to n1: both lose their power
stopped_at n1 web1 yield n2
stopped_at n2 web3 yield n1
since=$(last_event n3)
"$lab" off n1
"$lab" off n2
without n1,n2 n3 n4 n5
waits_for web1 'in doubt between n1 and n2: one of them' 2
waits_for web3 'in doubt between n2 and n1: one of them'
"$audit" guests --expect web1=none --expect web3=none
dead n1 "$since" || dead n2 "$since" && fail "somebody was fenced for nothing"
"$lab" on n1
went_on 3 "web1=n1 S alone returns"
dead n2 "$since" || fail "web1 started without a proof"
waits_for web3 'the return of n2: the copy on n1 may lack its last writes'
"$lab" on n2
went_on 2 "web3=n2 S returns to a D without an image"
cluster_whole
ends 3 web1=n1
ends 2 web3=n2
nothing_left
echo "PASS: in doubt, and the source dies"
