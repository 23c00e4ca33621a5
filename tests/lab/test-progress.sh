#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-progress.sh - a migration of more than 10 seconds as people see
# it: a line in the log of the source alone, on hamctl watch, in the metrics of
# each node; and counted by each when it is over
. "$(dirname "$(readlink -f "$0")")/testlib.sh"
in_lab small 12M

# metric NODE TEXT: hamctl metrics there has a line that begins so
metric() {
	ctl "$1" metrics | grep "^$2" >/dev/null
}

# in_log NODE: its hamd logged the figures of web1
in_log() {
	"$lab" logs "$1" hamd | grep -E \
		'web1: copy.*, [0-9.]+ MiB/s, .* s left'
}

boot_on n1
metric n1 'hamd_up 1' || fail "no metrics"
until_true "n2 has a metric of the guest" \
	metric n2 'hamd_guest_state{guest="web1",state="running"} 1'
metric n3 'hamd_migrations_total{result="done"} 0' || fail "it has counted"
ctl n3 watch --timeout 60 >"$work/watch" 2>&1 &
watch=$!
# it does not end before all have been looked at
hold n1 cutover
begin n2
until_true "the source has logged figures" in_log n1
for node in n1 n2 n3; do
	metric "$node" 'hamd_migration_remaining_bytes{guest="web1",kind="disk"}' ||
		fail "$node has no metric of the migration"
done
let_go n1
ended 0
ok "$said"
ok "$(in_log n1 | head -n 1)"
for node in n2 n3; do
	! in_log "$node" >&2 || fail "$node, which is not the source, logged it"
done
for node in n1 n2 n3; do
	until_true "$node has counted it" \
		metric "$node" 'hamd_migrations_total{result="done"} 1'
	metric "$node" 'hamd_last_migration_success{guest="web1"} 1' ||
		fail "$node does not tell of it"
done
until_true "watch tells its end" grep -q 'MIGRATION_DONE  web1' "$work/watch"
kill "$watch"
wait "$watch" || :
grep -E '^web1 n1 -> n2: copy [0-9]+%, ' "$work/watch" | tail -n 1
grep -qE '^web1 n1 -> n2: copy [0-9]+%, .*MiB/s' "$work/watch" ||
	fail "watch shows no migration: $(cat "$work/watch")"
finish n2
echo "PASS: progress"
