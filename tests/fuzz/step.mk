# SPDX-License-Identifier: BSD-3-Clause
# The core: scripts of what happens to it.
tests_fuzz_step_sources = \
	tests/fuzz/fuzz.h \
	tests/fuzz/fuzz_step.c \
	tests/fuzz/reader.h \
	tests/fuzz/say.c \
	tests/fuzz/say.h \
	tests/fuzz/script.h \
	tests/fuzz/world.c \
	tests/fuzz/world.h \
	tests/fuzz/world_check.c \
	tests/fuzz/world_death.c \
	tests/fuzz/world_life.c \
	$(NULL)

if HAM_FUZZ
noinst_PROGRAMS += tests/fuzz/fuzz_step
tests_fuzz_fuzz_step_SOURCES = $(tests_fuzz_step_sources)
tests_fuzz_fuzz_step_CPPFLAGS = $(AM_CPPFLAGS) $(GLIB_CFLAGS)
tests_fuzz_fuzz_step_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_step_LDADD = libhamcore.la $(GLIB_LIBS)
else
check_PROGRAMS += tests/fuzz/corpus_step
tests_fuzz_corpus_step_SOURCES = \
	$(tests_fuzz_step_sources) \
	tests/fuzz/run_corpus.c \
	$(NULL)
# a script that is cut is just another, and each makes three cores anew
tests_fuzz_corpus_step_CPPFLAGS = \
	$(AM_CPPFLAGS) -DHAM_CORPUS='"step"' -DHAM_CUTS=1 $(GLIB_CFLAGS)
tests_fuzz_corpus_step_LDADD = libhamcore.la $(GLIB_LIBS)
endif

EXTRA_DIST += tests/fuzz/corpus/step

# writes the corpora of step and message anew
noinst_PROGRAMS += tests/fuzz/seeds
tests_fuzz_seeds_SOURCES = \
	tests/fuzz/course.c \
	tests/fuzz/course.h \
	tests/fuzz/script.h \
	tests/fuzz/seeds.c \
	tests/fuzz/seeds_death.c \
	tests/fuzz/seeds_voices.c \
	tests/versions/samples.c \
	tests/versions/samples.h \
	$(NULL)
tests_fuzz_seeds_CPPFLAGS = $(AM_CPPFLAGS) $(GLIB_CFLAGS)
tests_fuzz_seeds_LDADD = libhamcore.la $(GLIB_LIBS)
