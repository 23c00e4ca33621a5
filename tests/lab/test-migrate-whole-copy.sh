#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-migrate-whole-copy.sh - without replicas each migration copies
# the whole disk and drops the old one
# shellcheck source=tests/lab/mig.sh
# long
. "$(dirname "$(readlink -f "$0")")/mig.sh"
scene ''

start_guest n1
for to in n2 n3 n1; do
	ctl n3 guest migrate web1 "$to" | tail -1
	is n1 owner "$to" || fail "the owner is $(get n1 owner)"
	goes_on "$to"
done
"$lab" wait 10 "$here/audit" leftovers --idle n2 --idle n3 ||
	fail "something is left at the old owners"
audit_all n1
audit_records n1
