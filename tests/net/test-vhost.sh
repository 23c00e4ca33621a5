#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/net/test-vhost.sh [BUILD_DIR] - a guest whose frames the kernel moves
#
# In a machine in a machine: two minutes to boot.
# long
# deadline: 600
set -eu -o pipefail
here=$(dirname "$(readlink -f "$0")")
BUILD=${1:-${BUILD:-$here/../../build}}
modules=(llc stp bridge tun veth vhost_iotlb vhost tap vhost_net)
tools=("$BUILD/tests/net/port_tool")
programs=(bash ip bridge grep sed qemu-system-x86_64)
guest=$BUILD/tests/lab/guest
"$here/../lab/guest/mkguest.sh" "$guest"
files=(/usr/share/seabios/bios-256k.bin /usr/share/qemu/kvmvapic.bin
	/usr/share/qemu/linuxboot_dma.bin)
extra=("$guest"/{vmlinuz,guest.cpio.gz})
megabytes=1024
seconds=540
steps=vhost_steps.sh
# shellcheck source=tests/net/machine.sh
. "$here/machine.sh"
