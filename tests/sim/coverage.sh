#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/sim/coverage.sh - how much of the core the search and the courses reach
#
# coverage.sh [--seconds N] [--at-least PERCENT]
# Builds hamd/core/ with gcov in a folder of its own, runs the simulator for N
# seconds of processor time (30) and a sixth of that with two nodes, the stories,
# the core's unit tests and the step fuzzer's corpus on it, and prints the share of
# lines and branches of each file.  Fails below PERCENT of branches (90), or if a
# row of the in-doubt table (doubt.c) was never met.
set -eu -o pipefail
export LC_ALL=C
top=$(readlink -f "$(dirname "$0")/../..")
seconds=30
least=90
while [ $# -gt 0 ]; do
	case $1 in
	--seconds) seconds=$2 ;;
	--at-least) least=$2 ;;
	*) sed -n 's/^# \(coverage.sh \[.*\)/usage: \1/p' "$0" >&2; exit 2 ;;
	esac
	shift 2
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
read -ra glib < <(pkg-config --cflags --libs glib-2.0)
read -ra check < <(pkg-config --cflags --libs check)
common=(-std=gnu11 -D_GNU_SOURCE -I"$top" -w)

# -O0: a branch in the source is a branch in the object
mkdir core
for file in "$top"/hamd/core/*.c; do
	gcc -g --coverage -O0 "${common[@]}" "${glib[@]}" -c "$file" \
		-o "core/$(basename "$file" .c).o"
done
# program NAME SOURCE...: on the one set of object files
program() {
	local name=$1
	shift
	gcc -O1 "${common[@]}" "$@" core/*.o -o "$name" "${glib[@]}" \
		"${check[@]}" -lm --coverage
}
program ham-sim "$top"/tests/sim/*.c
courses=(again asked claim copies core death disarm drain force halt handover
	migrate move network policy queue replica resize stale trial two)
units=(converge converge_traces dirty failover message plan record starts wire)
for unit in "${courses[@]}"; do
	program "check_$unit" "$top"/tests/unit/{bus,courses}.c \
		"$top/tests/unit/check_$unit.c"
done
for unit in "${units[@]}"; do
	program "check_$unit" "$top/tests/unit/check_$unit.c"
done

program corpus_step -DHAM_CORPUS='"step"' -DHAM_CUTS=1 \
	"$top"/tests/fuzz/{fuzz_step,say,world,world_check,world_death}.c \
	"$top"/tests/fuzz/{world_life,run_corpus}.c

./ham-sim --seeds 100000000 --seconds "$seconds" | tail -n 1
./ham-sim --seeds 100000000 --seconds $((seconds / 6)) --nodes 2 | tail -n 1
HAM_SIM=$PWD/ham-sim srcdir=$top "$top/tests/sim/test-stories.sh" | tail -n 1
for unit in "${courses[@]}" "${units[@]}"; do
	CK_FORK=no CK_VERBOSITY=minimal srcdir=$top "./check_$unit" |
		tail -n 1
done

srcdir=$top ./corpus_step "$top"/tests/fuzz/corpus/step/* | tail -n 1

# A branch of an assertion that never fails can't be taken.
gcov -b -c core/*.gcda >gcov.txt 2>/dev/null
python3 - "$least" "$PWD" <<'END'
import glob, os, re, sys
least, work = float(sys.argv[1]), sys.argv[2]
total = [0, 0, 0, 0]
for path in sorted(glob.glob(work + "/*.c.gcov")):
    name = os.path.basename(path)[:-5]
    lines = hit = branches = taken = 0
    skip = False
    for line in open(path, errors="replace"):
        m = re.match(r"\s*([-#=0-9*]+):\s*(\d+):(.*)", line)
        if m:
            count, text = m.group(1), m.group(3)
            skip = "g_assert" in text or "G_DEFINE" in text
            if count != "-":
                lines += 1
                hit += not count.startswith(("#", "="))
        elif line.startswith("branch") and not skip:
            branches += 1
            taken += not re.search(r"never executed|taken 0\b", line)
    if lines == 0:
        continue
    for k, v in enumerate((lines, hit, branches, taken)):
        total[k] += v
    print(f"{name:14} {100 * hit / lines:5.1f} % of {lines:4} lines, "
          f"{100 * taken / max(branches, 1):5.1f} % of {branches:4} branches")
rows = {}
for line in open(work + "/doubt.c.gcov", errors="replace"):
    m = re.match(r"\s*([-#=0-9*]+):\s*\d+:.*?(row \d(?: and row \d)?)", line)
    if m and "return" in line:
        rows[m.group(2)] = m.group(1)
for row in sorted(rows):
    print(f"in doubt, {row}: {rows[row]} times")
share = 100 * total[3] / total[2]
print(f"the core: {100 * total[1] / total[0]:.1f} % of lines, "
      f"{share:.1f} % of branches (wanted {least:.0f})")
missed = [row for row, n in rows.items() if n.startswith("#")]
if len(rows) != 6 or missed:
    print("rows of the in-doubt table that were not met:", missed or rows)
    sys.exit(1)
sys.exit(share < least)
END
