#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-restart-hamd.sh - hamd is killed and started again: the guest
# does not notice; a copy that was under way is called off at both ends
. "$(dirname "$(readlink -f "$0")")/testlib.sh"
in_lab small 20M

boot_on n1
pid=$(pid_of n1 qemu-system-x86_64)

"$lab" hamd n1 kill
writes_on n1
"$audit" guests --expect web1=n1
"$lab" hamd n1 start
cluster_whole
runs_on n1
[ "$(pid_of n1 qemu-system-x86_64)" = "$pid" ] || fail "another QEMU"
ok "re-attached after SIGKILL"

# whoever asks too early is answered: no guest is found before QEMU has spoken
"$lab" hamd n1 kill
on n1 kill -STOP "$pid"
"$lab" hamd n1 start
ctl n1 status || fail "no status while a guest is looked for"
on n1 kill -CONT "$pid"
cluster_whole
runs_on n1
ok "asked while it looked for its guests"

"$lab" hamd n1 restart
cluster_whole
runs_on n1
[ "$(pid_of n1 qemu-system-x86_64)" = "$pid" ] || fail "another QEMU"
ok "re-attached after an orderly stop"

# the end of an adopted QEMU is heard like that of a child
slay n1 qemu-system-x86_64
until_true "its end is told" guest_has n2 web1 '"state":"failed"'
ctl n1 guest start web1
writes_on n1
pid=$(pid_of n1 qemu-system-x86_64)
ok "the end of an adopted QEMU is heard"

begin n2
until_true "data flows" copying
"$lab" hamd n1 kill
writes_on n1
"$lab" hamd n1 start
cluster_whole
ended 6
runs_on n1
[ "$(pid_of n1 qemu-system-x86_64)" = "$pid" ] || fail "another QEMU"
writes_on n1
until_clean leftovers --idle n2
ok "source's hamd killed during COPY: $said"

begin n2
until_true "data flows" copying
"$lab" hamd n2 kill
ended 6
writes_on n1
"$lab" hamd n2 start
cluster_whole
runs_on n1
[ "$(pid_of n1 qemu-system-x86_64)" = "$pid" ] || fail "another QEMU"
until_clean leftovers --idle n2
ok "destination's hamd killed during COPY: $said"

ctl n1 guest migrate web1 n2
finish n2 web1 --reboots 1
echo "PASS: hamd killed and started again"
