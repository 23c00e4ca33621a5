#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-in-doubt-cut.sh - the cluster network is cut while guests are at
# the points of the hand-over: the destination has the majority, then nobody,
# then the source; and TAKE is lost with all nodes connected
# long
guests=6
. "$(dirname "$(readlink -f "$0")")/doubt.sh"

conf() {
	light | sed 's/^lease = .*/lease = 40s/'
	fenced n1 n2
}
in_lab conf

beside switch "$lab" switch

alone() {
	until_true "$1 is alone" status_has "$1" '"quorate":false'
}

ring_id() {
	on n3 corosync-quorumtool -s | grep 'Ring ID'
}

decided() {
	guest_has n3 "$1" '"state":"running"'
}

boot_all n1 web1 web2 web3 web4 web5 web6

# S is cut off; web3's TAKE and web4's YIELD are said in rings that have ended
stopped_at n1 web4 yield n2
stopped_at n2 web3 handover n2
stopped_at n1 web1 cutover n2
since=$(last_event n3)
"$lab" cut n1 n2
"$lab" cut n1 n3
go n2 web3
go n1 web4
without n1 n2 n3
went_on 1 "web3=n2 S is cut off before TAKE (F2)" \
	"web4=n2 S yields and is cut off (F4)"
waits_for web1 'the return of n1: the copy on n2 may lack its last writes'
"$lab" heal
go n1 web1
went_on 1 "web1=n1 S is cut off before the mirrors end, and returns (F7)"
cluster_whole
event_has n3 '"NODE_DEAD"' "$since" && fail "somebody was fenced for nothing"

# all are apart
stopped_at n2 web6 ran n2
stopped_at n1 web5 yield n2
stopped_at n2 web1 handover n2
"$lab" cut n1 n2
"$lab" cut n1 n3
"$lab" cut n2 n3
go n2 web1
go n1 web5
alone n1
alone n2
alone n3
stands_still n2 web6
"$audit" guests --migrating any
ok "all apart: nobody runs"
"$lab" heal
"$lab" cut n3 n1
"$lab" cut n3 n2
voter=n1
without n3 n1 n2
go n2 web6
went_on 1 "web1=n2 all apart before YIELD, S and D meet (F6)" \
	"web5=n2 all apart after YIELD, S and D meet (F6)" \
	"web6=n2 all apart when it ran, S and D meet (F6)"
"$lab" heal
cluster_whole
voter=n3

# TAKE does not arrive at first; the ring outlives that
stopped_at n1 web1 handover n1
hold_at n2 web1 yield
ring=$(ring_id)
"$lab" cut n1 n2 --one-way --udp
go n1 web1
until_true "n1 holds the image" holds_image n1 web1
sleep 0.2 # that it does not come takes time to see
[ ! -e "$(root n2)/run/hamd/paused-at.web1" ] || fail "TAKE got through"
go n2 web1
"$lab" heal
until_true "web1 is decided" decided web1
if guest_has n3 web1 '"owner":"n1"'; then
	last=n1
	went_on 1 "web1=n1 TAKE is lost at first (F1)"
else
	# a busy machine: too late for the ring, and S had the majority
	last=n2
	[ "$(ring_id)" != "$ring" ] || fail "TAKE was lost for good"
	went_on 1 "web1=n2 TAKE is lost, and the ring with it (F3)"
fi
cluster_whole
ends 1 "web1=$last"

# D is cut off; memory and disks could still be sent
send web2 n2
went_on 1 "web2=n2 a move between the faults"
stopped_at n1 web6 ran n1
stopped_at n2 web5 yield n1
writes_on n1 web6
stopped_at n2 web2 copy n1
stopped_at n1 web4 handover n1
stopped_at n2 web3 cutover n1
since=$(last_event n3)
"$lab" cut n1 n2 --udp
"$lab" cut n1 n3 --udp
go n1 web4
go n2 web5
without n1 n2 n3
went_on 1 "web2=n2 D is cut off before any copying (F18)" \
	"web3=n2 D is cut off before the guest stops (F7)" \
	"web4=n2 D is cut off before TAKE (F3)"
went_on 2 "web5=n2 S has yielded, D is cut off (F5)" \
	"web6=n2 D runs it and is cut off (F5)"
event_has n3 '"NODE_DEAD".*n1 is dead: switched off and seen off' "$since" ||
	fail "they started without a proof: $(ctl n3 events | tail)"
grep -q '^off n1: 0' "$work/switch" || fail "who cut the power of n1?"
ends 1 web2=n2 web3=n2 web4=n2
ends 2 web5=n2 web6=n2
until_clean leftovers --idle n2 --idle n3
echo "PASS: in doubt, and the network is cut"
