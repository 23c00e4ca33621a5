# SPDX-License-Identifier: BSD-3-Clause
# a node is switched off by its devices, and seen off; or by its own watchdog,
# which hamwd keeps: a program without GLib, for nothing in it may allocate
noinst_LTLIBRARIES += libhamfence.la
libhamfence_la_SOURCES = \
	fence/agent.c \
	fence/agent.h \
	fence/check.c \
	fence/describe.c \
	fence/fence.h \
	fence/fence_plan.c \
	fence/input.c \
	fence/look.c \
	fence/metadata.c \
	fence/metadata.h \
	fence/power_on.c \
	fence/hamwd_wire.h \
	fence/switch_off.c \
	fence/watchdog.c \
	$(NULL)
libhamfence_la_CPPFLAGS = $(AM_CPPFLAGS) $(GLIB_CFLAGS)
libhamfence_la_LIBADD = $(GLIB_LIBS)

noinst_LTLIBRARIES += libhamwd.la
libhamwd_la_SOURCES = \
	fence/wd_device.c \
	fence/wd_device.h \
	fence/wd_keep.c \
	fence/wd_keep.h \
	fence/wd_kill.c \
	fence/wd_kill.h \
	$(NULL)
libhamwd_la_CPPFLAGS = $(AM_CPPFLAGS)

sbin_PROGRAMS += fence/hamwd
fence_hamwd_SOURCES = \
	fence/hamwd.c \
	fence/hamwd_wire.h \
	$(NULL)
fence_hamwd_CPPFLAGS = $(AM_CPPFLAGS) -DPACKAGE_VERSION='"@PACKAGE_VERSION@"'
fence_hamwd_LDADD = libhamwd.la
