#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-one-port.sh - a guest that talks all the time moves: at no moment
# is it behind two ports, the source's is silent before the destination's speaks,
# which forwards nothing before the guest runs and then tells at once where it is,
# seven times
# shellcheck source=tests/lab/ports.sh
. "$(dirname "$(readlink -f "$0")")/ports.sh"
in_lab talking

boot_on n1

watch there
ctl n3 guest migrate web1 n2 | tail -n 1
until_true "n2 has announced it" announced n2 there
ctl n2 --json guest show web1 >"$work/show"
watched there n1 n2 --announces "$address" --timeline "$work/show"
ok "n1 speaks, then n2"

# n2 has yielded, and n1 has not let it run
watch back
stopped_at n1 web1 run n1
no_port_is_up "YIELD"
# nobody answers, which is its exit status
said=$(on n3 ping -b -c 3 -i 0.2 -W 1 10.77.0.255 2>/dev/null) || :
said_has "3 packets transmitted"
[ "$(forwarded n1)" = "0 0" ] ||
	fail "frames by the destination's port before cont: $(forwarded n1)"
ok "after YIELD and before cont both ports are down"
go n1 web1
until_true "n1 has announced it" announced n1 back
watched back n2 n1 --announces "$address"
ok "n2 speaks, then n1"

# who has YIELD and is restarted gets it by the outcome, and has no tap to tell by
watch restarted
stopped_at n2 web1 run n2
"$lab" hamd n2 kill
go n2 web1
"$lab" hamd n2 start
runs_on n2
until_true "n2 has announced it" announced n2 restarted
watched restarted n1 n2 --announces "$address"
cluster_whole
ok "n1 speaks, then n2, whose hamd was killed before it ran"
finish n2 web1 --max-gap 30000
echo "PASS: one port at a time"
