#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-in-doubt-destination-dies.sh - the destination loses its power
# with guests at six points of the hand-over: before the source yielded they go
# on there with their memory; after it they boot on its disk, which has every
# write, and only when somebody has vouched for the destination's death
# long
guests=6
. "$(dirname "$(readlink -f "$0")")/doubt.sh"
in_lab light

boot_all n1 web1 web2 web3 web4 web5 web6
stopped_at n2 web6 ran n2
stopped_at n2 web5 run n2
stopped_at n1 web4 yield n2
writes_on n2 web6
stopped_at n2 web3 handover n2
stopped_at n1 web2 captured n2
stopped_at n1 web1 cutover n2
"$lab" off n2
without n2 n1 n3
go n1 web1 web2 web4
went_on 1 "web1=n1 D dies before the guest was stopped" \
	"web2=n1 D dies with all but the last word" \
	"web3=n1 D dies with the whole image, before TAKE"
for guest in web4 web5 web6; do
	waits_for "$guest" 'the return of n2, which may hold or run it, or proof'
done
ctl n1 fence confirm-off n2
went_on 2 "web4=n1 D dies when S has TAKE" \
	"web5=n1 D dies with YIELD" \
	"web6=n1 D dies when the guest has run there"
ends 1 web1=n1 web2=n1 web3=n1
ends 2 web4=n1 web5=n1 web6=n1
until_clean leftovers --idle n1 --idle n3
echo "PASS: in doubt, and the destination dies"
