#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/build/test-configure.sh - a dependency that is missing stops configure
# with the name of the Debian package that brings it
set -eu
top=$(readlink -f "$(dirname "$0")/../..")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
failures=0

# One folder whose contents change: its path is part of configure's cache,
# which makes all runs but the first short.
mkdir pc
export PKG_CONFIG_LIBDIR=$work/pc PKG_CONFIG_PATH=
IFS=: read -ra folders < <(env -u PKG_CONFIG_LIBDIR -u PKG_CONFIG_PATH \
	pkg-config --variable pc_path pkg-config)

fill() {
	local folder
	rm -f pc/*
	for folder in "${folders[@]}"; do
		[ ! -d "$folder" ] ||
			find "$folder" -maxdepth 1 -name '*.pc' \
				-exec ln -sft pc {} +
	done
}

# refused PACKAGE WHAT
refused() {
	if "$top/configure" -q -C >out 2>&1; then
		echo "FAIL: configure succeeds without $2"
	elif ! grep -qE "Debian.*[ :]$1( |\$)" out; then
		echo "FAIL: without $2 configure does not name $1:"
		cat out
	else
		echo "ok: without $2"
		return
	fi
	failures=$((failures + 1))
}

fill
"$top/configure" -q -C

while read -r module package; do
	fill
	[ -e "pc/$module.pc" ] || {
		echo "FAIL: there is no $module.pc to hide"
		exit 1
	}
	rm "pc/$module.pc"
	refused "$package" "$module"
done <<'LIST'
libcpg libcpg-dev
libquorum libquorum-dev
libcmap libcmap-dev
libqb libqb-dev
libnl-3.0 libnl-3-dev
libnl-route-3.0 libnl-route-3-dev
libcrypto libssl-dev
libssl libssl-dev
glib-2.0 libglib2.0-dev
gio-unix-2.0 libglib2.0-dev
json-glib-1.0 libjson-glib-dev
sqlite3 libsqlite3-dev
check check
LIST

rm -f pc/*
refused libqb-dev "any .pc file"

# too old is missing as well
fill
rm pc/sqlite3.pc
cat >pc/sqlite3.pc <<'PC'
Name: sqlite3
Description: an old one
Version: 3.7.0
PC
refused libsqlite3-dev "a new enough sqlite3"

[ "$failures" = 0 ]
