# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# tests/lab/byhand.sh - web1's QEMU without hamd; sourced by the tests that
# prove the lab's own tools.  Uses $lab.
# shellcheck disable=SC2016,SC2154 # what is quoted expands in the node
labinit=$BUILD/tests/lab/labinit

fail() {
	echo "FAIL: $*" >&2
	exit 1
}

# boot NODE OPTIONS EXTRA...: OPTIONS of the guest, EXTRA of QEMU
boot() {
	local node=$1 options=$2
	shift 2
	"$lab" sh "$node" sh -e -c '
		mkdir -p /run/hamd/guests/web1
		ip tuntap add t-web1 mode tap vnet_hdr
		ip link set t-web1 master br0 up'
	"$lab" sh "$node" "$labinit" detach /var/log/qemu.log \
		qemu-system-x86_64 -name guest=web1,debug-threads=on \
		-M pc-q35-10.0 -cpu qemu64 -accel tcg -m 256 -nodefaults \
		-display none -pidfile /run/qemu.pid \
		-kernel /var/lib/hamd/boot/vmlinuz \
		-initrd /var/lib/hamd/boot/guest.cpio.gz \
		-append "console=ttyS0 quiet $options" \
		-chardev file,id=c,path=/var/log/hamd/web1.console,append=on \
		-serial chardev:c \
		-qmp unix:/run/hamd/guests/web1/qmp.sock,server=on,wait=off \
		-blockdev driver=raw,node-name=d,cache.direct=on,file.driver=file,file.filename=/var/lib/hamd/images/web1-root.raw,file.cache.direct=on \
		-device virtio-blk-pci,drive=d \
		-netdev tap,id=n,ifname=t-web1,script=no,downscript=no \
		-device virtio-net-pci,netdev=n,romfile= "$@"
	"$lab" wait 20 sh "$node" test -s /run/qemu.pid
	"$lab" wait 20 sh "$node" test -S /run/hamd/guests/web1/qmp.sock
}

# What a QEMU that has ended leaves in a node where no hamd cleans up.
clear_guest() {
	"$lab" sh "$1" sh -c 'ip tuntap del t-web1 mode tap
		rm -rf /run/qemu.pid /run/hamd/guests/web1'
}

kill_guest() {
	"$lab" sh "$1" sh -c 'pid=$(cat /run/qemu.pid)
		kill -9 "$pid"; "$0" gone "$pid" 10' "$labinit"
	clear_guest "$1"
}

# qmp NODE COMMAND
qmp() {
	printf '%s\n' '{"execute":"qmp_capabilities"}' "{\"execute\":\"$2\"}" |
		timeout 5 socat -t 1 - \
			"UNIX:$("$lab" path "$1")/root/run/hamd/guests/web1/qmp.sock" \
			>/dev/null
}
