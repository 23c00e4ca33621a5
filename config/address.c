/* SPDX-License-Identifier: BSD-3-Clause */
/* config/address.c - MAC and IP addresses
 *
 * Refuses addresses that are not one host's (groups, broadcast, "any"), and
 * host names: the file must mean the same without a name service.
 */
#include <arpa/inet.h>
#include <glib.h>
#include <netinet/in.h>
#include <string.h>

#include "config/value.h"

bool
ham_value_mac(const char *text, uint8_t mac[static 6])
{
	uint8_t bytes[6];
	unsigned int any = 0;

	if (strlen(text) != 17)
		return false;
	for (int i = 0; i < 6; i++) {
		int high = g_ascii_xdigit_value(text[3 * i]);
		int low = g_ascii_xdigit_value(text[3 * i + 1]);

		if (high < 0 || low < 0 || (i < 5 && text[3 * i + 2] != ':'))
			return false;
		bytes[i] = (uint8_t)(high << 4 | low);
		any |= bytes[i];
	}
	if (!any || bytes[0] & 1)
		return false;
	memcpy(mac, bytes, sizeof(bytes));
	return true;
}

static bool
usable4(const struct in_addr *in)
{
	uint32_t a = ntohl(in->s_addr);

	/* 0/8 this network, 127/8 this host, 224/4 groups, 240/4 reserved */
	return a >> 24 != 0 && a >> 24 != 127 && a < 0xe0000000;
}

static bool
usable6(const struct in6_addr *in, enum ham_address_use use)
{
	if (IN6_IS_ADDR_UNSPECIFIED(in) || IN6_IS_ADDR_LOOPBACK(in) ||
	    IN6_IS_ADDR_MULTICAST(in) || IN6_IS_ADDR_V4MAPPED(in))
		return false;
	/* link-local needs an interface's name beside it to be connected to */
	return use == HAM_ADDRESS_PORT || !IN6_IS_ADDR_LINKLOCAL(in);
}

char *
ham_value_address(const char *text, enum ham_address_use use)
{
	char out[INET6_ADDRSTRLEN];
	struct in_addr in4;
	struct in6_addr in6;
	int family;
	const void *in;

	if (inet_pton(AF_INET, text, &in4) == 1 && usable4(&in4)) {
		family = AF_INET;
		in = &in4;
	} else if (inet_pton(AF_INET6, text, &in6) == 1 && usable6(&in6, use)) {
		family = AF_INET6;
		in = &in6;
	} else {
		return NULL;
	}
	return g_strdup(inet_ntop(family, in, out, sizeof(out)));
}
