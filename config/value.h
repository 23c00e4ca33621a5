/* SPDX-License-Identifier: BSD-3-Clause */
/* config/value.h - single values: text -> typed, and back for messages
 *
 * Each reader takes the whole text or nothing: no blanks, no sign, no rest.
 * The output is untouched on failure.  Ranges are the caller's.
 */
#ifndef HAM_CONF_VALUE_H
#define HAM_CONF_VALUE_H

#include <stdbool.h>
#include <stdint.h>

enum ham_address_use {
	HAM_ADDRESS_NODE, /* peers connect to it from other nodes */
	HAM_ADDRESS_PORT, /* a guest's: may be link-local */
};

/* Decimal digits; false on overflow, too. */
bool ham_value_number(const char *text, uint64_t *out);

/* Bytes: a number, or one with K, M, G or T (powers of 1024). */
bool ham_value_size(const char *text, uint64_t *bytes);

/* A number with ms, s, m or h. */
bool ham_value_duration(const char *text, int64_t *us);

/* FIRST-LAST, each a usable uid above those of the system. */
bool ham_value_uids(const char *text, uint32_t range[static 2]);

/* Six bytes as hex pairs with colons; a station's, not a group's. */
bool ham_value_mac(const char *text, uint8_t mac[static 6]);

/* "10,20-30": VLAN numbers and ranges of them, upwards, each once; bit N of
 * `bits` is VLAN N. */
bool ham_value_vlans(const char *text, uint64_t bits[static 4096 / 64]);

/* 36 characters; `out` in lower case. */
bool ham_value_uuid(const char *text, char out[static 37]);

/* A numeric IPv4 or IPv6 address of one host in its usual form; NULL if it is
 * not one. */
char *ham_value_address(const char *text, enum ham_address_use use);

/* Letters, digits and . _ - behind a letter or digit, at most
 * HAM_CONF_NAME_MAX. */
bool ham_value_is_name(const char *text);

/* A name the kernel takes for a network interface. */
bool ham_value_is_ifname(const char *text);

/* Absolute, without empty, `.` or `..` components, so that equal files have
 * equal paths as far as the text can tell. */
bool ham_value_is_path(const char *text);

/* pc-q35-MAJOR.MINOR[.MICRO]: one machine for ever. */
bool ham_value_is_machine(const char *text);

/* A CPU model that means the same on every node, with or without flags. */
bool ham_value_is_cpu(const char *text);

/* fence_... or "watchdog". */
bool ham_value_is_agent(const char *text);

/* For messages: the largest unit that divides it.  The caller frees them. */
char *ham_value_show_size(uint64_t bytes);
char *ham_value_show_duration(int64_t us);

#endif
