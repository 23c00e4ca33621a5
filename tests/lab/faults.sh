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
