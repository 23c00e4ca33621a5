# SPDX-License-Identifier: BSD-3-Clause
# Which addresses a guest was seen using: its frames, and what another node says.
tests_fuzz_learn_sources = \
	tests/fuzz/fuzz.h \
	tests/fuzz/fuzz_learn.c \
	tests/fuzz/reader.h \
	tests/unit/bpf_run.h \
	$(NULL)

if HAM_FUZZ
noinst_PROGRAMS += tests/fuzz/fuzz_learn
tests_fuzz_fuzz_learn_SOURCES = $(tests_fuzz_learn_sources)
tests_fuzz_fuzz_learn_CPPFLAGS = $(AM_CPPFLAGS) $(GLIB_CFLAGS)
tests_fuzz_fuzz_learn_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_learn_LDADD = libhamnet.la $(GLIB_LIBS)
else
check_PROGRAMS += tests/fuzz/corpus_learn
tests_fuzz_corpus_learn_SOURCES = \
	$(tests_fuzz_learn_sources) \
	tests/fuzz/run_corpus.c \
	$(NULL)
tests_fuzz_corpus_learn_CPPFLAGS = \
	$(AM_CPPFLAGS) -DHAM_CORPUS='"learn"' $(GLIB_CFLAGS)
tests_fuzz_corpus_learn_LDADD = libhamnet.la $(GLIB_LIBS)
endif

EXTRA_DIST += \
	tests/fuzz/corpus/learn \
	tests/fuzz/dict/learn.dict \
	tests/fuzz/seeds_learn.py \
	$(NULL)
