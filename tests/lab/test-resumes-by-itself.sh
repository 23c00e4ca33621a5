#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-resumes-by-itself.sh - a source's QEMU that runs a stopped guest
# again, unasked, is ended: its twin may run (doc/faults.md, F44)
#
# QEMU gets a second monitor from a wrapper, and through it a `cont` that hamd
# has not sent.  The source's storage daemon is frozen meanwhile: once it has
# taken the image, its lock refuses a `cont` anyway.
. "$(dirname "$(readlink -f "$0")")/testlib.sh"
if [ "$inside" = no ]; then
	# a node has a /tmp of its own, and QEMU may not look into every folder
	bin=$(mktemp -d /var/tmp/hamd-second-monitor.XXXXXX)
	trap 'rm -rf "$bin"' EXIT
	cat >"$bin/qemu-system-x86_64" <<-END
		#!/bin/sh
		qemu=$(command -v qemu-system-x86_64)
		[ "\$1" != --version ] || exec "\$qemu" --version
		exec "\$qemu" "\$@" -qmp unix:/tmp/second.sock,server=on,wait=off
	END
	chmod 755 "$bin" "$bin/qemu-system-x86_64"
	PATH=$bin:$PATH "$lab" run 3 --conf <(small 40M) -- "$self" inside
	exit
fi

# order NODE COMMAND: to QEMU there, past hamd; prints what it returned
order() {
	# shellcheck disable=SC2016 # it is Python's
	on "$1" python3 -c '
import json, socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect("/tmp/second.sock")
f = s.makefile("rw")
f.readline()
for command in "qmp_capabilities", sys.argv[1]:
    f.write(json.dumps({"execute": command}) + "\n")
    f.flush()
    answer = json.loads(f.readline())
    while "event" in answer:
        answer = json.loads(f.readline())
    if "error" in answer:
        sys.exit(str(answer["error"]))
print(json.dumps(answer["return"]))' "$2"
}

sent() {
	order n1 query-status | grep -q '"status": "postmigrate"'
}

seen() {
	"$lab" logs n1 hamd | grep -q 'web1: QEMU resumed the guest'
}

boot_on n1
hold n1 cutover
begin n2
until_true "held in CUTOVER" held n1
daemon=$(pid_of n1 qemu-storage-daemon) || fail "no storage daemon on n1"
on n1 kill -STOP "$daemon"
let_go n1
until_true "all is sent" sent
order n1 cont || : # it may be ended before it answers
until_true "ended" seen
ended 6
said_has 'QEMU resumed the guest by itself and was ended'
runs_on n1
finish n1 web1 --reboots 1
echo "PASS: a QEMU that runs a captured guest again is ended"
