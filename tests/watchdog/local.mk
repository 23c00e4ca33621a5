# SPDX-License-Identifier: BSD-3-Clause
# hamwd beside a fake of the kernel's watchdog; with a real one, in a virtual
# machine, it is tests/watchdog/test-qemu.sh, run by tests/check.sh
check_PROGRAMS += \
	tests/unit/check_hamwd \
	tests/unit/check_hamwd_socket \
	tests/unit/check_wd_keep \
	tests/unit/check_wd_kill \
	$(NULL)

# not check_: the lab and the virtual machine want it, too
noinst_PROGRAMS += tests/watchdog/feeder
tests_watchdog_feeder_SOURCES = tests/watchdog/feeder.c
tests_watchdog_feeder_CPPFLAGS = $(AM_CPPFLAGS) $(GLIB_CFLAGS)
tests_watchdog_feeder_LDADD = libhamfence.la libhambase.la $(GLIB_LIBS)

# a library, but libtool's are all static here; without sanitizers in it
noinst_DATA = tests/unit/fake_watchdog.so
CLEANFILES += tests/unit/fake_watchdog.so
tests/unit/fake_watchdog.so: tests/unit/fake_watchdog.c
	$(AM_V_CC)$(MKDIR_P) tests/unit && $(CC) -D_GNU_SOURCE -std=gnu11 \
		$(CFLAGS) -shared -fPIC -o $@ $(srcdir)/tests/unit/fake_watchdog.c

wd_test_cppflags = $(AM_CPPFLAGS) $(GLIB_CFLAGS) $(CHECK_CFLAGS)

tests_unit_check_hamwd_SOURCES = \
	tests/unit/check_hamwd.c \
	tests/unit/hamwd_run.c \
	tests/unit/hamwd_run.h \
	tests/unit/leaf_run.h \
	$(NULL)
tests_unit_check_hamwd_CPPFLAGS = $(wd_test_cppflags)
tests_unit_check_hamwd_LDADD = libhamfence.la libhambase.la $(GLIB_LIBS) \
	$(CHECK_LIBS)

tests_unit_check_hamwd_socket_SOURCES = \
	tests/unit/check_hamwd_socket.c \
	tests/unit/hamwd_run.c \
	tests/unit/hamwd_run.h \
	tests/unit/leaf_run.h \
	$(NULL)
tests_unit_check_hamwd_socket_CPPFLAGS = $(wd_test_cppflags)
tests_unit_check_hamwd_socket_LDADD = libhamfence.la libhambase.la $(GLIB_LIBS) \
	$(CHECK_LIBS)

tests_unit_check_wd_keep_SOURCES = \
	tests/unit/check_wd_keep.c \
	tests/unit/leaf_run.h \
	$(NULL)
tests_unit_check_wd_keep_CPPFLAGS = $(wd_test_cppflags)
tests_unit_check_wd_keep_LDADD = libhamwd.la $(CHECK_LIBS)

tests_unit_check_wd_kill_SOURCES = \
	tests/unit/check_wd_kill.c \
	tests/unit/leaf_run.h \
	$(NULL)
tests_unit_check_wd_kill_CPPFLAGS = $(wd_test_cppflags)
tests_unit_check_wd_kill_LDADD = libhamwd.la $(GLIB_LIBS) $(CHECK_LIBS)

EXTRA_DIST += \
	tests/unit/fake_watchdog.c \
	tests/watchdog/init \
	tests/watchdog/test-qemu.sh \
	tests/watchdog/watch.py \
	$(NULL)
