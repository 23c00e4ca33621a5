#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/build/test-sanitizers.sh - the unit tests hold under address and
# undefined behaviour sanitizers, leaks included; built in $BUILD-asan
# HAM_QUICK=yes: without those that run for longest
set -eu
top=$(readlink -f "$(dirname "$0")/../..")
asan=$(readlink -m "${BUILD:-$top/build}")-asan
mkdir -p "$asan"
cd "$asan"
[ -e Makefile ] || "$top/configure" -q --enable-werror \
	--enable-sanitizers=address,undefined CFLAGS='-g -O1'
options=()
if [ "${HAM_QUICK-}" = yes ]; then
	# which speaks if it is made anew
	make Makefile
	names=$(printf 'include Makefile\nnames:\n\t@echo $(TESTS)\n' |
		make -s -f - names | tr -s ' ' '\n' |
		grep -vE 'check_(bm_digest|hamwd|fence)$|hamctl|ham-sim')
	[ -n "$names" ]
	options=("TESTS=${names//$'\n'/ }")
fi
make -k -j"$(nproc)" check VERBOSE=1 "${options[@]}" \
	LOG_COMPILER='timeout -k 10 240'
# a build whose flags were lost would pass as well
nm hamd/hamd | grep -q __asan_init
