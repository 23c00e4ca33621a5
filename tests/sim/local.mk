# SPDX-License-Identifier: BSD-3-Clause
# the simulator: the core's own object files, and models of all around them
check_PROGRAMS += tests/sim/ham-sim

tests_sim_ham_sim_SOURCES = \
	tests/sim/check.c \
	tests/sim/copies.c \
	tests/sim/disk.c \
	tests/sim/fault.c \
	tests/sim/fence.c \
	tests/sim/hamd.c \
	tests/sim/host.c \
	tests/sim/main.c \
	tests/sim/once.c \
	tests/sim/proc.c \
	tests/sim/ring.c \
	tests/sim/run.c \
	tests/sim/shrink.c \
	tests/sim/sim.h \
	tests/sim/store.c \
	tests/sim/story.c \
	tests/sim/time.c \
	tests/sim/vm.c \
	tests/sim/watch.c \
	$(NULL)
tests_sim_ham_sim_CPPFLAGS = $(AM_CPPFLAGS) $(GLIB_CFLAGS)
tests_sim_ham_sim_LDADD = libhamcore.la $(GLIB_LIBS)

TESTS += tests/sim/test-same-trace.sh tests/sim/test-stories.sh \
	tests/sim/test-story-words.sh tests/sim/test-mutant-texts.sh
EXTRA_DIST += tests/sim/test-same-trace.sh tests/sim/test-stories.sh \
	tests/sim/test-story-words.sh tests/sim/test-mutant-texts.sh \
	tests/sim/mutants.py tests/sim/search.sh tests/sim/coverage.sh \
	tests/sim/stories
