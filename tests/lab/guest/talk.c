/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/lab/guest/talk.c - see talk.h */
#include "talk.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum {
	PORT_DISCARD = 9
};

static unsigned int pace_ms;
static uint32_t boot;

static void *
talk(void *unused)
{
	static const char by[] = "eth0"; /* no route leads to a broadcast */
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(PORT_DISCARD),
				 .sin_addr.s_addr = htonl(INADDR_BROADCAST)};
	struct timespec pace = {.tv_sec = pace_ms / 1000,
				.tv_nsec = (long)(pace_ms % 1000) * 1000000};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint64_t number = 1;
	int on = 1;

	(void)unused;
	(void)setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on));
	(void)setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, by, sizeof(by));
	for (;;) {
		char text[48];
		int len = snprintf(text, sizeof(text),
				   "talk %" PRIu64 " %08" PRIx32, number, boot);

		if (sendto(fd, text, (size_t)len, 0,
			   (const struct sockaddr *)&to, sizeof(to)) == len)
			number++;
		clock_nanosleep(CLOCK_MONOTONIC, 0, &pace, NULL);
	}
	return NULL;
}

bool
talk_begin(unsigned int every_ms, uint32_t boot_id)
{
	pthread_t thread;

	pace_ms = every_ms;
	boot = boot_id;
	return pthread_create(&thread, NULL, talk, NULL) == 0;
}
