#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/build/test-install.sh - `make install DESTDIR=` puts these files there,
# no other, and they are what a user can run and read
set -eu
top=$(dirname "$(readlink -f "$0")")/../..
BUILD=${BUILD:-$top/build}
export LC_ALL=C
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
make -s -C "$BUILD" install DESTDIR="$root" prefix=/usr

diff -u - <(cd "$root" && find . ! -type d -printf '%m %P\n' | sort -k 2) <<'LIST'
755 usr/bin/hamctl
755 usr/sbin/hamd
755 usr/sbin/hamwd
644 usr/share/bash-completion/completions/hamctl
644 usr/share/man/man5/hamd-cluster.conf.5
644 usr/share/man/man8/hamctl.8
644 usr/share/man/man8/hamd.8
644 usr/share/man/man8/hamwd.8
LIST
"$root/usr/bin/hamctl" --help >/dev/null
"$root/usr/sbin/hamd" --version
"$root/usr/sbin/hamwd" --version
