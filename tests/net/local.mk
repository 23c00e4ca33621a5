# SPDX-License-Identifier: BSD-3-Clause
# needs uid 0 and a namespace, so not part of `make check`: tests/check.sh
noinst_PROGRAMS += tests/net/port_tool
tests_net_port_tool_SOURCES = tests/net/port_tool.c
tests_net_port_tool_CPPFLAGS = $(AM_CPPFLAGS) $(GLIB_CFLAGS)
tests_net_port_tool_LDADD = libhamnet.la $(GLIB_LIBS)
EXTRA_DIST += tests/net/test-port.sh
EXTRA_DIST += tests/net/captures tests/net/steps.sh
