#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-in-doubt.sh - a participant vanishes inside the hand-over: the
# rows of the in-doubt table that need no fencing decide, the others wait
# shellcheck source=tests/lab/mig.sh
. "$(dirname "$(readlink -f "$0")")/mig.sh"
scene ''

start_guest n1
# D absent, S has not yielded: S gets its guest back (F3)
restart_paused n2 handover
migrate_bg n2
paused n2
"$lab" off n2
until_is n1 state running
is n1 owner n1 || fail "the owner is $(get n1 owner)"
goes_on n1
fine "destination's power cut in the hand-over: the source goes on"
wait "$mig" || true
"$lab" on n2
whole n1
"$here/audit" guests --expect web1=n1 || fail "guests audit"

# hamd at S restarts in the hand-over with QEMU paused: counts as yielded;
# D has no whole image, so both are cold, S preferred
restart_paused n2 handover
"$lab" sh n2 rm -f /run/hamd/continue /run/hamd/paused-at
migrate_bg n2
paused n2
"$lab" hamd n1 kill
"$lab" hamd n1 start
let_go n2
whole n1
until_is n1 state running 40
owner=$(get n1 owner)
goes_on "$owner"
wait "$mig" || true
"$here/audit" guests --expect "web1=$owner" || fail "guests audit"
audit_records "$owner" --reboots 1
