#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/net/captures/make.sh - takes the captures beside it anew
#
# What others than hamd say of their addresses: linux.pcap a Linux host that
# comes up, is given a lease by busybox's DHCP server and talks to its neighbour;
# qemu.pcap what QEMU announces.  In namespaces of its own; needs uid 0,
# iproute2, tcpdump, busybox, iputils-ping and QEMU.  check_net_capture.c says what
# is expected of them.
set -eu -o pipefail
here=$(dirname "$(readlink -f "$0")")
if [ -z "${HAM_IN_NS:-}" ]; then
	HAM_IN_NS=1 exec unshare --net --mount --pid --fork --mount-proc "$0"
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mac=52:54:00:12:34:56

capture() { # FILE INTERFACE
	tcpdump -i "$2" -w "$work/$1" --immediate-mode -U 2>"$work/said" &
	dump=$!
	until grep -q "listening on" "$work/said"; do sleep 0.05; done
}
captured() { # FILE
	sleep 0.5
	kill $dump
	wait $dump || :
	cp "$work/$1" "$here/$1"
}

ip link set lo up
ip link add guest address $mac type veth peer name world
ip address add 192.0.2.1/24 dev world
ip address add 2001:db8::1/64 dev world nodad
ip link set world up
unshare --net sleep 60 &
other=$!
until ip link set guest netns $other 2>/dev/null; do sleep 0.05; done
until ! ip link show guest >/dev/null 2>&1; do sleep 0.05; done

capture linux.pcap world
cat >"$work/udhcpd.conf" <<END
interface world
start 192.0.2.20
end 192.0.2.20
pidfile $work/udhcpd.pid
lease_file $work/leases
option subnet 255.255.255.0
END
: >"$work/leases"
busybox udhcpd -f "$work/udhcpd.conf" &
server=$!
cat >"$work/lease" <<'END'
#!/bin/sh
[ "$1" != bound ] || ip address add "$ip/24" dev guest
END
chmod +x "$work/lease"
nsenter -t $other -n sh -e -c "
	ip address add 192.0.2.10/24 dev guest
	ip address add 2001:db8::10/64 dev guest nodad
	echo 1 >/proc/sys/net/ipv4/conf/guest/arp_notify
	echo 1 >/proc/sys/net/ipv6/conf/guest/ndisc_notify
	ip link set guest up
	ping -q -c 1 -I 192.0.2.10 192.0.2.1
	ping -q -c 1 -I 2001:db8::10 2001:db8::1
	busybox udhcpc -i guest -n -q -f -s $work/lease" >/dev/null
# each end asks for the other
ip neighbour flush dev world
ping -q -c 1 192.0.2.20 >/dev/null
ping -q -c 1 2001:db8::10 >/dev/null
kill $server
captured linux.pcap

ip link add br0 type bridge
ip link set br0 up
ip tuntap add tap0 mode tap
echo 1 >/proc/sys/net/ipv6/conf/tap0/disable_ipv6
ip link set tap0 master br0 up
capture qemu.pcap tap0
{
	echo '{"execute":"qmp_capabilities"}'
	echo '{"execute":"announce-self","arguments":{"initial":50,"max":50,
		"rounds":1,"step":0}}'
	sleep 1
	echo '{"execute":"quit"}'
} | qemu-system-x86_64 -M q35 -accel tcg -nodefaults -display none -qmp stdio \
	-netdev tap,id=net0,ifname=tap0,script=no,downscript=no \
	-device virtio-net-pci,netdev=net0,mac=$mac,romfile= >/dev/null
captured qemu.pcap
