#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-learnt-address.sh - a guest has addresses that the cluster file
# does not name: the nodes it moves to announce them, too, in their first breath,
# if it was heard using them anywhere; not one that another has claimed meanwhile
# shellcheck source=tests/lab/ports.sh
. "$(dirname "$(readlink -f "$0")")/ports.sh"
second=10.77.0.150
third=fd77::64
in_lab talking "ip=$second/24" "ip=$third/64"

# say WHAT ADDRESS: n3 does, to all on the network; asks who has it, or claims it
say() {
	on n3 python3 - "$@" <<-'END'
		import socket, sys
		what, address = sys.argv[1:]
		out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
		out.bind(("br0", 0))
		mac = out.getsockname()[4]

		def arp(target):
		    sender = target if what == "claim" else bytes([10, 77, 0, 3])
		    return b"\xff" * 6 + mac + bytes.fromhex(
		        "0806 0001 0800 06 04 0001") + mac + sender + bytes(
		            6) + target + bytes(18)

		def solicitation(target):
		    source = socket.inet_pton(socket.AF_INET6, "fd77::3")
		    group = bytes.fromhex("ff0200000000000000000001ff") + target[13:]
		    rest = bytes.fromhex("00000000") + target + b"\x01\x01" + mac
		    pseudo = source + group + bytes(3) + b"\x20" + bytes(3) + b"\x3a"
		    whole = pseudo + b"\x87\0\0\0" + rest
		    total = sum(int.from_bytes(whole[i:i + 2], "big")
		                for i in range(0, len(whole), 2))
		    total = (total & 0xffff) + (total >> 16)
		    check = ~((total & 0xffff) + (total >> 16)) & 0xffff
		    return b"\x33\x33" + group[12:] + mac + bytes.fromhex(
		        "86dd 60000000 0020 3a ff") + source + group + b"\x87\0" + (
		            check.to_bytes(2, "big")) + rest

		family = socket.AF_INET6 if ":" in address else socket.AF_INET
		frame = solicitation if ":" in address else arp
		out.send(frame(socket.inet_pton(family, address)))
	END
}

# answers KIND ADDRESS NAME: the guest, asked; not before it knows that nobody else
# has the address
answers() {
	say ask "$2"
	grep -q " port $1 [0-9]* $2\$" "$work/$3"
}

boot_on n1
watch there
until_true "it answers for $second" answers arp "$second" there
until_true "it answers for $third" answers answer "$third" there
ctl n3 guest migrate web1 n2 | tail -n 1
until_true "n2 has announced it" announced n2 there
watched there n1 n2 --announces "$address,$second,$third"
ok "n2 announces what n1 heard"

# nobody asks, and the guest says nothing of them, but for the hamd that was there
kept() {
	on n2 test -s /run/hamd/guests/web1/heard
}
until_true "n2 has kept it" kept
"$lab" hamd n2 kill
"$lab" hamd n2 start
cluster_whole
runs_on n2
watch on
ctl n3 guest migrate web1 n3 | tail -n 1
until_true "n3 has announced it" announced n3 on
watched on n2 n3 --announces "$address,$second,$third"
ok "n3 announces what n2 was told, also before its hamd was restarted"

watch back
say claim "$second"
ctl n3 guest migrate web1 n1 | tail -n 1
until_true "n1 has announced it" announced n1 back
watched back n3 n1 --announces "$address,$third"
ok "n1 does not announce what another has claimed"

finish n1
echo "PASS: addresses that a guest was heard using"
