/* SPDX-License-Identifier: BSD-3-Clause */
/* config/schema.h - every key of the cluster file, in one table
 *
 * The table says where a key may stand, its type, range and default, and
 * where its value goes.  doc/hamd-cluster.conf.5 documents exactly these keys
 * (tests/unit/check_conf_man.c holds the two together).
 */
#ifndef HAM_CONF_SCHEMA_H
#define HAM_CONF_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/scan.h"

/* The C type at the key's offset stands beside each. */
enum ham_value_type {
	HAM_VALUE_NUMBER,    /* uint64_t */
	HAM_VALUE_COUNT,     /* unsigned int */
	HAM_VALUE_SIZE,	     /* uint64_t, bytes */
	HAM_VALUE_DURATION,  /* int64_t, us */
	HAM_VALUE_BOOL,	     /* bool; words[0] false, words[1] true */
	HAM_VALUE_CHOICE,    /* unsigned int, index into words */
	HAM_VALUE_UIDS,	     /* uint32_t [2] */
	HAM_VALUE_MAC,	     /* uint8_t [6] */
	HAM_VALUE_VLANS,     /* uint64_t [HAM_CONF_VLAN_WORDS], a bit each */
	HAM_VALUE_ADDRESS,   /* char *; a node's */
	HAM_VALUE_IPV4,	     /* char * */
	HAM_VALUE_ADDRESSES, /* char **; a port's, separated by commas */
	HAM_VALUE_NAMES,     /* char **; at most max, separated by commas */
	HAM_VALUE_NAME,	     /* char * from here on */
	HAM_VALUE_IFNAME,
	HAM_VALUE_PATH,
	HAM_VALUE_TEXT,
	HAM_VALUE_MACHINE,
	HAM_VALUE_CPU,
	HAM_VALUE_UUID,
	HAM_VALUE_AGENT,
	HAM_VALUE_N_TYPES
};

struct ham_key {
	enum ham_section_kind kind;
	const char *name;
	const char *help; /* what it is, for messages */
	enum ham_value_type type;
	size_t offset;
	bool required;
	const char *fallback;	  /* as it would be written; NULL: left zero */
	uint64_t min;		  /* of numbers; bytes, us */
	uint64_t max;		  /* of numbers; bytes of a text */
	uint64_t step;		  /* sizes: a multiple of it */
	const char *const *words; /* NULL-terminated */
	const char *zero;	  /* the word for a duration of 0; or NULL */
	const char *expected;	  /* instead of one made from type and range */
};

extern const struct ham_key ham_schema[];
extern const unsigned int ham_schema_len;

/* NULL if the section knows no such key. */
const struct ham_key *ham_schema_find(enum ham_section_kind kind,
				      const char *name);

/* "memory, cpus, ...": all keys of a section.  The caller's. */
char *ham_schema_names(enum ham_section_kind kind);

/* What may stand there, for a message: "a size from 16M to 16T".  The
 * caller's. */
char *ham_schema_expected(const struct ham_key *key);

/* Reads `text` into the key's field of `object`, in place of what was there.
 * False, and the field untouched, if the text is not such a value. */
bool ham_schema_set(const struct ham_key *key, const char *text, void *object);

#endif
