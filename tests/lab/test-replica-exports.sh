#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-replica-exports.sh - a writer of an old epoch is cut off and
# refused; what the guest has synced is on the disk of its copy
. "$(dirname "$(readlink -f "$0")")/testlib.sh"

conf() {
	small 800M replicas=2
}
in_lab conf

state() {
	cat "$(root n3)/run/hamd/guests/web1/state.json"
}

# url EPOCH: n3's export of the root disk at that epoch
url() {
	local port generation
	port=$(state | grep -o '"qsd_port":[0-9]*' | cut -d: -f2)
	generation=$(state | grep -o '^{[^[]*"generation":[0-9]*' |
		grep -o '[0-9]*$')
	echo "nbd://10.77.0.3:$port/web1/root/$1.$generation/$(
		"$lab" sh n3 cat /proc/sys/kernel/random/boot_id)"
}

boot_on n1
current n2
current n3

# lines: how often the guest told that what it wrote is synced
lines() {
	grep -c '^ack' "$(console n1)"
}

# ---- fsync ----
pid=$(pid_of n3 qemu-storage-daemon)
on n3 strace -f -q -p "$pid" -e trace=fdatasync -o /run/trace &
tracer=$!
until_true "strace watches" grep -q . "$(root n3)/run/trace"
before=$(lines)
more=$(acks n1)
from=$(grep -c 'fdatasync(.*= 0\|resumed.*= 0' "$(root n3)/run/trace" || :)
until_true "50 more records are synced" more_acks $((more + 50)) n1
now=$(lines)
syncs=$(($(grep -c 'fdatasync(.*= 0\|resumed.*= 0' "$(root n3)/run/trace") - from))
kill "$tracer" 2>/dev/null || :
pkill_tracer=$(pid_of n3 strace || :)
[ -z "$pkill_tracer" ] || on n3 kill "$pkill_tracer"
wait "$tracer" 2>/dev/null || :
[ "$syncs" -ge $((now - before - 1)) ] ||
	fail "$((now - before)) acknowledgements, $syncs syncs on n3"
ok "$((now - before)) acknowledgements, $syncs syncs on the copy's disk"

# ---- an old epoch ----
old=$(url 1)
mkfifo "$work/orders"
on n3 qemu-io -f raw "$old" <"$work/orders" >"$work/writer" 2>&1 &
writer=$!
exec 7>"$work/orders"
echo 'read 0 4k' >&7
until_true "a second client reads at epoch 1" grep -q 'read 4096' "$work/writer"

ctl n1 guest migrate web1 n2
runs_on n2
until_true "n3 serves epoch 2" grep -q '"epoch":2' \
	"$(root n3)/run/hamd/guests/web1/state.json"
echo 'write -P 0xee 0 4k' >&7
echo 'flush' >&7
echo 'quit' >&7
exec 7>&-
wait "$writer" || :
grep -q 'wrote' "$work/writer" && fail "it wrote: $(cat "$work/writer")"
ok "cut off: $(grep -i 'error\|fail' "$work/writer" | head -n 1)"

expect_rc 1 on n3 qemu-io -f raw -c 'read 0 4k' "$old"
said_has 'not (present|available|found)|server reported error'
ok "and refused: ${said##*: }"
expect_rc 0 on n3 qemu-io -r -f raw -c 'read 0 4k' "$(url 2)"
ok "the new name is served"
writes_on n2
ctl n2 guest stop web1
records n2 web1
"$audit" disk "$(image n2)" "$(image n1)"
"$audit" disk "$(image n2)" "$(image n3)"
nothing_left
echo "PASS: exports of an old epoch are closed, and a sync reaches every copy"
