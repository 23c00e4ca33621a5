# SPDX-License-Identifier: BSD-3-Clause
# hamctl: its pure parts by check, the program beside a fake hamd
check_PROGRAMS += \
	tests/unit/check_ctl_progress \
	tests/unit/check_ctl_table \
	$(NULL)
tests_unit_check_ctl_progress_SOURCES = tests/unit/check_ctl_progress.c
tests_unit_check_ctl_progress_CPPFLAGS = \
	$(AM_CPPFLAGS) $(GLIB_CFLAGS) $(JSON_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_ctl_progress_LDADD = libhamctl.la libhamio.la libhambase.la \
	$(CHECK_LIBS)
tests_unit_check_ctl_table_SOURCES = tests/unit/check_ctl_table.c
tests_unit_check_ctl_table_CPPFLAGS = \
	$(AM_CPPFLAGS) $(GLIB_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_ctl_table_LDADD = libhamctl.la libhamio.la libhambase.la \
	$(CHECK_LIBS)

ham_hamctl_tests = \
	tests/unit/test-hamctl-completion.sh \
	tests/unit/test-hamctl-pki.sh \
	tests/unit/test-hamctl-docs.sh \
	tests/unit/test-hamctl-history.py \
	tests/unit/test-hamctl-metrics.py \
	tests/unit/test-hamctl-nodes.py \
	tests/unit/test-hamctl-orders.py \
	tests/unit/test-hamctl-trial.py \
	tests/unit/test-hamctl-watch.py \
	tests/unit/test-hamctl.py \
	$(NULL)
TESTS += $(ham_hamctl_tests)
EXTRA_DIST += \
	$(ham_hamctl_tests) \
	tests/unit/fake_hamd.py \
	tests/unit/hamctl_test.py \
	tests/unit/pty_screen.py \
	$(NULL)
