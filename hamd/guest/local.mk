# SPDX-License-Identifier: BSD-3-Clause
# carries out the core's intents: QEMU, storage daemons, taps
noinst_LTLIBRARIES += libhamguest.la
libhamguest_la_SOURCES = \
	hamd/guest/argv.c \
	hamd/guest/beat.c \
	hamd/guest/connect.c \
	hamd/guest/differ.c \
	hamd/guest/digest.c \
	hamd/guest/copy.c \
	hamd/guest/judge.c \
	hamd/guest/sample.c \
	hamd/guest/steer.c \
	hamd/guest/events.c \
	hamd/guest/fill.c \
	hamd/guest/flow.c \
	hamd/guest/flow.h \
	hamd/guest/freeze.c \
	hamd/guest/guest.h \
	hamd/guest/guests.c \
	hamd/guest/halt.c \
	hamd/guest/handover.c \
	hamd/guest/images.c \
	hamd/guest/incoming.c \
	hamd/guest/label.c \
	hamd/guest/knows.c \
	hamd/guest/knows.h \
	hamd/guest/learn.c \
	hamd/guest/pause_point.c \
	hamd/guest/peer.c \
	hamd/guest/announce.c \
	hamd/guest/ports.c \
	hamd/guest/probe.c \
	hamd/guest/probe.h \
	hamd/guest/quiet.c \
	hamd/guest/renew.c \
	hamd/guest/process.c \
	hamd/guest/replica.c \
	hamd/guest/resize.c \
	hamd/guest/room.c \
	hamd/guest/room.h \
	hamd/guest/run.c \
	hamd/guest/seen.c \
	hamd/guest/serve.c \
	hamd/guest/slot.c \
	hamd/guest/state_file.c \
	hamd/guest/trial.c \
	hamd/guest/undo.c \
	hamd/guest/verify.c \
	hamd/guest/vm.c \
	hamd/guest/vm.h \
	hamd/guest/yield.c \
	$(NULL)
libhamguest_la_CPPFLAGS = $(AM_CPPFLAGS) $(GLIB_CFLAGS) $(JSON_CFLAGS) $(QB_CFLAGS) $(CRYPTO_CFLAGS)
libhamguest_la_LIBADD = $(GLIB_LIBS) $(JSON_LIBS) $(QB_LIBS) $(CRYPTO_LIBS)
