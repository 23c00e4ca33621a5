#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-in-doubt-hamd.sh - hamd is killed at the source, then at the
# destination, with guests at all points of the hand-over; then their QEMUs; and
# ABORT meets TAKE
# long
guests=6
. "$(dirname "$(readlink -f "$0")")/doubt.sh"
in_lab light

boot_all n1 web1 web2 web3 web4 web5 web6

# hamd at S
stopped_at n2 web4 run n2
stopped_at n1 web3 yield n2
stopped_at n1 web2 captured n2
stopped_at n1 web1 cutover n2
"$lab" hamd n1 kill
go n1 web1 web2 web3
go n2 web4
"$lab" hamd n1 start
went_on 1 "web1=n1 S's hamd is killed before the guest stops (F35)" \
	"web3=n2 S's hamd is killed when it has TAKE (F35)" \
	"web4=n2 S's hamd is killed when it has yielded (F35)"
went_on 2 "web2=n1 S's hamd is killed, the guest is stopped, no TAKE (F35)"
cluster_whole
until_clean leftovers

# hamd at D
stopped_at n2 web2 ran n2
stopped_at n2 web6 run n2
stopped_at n1 web5 yield n2
stopped_at n2 web1 handover n2
"$lab" hamd n2 kill
go n1 web5
go n2 web1 web2 web6
"$lab" hamd n2 start
went_on 1 "web1=n1 D's hamd is killed before TAKE (F36)" \
	"web5=n2 D's hamd is killed after TAKE (F36)" \
	"web6=n2 D's hamd is killed when it has YIELD (F36)"
went_on 2 "web2=n2 D's hamd is killed when the guest runs (F36)"
cluster_whole
until_clean leftovers

# meanwhile D says no TAKE for web1
stopped_at n2 web1 handover n2
since=$(last_event n3)

# QEMU at S
stopped_at n2 web4 captured n1
end_qemu n2 web4
stopped_at n2 web3 yield n1
end_qemu n2 web3
go n2 web3

# QEMU at D
stopped_at n1 web2 run n1
end_qemu n1 web2

# TAKE, then ABORT, neither heard before both are said: S stands still
stopped_at n1 web5 handover n1
hamd_gets n2 STOP
end_qemu n2 web5
go n1 web5
until_true "n1 holds the image" holds_image n1 web5
# what n1 says next comes after its TAKE, and all have that when it is decided
ctl n1 node drain n3 --yes --no-wait
ctl n1 node undrain n3
hamd_gets n2 CONT

# ABORT, then TAKE: D stands still; on a busy machine S may have sent all before
# its QEMU ends, and then it has nothing to call off
stopped_at n1 web6 handover n1
hamd_gets n1 STOP
end_qemu n2 web6
until_true "n2 has noticed" grep -q 'web6: QEMU .*ended' \
	"$("$lab" path n2)/log/hamd.log"
go n1 web6
hamd_gets n1 CONT

until_true "web6 has its outcome" guest_has n3 web6 '"state":"running"'
row6=(2 web6=n2 "ABORT crosses TAKE, and is first (F9)")
! guest_has n3 web6 '"owner":"n1"' ||
	row6=(1 web6=n1 "S's QEMU is killed when D has it all (F39)")
went_on "${row6[0]}" "${row6[1]} ${row6[2]}"

went_on 1 "web3=n1 S's QEMU is killed when it has TAKE (F39)" \
	"web5=n1 ABORT crosses TAKE, which is first (F9)"
went_on 2 "web4=n2 S's QEMU is killed before TAKE (F39)" \
	"web2=n2 D's QEMU is killed before it ran: GIVEBACK (F41)"

until_true "web1 is called off" event_has n3 \
	'"MIGRATION_FAILED".*web1.*the hand-over took longer than 15 s' "$since"
went_on 1 "web1=n1 TAKE does not come in 15 s (F8)"

stopped_at n2 web5 ran n2
end_qemu n2 web5
until_true "web5 has failed" guest_has n3 web5 '"state":"failed","owner":"n2"'
ctl n3 guest start web5 >/dev/null
went_on 2 "web5=n2 D's QEMU is killed when it has run: a crash (F41)"

ends 1 web1=n1 web3=n1
ends 2 web2=n2 web4=n2 web5=n2
ends "${row6[0]}" "${row6[1]}"
nothing_left
echo "PASS: in doubt, and hamd or QEMU is killed"
