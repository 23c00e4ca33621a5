# SPDX-License-Identifier: BSD-3-Clause
# tests/net/vhost_steps.sh - in the machine of test-vhost.sh: QEMU with vhost
#
# The test guest, which speaks when its card comes up: its frames come by the
# kernel's threads.  The last line counts.
# shellcheck shell=bash
set -u
tool=port_tool
# shellcheck source=tests/net/steps.sh
. /steps/steps.sh

mac=02:00:00:00:00:01
threads() { grep -l '^vhost-' /proc/[0-9]*/comm 2>/dev/null | wc -l; }

ip link set lo up
ip link add eth0 type veth peer name switch0
ip link set switch0 up
must listen switch0
must open tap0 br0 $mac 0 make - uplink=eth0 queues=2
must up
must vhost
check "this node has vhost, one for each queue" said "ok 2"
must run qemu-system-x86_64 -M q35 -accel tcg -cpu max -m 192 -nodefaults \
	-no-user-config -display none -smp 2 -L /usr/share/seabios -L /usr/share/qemu \
	-netdev tap,id=net0,fds=10:11,vhost=on,vhostfds=20:21 \
	-device virtio-net-pci,netdev=net0,mac=$mac,mq=on,vectors=6,romfile= \
	-kernel /extra/vmlinuz -initrd /extra/guest.cpio.gz \
	-append ip=10.77.0.1/24 -serial file:/dev/console
# its processor is emulated twice: it takes a while to begin
for ((try = 0; try < 45; try++)); do
	ask frame
	said "ok*" && break
done
check "the guest's frames reach the switch" said "ok *"
check "by two threads of the kernel" [ "$(threads)" = 2 ]

echo "vhost: $checks checks, $failures failed"
