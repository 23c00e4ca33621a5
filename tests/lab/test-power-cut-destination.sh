#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-power-cut-destination.sh - the destination loses its power
# while data flows: the guest runs on; the node comes back as a newcomer
. "$(dirname "$(readlink -f "$0")")/testlib.sh"
in_lab small 20M

boot_on n1
begin n2
until_true "data flows" copying
"$lab" off n2
ended 6
runs_on n1
writes_on n1
ok "$said"
expect_rc 1 ctl n1 guest migrate web1 n2
said_has 'n2 is not in the cluster'
status_has n1 '"n2 is not in the cluster"' || fail "status says nothing of n2"

"$lab" on n2
cluster_whole
"$audit" leftovers --idle n2
ctl n1 guest migrate web1 n2
finish n2
echo "PASS: destination's power cut during COPY"
