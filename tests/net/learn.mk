# SPDX-License-Identifier: BSD-3-Clause
# needs uid 0 and a namespace, so not part of `make check`: tests/check.sh
noinst_PROGRAMS += tests/net/learn_tool
tests_net_learn_tool_SOURCES = tests/net/learn_tool.c
tests_net_learn_tool_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE $(GLIB_CFLAGS)
tests_net_learn_tool_LDADD = libhamnet.la libhambase.la $(GLIB_LIBS)
EXTRA_DIST += tests/net/test-learn.sh
