# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# tests/lab/mig.sh - what the tests of migrations share; sourced, not run
#
# A test says `scene` first, which brings up a lab of its own unless it is in
# one already, and `fine` after each thing that is true.  Everything waits for
# an event with a deadline; nothing sleeps.
set -eu -o pipefail
here=$(dirname "$(readlink -f "$0")")
lab=$here/hamlab

fail() {
	echo "FAIL: $*" >&2
	for n in n1 n2 n3; do
		echo "--- $n" >&2
		"$lab" logs "$n" hamd 2>/dev/null | tail -15 >&2 || true
	done
	exit 1
}

fine() {
	echo "ok: $*"
}

# scene CONF-EDIT ARGS...: `run`s this test inside a lab of three nodes whose
# cluster file is the default one after sed -e CONF-EDIT.
scene() {
	local edit=$1 conf
	shift
	[ "${HAM_SCENE-}" != inside ] || return 0
	conf=$(mktemp)
	"$lab" conf 3 | sed -e "$edit" >"$conf"
	HAM_SCENE=inside "$lab" run 3 --conf "$conf" -- "$0" "$@" || {
		rm -f "$conf"
		exit 1
	}
	rm -f "$conf"
	exit 0
}

with_replicas='s/^cpus = 1/cpus = 1\nreplicas = 1/'
slowly='s/^migration_bandwidth.*/migration_bandwidth = 24M/'

ctl() {
	local node=$1
	shift
	"$lab" sh "$node" hamctl "$@"
}

# One field of `guest show`, e.g. get n1 owner
get() {
	ctl "$1" --json guest show web1 | python3 -c '
import json, sys
guest = json.load(sys.stdin)["guest"]
value = guest
for key in sys.argv[1].split("."):
    value = value[key] if value is not None else None
print(value)' "$2"
}

is() {
	[ "$(get "$1" "$2")" = "$3" ]
}

# until_is NODE FIELD VALUE [SECONDS]
until_is() {
	local end=$((SECONDS + ${4-30}))
	until is "$1" "$2" "$3"; do
		[ "$SECONDS" -lt "$end" ] ||
			fail "$2 is $(get "$1" "$2"), not $3"
	done
}

start_guest() {
	ctl "${1-n1}" guest start web1 ${2+--node "$2"} >/dev/null ||
		fail "the guest does not start"
	"$lab" wait 60 sh "${2-n1}" grep -q '^ack' /var/log/hamd/web1.console
}

# The guest goes on: it acknowledges a record it had not before.
goes_on() {
	local log=/var/log/hamd/web1.console before
	before=$("$lab" sh "$1" sh -c "grep '^ack' $log | tail -1")
	"$lab" wait 30 sh "$1" sh -c \
		"[ \"\$(grep '^ack' $log | tail -1)\" != '$before' ]" ||
		fail "the guest does not go on on $1"
}

# restart_paused NODE POINT: hamd that will hold there
restart_paused() {
	"$lab" hamd "$1" stop
	HAMD_PAUSE_AT=$2 "$lab" hamd "$1" start
	whole "$1"
}

# All three nodes are members again.
whole() {
	"$lab" wait 20 sh "$1" sh -c \
		'hamctl status | grep -q "3 of 3 nodes, quorate"' ||
		fail "the cluster does not get whole"
}

paused() {
	"$lab" wait 40 sh "$1" test -e /run/hamd/paused-at ||
		fail "$1 never came to the point"
}

let_go() {
	"$lab" sh "$1" touch /run/hamd/continue
}

# Starts a migration in the background; its output goes to $out.
migrate_bg() {
	out=$(mktemp)
	"$lab" sh n3 hamctl guest migrate web1 "$1" >"$out" 2>&1 &
	mig=$!
}

migrate_ends() {
	local rc=0
	wait "$mig" || rc=$?
	cat "$out"
	[ "$rc" = "$1" ] || fail "hamctl guest migrate: exit $rc, not $1"
}

told() {
	grep -q "$1" "$out" || fail "hamctl did not say '$1'"
	fine "told: $1"
}

# The guest runs on one node only, no record is missing, nothing is left over.
audit_all() {
	local owner=$1
	shift
	"$here/audit" guests --expect "web1=$owner" || fail "guests audit"
	"$here/audit" leftovers "$@" || fail "leftovers audit"
	fine "audit: web1=$owner, nothing left over"
}

# Ends the guest in order and looks at what it wrote.
audit_records() {
	local owner=$1 logs=() n p
	shift
	ctl n3 guest stop web1 >/dev/null || fail "the guest does not stop"
	for n in n1 n2 n3; do
		p=$("$lab" path "$n")
		[ ! -e "$p/log/hamd/web1.console" ] ||
			logs+=("$p/log/hamd/web1.console")
	done
	"$here/audit" records \
		"$("$lab" path "$owner")/images/web1-root.raw" "${logs[@]}" \
		--max-gap 8000 "$@" || fail "records audit"
	fine "audit: every acknowledged record is there"
}
