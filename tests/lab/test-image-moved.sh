#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/lab/test-image-moved.sh - a path is no proof of a disk: an image that was
# moved away under a running daemon or QEMU is never taken for the one in use
. "$(dirname "$(readlink -f "$0")")/testlib.sh"
in_lab small 800M replicas=1

boot_on n1
ctl n1 guest migrate web1 n2
writes_on n2
guest_has n3 web1 '"node":"n1","state":"current"' ||
	fail "n1 is no replica: $(ctl n3 --json guest show web1)"

# its daemon lives on with the file, and takes every write
mv "$(image n1)" "$(image n1).away"
begin n1
ended 6
said_has 'copy is given up'
"$lab" logs n1 hamd | grep -q 'web1-root.raw is not the file that is in use' ||
	fail "n1 does not say why: $said"
runs_on n2
until_true "n1's copy is given up" event_has n3 \
	'"REPLICA_OUTDATED".*"replica":"n1"'
writes_on n2
ok "$said"

# a new one is made in its place, and is as good
until_true "n1 has a new copy" guest_has n3 web1 \
	'"node":"n1","state":"current"'
rm "$(image n1).away"
ctl n3 guest migrate web1 n1
writes_on n1

# the same under QEMU: what is at the path now is another file
mv "$(image n1)" "$(image n1).away"
cp "$(image n1).away" "$(image n1)"
begin n3
ended 6
said_has 'web1-root.raw is not the file that is in use'
runs_on n1
until_clean leftovers --idle n3
mv "$(image n1).away" "$(image n1)"
ok "$said"
ctl n1 guest stop web1

# nobody is told to make an empty image in the place of data
mv "$(image n1)" "$(image n1).away"
expect_rc 1 ctl n1 guest start web1 --node n1
said_has 'is missing on this node' 'file system mounted'
! grep -q 'qemu-img' <<<"$said" || fail "told to make it: $said"
mv "$(image n1).away" "$(image n1)"
ctl n1 guest start web1 --node n1
writes_on n1
ctl n1 guest stop web1
records n1 web1 --reboots 1
nothing_left
echo "PASS: an image that was moved"
