#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-start-stop.sh - start, orderly stop, kill, unexpected end
# shellcheck source=tests/lab/mig.sh
. "$(dirname "$(readlink -f "$0")")/mig.sh"
scene ''

start_guest n1
audit_all n1 --idle n2 --idle n3
ctl n2 guest start web1 && fail "a second start was not refused"
fine "a second start is refused"

ctl n3 guest stop web1
is n1 state stopped || fail "not stopped"
audit_all none --idle n1
fine "orderly stop"

ctl n1 guest start web1 --node n2 && fail "started where no copy is"
fine "no start where no current copy is"

start_guest n1
ctl n2 guest stop web1 --kill
is n2 state stopped || fail "not stopped by --kill"
fine "kill"

start_guest n1
"$lab" sh n1 pkill -9 qemu-system
until_is n3 state failed
get n3 reason | grep -q 'signal 9' || fail "no reason given"
audit_all none --idle n1
fine "unexpected end noticed, with its reason"
