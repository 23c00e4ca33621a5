# SPDX-License-Identifier: BSD-3-Clause
# The cluster file and corosync.conf.  With --enable-fuzzer, from the build:
#	tests/fuzz/fuzz_config NEW_FOLDER SOURCE/tests/fuzz/corpus/config
# Without, the corpus is replayed by `make check`.
tests_fuzz_config_sources = \
	tests/fuzz/fuzz.h \
	tests/fuzz/fuzz_config.c \
	$(NULL)

if HAM_FUZZ
noinst_PROGRAMS += tests/fuzz/fuzz_config
tests_fuzz_fuzz_config_SOURCES = $(tests_fuzz_config_sources)
tests_fuzz_fuzz_config_CPPFLAGS = $(AM_CPPFLAGS) $(GLIB_CFLAGS)
tests_fuzz_fuzz_config_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_config_LDADD = libhamconfig.la $(GLIB_LIBS)
else
check_PROGRAMS += tests/fuzz/corpus_config
tests_fuzz_corpus_config_SOURCES = \
	$(tests_fuzz_config_sources) \
	tests/fuzz/run_corpus.c \
	$(NULL)
tests_fuzz_corpus_config_CPPFLAGS = \
	$(AM_CPPFLAGS) -DHAM_CORPUS='"config"' $(GLIB_CFLAGS)
tests_fuzz_corpus_config_LDADD = libhamconfig.la $(GLIB_LIBS)
endif

EXTRA_DIST += tests/fuzz/corpus/config tests/fuzz/dict/config.dict
