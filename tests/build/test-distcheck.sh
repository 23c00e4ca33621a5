#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/build/test-distcheck.sh - a release can be made: its archive has every
# file of the tree, builds out of it, installs and leaves nothing; and the tests
# that read files of the tree pass, as make check has run them all
# HAM_QUICK=yes: only that the archive is made, with every file
set -eu -o pipefail
top=$(readlink -f "$(dirname "$0")/../..")
dist=$(readlink -m "${BUILD:-$top/build}")-dist
# of an earlier run that was cut short
[ ! -e "$dist" ] || chmod -R u+w "$dist"
rm -rf "$dist"
mkdir "$dist"
cd "$dist"
"$top/configure" -q
if [ "${HAM_QUICK-}" = yes ]; then
	make -j"$(nproc)" dist VERBOSE=1
else
	reading=$(printf 'include Makefile\nnames:\n\t@echo $(TESTS)\n' |
		make -s -f - names | tr -s ' ' '\n' |
		grep -E '\.sh$|versions|conf_man|corpus' | tr '\n' ' ')
	[ -n "$reading" ]
	make -j"$(nproc)" distcheck VERBOSE=1 TESTS="$reading" \
		DISTCHECK_CONFIGURE_FLAGS="--enable-werror" \
		LOG_COMPILER='timeout -k 10 240'
fi

archives=(hamd-*.tar.xz)
if [ -e "$top/.git" ] && command -v git >/dev/null; then
	git -c safe.directory="$top" -C "$top" ls-files |
		grep -vE '^\.(gitignore$|ci/)' | sort >tracked
	tar -tf "${archives[0]}" | sed 's,^[^/]*/,,' | sort >packed
	comm -23 tracked packed | sed 's/^/not in the archive: /' >lack
	cat lack
	[ ! -s lack ]
fi
cd /
rm -rf "$dist"
