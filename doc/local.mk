# SPDX-License-Identifier: BSD-3-Clause
# manual pages, written by hand, and what a reader of the code needs
dist_man_MANS += \
	doc/hamctl.8 \
	doc/hamd-cluster.conf.5 \
	doc/hamd.8 \
	doc/hamwd.8 \
	$(NULL)
EXTRA_DIST += \
	doc/design.md \
	doc/faults.md \
	doc/protocol.md \
	$(NULL)
