#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/unit/test-layers.sh - who includes and calls whom (doc/design.md, 2)
#
# Source: each folder's #include lines against what its layer may see.
# Archives: each ham_ symbol that a library lacks is defined by a library it
# may call; the core's lacks nothing but memory, strings and hash tables, so
# no system call, no clock, no file.  Run in the build folder; srcdir is set by
# the makefile.
set -eu -o pipefail
export LC_ALL=C
top=${srcdir:-$(dirname "$(readlink -f "$0")")/../..}
failures=0

fail() {
	echo "FAIL: $*"
	failures=$((failures + 1))
}

# may_include FOLDER REGEX: quoted includes of the files right in FOLDER
may_include() {
	local folder=$1 allowed=$2 line count=0
	while IFS= read -r line; do
		count=$((count + 1))
		[[ ${line#*#include } =~ ^\"($allowed)\" ]] ||
			fail "$line: not for $folder/"
	done < <(cd "$top" && grep -H '^#include "' "$folder"/*.[ch])
	[ "$count" -gt 0 ] || fail "$folder/ has no includes: wrong folder?"
}

base='hamd/base/[a-z_]+\.h'
io='hamd/io/[a-z_]+\.h'
core='hamd/core/[a-z_]+\.h'
leaves='config/conf\.h|fence/fence\.h|netmigrate/netmigrate\.h'
leaves+='|blockmirror/(blockmirror|digest)\.h'
# what the core shows to those above it
core_public='hamd/core/(core|message|record|types)\.h'

may_include hamd/base "$base"
may_include hamd/core "$core"
may_include hamd/io "$io|$base"
may_include hamd/guest \
	"hamd/guest/[a-z_]+\.h|$core_public|$leaves|$io|$base|hamd-config\.h"
may_include hamd \
	"hamd/[a-z_]+\.h|hamd/guest/guest\.h|$core_public|$leaves|$io|$base|hamd-config\.h"
# a program of its own: it knows hamd by the admin socket alone; `config check`
# reads the cluster file, and asks fence agents what they can do, without hamd,
# and `pki` needs none
may_include hamd/ctl \
	"hamd/ctl/[a-z_]+\.h|config/(conf|value)\.h|fence/fence\.h|hamd/io/jsonl?\.h|hamd/pki/pki\.h|$base|hamd-config\.h"
may_include hamd/pki "hamd/pki/[a-z_]+\.h|$base"
for leaf in config fence netmigrate blockmirror; do
	may_include "$leaf" "$leaf/[a-z_]+\.h|$base"
done

while IFS= read -r line; do
	[[ ${line#*#include } =~ ^\<(glib|std[a-z]+|string)\.h\>$ ]] ||
		fail "$line: the core is pure"
done < <(cd "$top" && grep -H '^#include <' hamd/core/*.[ch])

archive() {
	local file
	for file in ".libs/libham$1.a" "libham$1.a"; do
		[ ! -e "$file" ] || {
			echo "$file"
			return
		}
	done
	fail "there is no library libham$1 here" >&2
	return 1
}

# undefined NAME: what the library takes from elsewhere
undefined() {
	local file
	file=$(archive "$1")
	comm -23 <(nm -u "$file" | awk '$1 == "U" || $1 == "w" { print $2 }' |
		sort -u) <(defined "$1")
}

defined() {
	local file
	file=$(archive "$1")
	nm --defined-only "$file" | awk 'NF == 3 { print $3 }' | sort -u
}

# may_call NAME OTHER...
may_call() {
	local name=$1 other symbol
	shift
	while IFS= read -r symbol; do
		fail "libham$name calls $symbol, which is in none of: $*"
	done < <(comm -23 <(undefined "$name" | grep '^ham_') \
		<(for other; do defined "$other"; done | sort -u))
}

may_call base
may_call core
may_call io base
for leaf in config fence net block; do
	may_call "$leaf" base
done
may_call guest io core config fence net block base
may_call pki base
may_call ctl io config fence pki base

# The compiler's own helpers; sanitizers and fortified copies bring more.
pure='__stack_chk_fail|_GLOBAL_OFFSET_TABLE_|__popcountdi2|__u?divti3'
pure+='|__(a|ub|t)san_.*'
pure+='|(__)?(mem(chr|cmp|cpy|move|set)|str(chr|cmp|len|nlen|rchr|ncmp|str))'
pure+='(_chk)?|qsort|abort'
# glib's memory, strings and hash tables, and its assertions
pure+='|g_(free|malloc0?(_n)?|realloc(_n)?|memdup2|assertion_message(_expr)?)'
pure+='|g_(ascii_[a-z]+|str[a-z0-9_]+|snprintf|vsnprintf)'
pure+='|g_hash_table_[a-z_]+'
while IFS= read -r symbol; do
	[[ $symbol =~ ^($pure)$ ]] || fail "the core calls $symbol"
done < <(undefined core)

# GLib allocates anywhere, syslog(3) and stdio's files wait and allocate
while IFS= read -r symbol; do
	[[ ! $symbol =~ ^(g_.*|[mc]alloc|realloc.*|strn?dup|v?syslog|f?opendir|fopen(64)?)$ ]] ||
		fail "hamwd calls $symbol"
done < <(nm -u fence/hamwd | awk '{ sub(/@.*/, "", $2); print $2 }')
[ -n "$(nm -u fence/hamwd)" ] || fail "hamwd calls nothing: a wrong file?"

[ "$failures" = 0 ] || exit 1
