#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# tests/sim/test-mutant-texts.sh - every mutant of mutants.py fits the core as it
# is now; finding them takes longer (check.sh).  srcdir is set by the makefile.
set -eu
exec python3 -B "${srcdir:-$(dirname "$0")/../..}/tests/sim/mutants.py" --texts
