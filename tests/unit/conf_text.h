/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/conf_text.h - what the tests of config/ share
 *
 * Problems are compared as the text that people see.  The path of every text
 * is "c".
 */
#ifndef HAM_TEST_CONF_TEXT_H
#define HAM_TEST_CONF_TEXT_H

#include <check.h>
#include <stddef.h>

#include "config/conf.h"

/* A valid file of 10 lines, to which tests add. */
#define CONF_BASE                                                              \
	"[cluster]\n"                                                          \
	"version = 1\n"                                                        \
	"[node n1]\n"                                                          \
	"address.migration = 10.0.0.1\n"                                       \
	"[node n2]\n"                                                          \
	"address.migration = 10.0.0.2\n"                                       \
	"[node n3]\n"                                                          \
	"address.migration = 10.0.0.3\n"                                       \
	"\n"                                                                   \
	"\n"

/* Behind it, a valid guest with a disk and a port, lines 11 to 20. */
#define CONF_GUEST                                                             \
	"[guest g]\n"                                                          \
	"memory = 64M\n"                                                       \
	"machine = pc-q35-10.0\n"                                              \
	"cpu = qemu64\n"                                                       \
	"[disk g/root]\n"                                                      \
	"path = /d/g\n"                                                        \
	"size = 1G\n"                                                          \
	"[port g/lan]\n"                                                       \
	"bridge = br0\n"                                                       \
	"mac = 52:54:00:00:00:01\n"

/* The problems as lines; freed by the caller. */
char *conf_text_of(const GPtrArray *problems);

/* The problems of a text, as lines. */
char *conf_text_parse(const char *text, size_t len);

/* Parses a text that must be valid. */
ham_conf *conf_text_valid(const char *text);

/* The runner of one suite: an exit code. */
int conf_text_run(Suite *suite);

#endif
