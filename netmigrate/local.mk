# SPDX-License-Identifier: BSD-3-Clause
# a guest's port: tap, bridge, announcements
noinst_LTLIBRARIES += libhamnet.la
libhamnet_la_SOURCES = \
	netmigrate/frame.c \
	netmigrate/link.c \
	netmigrate/link.h \
	netmigrate/netmigrate.h \
	netmigrate/port.c \
	$(NULL)
libhamnet_la_CPPFLAGS = $(AM_CPPFLAGS) $(GLIB_CFLAGS) $(NL_CFLAGS)
libhamnet_la_LIBADD = libhambase.la $(GLIB_LIBS) $(NL_LIBS)
