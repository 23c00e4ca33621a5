#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-limits.sh - a guest that writes more than can be sent: early said
# to, and forced; limits are changed while it runs; a pause that gets too long is
# called off, or told as a broken limit
. "$(dirname "$(readlink -f "$0")")/testlib.sh"

# web1 rewrites 160 MiB, at 40 MiB/s if it can, over a link of 24 MiB/s: a page
# not twice in the time of a hand-over (doc/design.md, "Memory under TCG"); web2
# writes little
busy() {
	guests=2 small 800M max_pause=60ms max_duration=100s |
		sed '/^max_pause = 20s/d
			/^\[guest web1\]/,/^\[disk/s/dirty=64 rate=4/dirty=160 rate=40/
			/^\[guest web2\]/,/^\[disk/s/^max_pause.*/max_pause = 400ms/'
}
in_lab busy

# decided REGEX: such a decision was told
decided() {
	event_has n3 "MIGRATION_DECIDED.*$1" "$from" ||
		fail "nobody said '$1': $(ctl n3 events --since "$from")"
}

boot_on n1
# the link itself: what bandwidth alone holds back, a pause could use
for node in n1 n2; do
	on "$node" tc qdisc add dev eth0 root tbf rate 200mbit burst 256kb \
		latency 20ms
done
from=$(last_event n3)
expect_rc 6 ctl n3 guest migrate web1 n2
said_has 'needs at least [0-9]+ MiB/s or a pause of [0-9]+ ms .max_pause is 60 ms'
runs_on n1
writes_on n1
until_clean leftovers --idle n2
ok "aborted early: $(tail -n 1 <<<"$said")"

expect_rc 2 ctl n3 guest set web1 max_pause=soon
said_has "max_pause: found 'max_pause=soon', expected max_pause=VALUE"
expect_rc 1 ctl n3 guest set web1 max_pause=2s
said_has 'not being migrated'

# limits that hold for the one under way
begin n2
until_true "data flows" copying
expect_rc 0 ctl n3 guest set web1 on_limit=force max_duration=5m
from=$(last_event n3)
ended 0
decided 'whatever the pause'
runs_on n2
writes_on n2
said_has 'guest stopped'
ok "forced: $(tail -n 1 <<<"$said")"

# nobody takes it in time: back to where it was
on n1 tc qdisc del dev eth0 root
boot_on n1 web2
hold n1 captured
begin n2 web2
until_true "held in the pause" held n1
until_true "it goes on" guest_has n3 web2 '"state":"running","owner":"n1"'
let_go n1
ended 6
said_has 'its pause reached max_pause, 400 ms, and the destination had not'
runs_on n1 web2
writes_on n1 web2
ok "called off: $(tail -n 1 <<<"$said")"

# it is taken, but its source is late to let it go
hold n1 yield
begin n2 web2
until_true "held after TAKE" held n1
sleep 0.5 # longer than max_pause
let_go n1
ended 0
runs_on n2 web2
guest_has n3 web2 '"max_pause_ms":400' ||
	fail "no broken limit: $(ctl n3 --json guest show web2)"
ok "broken: $(tail -n 1 <<<"$said")"
ctl n2 guest stop web1
records n2 web1 --max-gap 10000 # a pause of any length was allowed
finish n2 web2 --max-gap 10000
echo "PASS: limits"
