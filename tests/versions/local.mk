# SPDX-License-Identifier: BSD-3-Clause
# What earlier versions wrote, and the program that freezes a new level:
#	make tests/versions/freeze && tests/versions/freeze SOURCE/tests/versions
check_PROGRAMS += tests/versions/check_versions
EXTRA_PROGRAMS += tests/versions/freeze
CLEANFILES += tests/versions/freeze
check_DATA = tests/versions/freeze

versions_sources = \
	tests/versions/describe.c \
	tests/versions/describe.h \
	tests/versions/samples.c \
	tests/versions/samples.h \
	$(NULL)
versions_cppflags = $(AM_CPPFLAGS) $(GLIB_CFLAGS) $(CHECK_CFLAGS)
versions_libs = libhamcore.la libhamio.la $(GLIB_LIBS) $(SQLITE_LIBS)

tests_versions_check_versions_SOURCES = \
	$(versions_sources) \
	tests/unit/leaf_run.h \
	tests/versions/check_versions.c \
	$(NULL)
tests_versions_check_versions_CPPFLAGS = $(versions_cppflags)
tests_versions_check_versions_LDADD = $(versions_libs) $(CHECK_LIBS)

tests_versions_freeze_SOURCES = \
	$(versions_sources) \
	tests/versions/freeze.c \
	$(NULL)
tests_versions_freeze_CPPFLAGS = $(versions_cppflags)
tests_versions_freeze_LDADD = $(versions_libs)

EXTRA_DIST += tests/versions/level-1
