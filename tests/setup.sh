#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/setup.sh - from a fresh Debian 12 or 13 to a built tree
#
# setup.sh [--deps-only | --no-build] [--fuzz] [--bench]
# Installs only what is missing, then builds in $BUILD (TOP/build).  QEMU
# comes from the release if it is new enough there, else from the release's
# backports, by the machine's own source entry.  Installs no kernel: the test
# guest's, and the one with drivers for watchdogs, are only unpacked, so that no
# machine boots another one for it.  So is the libvirt that --bench gets, against
# which tests/bench/converge.sh measures.
set -eu -o pipefail
PATH=$PATH:/usr/sbin:/sbin

top=$(dirname "$(dirname "$(readlink -f "$0")")")
BUILD=$(readlink -m "${BUILD:-$top/build}")
log=$BUILD/setup.log
kernel_root=/var/cache/hamd/guest-kernel
watchdog_root=/var/cache/hamd/watchdog-kernel
libvirt_root=/var/cache/hamd/libvirt
sources=/etc/apt
policy=/usr/sbin/policy-rc.d
policy_ours=no
qemu_min=10.0
libvirt_min=11.3
build=yes
fuzz=no
bench=no

build_packages=(
	autoconf automake libtool pkg-config gcc make libc6-dev
	libcpg-dev libquorum-dev libcmap-dev libcorosync-common-dev libqb-dev
	libnl-3-dev libnl-route-3-dev libssl-dev libglib2.0-dev
	libjson-glib-dev libsqlite3-dev check)
lab_packages=(
	corosync iproute2 iputils-ping busybox-static cpio kmod socat
	e2fsprogs fuse3 libnbd-bin nbdkit nftables strace tcpdump python3
	python3-prometheus-client
	zstd xz-utils openssl procps util-linux fio openipmi ipmitool)
model_packages=(spin)
fuzz_packages=(clang libclang-rt-dev)
qemu_packages=(qemu-system-x86 qemu-utils)
libvirt_packages=(libvirt0 libvirt-common libvirt-daemon libvirt-daemon-common
	libvirt-daemon-driver-qemu libvirt-clients)

step() {
	printf '%s\n' "setup: $*" | tee -a "$log"
}

told=no
die() {
	printf '%s\n' "setup: $*" >&2
	told=yes
	exit 1
}

at_exit() {
	local rc=$?
	[ "$policy_ours" = no ] || rm -f "$policy"
	if [ "$rc" != 0 ] && [ "$told" = no ]; then
		echo "setup: failed; the end of $log:" >&2
		tail -n 25 "$log" >&2
	fi
}

# Those of the arguments that are not installed.
missing() {
	local have
	have=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "$@" \
		2>/dev/null | awk '$1 == "installed" { print $2 }') || :
	printf '%s\n' "$@" | grep -vxF -e "${have:-none}" || :
}

apt() {
	DEBIAN_FRONTEND=noninteractive apt-get -q -y \
		-o DPkg::Lock::Timeout=300 "$@" >>"$log" 2>&1
}

# Once a run; a foreign source that is out of reach is not our matter, the
# installation tells what is really missing.
updated=no
update() {
	[ "$updated" = no ] || return 0
	step "reading the package lists"
	apt update || step "apt-get update complains, going on"
	updated=yes
}

# A daemon that a package brings must not start on this machine: corosync is
# for the lab's nodes only.
install() {
	if [ ! -e "$policy" ]; then
		policy_ours=yes
		printf '#!/bin/sh\nexit 101\n' >"$policy"
		chmod 755 "$policy"
	fi
	apt install --no-install-recommends "$@"
}

# Nor at its next boot: of packages that were missing.
disable_services() {
	local package service
	[ -d /run/systemd/system ] || return 0
	for package; do
		case $package in
		corosync | openipmi) service=$package ;;
		ipmitool) service=ipmievd ;;
		*) continue ;;
		esac
		systemctl disable "$service" >>"$log" 2>&1 || :
	done
}

install_missing() {
	local want=("${build_packages[@]}" "${lab_packages[@]}"
		"${model_packages[@]}") lack
	[ "$fuzz" = no ] || want+=("${fuzz_packages[@]}")
	mapfile -t lack < <(missing "${want[@]}")
	[ ${#lack[@]} -gt 0 ] || return 0
	update
	step "installing ${#lack[@]} packages"
	install "${lack[@]}"
	disable_services "${lack[@]}"
}

# A release has one package for all agents (Debian 12), or one for each.
install_fence_agent() {
	local package=fence-agents-ipmilan
	[ ! -x /usr/sbin/fence_ipmilan ] || return 0
	update
	apt-cache show "$package" >/dev/null 2>&1 || package=fence-agents
	step "installing $package"
	install "$package"
}

# Version of QEMU that is installed, 0 if none.
qemu_version() {
	local said
	said=$(qemu-system-x86_64 --version 2>/dev/null &&
		qemu-img --version) || said=0
	sed -n 's/^QEMU emulator version \([0-9.]*\).*/\1/p; s/^0$/0/p' \
		<<<"$said"
}

# What the archive would give from a suite, or by default: "" if nothing.
candidate() {
	apt-get -s -q --no-install-recommends install "$@" \
		qemu-system-x86 2>/dev/null |
		sed -n 's/^Inst qemu-system-x86 .*(\([^ ]*\) .*/\1/p'
}

qemu_is_new() {
	dpkg --compare-versions "${1#*:}" ge "$qemu_min"
}

# deb822: the first stanza that has this release, with the suite replaced.
# Fields that go over several lines (an embedded key) are kept whole.
from_deb822() {
	awk -v code="$1" '
		function flush(  i) {
			if (types && suites && !done && enabled) {
				for (i = 1; i <= n; i++)
					print keep[i]
				print "Suites: " code "-backports"
				done = 1
			}
			n = types = suites = 0; enabled = 1
		}
		BEGIN { enabled = 1 }
		/^[ \t]*$/ { flush(); next }
		/^#/ { next }
		!/^[ \t]/ { field = tolower($1) }
		field == "types:" {
			for (i = 2; i <= NF; i++) if ($i == "deb") types = 1
			if (/^[Tt]/) keep[++n] = "Types: deb"
			next
		}
		field == "suites:" {
			for (i = 1; i <= NF; i++) if ($i == code) suites = 1
			next
		}
		field == "components:" {
			if (/^[Cc]/) keep[++n] = "Components: main"
			next
		}
		field == "enabled:" { enabled = tolower($2) != "no"; next }
		{ keep[++n] = $0 }
		END { flush() }' "${@:2}"
}

# One line: deb [options] URI suite components
from_one_line() {
	awk -v code="$1" '
		$1 != "deb" || done { next }
		{
			options = ""; line = $0
			sub(/#.*/, "", line)
			sub(/^deb[ \t]+/, "", line)
			if (match(line, /^\[[^]]*\]/)) {
				options = substr(line, 2, RLENGTH - 2)
				line = substr(line, RLENGTH + 1)
			}
			split(line, part)
			if (part[2] != code)
				next
			print "Types: deb"
			print "URIs: " part[1]
			print "Suites: " code "-backports"
			print "Components: main"
			count = split(options, option)
			for (i = 1; i <= count; i++) {
				at = index(option[i], "=")
				name = substr(option[i], 1, at - 1)
				value = substr(option[i], at + 1)
				gsub(/,/, " ", value)
				if (name == "arch") name = "Architectures"
				if (name == "lang") name = "Languages"
				if (name == "target") name = "Targets"
				print name ": " value
			}
			done = 1
		}' "${@:2}"
}

# The machine's own entry for this release, as one of its backports.
backports_entry() {
	local code=$1 entry='' file
	for file in "$sources"/sources.list.d/*.sources; do
		[ -n "$entry" ] || [ ! -e "$file" ] ||
			entry=$(from_deb822 "$code" "$file")
	done
	for file in "$sources"/sources.list "$sources"/sources.list.d/*.list; do
		[ -n "$entry" ] || [ ! -e "$file" ] ||
			entry=$(from_one_line "$code" "$file")
	done
	printf '%s' "$entry"
}

# The release that the machine runs.
codename() {
	sed -n 's/^VERSION_CODENAME=//p' /etc/os-release
}

# add_backports CODE WHAT: to the package sources, for that
add_backports() {
	local entry
	entry=$(backports_entry "$1")
	[ -n "$entry" ] ||
		die "no source of $1 found in $sources: install $2 by hand"
	step "adding $1-backports to the package sources"
	printf '%s\n' "$entry" \
		>"$sources/sources.list.d/hamd-backports.sources"
	updated=no
	update
}

install_qemu() {
	local now code
	now=$(qemu_version)
	! qemu_is_new "$now" || return 0
	update
	if qemu_is_new "$(candidate)"; then
		step "installing QEMU"
		install "${qemu_packages[@]}"
		return
	fi
	code=$(codename)
	[ -n "$code" ] || die "/etc/os-release names no release: install QEMU" \
		">= $qemu_min by hand"
	qemu_is_new "$(candidate -t "$code-backports")" ||
		add_backports "$code" "QEMU >= $qemu_min (it has $now)"
	step "installing QEMU from $code-backports"
	install -t "$code-backports" "${qemu_packages[@]}"
}

check_qemu() {
	local now
	now=$(qemu_version)
	qemu_is_new "$now" || die "QEMU $now is too old: QEMU before $qemu_min" \
		"loses pages in live migration and lacks blockdev-set-active;" \
		"neither this release nor its backports gave a newer one"
}

have_kernel() {
	local image root
	for root in '' "$kernel_root"; do
		for image in "$root"/boot/vmlinuz-*-cloud-*; do
			[ ! -e "$root/lib/modules/${image##*/vmlinuz-}/modules.dep" ] ||
				return 0
		done
	done
	return 1
}

# kernel_package NAME: the package that this one stands for
kernel_package() {
	apt-cache depends --important "$1" |
		sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1
}

unpack_kernel() {
	local package deb
	have_kernel && return
	update
	package=$(kernel_package linux-image-cloud-amd64)
	[ -n "$package" ] || die "the archive has no linux-image-cloud-amd64"
	step "unpacking the guest's kernel, $package"
	rm -rf "$kernel_root"
	mkdir -p "$kernel_root"
	(cd "$kernel_root" && apt download "$package")
	deb=$(find "$kernel_root" -name '*.deb')
	dpkg-deb -x "$deb" "$kernel_root"
	rm "$deb"
	# of merged-usr packages
	[ -e "$kernel_root/lib" ] || ln -s usr/lib "$kernel_root/lib"
	depmod -b "$kernel_root" \
		"$(basename "$kernel_root"/lib/modules/*)"
	have_kernel || die "$package has no kernel with modules"
}

have_watchdog_kernel() {
	local root
	for root in '' "$watchdog_root"; do
		if compgen -G "$root/lib/modules/*/kernel/drivers/watchdog/i6300esb.ko*" \
			>/dev/null; then
			return 0
		fi
	done
	return 1
}

# Of a kernel of 400 MB only itself and its drivers for watchdogs, which the
# guest's has not.
unpack_watchdog_kernel() {
	local package deb
	have_watchdog_kernel && return
	update
	package=$(kernel_package linux-image-amd64)
	[ -n "$package" ] || die "the archive has no linux-image-amd64"
	step "unpacking a kernel that has watchdogs, $package"
	rm -rf "$watchdog_root"
	mkdir -p "$watchdog_root"
	(cd "$watchdog_root" && apt download "$package")
	deb=$(find "$watchdog_root" -name '*.deb')
	dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$watchdog_root" \
		--wildcards './boot/vmlinuz-*' '*/drivers/watchdog/*'
	rm "$deb"
	[ -e "$watchdog_root/lib" ] || ln -s usr/lib "$watchdog_root/lib"
	have_watchdog_kernel || die "$package has no i6300esb"
}

# The newest libvirt that the archive has, "" if none.
libvirt_offered() {
	apt-cache madison libvirt-daemon | awk '{ print $3 }' | sort -rV |
		head -n 1
}

have_libvirt() {
	[ -x "$libvirt_root/usr/sbin/libvirtd" ] &&
		[ -x "$libvirt_root/usr/bin/virsh" ]
}

# What these files want of other packages, which are installed.
install_needs() {
	local deb needs lack
	mapfile -t needs < <(for deb; do
		dpkg-deb -f "$deb" Depends
	done | tr ',' '\n' | awk '$1 ~ /^lib/ && $1 !~ /^libvirt/ { print $1 }' |
		sort -u)
	mapfile -t lack < <(missing "${needs[@]}")
	[ -n "${lack[0]-}" ] || return 0
	step "installing what libvirt needs: ${lack[*]}"
	install "${lack[@]}"
}

# Installed it would draw in much of systemd, and start daemons.
unpack_libvirt() {
	local version dir=$libvirt_root.new deb lack
	! have_libvirt || return 0
	update
	version=$(libvirt_offered)
	if dpkg --compare-versions "${version:-0}" lt "$libvirt_min"; then
		add_backports "$(codename)" "libvirt >= $libvirt_min"
		version=$(libvirt_offered)
	fi
	dpkg --compare-versions "${version:-0}" ge "$libvirt_min" ||
		die "neither this release nor its backports have libvirt" \
			">= $libvirt_min, only ${version:-none}"
	step "unpacking libvirt $version"
	rm -rf "$dir" "$libvirt_root"
	mkdir -p "$dir"
	(cd "$dir" && apt download "${libvirt_packages[@]/%/=$version}")
	install_needs "$dir"/*.deb
	for deb in "$dir"/*.deb; do
		dpkg-deb -x "$deb" "$dir"
		rm "$deb"
	done
	lack=$(LD_LIBRARY_PATH=$(echo "$dir"/usr/lib/*-linux-gnu) \
		ldd "$dir"/usr/{sbin/libvirtd,bin/virsh} \
		"$dir"/usr/lib/*/libvirt/connection-driver/*.so |
		awk '/not found/ { print $1 }' | sort -u | paste -sd' ')
	[ -z "$lack" ] || die "libvirt lacks libraries: $lack"
	mv "$dir" "$libvirt_root"
}

build() {
	if [ ! -e "$top/configure" ]; then
		step "autogen"
		(cd "$top" && ./autogen.sh) >>"$log" 2>&1
	fi
	if [ ! -e "$BUILD/Makefile" ]; then
		step "configure"
		(cd "$BUILD" && "$top/configure" --enable-werror) >>"$log" 2>&1
	fi
	step "make in $BUILD"
	make -C "$BUILD" -j"$(nproc)" >>"$log" 2>&1
}

main() {
	local option
	for option; do
		case $option in
		--no-build | --deps-only) build=no ;;
		--fuzz) fuzz=yes ;;
		--bench) bench=yes ;;
		-h | --help)
			sed -n 's/^# \(setup.sh \[.*\)/usage: \1/p' "$0"
			exit 0 ;;
		*)
			echo "setup: unknown option $option" >&2
			exit 2 ;;
		esac
	done
	if [ "$(id -u)" != 0 ]; then
		echo "setup: needs uid 0: it installs packages, and the lab" \
			"makes namespaces" >&2
		exit 77
	fi
	command -v apt-get >/dev/null || die "needs Debian 12 or 13"
	mkdir -p "$BUILD"
	: >"$log"
	trap at_exit EXIT
	install_missing
	install_fence_agent
	install_qemu
	check_qemu
	unpack_kernel
	unpack_watchdog_kernel
	[ "$bench" = no ] || unpack_libvirt
	[ "$build" = no ] || build
	step "ready"
}

main "$@"
