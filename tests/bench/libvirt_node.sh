#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/bench/libvirt_node.sh ROOT UUID - libvirtd in a node of the lab
#
# ROOT is what tests/setup.sh --bench unpacked, UUID what tells this host from the
# others.  Runs it in a root of its own that only it sees: the machine's, with ROOT
# and its settings laid over it in memory.  No service, no login, no network
# filter; whoever reaches it by TCP may do all.  Ends with its node.
set -eu -o pipefail
if [ "${3-}" != inside ]; then
	exec unshare -m "$0" "$1" "$2" inside
fi
stage=/tmp/libvirt
mount() {
	command mount -n "$@"
}
mount --make-rprivate /
mkdir -p "$stage"
mount -t tmpfs tmpfs "$stage"
mkdir "$stage"/{own,up,work,root}
# an upper layer may not lie within a lower one
cp -a "$1/." "$stage/own"
mount -t overlay overlay -o \
	"lowerdir=$stage/own:/,upperdir=$stage/up,workdir=$stage/work" \
	"$stage/root"
for dir in proc sys dev run var/log var/lib/hamd; do
	mount --rbind "/$dir" "$stage/root/$dir"
done
cd "$stage/root"
mkdir -p run/libvirt var/log/libvirt
# a user and groups that its package would make
for name in libvirt-qemu kvm; do
	grep -q "^$name:" etc/group || echo "$name:x:640${#name}:" >>etc/group
done
grep -q ^libvirt-qemu: etc/passwd ||
	echo "libvirt-qemu:x:64012:64012::/:/bin/false" >>etc/passwd
cat >etc/libvirt/qemu.conf <<-END
	user = "root"
	group = "root"
	dynamic_ownership = 0
	security_driver = "none"
	cgroup_controllers = []
	namespaces = []
	stdio_handler = "file"
END
cat >etc/libvirt/libvirtd.conf <<-END
	host_uuid = "$2"
	listen_tls = 0
	listen_tcp = 1
	auth_tcp = "none"
	auth_unix_rw = "none"
	log_outputs = "2:file:/var/log/libvirtd.log"
END
exec chroot "$stage/root" /usr/sbin/libvirtd --listen
