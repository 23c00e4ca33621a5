# SPDX-License-Identifier: BSD-3-Clause
# the cluster file
check_PROGRAMS += \
	tests/unit/check_conf \
	tests/unit/check_conf_man \
	tests/unit/check_conf_relate \
	tests/unit/check_conf_ring \
	tests/unit/check_conf_scan \
	tests/unit/check_conf_value \
	$(NULL)

conf_test_files = \
	tests/unit/conf_text.c \
	tests/unit/conf_text.h \
	$(NULL)
conf_test_cppflags = $(AM_CPPFLAGS) $(GLIB_CFLAGS) $(CHECK_CFLAGS)
conf_test_libs = libhamconfig.la $(GLIB_LIBS) $(CHECK_LIBS)

tests_unit_check_conf_SOURCES = tests/unit/check_conf.c $(conf_test_files)
tests_unit_check_conf_CPPFLAGS = $(conf_test_cppflags)
tests_unit_check_conf_LDADD = $(conf_test_libs)

tests_unit_check_conf_man_SOURCES = \
	tests/unit/check_conf_man.c $(conf_test_files)
tests_unit_check_conf_man_CPPFLAGS = $(conf_test_cppflags)
tests_unit_check_conf_man_LDADD = $(conf_test_libs)

tests_unit_check_conf_relate_SOURCES = \
	tests/unit/check_conf_relate.c $(conf_test_files)
tests_unit_check_conf_relate_CPPFLAGS = $(conf_test_cppflags)
tests_unit_check_conf_relate_LDADD = $(conf_test_libs)

tests_unit_check_conf_ring_SOURCES = \
	tests/unit/check_conf_ring.c $(conf_test_files)
tests_unit_check_conf_ring_CPPFLAGS = $(conf_test_cppflags)
tests_unit_check_conf_ring_LDADD = $(conf_test_libs)

tests_unit_check_conf_scan_SOURCES = \
	tests/unit/check_conf_scan.c $(conf_test_files)
tests_unit_check_conf_scan_CPPFLAGS = $(conf_test_cppflags)
tests_unit_check_conf_scan_LDADD = $(conf_test_libs)

tests_unit_check_conf_value_SOURCES = \
	tests/unit/check_conf_value.c $(conf_test_files)
tests_unit_check_conf_value_CPPFLAGS = $(conf_test_cppflags)
tests_unit_check_conf_value_LDADD = $(conf_test_libs)
