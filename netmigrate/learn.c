/* SPDX-License-Identifier: BSD-3-Clause */
/* netmigrate/learn.c - listens on a guest's tap for the addresses it uses
 *
 * A packet socket with a filter that lets little through (learn_filter.c),
 * read by the caller's timer: no frame ever wakes the loop.  The filter is
 * attached before the socket is bound, so no frame gets in beside it, and
 * again whenever the IPv4 addresses in it have changed.  All protocols are
 * asked for: a socket for one of them sees neither what a bridge takes off its
 * port nor what goes out.
 *
 * Refuses nothing the network says: what is wrong with a frame is hear.c's to
 * judge.
 */
#include "netmigrate/netmigrate.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hamd/base/error.h"
#include "hamd/base/fd.h"
#include "netmigrate/learn.h"
#include "netmigrate/link.h"

enum {
	RECEIVE_BUFFER = 64 * 1024,
};

struct ham_net_learner {
	int fd;
	struct ham_net_learnt table;
	struct sock_filter filter[HAM_NET_FILTER_MAX]; /* as attached */
	unsigned int filter_len;
};

/* Replaces the filter, in one step, if the table asks for another. */
static int
attach_filter(ham_net_learner *learner)
{
	struct sock_filter filter[HAM_NET_FILTER_MAX];
	struct sock_fprog program = {.filter = filter};
	size_t size;

	program.len =
		(unsigned short)ham_net_learnt_filter(&learner->table, filter);
	size = program.len * sizeof(filter[0]);
	if (program.len == learner->filter_len &&
	    memcmp(filter, learner->filter, size) == 0)
		return 0;
	if (setsockopt(learner->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program,
		       sizeof(program)) != 0)
		return -errno;
	memcpy(learner->filter, filter, size);
	learner->filter_len = program.len;
	return 0;
}

/* On a tap that is down it succeeds, and the kernel binds it again with each
 * time that the tap comes up. */
static int
listen_on(ham_net_learner *learner, int index)
{
	struct sockaddr_ll where = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = index,
	};
	int size = RECEIVE_BUFFER;
	int err;

	/* of no protocol: nothing comes before it is bound */
	learner->fd =
		socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (learner->fd < 0)
		return -errno;
	err = attach_filter(learner);
	if (err < 0)
		return err;
	if (setsockopt(learner->fd, SOL_SOCKET, SO_RCVBUF, &size,
		       sizeof(size)) != 0 ||
	    bind(learner->fd, (const struct sockaddr *)&where, sizeof(where)) !=
		    0)
		return -errno;
	return 0;
}

ham_net_learner *
ham_net_learner_open(const char *ifname, const uint8_t mac[6], GError **error)
{
	g_autoptr(ham_net_learner) learner = NULL;
	struct ham_link tap;
	int err;

	if (!ham_link_get(ifname, 0, &tap, error))
		return NULL;
	if (tap.kind != HAM_LINK_TAP) {
		g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED, "%s '%s'",
			    tap.kind == HAM_LINK_ABSENT ? "there is no tap"
							: "not a tap:",
			    ifname);
		return NULL;
	}
	learner = g_new0(ham_net_learner, 1);
	learner->fd = -1;
	ham_net_learnt_init(&learner->table, mac);
	err = listen_on(learner, tap.index);
	if (err < 0) {
		ham_error_errno(error, -err, "cannot listen on tap '%s'",
				ifname);
		return NULL;
	}
	return g_steal_pointer(&learner);
}

unsigned int
ham_net_learner_drain(ham_net_learner *learner, int64_t now_us)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < HAM_NET_LEARNER_DRAIN_MAX; i++) {
		uint8_t bytes[HAM_NET_HEAR_LEN];
		struct sockaddr_ll from;
		socklen_t from_len = sizeof(from);
		ssize_t len = recvfrom(learner->fd, bytes, sizeof(bytes), 0,
				       (struct sockaddr *)&from, &from_len);

		/* said once each time that the tap went down, or was down as
		 * the socket was bound; frames may wait behind it */
		if (len < 0 && errno == ENETDOWN)
			continue;
		if (len < 0)
			break;
		ham_net_learnt_frame(&learner->table, bytes, (size_t)len,
				     from.sll_pkttype != PACKET_OUTGOING,
				     now_us);
		n++;
	}
	/* if it fails the old one stays, and the next call tries again */
	(void)attach_filter(learner);
	return n;
}

char **
ham_net_learner_list(const ham_net_learner *learner, int64_t now_us)
{
	return ham_net_learnt_list(&learner->table, now_us);
}

size_t
ham_net_learner_export(const ham_net_learner *learner, int64_t now_us,
		       uint8_t out[HAM_NET_LEARNT_EXPORT_MAX])
{
	return ham_net_learnt_export(&learner->table, now_us, out);
}

bool
ham_net_learner_import(ham_net_learner *learner, const uint8_t *bytes,
		       size_t len, int64_t now_us, GError **error)
{
	if (!ham_net_learnt_import(&learner->table, bytes, len, now_us, error))
		return false;
	(void)attach_filter(learner);
	return true;
}

void
ham_net_learner_free(ham_net_learner *learner)
{
	if (!learner)
		return;
	ham_clear_fd_aside(&learner->fd);
	g_free(learner);
}
