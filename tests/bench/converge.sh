#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/bench/converge.sh [--setup | --quick | ...] - do migrations end, and when
#
# A guest that rewrites memory or disk at several rates is migrated with its disk
# over links of several widths: by hamd, by plain QEMU (first the disk, then the
# memory) and by libvirt, in the same lab.  Prints a table of total, stopped time,
# bytes, and forecast against reality, and which goals are met.  --handovers N and
# --stall before|after ask how long hand-overs stop a guest; --help has the rest.
# Exits 0 when it could measure, also if a goal is missed, and not if a guest's
# data differed; the machine should have nothing else to do.
#
# --setup gets libvirt (tests/setup.sh --bench); without it that column is missing.
set -eu -o pipefail
here=$(dirname "$(readlink -f "$0")")
lab=$here/../lab/hamlab
BUILD=$(readlink -m "${BUILD:-$here/../../build}")
export BUILD

if [ "$(id -u)" != 0 ]; then
	echo "converge.sh: needs uid 0: its nodes are namespaces" >&2
	exit 77
fi
if [ "${1-}" = --setup ]; then
	exec "$here/../setup.sh" --no-build --bench
fi
if [ "${1-}" = --show ]; then
	exec "$here/converge.py" "$@"
fi
if [ ! -x "$BUILD/hamd/hamd" ]; then
	echo "converge.sh: $BUILD/hamd/hamd is not built: run tests/setup.sh" >&2
	exit 77
fi
conf=$BUILD/tests/bench-converge.conf
help=no
for word; do
	case $word in -h | --help) help=yes ;; esac
done
"$here/converge.py" --conf "$@" >"$conf" || exit
if [ "$help" = yes ]; then
	cat "$conf"
	exit 0
fi

# the guest of the lab, with another program in guestwork's place: what comes
# later in an initramfs is laid over what came before
guest=$BUILD/tests/lab/guest
mkdir -p "$BUILD/tests/lab"
"$here/../lab/guest/mkguest.sh" "$guest"
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir "$tree/bin"
"${CC:-gcc}" -D_GNU_SOURCE -std=gnu11 -O2 -Wall -static -pthread \
	-o "$tree/bin/guestwork" "$here/guestload.c"
(cd "$tree" && find . | sort | cpio -o -H newc --quiet | gzip -9n) |
	cat "$guest/guest.cpio.gz" - >"$guest/load.cpio.gz.$$"
mv "$guest/load.cpio.gz.$$" "$guest/load.cpio.gz"
rm -rf "$tree"
trap - EXIT

export HAMLAB=${HAMLAB:-/var/tmp/hamlab-bench}
# a stall is asked for by files, point by point
case " $* " in *" --stall"*) export HAMD_PAUSE_AT=each ;; esac
exec "$lab" run 3 --conf "$conf" --no-disk -- "$here/converge.py" "$@"
