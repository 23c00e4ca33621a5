# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# tests/lab/switch.sh - the power switch of a lab, outside of all nodes; sourced
# by hamlab.  What nodes ask by agents/fence_lab, and BMCs by bmc-power, is done
# and answered with the exit status of a fence agent, one after the other, until
# it is ended.
# shellcheck disable=SC2154

# switch_do ACTION NODE: 0 done or on, 1 no, 2 off
switch_do() {
	local node
	[[ $2 =~ ^n[0-9]+$ ]] && node=$(node_number "$2") || return 1
	case $1 in
	status | monitor) if node_is_on "$node"; then return 0; fi; return 2 ;;
	off) ! node_is_on "$node" || (cmd_off "$node") || return 1 ;;
	on) node_is_on "$node" || (cmd_on "$node") || return 1 ;;
	*) return 1 ;;
	esac
}

cmd_switch() {
	local ask action plug unheard code
	echo ready
	while :; do
		for ask in "$HAMLAB"/n*/root/run/switch/ask.* \
			"$HAMLAB"/bmc/ask.*; do
			[[ $ask =~ ask\.[0-9]+$ ]] || continue
			[ ! -e "$ask.answer" ] || continue
			read -r action plug unheard <"$ask" || continue
			[ -z "$unheard" ] || rm -f "$ask"
			code=0
			switch_do "$action" "$plug" </dev/null >/dev/null ||
				code=$?
			[ -n "$unheard" ] || { echo "$code" >"$ask.tmp" &&
				mv "$ask.tmp" "$ask.answer"; }
			echo "$action $plug: $code"
		done
		sleep 0.02
	done
}
