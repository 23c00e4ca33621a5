# SPDX-License-Identifier: BSD-3-Clause
# how long a plan takes; the other figures are of a lab (*.sh, *.py)
EXTRA_PROGRAMS += tests/bench/plan
CLEANFILES += tests/bench/plan
tests_bench_plan_SOURCES = tests/bench/plan.c
tests_bench_plan_CPPFLAGS = $(AM_CPPFLAGS) $(GLIB_CFLAGS)
tests_bench_plan_LDADD = libhamcore.la $(GLIB_LIBS)
