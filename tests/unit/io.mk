# SPDX-License-Identifier: BSD-3-Clause
# codecs, QMP client, admin socket, store, queue to corosync
check_PROGRAMS += \
	tests/unit/check_admin \
	tests/unit/check_admin_access \
	tests/unit/check_history_db \
	tests/unit/check_jsonl \
	tests/unit/check_kept_file \
	tests/unit/check_qmp \
	tests/unit/check_send_queue \
	tests/unit/check_store \
	$(NULL)

io_test_cppflags = $(AM_CPPFLAGS) -D_GNU_SOURCE $(GLIB_CFLAGS) \
	$(JSON_CFLAGS) $(SQLITE_CFLAGS) $(CHECK_CFLAGS)
io_test_libs = libhamio.la $(GLIB_LIBS) $(JSON_LIBS) $(SQLITE_LIBS) \
	$(CHECK_LIBS)

tests_unit_check_admin_SOURCES = \
	tests/unit/check_admin.c \
	tests/unit/io_client.h \
	tests/unit/io_wait.h \
	$(NULL)
tests_unit_check_admin_CPPFLAGS = $(io_test_cppflags)
tests_unit_check_admin_LDADD = $(io_test_libs)

tests_unit_check_admin_access_SOURCES = \
	tests/unit/check_admin_access.c \
	tests/unit/io_client.h \
	tests/unit/io_wait.h \
	$(NULL)
tests_unit_check_admin_access_CPPFLAGS = $(io_test_cppflags)
tests_unit_check_admin_access_LDADD = $(io_test_libs)

tests_unit_check_history_db_SOURCES = \
	tests/unit/check_history_db.c \
	tests/unit/faulty_vfs.c \
	tests/unit/faulty_vfs.h \
	tests/unit/io_wait.h \
	$(NULL)
tests_unit_check_history_db_CPPFLAGS = $(io_test_cppflags)
tests_unit_check_history_db_LDADD = $(io_test_libs)

tests_unit_check_jsonl_SOURCES = \
	tests/unit/check_jsonl.c \
	tests/unit/io_wait.h \
	$(NULL)
tests_unit_check_jsonl_CPPFLAGS = $(io_test_cppflags)
tests_unit_check_jsonl_LDADD = $(io_test_libs)

tests_unit_check_kept_file_SOURCES = \
	tests/unit/check_kept_file.c \
	tests/unit/io_wait.h \
	$(NULL)
tests_unit_check_kept_file_CPPFLAGS = $(io_test_cppflags)
tests_unit_check_kept_file_LDADD = $(io_test_libs)

tests_unit_check_qmp_SOURCES = \
	tests/unit/check_qmp.c \
	tests/unit/io_wait.h \
	$(NULL)
tests_unit_check_qmp_CPPFLAGS = $(io_test_cppflags)
tests_unit_check_qmp_LDADD = $(io_test_libs)

tests_unit_check_send_queue_SOURCES = \
	tests/unit/check_send_queue.c \
	tests/unit/io_wait.h \
	$(NULL)
tests_unit_check_send_queue_CPPFLAGS = $(io_test_cppflags)
tests_unit_check_send_queue_LDADD = $(io_test_libs)

tests_unit_check_store_SOURCES = \
	tests/unit/check_store.c \
	tests/unit/faulty_vfs.c \
	tests/unit/faulty_vfs.h \
	tests/unit/io_wait.h \
	$(NULL)
tests_unit_check_store_CPPFLAGS = $(io_test_cppflags)
tests_unit_check_store_LDADD = $(io_test_libs)
