# SPDX-License-Identifier: BSD-3-Clause
# tests/net/machine.sh - sourced by tests that need what this machine's kernel
# may lack: a virtual machine with the test guest's kernel, emulated by TCG
#
# In it are $modules (loaded in that order), $tools (built here), $programs and
# $files (of this machine) and $extra (in /extra).  $megabytes is its memory and
# $seconds how long it may take; $steps is the script of this folder that runs
# there.  Its lines are shown here, and the last one has to count: "NAME: N
# checks, 0 failed".  Exit 77: something is missing for it.
# shellcheck shell=bash
# shellcheck disable=SC2154 # the ones that source it set them
PATH=$PATH:/usr/sbin:/sbin

skip() {
	echo "$*"
	exit 77
}

# A program with the libraries that it is linked to, each where it expects it.
take() {
	local path library
	path=$(command -v "$1") || skip "$1 is missing"
	cp -L "$path" "$tree/bin/"
	ldd "$path" | grep -o '/[^ ]*' | while read -r library; do
		mkdir -p "$tree$(dirname "$library")"
		cp -L "$library" "$tree$library"
	done
}

for tool in qemu-system-x86_64 busybox cpio; do
	command -v "$tool" >/dev/null || skip "$tool is missing"
done
root=/var/cache/hamd/guest-kernel
kernel=$(find $root/boot -name 'vmlinuz-*' 2>/dev/null | sort -V | tail -n 1)
[ -n "$kernel" ] || skip "no kernel found: run tests/setup.sh"
drivers=$root/lib/modules/${kernel##*/vmlinuz-}/kernel
! nm -D "${tools[@]}" | grep -q __asan_init ||
	skip "the tools have sanitizers: too large for the machine"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/tree
mkdir -p "$tree"/{bin,modules,steps,extra}
cp "$(command -v busybox)" "$tree/bin/busybox"
for program in "${programs[@]}" "${tools[@]}"; do
	take "$program"
done
for file in "${files[@]}"; do
	[ -e "$file" ] || skip "$file is missing"
	mkdir -p "$tree$(dirname "$file")"
	cp -L "$file" "$tree$file"
done
for module in "${modules[@]}"; do
	file=$(find "$drivers" -name "$module.ko*" | head -n 1)
	[ -n "$file" ] || continue
	case $file in
	*.xz) xz -dc "$file" ;;
	*) cat "$file" ;;
	esac >"$tree/modules/$module.ko"
	echo "$module" >>"$tree/modules/order"
done
[ ${#extra[@]} = 0 ] || cp "${extra[@]}" "$tree/extra/"
cp "$here/steps.sh" "$here/$steps" "$tree/steps/"
ln -s "$steps" "$tree/steps/run"
cat >"$tree/init" <<'EOF'
#!/bin/busybox sh
export PATH=/bin
/bin/busybox mkdir -p /proc /sys /dev /tmp /run
/bin/busybox --install -s /bin 2>/dev/null
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
exec >/dev/console 2>&1 </dev/null
for module in $(cat /modules/order); do
	insmod "/modules/$module.ko" || echo "not ok - insmod $module"
done
mkdir -p /dev/net
[ -e /dev/net/tun ] || mknod /dev/net/tun c 10 200
bash /steps/run
poweroff -f
EOF
chmod +x "$tree/init"
(cd "$tree" && find . | cpio -o -H newc --quiet | gzip -1) >"$work/initramfs"
timeout -k 5 "$seconds" qemu-system-x86_64 -M q35 -accel tcg -cpu max -m "$megabytes" \
	-nodefaults -display none -no-reboot -serial "file:$work/console" \
	-kernel "$kernel" -initrd "$work/initramfs" \
	-append "console=ttyS0 quiet panic=-1" </dev/null ||
	echo "QEMU: exit $?"
tr -d '\r' <"$work/console" >"$work/said"
cat "$work/said"
grep -q '^[A-Za-z]*: [1-9][0-9]* checks, 0 failed$' "$work/said" &&
	! grep -q '^not ok' "$work/said"
