# SPDX-License-Identifier: BSD-3-Clause
# unit tests of netmigrate, blockmirror, fence and hamd/pki
check_PROGRAMS += \
	tests/unit/check_bm_commands \
	tests/unit/check_bm_digest \
	tests/unit/check_bm_pace \
	tests/unit/check_bm_qsd \
	tests/unit/check_bm_read \
	tests/unit/check_bm_resize \
	tests/unit/check_bm_share \
	tests/unit/check_bm_stack \
	tests/unit/check_fence \
	tests/unit/check_fence_metadata \
	tests/unit/check_fence_plan \
	tests/unit/check_net_facts \
	tests/unit/check_net_frame \
	tests/unit/check_net_hear \
	tests/unit/check_net_capture \
	tests/unit/check_net_learn \
	tests/unit/check_net_learn_filter \
	tests/unit/check_net_probe \
	tests/unit/check_pki \
	$(NULL)

bm_test_cppflags = $(AM_CPPFLAGS) $(GLIB_CFLAGS) $(JSON_CFLAGS) $(CHECK_CFLAGS)
bm_test_ldadd = libhamblock.la $(GLIB_LIBS) $(JSON_LIBS) $(CHECK_LIBS)

tests_unit_check_bm_commands_SOURCES = \
	tests/unit/bm_json.h \
	tests/unit/check_bm_commands.c \
	tests/unit/leaf_run.h \
	$(NULL)
tests_unit_check_bm_commands_CPPFLAGS = $(bm_test_cppflags)
tests_unit_check_bm_commands_LDADD = $(bm_test_ldadd)

tests_unit_check_bm_digest_SOURCES = \
	tests/unit/check_bm_digest.c \
	tests/unit/leaf_run.h \
	$(NULL)
tests_unit_check_bm_digest_CPPFLAGS = $(bm_test_cppflags)
tests_unit_check_bm_digest_LDADD = $(bm_test_ldadd)

tests_unit_check_bm_pace_SOURCES = \
	tests/unit/check_bm_pace.c \
	tests/unit/leaf_run.h \
	$(NULL)
tests_unit_check_bm_pace_CPPFLAGS = $(bm_test_cppflags)
tests_unit_check_bm_pace_LDADD = $(bm_test_ldadd)

tests_unit_check_bm_share_SOURCES = \
	tests/unit/check_bm_share.c \
	tests/unit/leaf_run.h \
	$(NULL)
tests_unit_check_bm_share_CPPFLAGS = $(bm_test_cppflags)
tests_unit_check_bm_share_LDADD = $(bm_test_ldadd)

tests_unit_check_bm_qsd_SOURCES = \
	tests/unit/bm_json.h \
	tests/unit/check_bm_qsd.c \
	tests/unit/leaf_run.h \
	$(NULL)
tests_unit_check_bm_qsd_CPPFLAGS = $(bm_test_cppflags)
tests_unit_check_bm_qsd_LDADD = $(bm_test_ldadd)

tests_unit_check_bm_read_SOURCES = \
	tests/unit/bm_json.h \
	tests/unit/check_bm_read.c \
	tests/unit/leaf_run.h \
	$(NULL)
tests_unit_check_bm_read_CPPFLAGS = $(bm_test_cppflags)
tests_unit_check_bm_read_LDADD = $(bm_test_ldadd)

tests_unit_check_bm_resize_SOURCES = \
	tests/unit/bm_json.h \
	tests/unit/check_bm_resize.c \
	tests/unit/leaf_run.h \
	$(NULL)
tests_unit_check_bm_resize_CPPFLAGS = $(bm_test_cppflags)
tests_unit_check_bm_resize_LDADD = $(bm_test_ldadd)
tests_unit_check_bm_stack_SOURCES = \
	tests/unit/bm_json.h \
	tests/unit/check_bm_stack.c \
	tests/unit/leaf_run.h \
	$(NULL)
tests_unit_check_bm_stack_CPPFLAGS = $(bm_test_cppflags)
tests_unit_check_bm_stack_LDADD = $(bm_test_ldadd)

tests_unit_check_fence_SOURCES = \
	tests/unit/check_fence.c \
	tests/unit/leaf_run.h \
	$(NULL)
tests_unit_check_fence_CPPFLAGS = \
	$(AM_CPPFLAGS) -D_GNU_SOURCE $(GLIB_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_fence_LDADD = libhamfence.la libhambase.la $(GLIB_LIBS) \
	$(CHECK_LIBS)

tests_unit_check_fence_metadata_SOURCES = \
	tests/unit/check_fence_metadata.c \
	tests/unit/leaf_run.h \
	$(NULL)
tests_unit_check_fence_metadata_CPPFLAGS = \
	$(AM_CPPFLAGS) $(GLIB_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_fence_metadata_LDADD = libhamfence.la libhambase.la \
	$(GLIB_LIBS) $(CHECK_LIBS)

tests_unit_check_fence_plan_SOURCES = \
	tests/unit/check_fence_plan.c \
	tests/unit/leaf_run.h \
	$(NULL)
tests_unit_check_fence_plan_CPPFLAGS = \
	$(AM_CPPFLAGS) $(GLIB_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_fence_plan_LDADD = libhamfence.la $(GLIB_LIBS) $(CHECK_LIBS)

tests_unit_check_net_facts_SOURCES = \
	tests/unit/check_net_facts.c \
	tests/unit/leaf_run.h \
	$(NULL)
tests_unit_check_net_facts_CPPFLAGS = \
	$(AM_CPPFLAGS) $(GLIB_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_net_facts_LDADD = libhamnet.la $(GLIB_LIBS) $(CHECK_LIBS)

tests_unit_check_net_frame_SOURCES = \
	tests/unit/check_net_frame.c \
	tests/unit/leaf_run.h \
	$(NULL)
tests_unit_check_net_frame_CPPFLAGS = \
	$(AM_CPPFLAGS) $(GLIB_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_net_frame_LDADD = libhamnet.la $(GLIB_LIBS) $(CHECK_LIBS)

tests_unit_check_net_hear_SOURCES = \
	tests/unit/check_net_hear.c \
	tests/unit/leaf_run.h \
	tests/unit/net_frames.h \
	$(NULL)
tests_unit_check_net_hear_CPPFLAGS = \
	$(AM_CPPFLAGS) $(GLIB_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_net_hear_LDADD = libhamnet.la $(GLIB_LIBS) $(CHECK_LIBS)

tests_unit_check_net_capture_SOURCES = \
	tests/unit/bpf_run.h \
	tests/unit/check_net_capture.c \
	tests/unit/leaf_run.h \
	tests/unit/net_frames.h \
	$(NULL)
tests_unit_check_net_capture_CPPFLAGS = \
	$(AM_CPPFLAGS) $(GLIB_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_net_capture_LDADD = libhamnet.la $(GLIB_LIBS) $(CHECK_LIBS)

tests_unit_check_net_learn_SOURCES = \
	tests/unit/check_net_learn.c \
	tests/unit/leaf_run.h \
	tests/unit/net_frames.h \
	$(NULL)
tests_unit_check_net_learn_CPPFLAGS = \
	$(AM_CPPFLAGS) $(GLIB_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_net_learn_LDADD = libhamnet.la $(GLIB_LIBS) $(CHECK_LIBS)

tests_unit_check_net_learn_filter_SOURCES = \
	tests/unit/bpf_run.h \
	tests/unit/check_net_learn_filter.c \
	tests/unit/leaf_run.h \
	tests/unit/net_frames.h \
	$(NULL)
tests_unit_check_net_learn_filter_CPPFLAGS = \
	$(AM_CPPFLAGS) $(GLIB_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_net_learn_filter_LDADD = libhamnet.la $(GLIB_LIBS) $(CHECK_LIBS)

tests_unit_check_net_probe_SOURCES = \
	tests/unit/bpf_run.h \
	tests/unit/check_net_probe.c \
	tests/unit/leaf_run.h \
	tests/unit/net_frames.h \
	$(NULL)
tests_unit_check_net_probe_CPPFLAGS = \
	$(AM_CPPFLAGS) $(GLIB_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_net_probe_LDADD = libhamnet.la $(GLIB_LIBS) $(CHECK_LIBS)

tests_unit_check_pki_SOURCES = \
	tests/unit/check_pki.c \
	tests/unit/leaf_run.h \
	$(NULL)
tests_unit_check_pki_CPPFLAGS = \
	$(AM_CPPFLAGS) $(GLIB_CFLAGS) $(CRYPTO_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_pki_LDADD = \
	libhampki.la libhambase.la $(GLIB_LIBS) $(CRYPTO_LIBS) $(CHECK_LIBS)
