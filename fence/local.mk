# SPDX-License-Identifier: BSD-3-Clause
# a node is switched off by its devices, and seen off
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
	fence/switch_off.c \
	$(NULL)
libhamfence_la_CPPFLAGS = $(AM_CPPFLAGS) $(GLIB_CFLAGS)
libhamfence_la_LIBADD = $(GLIB_LIBS)
