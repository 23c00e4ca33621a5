/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/fuzz/fuzz_netlink.c - any bytes as the kernel's answers about links
 *
 * Byte 0 chooses what netmigrate asks; then come the datagrams it gets back,
 * each behind two bytes of length, one a read.  The linker puts nl_connect()
 * of this file in the place of libnl's, so that all above the socket is run
 * as it is and no kernel is asked.  A message whose sequence number is 0 gets
 * the one that is waited for, or no answer would ever fit.
 */
#include <glib.h>
#include <netlink/handlers.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <stdlib.h>
#include <string.h>

#include "netmigrate/link.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/reader.h"

enum {
	INDEX = 7,
	CALLS = 8,
	READS = 64, /* of one input, at most */
};

static struct fuzz_reader replies;
static unsigned int reads;
static uint32_t asked;

/* Under the name that `-Wl,--wrap=nl_connect` gives it. */
int __wrap_nl_connect(struct nl_sock *sock, int protocol);

static int
take_question(struct nl_sock *sock, struct nl_msg *msg)
{
	(void)sock;
	asked = nlmsg_hdr(msg)->nlmsg_seq;
	return (int)nlmsg_hdr(msg)->nlmsg_len;
}

static void
number_messages(uint8_t *bytes, int len)
{
	struct nlmsghdr *at = (struct nlmsghdr *)(void *)bytes;

	while (nlmsg_ok(at, len)) {
		if (at->nlmsg_seq == 0)
			at->nlmsg_seq = asked;
		at = nlmsg_next(at, &len);
	}
}

static int
give_reply(struct nl_sock *sock, struct sockaddr_nl *from, unsigned char **out,
	   struct ucred **who)
{
	size_t len = fuzz_u16(&replies);
	const uint8_t *bytes = fuzz_bytes(&replies, &len);

	(void)sock;
	(void)who;
	if (len == 0 || ++reads > READS)
		return -NLE_BAD_SOCK; /* 0 would be "nothing yet" */
	memset(from, 0, sizeof(*from));
	from->nl_family = AF_NETLINK;
	*out = malloc(len); /* libnl frees it */
	g_assert(*out);
	memcpy(*out, bytes, len);
	number_messages(*out, (int)len);
	return (int)len;
}

int
__wrap_nl_connect(struct nl_sock *sock, int protocol)
{
	struct nl_cb *cb = nl_socket_get_cb(sock);

	g_assert(protocol == NETLINK_ROUTE);
	nl_cb_overwrite_send(cb, take_question);
	nl_cb_overwrite_recv(cb, give_reply);
	nl_cb_put(cb);
	return 0;
}

static bool
ask(unsigned int call, GError **error)
{
	static const uint8_t mac[6] = {0x52, 0x54, 0, 1, 2, 3};
	const struct ham_link tap = {.kind = HAM_LINK_TAP, .index = INDEX};
	const struct ham_link bridge = {
		.kind = HAM_LINK_BRIDGE, .index = INDEX + 1, .mtu = 1500};
	g_autoptr(GArray) ports = NULL;
	struct ham_link out;
	bool ok;

	switch (call) {
	case 0:
	case 1:
		ok = ham_link_get(call ? NULL : "tap0", INDEX, &out, error);
		g_assert(!ok || out.kind <= HAM_LINK_OTHER);
		g_assert(!ok || !out.ours || out.kind == HAM_LINK_BRIDGE);
		return ok;
	case 2:
		return ham_link_make_bridge("br0", 1500, "hamd eth0 up", error);
	case 3:
		return ham_link_enslave("tap0", &tap, mac, "br0", &bridge,
					error);
	case 4:
	case 5:
		return ham_link_set_up("tap0", INDEX, call == 5, error);
	case 6:
		return ham_link_delete_tap("tap0", INDEX, error);
	default:
		ports = ham_link_ports("br0", INDEX + 1, error);
		return ports != NULL;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct fuzz_reader in = {data, len};
	unsigned int call = fuzz_u8(&in) % CALLS;
	g_autoptr(GError) error = NULL;
	bool ok;

	replies = in;
	reads = 0;
	ok = ask(call, &error);
	g_assert(ok == (error == NULL));
	if (error)
		g_assert(g_utf8_validate(error->message, -1, NULL));
	return 0;
}
