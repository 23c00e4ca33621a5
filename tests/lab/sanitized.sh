#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/sanitized.sh - lab tests on programs built with ASan and UBSan
#
# sanitized.sh [NAME...]
# The programs of $BUILD-asan (tests/build/test-sanitizers.sh makes them; they
# are brought up to date here), every lab test or those named.  A report of a
# sanitizer, leaks at exit included, is a failure whatever the test says.
set -eu -o pipefail
export LC_ALL=C
here=$(dirname "$(readlink -f "$0")")
top=$(readlink -f "$here/../..")
asan=$(readlink -m "${BUILD:-$top/build}")-asan
reports=$asan/lab-reports
export BUILD=$asan HAMLAB=$asan/lab
# the reports' folder is the same in every node's namespace
export ASAN_OPTIONS=log_path=$reports/asan:detect_leaks=1
export UBSAN_OPTIONS=log_path=$reports/ubsan:print_stacktrace=1
failures=0
count=0

mkdir -p "$asan"
cd "$asan"
[ -e Makefile ] || "$top/configure" -q --enable-werror \
	--enable-sanitizers=address,undefined CFLAGS='-g -O1'
make -j"$(nproc)" >make.log 2>&1 || { tail -n 20 make.log; exit 1; }
nm hamd/hamd >symbols
grep -q __asan_init symbols
if [ $# -gt 0 ]; then
	names=("$@")
else
	mapfile -t names < <(cd "$here" && printf '%s\n' test-*.sh |
		sed 's/^test-//; s/\.sh$//' | grep -v '^chaos$')
fi
trap '"$here/hamlab" down >/dev/null 2>&1 || :' EXIT
for name in "${names[@]}"; do
	rm -rf "$reports"
	mkdir -p "$reports"
	count=$((count + 1))
	# twice the patience: all is slower
	if ! timeout -k 30 600 "$here/test-$name.sh" >"$asan/lab-$name.log" 2>&1; then
		tail -n 20 "$asan/lab-$name.log"
		echo "FAIL: $name"
		failures=$((failures + 1))
		"$here/hamlab" down >/dev/null 2>&1 || :
	fi
	if [ -n "$(ls -A "$reports")" ]; then
		head -n 60 "$reports"/*
		echo "FAIL: $name: a sanitizer has something to say"
		failures=$((failures + 1))
	fi
	echo "$name done"
done
echo "$count lab tests under sanitizers, $failures failures"
[ "$count" -gt 0 ] && [ "$failures" = 0 ]
