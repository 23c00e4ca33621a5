# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# tests/lab/testlib.sh - what the tests of hamd share; sourced
#
# A test sources this, says what its cluster file is to have (small, more) and
# calls in_lab: it then runs again inside a lab of its own.  Every wait is for
# an event, with a deadline that only a hang reaches.
set -eu -o pipefail
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
lab=$here/hamlab
audit=$here/audit
self=$(readlink -f "$0")
inside=no
[ "${1-}" != inside ] || inside=yes
LONG=60 # seconds: only a hang waits for so long

told=no
fail() {
	echo "FAIL: $*" >&2
	told=yes
	[ "$inside" = no ] || testimony >&2
	exit 1
}

# What a stranger needs to see of a lab that is about to go.
testimony() {
	local node
	for node in $(every_node); do
		echo "--- $node"
		timeout 5 "$lab" sh "$node" hamctl status || :
		"$lab" logs "$node" hamd | tail -n 25 || :
		tail -n 3 "$(console "$node")" 2>/dev/null || :
		tail -n 3 "$("$lab" path "$node")"/log/hamd/web*.log || :
	done
}

ok() {
	echo "ok: $*"
}

every_node() {
	seq -f n%g "${nodes:-3}"
}

# The default file, but with 96 MiB of disk, so that a copy is short;
# `small 20M` slows it down, too.  Then, per word: KEY=VALUE of every guest.
small() {
	local rate=${1:-800M} word edit
	shift || :
	edit="s/^migration_bandwidth = .*/migration_bandwidth = $rate/
		s/^size = .*/size = 96M/; s/^\\(append = .*\\)/\\1 ring=16/"
	for word; do
		edit+="
		s/^\\[guest .*/&\\n${word%%=*} = ${word#*=}/"
	done
	"$lab" conf "${nodes:-3}" "${guests:-1}" | sed "$edit"
}

# in_lab CONF_COMMAND...: returns inside, on $nodes (3) nodes with that file; more
# options of `hamlab run` stand in up_options
up_options=()
in_lab() {
	[ "$inside" = yes ] && return
	exec "$lab" run "${nodes:-3}" "${up_options[@]}" --conf <("$@") -- \
		"$self" inside
}

on() {
	"$lab" sh "$@"
}

ctl() {
	local node=$1
	shift
	"$lab" sh "$node" hamctl "$@"
}

# root NODE: its file system, as the host sees it
root() {
	echo "$("$lab" path "$1")/root"
}

console() {
	echo "$("$lab" path "$1")/log/hamd/${2:-web1}.console"
}

image() {
	echo "$("$lab" path "$1")/images/${2:-web1}-root.raw"
}

# until_true WHAT COMMAND...: waits; the end of patience is a failure
until_true() {
	local what=$1 end=$((SECONDS + LONG))
	shift
	type "$1" >/dev/null 2>&1 || fail "no such command: $1"
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || fail "not within $LONG s: $what"
		sleep 0.05
	done
}

# beside NAME COMMAND...: runs until the test ends, and has said that it is ready;
# what it says is in $work/NAME
beside=()
beside() {
	"${@:2}" >"$work/$1" 2>&1 &
	beside+=($!)
	until_true "$1 is ready" grep -q ready "$work/$1"
}

# expect_rc N COMMAND...: its output is left in $said
said=''
expect_rc() {
	local want=$1 rc=0
	shift
	said=$("$@" 2>&1) || rc=$?
	[ "$rc" = "$want" ] ||
		fail "exit $rc, not $want, from: $*"$'\n'"$said"
}

# said_has PATTERN...: extended regular expressions
said_has() {
	local pattern
	for pattern; do
		grep -qE -e "$pattern" <<<"$said" ||
			fail "does not say '$pattern': $said"
	done
}

# guest_has NODE GUEST PATTERN: in hamd's answer there, one JSON line
guest_has() {
	ctl "$1" --json guest show "$2" | grep -qE -e "$3"
}

status_has() {
	ctl "$1" --json status | grep -qE -e "$2"
}

# status_lacks NODE REGEX: it can decide, and nothing in its status matches
status_lacks() {
	local answer
	answer=$(ctl "$1" --json status) || return 1
	grep -q '"active":true' <<<"$answer" && ! grep -qE -e "$2" <<<"$answer"
}

# all_prove: whoever comes to lead has seen that all devices know their nodes
all_prove() {
	local node
	for node in $(every_node); do
		until_true "$node has seen all devices on" \
			status_lacks "$node" 'proves nothing'
	done
}

# event_has NODE REGEX [SEQ]: one event there matches, after the one numbered SEQ
event_has() {
	ctl "$1" --json events --since "${3:-0}" | sed 's/{"event":/\n&/g' |
		grep -E -e "$2" >/dev/null
}

# last_event NODE: the number of the last one that it knows of
last_event() {
	ctl "$1" --json events | grep -o '"seq":[0-9]*' | tail -n 1 |
		cut -d: -f2
}

# current NODE [GUEST]: its copy there counts (again)
current() {
	until_true "the copy on $1 is current" guest_has n1 "${2:-web1}" \
		"\"node\":\"$1\",\"state\":\"current\""
}

# stands_still NODE [GUEST]: no write of it was acknowledged for a second, in
# which hundreds are
stands_still() {
	local before
	before=$(acks "$@")
	sleep 1
	[ "$(acks "$@")" = "$before" ]
}

# with_witness NODE: of a file on stdin; that node votes, and holds no guests
with_witness() {
	awk -v node="[node $1]" '
		$0 == node { print; print "role = witness"; skip = 1; next }
		/^\[/ { skip = 0 }
		!(skip && /^address/)'
}

# All decide together (again).
cluster_whole() {
	local node
	for node in $(every_node); do
		until_true "$node sees all" status_has "$node" \
			"\"active\":true.*\"members\":\[$(every_node |
				sed 's/.*/\"&\"/' | paste -sd,)\]"
	done
}

# settled GUEST NODE: what a move leaves behind has ended; that nothing ran twice
# meanwhile is in $twice
twice=''
settled() {
	local found
	found=$("$audit" guests --expect "$1=$2" || :)
	[[ $found != *"RUNS TWICE"* ]] || twice=$found
	[[ $found != *" QEMUs: "* ]]
}

# runs_on NODE [GUEST]: the record and the processes say so, and it moves
runs_on() {
	local node=$1 guest=${2:-web1}
	until_true "$guest runs on $node" guest_has "$node" "$guest" \
		"\"state\":\"running\",\"owner\":\"$node\""
	until_true "no other QEMU of $guest" settled "$guest" "$node"
	[ -z "$twice" ] || fail "$twice"
	"$audit" guests --expect "$guest=$node"
}

acks() {
	awk '/^ack / { n = $2 } END { print n + 0 }' "$(console "$@")"
}

# writes_on NODE [GUEST]: more of its writes are acknowledged than before
writes_on() {
	local before
	before=$(acks "$@")
	until_true "${2:-web1} writes on $1" more_acks "$before" "$@"
}

more_acks() {
	local before=$1
	shift
	[ "$(acks "$@")" -gt "$before" ]
}

# boot_on NODE [GUEST]: started there, and at work
boot_on() {
	local guest=${2:-web1}
	ctl "$1" guest start "$guest" --node "$1"
	until_true "$guest works" grep -q '^GUEST UP' "$(console "$1" "$guest")"
	writes_on "$1" "$guest"
}

# pid_of NODE PROGRAM: inside the node, by the file that it runs
pid_of() {
	# shellcheck disable=SC2016 # expands in the node
	on "$1" sh -c 'for p in /proc/[0-9]*; do
			case $(readlink "$p/exe") in
			*/"$1") echo "${p#/proc/}"; found=yes ;;
			esac
		done
		[ "${found-}" = yes ]' sh "$2"
}

# first_pid NODE PROGRAM: without what it has just forked
first_pid() {
	local pids
	pids=$(pid_of "$@") || return 1
	sort -n <<<"$pids" | head -n 1
}

# slay NODE PROGRAM: SIGKILL
slay() {
	local pid
	pid=$(pid_of "$1" "$2") || fail "no $2 on $1"
	# shellcheck disable=SC2086 # there may be several
	on "$1" kill -KILL $pid
}

# ---- disks of other kinds ----

# device NODE SIZE [bad]: a block device at the image's path there, with what was
# in the file; it goes when the process goes that has it open.  A bad one fails
# writes while there is a file /run/bad-write in the node, reads with
# /run/bad-read (nbdkit's error filter, by nbdfuse).
device() {
	if ! on "$1" losetup --find >/dev/null 2>&1 ||
		{ [ "${3:-}" = bad ] && ! on "$1" test -w /dev/fuse; }; then
		echo "this kernel has no loop device, or no FUSE"
		exit 77
	fi
	# shellcheck disable=SC2016 # expands in the node
	on "$1" sh -c 'backing=/run/backing
		truncate -s "$1" "$backing"
		if [ "$2" = bad ]; then
			mkdir /run/disk
			nbdfuse /run/disk/nbd --command nbdkit -s \
				--filter=error file "$backing" error=EIO \
				error-pwrite-rate=100% \
				error-pwrite-file=/run/bad-write \
				error-pread-rate=100% \
				error-pread-file=/run/bad-read &
			backing=/run/disk/nbd
			until [ -e "$backing" ]; do sleep 0.05; done
		fi
		loop=$(losetup --direct-io=on --find --show "$backing") || exit 1
		exec 9<"$loop"
		losetup --detach "$loop"
		image=/var/lib/hamd/images/web1-root.raw
		if [ -e "$image" ]; then
			dd if="$image" of="$loop" bs=1M status=none
			rm "$image"
		fi
		mknod "$image" b $(stat -c "0x%t 0x%T" "$loop") || exit 1
		echo made >/run/device
		exec sleep 1000000' sh "$2" "${3:-}" >"$work/device-$1" 2>&1 &
	until_true "$1 has a block device" device_is_made "$1"
}

device_is_made() {
	[ -e "$(root "$1")/run/device" ]
}

# ---- holding a migration at a point ----

# hold NODE POINT: hamd there is started anew and will stop at that point
hold() {
	rm -f "$(root "$1")"/run/hamd/{continue,paused-at}
	HAMD_PAUSE_AT=$2 "$lab" hamd "$1" restart
	cluster_whole
}

held() {
	[ -e "$(root "$1")/run/hamd/paused-at" ]
}

let_go() {
	touch "$(root "$1")/run/hamd/continue"
}

# begin NODE [GUEST]: a migration there, in the background; $moving is its
# pid, what it says goes to $work/migrate
begin() {
	"$lab" sh n3 hamctl guest migrate "${2:-web1}" "$1" \
		>"$work/migrate" 2>&1 &
	moving=$!
}

# ended CODE: how that migration ended; what it said is left in $said
ended() {
	local rc=0
	wait "$moving" || rc=$?
	said=$(cat "$work/migrate")
	[ "$rc" = "$1" ] || fail "migrate ended with $rc, not $1: $said"
}

# Data flows: some, but by far not all.
copying() {
	guest_has n3 "${1:-web1}" \
		'"phase":"copy","disk_done_bytes":[0-9]{7,},'
}

# ---- the end of a test ----

# finish NODE [GUEST] [AUDIT'S OPTIONS...]: it runs there; stopped, it has
# lost nothing and nothing is left of it anywhere
finish() {
	local node=$1 guest=${2:-web1}
	shift $(($# > 1 ? 2 : 1))
	runs_on "$node" "$guest"
	writes_on "$node" "$guest"
	ctl "$node" guest stop "$guest"
	records "$node" "$guest" "$@"
	nothing_left
}

# records NODE GUEST [OPTIONS...]: the image there against all consoles
records() {
	local node=$1 guest=$2 n logs=()
	shift 2
	for n in $(every_node); do
		[ ! -s "$(console "$n" "$guest")" ] ||
			logs+=("$(console "$n" "$guest")")
	done
	"$audit" records "$(image "$node" "$guest")" "${logs[@]}" "$@" ||
		fail "records of $guest"
}

nothing_left() {
	# shellcheck disable=SC2046 # words
	until_clean leftovers $(printf ' --idle %s' $(every_node))
}

# until_clean ARGS...: what is being taken down may need a moment
until_clean() {
	local end=$((SECONDS + 15))
	until "$audit" "$@" >/dev/null; do
		[ "$SECONDS" -lt "$end" ] || {
			"$audit" "$@" || fail "audit $*"
			return 0
		}
		sleep 0.05
	done
}

# A command that failed and was not expected to has said nothing yet.
at_exit() {
	local rc=$?
	[ "${#beside[@]}" = 0 ] || kill "${beside[@]}" || :
	rm -rf "$work"
	[ "$rc" = 0 ] || [ "$told" = yes ] || testimony >&2
}

if [ "$inside" = yes ]; then
	work=$(mktemp -d)
	trap at_exit EXIT
fi
