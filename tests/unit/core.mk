# SPDX-License-Identifier: BSD-3-Clause
# unit tests of the core and of the base
check_PROGRAMS += \
	tests/unit/check_again \
	tests/unit/check_asked \
	tests/unit/check_cgroup \
	tests/unit/check_child \
	tests/unit/check_converge \
	tests/unit/check_converge_traces \
	tests/unit/check_core \
	tests/unit/check_death \
	tests/unit/check_dirty \
	tests/unit/check_disarm \
	tests/unit/check_drain \
	tests/unit/check_lease \
	tests/unit/check_failover \
	tests/unit/check_claim \
	tests/unit/check_force \
	tests/unit/check_fd \
	tests/unit/check_halt \
	tests/unit/check_handover \
	tests/unit/check_message \
	tests/unit/check_migrate \
	tests/unit/check_network \
	tests/unit/check_queue \
	tests/unit/check_record \
	tests/unit/check_stale \
	tests/unit/check_copies \
	tests/unit/check_move \
	tests/unit/check_plan \
	tests/unit/check_policy \
	tests/unit/check_replica \
	tests/unit/check_resize \
	tests/unit/check_starts \
	tests/unit/check_trial \
	tests/unit/check_two \
	tests/unit/check_wire \
	$(NULL)

core_test_cppflags = $(AM_CPPFLAGS) $(GLIB_CFLAGS) $(CHECK_CFLAGS)
core_test_ldadd = libhamcore.la $(GLIB_LIBS) $(CHECK_LIBS)

course_sources = \
	tests/unit/bus.c \
	tests/unit/bus.h \
	tests/unit/courses.c \
	tests/unit/courses.h \
	tests/unit/leaf_run.h \
	$(NULL)

tests_unit_check_core_SOURCES = \
	$(course_sources) \
	tests/unit/check_core.c \
	$(NULL)
tests_unit_check_core_CPPFLAGS = $(core_test_cppflags)
tests_unit_check_core_LDADD = $(core_test_ldadd)

tests_unit_check_halt_SOURCES = \
	$(course_sources) \
	tests/unit/check_halt.c \
	tests/unit/deaths.h \
	$(NULL)
tests_unit_check_halt_CPPFLAGS = $(core_test_cppflags)
tests_unit_check_halt_LDADD = $(core_test_ldadd)

tests_unit_check_disarm_SOURCES = \
	$(course_sources) \
	tests/unit/check_disarm.c \
	tests/unit/deaths.h \
	$(NULL)
tests_unit_check_disarm_CPPFLAGS = $(core_test_cppflags)
tests_unit_check_disarm_LDADD = $(core_test_ldadd)

tests_unit_check_again_SOURCES = \
	$(course_sources) \
	tests/unit/check_again.c \
	tests/unit/deaths.h \
	$(NULL)
tests_unit_check_again_CPPFLAGS = $(core_test_cppflags)
tests_unit_check_again_LDADD = $(core_test_ldadd)

tests_unit_check_asked_SOURCES = \
	$(course_sources) \
	tests/unit/check_asked.c \
	$(NULL)
tests_unit_check_asked_CPPFLAGS = $(core_test_cppflags)
tests_unit_check_asked_LDADD = $(core_test_ldadd)

tests_unit_check_two_SOURCES = \
	$(course_sources) \
	tests/unit/check_two.c \
	tests/unit/deaths.h \
	$(NULL)
tests_unit_check_two_CPPFLAGS = $(core_test_cppflags)
tests_unit_check_two_LDADD = $(core_test_ldadd)

tests_unit_check_drain_SOURCES = \
	$(course_sources) \
	tests/unit/check_drain.c \
	$(NULL)
tests_unit_check_drain_CPPFLAGS = $(core_test_cppflags)
tests_unit_check_drain_LDADD = $(core_test_ldadd)

tests_unit_check_dirty_SOURCES = \
	tests/unit/check_dirty.c \
	tests/unit/leaf_run.h \
	$(NULL)
tests_unit_check_dirty_CPPFLAGS = $(core_test_cppflags)
tests_unit_check_dirty_LDADD = $(core_test_ldadd)

tests_unit_check_converge_SOURCES = \
	tests/unit/check_converge.c \
	tests/unit/converge_model.h \
	tests/unit/leaf_run.h \
	$(NULL)
tests_unit_check_converge_CPPFLAGS = $(core_test_cppflags)
tests_unit_check_converge_LDADD = $(core_test_ldadd) -lm

tests_unit_check_trial_SOURCES = \
	$(course_sources) \
	tests/unit/check_trial.c \
	$(NULL)
tests_unit_check_trial_CPPFLAGS = $(core_test_cppflags)
tests_unit_check_trial_LDADD = $(core_test_ldadd)

tests_unit_check_converge_traces_SOURCES = \
	tests/unit/check_converge_traces.c \
	tests/unit/leaf_run.h \
	$(NULL)
tests_unit_check_converge_traces_CPPFLAGS = $(core_test_cppflags)
tests_unit_check_converge_traces_LDADD = $(core_test_ldadd)

tests_unit_check_handover_SOURCES = \
	$(course_sources) \
	tests/unit/check_handover.c \
	$(NULL)
tests_unit_check_handover_CPPFLAGS = $(core_test_cppflags)
tests_unit_check_handover_LDADD = $(core_test_ldadd)

tests_unit_check_network_SOURCES = \
	$(course_sources) \
	tests/unit/check_network.c \
	$(NULL)
tests_unit_check_network_CPPFLAGS = $(core_test_cppflags)
tests_unit_check_network_LDADD = $(core_test_ldadd)

tests_unit_check_migrate_SOURCES = \
	$(course_sources) \
	tests/unit/check_migrate.c \
	$(NULL)
tests_unit_check_migrate_CPPFLAGS = $(core_test_cppflags)
tests_unit_check_migrate_LDADD = $(core_test_ldadd)

tests_unit_check_policy_SOURCES = \
	$(course_sources) \
	tests/unit/check_policy.c \
	$(NULL)
tests_unit_check_policy_CPPFLAGS = $(core_test_cppflags)
tests_unit_check_policy_LDADD = $(core_test_ldadd)

tests_unit_check_copies_SOURCES = \
	$(course_sources) \
	tests/unit/check_copies.c \
	$(NULL)
tests_unit_check_copies_CPPFLAGS = $(core_test_cppflags)
tests_unit_check_copies_LDADD = $(core_test_ldadd)

tests_unit_check_move_SOURCES = \
	$(course_sources) \
	tests/unit/check_move.c \
	$(NULL)
tests_unit_check_move_CPPFLAGS = $(core_test_cppflags)
tests_unit_check_move_LDADD = $(core_test_ldadd)

tests_unit_check_failover_SOURCES = \
	tests/unit/check_failover.c \
	tests/unit/leaf_run.h \
	$(NULL)
tests_unit_check_failover_CPPFLAGS = $(core_test_cppflags)
tests_unit_check_failover_LDADD = $(core_test_ldadd)

tests_unit_check_force_SOURCES = \
	tests/unit/bus.c \
	tests/unit/bus.h \
	tests/unit/check_force.c \
	tests/unit/deaths.h \
	tests/unit/leaf_run.h \
	$(NULL)
tests_unit_check_force_CPPFLAGS = $(core_test_cppflags)
tests_unit_check_force_LDADD = $(core_test_ldadd)

tests_unit_check_claim_SOURCES = \
	tests/unit/bus.c \
	tests/unit/bus.h \
	tests/unit/check_claim.c \
	tests/unit/deaths.h \
	tests/unit/leaf_run.h \
	$(NULL)
tests_unit_check_claim_CPPFLAGS = $(core_test_cppflags)
tests_unit_check_claim_LDADD = $(core_test_ldadd)

tests_unit_check_plan_SOURCES = \
	tests/unit/check_plan.c \
	tests/unit/leaf_run.h \
	$(NULL)
tests_unit_check_plan_CPPFLAGS = $(core_test_cppflags)
tests_unit_check_plan_LDADD = $(core_test_ldadd)

tests_unit_check_queue_SOURCES = \
	$(course_sources) \
	tests/unit/check_queue.c \
	$(NULL)
tests_unit_check_queue_CPPFLAGS = $(core_test_cppflags)
tests_unit_check_queue_LDADD = $(core_test_ldadd)

tests_unit_check_starts_SOURCES = \
	tests/unit/check_starts.c \
	tests/unit/leaf_run.h \
	$(NULL)
tests_unit_check_starts_CPPFLAGS = $(core_test_cppflags)
tests_unit_check_starts_LDADD = $(core_test_ldadd)

tests_unit_check_resize_SOURCES = \
	$(course_sources) \
	tests/unit/check_resize.c \
	$(NULL)
tests_unit_check_resize_CPPFLAGS = $(core_test_cppflags)
tests_unit_check_resize_LDADD = $(core_test_ldadd)

tests_unit_check_replica_SOURCES = \
	$(course_sources) \
	tests/unit/check_replica.c \
	$(NULL)
tests_unit_check_replica_CPPFLAGS = $(core_test_cppflags)
tests_unit_check_replica_LDADD = $(core_test_ldadd)

tests_unit_check_death_SOURCES = \
	tests/unit/bus.c \
	tests/unit/bus.h \
	tests/unit/check_death.c \
	tests/unit/deaths.h \
	tests/unit/leaf_run.h \
	$(NULL)
tests_unit_check_death_CPPFLAGS = $(core_test_cppflags)
tests_unit_check_death_LDADD = $(core_test_ldadd)

tests_unit_check_lease_SOURCES = \
	tests/unit/bus.c \
	tests/unit/bus.h \
	tests/unit/check_lease.c \
	tests/unit/leaf_run.h \
	$(NULL)
tests_unit_check_lease_CPPFLAGS = $(core_test_cppflags)
tests_unit_check_lease_LDADD = $(core_test_ldadd)

tests_unit_check_stale_SOURCES = \
	tests/unit/bus.c \
	tests/unit/bus.h \
	tests/unit/check_stale.c \
	tests/unit/deaths.h \
	tests/unit/leaf_run.h \
	$(NULL)
tests_unit_check_stale_CPPFLAGS = $(core_test_cppflags)
tests_unit_check_stale_LDADD = $(core_test_ldadd)

tests_unit_check_message_SOURCES = \
	tests/unit/check_message.c \
	tests/unit/leaf_run.h \
	$(NULL)
tests_unit_check_message_CPPFLAGS = $(core_test_cppflags)
tests_unit_check_message_LDADD = $(core_test_ldadd)

tests_unit_check_record_SOURCES = \
	tests/unit/check_record.c \
	tests/unit/leaf_run.h \
	$(NULL)
tests_unit_check_record_CPPFLAGS = $(core_test_cppflags)
tests_unit_check_record_LDADD = $(core_test_ldadd)

tests_unit_check_wire_SOURCES = \
	tests/unit/check_wire.c \
	tests/unit/leaf_run.h \
	$(NULL)
tests_unit_check_wire_CPPFLAGS = $(core_test_cppflags)
tests_unit_check_wire_LDADD = $(core_test_ldadd)

base_test_cppflags = $(AM_CPPFLAGS) -D_GNU_SOURCE $(GLIB_CFLAGS) \
	$(QB_CFLAGS) $(CHECK_CFLAGS)
base_test_ldadd = libhambase.la $(GLIB_LIBS) $(QB_LIBS) $(CHECK_LIBS)

tests_unit_check_cgroup_SOURCES = \
	tests/unit/check_cgroup.c \
	tests/unit/leaf_run.h \
	$(NULL)
tests_unit_check_cgroup_CPPFLAGS = $(base_test_cppflags)
tests_unit_check_cgroup_LDADD = $(base_test_ldadd)

tests_unit_check_child_SOURCES = \
	tests/unit/check_child.c \
	tests/unit/leaf_run.h \
	$(NULL)
tests_unit_check_child_CPPFLAGS = $(base_test_cppflags)
tests_unit_check_child_LDADD = $(base_test_ldadd)

tests_unit_check_fd_SOURCES = \
	tests/unit/check_fd.c \
	tests/unit/leaf_run.h \
	$(NULL)
tests_unit_check_fd_CPPFLAGS = $(base_test_cppflags)
tests_unit_check_fd_LDADD = $(base_test_ldadd)

EXTRA_DIST += \
	tests/unit/traces/qemu-1gbit-idle.txt \
	tests/unit/traces/qemu-1gbit-ram-10.txt \
	tests/unit/traces/qemu-1gbit-ram-100-endless.txt \
	tests/unit/traces/qemu-link-unlimited-idle.txt \
	tests/unit/traces/qemu-link-unlimited-ram-10.txt \
	tests/unit/traces/qemu-link-unlimited-ram-100.txt \
	tests/unit/traces/qemu-unlimited-idle.txt \
	tests/unit/traces/qemu-unlimited-ram-10.txt \
	tests/unit/traces/qemu-unlimited-ram-100-endless.txt \
	$(NULL)
