#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/build/test-sanitizers.sh - the unit tests hold under address and
# undefined behaviour sanitizers, leaks included; built in $BUILD-asan
set -eu
top=$(readlink -f "$(dirname "$0")/../..")
asan=$(readlink -m "${BUILD:-$top/build}")-asan
mkdir -p "$asan"
cd "$asan"
[ -e Makefile ] || "$top/configure" -q --enable-werror \
	--enable-sanitizers=address,undefined CFLAGS='-g -O1'
make -k -j"$(nproc)" check VERBOSE=1 LOG_COMPILER='timeout -k 10 240'
# a build whose flags were lost would pass as well
nm hamd/hamd | grep -q __asan_init
