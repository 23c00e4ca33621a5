# SPDX-License-Identifier: BSD-3-Clause
# tests/net/steps.sh - sourced by the tests of ports: checks, and port_tool's
# answers
#
# $tool is port_tool.  Each check is one line; $failures at the end.
# shellcheck shell=bash
failures=0
checks=0
check() { # TEXT COMMAND...
	local text=$1
	shift
	checks=$((checks + 1))
	if "$@"; then
		echo "ok $checks - $text"
	else
		echo "not ok $checks - $text: $*"
		failures=$((failures + 1))
	fi
}

coproc tool { exec "$tool"; }
ask() { # ORDER...: its answer in $answer
	echo "$*" >&"${tool[1]}"
	read -r -t 30 answer <&"${tool[0]}" || answer="error no answer"
}
must() { # ORDER...: a step that has to work for the test to go on
	ask "$@"
	case $answer in
	ok*) ;;
	*) echo "not ok - $*: $answer"; exit 1 ;;
	esac
}
# shellcheck disable=SC2053 # a pattern is what it takes
said() { [[ $answer == $1 ]]; }
refused() { # TEXT ORDER...
	local want=$1
	shift
	ask "$@"
	[[ $answer == error*"$want"* ]] || { echo "# $answer"; return 1; }
}
link() { ip -o link show dev "$1" 2>/dev/null; }
gone() { ! ip link show dev "$1" >/dev/null 2>&1; }
flags() { ip -o link show dev "$1" | sed 's/.*<\(.*\)>.*/,\1,/'; }
is_down() { [[ $(flags "$1") != *,UP,* ]]; }
is_up() { [[ $(flags "$1") == *,UP,* ]]; }
mtu() { ip -o link show dev "$1" | sed 's/.* mtu \([0-9]*\) .*/\1/'; }
address() { ip -o link show dev "$1" | sed 's/.*ether \([0-9a-f:]*\) .*/\1/'; }
learned_on() { # MAC PORT
	bridge fdb show br br0 | grep -q "^$1 dev $2 "
}

