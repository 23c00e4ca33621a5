#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/sim/search.sh - the simulator on all processors; a broken rule is a story
#
# search.sh [--seeds N | --seconds N] [--first S] [HAM-SIM OPTION...]
# Seeds S (1) and on: N in all, or what N seconds (60) of each processor allow.
# The last line has the sum and the rate.  The first seed of each processor
# that breaks a rule is shrunk and told; exit 1.  HAM_SIM names the program
# (default: that of the build folder).
set -u -o pipefail
export LC_ALL=C
top=$(readlink -f "$(dirname "$0")/../..")
sim=${HAM_SIM:-$(readlink -m "${BUILD:-$top/build}")/tests/sim/ham-sim}
seeds=
seconds=60
first=1
options=()
while [ $# -gt 0 ]; do
	case $1 in
	--seeds) seeds=$2; shift ;;
	--seconds) seconds=$2; shift ;;
	--first) first=$2; shift ;;
	-h | --help) sed -n 's/^# \(search.sh \[.*\)/usage: \1/p' "$0"; exit 0 ;;
	*) options+=("$1") ;;
	esac
	shift
done
[ -x "$sim" ] || { echo "search.sh: no program $sim"; exit 2; }
cpus=$(nproc)
work=$(mktemp -d)
pids=()
trap 'rm -rf "$work"' EXIT
trap 'kill "${pids[@]}" 2>/dev/null; exit 130' INT TERM

# far apart, so that no seed is had twice when only time is the bound
share=$((${seeds:-100000000} / cpus))
begin=$(date +%s%N)
for ((cpu = 0; cpu < cpus; cpu++)); do
	some=$share
	[ "$cpu" -lt $((cpus - 1)) ] || [ -z "$seeds" ] ||
		some=$((seeds - share * cpu))
	limit=(--seeds "$some")
	[ -n "$seeds" ] || limit+=(--seconds "$seconds")
	"$sim" "${limit[@]}" --first $((first + share * cpu)) --stop --shrink \
		"${options[@]}" >"$work/$cpu" &
	pids+=($!)
done
rc=0
for pid in "${pids[@]}"; do
	wait "$pid" || rc=1
done
took=$((($(date +%s%N) - begin) / 1000000))
for ((cpu = 0; cpu < cpus; cpu++)); do
	sed '$d' "$work/$cpu"
done
tail -qn 1 "$work"/* | awk -v ms="$took" '
	{ seeds += $1; steps += $3; broken += $(NF - 1) }
	END { printf "%.0f seeds, %.0f steps, %d broken, %.1f s, %.0f seeds/min\n",
		seeds, steps, broken, ms / 1000, seeds * 60000 / ms }'
exit $rc
