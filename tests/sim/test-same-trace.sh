#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# tests/sim/test-same-trace.sh - a seed is a story: told twice it is the same,
# and another seed tells another one.  Run in the build folder.
set -eu
hash_of() {
	tests/sim/ham-sim --seed "$1" --trace | sed -n 's/^hash //p'
}
one=$(hash_of 7)
[ -n "$one" ]
[ "$one" = "$(hash_of 7)" ] || { echo "FAIL: seed 7 has two traces"; exit 1; }
[ "$one" != "$(hash_of 8)" ] || { echo "FAIL: seeds 7 and 8 agree"; exit 1; }
echo "ok: $one"
