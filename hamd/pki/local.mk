# SPDX-License-Identifier: BSD-3-Clause
# the CA and certificates of nodes; of hamd it uses the base alone
noinst_LTLIBRARIES += libhampki.la
libhampki_la_SOURCES = \
	hamd/pki/ca.c \
	hamd/pki/ca.h \
	hamd/pki/cert.c \
	hamd/pki/issued.c \
	hamd/pki/pki.h \
	hamd/pki/tool.c \
	hamd/pki/tool.h \
	$(NULL)
libhampki_la_CPPFLAGS = $(AM_CPPFLAGS) $(GLIB_CFLAGS) $(CRYPTO_CFLAGS)
libhampki_la_LIBADD = $(GLIB_LIBS) $(CRYPTO_LIBS)
