# SPDX-License-Identifier: BSD-3-Clause
# errors, log, clock, descriptors, children; includes nothing of hamd above it
noinst_LTLIBRARIES += libhambase.la
libhambase_la_SOURCES = \
	hamd/base/cgroup.c \
	hamd/base/cgroup.h \
	hamd/base/child.c \
	hamd/base/child.h \
	hamd/base/clock.c \
	hamd/base/clock.h \
	hamd/base/error.c \
	hamd/base/error.h \
	hamd/base/fd.c \
	hamd/base/fd.h \
	hamd/base/log.c \
	hamd/base/log.h \
	$(NULL)
libhambase_la_CPPFLAGS = $(AM_CPPFLAGS) $(GLIB_CFLAGS) $(QB_CFLAGS)
libhambase_la_LIBADD = $(GLIB_LIBS) $(QB_LIBS)
