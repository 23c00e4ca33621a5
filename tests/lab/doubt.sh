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
		ctl "$node" --no-wait guest start "$guest" \
			--node "$node" >/dev/null
	done
	for guest; do
		until_true "$guest works" grep -q '^ack ' \
			"$(console "$node" "$guest")"
	done
}

# hold_at NODE GUEST POINT: a move of it will stop there, and at none before
hold_at() {
	local dir node
	for node in $(every_node); do
		rm -f "$(root "$node")/run/hamd/pause-at.$2"
	done
	dir=$(root "$1")/run/hamd
	rm -f "$dir/continue.$2" "$dir/paused-at.$2"
	echo "$3" >"$dir/pause-at.$2"
}

# send GUEST NODE: it is asked of a node that no test of these ends
send() {
	ctl "${voter:-n3}" --no-wait guest migrate "$1" "$2" >/dev/null
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

# went_on LIVES "GUEST=NODE WHAT"...: each runs and writes there, and has had so
# many lives; nothing runs twice, though a twin may stand still elsewhere
went_on() {
	local lives=$1 row guest node
	local -A before
	shift
	for row; do
		guest=${row%%=*} node=${row#*=} node=${node%% *}
		until_true "$guest runs on $node" guest_has "$node" "$guest" \
			"\"state\":\"running\",\"owner\":\"$node\""
		before[$guest]=$(acks "$node" "$guest")
	done
	"$audit" guests --migrating any || fail "audit of guests"
	for row; do
		guest=${row%%=*} node=${row#*=} node=${node%% *}
		until_true "$guest writes on $node" more_acks \
			"${before[$guest]}" "$node" "$guest"
		[ "$(boots "$guest")" = "$lives" ] ||
			fail "$guest on $node has had $(boots "$guest") lives," \
				"not $lives"
		ok "${row#* }: $guest on $node, lives: $lives," \
			"$(ctl "$node" --json guest show "$guest" |
				grep -o '"epoch":[0-9]*')"
	done
}

# waits_for GUEST WORDS
waits_for() {
	until_true "$1 waits: $2" guest_has "${voter:-n3}" "$1" \
		"\"waits_for\":\"$2"
	[ "$(boots "$1")" = "${3:-1}" ] || fail "$1 was started, and waits"
	ok "$1 waits for $2"
}

# without NODE BY...: those decide without it
without() {
	local members
	members=$(printf '"%s",' "${@:2}")
	until_true "$2 decides without $1" status_has "$2" \
		"\"active\":true.*\"members\":\\[${members%,}\\]"
}

# qemu_of NODE GUEST: its pid in the node
qemu_of() {
	# shellcheck disable=SC2016 # expands in the node
	on "$1" sh -c 'for p in /proc/[0-9]*; do
			! grep -q "guest=$1," "$p/cmdline" 2>/dev/null ||
				! grep -q "^Name:.qemu-system" "$p/status" ||
				echo "${p#/proc/}"
		done' sh "$2"
}

# end_qemu NODE GUEST: SIGKILL
end_qemu() {
	local pid
	pid=$(qemu_of "$@")
	[ -n "$pid" ] || fail "no QEMU of $2 on $1"
	on "$1" kill -KILL "$pid"
}

# hamd_gets NODE SIGNAL
hamd_gets() {
	on "$1" sh -c "kill -$2 \$(cat /run/hamlab-hamd)"
}

holds_image() {
	grep -q '"role" *: *"held"' \
		"$(root "$1")/run/hamd/guests/$2/state.json"
}

# ends LIVES GUEST=NODE...: stopped, they have lost nothing, nor lived longer
ends() {
	local lives=$1 at stops=()
	shift
	for at; do
		ctl "${voter:-n3}" guest stop "${at%=*}" >/dev/null &
		stops+=($!)
	done
	wait "${stops[@]}"
	for at; do
		records "${at#*=}" "${at%=*}" --reboots "$((lives - 1))" \
			--max-gap 30000
	done
}
