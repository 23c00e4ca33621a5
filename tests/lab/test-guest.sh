#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-guest.sh - the test guest notices damage, and stops by ACPI
#
# Disk and memory are damaged from outside while it runs; a guest that said
# nothing would make every other test of the lab worthless.
set -eu -o pipefail
here=$(dirname "$(readlink -f "$0")")
lab=$here/hamlab
[ "${1-}" = inside ] || exec "$lab" run 1 --no-hamd -- "$0" inside
. "$here/byhand.sh"

n1=$("$lab" path n1)
image=$n1/images/web1-root.raw
log=$n1/log/hamd/web1.console

says() {
	"$lab" wait 60 grep -q "$1" "$log" || fail "the guest does not say $1"
	echo "ok: $1"
}

# A stop by the power button is orderly: all that is written is acknowledged,
# and the next boot finds it.
power_button() {
	local last
	boot n1 "wr=2 ring=4 ip=10.77.0.100/24"
	says '^ack'
	"$lab" sh n1 ping -c 1 -W 5 10.77.0.100 >/dev/null ||
		fail "the guest does not answer"
	pid=$(cat "$n1/root/run/qemu.pid")
	qmp n1 system_powerdown
	says '^powerbutton'
	says '^bye'
	"$lab" sh n1 "$labinit" gone "$pid" 30 || fail "QEMU goes on"
	last=$(sed -n 's/^bye \([0-9]*\).*/\1/p' "$log")
	"$here/audit" records "$image" "$log"
	clear_guest n1
	: >"$log"
	boot n1 "wr=2 ring=4"
	says "^boot [0-9a-f]* found $last"
	kill_guest n1
}

# A guest that only reads would find it at its next boot; this one is to find
# it while it runs.  Half of the ring, again and again, since it writes too.
damaged_disk() {
	local end=$((SECONDS + 60))
	: >"$log"
	boot n1 "wr=1 ring=4"
	says '^ack'
	until grep -q '^CORRUPT disk: record' "$log"; do
		[ "$SECONDS" -lt "$end" ] || fail "damage on disk not noticed"
		dd if=/dev/zero of="$image" bs=1M seek=2 count=2 \
			oflag=direct conv=notrunc status=none
	done
	says '^CORRUPT disk: record'
	kill_guest n1
}

# Finds a page of the guest's pattern in its RAM and flips one bit of each.
damage_memory() {
	python3 - "$1" <<-'END'
	import mmap, struct, sys
	STEP, MASK = 0xBF58476D1CE4E5B9, (1 << 64) - 1
	hit = 0
	with open(sys.argv[1], "r+b") as f:
	    ram = mmap.mmap(f.fileno(), 0)
	    for at in range(0, len(ram), 4096):
	        a, b, c = struct.unpack_from("<3Q", ram, at)
	        if a and (a + STEP) & MASK == b and (b + STEP) & MASK == c:
	            ram[at + 2048] ^= 1
	            hit += 1
	sys.exit(0 if hit else 1)
	END
}

damaged_memory() {
	: >"$log"
	boot n1 "dirty=16 rate=4" \
		-object memory-backend-file,id=m,size=256M,mem-path=/dev/shm/ram,share=on \
		-machine memory-backend=m
	says '^tick 20 '
	! grep CORRUPT "$log" || fail "the guest sees damage where none is"
	damage_memory "$n1/root/dev/shm/ram" || fail "no page of its found"
	says '^CORRUPT memory: page'
	kill_guest n1
}

power_button
damaged_disk
damaged_memory
echo "PASS: the guest notices damage and stops by ACPI"
