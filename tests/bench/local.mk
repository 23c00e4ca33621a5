# SPDX-License-Identifier: BSD-3-Clause
# how long a plan takes, and a QEMU that starts.sh needs; the figures of the
# others are of a lab (*.sh, *.py)
noinst_PROGRAMS += \
	tests/bench/plan \
	tests/bench/fake_qemu
tests_bench_plan_SOURCES = tests/bench/plan.c
tests_bench_plan_CPPFLAGS = $(AM_CPPFLAGS) $(GLIB_CFLAGS)
tests_bench_plan_LDADD = libhamcore.la $(GLIB_LIBS)
tests_bench_fake_qemu_SOURCES = tests/bench/fake_qemu.c
