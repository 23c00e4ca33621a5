# SPDX-License-Identifier: BSD-3-Clause
# What the kernel answers about taps and bridges.
tests_fuzz_netlink_sources = \
	tests/fuzz/fuzz.h \
	tests/fuzz/fuzz_netlink.c \
	tests/fuzz/reader.h \
	$(NULL)
fuzz_netlink_ldflags = $(AM_LDFLAGS) -Wl,--wrap=nl_connect

if HAM_FUZZ
noinst_PROGRAMS += tests/fuzz/fuzz_netlink
tests_fuzz_fuzz_netlink_SOURCES = $(tests_fuzz_netlink_sources)
tests_fuzz_fuzz_netlink_CPPFLAGS = $(AM_CPPFLAGS) $(GLIB_CFLAGS) $(NL_CFLAGS)
tests_fuzz_fuzz_netlink_LDFLAGS = $(fuzz_netlink_ldflags) -fsanitize=fuzzer
tests_fuzz_fuzz_netlink_LDADD = libhamnet.la $(GLIB_LIBS) $(NL_LIBS)
else
check_PROGRAMS += tests/fuzz/corpus_netlink
tests_fuzz_corpus_netlink_SOURCES = \
	$(tests_fuzz_netlink_sources) \
	tests/fuzz/run_corpus.c \
	$(NULL)
tests_fuzz_corpus_netlink_CPPFLAGS = \
	$(AM_CPPFLAGS) -DHAM_CORPUS='"netlink"' $(GLIB_CFLAGS) $(NL_CFLAGS)
tests_fuzz_corpus_netlink_LDFLAGS = $(fuzz_netlink_ldflags)
tests_fuzz_corpus_netlink_LDADD = libhamnet.la $(GLIB_LIBS) $(NL_LIBS)
endif

EXTRA_DIST += tests/fuzz/corpus/netlink tests/fuzz/record_netlink.py
