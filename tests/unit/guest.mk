# SPDX-License-Identifier: BSD-3-Clause
# what of hamd/guest/ needs no QEMU to be tested
check_PROGRAMS += \
	tests/unit/check_flow \
	tests/unit/check_knows \
	tests/unit/check_label \
	tests/unit/check_qemu_end \
	tests/unit/check_room \
	$(NULL)

guest_test_cppflags = $(AM_CPPFLAGS) -D_GNU_SOURCE $(GLIB_CFLAGS) \
	$(JSON_CFLAGS) $(CHECK_CFLAGS)
guest_test_ldadd = libhamguest.la libhamcore.la libhamio.la \
	libhamconfig.la libhamnet.la libhamblock.la libhamfence.la \
	libhambase.la $(GLIB_LIBS) $(JSON_LIBS) $(CHECK_LIBS)

tests_unit_check_flow_SOURCES = \
	tests/unit/check_flow.c \
	tests/unit/leaf_run.h \
	$(NULL)
tests_unit_check_flow_CPPFLAGS = $(guest_test_cppflags)
tests_unit_check_flow_LDADD = $(guest_test_ldadd)

tests_unit_check_label_SOURCES = \
	tests/unit/check_label.c \
	tests/unit/leaf_run.h \
	$(NULL)
tests_unit_check_label_CPPFLAGS = $(guest_test_cppflags)
tests_unit_check_label_LDADD = $(guest_test_ldadd)

tests_unit_check_knows_SOURCES = \
	tests/unit/check_knows.c \
	tests/unit/leaf_run.h \
	$(NULL)
tests_unit_check_knows_CPPFLAGS = $(guest_test_cppflags)
tests_unit_check_knows_LDADD = $(guest_test_ldadd)

tests_unit_check_room_SOURCES = \
	tests/unit/check_room.c \
	tests/unit/leaf_run.h \
	$(NULL)
tests_unit_check_room_CPPFLAGS = $(guest_test_cppflags)
tests_unit_check_room_LDADD = $(guest_test_ldadd)

tests_unit_check_qemu_end_SOURCES = \
	tests/unit/check_qemu_end.c \
	tests/unit/leaf_run.h \
	$(NULL)
tests_unit_check_qemu_end_CPPFLAGS = $(guest_test_cppflags)
tests_unit_check_qemu_end_LDADD = $(guest_test_ldadd)

# of hamd itself, whose parts are in no library
check_PROGRAMS += \
	tests/unit/check_health \
	tests/unit/check_history \
	tests/unit/check_progress_text \
	$(NULL)
tests_unit_check_history_SOURCES = \
	hamd/history.c \
	hamd/history.h \
	hamd/history_failover.c \
	hamd/history_track.h \
	tests/unit/check_history.c \
	tests/unit/leaf_run.h \
	$(NULL)
tests_unit_check_history_CPPFLAGS = $(AM_CPPFLAGS) $(GLIB_CFLAGS) \
	$(JSON_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_history_LDADD = $(GLIB_LIBS) $(CHECK_LIBS)

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

tests_unit_check_progress_text_SOURCES = \
	hamd/progress_text.c \
	hamd/progress_text.h \
	tests/unit/check_progress_text.c \
	tests/unit/leaf_run.h \
	$(NULL)
tests_unit_check_progress_text_CPPFLAGS = $(AM_CPPFLAGS) $(GLIB_CFLAGS) \
	$(CHECK_CFLAGS)
tests_unit_check_progress_text_LDADD = libhamcore.la libhambase.la $(GLIB_LIBS) $(CHECK_LIBS)

daemon_test_cppflags = $(AM_CPPFLAGS) -D_GNU_SOURCE $(GLIB_CFLAGS) \
	$(JSON_CFLAGS) $(QB_CFLAGS) $(CHECK_CFLAGS)
daemon_test_ldadd = libhamcore.la libhambase.la $(GLIB_LIBS) $(JSON_LIBS) \
	$(QB_LIBS) $(CHECK_LIBS)

check_PROGRAMS += \
	tests/unit/check_daemon_watchdog \
	tests/unit/check_fence_seen \
	tests/unit/check_fencing \
	tests/unit/check_announce \
	tests/unit/check_freeze \
	tests/unit/check_events \
	tests/unit/check_judge \
	$(NULL)

tests_unit_check_daemon_watchdog_SOURCES = \
	hamd/watchdog.c \
	tests/unit/check_daemon_watchdog.c \
	tests/unit/leaf_run.h \
	$(NULL)
tests_unit_check_daemon_watchdog_CPPFLAGS = $(daemon_test_cppflags)
tests_unit_check_daemon_watchdog_LDADD = libhamfence.la $(daemon_test_ldadd)

tests_unit_check_fence_seen_SOURCES = \
	hamd/fence_seen.c \
	tests/unit/check_fence_seen.c \
	tests/unit/leaf_run.h \
	$(NULL)
tests_unit_check_fence_seen_CPPFLAGS = $(daemon_test_cppflags) \
	-DSEEN_PATH='"fence-seen"'
tests_unit_check_fence_seen_LDADD = libhamfence.la $(daemon_test_ldadd)

tests_unit_check_fencing_SOURCES = \
	hamd/fencing.c \
	tests/unit/check_fencing.c \
	tests/unit/leaf_run.h \
	$(NULL)
tests_unit_check_fencing_CPPFLAGS = $(daemon_test_cppflags)
tests_unit_check_fencing_LDADD = $(daemon_test_ldadd)

tests_unit_check_announce_SOURCES = \
	hamd/guest/announce.c \
	tests/unit/check_announce.c \
	tests/unit/leaf_run.h \
	$(NULL)
tests_unit_check_announce_CPPFLAGS = $(daemon_test_cppflags)
tests_unit_check_announce_LDADD = $(daemon_test_ldadd)

tests_unit_check_events_SOURCES = \
	hamd/guest/events.c \
	tests/unit/bm_json.h \
	tests/unit/check_events.c \
	tests/unit/leaf_run.h \
	$(NULL)
tests_unit_check_events_CPPFLAGS = $(daemon_test_cppflags)
tests_unit_check_events_LDADD = libhamblock.la libhamio.la $(daemon_test_ldadd)

tests_unit_check_judge_SOURCES = \
	hamd/guest/judge.c \
	tests/unit/check_judge.c \
	tests/unit/leaf_run.h \
	$(NULL)
tests_unit_check_judge_CPPFLAGS = $(daemon_test_cppflags)
tests_unit_check_judge_LDADD = libhamcore.la $(JSON_LIBS) $(GLIB_LIBS) $(CHECK_LIBS)

tests_unit_check_freeze_SOURCES = \
	hamd/guest/freeze.c \
	tests/unit/check_freeze.c \
	tests/unit/leaf_run.h \
	$(NULL)
tests_unit_check_freeze_CPPFLAGS = $(daemon_test_cppflags)
tests_unit_check_freeze_LDADD = $(daemon_test_ldadd)
