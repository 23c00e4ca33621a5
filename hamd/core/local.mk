# SPDX-License-Identifier: BSD-3-Clause
# the decisions: no system call, no clock, nothing but glib's memory and strings
noinst_LTLIBRARIES += libhamcore.la
libhamcore_la_SOURCES = \
	hamd/core/again.c \
	hamd/core/dirty.c \
	hamd/core/dirty.h \
	hamd/core/disarm.c \
	hamd/core/halt.c \
	hamd/core/applied.c \
	hamd/core/asked.c \
	hamd/core/claim.c \
	hamd/core/command.c \
	hamd/core/copies.c \
	hamd/core/resize.c \
	hamd/core/slots.c \
	hamd/core/verify.c \
	hamd/core/converge.c \
	hamd/core/converge.h \
	hamd/core/core.c \
	hamd/core/core.h \
	hamd/core/death.c \
	hamd/core/dest.c \
	hamd/core/doubt.c \
	hamd/core/drain.c \
	hamd/core/effect.c \
	hamd/core/evaluate.c \
	hamd/core/exchange.c \
	hamd/core/force.c \
	hamd/core/fork.c \
	hamd/core/lease.c \
	hamd/core/local.c \
	hamd/core/message.c \
	hamd/core/message.h \
	hamd/core/move.c \
	hamd/core/names.c \
	hamd/core/node.c \
	hamd/core/place.c \
	hamd/core/plan.c \
	hamd/core/plan.h \
	hamd/core/policy.c \
	hamd/core/queue.c \
	hamd/core/record.c \
	hamd/core/record.h \
	hamd/core/record_check.c \
	hamd/core/record_node.c \
	hamd/core/record_wire.c \
	hamd/core/record_wire.h \
	hamd/core/replicate.c \
	hamd/core/serve.c \
	hamd/core/source.c \
	hamd/core/seen.c \
	hamd/core/stale.c \
	hamd/core/two.c \
	hamd/core/state.h \
	hamd/core/trial.c \
	hamd/core/trial.h \
	hamd/core/trial_ask.c \
	hamd/core/types.h \
	hamd/core/view.c \
	hamd/core/wire.c \
	hamd/core/wire.h \
	$(NULL)
libhamcore_la_CPPFLAGS = $(AM_CPPFLAGS) $(GLIB_CFLAGS)
libhamcore_la_CFLAGS = $(AM_CFLAGS) $(HAM_CORE_CFLAGS)
libhamcore_la_LIBADD = $(GLIB_LIBS)
