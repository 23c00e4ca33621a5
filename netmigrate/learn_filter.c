/* SPDX-License-Identifier: BSD-3-Clause */
/* netmigrate/learn_filter.c - what the kernel shows us of a guest's frames
 *
 * Classic BPF for a packet socket.  Lets through all that could change the
 * table, and of the rest as little as can be told here: hear.c looks again.
 * Another's ARP request is wanted only if it comes from an address in the
 * table, which is why the program has those in it: on a large network there
 * are hundreds of others a second.
 *
 * Pure.  Refuses frames whose VLAN tag the kernel has taken off before the
 * filter sees them; without that check they would look untagged.
 */
#include "netmigrate/learn.h"

#include <linux/if_packet.h>

#include "netmigrate/bpf.h"

static void
from_guest(struct ham_bpf *p, const uint8_t mac[6])
{
	unsigned int skip;

	ham_bpf_load(p, BPF_W, AT_SOURCE);
	ham_bpf_need(p, ham_bpf_get32(mac));
	ham_bpf_load(p, BPF_H, AT_SOURCE + 4);
	ham_bpf_need(p, (uint32_t)mac[4] << 8 | mac[5]);
	ham_bpf_load(p, BPF_H, AT_TYPE);
	ham_bpf_pass_if(p, 0x0806);
	skip = ham_bpf_only_if(p, 0x86dd);
	ham_bpf_load(p, BPF_B, AT_IPV6_NEXT);
	ham_bpf_need(p, 58);
	ham_bpf_load(p, BPF_B, AT_ICMPV6_TYPE);
	ham_bpf_pass_if(p, 135);
	ham_bpf_pass_if(p, 136);
	ham_bpf_land(p, skip);
	ham_bpf_drop(p);
}

/* An answer, an announcement, or anything from an address in the table. */
static void
arp_to_guest(struct ham_bpf *p, const struct ham_net_learnt *table)
{
	ham_bpf_load(p, BPF_H, AT_ARP_OP);
	ham_bpf_pass_if(p, 2);
	ham_bpf_load(p, BPF_W, AT_ARP_TARGET);
	ham_bpf_add(p, BPF_MISC | BPF_TAX, 0, 0, 0);
	ham_bpf_load(p, BPF_W, AT_ARP_SENDER);
	ham_bpf_add(p, BPF_JMP | BPF_JEQ | BPF_X, 0, 1, 0);
	ham_bpf_pass(p);
	for (unsigned int i = 0; i < table->n; i++)
		if (table->entries[i].address.len == 4)
			ham_bpf_pass_if(
				p,
				ham_bpf_get32(table->entries[i].address.bytes));
	ham_bpf_drop(p);
}

static void
dhcp_to_guest(struct ham_bpf *p)
{
	ham_bpf_load(p, BPF_B, AT_IPV4_PROTOCOL);
	ham_bpf_need(p, 17);
	ham_bpf_load(p, BPF_H, AT_IPV4_FRAGMENT);
	ham_bpf_add(p, BPF_JMP | BPF_JSET | BPF_K, 0, 1, 0x3fff);
	ham_bpf_drop(p);
	/* X: the length of the IPv4 header */
	ham_bpf_add(p, BPF_LDX | BPF_MSH | BPF_B, 0, 0, AT_BODY);
	ham_bpf_add(p, BPF_LD | BPF_IND | BPF_H, 0, 0, AT_BODY);
	ham_bpf_need(p, 67);
	ham_bpf_add(p, BPF_LD | BPF_IND | BPF_H, 0, 0, AT_BODY + 2);
	ham_bpf_pass_if(p, 68);
	ham_bpf_drop(p);
}

static void
to_guest(struct ham_bpf *p, const struct ham_net_learnt *table)
{
	unsigned int skip;

	ham_bpf_load(p, BPF_H, AT_TYPE);
	skip = ham_bpf_only_if(p, 0x0806);
	arp_to_guest(p, table);
	ham_bpf_land(p, skip);
	skip = ham_bpf_only_if(p, 0x0800);
	dhcp_to_guest(p);
	ham_bpf_land(p, skip);
	ham_bpf_need(p, 0x86dd);
	ham_bpf_load(p, BPF_B, AT_IPV6_NEXT);
	ham_bpf_need(p, 58);
	ham_bpf_load(p, BPF_B, AT_ICMPV6_TYPE);
	ham_bpf_pass_if(p, 136);
	ham_bpf_drop(p);
}

unsigned int
ham_net_learnt_filter(const struct ham_net_learnt *table,
		      struct sock_filter out[HAM_NET_FILTER_MAX])
{
	struct ham_bpf p = {.code = out, .room = HAM_NET_FILTER_MAX};
	unsigned int skip;

	ham_bpf_load(&p, BPF_B,
		     (uint32_t)(SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT));
	ham_bpf_need(&p, 0);
	ham_bpf_load(&p, BPF_B, (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE));
	skip = ham_bpf_only_if(&p, PACKET_OUTGOING);
	to_guest(&p, table);
	ham_bpf_land(&p, skip);
	from_guest(&p, table->mac);
	return p.n;
}
