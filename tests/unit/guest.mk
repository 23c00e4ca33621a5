# SPDX-License-Identifier: BSD-3-Clause
# what of hamd/guest/ needs no QEMU to be tested
check_PROGRAMS += \
	tests/unit/check_label \
	$(NULL)

tests_unit_check_label_SOURCES = \
	tests/unit/check_label.c \
	tests/unit/leaf_run.h \
	$(NULL)
tests_unit_check_label_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE $(GLIB_CFLAGS) \
	$(JSON_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_label_LDADD = libhamguest.la libhamcore.la libhamio.la \
	libhamconfig.la libhamnet.la libhamblock.la libhamfence.la \
	libhambase.la $(GLIB_LIBS) $(JSON_LIBS) $(CHECK_LIBS)

# of hamd itself, whose parts are in no library
check_PROGRAMS += \
	tests/unit/check_health \
	$(NULL)
tests_unit_check_health_SOURCES = \
	hamd/health_rules.c \
	hamd/health_rules.h \
	hamd/health_sample.c \
	hamd/health_sample.h \
	tests/unit/check_health.c \
	tests/unit/leaf_run.h \
	$(NULL)
tests_unit_check_health_CPPFLAGS = $(AM_CPPFLAGS) $(GLIB_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_health_LDADD = libhamcore.la $(GLIB_LIBS) $(CHECK_LIBS)
