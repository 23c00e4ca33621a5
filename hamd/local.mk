# SPDX-License-Identifier: BSD-3-Clause
# the daemon: wires the core to io/ and guest/
sbin_PROGRAMS += hamd/hamd
hamd_hamd_SOURCES = \
	hamd/commands.c \
	hamd/policy_command.c \
	hamd/counters.c \
	hamd/daemon.c \
	hamd/daemon.h \
	hamd/digest_tool.c \
	hamd/digest_tool.h \
	hamd/fence_commands.c \
	hamd/fence_history.c \
	hamd/fence_seen.c \
	hamd/fence_watch.c \
	hamd/leave.c \
	hamd/watchdog.c \
	hamd/fencing.c \
	hamd/fencing.h \
	hamd/health.c \
	hamd/health_rules.c \
	hamd/health_rules.h \
	hamd/health_arp.c \
	hamd/health_arp.h \
	hamd/health_sample.c \
	hamd/health_sample.h \
	hamd/history.c \
	hamd/history.h \
	hamd/history_failover.c \
	hamd/history_track.h \
	hamd/main.c \
	hamd/nodes.c \
	hamd/notes.c \
	hamd/past.c \
	hamd/plan.c \
	hamd/progress_text.c \
	hamd/progress_text.h \
	hamd/ring.c \
	hamd/status.c \
	hamd/trial.c \
	hamd/trial.h \
	hamd/trial_checks.c \
	$(NULL)
hamd_hamd_CPPFLAGS = $(AM_CPPFLAGS) -DPACKAGE_VERSION='"@PACKAGE_VERSION@"' $(GLIB_CFLAGS) $(JSON_CFLAGS) $(QB_CFLAGS)
hamd_hamd_LDADD = libhamguest.la libhamcore.la libhamio.la libhamconfig.la \
	libhamnet.la libhamblock.la libhamfence.la libhambase.la \
	$(GLIB_LIBS) $(JSON_LIBS) $(QB_LIBS)
