#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-chaos.sh - two minutes (one with HAM_QUICK=yes) of random faults
# and operators, by a fixed seed: no guest runs twice, no acknowledged write is
# lost, no outage lasts; and a run that is killed leaves nothing behind
#
# Two minutes of faults, and at most history.py's bound until all is well.
# deadline: 600
set -eu -o pipefail
here=$(dirname "$(readlink -f "$0")")
lab=$here/hamlab

minutes=2
[ "${HAM_QUICK-}" != yes ] || minutes=1
"$lab" chaos --seed 20 --minutes "$minutes"
"$here/audit" leftovers

# killed amid its faults, with nodes that are off or stand still
keep=$(mktemp -d)
trap 'rm -rf "$keep"' EXIT
"$lab" chaos --seed 21 --minutes 3 --keep "$keep/killed" >"$keep/out" 2>&1 &
run=$!
"$lab" wait 120 grep -q '"kind": "fault"' "$keep/killed/history.jsonl"
kill -KILL "$run"
wait "$run" || :
"$lab" wait 60 "$here/audit" leftovers
echo "PASS: chaos"
