/* SPDX-License-Identifier: BSD-3-Clause */
/* netmigrate/bpf.c - see bpf.h */
#include "netmigrate/bpf.h"

#include "netmigrate/learn.h"

void
ham_bpf_add(struct ham_bpf *p, unsigned int code, unsigned int if_true,
	    unsigned int if_false, uint32_t k)
{
	g_assert(p->n < p->room);
	p->code[p->n++] = (struct sock_filter){(uint16_t)code, (uint8_t)if_true,
					       (uint8_t)if_false, k};
}

void
ham_bpf_load(struct ham_bpf *p, unsigned int size, uint32_t k)
{
	ham_bpf_add(p, BPF_LD | BPF_ABS | size, 0, 0, k);
}

void
ham_bpf_drop(struct ham_bpf *p)
{
	ham_bpf_add(p, BPF_RET | BPF_K, 0, 0, 0);
}

void
ham_bpf_pass(struct ham_bpf *p)
{
	ham_bpf_add(p, BPF_RET | BPF_K, 0, 0, HAM_NET_HEAR_LEN);
}

void
ham_bpf_need(struct ham_bpf *p, uint32_t k)
{
	ham_bpf_add(p, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, k);
	ham_bpf_drop(p);
}

void
ham_bpf_pass_if(struct ham_bpf *p, uint32_t k)
{
	ham_bpf_add(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, k);
	ham_bpf_pass(p);
}

unsigned int
ham_bpf_only_if(struct ham_bpf *p, uint32_t k)
{
	ham_bpf_add(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, k);
	return p->n;
}

void
ham_bpf_land(struct ham_bpf *p, unsigned int from)
{
	g_assert(p->n - from <= UINT8_MAX);
	p->code[from - 1].jf = (uint8_t)(p->n - from);
}

uint32_t
ham_bpf_get32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
	       (uint32_t)at[2] << 8 | at[3];
}
