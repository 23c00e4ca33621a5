#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-audit.sh - each finding of the audit is made to happen
#
# An audit that cannot fail proves nothing.  QEMUs are started by hand here,
# without hamd: what is tested is the audit.  Before each fault and after its
# removal the same audit must be clean.
# shellcheck disable=SC2016 # what is quoted expands in the node
set -eu -o pipefail
here=$(dirname "$(readlink -f "$0")")
lab=$here/hamlab
audit=$here/audit
[ "${1-}" = inside ] || exec "$lab" run 2 --no-hamd -- "$0" inside

. "$here/byhand.sh"

n1=$("$lab" path n1)
n2=$("$lab" path n2)
work_options="dirty=16 rate=4 wr=4 ring=4"
image=$n1/images/web1-root.raw
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

clean() {
	"$audit" "$@" || fail "not clean: audit $*"
}

# finding TEXT ARGS...: the audit fails and says TEXT
finding() {
	local text=$1 said
	shift
	if said=$("$audit" "$@"); then
		fail "audit $* did not notice: $text"
	fi
	grep -q -e "$text" <<<"$said" ||
		fail "audit $* says '$said', not: $text"
	echo "ok: $text"
}

guests_twice() {
	clean guests --expect web1=none
	boot n1 "$work_options"
	"$lab" wait 60 sh n1 grep -q '^ack' /var/log/hamd/web1.console
	clean guests --expect web1=n1
	finding 'not on n2' guests --expect web1=n2
	finding 'web1 has a QEMU on n1' guests --expect web1=none
	qmp n1 stop
	finding 'stands still' guests --expect web1=n1
	qmp n1 cont
	clean guests --expect web1=n1

	# the ring of 1024 records is full
	"$lab" wait 60 sh n1 grep -q '^ack [0-9]\{5\}' \
		/var/log/hamd/web1.console
	cp "$image" "$n2/images/web1-root.raw"
	boot n2 "$work_options" -S
	finding 'web1 has 2 QEMUs' guests
	clean guests --migrating web1
	qmp n2 cont
	# before its kernel runs the firmware does: that is running too
	finding 'web1 RUNS TWICE' guests
	finding 'web1 RUNS TWICE' guests --migrating web1
	finding 'web1 RUNS TWICE' all --migrating any
	kill_guest n2
	clean guests
}

left_in_node() {
	local sub guest
	clean leftovers --idle n2
	finding 'tap t-web1 on an idle node' leftovers --idle n1
	finding 'qemu-system-x86_64 (pid .*should hold nothing' \
		leftovers --idle n1

	"$lab" sh n2 ip tuntap add t-left mode tap
	finding 'n2: tap t-left without a QEMU' leftovers
	finding 'n2: tap t-left without a QEMU' all
	"$lab" sh n2 ip link del t-left

	"$lab" sh n2 ip link add b-left type bridge
	clean leftovers
	"$lab" sh n2 ip link del b-left

	sub='import socket; s = socket.socket(socket.AF_UNIX)
s.bind("/run/hamd/left.sock")'
	"$lab" sh n2 sh -c 'mkdir -p /run/hamd; python3 -c "$1"' sh "$sub"
	finding 'n2: socket /run/hamd/left.sock, nobody listens' leftovers
	"$lab" sh n2 rm /run/hamd/left.sock

	"$lab" sh n2 ip netns add left
	finding 'n2: network namespace left' leftovers
	"$lab" sh n2 ip netns del left
	"$lab" sh n2 umount /run/netns

	"$lab" sh n2 mount -n -t tmpfs none /mnt
	finding 'n2: mount on /mnt' leftovers
	"$lab" sh n2 umount -n /mnt

	for guest in web1 web9; do
		"$lab" sh n2 mkdir -p "/run/hamd/guests/$guest"
		"$lab" sh n2 qemu-storage-daemon --daemonize --pidfile /run/qsd.pid \
			--chardev "socket,path=/run/hamd/guests/$guest/qsd.sock,server=on,wait=off,id=c" \
			--monitor chardev=c
		case $guest in
		web1)
			clean leftovers
			finding 'storage-daemon (pid .*should hold nothing' \
				leftovers --idle n2
			finding 'socket /run/hamd/guests/web1/qsd.sock on an idle' \
				leftovers --idle n2 ;;
		web9) finding "unknown guest 'web9'" leftovers ;;
		esac
		"$lab" sh n2 sh -c 'pid=$(cat /run/qsd.pid)
			kill -9 "$pid"; "$0" gone "$pid" 10
			rm -rf /run/qsd.pid /run/hamd/guests' "$labinit"
	done
	clean leftovers --idle n2
}

# A container may have no loop device to give.
left_loop() {
	local loop
	loop=$(losetup -f --show "$n2/images/web1-root.raw" 2>/dev/null) || {
		echo "skipped: no loop device to be had"
		return
	}
	finding "loop device $loop over" leftovers
	losetup -d "$loop"
	clean leftovers
}

disks() {
	cp "$image" "$work/copy"
	clean disk "$image" "$work/copy"
	flip "$work/copy" 123456789
	finding 'differ first at byte 123456789, in 1 block' \
		disk "$image" "$work/copy"
	flip "$work/copy" 123456789
	clean disk "$image" "$work/copy"
	truncate -s -4096 "$work/copy"
	finding 'sizes differ' disk "$image" "$work/copy"
}

# flip FILE OFFSET: all bits of one byte
flip() {
	python3 - "$@" <<-'END'
	import sys
	with open(sys.argv[1], "r+b") as f:
	    f.seek(int(sys.argv[2]))
	    byte = f.read(1)[0]
	    f.seek(-1, 1)
	    f.write(bytes([byte ^ 255]))
	END
}

records() {
	local slot copy=$work/copy other=$work/log log=$work/console acked
	tr -d '\r' <"$n1/log/hamd/web1.console" >"$log"
	acked=$(awk '/^ack/ { n = $2 } END { print n }' "$log")
	# the last acknowledged one: 1024 slots of 4 KiB from 1 MiB on
	slot=$(((acked - 1) % 1024))
	clean records "$image" "$log" --min-acks 5
	finding 'nothing is proven' records "$image" "$log" --min-acks 99999999
	finding 'nothing is proven' records "$image" /dev/null

	cp "$image" "$copy"
	dd if=/dev/zero of="$copy" bs=4096 seek=$((256 + slot)) count=1 \
		conv=notrunc status=none
	finding "acknowledged record $acked: no record" records "$copy" "$log"
	cp "$image" "$copy"
	flip "$copy" $(((256 + slot) * 4096 + 2000))
	finding "acknowledged record $acked: wrong checksum" \
		records "$copy" "$log"
	cp "$image" "$copy"
	dd if="$image" of="$copy" bs=4096 skip=$((256 + (slot + 1) % 1024)) \
		seek=$((256 + slot)) count=1 conv=notrunc status=none
	finding 'does not belong here' records "$copy" "$log"
	# n2's copy was taken when the ring had been filled, long before
	cp "$image" "$copy"
	dd if="$n2/images/web1-root.raw" of="$copy" bs=4096 \
		skip=$((256 + slot)) seek=$((256 + slot)) count=1 \
		conv=notrunc status=none
	finding "record $acked was acknowledged, [0-9]* is there" \
		records "$copy" "$log"

	finding 'the guest ran twice' records "$image" "$log" "$log"
	{ cat "$log"; echo 'CORRUPT disk: record 5: wrong checksum'; } >"$other"
	finding 'CORRUPT disk' records "$image" "$other"
	sed '/^tick 1[0-9] /d' "$log" >"$other"
	finding 'tick(s) are missing' records "$image" "$other"
	finding 'ms between ticks 9 and 20, at most 500' \
		records "$image" "$other" --max-gap 500
	sed 's/^tick 8 [0-9]*/tick 8 1/' "$log" >"$other"
	finding 'clock goes back' records "$image" "$other"
	# a hand-over amid a line leaves its halves in two logs
	sed '/^tick 12 /q' "$log" | head -c -5 >"$work/half1"
	{ tail -c 5 <(sed '/^tick 12 /q' "$log"); sed '1,/^tick 12 /d' "$log"
	} >"$other"
	clean records "$image" "$work/half1" "$other"
	{ cat "$log"; echo "boot 01234567 found $((acked - 1))"; } >"$other"
	finding 'lost writes' records "$image" "$other" --reboots 1
	finding 'the guest lost its memory' records "$image" "$other"
	sed "s/^boot \(........\) /boot 01234567 /" "$log" >"$other"
	finding 'has no `boot` line' records "$image" "$other" --reboots 1
	sed 's/ [0-9a-f]\{8\}\( found .*\)\?$/ 01234567\1/' "$log" >"$other"
	finding 'acknowledged was boot 01234567' records "$image" "$other"
}

# Another lab's folder, so that there is an "after" while this one is up.
left_after() {
	(
		export HAMLAB=$work/after
		clean leftovers
		finding 'no lab is up' guests
		mkdir "$HAMLAB"
		finding "folder $HAMLAB" leftovers
		sh -c 'cd "$1" && rmdir "$1" && exec sleep 100' sh "$HAMLAB" &
		"$lab" wait 10 test ! -e "$HAMLAB"
		finding "sleep (pid $!) holds" leftovers
		kill $!
		wait $! || :
		clean leftovers
		cgroup=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
		cgroup=$cgroup/hamlab-$(cksum <<<"$HAMLAB" | cut -d' ' -f1)
		if mkdir "$cgroup" 2>/dev/null; then
			finding "cgroup $cgroup" leftovers
			rmdir "$cgroup"
		fi
		clean leftovers
	)
}

guests_twice
left_in_node
left_loop
"$lab" wait 30 sh n1 grep -q '^tick 25 ' /var/log/hamd/web1.console
kill_guest n1
clean all --idle n1 --idle n2
disks
records
left_after
echo "PASS: the audit notices all of these"
