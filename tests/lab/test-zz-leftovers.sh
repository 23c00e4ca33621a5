#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-zz-leftovers.sh - after a guest's whole life nothing of it is
# left in any node, and after all tests nothing of any lab on this machine
. "$(dirname "$(readlink -f "$0")")/testlib.sh"

if [ "$inside" = no ]; then
	# of whatever ran before in this folder
	"$audit" leftovers
	"$lab" run 3 --conf <(small 800M replicas=1) -- "$self" inside
	"$audit" leftovers
	echo "PASS: nothing is left"
	exit
fi

# what a node holds besides files: processes, links, sockets, mounts
inventory() {
	local node
	for node in n1 n2 n3; do
		on "$node" sh -c 'ps -e -o comm= | sort | uniq -c |
			grep -v -e labenter -e sort -e uniq -e "ps$" -e grep \
				-e " sh$"
			ip -o link | sed "s/^[0-9]*: //; s/[:@].*//" | sort
			find /run/hamd -type s | sort
			find /run/hamd/guests -mindepth 1 | sort
			sed "s/^[^ ]* //; s/ .*//" /proc/mounts | sort'
	done
}
until_true "hamd is ready" test -d "$(root n1)/run/hamd/guests"
inventory >"$work/before"
boot_on n1
ctl n1 guest migrate web1 n2
ctl n1 guest migrate web1 n3
ctl n1 guest migrate web1 n1
finish n1
same() {
	inventory >"$work/after"
	cmp -s "$work/before" "$work/after"
}
until_true "a node is as it was before" same ||
	diff "$work/before" "$work/after"
