#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# hamctl --help, the manual page and the completion name the same commands and
# options, and help and manual page the same exit codes.  What differs is shown
# as a diff.
#
# HAMCTL names the program (default: hamd/hamctl under the current folder).
set -euo pipefail
export LC_ALL=C

hamctl=$(realpath "${HAMCTL:-hamd/hamctl}")
top=$(realpath "$(dirname "$0")/../..")
man=$top/doc/hamctl.8
completion=$top/hamd/ctl/hamctl.bash-completion
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
failed=0

same()
{
	if ! diff -u --label "$2" --label "$3" "$2" "$3"; then
		echo "FAIL: $1"
		failed=1
	fi
	if [[ ! -s $2 ]]; then
		echo "FAIL: $1: nothing was found in $2"
		failed=1
	fi
}

options()
{
	grep -oE -- '--[a-z][a-z-]*' | sort -u
}

# Commands of the manual page, in front of their arguments.
man_commands()
{
	sed -n '/^\.Sh COMMANDS/,/^\.Sh OPTIONS/s/^\.It Cm \(.*\)$/\1/p' \
		"$man" | sed 's/ Ar / /'
}

# The section of a manual page's exit codes.
man_codes()
{
	sed -n '/^\.Sh EXIT STATUS/,/^\.Sh/s/^\.It \([0-9]*\)$/\1/p' "$man"
}

"$hamctl" --help >help
# a command's line has two blanks, its synopsis, and blanks before its text
sed -n '1,/^Options/s/^  \([a-z].*\)$/\1/p' help | cut -c1-26 |
	sed 's/ *$//' | sort >help-commands
man_commands | sort >man-commands
same "commands of --help and of hamctl(8)" help-commands man-commands

: >all-help
sed 's/ [A-Z].*//' help-commands >names
while read -r name; do
	# shellcheck disable=SC2086
	"$hamctl" $name --help >"help of $name"
	cat "help of $name" >>all-help
	group=${name%% *}
	[[ $group == "$name" ]] ||
		"$hamctl" "$group" --help >>all-help
done <names
cat help >>all-help

# options as defined, not as mentioned, on both sides
sed -n 's/^  \(-h, \)\?\(--.*\)$/\2/p' all-help | cut -c1-22 | options \
	>help-options
sed -n 's/^\.It Fl \(h , Fl \)\?\(-[a-z-]*\).*$/-\2/p' "$man" | options \
	>man-options
same "options of --help and of hamctl(8)" help-options man-options

# nothing is mentioned that does not exist
grep -oE 'Fl -[a-z-]+' "$man" | sed 's/Fl /-/' | sort -u >man-mentions
same "options mentioned in hamctl(8) and defined there" \
	man-mentions man-options

grep -oE '[0-9]+ [a-z]' help | grep -oE '^[0-9]+' | sort -n >help-codes
man_codes | sort -n >man-codes
same "exit codes of --help and of hamctl(8)" help-codes man-codes

# the completion, asked for each command
# shellcheck source=/dev/null
source "$completion"
complete_for()
{
	COMP_WORDS=("$hamctl" "$@")
	COMP_CWORD=${#@}
	_hamctl || : # its status means nothing
	printf '%s\n' "${COMPREPLY[@]}"
}
sed 's/ .*//' names | sort -u >groups
while read -r group; do
	if grep -q "^$group " names; then
		complete_for "$group" "" | sed "s/^/$group /"
	else
		echo "$group"
	fi
done <groups | sort >completed-names
same "commands of --help and of the completion" names completed-names
complete_for "" | sort >completed-groups
same "first words of --help and of the completion" groups completed-groups
while read -r name; do
	# shellcheck disable=SC2086
	complete_for $name -- | sort -u >"completed options of $name"
	sed -n 's/^  \(-h, \)\?\(--.*\)$/\2/p' "help of $name" | cut -c1-22 |
		options >"options of $name"
	same "options of '$name' and of its completion" "options of $name" \
		"completed options of $name"
done <names

exit "$failed"
