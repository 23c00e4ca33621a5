#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/model/test-model.sh - spin searches the models whole and finds nothing;
# in each broken variant it finds what is broken
#
# test-model.sh [--long] [--only REGEX]
# A search that met a bound (depth, memory, time) proves nothing: a failure.
# So is a variant that is not found broken: then the checker sees nothing.
# --long: more faults and changes of the ring, up to hours.  One line each.
set -eu -o pipefail
export LC_ALL=C
top=$(readlink -f "$(dirname "$0")/../..")
long=no
only=.
failures=0
searches=0
variants=0

while [ $# -gt 0 ]; do
	case $1 in
	--long) long=yes ;;
	--only)
		only=$2
		shift ;;
	*)
		echo "usage: test-model.sh [--long] [--only REGEX]" >&2
		exit 2 ;;
	esac
	shift
done
command -v spin >/dev/null || { echo "FAIL: spin is missing"; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$top"/tests/model/*.pml "$work"
cd "$work"

# MODEL DEFINITIONS: searched whole, nothing found
whole=(
	"disks"
	"disks -DWAS_REPLICA"
	"commit -DFAULTS=1 -DCHANGES=1 -DRECORDS=0"
	"commit -DFAULTS=1 -DCHANGES=0 -DRECORDS=1"
	"commit -DFAULTS=2 -DCHANGES=0 -DRECORDS=0"
	"commit -DFAULTS=0 -DCHANGES=2 -DRECORDS=1"
	"handover -DFAULTS=0 -DCHANGES=1"
	"handover -DFAULTS=0 -DCHANGES=2 -DNO_END"
	"handover -DFAULTS=1 -DCHANGES=0"
	"handover -DFAULTS=2 -DCHANGES=0 -DNO_END"
)
whole_long=(
	"disks -DFAULTS=5 -DWRITES=5"
	"disks -DFAULTS=5 -DWRITES=5 -DWAS_REPLICA"
	"commit -DFAULTS=0 -DCHANGES=1 -DRECORDS=2"
	"commit -DFAULTS=1 -DCHANGES=1 -DRECORDS=1"
	"commit -DFAULTS=1 -DCHANGES=0 -DRECORDS=0 -DBEGIN_OUT=6"
	"handover -DFAULTS=1 -DCHANGES=1 -DNO_END"
	"handover -DFAULTS=2 -DCHANGES=0"
)
# MODEL PROPERTY DEFINITIONS: the property (MUST() in the model) is broken;
# -DSHORTEST: breadth first, for the shortest story
H="-DFAULTS=0 -DCHANGES=1 -DNO_END"
H2="-DFAULTS=0 -DCHANGES=2 -DNO_END"
broken=(
	"handover I1 $H -DVARIANT_A"
	"handover I2 $H -DVARIANT_B"
	"handover I1 $H -DVARIANT_C"
	"handover I1 $H -DNO_FENCE"
	"handover I1 -DFAULTS=0 -DCHANGES=1 -DFENCE_LIES"
	"handover I2 $H -DAUTO_RESUME"
	"handover I1 -DFAULTS=0 -DCHANGES=1 -DNO_COMMIT"
	"handover I4 $H -DCOLD_UNDRAINED"
	"handover I4 $H2 -DCOLD_KEEPS -DCOLD_BESIDE"
	"handover I2 $H2 -DPROMOTE_STEP=1"
	"commit EQUAL -DFAULTS=0 -DCHANGES=1 -DRECORDS=2 -DNO_NUMBERS -DSHORTEST"
	"commit KEPT -DFAULTS=0 -DCHANGES=2 -DRECORDS=1 -DADOPT_ANY"
	"commit KEPT -DFAULTS=0 -DCHANGES=2 -DRECORDS=1 -DONE_STORED"
	"commit ONE -DFAULTS=1 -DCHANGES=1 -DRECORDS=0 -DANY_GROUP"
	"disks I34 -DCOLD_KEEPS -DSHORTEST"
	"disks I34 -DDROP_EARLY -DSHORTEST"
	"disks I34 -DCOLD_UNDRAINED -DSHORTEST"
	"disks I34 -DPROMOTE_ANY -DSHORTEST"
	"disks I34 -DWAS_REPLICA -DOUTDATED_GOES_ON -DSHORTEST"
	"disks I34 -DWAS_REPLICA -DOUTDATED_IN_DOUBT -DSHORTEST"
)

# takes minutes of search
broken_long=(
	"handover END -DFAULTS=1 -DCHANGES=0 -DSILENT_NEWCOMER"
	"handover I1 -DFAULTS=1 -DCHANGES=1 -DNO_END -DRESTART_HOLDS"
	"handover I4 -DFAULTS=2 -DCHANGES=1 -DNO_END -DCOLD_BESIDE"
)

# build MODEL DEFINITIONS... (of spin; those of gcc after --)
build() {
	local model=$1 options=()
	shift
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	rm -f pan pan.* ./*.trail
	spin -a "${options[@]}" "$model.pml" >spin.log 2>&1 ||
		{ cat spin.log; return 1; }
	gcc "$optimize" -w -DSAFETY -DVECTORSZ=1024 -DMEMLIM=6000 "$@" -o pan pan.c
}

fail() {
	echo "FAIL $*"
	failures=$((failures + 1))
}

# Of the search that has run: states stored
states() {
	awk '/ states, stored/ { print $1; exit }' out
}

# Why the search that has run proves nothing; no word: it was whole.  spin says
# of too small a depth only that, and exits with 0 whatever it met.
lacking() {
	if ! grep -q 'errors: 0$' out; then
		sed -n 's/^pan:1: \(.\{,60\}\).* (at depth \(.*\))/\1... after \2 steps/p' out
		grep -q 'errors: ' out || echo "it ended badly: $(tail -n 1 out)"
	elif grep -q 'Search not completed\|too small\|MEMLIM\|out of memory' out; then
		echo "a bound was met, nothing is proven"
	elif ! grep -q '^Full statespace search' out; then
		echo "that was no search of all"
	elif ! [ "$(states | sed 's/[.e+].*//')" -gt 1 ]; then
		echo "no states"
	fi
}

# This program would notice: a bound of depth, one of memory, a search by bits,
# a property that is broken.
check_lacking() {
	local optimize=-O0
	echo "the runner" >out
	[[ $(lacking) == "it ended badly"* ]] || fail "no search: not noticed"
	build disks --
	./pan -m20 -w16 >out 2>&1
	[[ $(lacking) == "a bound"* ]] || fail "a bound of depth: not noticed"
	build disks -- -UMEMLIM -DMEMLIM=5
	./pan -m1000 -w16 >out 2>&1 || true
	[[ $(lacking) == "a bound"* ]] || fail "a bound of memory: not noticed"
	build disks -- -DBITSTATE
	./pan -m1000 -w16 >out 2>&1
	[[ $(lacking) == "that was no"* ]] || fail "a search by bits: not noticed"
	build disks -DDROP_EARLY --
	./pan -m1000 -w16 >out 2>&1 || true
	[[ $(lacking) == *" steps" ]] || fail "a broken property: not noticed"
}

search_whole() {
	local words begin=$SECONDS optimize=-O2 why
	read -ra words <<<"$1"
	if ! build "${words[0]}" "${words[@]:1}" --; then
		fail "$1: does not build"
		return
	fi
	./pan -m1000000 -w24 >out 2>&1 || true
	why=$(lacking)
	if [ -n "$why" ]; then
		fail "$1: $why"
	else
		echo "ok   $1: $(states) states, complete, $((SECONDS - begin)) s"
	fi
}

# The number that the model gives a property.
number_of() {
	sed -n "s/^#define $2 \([0-9]*\)\$/\1/p" "$1.pml"
}

search_broken() {
	local words begin=$SECONDS number how=() optimize=-O0
	read -ra words <<<"$1"
	number=$(number_of "${words[0]}" "${words[1]}")
	[ -n "$number" ] || { fail "$1: no such property"; return; }
	[[ $1 != *-DSHORTEST* ]] || how=(-DBFS)
	if ! build "${words[0]}" "${words[@]:2}" "-DONLY=$number" -- "${how[@]}"; then
		fail "$1: does not build"
		return
	fi
	./pan -m1000000 -w24 >out 2>&1 || true
	# with ONLY no other assertion can fail
	if grep -q '^pan:1: assertion violated' out; then
		echo "ok   $1: found broken in $(sed -n 's/^pan:1: .*(at depth \([0-9]*\)).*/\1/p' out) steps, $(states) states, $((SECONDS - begin)) s"
	else
		fail "$1: not found broken"
	fi
}

check_lacking
if [ "$long" = yes ]; then
	whole+=("${whole_long[@]}")
	broken+=("${broken_long[@]}")
fi
for line in "${whole[@]}"; do
	[[ $line =~ $only ]] || continue
	searches=$((searches + 1))
	search_whole "$line"
done
for line in "${broken[@]}"; do
	[[ $line =~ $only ]] || continue
	variants=$((variants + 1))
	search_broken "$line"
done
[ $((searches + variants)) -gt 0 ] || fail "nothing is called $only"
echo "searches: $searches whole, $variants broken variants, $failures failures"
[ "$failures" = 0 ]
