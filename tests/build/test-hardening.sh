#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/build/test-hardening.sh - the hardening flags have reached all programs
set -eu
top=$(dirname "$(readlink -f "$0")")/../..
BUILD=${BUILD:-$top/build}
export LC_ALL=C
failures=0

# has FILE OF_READELF REGEX WHAT
has() {
	if readelf -W "$2" "$1" | grep -qE "$3"; then
		echo "ok: $(basename "$1"): $4"
	else
		echo "FAIL: $(basename "$1"): no $4"
		failures=$((failures + 1))
	fi
}

for file in "$BUILD/hamd/hamd" "$BUILD/hamd/hamctl" "$BUILD/fence/hamwd"; do
	[ -x "$file" ] || { echo "FAIL: $file is not built"; exit 1; }
	has "$file" -h '^ *Type: *DYN' 'position independent code'
	has "$file" -d 'FLAGS_1.*\<PIE\>' 'PIE'
	has "$file" -d 'BIND_NOW|FLAGS_1.*\<NOW\>' 'immediate binding'
	has "$file" -l '^ *GNU_RELRO' 'RELRO'
	has "$file" -l '^ *GNU_STACK.* RW +0x' 'stack without execution'
	has "$file" --dyn-syms '__stack_chk_fail' 'stack protector'
	has "$file" --dyn-syms '__[a-z]+_chk\>' 'fortified functions'
done
[ "$failures" = 0 ]
