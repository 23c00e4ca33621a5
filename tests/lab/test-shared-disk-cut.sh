#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-shared-disk-cut.sh - a destination is cut off when it has taken a
# shared disk and not been let run: the source, whose turn it is, waits for the
# lock and goes on with its memory (F3)
# long
. "$(dirname "$(readlink -f "$0")")/testlib.sh"

conf() {
	small 800M | sed '/^\[disk web1/a\
kind = shared
'
}
in_lab conf

ln -f "$(image n1)" "$(image n2)"
boot_on n1
hold n2 handover
begin n2
until_true "held in HANDOVER" held n2
"$lab" cut n2 n1
"$lab" cut n2 n3
let_go n2
until_true "n1 decides without n2" status_has n1 \
	'"active":true.*"members":\["n1","n3"\]'
until_true "n1 waits for the disk" event_has n1 '"ALARM".*web1.*tried again'
"$audit" guests --migrating web1
guest_has n1 web1 '"waits_for":"the lock of its shared disk' ||
	fail "status does not say so: $(ctl n1 guest show web1)"
ok "waits: $(ctl n1 events | grep ALARM | tail -n 1)"
"$lab" heal
cluster_whole
writes_on n1
runs_on n1
ended 6
ok "goes on: $said"
hold n2 none
ctl n1 guest migrate web1 n2
finish n2
echo "PASS: a source waits for the lock of its shared disk"
