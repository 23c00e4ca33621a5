# SPDX-License-Identifier: BSD-3-Clause
# needs uid 0, namespaces and corosync, so not part of `make check`:
# tests/check.sh
noinst_PROGRAMS += tests/net/cluster_tool
tests_net_cluster_tool_SOURCES = tests/net/cluster_tool.c
tests_net_cluster_tool_CPPFLAGS = $(AM_CPPFLAGS) $(GLIB_CFLAGS)
tests_net_cluster_tool_LDADD = libhamio.la $(GLIB_LIBS)
EXTRA_DIST += tests/net/test-cluster.sh
