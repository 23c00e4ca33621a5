# SPDX-License-Identifier: BSD-3-Clause
# needs uid 0 and a namespace, so not part of `make check`: tests/check.sh
noinst_PROGRAMS += tests/net/probe_tool
tests_net_probe_tool_SOURCES = tests/net/probe_tool.c
tests_net_probe_tool_CPPFLAGS = $(AM_CPPFLAGS) $(GLIB_CFLAGS)
tests_net_probe_tool_LDADD = libhamnet.la libhambase.la $(GLIB_LIBS)
EXTRA_DIST += tests/net/test-probe.sh
