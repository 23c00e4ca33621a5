#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/watchdog/test-qemu.sh - hamwd, Debian's kernel and a watchdog that QEMU
# makes (i6300esb): the machine is reset when it must be, and never else
#
# test-qemu.sh [BUILD]   Emulated by TCG.  The kernel is one that is installed,
# or what tests/setup.sh has unpacked; it is not the test guest's, which has no
# driver for it.
set -eu -o pipefail
PATH=$PATH:/usr/sbin:/sbin

here=$(dirname "$(readlink -f "$0")")
BUILD=${1:-${BUILD:-$here/../../build}}
programs=("$BUILD/fence/hamwd" "$BUILD/tests/watchdog/feeder")
modules=(watchdog i6300esb)

skip() {
	echo "$*"
	exit 77
}

# The newest kernel that has the modules; sets root and version.
find_kernel() {
	local image
	for root in '' /var/cache/hamd/watchdog-kernel; do
		while read -r image; do
			version=${image##*/vmlinuz-}
			if [ -n "$(module_file i6300esb)" ]; then
				return
			fi
		done < <(find "$root/boot" -name 'vmlinuz-*' 2>/dev/null |
			sort -rV)
	done
	skip "no kernel with i6300esb found: run tests/setup.sh"
}

module_file() {
	find "$root/lib/modules/$version/kernel/drivers/watchdog" \
		-name "$1.ko*" 2>/dev/null
}

unpack_to() {
	case $1 in
	*.xz) xz -dc "$1" ;;
	*.zst) zstd -qdc "$1" ;;
	*.gz) gzip -dc "$1" ;;
	*) cat "$1" ;;
	esac >"$2"
}

# A program with the libraries that it is linked to, each where it expects it.
take() {
	local library
	cp "$1" "$tree/bin/"
	ldd "$1" | grep -o '/[^ ]*' | while read -r library; do
		mkdir -p "$tree$(dirname "$library")"
		cp -L "$library" "$tree$library"
	done
}

for tool in qemu-system-x86_64 busybox cpio; do
	command -v "$tool" >/dev/null || skip "$tool is missing"
done
for program in "${programs[@]}"; do
	[ -x "$program" ] || skip "$program is not built"
	! nm -D "$program" | grep -q __asan_init ||
		skip "$program has sanitizers: too large for the machine"
done
find_kernel
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/tree
mkdir -p "$tree"/{bin,modules}
cp "$(command -v busybox)" "$tree/bin/busybox"
install -m 755 "$here/init" "$tree/init"
for program in "${programs[@]}"; do
	take "$program"
done
for module in "${modules[@]}"; do
	# a kernel may have the core of its watchdogs built in
	file=$(module_file "$module")
	[ -n "$file" ] || continue
	unpack_to "$file" "$tree/modules/$module.ko"
	echo "$module" >>"$tree/modules/order"
done
(cd "$tree" && find . | cpio -o -H newc --quiet | gzip -1) >"$work/initramfs"
echo "kernel $version"
"$here/watch.py" "$root/boot/vmlinuz-$version" "$work/initramfs" "$work"
