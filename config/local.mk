# SPDX-License-Identifier: BSD-3-Clause
# the cluster file: parse, check against itself and against corosync's; a leaf
noinst_LTLIBRARIES += libhamconfig.la
libhamconfig_la_SOURCES = \
	config/address.c \
	config/build.c \
	config/build.h \
	config/conf.c \
	config/conf.h \
	config/network.c \
	config/placing.c \
	config/problem.c \
	config/problem.h \
	config/relate.c \
	config/ring.c \
	config/ring_file.c \
	config/scan.c \
	config/scan.h \
	config/schema.c \
	config/schema.h \
	config/set.c \
	config/unique.c \
	config/value.c \
	config/value.h \
	$(NULL)
libhamconfig_la_CPPFLAGS = $(AM_CPPFLAGS) $(GLIB_CFLAGS)
libhamconfig_la_LIBADD = $(GLIB_LIBS)

EXTRA_DIST += config/examples/three-nodes.conf
