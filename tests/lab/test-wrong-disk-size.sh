#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-wrong-disk-size.sh - an image of another size than the cluster
# file says is never used: not to copy to, not to start from
. "$(dirname "$(readlink -f "$0")")/testlib.sh"
in_lab small 800M

boot_on n1
"$lab" disk n2 web1-root.raw 64M
before=$(sha256sum <"$(image n2)")
begin n2
ended 6
said_has 'web1-root.raw' "$((64 << 20))" "$((96 << 20))"
runs_on n1
until_clean leftovers --idle n2
[ "$(sha256sum <"$(image n2)")" = "$before" ] || fail "n2's file was written"
ok "$said"

rm "$(image n2)"
ctl n1 guest migrate web1 n2
ok "with that file away it moves"
writes_on n2
ctl n1 guest stop web1
records n2 web1

truncate -s 95M "$(image n2)"
expect_rc 1 ctl n2 guest start web1
said_has "$((95 << 20))" "$((96 << 20))"
ok "$said"
qemu-img create -q -f qcow2 "$(image n2)" 96M
expect_rc 1 ctl n2 guest start web1
said_has 'web1-root.raw is qcow2, not raw: qemu-img convert -f qcow2'
ok "$said"
"$audit" guests --expect web1=none
nothing_left
echo "PASS: images of the wrong size"
