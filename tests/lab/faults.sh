# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# tests/lab/faults.sh - what a lab breaks and mends besides power: links,
# corosync; sourced by hamlab, whose variables it uses
# shellcheck disable=SC2154

# cmd_cut A B [--one-way] [--tcp | --udp]: A's frames to B are dropped, and B's
# to A; all of them, or what hamd copies disks and memory with, or corosync's
cmd_cut() {
	local a=$1 b=$2 both=yes what=''
	shift 2
	[ "$a" != "$b" ] || bad_usage "cut wants two nodes"
	while [ $# -gt 0 ]; do
		case $1 in
		--one-way) both=no ;;
		--tcp | --udp) what="ip protocol ${1#--}" ;;
		*) bad_usage "unknown option $1" ;;
		esac
		shift
	done
	{
		echo "add table bridge hamlab"
		echo "add chain bridge hamlab cut" \
			"{ type filter hook forward priority 0; }"
		echo "add rule bridge hamlab cut" \
			"iifname v$a oifname v$b $what drop"
		[ "$both" = no ] || echo "add rule bridge hamlab cut" \
			"iifname v$b oifname v$a $what drop"
	} | in_switch nft -f -
	echo "n$a n$b $both ${what:-all}" >>"$HAMLAB/cuts"
}

# cmd_blink I MS: for so long no frame passes between it and any other node;
# prints from when to when, seconds since 1970
cmd_blink() {
	local port=v$1 ms=${2-} rules
	[[ $ms =~ ^[1-9][0-9]{0,5}$ ]] || bad_usage "blink NODE MS"
	[ ! -e "$HAMLAB/cuts" ] || die "there are cuts already: heal first"
	rules="add table bridge hamlab; add chain bridge hamlab cut"
	rules+=" { type filter hook forward priority 0; }"
	rules+="; add rule bridge hamlab cut iifname $port drop"
	rules+="; add rule bridge hamlab cut oifname $port drop"
	# ahead of all else: on a busy machine the silence would be a longer one
	# shellcheck disable=SC2016 # expands in there
	in_switch chrt --rr 1 bash -c 'nft "$1" && begun=$EPOCHREALTIME && sleep "$2" &&
		nft delete table bridge hamlab &&
		echo "$begun $EPOCHREALTIME"' bash "$rules" \
		"$((ms / 1000)).$(printf %03d $((ms % 1000)))" ||
		die "the switch does not do as it is told"
}

cmd_heal() {
	in_switch nft 'add table bridge hamlab; delete table bridge hamlab'
	rm -f "$HAMLAB/cuts"
}

cmd_corosync() {
	local i=$1
	node_need "$i"
	[ "${2-}" = start ] || bad_usage "corosync NODE start"
	node_corosync "$i"
}
