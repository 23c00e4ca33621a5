#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/demo.sh - three nodes, one guest, one live migration with its disk
#
# Installs what is missing, builds, and shows the appliance at work; then
# proves what it claimed, and cuts a node's power.  Leaves nothing behind,
# also when interrupted.  Exits non-zero if a proof fails; measures, but does
# not judge how fast it was: tests/bench/migrate.sh does.
set -eu -o pipefail
self=$(readlink -f "$0")
here=$(dirname "$self")
lab=$here/lab/hamlab
audit=$here/lab/audit
image=images/web1-root.raw
console=log/hamd/web1.console
bold='' green='' red='' plain=''
if [ -t 1 ]; then
	bold=$'\e[1m' green=$'\e[32m' red=$'\e[31m' plain=$'\e[0m'
fi
failed=0
said=''

title() {
	printf '\n%s== %s%s\n' "$bold" "$*" "$plain"
}

# What one would type on the node, and what comes of it.
shown() {
	local node=$1
	shift
	printf '%s%s# %s%s\n' "$bold" "$node" "$*" "$plain"
	"$lab" sh "$node" "$@"
}

ok() {
	printf '%sok%s   %s\n' "$green" "$plain" "$*"
}

# bad CLAIM [FINDING...]
bad() {
	printf '%sFAIL%s %s\n' "$red" "$plain" "$1"
	shift
	[ -z "$*" ] || head -n 5 <<<"$*" | sed 's/^/       /'
	failed=$((failed + 1))
}

# prove CLAIM CMD...: CMD agrees; what it prints is told if it does not
prove() {
	local claim=$1
	shift
	if said=$("$@" 2>&1); then ok "$claim"; else bad "$claim" "$said"; fi
}

# guest_says NODE FIELD of web1, as hamctl there has it
guest_says() {
	"$lab" sh "$1" hamctl --json guest show web1 | python3 -c '
import json, sys
value = json.load(sys.stdin)["guest"]
for key in sys.argv[1].split("."):
    value = value[key]
print(round(value) if isinstance(value, float) else value)' "$2"
}

# Longest time between two replies of a `ping -D`, in ms.
longest_gap() {
	awk -F '[][]' '/ bytes from / {
			if (last && $2 - last > gap) gap = $2 - last
			last = $2
		}
		END { printf "%.0f", gap * 1000 }' "$1"
}

# answers FILE N: so many replies have come
answers() {
	[ "$(grep -c ' bytes from ' "$1")" -ge "$2" ]
}

start_guest() {
	title "a Linux guest that writes to its memory and its disk"
	grep -E '^(\[guest|memory|replicas|\[disk|path|size)' \
		"$HAMLAB/cluster.conf"
	shown n1 hamctl guest start web1 --node n1
	echo "it boots under an emulated processor: some seconds"
	"$lab" wait 60 sh n1 grep -q '^GUEST UP' /var/log/hamd/web1.console
	"$lab" wait 60 sh n1 grep -q '^ack' /var/log/hamd/web1.console
	tail -n 3 "$n1/$console" | sed 's/^/  console: /'
}

migrate() {
	local before
	title "live migration from n1 to n2, while n3 pings it every 5 ms"
	"$lab" sh n3 ping -n -D -i 0.005 10.77.0.100 >"$work/ping" &
	pinger=$!
	"$lab" wait 20 "$self" answers "$work/ping" 100
	shown n1 hamctl guest migrate web1 n2
	before=$(grep -c ' bytes from ' "$work/ping")
	"$lab" wait 20 "$self" answers "$work/ping" $((before + 200))
	kill "$pinger"
	wait "$pinger" 2>/dev/null || :
	# so that n2's disk has writes which n1's QEMU never saw
	"$lab" wait 30 sh n2 grep -q '^ack' /var/log/hamd/web1.console

	title "measured"
	gap_ms=$(longest_gap "$work/ping")
	printf '%5s ms  the guest stood still, as hamd says\n' \
		"$(guest_says n1 last_migration.stopped_ms)"
	printf '%5s ms  the longest time without a ping reply\n' "$gap_ms"
	printf '%5s ms  from the order to the end; %s MiB of disk moved\n' \
		"$(guest_says n1 last_migration.total_ms)" \
		$(($(guest_says n1 last_migration.disk_bytes) >> 20))
}

# holds CLAIM FINDINGS: there are none
holds() {
	if [ -z "$2" ]; then ok "$1"; else bad "$1" "$2"; fi
}

# The findings that are about the guest's life; the others are about its disk.
life='^records: (tick |boot [^ ]*:|boot .* has no |[0-9]+ (tick|boots))'

proofs() {
	local ticks acks
	title "proofs, by a tool that believes neither hamd nor QEMU"
	prove "exactly one QEMU runs the guest, on n2" \
		"$audit" guests --expect web1=n2
	# its own clock stands still with it, n3's does not
	prove "it was never silent for 2 s, seen from n3" [ "$gap_ms" -lt 2000 ]
	"$lab" sh n1 hamctl guest stop web1
	prove "the disks of n1 and n2 are equal, byte for byte" \
		"$audit" disk "$n1/$image" "$n2/$image"
	said=$("$audit" records "$n2/$image" "$n1/$console" "$n2/$console" 2>&1) ||
		[ -n "$said" ] || said="the audit failed"
	ticks=$(cat "$n1/$console" "$n2/$console" | grep -c '^tick')
	acks=$(sed -n 's/^ack \([0-9]*\).*/\1/p' "$n2/$console" | tail -n 1)
	holds "the guest's own counter ($ticks ticks) never went back, \
stopped or ran twice" "$(grep -E "$life" <<<"$said")"
	holds "each of its $acks acknowledged writes is on the disk, its \
checksum right" "$(grep -vE "$life|^$" <<<"$said")"
}

# doubted NODE: hamd there knows that n2 is gone, and what that means
doubted() {
	[ "$(guest_says "$1" state)" = unknown ] &&
		[ -n "$(guest_says "$1" waits_for)" ]
}

# 1 is hamctl's status for an order that was refused
refused() {
	local rc=0
	"$lab" sh n1 hamctl guest start web1 --node n1 --timeout 5 || rc=$?
	[ "$rc" = 1 ]
}

power_cut() {
	title "the power of n2 fails, with the guest running there"
	"$lab" sh n3 hamctl guest start web1 --node n2
	echo "(cut)"
	"$lab" off n2
	"$lab" wait 30 "$self" doubted n1 || :
	"$lab" wait 30 "$self" doubted n3 || :
	shown n1 hamctl status
	printf '\n'
	shown n3 hamctl status || :
	title "what must hold now"
	prove "n1 says that it cannot know, and what it waits for" doubted n1
	prove "n3 says the same" doubted n3
	prove "n1 refuses to start it a second time" refused
	echo "     ($(tail -n 1 <<<"$said"))"
	prove "no QEMU runs the guest anywhere" \
		"$audit" guests --expect web1=none
}

inside() {
	n1=$("$lab" path n1)
	n2=$("$lab" path n2)
	work=$HAMLAB/demo
	mkdir "$work"
	title "three nodes, corosync and hamd on each"
	shown n1 hamctl status
	start_guest
	migrate
	proofs
	power_cut
	title "$([ "$failed" = 0 ] && echo "all proofs hold" ||
		echo "$failed proofs FAILED")"
	[ "$failed" = 0 ]
}

outside() {
	local conf
	if [ "$(id -u)" != 0 ]; then
		echo "demo: needs uid 0: it installs packages, and its nodes" \
			"are namespaces" >&2
		exit 77
	fi
	"$here/setup.sh"
	# not the lab that somebody may play with
	export HAMLAB=${HAMLAB:-/var/tmp/hamlab-demo}
	BUILD=$(readlink -m "${BUILD:-$here/../build}")
	export BUILD
	conf=$BUILD/tests/demo.conf
	"$lab" conf 3 | sed 's/^cpus = 1$/&\nreplicas = 1/' >"$conf"
	title "booting three nodes on this machine"
	exec "$lab" run 3 --conf "$conf" -- "$self" inside
}

case ${1-} in
'') outside ;;
inside) inside ;;
doubted) doubted "$2" ;;
answers) answers "$2" "$3" ;;
*)
	echo "usage: tests/demo.sh" >&2
	exit 2 ;;
esac
