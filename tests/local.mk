# SPDX-License-Identifier: BSD-3-Clause
# unit tests and fuzz targets, a list per folder; what needs uid 0 or a lab is
# run by tests/check.sh, not by `make check`
include tests/bench/local.mk
include tests/build/local.mk
include tests/unit/config.mk
include tests/unit/core.mk
include tests/unit/ctl.mk
include tests/unit/guest.mk
include tests/unit/io.mk
include tests/unit/leaf.mk
include tests/fuzz/config.mk
include tests/fuzz/jsonl.mk
include tests/fuzz/learn.mk
include tests/fuzz/message.mk
include tests/fuzz/metadata.mk
include tests/fuzz/netlink.mk
include tests/fuzz/step.mk
include tests/net/cluster.mk
include tests/net/learn.mk
include tests/net/probe.mk
include tests/net/local.mk
include tests/sim/local.mk
include tests/versions/local.mk
include tests/watchdog/local.mk

TESTS += \
	tests/unit/test-history.py \
	tests/unit/test-faults.py \
	tests/unit/test-portjudge.py \
	tests/unit/test-layers.sh \
	$(NULL)
EXTRA_DIST += \
	tests/bench \
	tests/check.sh \
	tests/demo.sh \
	tests/fuzz/test-fuzz.sh \
	tests/lab \
	tests/model \
	tests/setup.sh \
	tests/unit/history_story.py \
	tests/unit/test-history.py \
	tests/unit/test-faults.py \
	tests/unit/test-portjudge.py \
	tests/unit/test-layers.sh \
	$(NULL)
