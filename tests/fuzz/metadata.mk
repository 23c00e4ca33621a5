# SPDX-License-Identifier: BSD-3-Clause
# What a fence agent says of itself.  With --enable-fuzzer, from the build:
#	tests/fuzz/fuzz_metadata NEW_FOLDER SOURCE/tests/fuzz/corpus/metadata
# Without, the corpus is replayed by `make check`.
tests_fuzz_metadata_sources = \
	tests/fuzz/fuzz.h \
	tests/fuzz/fuzz_metadata.c \
	$(NULL)

if HAM_FUZZ
noinst_PROGRAMS += tests/fuzz/fuzz_metadata
tests_fuzz_fuzz_metadata_SOURCES = $(tests_fuzz_metadata_sources)
tests_fuzz_fuzz_metadata_CPPFLAGS = $(AM_CPPFLAGS) $(GLIB_CFLAGS)
tests_fuzz_fuzz_metadata_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_metadata_LDADD = libhamfence.la libhambase.la $(GLIB_LIBS)
else
check_PROGRAMS += tests/fuzz/corpus_metadata
tests_fuzz_corpus_metadata_SOURCES = \
	$(tests_fuzz_metadata_sources) \
	tests/fuzz/run_corpus.c \
	$(NULL)
tests_fuzz_corpus_metadata_CPPFLAGS = \
	$(AM_CPPFLAGS) -DHAM_CORPUS='"metadata"' $(GLIB_CFLAGS)
tests_fuzz_corpus_metadata_LDADD = libhamfence.la libhambase.la $(GLIB_LIBS)
endif

EXTRA_DIST += tests/fuzz/corpus/metadata tests/fuzz/dict/metadata.dict
