# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# tests/lab/doubt.sh - what the tests of the in-doubt table share; sourced
#
# Several small guests move at once, each held at a point of its own of the
# hand-over; then one fault meets them all, and each must go on by its own row.
# shellcheck disable=SC2154 # testlib.sh has them
export HAMD_PAUSE_AT=each HAMD_FENCE_AGENTS
HAMD_FENCE_AGENTS=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/agents
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/testlib.sh"

# light KEY=VALUE...: the guests of `small 800M`, with little memory in use
light() {
	small 800M "$@" |
		sed 's/^\(append = .*\) dirty=[0-9]* rate=[0-9]* wr=[0-9]*/\1 dirty=8 rate=2 wr=1/'
}

# fenced NODE...: devices for these, all of them the lab's switch
fenced() {
	local node
	for node; do
		printf '\n[fence %s/switch]\nagent = fence_lab\nplug = %s\n' \
			"$node" "$node"
	done
}

# boot_all NODE GUEST...: side by side
boot_all() {
	local node=$1 guest
	shift
	for guest; do
		ctl "$node" --no-wait guest start "$guest" --node "$node"
	done
	for guest; do
		until_true "$guest works" grep -q '^ack ' \
			"$(console "$node" "$guest")"
	done
}

# hold_at NODE GUEST POINT: a move of it will stop there
hold_at() {
	local dir
	dir=$(root "$1")/run/hamd
	rm -f "$dir/continue.$2" "$dir/paused-at.$2"
	echo "$3" >"$dir/pause-at.$2"
}

# send GUEST NODE: it is asked of a node that no test of these ends
send() {
	ctl "${voter:-n3}" --no-wait guest migrate "$1" "$2"
}

# stopped_at NODE GUEST POINT TO: it moves to TO, and stands at that point
stopped_at() {
	hold_at "$1" "$2" "$3"
	send "$2" "$4"
	until_true "$2 is held at '$3'" test -e \
		"$(root "$1")/run/hamd/paused-at.$2"
}

# go NODE GUEST...
go() {
	local node=$1 guest
	shift
	for guest; do
		touch "$(root "$node")/run/hamd/continue.$guest"
		rm -f "$(root "$node")/run/hamd/pause-at.$guest"
	done
}

# boots GUEST: how many lives it has had
boots() {
	local node
	for node in $(every_node); do
		cat "$(console "$node" "$1")" 2>/dev/null || :
	done | tr -d '\r' | awk '/^boot / { seen[$2] } END { print length(seen) }'
}

# went_on NODE GUEST LIVES: it runs and writes there, and has had so many
went_on() {
	runs_on "$1" "$2"
	writes_on "$1" "$2"
	[ "$(boots "$2")" = "$3" ] ||
		fail "$2 on $1 has had $(boots "$2") lives, not $3"
}

# waits_for GUEST WORDS
waits_for() {
	until_true "$1 waits: $2" guest_has "${voter:-n3}" "$1" \
		"\"waits_for\":\"$2"
	"$audit" guests --expect "$1=none" --migrating any ||
		fail "$1 waits and has a QEMU"
}

# epoch_is GUEST N: what the outcome must have made of it
epoch_is() {
	guest_has "${voter:-n3}" "$1" "\"epoch\":$2[,}]" ||
		fail "$1: epoch is not $2: $(ctl "${voter:-n3}" --json guest show "$1")"
}

# without NODE BY...: those decide without it
without() {
	local members
	members=$(printf '"%s",' "${@:2}")
	until_true "$2 decides without $1" status_has "$2" \
		"\"active\":true.*\"members\":\\[${members%,}\\]"
}

# all_end LIVES GUEST=NODE...: stopped, none has lost anything
all_end() {
	local lives=$1 at
	shift
	for at; do
		runs_on "${at#*=}" "${at%=*}"
		writes_on "${at#*=}" "${at%=*}"
	done
	for at; do
		ctl "${voter:-n3}" guest stop "${at%=*}"
		records "${at#*=}" "${at%=*}" --reboots "$((lives - 1))" \
			--max-gap 20000
	done
	nothing_left
}
