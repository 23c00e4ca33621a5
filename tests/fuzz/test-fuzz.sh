#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/fuzz/test-fuzz.sh - each fuzz target for a while, with ASan and UBSan
#
# test-fuzz.sh [--seconds N] [TARGET...]
# Builds with clang in $BUILD-fuzz (tests/setup.sh --fuzz has the packages),
# begins with the corpus and with what earlier runs found there.  A line for
# each target: executions, and edges of its code that were met.  A crash, a
# leak, a hang or a run that did nothing is a failure; what caused it is kept,
# and the last line of its log says where.  With HAM_QUICK=yes, as check.sh has it
# without --long, chance takes the same course each time.
set -eu -o pipefail
export LC_ALL=C
top=$(readlink -f "$(dirname "$0")/../..")
fuzz=$(readlink -m "${BUILD:-$top/build}")-fuzz
all=(config jsonl learn message metadata netlink step)
seconds=${HAM_FUZZ_SECONDS:-60}
targets=()

while [ $# -gt 0 ]; do
	case $1 in
	--seconds)
		[ $# -gt 1 ] || { echo "test-fuzz: --seconds N" >&2; exit 2; }
		seconds=$2
		shift ;;
	-*)
		sed -n 's/^# \(test-fuzz.sh \[.*\)/usage: \1/p' "$0" >&2
		exit 2 ;;
	*) targets+=("$1") ;;
	esac
	shift
done
[[ $seconds =~ ^[1-9][0-9]*$ ]] || {
	echo "test-fuzz: '$seconds' is no number of seconds" >&2
	exit 2
}
[ ${#targets[@]} -gt 0 ] || targets=("${all[@]}")
for target in "${targets[@]}"; do
	[ -e "$top/tests/fuzz/fuzz_$target.c" ] || {
		echo "test-fuzz: there is no target '$target'" >&2
		exit 2
	}
done

build() {
	mkdir -p "$fuzz"
	cd "$fuzz"
	[ -e Makefile ] || "$top/configure" -q CC=clang --enable-fuzzer \
		--enable-sanitizers=address,undefined CFLAGS='-g -O1'
	make -j"$(nproc)" tests/fuzz/seeds \
		"${targets[@]/#/tests/fuzz/fuzz_}" >"$fuzz/make.log" 2>&1 || {
		tail -n 20 "$fuzz/make.log"
		return 1
	}
}

# from "#123	DONE   cov: 45 ft: 67 corp: ..." and its likes
figure() { # LOG SED-EXPRESSION
	sed -n "s/$2/\\1/p" "$1" | tail -n 1
}

# run_target NAME: its line; false if something was found
run_target() {
	local name=$1 log=$fuzz/$1.log options=() rc=0 runs met edges
	local found=$fuzz/found new=$fuzz/new/$1 leaks=1
	mkdir -p "$found" "$new"
	[ ! -e "$top/tests/fuzz/dict/$name.dict" ] ||
		options+=(-dict="$top/tests/fuzz/dict/$name.dict")
	# libnl itself loses what it had read of an answer that is damaged
	# further on; that we lose nothing is seen with whole answers, by
	# corpus_netlink under tests/build/test-sanitizers.sh
	[ "$name" != netlink ] || leaks=0
	# a check of a commit tells of that commit: what it finds can be found
	# again; new ground is broken by longer runs
	[ "${HAM_QUICK:-no}" = no ] || options+=(-seed=1 -reload=0)
	ASAN_OPTIONS=detect_leaks=$leaks "$fuzz/tests/fuzz/fuzz_$name" \
		-max_total_time="$seconds" -keep_seed=1 -max_len=4096 -timeout=20 \
		-rss_limit_mb=2048 -print_final_stats=1 \
		-artifact_prefix="$found/$name-" "${options[@]}" \
		"$new" "$top/tests/fuzz/corpus/$name" >"$log" 2>&1 || rc=$?
	if [ "$rc" != 0 ]; then
		grep -E 'ERROR|runtime error|SUMMARY' "$log" | sort -u || :
		echo "$name: FOUND something (exit $rc):" \
			"$(figure "$log" '.*Test unit written to \(.*\)')"
		return 1
	fi
	runs=$(figure "$log" 'stat::number_of_executed_units: *\([0-9]*\)')
	met=$(figure "$log" '^#[0-9]*.*DONE *cov: \([0-9]*\) .*')
	edges=$(figure "$log" '.*Loaded .* modules.*(\([0-9]*\) inline.*')
	echo "$name: ${runs:-0} executions, $((${runs:-0} / seconds))/s," \
		"${met:-0} of ${edges:-?} edges, log $log"
	[ "${runs:-0}" -gt 0 ] && [ "${met:-0}" -gt 0 ]
}

build
failed=0
for target in "${targets[@]}"; do
	# libFuzzer ends with 77 when it found something: not a skip here
	run_target "$target" || failed=1
done
exit $failed
