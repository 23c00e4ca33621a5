#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-shared-disk.sh - a guest on a disk that all nodes share moves by
# its memory alone, is started anywhere, and writes from one node
# at a time; one with a disk of either kind has the other copied.  A hard link
# stands for the shared file system: one file, one lock, a path on each node
# long
. "$(dirname "$(readlink -f "$0")")/testlib.sh"

guests=2
conf() {
	small 800M | sed '/^\[disk web1/a\
kind = shared
		/^\[guest web2\]/a\
replicas = 1
		/^\[port web2/i\
[disk web2/data]\
path = /var/lib/hamd/images/web2-data.raw\
size = 64M\
kind = shared\
'
}
in_lab conf

# share NAME NODE...: what n1 has by that name, they have, too
share() {
	local name=$1 node
	shift
	for node; do
		ln -f "$("$lab" path n1)/images/$name" \
			"$("$lab" path "$node")/images/$name"
	done
}

no_copies() {
	guest_has n3 web1 '"replicas":\[\]'
}

share web1-root.raw n2
truncate -s 96M "$(image n3)" # another file, as below a mount point
truncate -s 64M "$("$lab" path n1)/images/web2-data.raw"
share web2-data.raw n2 n3

boot_on n1
ctl n3 guest migrate web1 n2
runs_on n2
writes_on n2
event_has n3 '"MIGRATION_DONE".*web1.*"disk_bytes":0' ||
	fail "a disk was copied: $(ctl n3 events | grep MIGRATION_DONE)"
until_true "no copy is left" no_copies
ok "moved by its memory alone"

expect_rc 6 ctl n3 guest migrate web1 n3
said_has 'no lock of the guest.*mounted'
expect_rc 1 ctl n3 disk verify web1
said_has 'no other current copy'
writes_on n2
ok "${said%%$'\n'*}"

# the destination has taken the disk, and dies: the source takes it back
hold n2 none
hold n1 handover
begin n1
until_true "held in HANDOVER" held n1
slay n1 qemu-system-x86_64
let_go n1
ended 6
runs_on n2
writes_on n2
hold n1 none
ctl n1 guest migrate web1 n1
runs_on n1
ctl n2 guest migrate web1 n2
runs_on n2
ok "taken back, and moved twice"

# n3 holds nothing of it; by the record every node is as good
ctl n3 --timeout 60 guest migrate web1 n1 --mode warm
runs_on n1
writes_on n1
ctl n3 disk resize web1 root 128M
until_true "the guest sees it" grep -q "^size $((128 << 20))" "$(console n1)"
writes_on n1
ctl n1 guest stop web1
ctl n3 guest migrate web1 n2 --mode cold
guest_has n3 web1 '"state":"stopped","owner":"n2"' || fail "it is elsewhere"
boot_on n1
until_true "it sees its size" grep -q "^size $((128 << 20))" "$(console n1)"
ok "warm, cold, larger, and started elsewhere"

# its node dies: nothing is started without proof; then it is, elsewhere
"$lab" off n1
until_true "status tells" guest_has n3 web1 '"waits_for":"[^"]*n1'
expect_rc 1 ctl n3 guest start web1 --node n2
"$audit" guests --expect web1=none
# else it would start by itself once n1 is back
ctl n3 guest stop web1 --no-wait
"$lab" on n1
cluster_whole
until_true "n1 says that it is gone" guest_has n3 web1 \
	'"state":"(failed|stopped)"'
# what n2 has there now is what lies below the mount point
image=$(image n2)
mv "$image" "$image.away"
cp "$(image n3)" "$image"
truncate -s 128M "$image"
expect_rc 1 ctl n3 guest start web1 --node n2
said_has 'not the shared file of before'
mv "$image.away" "$image"
boot_on n2
finish n2 web1 --reboots 4
ok "its node died"

# a disk of its own, and one that all have
boot_on n1 web2
until_true "there is a copy" guest_has n3 web2 '"state":"current"'
expect_rc 0 ctl n3 disk verify web2
to=n2
guest_has n3 web2 '"node":"n3","state":"current"' && to=n3
ctl n3 guest migrate web2 "$to"
runs_on "$to" web2
current n1 web2
expect_rc 0 ctl n3 disk verify web2
ok "of either kind: $said"
finish "$to" web2
"$audit" disk "$(image n1 web2)" "$(image "$to" web2)"
echo "PASS: shared disks"
