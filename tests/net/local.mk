# SPDX-License-Identifier: BSD-3-Clause
# needs uid 0 and a namespace, so not part of `make check`: tests/check.sh
noinst_PROGRAMS += tests/net/port_tool
tests_net_port_tool_SOURCES = tests/net/port_tool.c
tests_net_port_tool_CPPFLAGS = $(AM_CPPFLAGS) $(GLIB_CFLAGS)
tests_net_port_tool_LDADD = libhamnet.la libhambase.la $(GLIB_LIBS)
EXTRA_DIST += \
	tests/net/captures \
	tests/net/machine.sh \
	tests/net/steps.sh \
	tests/net/test-bridge.sh \
	tests/net/test-port.sh \
	tests/net/test-vhost.sh \
	tests/net/test-vlan.sh \
	tests/net/vhost_steps.sh \
	tests/net/vlan_steps.sh \
	$(NULL)
