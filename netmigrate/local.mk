# SPDX-License-Identifier: BSD-3-Clause
# a guest's port: tap, bridge, announcements
noinst_LTLIBRARIES += libhamnet.la
libhamnet_la_SOURCES = \
	netmigrate/announce.c \
	netmigrate/bpf.c \
	netmigrate/bpf.h \
	netmigrate/bridge.c \
	netmigrate/bridge.h \
	netmigrate/facts.c \
	netmigrate/frame.c \
	netmigrate/hear.c \
	netmigrate/learn.c \
	netmigrate/learn.h \
	netmigrate/learn_filter.c \
	netmigrate/learnt.c \
	netmigrate/link.c \
	netmigrate/link.h \
	netmigrate/netmigrate.h \
	netmigrate/port.c \
	netmigrate/port.h \
	netmigrate/tail.c \
	netmigrate/probe.c \
	netmigrate/probe.h \
	netmigrate/prober.c \
	netmigrate/speak.c \
	netmigrate/speak.h \
	netmigrate/vlan.c \
	netmigrate/vlan.h \
	netmigrate/where.c \
	$(NULL)
libhamnet_la_CPPFLAGS = $(AM_CPPFLAGS) $(GLIB_CFLAGS) $(NL_CFLAGS)
libhamnet_la_LIBADD = libhambase.la $(GLIB_LIBS) $(NL_LIBS)
