# SPDX-License-Identifier: BSD-3-Clause
# disks: node graphs, commands and answers, all pure
noinst_LTLIBRARIES += libhamblock.la
libhamblock_la_SOURCES = \
	blockmirror/blockmirror.h \
	blockmirror/commands.c \
	blockmirror/compare.c \
	blockmirror/digest.c \
	blockmirror/digest.h \
	blockmirror/digest_peer.h \
	blockmirror/fill.c \
	blockmirror/pace.c \
	blockmirror/share.c \
	blockmirror/qsd.c \
	blockmirror/read.c \
	blockmirror/renew.c \
	blockmirror/resize.c \
	blockmirror/stack.c \
	blockmirror/stack.h \
	$(NULL)
libhamblock_la_CPPFLAGS = $(AM_CPPFLAGS) $(GLIB_CFLAGS) $(JSON_CFLAGS) \
	$(CRYPTO_CFLAGS)
libhamblock_la_LIBADD = libhambase.la $(GLIB_LIBS) $(JSON_LIBS) $(CRYPTO_LIBS)
