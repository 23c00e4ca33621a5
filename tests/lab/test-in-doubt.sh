#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-in-doubt.sh - a participant vanishes inside the hand-over: the
# rows of the in-doubt table (doc/faults.md) that need no fencing decide by
# themselves; the others wait, and status names for whom
. "$(dirname "$(readlink -f "$0")")/testlib.sh"
in_lab small 800M

# to_handover: n2 is about to take the whole image from n1, which is paused
to_handover() {
	hold n2 handover
	begin n2
	until_true "held in HANDOVER" held n2
}

boot_on n1

# D is gone, S has not yielded: S runs its image on (F3)
to_handover
"$lab" off n2
runs_on n1
writes_on n1
ended 6
"$lab" on n2
cluster_whole
runs_on n1
until_clean leftovers --idle n2
ok "destination's power cut: the source goes on"

# S is gone, D comes to hold the whole image: D runs the very same memory
to_handover
"$lab" off n1
let_go n2
runs_on n2
writes_on n2
wait "$moving" || :
"$lab" on n1
cluster_whole
"$audit" leftovers --idle n1
ctl n3 guest migrate web1 n1
writes_on n1
ok "source's power cut: the destination goes on"

# S's hamd was restarted beside a paused QEMU, so it counts as having yielded,
# and D is gone: D may run it, its death must be proven first
to_handover
"$lab" hamd n1 kill
"$lab" off n2
"$lab" hamd n1 start
until_true "n3 says what is waited for" guest_has n3 web1 \
	'"state":"in-doubt".*"waits_for":"[^"]*n2'
expect_rc 0 ctl n3 status
said_has 'web1 is in-doubt.*n2'
expect_rc 1 ctl n3 guest start web1
"$audit" guests --migrating web1
ok "$(tail -n 1 <<<"$said")"
wait "$moving" || :
# back without an image, it is known not to run: a cold start, S preferred
"$lab" on n2
cluster_whole
runs_on n1
until_clean leftovers --idle n2
writes_on n1
ok "both without an image: a cold start at the source"

finish n1 web1 --reboots 1
echo "PASS: the rows of the in-doubt table"
