# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# tests/lab/ports.sh - what the tests of a guest's ports share; sourced
#
# web1 talks all the time, and portwatch.py hears all of it, at its ports and on
# the wire between the nodes; portjudge.py says whether one port spoke at a time.
# shellcheck disable=SC2154 # testlib.sh has them
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/doubt.sh"

mac=52:54:00:00:00:64
address=10.77.0.100

# talking [OPTION...]: of the guest, on its kernel's command line
talking() {
	light | sed "s,^append = .*,& talk=5 $*,"
}

# watch NAME: from here on, into $work/NAME
watch() {
	beside "$1" python3 -B "$here/portwatch.py" "$mac"
	until_true "web1 is heard" grep -q ' wire talk ' "$work/$1"
}

# watched NAME NODE... [OPTIONS]: that watch, the last one, ends and is judged
watched() {
	local pid=${beside[-1]}
	unset 'beside[-1]'
	kill "$pid"
	wait "$pid" || fail "the watch $1 ended with $?: $(tail -n 3 "$work/$1")"
	"$here/portjudge.py" "$work/$1" "${@:2}" || {
		grep -v ' talk ' "$work/$1" | tail -n 60 >&2
		fail "the ports of web1, $1"
	}
}

# announced NODE NAME: for the last time, as the network has it in that watch
announced() {
	[ "$(grep -c " $1 wire garp 60 $address\$" "$work/$2")" -ge 7 ]
}

# tap NODE: web1's port there
tap() {
	on "$1" ip -o link | grep -o 'ham[0-9]*\.0' | head -n 1
}

# no_port_is_up POINT
no_port_is_up() {
	local node
	for node in n1 n2; do
		port_is "$node" down || fail "$node's port is up at $1"
	done
}

# port_is NODE up|down
port_is() {
	local flags
	flags=$(on "$1" ip -o link show dev "$(tap "$1")" | cut -d' ' -f3)
	[ -n "$flags" ] || return 1
	case $flags in
	*[\<,]UP[,\>]*) [ "$2" = up ] ;;
	*) [ "$2" = down ] ;;
	esac
}

# forwarded NODE: frames that have come from its port there, and gone to it
forwarded() {
	on "$1" awk -v "port=$(tap "$1"):" '$1 == port { print $3, $11 }' \
		/proc/net/dev
}
