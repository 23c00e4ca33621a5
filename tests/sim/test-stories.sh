#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/sim/test-stories.sh - each story goes as it went before
#
# test-stories.sh [--bless] [NAME...]
# Run in the build folder (or with HAM_SIM set); srcdir is set by the makefile.
# --bless writes the logs anew.  Logs that nobody tells are an error, too.
set -u -o pipefail
export LC_ALL=C
top=${srcdir:-$(dirname "$(readlink -f "$0")")/../..}
sim=${HAM_SIM:-tests/sim/ham-sim}
stories=$top/tests/sim/stories
bless=
told=0
failures=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
	echo "FAIL: $*"
	failures=$((failures + 1))
}

tell() {
	local name=$1 folder=$stories/$1
	told=$((told + 1))
	if ! "$sim" --story "$folder/story" >"$work/log" 2>"$work/error"; then
		tail -n 5 "$work/log"
		fail "$name: $(cat "$work/error")"
	elif [ -n "$bless" ]; then
		cp "$work/log" "$folder/log"
	elif ! diff -u "$folder/log" "$work/log" >"$work/diff"; then
		head -n 30 "$work/diff"
		fail "$name went another way (--bless, if it is right)"
	fi
}

if [ "${1:-}" = --bless ]; then
	bless=yes
	shift
fi
if [ $# -gt 0 ]; then
	names=("$@")
else
	mapfile -t names < <(cd "$stories" && find . -mindepth 1 -maxdepth 1 \
		-type d -printf '%f\n' | sort)
fi
for name in "${names[@]}"; do
	[ -f "$stories/$name/story" ] || { fail "$name has no story"; continue; }
	tell "$name"
done
echo "$told stories, $failures went wrong"
[ "$told" -gt 0 ] && [ "$failures" = 0 ]
