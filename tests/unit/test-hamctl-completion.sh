#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The completion offers the guests and nodes that hamd has now, asked beside a
# fake hamd, and keeps silent without one.
#
# HAMCTL names the program (default: hamd/hamctl under the current folder).
set -euo pipefail

hamctl=$(realpath "${HAMCTL:-hamd/hamctl}")
here=$(realpath "$(dirname "$0")")
scratch=$(mktemp -d)
failed=0
fake=

# shellcheck disable=SC2317 # called by the trap
end()
{
	[[ -z $fake ]] || kill "$fake"
	rm -rf "$scratch"
}
trap end EXIT

coproc FAKE { exec python3 -B "$here/fake_hamd.py" "$scratch/s"; }
fake=$FAKE_PID
read -r -t 60 -u "${FAKE[0]}" _ # it has said that it listens
export HAMD_SOCKET=$scratch/s
# shellcheck source=/dev/null
source "$here/../../hamd/ctl/hamctl.bash-completion"

# expect "WHAT IS OFFERED" WORD...
expect()
{
	local want=$1

	shift
	COMP_WORDS=("$hamctl" "$@")
	COMP_CWORD=$#
	_hamctl || : # its status means nothing
	if [[ ${COMPREPLY[*]} != "$want" ]]; then
		echo "FAIL: hamctl $*: offered '${COMPREPLY[*]}'," \
			"expected '$want'"
		failed=1
	fi
}

expect "web1 db1 mail" guest show ""
expect "web1" guest stop w
expect "web1 db1 mail" --json guest --timeout 5 cancel ""
expect "web1 db1 mail" disk verify ""
expect "n1 n2 n3" guest migrate web1 ""
expect "n1 n2 n3" guest start web1 --node ""
expect "on_limit=" guest set web1 max_pause = 1s on
expect "n1 n2 n3" guest start web1 --node = ""
expect "web1 db1 mail" guest start --node n1 ""
expect "n1 n2 n3" fence off --force ""
expect "" fence test ""
expect "" guest list ""
expect "" guest show web1 ""
expect "" guest show "" --timeout ""
touch "$scratch/file.conf"
expect "$scratch/file.conf" config check "$scratch/f"
expect "$scratch/file.conf" metrics --output "$scratch/f"
expect "" --socket "$scratch/none" guest show ""

# a name is what hamd says it is, never words or commands of the shell
# shellcheck disable=SC2016
printf '%s\n' '{"guests":[{"disks":[{"name":"disk"}],"name":"a,\"b"},' \
	'{"name":"$(touch x)"},{"name":"good","x":{"name":"no"}}],' \
	'"nodes":[{"name":"n1"}],"name":"top"}' |
	_hamctl_names guests >"$scratch/names"
if [[ $(cat "$scratch/names") != good ]]; then
	echo "FAIL: names found:" "$(cat "$scratch/names")"
	failed=1
fi

exit "$failed"
