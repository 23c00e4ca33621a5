# SPDX-License-Identifier: BSD-3-Clause
# corosync, JSON lines, QMP, admin socket, store; uses base alone
noinst_LTLIBRARIES += libhamio.la
libhamio_la_SOURCES = \
	hamd/io/admin.c \
	hamd/io/admin.h \
	hamd/io/admin_line.c \
	hamd/io/admin_line.h \
	hamd/io/cluster.c \
	hamd/io/cluster.h \
	hamd/io/cmap.c \
	hamd/io/history_db.c \
	hamd/io/history_db.h \
	hamd/io/history_read.c \
	hamd/io/history_sql.h \
	hamd/io/history_store.c \
	hamd/io/history_store.h \
	hamd/io/json.c \
	hamd/io/json.h \
	hamd/io/jsonl.c \
	hamd/io/jsonl.h \
	hamd/io/kept_file.c \
	hamd/io/kept_file.h \
	hamd/io/listen.c \
	hamd/io/listen.h \
	hamd/io/peer.c \
	hamd/io/peer.h \
	hamd/io/qmp.c \
	hamd/io/qmp.h \
	hamd/io/qmp_queue.c \
	hamd/io/qmp_queue.h \
	hamd/io/send_queue.c \
	hamd/io/send_queue.h \
	hamd/io/store.c \
	hamd/io/store.h \
	hamd/io/store_db.c \
	hamd/io/store_db.h \
	$(NULL)
libhamio_la_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE $(GLIB_CFLAGS) \
	$(JSON_CFLAGS) $(QB_CFLAGS) $(SQLITE_CFLAGS) $(CPG_CFLAGS) \
	$(QUORUM_CFLAGS) $(CMAP_CFLAGS)
libhamio_la_LIBADD = libhambase.la $(GLIB_LIBS) $(JSON_LIBS) $(QB_LIBS) \
	$(SQLITE_LIBS) $(CPG_LIBS) $(QUORUM_LIBS) $(CMAP_LIBS)
