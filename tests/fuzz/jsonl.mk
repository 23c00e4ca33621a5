# SPDX-License-Identifier: BSD-3-Clause
# JSON lines, of QMP and the admin socket.  With --enable-fuzzer:
#	tests/fuzz/fuzz_jsonl NEW_FOLDER SOURCE/tests/fuzz/corpus/jsonl
# Without, the corpus is replayed by `make check`.
tests_fuzz_jsonl_sources = \
	tests/fuzz/fuzz.h \
	tests/fuzz/fuzz_jsonl.c \
	$(NULL)

if HAM_FUZZ
noinst_PROGRAMS += tests/fuzz/fuzz_jsonl
tests_fuzz_fuzz_jsonl_SOURCES = $(tests_fuzz_jsonl_sources)
tests_fuzz_fuzz_jsonl_CPPFLAGS = $(AM_CPPFLAGS) $(GLIB_CFLAGS) $(JSON_CFLAGS)
tests_fuzz_fuzz_jsonl_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_jsonl_LDADD = libhamio.la $(GLIB_LIBS) $(JSON_LIBS)
else
check_PROGRAMS += tests/fuzz/corpus_jsonl
tests_fuzz_corpus_jsonl_SOURCES = \
	$(tests_fuzz_jsonl_sources) \
	tests/fuzz/run_corpus.c \
	$(NULL)
tests_fuzz_corpus_jsonl_CPPFLAGS = \
	$(AM_CPPFLAGS) -DHAM_CORPUS='"jsonl"' $(GLIB_CFLAGS) $(JSON_CFLAGS)
tests_fuzz_corpus_jsonl_LDADD = libhamio.la $(GLIB_LIBS) $(JSON_LIBS)
endif

EXTRA_DIST += tests/fuzz/corpus/jsonl
