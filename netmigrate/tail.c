/* SPDX-License-Identifier: BSD-3-Clause */
/* netmigrate/tail.c - when a guest's last frame left its port
 *
 * Two packet sockets that keep one byte of each frame that the guest sends, and
 * the kernel's time of it: one up to its stop, which is read only where nothing
 * came after that, one from then on.  Open for the time around a guest's stop
 * only: it costs the kernel some memory a frame, and the reader a system call.
 * Refuses to guess: where the buffer has overrun, the last frame is not known.
 */
#include "netmigrate/netmigrate.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "hamd/base/clock.h"
#include "hamd/base/error.h"
#include "hamd/base/fd.h"
#include "netmigrate/link.h"

enum {
	/* Some thousand frames: more than a port of 10 Gbit/s sends in the time
	 * that a guest takes to stop.  One that sends more before that sends in
	 * that time, too. */
	RECEIVE_BUFFER = 8 << 20,
	READ_MAX = 10000,
};

struct ham_net_tail {
	int before; /* the stop */
	int after;
};

static struct sock_filter nothing[] = {
	BPF_STMT(BPF_RET | BPF_K, 0),
};

/* What goes to the guest is dropped, of the rest a byte is kept.  (A filter
 * that keeps nothing drops the frame.) */
static struct sock_filter from_guest[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_PKTTYPE),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, 0),
	BPF_STMT(BPF_RET | BPF_K, 1),
};

static bool
keep(int fd, struct sock_filter *filter, unsigned short len)
{
	struct sock_fprog program = {.len = len, .filter = filter};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program,
			  sizeof(program)) == 0;
}

static bool
keep_nothing(int fd)
{
	return keep(fd, nothing, G_N_ELEMENTS(nothing));
}

static bool
keep_guests(int fd)
{
	return keep(fd, from_guest, G_N_ELEMENTS(from_guest));
}

/* It keeps nothing yet.  A descriptor, or -errno. */
static int
listen_on(int index)
{
	struct sockaddr_ll where = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = index,
	};
	int size = RECEIVE_BUFFER, on = 1, err;
	ham_autofd int fd =
		socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd >= 0 && keep_nothing(fd) &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) ==
		    0 &&
	    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) == 0 &&
	    bind(fd, (const struct sockaddr *)&where, sizeof(where)) == 0)
		return ham_steal_fd(&fd);
	err = -errno;
	return err;
}

ham_net_tail *
ham_net_tail_open(const char *ifname, GError **error)
{
	g_autoptr(ham_net_tail) tail = NULL;
	struct ham_link tap;
	int err = -ENODEV;

	if (!ham_link_get(ifname, 0, &tap, error))
		return NULL;
	tail = g_new0(ham_net_tail, 1);
	tail->before = tail->after = -1;
	if (tap.kind == HAM_LINK_TAP) {
		tail->before = listen_on(tap.index);
		tail->after = listen_on(tap.index);
		err = MIN(tail->before, tail->after);
	}
	if (err < 0 || !keep_guests(tail->before)) {
		ham_error_errno(error, err < 0 ? -err : errno,
				"cannot listen on tap '%s'", ifname);
		return NULL;
	}
	return g_steal_pointer(&tail);
}

bool
ham_net_tail_stop(ham_net_tail *tail)
{
	return keep_guests(tail->after) && keep_nothing(tail->before);
}

/* Of the wall clock, as the kernel stamps frames; 0: it has none. */
static int64_t
stamp_us(struct msghdr *message)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c;
	     c = CMSG_NXTHDR(message, c)) {
		struct timespec t;

		if (c->cmsg_level != SOL_SOCKET ||
		    c->cmsg_type != SCM_TIMESTAMPNS)
			continue;
		memcpy(&t, CMSG_DATA(c), sizeof(t));
		return t.tv_sec * G_USEC_PER_SEC + t.tv_nsec / 1000;
	}
	return 0;
}

static bool
has_overrun(int fd)
{
	struct tpacket_stats stats = {0};
	socklen_t len = sizeof(stats);

	return getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len) !=
		       0 ||
	       stats.tp_drops > 0;
}

/* Of the last frame that the socket has, 0: it has none.  False: it has more
 * than can be told. */
static bool
last_of(int fd, int64_t *out)
{
	int64_t last = 0;
	unsigned int n = 0;

	for (; n < READ_MAX; n++) {
		union {
			char bytes[CMSG_SPACE(sizeof(struct timespec))];
			struct cmsghdr align;
		} control;
		char byte;
		struct iovec part = {&byte, 1};
		struct msghdr message = {
			.msg_iov = &part,
			.msg_iovlen = 1,
			.msg_control = &control,
			.msg_controllen = sizeof(control),
		};

		if (recvmsg(fd, &message, 0) >= 0)
			last = MAX(last, stamp_us(&message));
		/* told once when the port goes down, before what was kept */
		else if (errno != ENETDOWN)
			break;
	}
	*out = last;
	return n < READ_MAX && !has_overrun(fd);
}

bool
ham_net_tail_last(const ham_net_tail *tail, int64_t *last_us)
{
	int64_t last;

	if (!last_of(tail->after, &last) ||
	    (!last && !last_of(tail->before, &last)) || !last)
		return false;
	*last_us = ham_clock_us() - (ham_clock_wall_us() - last);
	return true;
}

void
ham_net_tail_free(ham_net_tail *tail)
{
	if (!tail)
		return;
	ham_clear_fd_aside(&tail->before);
	ham_clear_fd_aside(&tail->after);
	g_free(tail);
}
