#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-replica-eio.sh - disks fail: a copy's is given up and made again
# where it is; a guest's own stops it, and it is not started again by mistake
. "$(dirname "$(readlink -f "$0")")/testlib.sh"

conf() {
	small 800M replicas=1 | with_witness n3
}
in_lab conf

# break_disk NODE read|write
break_disk() {
	touch "$(root "$1")/run/bad-$2"
}

mend_disk() {
	rm "$(root "$1")"/run/bad-*
}

state() {
	cat "$(root "$1")/run/hamd/guests/web1/state.json"
}

# port: of the copy's daemon
port() {
	state n2 | grep -o '"qsd_port":[0-9]*' | cut -d: -f2
}

connected_anew() {
	[ "$(port)" != "$first" ] && state n1 | grep -q "\"10.77.0.2 0 $(port) "
}

# content NODE: of its device
content() {
	on "$1" dd if=/var/lib/hamd/images/web1-root.raw of=/run/content.raw \
		bs=1M iflag=direct status=none
	echo "$(root "$1")/run/content.raw"
}

device n1 96M bad
device n2 96M bad
boot_on n1
current n2
since=$(last_event n3)
break_disk n2 write
until_true "it goes on" event_has n3 '"GUEST_FREED".*without' "$since"
writes_on n1
ok "$(ctl n3 events | grep GUEST_FREED | tail -n 1)"
mend_disk n2
current n2
expect_rc 0 ctl n3 disk verify web1
ok "the copy's disk fails no more: ${said##*$'\n'}"

# while it is copied to
since=$(last_event n3)
slay n2 qemu-storage-daemon
break_disk n2 write
until_true "it is given up" event_has n3 '"REPLICA_OUTDATED"' "$since"
writes_on n1
mend_disk n2
current n2
ok "and while it is copied to"

# its own disk can't be read, and its copy can
break_disk n1 read
until_true "it is said" event_has n3 '"ALARM".*can.t be read'
before=$(acks n1)
until_true "it reads and writes on" more_acks $((before + 200)) n1
mend_disk n1
ok "its own disk can't be read: $(ctl n3 events | grep ALARM | tail -n 1)"

# nor written, and then its copy is lost: no reason to let it run
since=$(last_event n3)
break_disk n1 write
until_true "it is said" event_has n3 '"DISK_FAILED".*stands still' "$since"
until_true "its writes wait" stands_still n1
said=$(ctl n3 status)
said_has 'waits for its own disk'
first=$(port)
slay n2 qemu-storage-daemon
until_true "its copy is connected anew" connected_anew
until_true "it stands still" stands_still n1
! event_has n3 '"GUEST_FREED"' "$since" || fail "it was let go on"
ok "its own disk fails: $(ctl n3 events | grep DISK_FAILED | tail -n 1)"
mend_disk n1
stands_still n1 || fail "it went on by itself"
ctl n1 guest stop web1 --kill
ctl n1 guest start web1 --node n1
writes_on n1
current n2

# no copy, and a disk that can't be read: it stands, and reads no zeroes
"$lab" off n2
until_true "the copy is given up" event_has n1 '"REPLICA_OUTDATED".*(gone|not answer)' "$since"
writes_on n1
since=$(last_event n3)
break_disk n1 read
until_true "it is said" event_has n3 '"DISK_FAILED".*stands still' "$since"
until_true "it stands still" stands_still n1
mend_disk n1
ok "nothing is read instead"
ctl n1 guest stop web1 --kill
ctl n1 guest start web1 --node n1
writes_on n1
ctl n1 guest stop web1
! grep CORRUPT "$(console n1)" || fail "it read what it had not written"
"$audit" records "$(content n1)" "$(console n1)" --reboots 2
"$lab" on n2
cluster_whole
on n1 umount -n -l /run/disk
nothing_left
echo "PASS: a disk that fails loses nothing"
