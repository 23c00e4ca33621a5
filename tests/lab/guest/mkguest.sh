#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/guest/mkguest.sh - builds the test guest: kernel and initramfs
#
# mkguest.sh OUTDIR   makes OUTDIR/vmlinuz and OUTDIR/guest.cpio.gz, or leaves
# them alone if they were made of the same inputs.  The kernel is a Debian
# cloud kernel, installed or unpacked by tests/setup.sh; GUEST_KERNEL_ROOT
# names another folder that has boot/ and lib/modules/.
set -eu -o pipefail
PATH=$PATH:/usr/sbin:/sbin

here=$(dirname "$(readlink -f "$0")")
out=${1:?usage: mkguest.sh OUTDIR}
wanted=(virtio_pci virtio_blk virtio_net button evdev)
roots=(${GUEST_KERNEL_ROOT:+"$GUEST_KERNEL_ROOT"} ''
	/var/cache/hamd/guest-kernel)

die() {
	echo "mkguest: $*" >&2
	exit 1
}

# The newest kernel of the first root that has one with its modules.
find_kernel() {
	local image
	for root in "${roots[@]}"; do
		while read -r image; do
			version=${image##*/vmlinuz-}
			if [ -e "$root/lib/modules/$version/modules.dep" ]; then
				return
			fi
		done < <(find "$root/boot" -name 'vmlinuz-*-cloud-*' \
			2>/dev/null | sort -rV)
	done
	die "no Debian cloud kernel found: run tests/setup.sh"
}

# Modules in the order of loading, each once.
module_files() {
	local name
	for name in "${wanted[@]}"; do
		modprobe -d "$root/" -S "$version" --show-depends "$name" ||
			die "kernel $version has no $name"
	done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }'
}

unpack_to() {
	case $1 in
	*.xz) xz -dc "$1" ;;
	*.zst) zstd -qdc "$1" ;;
	*.gz) gzip -dc "$1" ;;
	*) cat "$1" ;;
	esac >"$2"
}

make_tree() {
	local file name
	mkdir -p "$tree"/{bin,modules}
	cp "$(command -v busybox)" "$tree/bin/busybox"
	cp "$here/init" "$tree/init"
	chmod 755 "$tree/init"
	for file in "${files[@]}"; do
		name=$(basename "$file")
		name=${name%%.ko*}.ko
		unpack_to "$file" "$tree/modules/$name"
		echo "$name" >>"$tree/modules/order"
	done
	"${CC:-gcc}" -D_GNU_SOURCE -std=gnu11 -O2 -Wall -static -pthread \
		-o "$tree/bin/guestwork" "$here/guestwork.c" "$here/record.c" \
		"$here/talk.c"
}

find_kernel
list=$(module_files)
mapfile -t files <<<"$list"
mkdir -p "$out"
sum=$(sha256sum "$here"/{init,guestwork.c,record.c,record.h,talk.c,talk.h,mkguest.sh} \
	"$(command -v busybox)" "$root/boot/vmlinuz-$version" "${files[@]}" |
	sha256sum | cut -d' ' -f1)
if [ "$(cat "$out/inputs" 2>/dev/null)" = "$sum" ]; then
	exit 0
fi
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
make_tree
(cd "$tree" && find . | sort | cpio -o -H newc --quiet | gzip -9n) \
	>"$out/guest.cpio.gz.$$"
cp "$root/boot/vmlinuz-$version" "$out/vmlinuz.$$"
chmod 644 "$out"/*.$$
mv "$out/vmlinuz.$$" "$out/vmlinuz"
mv "$out/guest.cpio.gz.$$" "$out/guest.cpio.gz"
echo "$sum" >"$out/inputs"
