/* SPDX-License-Identifier: BSD-3-Clause */
/* netmigrate/bpf.h - writes a classic BPF program for a packet socket
 *
 * Inside this folder only.  What filters of ARP and neighbour discovery have in
 * common: places in a frame, and the few kinds of step that they are made of.
 * Pure.  Refuses to write behind the end, or a jump that is too long: a bug.
 */
#ifndef HAM_NET_BPF_H
#define HAM_NET_BPF_H

#include <linux/filter.h>
#include <stdint.h>

/* Places in an Ethernet frame; in IPv6 and ARP nothing moves them. */
enum {
	AT_SOURCE = 6,
	AT_TYPE = 12,
	AT_BODY = 14,

	AT_ARP_OP = AT_BODY + 6,
	AT_ARP_SENDER = AT_BODY + 14,
	AT_ARP_TARGET = AT_BODY + 24,
	AT_IPV6_NEXT = AT_BODY + 6,
	AT_ICMPV6_TYPE = AT_BODY + 40,
	AT_ND_TARGET = AT_ICMPV6_TYPE + 8,
	AT_IPV4_FRAGMENT = AT_BODY + 6,
	AT_IPV4_PROTOCOL = AT_BODY + 9,
};

struct ham_bpf {
	struct sock_filter *code; /* the caller's */
	unsigned int room;
	unsigned int n;
};

void ham_bpf_add(struct ham_bpf *p, unsigned int code, unsigned int if_true,
		 unsigned int if_false, uint32_t k);

/* BPF_B, BPF_H or BPF_W at `k` into the accumulator; past the frame's end the
 * kernel drops the frame. */
void ham_bpf_load(struct ham_bpf *p, unsigned int size, uint32_t k);

/* Lets the frame pass, as much of it as HAM_NET_HEAR_LEN. */
void ham_bpf_pass(struct ham_bpf *p);
void ham_bpf_drop(struct ham_bpf *p);

/* Drops the frame unless the accumulator is `k`. */
void ham_bpf_need(struct ham_bpf *p, uint32_t k);

/* Lets the frame pass if the accumulator is `k`. */
void ham_bpf_pass_if(struct ham_bpf *p, uint32_t k);

/* What follows, up to ham_bpf_land() with what this returns, is skipped unless
 * the accumulator is `k`. */
unsigned int ham_bpf_only_if(struct ham_bpf *p, uint32_t k);
void ham_bpf_land(struct ham_bpf *p, unsigned int from);

/* As BPF_W loads it. */
uint32_t ham_bpf_get32(const uint8_t *at);

#endif
