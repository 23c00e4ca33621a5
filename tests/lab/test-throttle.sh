#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-throttle.sh - a guest that writes more than can be sent is slowed
# down, where its policy allows it, and then moved
# long
. "$(dirname "$(readlink -f "$0")")/testlib.sh"

# it rewrites 96 MiB, at 100 MiB/s if it can, over a link of 77 MiB/s: 1.2 s of
# pause; leave has to be there from the start without KVM
busy() {
	small 800M max_pause=800ms max_duration=100s auto_converge=yes |
		sed '/^max_pause = 20s/d; s/dirty=64 rate=4/dirty=96 rate=100/'
}
in_lab busy

boot_on n1
for node in n1 n2; do
	on "$node" tc qdisc add dev eth0 root tbf rate 640mbit burst 256kb \
		latency 20ms
done
begin n2
ended 0
event_has n3 'MIGRATION_DECIDED.*slowed down by' ||
	fail "it was not slowed down: $(ctl n3 events)"
runs_on n2
writes_on n2
ok "slowed down: $(tail -n 1 <<<"$said")"
finish n2 web1 --max-gap 10000 # it was slowed down
echo "PASS: throttle"
