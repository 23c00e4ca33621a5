#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-replica-compared.sh - copies are compared by digests: after the
# bitmap is lost with QEMU, and on demand; a flipped bit is found, and mended
. "$(dirname "$(readlink -f "$0")")/testlib.sh"

conf() {
	small 800M replicas=1
}
in_lab conf

# flip IMAGE OFFSET: one bit of what is there
flip() {
	local byte
	byte=$(od -An -tu1 -j "$2" -N 1 "$1")
	printf '%b' "\\x$(printf %02x $((byte ^ 1)))" |
		dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

boot_on n1
current n2
writes_on n1
expect_rc 0 ctl n3 disk verify web1
ok "$said"

# ---- the bitmap is gone with QEMU ----
slay n1 qemu-system-x86_64
until_true "it is told" guest_has n1 web1 '"state":"failed"'
ctl n1 guest start web1
current n2
writes_on n1
differ=$("$lab" logs n1 hamd | grep -o '[0-9]* bytes differ' | tail -n 1)
[ -n "$differ" ] || fail "nothing was compared"
[ "${differ%% *}" -lt $((16 << 20)) ] || fail "too much: $differ"
ok "after a crash of QEMU: $differ, of 96 MiB"

# ---- a bit ----
since=$(last_event n1)
flip "$(image n2)" $((70 << 20))
expect_rc 1 ctl n3 disk verify web1
said_has 'not the same' '64 KiB differ, at 1 place'
ok "$said"
until_true "it is given up" event_has n1 \
	'"REPLICA_OUTDATED".*differ' "$since"
current n2
expect_rc 0 ctl n3 disk verify web1
ok "mended: $said"
writes_on n1
ctl n1 guest stop web1
records n1 web1 --reboots 1
"$audit" disk "$(image n1)" "$(image n2)"
nothing_left
echo "PASS: copies are compared"
