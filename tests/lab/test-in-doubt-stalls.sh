#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-in-doubt-stalls.sh - corosync dies at source or destination, the
# destination stalls, the third voter stalls or dies, with guests at points of the
# hand-over: nobody is proven dead, and each guest keeps its memory
# long
guests=5
. "$(dirname "$(readlink -f "$0")")/doubt.sh"

conf() {
	light | sed 's/^lease = .*/lease = 60s/'
}
in_lab conf

# all_get NODE SIGNAL: all that is there
all_get() {
	# shellcheck disable=SC2016 # expands in the node
	on "$1" sh -c 'for p in /proc/[0-9]*; do
			p=${p#/proc/}
			[ "$p" = 1 ] || [ "$p" = $$ ] || [ "$p" = "$PPID" ] ||
				kill "-$1" "$p" || :
		done' sh "$2"
}

boot_all n1 web1 web2 web3 web4 web5

# corosync at S; web3, web4, web5 run there
stopped_at n1 web1 copy n2
stopped_at n2 web2 handover n2
slay n1 corosync
go n2 web2
without n1 n2 n3
went_on 1 "web2=n2 corosync dies at S, D holds the image (F24)"
"$lab" corosync n1 start
went_on 1 "web1=n1 corosync dies at S before any copying (F24)" \
	"web3=n1 corosync dies under it and is back (F23)"
cluster_whole

# corosync at D; web2 runs there
stopped_at n1 web3 yield n2
stopped_at n2 web4 handover n2
slay n2 corosync
go n1 web3
without n2 n1 n3
went_on 1 "web4=n1 corosync dies at D before TAKE (F24)"
waits_for web3 'the return of n2, which may hold or run it, or proof'
"$lab" corosync n2 start
went_on 1 "web3=n2 corosync at D is back, D holds the image (F24)" \
	"web2=n2 corosync dies under it and is back (F23)"
cluster_whole

# all that is at D
stopped_at n1 web5 yield n2
stopped_at n2 web1 handover n2
all_get n2 STOP
go n1 web5
go n2 web1
without n2 n1 n3
went_on 1 "web1=n1 D stalls before TAKE (F14)"
waits_for web5 'the return of n2, which may hold or run it, or proof'
all_get n2 CONT
went_on 1 "web5=n2 D stalls after TAKE, and wakes (F14)"
cluster_whole

# the third
voter=n1
stopped_at n1 web1 yield n2
pid=$(pid_of n3 corosync)
on n3 kill -STOP "$pid"
go n1 web1
sleep 0.3 # as long as it stalls: shorter than the token
on n3 kill -CONT "$pid"
went_on 1 "web1=n2 the third voter stalls (F10)"
cluster_whole
stopped_at n1 web4 yield n2
"$lab" off n3
without n3 n1 n2
go n1 web4
went_on 1 "web4=n2 the third voter dies (F10)"

ends 1 web1=n2 web2=n2 web3=n2 web4=n2 web5=n2
until_clean leftovers --idle n1 --idle n2
echo "PASS: in doubt, and something stalls"
