# SPDX-License-Identifier: BSD-3-Clause
# hamctl, a program of its own: it reaches hamd through the admin socket alone;
# of hamd's code it uses the base, io's pure line parser, config/, pki/ and, to
# ask agents what they can do, fence/
noinst_LTLIBRARIES += libhamctl.la
libhamctl_la_SOURCES = \
	hamd/ctl/about.c \
	hamd/ctl/agents.c \
	hamd/ctl/client.c \
	hamd/ctl/client.h \
	hamd/ctl/config_cmd.c \
	hamd/ctl/ctl.h \
	hamd/ctl/cluster.c \
	hamd/ctl/disarm.c \
	hamd/ctl/drain.c \
	hamd/ctl/events.c \
	hamd/ctl/explain.c \
	hamd/ctl/export.c \
	hamd/ctl/export.h \
	hamd/ctl/fence.c \
	hamd/ctl/forecast.c \
	hamd/ctl/forecast.h \
	hamd/ctl/guest.c \
	hamd/ctl/guest.h \
	hamd/ctl/history.c \
	hamd/ctl/json.c \
	hamd/ctl/json.h \
	hamd/ctl/metrics.c \
	hamd/ctl/metrics_text.c \
	hamd/ctl/metrics_text.h \
	hamd/ctl/migrate.c \
	hamd/ctl/node.c \
	hamd/ctl/node.h \
	hamd/ctl/options.c \
	hamd/ctl/order.c \
	hamd/ctl/set.c \
	hamd/ctl/phases.c \
	hamd/ctl/phases.h \
	hamd/ctl/pki.c \
	hamd/ctl/plan.c \
	hamd/ctl/plot.c \
	hamd/ctl/plot.h \
	hamd/ctl/progress.c \
	hamd/ctl/progress.h \
	hamd/ctl/report.c \
	hamd/ctl/report.h \
	hamd/ctl/screen.c \
	hamd/ctl/screen.h \
	hamd/ctl/screen_lines.c \
	hamd/ctl/status.c \
	hamd/ctl/story.c \
	hamd/ctl/story.h \
	hamd/ctl/story_cmd.c \
	hamd/ctl/status.h \
	hamd/ctl/table.c \
	hamd/ctl/table.h \
	hamd/ctl/terminal.c \
	hamd/ctl/terminal.h \
	hamd/ctl/trial.c \
	hamd/ctl/trial.h \
	hamd/ctl/until.c \
	hamd/ctl/until.h \
	hamd/ctl/wait.c \
	hamd/ctl/wait.h \
	hamd/ctl/watch.c \
	$(NULL)
libhamctl_la_CPPFLAGS = $(AM_CPPFLAGS) $(GLIB_CFLAGS) $(JSON_CFLAGS)
libhamctl_la_LIBADD = $(GLIB_LIBS) $(JSON_LIBS)

bin_PROGRAMS += hamd/hamctl
hamd_hamctl_SOURCES = hamd/ctl/main.c
hamd_hamctl_CPPFLAGS = $(AM_CPPFLAGS) $(GLIB_CFLAGS)
# io's parser comes in an archive whose other members need corosync and more:
# hamctl must start on a machine without them
hamd_hamctl_LDFLAGS = $(AM_LDFLAGS) -Wl,--as-needed
hamd_hamctl_LDADD = libhamctl.la libhamconfig.la libhamfence.la libhamio.la \
	libhampki.la libhambase.la

# bash-completion loads a file by the command's bare name
bashcompletiondir = $(datadir)/bash-completion/completions
bashcompletion_DATA = hamd/ctl/completions/hamctl
EXTRA_DIST += hamd/ctl/hamctl.bash-completion
CLEANFILES += $(bashcompletion_DATA)
hamd/ctl/completions/hamctl: hamd/ctl/hamctl.bash-completion
	$(AM_V_GEN)$(MKDIR_P) $(@D) && \
	cp $(srcdir)/hamd/ctl/hamctl.bash-completion $@
