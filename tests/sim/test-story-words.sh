#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/sim/test-story-words.sh - a story that is wrong is told so
#
# Each case is a story of its own: what can't be read ends with 2, what comes out
# otherwise with 1, and in both cases the line is named.
# Run in the build folder (or with HAM_SIM set).
set -u -o pipefail
sim=${HAM_SIM:-tests/sim/ham-sim}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cases=0
failures=0

# ends VERDICT LINE TEXT, the story on stdin
ends() {
	local verdict
	cases=$((cases + 1))
	cat >"$work/story"
	timeout 60 "$sim" --story "$work/story" >/dev/null 2>"$work/error"
	verdict=$?
	if [ "$verdict" != "$1" ] ||
		{ [ "$1" != 0 ] && ! grep -qF "story:$2: $3" "$work/error"; }; then
		echo "FAIL: ended with $verdict, not $1 at line $2 ($3):"
		cat "$work/story" "$work/error"
		failures=$((failures + 1))
	fi
}

start='wait n1 note QUORUM
operator n1 start g1 n1
wait g1 did LAUNCHED'

ends 0 0 '' <<<"$start
expect g1 runs n1
expect told n1 g1 runs (boots)
expect never n2 g1"
ends 1 4 'it does not run there' <<<"$start
expect g1 runs n2"
ends 1 4 'it runs' <<<"$start
expect g1 down"
ends 1 4 'no node says that' <<<"$start
expect g1 says unknown"
ends 1 4 'nobody has told' <<<"$start
expect told n2 g1 runs (boots)"
ends 1 4 'it has happened' <<<"$start
expect never n1 g1 runs (boots)"
ends 1 4 'that never happened' <<<"$start
wait n2 g1 runs (boots)"
ends 2 4 'too late' <<<"$start
nodes 5"

ends 2 1 'no such fault' <<<'lightning n1'
ends 2 1 'no such node' <<<'lose n4 TAKE'
ends 2 1 'lose|miss nN KIND' <<<'lose n1 TAKEN'
ends 2 1 'no act of that name can fail' <<<'fail-act n1 KILL g1'
ends 2 1 'fail-act nN ACT gN' <<<'fail-act n1 RUN g2'
ends 2 1 'no act has that name' <<<'slow-act n1 KILLED g1'
ends 2 1 'no such node' <<<'store-fails n0'
ends 2 1 'how late?' <<<'late-quorum n1 5'
ends 2 1 'it has power' <<<'wipe n1'
ends 2 1 'how late?' <<<'hold n1 ADOPT soon'
ends 2 1 'hold nN KIND' <<<'hold n1 2000ms'
ends 2 1 'it does not run there' <<<'shutdown n1 g1'
ends 2 1 'not understood' <<<'witness n4'
ends 2 1 'not understood' <<<'tolerate I7'

# I5 breaks, and is tolerated or not
lie='replicas 1
fence liar
wait n1 note QUORUM
operator n1 start g1 n2
wait g1 did LAUNCHED
operator n1 migrate g1 n1
wait n2 g1 did FINISHED
split 100
wait n2 g1 runs (boots)'
ends 1 9 'I5: g1 boots on n2' <<<"$lie"
ends 0 0 '' <<<"tolerate I5
$lie
expect told VIOLATION I5"

echo "$cases stories, $failures not as they should"
[ "$cases" -gt 0 ] && [ "$failures" = 0 ]
