#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/build/test-check.sh - check.sh runs both its sides, counts what either
# says, and ends with all that it began
#
# On a tree of its own, whose tests are lines of shell; runs none of the real
# ones.
set -eu -o pipefail
export LC_ALL=C
top=$(readlink -f "$(dirname "$0")/../..")
[ "$(id -u)" = 0 ] || { echo "check.sh needs uid 0"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export BUILD=$work/build
failures=0

# stub FILE LINE: is that test from now on
stub() {
	mkdir -p "$(dirname "$work/tests/$1")"
	printf '#!/bin/bash\n%s\n' "$2" >"$work/tests/$1"
	chmod +x "$work/tests/$1"
}

stubs() {
	local file
	rm -rf "${work:?}"/*
	mkdir "$BUILD"
	printf 'TESTS =\ncheck:\n' >"$BUILD/Makefile"
	for file in setup.sh fuzz/test-fuzz.sh sim/search.sh sim/mutants.py \
		sim/coverage.sh model/test-model.sh net/test-net.sh \
		watchdog/test-qemu.sh lab/test-lab.sh lab/sanitized.sh \
		lab/hamlab build/test-{check,configure,distcheck}.sh \
		build/test-{hardening,install,sanitizers,shellcheck}.sh; do
		stub "$file" true
	done
	cp "$top/tests/check.sh" "$work/tests"
}

# A line for a stub: it ends when that file is there, or fails.
until_there() {
	echo "timeout 60 sh -c 'until [ -e $work/$1 ]; do sleep 0.05; done'"
}

check() {
	rc=0
	"$work/tests/check.sh" "$@" >"$work/out" 2>&1 || rc=$?
}

# expect COUNT REGEX: so many lines of what was said
expect() {
	local got
	got=$(grep -cE "$2" "$work/out" || :)
	[ "$got" = "$1" ] || fail "$got lines '$2', not $1"
}

# A process that nobody has reaped yet has ended.
is_alive() {
	grep -qs '^State:[[:space:]]*[^ZX]' "/proc/$1/status"
}
export -f is_alive

# within 20 s
has_ended() {
	timeout 20 bash -c "while is_alive $1; do sleep 0.05; done"
}

expect_last() {
	[ "$(tail -n 1 "$work/out")" = "$1" ] || fail "the last line is no '$1'"
}

fail() {
	echo "FAIL: $case: $*"
	sed 's/^/     | /' "$work/out"
	failures=$((failures + 1))
}

case="each side waits for the other"
stubs
stub fuzz/test-fuzz.sh "touch $work/fuzz; $(until_there lab)"
stub lab/test-lab.sh "touch $work/lab; $(until_there fuzz)"
stub sim/coverage.sh "chrt -p \$\$ | grep -q SCHED_IDLE"
stub net/test-net.sh "! chrt -p \$\$ | grep -q SCHED_IDLE"
check
expect_last "23 passed, 0 failed"
expect 23 "^ok   [a-z]+/[a-z-]+ [0-9]+$"
expect 5 "^left out: the "
[ "$rc" = 0 ] || fail "exit $rc"

case="failures and skips of either side"
stubs
stub fuzz/test-fuzz.sh 'echo "the fuzzer says"; [ "${!#}" != step ]'
stub sim/coverage.sh 'echo "not here"; exit 77'
stub lab/test-lab.sh 'echo "the lab says"; false'
stub lab/hamlab "echo \"\$1\" >$work/hamlab"
check
expect_last "20 passed, 2 failed"
expect 1 "^FAIL fuzz/step [0-9]+: exit 1$"
expect 1 "^     \| the fuzzer says$"
expect 1 "^FAIL lab/lab [0-9]+: exit 1$"
expect 1 "^     \| the lab says$"
expect 1 "^skip sim/coverage [0-9]+: not here$"
[ "$rc" = 1 ] || fail "exit $rc"
[ "$(cat "$work/hamlab")" = down ] || fail "a lab that failed is left"

case="some by their names"
check --only 'fuzz/jsonl|model|lab/s'
expect_last "3 passed, 0 failed"

case="without a lab nothing is beside"
stubs
stub sim/coverage.sh "! chrt -p \$\$ | grep -q SCHED_IDLE"
check --unit
expect_last "19 passed, 0 failed"
expect 4 "^left out: the "

case="a test of the network that takes long"
stub net/test-much.sh $'# long\nfalse'
check --only 'net/.*'
expect 1 "^left out: net/much$"
expect_last "1 passed, 0 failed"
rm "$work/tests/net/test-much.sh"

case="the lab alone"
stub lab/test-much.sh $'# long\nfalse'
check --lab
expect 1 "^left out: lab/much$"
expect_last "2 passed, 0 failed"
expect 1 "^left out: the other lab tests"

# shellcheck disable=SC2016 # the stub expands it
case="the side that computes is killed"
stub sim/coverage.sh 'kill -KILL $(ps -o ppid= $PPID)'
check
expect 1 "^FAIL beside [0-9]+: it was killed$"
[ "$rc" = 1 ] || fail "exit $rc"

# A test of either side, and a child of each.
for signal in INT TERM; do
	case="interrupted by $signal"
	stubs
	stub fuzz/test-fuzz.sh "sleep 600 & echo \$! \$\$ >$work/1; wait"
	stub lab/test-lab.sh "sleep 600 & echo \$! \$\$ >$work/2; wait"
	env --default-signal=INT "$work/tests/check.sh" >"$work/out" 2>&1 &
	check=$!
	for side in 1 2; do
		timeout 60 sh -c "until [ -s $work/$side ]; do sleep 0.05; done"
	done
	read -ra pids < <(cat "$work/1" "$work/2" | xargs)
	kill -"$signal" "$check"
	has_ended "$check" || {
		fail "it goes on"
		kill -KILL "$check" "${pids[@]}"
	}
	rc=0
	wait "$check" || rc=$?
	[ "$rc" = 130 ] || fail "exit $rc"
	for pid in "${pids[@]}"; do
		has_ended "$pid" || fail "process $pid is left"
	done
	[ ${#pids[@]} = 4 ] || fail "${#pids[@]} processes, not 4"
done

[ "$failures" = 0 ]
