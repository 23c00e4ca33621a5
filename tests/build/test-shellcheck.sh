#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/build/test-shellcheck.sh - shellcheck has nothing to say of any script
set -eu -o pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
command -v shellcheck >/dev/null || { echo "shellcheck is missing"; exit 77; }

# Those that are run, by their first line; what they source is checked in its
# place (-x -a), where its variables have their users.  Not what autotools made.
mapfile -t scripts < <(find .ci autogen.sh config doc hamd tests -type f \
	-print0 | xargs -0 awk '
		/^#!.*[\/ ](ba|da)?sh( |$)/ { print FILENAME }
		{ nextfile }' | sort)
[ ${#scripts[@]} -gt 10 ] || { echo "found no scripts: wrong folder?"; exit 1; }
shellcheck -x -a -P SCRIPTDIR -S warning "${scripts[@]}"
echo "${#scripts[@]} scripts"
