/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/bpf_run.h - runs a classic BPF program over a frame
 *
 * The instructions that netmigrate's filters have a use for, as the kernel
 * runs them for a packet socket (Documentation/networking/filter.rst):
 * a load from past the end drops the frame.  An instruction that is not known
 * here, or a jump out of the program, is a bug and aborts.
 */
#ifndef BPF_RUN_H
#define BPF_RUN_H

#include <glib.h>
#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

struct bpf_packet {
	const uint8_t *bytes;
	size_t len;
	uint8_t type;	  /* PACKET_OUTGOING etc. */
	uint8_t vlan_tag; /* 1: one was taken off */
	uint16_t tci;	  /* that one: priority and VLAN */
};

/* -1: it is not all there. */
static inline int64_t
bpf_load(const struct bpf_packet *packet, uint32_t at, unsigned int size)
{
	size_t n = size == BPF_W ? 4 : size == BPF_H ? 2 : 1;
	int64_t value = 0;

	if (at == (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE))
		return packet->type;
	if (at == (uint32_t)(SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT))
		return packet->vlan_tag;
	if (at == (uint32_t)(SKF_AD_OFF + SKF_AD_VLAN_TAG))
		return packet->tci;
	if (at > packet->len || n > packet->len - at)
		return -1;
	for (size_t i = 0; i < n; i++)
		value = value << 8 | packet->bytes[at + i];
	return value;
}

/* How many bytes pass; 0: the frame is dropped. */
static inline uint32_t
bpf_run(const struct sock_filter *code, unsigned int n,
	const struct bpf_packet *packet)
{
	int64_t a = 0, x = 0;

	for (unsigned int pc = 0; pc < n; pc++) {
		const struct sock_filter *op = &code[pc];
		unsigned int size = BPF_SIZE(op->code);

		switch (op->code) {
		case BPF_LD | BPF_ABS | BPF_B:
		case BPF_LD | BPF_ABS | BPF_H:
		case BPF_LD | BPF_ABS | BPF_W:
			a = bpf_load(packet, op->k, size);
			break;
		case BPF_LD | BPF_IND | BPF_H:
			a = bpf_load(packet, (uint32_t)x + op->k, size);
			break;
		case BPF_LDX | BPF_MSH | BPF_B:
			x = bpf_load(packet, op->k, BPF_B);
			x = x < 0 ? x : (x & 15) * 4;
			break;
		case BPF_MISC | BPF_TAX:
			x = a;
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a = a < 0 ? a : a & op->k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			pc += a == op->k ? op->jt : op->jf;
			break;
		case BPF_JMP | BPF_JEQ | BPF_X:
			pc += a == x ? op->jt : op->jf;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			pc += a & op->k ? op->jt : op->jf;
			break;
		case BPF_RET | BPF_K:
			return op->k;
		default:
			g_error("instruction %u: 0x%x", pc, op->code);
		}
		if (a < 0 || x < 0)
			return 0;
	}
	g_error("the program has no end");
}

#endif
