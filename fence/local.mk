# SPDX-License-Identifier: BSD-3-Clause
# the plan of fencing, pure; no agent is run
noinst_LTLIBRARIES += libhamfence.la
libhamfence_la_SOURCES = \
	fence/fence.h \
	fence/fence_plan.c \
	$(NULL)
libhamfence_la_CPPFLAGS = $(AM_CPPFLAGS) $(GLIB_CFLAGS)
libhamfence_la_LIBADD = $(GLIB_LIBS)
