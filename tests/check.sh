#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/check.sh - every test there is, one line each
#
# check.sh [--unit | --lab] [--only REGEX] [--fuzz-seconds N] [--long]
# --long: a million seeds, every mutant, the models with more faults, the lab
# tests that take longest, the whole lab under sanitizers, 30 minutes of chaos, and
# 15 minutes for each fuzzer; hours.  What a run left out stands before its last line.
# A test has a hard deadline and its output in $BUILD/check-logs/.  Exit 77 is
# a skip: named with its last line as the reason, counted nowhere.  What only
# computes runs beside the lab, which mostly waits, and is told when it ends.
# The last line is always "N passed, N failed"; a run in which nothing passed or
# failed has failed.
set -u -o pipefail
export LC_ALL=C

top=$(dirname "$(dirname "$(readlink -f "$0")")")
BUILD=$(readlink -m "${BUILD:-$top/build}")
HAMLAB=$BUILD/lab
export BUILD HAMLAB
logs=$BUILD/check-logs
# what is counted and said at the end: of both sides, so not in variables
results=$logs/results
left_out=$logs/left-out
with_unit=yes
with_root=yes
with_lab=yes
only=.
fuzz_seconds=20
long=no
yielding=()
patience=1
beside=

# in the order of their cost to the one who waits for a first failure
build_tests=(check shellcheck hardening install configure distcheck)
fuzz_targets=(config jsonl learn message metadata netlink step)
# the lab test that is run on programs with sanitizers, if not all are
sanitized=restart-hamd

usage() {
	sed -n 's/^# \(check.sh \[.*\)/usage: \1/p' "$0"
}

# tests/net/test-port.sh -> net/port
name_of() {
	sed 's,^.*tests/,,; s,/test-,/,; s,\.\(sh\|py\)$,,' <<<"$1"
}

wanted() {
	[[ $1 =~ $only ]]
}

# The last line that says something.
last_line() {
	grep -v '^[[:space:]]*$' "$1" | tail -n 1
}

# tell RESULT NAME SECONDS LOG [REASON]: counted, and said as a whole
tell() {
	{
		flock 9
		echo "$1" >&9
		printf '%-4s %s %s%s\n' "$1" "$2" "$3" "${5:+: $5}"
		[ "$1" != FAIL ] || grep -v '^make\(\[\|:\)' "$4" |
			tail -n 20 | sed 's/^/     | /'
	} 9>>"$results"
}

told() {
	grep -c "^$1\$" "$results"
}

# What runs now must not outlive us: timeout has a process group of its own,
# which the terminal's interrupt does not reach.
stop() {
	trap '' INT TERM
	jobs -p | xargs -r kill -TERM 2>/dev/null
	wait
	exit 130
}

# limited SECONDS LOG COMMAND...
limited() {
	local deadline=$1 log=$2
	shift 2
	"${yielding[@]}" timeout -k 30 "$deadline" "$@" >"$log" 2>&1 </dev/null &
	wait $!
}

# run_test NAME DEADLINE COMMAND...: false if it failed
run_test() {
	local name=$1 deadline=$(($2 * patience)) begin=$SECONDS log took rc
	shift 2
	wanted "$name" || return 0
	log=$logs/${name//\//-}.log
	limited "$deadline" "$log" "$@"
	rc=$?
	took=$((SECONDS - begin))
	case $rc in
	0) tell ok "$name" $took "$log" ;;
	77) tell skip "$name" $took "$log" "$(last_line "$log")" ;;
	124 | 137)
		tell FAIL "$name" $took "$log" "not done in $deadline s"
		return 1 ;;
	*)
		tell FAIL "$name" $took "$log" "exit $rc"
		return 1 ;;
	esac
}

# run_beside FUNCTION: its tests get what all others leave of the processors,
# and more time.  A session of its own, as the kernel may weigh whole sessions
# (autogroups) before it looks at who in them is idle.
run_beside() {
	(
		trap stop INT TERM
		# shellcheck disable=SC2016 # sh expands it
		yielding=(setsid sh -c '
			{ echo 19 >/proc/self/autogroup; } 2>/dev/null
			exec chrt -i 0 "$@"' sh)
		patience=4
		"$1"
		exit 0
	) &
	beside=$!
}

join_beside() {
	[ -n "$beside" ] || return 0
	wait "$beside" || tell FAIL beside $SECONDS /dev/null "it was killed"
	beside=
}

make_tests() {
	# shellcheck disable=SC2016 # make expands it
	printf 'include Makefile\ncheck-names:\n\t@echo $(TESTS)\n' |
		make -s -C "$BUILD" -f - check-names | tr -s ' ' '\n'
}

# One line for a test of `make check`, which may have left no result.
tell_made() {
	local file=$BUILD/${1%.sh} name=$2 log=$logs/${2//\//-}.log result
	local took=0 begin reason=
	[ -e "$file.log" ] || file=$BUILD/$1
	[ -e "$file.trs" ] || {
		tell FAIL "$name" 0 "$logs/make-check.log" "it did not run"
		return
	}
	cp "$file.log" "$log"
	# a log is born as its test starts (0: the file system cannot tell)
	begin=$(stat -c %W "$file.log")
	[ "$begin" = 0 ] || took=$(($(stat -c %Y "$file.trs") - begin))
	result=$(sed -n 's/^:global-test-result: //p' "$file.trs")
	case $result in
	PASS | XFAIL) tell ok "$name" $took "$log" ;;
	SKIP)
		# automake ends a log with a line of its own
		reason=$(sed '$d' "$log" | last_line -)
		tell skip "$name" $took "$log" "$reason" ;;
	*) tell FAIL "$name" $took "$log" "$result" ;;
	esac
}

# Each test of `make check` counts as one; parallel, as they were written.
make_check() {
	local test chosen=()
	while IFS= read -r test; do
		! wanted "$(name_of "$test")" || chosen+=("$test")
	done < <(make_tests)
	[ ${#chosen[@]} -gt 0 ] || return 0
	find "$BUILD/tests" -name '*.trs' -delete
	limited 600 "$logs/make-check.log" make -C "$BUILD" -k \
		-j"$(nproc)" check TESTS="${chosen[*]}" \
		LOG_COMPILER='timeout -k 10 240'
	for test in "${chosen[@]}"; do
		tell_made "$test" "$(name_of "$test")"
	done
}

# A test that needs more time than others says so: `# deadline: SECONDS`; one
# that is only run with --long: `# long`.
deadline_of() { # TEST SECONDS
	local own
	own=$(sed -n 's/^# deadline: //p' "$1")
	echo "${own:-$2}"
}
is_left_out() { # TEST
	[ "$long" = no ] && grep -qx '# long' "$1" || return 1
	left_out "$(name_of "$1")"
}

# A test that was killed may leave its lab behind, and the next needs the name.
lab_tests() {
	local test
	for test in "$top"/tests/lab/test-*.sh; do
		[ -x "$test" ] || continue
		! is_left_out "$test" || continue
		# it is run below, and more is looked at
		[ "$long" = yes ] || [ "$(name_of "$test")" != "lab/$sanitized" ] ||
			continue
		run_test "$(name_of "$test")" "$(deadline_of "$test" 300)" \
			"$test" ||
			limited 60 "$logs/lab-down.log" \
				"$top/tests/lab/hamlab" down
	done
}

left_out() {
	echo "left out: $1" >>"$left_out"
}

search_tests() {
	local sim=$top/tests/sim
	if [ "$long" = yes ]; then
		run_test sim/search 14400 "$sim/search.sh" --seeds 1000000
		run_test sim/mutants 7200 "$sim/mutants.py" --jobs "$(nproc)"
	else
		run_test sim/search 600 "$sim/search.sh" --seconds 60
		run_test sim/mutants 900 "$sim/mutants.py" --jobs "$(nproc)" \
			--quick
		left_out "the million seeds: a minute's worth of them"
		left_out "the mutants that take longer to find"
	fi
	run_test sim/search-large 600 "$sim/search.sh" --seconds 20 \
		--nodes 5 --guests 20
	run_test sim/coverage 900 "$sim/coverage.sh"
}

model_tests() {
	local test
	for test in "$top"/tests/model/test-*.sh; do
		if [ "$long" = yes ]; then
			run_test "$(name_of "$test")" 14400 "$test" --long
		else
			run_test "$(name_of "$test")" 900 "$test"
			left_out "the models' searches with more faults"
		fi
	done
}

# The lab's programs with sanitizers: what they find at exit is in the nodes'
# logs, where sanitized.sh looks.
sanitized_lab() {
	if [ "$long" = yes ]; then
		run_test lab/sanitized 7200 "$top/tests/lab/sanitized.sh"
	else
		run_test lab/sanitized 600 "$top/tests/lab/sanitized.sh" \
			"$sanitized"
		left_out "the other lab tests under sanitizers"
	fi
}

computing_tests() {
	local target
	run_test build/sanitizers 900 "$top/tests/build/test-sanitizers.sh"
	for target in "${fuzz_targets[@]}"; do
		run_test "fuzz/$target" $((fuzz_seconds + 600)) \
			"$top/tests/fuzz/test-fuzz.sh" \
			--seconds "$fuzz_seconds" "$target"
	done
	search_tests
	model_tests
}

all() {
	local test
	if [ "$with_unit" = yes ]; then
		make_check
		for test in "${build_tests[@]}"; do
			run_test "build/$test" 900 \
				"$top/tests/build/test-$test.sh"
		done
		if [ "$with_lab" = yes ]; then
			run_beside computing_tests
		else
			computing_tests
		fi
	fi
	if [ "$with_root" = yes ]; then
		for test in "$top"/tests/net/test-*.sh; do
			is_left_out "$test" || run_test "$(name_of "$test")" \
				"$(deadline_of "$test" 180)" "$test" "$BUILD"
		done
		run_test watchdog/qemu 300 "$top/tests/watchdog/test-qemu.sh" \
			"$BUILD"
	fi
	if [ "$with_lab" = yes ]; then
		lab_tests
		# with the programs of build/sanitizers
		join_beside
		sanitized_lab
	fi
}

while [ $# -gt 0 ]; do
	case $1 in
	--unit) with_root=no with_lab=no ;;
	--lab) with_unit=no with_root=no ;;
	--only)
		[ $# -gt 1 ] || { usage >&2; exit 2; }
		only=$2
		shift ;;
	--fuzz-seconds)
		[[ ${2:-} =~ ^[1-9][0-9]*$ ]] || { usage >&2; exit 2; }
		fuzz_seconds=$2
		shift ;;
	--long) long=yes fuzz_seconds=900 ;;
	-h | --help) usage; exit 0 ;;
	*) usage >&2; exit 2 ;;
	esac
	shift
done
if [ "$(id -u)" != 0 ]; then
	echo "check: needs uid 0: it installs packages, and the lab makes" \
		"namespaces"
	exit 77
fi
trap stop INT TERM
# of a make that may have called us
unset MAKEFLAGS MFLAGS MAKELEVEL
rm -rf "$logs"
mkdir -p "$logs"
: >"$results"
: >"$left_out"
if [ "$long" = no ]; then
	export HAM_QUICK=yes
	left_out "a release that is built, tested and installed from its archive"
	left_out "the slowest unit tests with sanitizers; a minute of chaos; the fuzzers' other seeds"
fi
setup=("$top/tests/setup.sh")
[ "$with_unit" = no ] || setup+=(--fuzz)
if timeout -k 10 1800 "${setup[@]}" </dev/null 2>&1 |
	tee "$logs/setup.log"; then
	all
else
	tell FAIL setup $SECONDS "$logs/setup.log"
fi
cat "$left_out"
echo "$(told ok) passed, $(told FAIL) failed"
[ "$(told FAIL)" = 0 ] && [ "$(told ok)" -gt 0 ]
