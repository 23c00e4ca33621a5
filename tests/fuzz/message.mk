# SPDX-License-Identifier: BSD-3-Clause
# What nodes say to each other, and a guest's entry in the store.
tests_fuzz_message_sources = \
	tests/fuzz/fuzz.h \
	tests/fuzz/fuzz_message.c \
	$(NULL)

if HAM_FUZZ
noinst_PROGRAMS += tests/fuzz/fuzz_message
tests_fuzz_fuzz_message_SOURCES = \
	$(tests_fuzz_message_sources) \
	tests/fuzz/mutate_lengths.c \
	$(NULL)
tests_fuzz_fuzz_message_CPPFLAGS = $(AM_CPPFLAGS) $(GLIB_CFLAGS)
tests_fuzz_fuzz_message_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_message_LDADD = libhamcore.la $(GLIB_LIBS)
else
check_PROGRAMS += tests/fuzz/corpus_message
tests_fuzz_corpus_message_SOURCES = \
	$(tests_fuzz_message_sources) \
	tests/fuzz/run_corpus.c \
	$(NULL)
tests_fuzz_corpus_message_CPPFLAGS = \
	$(AM_CPPFLAGS) -DHAM_CORPUS='"message"' $(GLIB_CFLAGS)
tests_fuzz_corpus_message_LDADD = libhamcore.la $(GLIB_LIBS)
endif

EXTRA_DIST += tests/fuzz/corpus/message
