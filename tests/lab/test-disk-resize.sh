#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-disk-resize.sh - a disk grows while its guest writes: its copy
# gets what was written meanwhile and what is new, hamd may be killed in it, and
# where there is no room all stays as it was
. "$(dirname "$(readlink -f "$0")")/testlib.sh"

conf() {
	small 800M replicas=1
}
in_lab conf

OLD=$((96 << 20))

grows_to() {
	grep -q "^size $1" "$(console "${2:-n1}")"
}

size() {
	stat -c %s "$(image "$1")"
}

boot_on n1
current n2
expect_rc 1 ctl n3 disk resize web1 root 96M
said_has 'only grows'
expect_rc 5 ctl n3 disk resize web1 other 1G
said_has 'no such disk'
expect_rc 2 ctl n3 disk resize web1 root much
said_has 'no size'

before=$(acks n1)
ctl n3 disk resize web1 root 160M
until_true "the guest sees it" grows_to $((160 << 20))
until_true "it writes on" more_acks "$before" n1
current n2
[ "$(size n1)" = $((160 << 20)) ] || fail "n1's image has $(size n1) bytes"
[ "$(size n2)" = $((160 << 20)) ] || fail "n2's image has $(size n2) bytes"
"$lab" logs n1 hamd | grep -q 'making a copy at .*, of what has changed since' ||
	fail "all was copied: $("$lab" logs n1 hamd | grep 'making a copy')"
expect_rc 0 ctl n3 disk verify web1
guest_has n2 web1 "\"size_bytes\":$((160 << 20))" || fail "not told"
ok "it has grown, and its copy with it"

expect_rc 1 ctl n3 disk resize web1 root 200T
said_has 'not resized.*(too large|No space)'
[ "$(size n1)" = $((160 << 20)) ] || fail "n1's image has $(size n1) bytes"
current n2
writes_on n1
ok "no room: ${said##*: }"

# killed in it
ctl n1 --no-wait disk resize web1 root 240M
"$lab" hamd n1 kill
"$lab" hamd n1 start
cluster_whole
until_true "the guest sees it" grows_to $((240 << 20))
current n2
ok "hamd was killed in it"

ctl n1 guest migrate web1 n2
runs_on n2
until_true "n1 has the copy" guest_has n3 web1 '"node":"n1","state":"current"'
ctl n2 disk resize web1 root 256M
until_true "the guest sees it on n2" grows_to $((256 << 20)) n2
until_true "n1 has the copy" guest_has n3 web1 '"node":"n1","state":"current"'
writes_on n2
ctl n2 guest stop web1
records n2 web1
"$audit" disk "$(image n1)" "$(image n2)"
[ "$(size n1)" -gt "$OLD" ] || fail "n1's image has $(size n1) bytes"
ctl n2 guest start web1
writes_on n2
ctl n2 guest stop web1
nothing_left
echo "PASS: a disk grows, with its copies, and its guest runs on"
