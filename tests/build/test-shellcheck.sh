#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/build/test-shellcheck.sh - shellcheck has nothing to say of any script
set -eu -o pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
command -v shellcheck >/dev/null || { echo "shellcheck is missing"; exit 77; }

# Those that are run, by their first line; not what autotools made.  Of those
# that are sourced the variables have their users elsewhere.
mapfile -t scripts < <(find .ci autogen.sh config doc hamd tests -type f \
	-print0 | xargs -0 awk '
		/^#!.*[\/ ](ba|da)?sh( |$)/ { print FILENAME }
		{ nextfile }' | sort)
mapfile -t sourced < <(find tests -name '*.sh' ! -perm -u+x | sort)
[ ${#scripts[@]} -gt 10 ] || { echo "found no scripts: wrong folder?"; exit 1; }
shellcheck -x -P SCRIPTDIR -S warning "${scripts[@]}"
[ ${#sourced[@]} = 0 ] ||
	shellcheck -x -P SCRIPTDIR -S warning -e SC2034 "${sourced[@]}"
echo "${#scripts[@]} scripts, ${#sourced[@]} sourced"
