/* SPDX-License-Identifier: BSD-3-Clause */
/* netmigrate/probe.c - see probe.h */
#include "netmigrate/probe.h"

#include <linux/if_packet.h>
#include <stdio.h>
#include <string.h>

#include "hamd/base/error.h"
#include "netmigrate/bpf.h"

static bool
add_address(struct ham_net_probe *probe, const char *text, GError **error)
{
	struct ham_net_address address = {0};

	if (inet_pton(AF_INET, text, address.bytes) == 1)
		address.len = 4;
	else if (inet_pton(AF_INET6, text, address.bytes) == 1)
		address.len = 16;
	if (!ham_net_address_valid(&address)) {
		g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED,
			    "cannot ask for '%s': it is no IPv4 or IPv6 "
			    "address of a host",
			    text);
		return false;
	}
	if (probe->n == HAM_NET_PROBE_MAX) {
		g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED,
			    "cannot ask for '%s': at most %d addresses", text,
			    HAM_NET_PROBE_MAX);
		return false;
	}
	probe->asked[probe->n++] = address;
	return true;
}

bool
ham_net_probe_init(struct ham_net_probe *probe, const uint8_t *mac,
		   char **addresses, GError **error)
{
	memset(probe, 0, sizeof(*probe));
	probe->anyone = !mac;
	if (mac)
		memcpy(probe->mac, mac, sizeof(probe->mac));
	for (char **a = addresses; a && *a; a++)
		if (!add_address(probe, *a, error))
			return false;
	if (probe->n == 0)
		g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED,
			    "there is no address to ask for");
	return probe->n > 0;
}

size_t
ham_net_probe_ask(const struct ham_net_probe *probe, unsigned int i,
		  const uint8_t from[6], uint8_t out[HAM_NET_FRAME_MAX])
{
	const struct ham_net_address *address = &probe->asked[i];
	size_t len;

	g_assert(i < probe->n);
	if (address->len == 4 && !probe->has_own && !probe->anyone)
		return 0;
	len = address->len == 4
		      ? ham_net_frame_arp_request(
				out, from, probe->has_own ? probe->own : NULL,
				address->bytes)
		      : ham_net_frame_ns(out, from, address->bytes);
	return probe->vlan ? ham_net_frame_tag(out, len, probe->vlan) : len;
}

static bool
is_asked(const struct ham_net_probe *probe,
	 const struct ham_net_address *address)
{
	for (unsigned int i = 0; i < probe->n; i++)
		if (probe->asked[i].len == address->len &&
		    memcmp(probe->asked[i].bytes, address->bytes,
			   address->len) == 0)
			return true;
	return false;
}

void
ham_net_probe_hear(struct ham_net_probe *probe, const uint8_t *bytes,
		   size_t len, int64_t now_us)
{
	/* to a MAC that nobody has every holder is another, who claims */
	static const uint8_t nobody[6];
	struct ham_net_heard heard = ham_net_hear(nobody, bytes, len, false);
	const uint8_t *mac = heard.holder;
	char text[INET6_ADDRSTRLEN] = "";

	if (heard.kind != HAM_NET_HEARD_CLAIMED ||
	    !is_asked(probe, &heard.address))
		return;
	inet_ntop(heard.address.len == 4 ? AF_INET : AF_INET6,
		  heard.address.bytes, text, sizeof(text));
	if (probe->anyone || memcmp(mac, probe->mac, 6) == 0) {
		if (probe->answered[0])
			return;
		g_strlcpy(probe->answered, text, sizeof(probe->answered));
		probe->when_us = now_us;
	} else if (!probe->stranger[0]) {
		g_snprintf(probe->stranger, sizeof(probe->stranger),
			   "%s is at %02x:%02x:%02x:%02x:%02x:%02x", text,
			   mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
	}
}

/* The kernel has taken the tag off.  One of VLAN 0 has a priority alone (IEEE
 * 802.1Q), and counts as none. */
static void
need_vlan(struct ham_bpf *p, const struct ham_net_probe *probe)
{
	bool untagged = probe->untagged || !probe->vlan;
	unsigned int skip = 0;

	ham_bpf_load(p, BPF_B,
		     (uint32_t)(SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT));
	if (untagged)
		skip = ham_bpf_only_if(p, 1);
	else
		ham_bpf_need(p, 1);
	ham_bpf_load(p, BPF_H, (uint32_t)(SKF_AD_OFF + SKF_AD_VLAN_TAG));
	ham_bpf_add(p, BPF_ALU | BPF_AND | BPF_K, 0, 0, 0xfff);
	ham_bpf_need(p, probe->vlan);
	if (untagged)
		ham_bpf_land(p, skip);
}

/* Where `at` is one of the addresses of that length, by its last four bytes. */
static void
pass_asked(struct ham_bpf *p, const struct ham_net_probe *probe,
	   unsigned int at, uint8_t len)
{
	ham_bpf_load(p, BPF_W, at + len - 4u);
	for (unsigned int i = 0; i < probe->n; i++)
		if (probe->asked[i].len == len)
			ham_bpf_pass_if(p, ham_bpf_get32(probe->asked[i].bytes +
							 len - 4));
	ham_bpf_drop(p);
}

unsigned int
ham_net_probe_filter(const struct ham_net_probe *probe,
		     struct sock_filter out[HAM_NET_PROBE_FILTER_MAX])
{
	struct ham_bpf p = {.code = out, .room = HAM_NET_PROBE_FILTER_MAX};
	unsigned int skip;

	/* our own questions, and what else this node sends by the bridge */
	ham_bpf_load(&p, BPF_B, (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE));
	skip = ham_bpf_only_if(&p, PACKET_OUTGOING);
	ham_bpf_drop(&p);
	ham_bpf_land(&p, skip);
	need_vlan(&p, probe);
	ham_bpf_load(&p, BPF_H, AT_TYPE);
	skip = ham_bpf_only_if(&p, 0x0806);
	pass_asked(&p, probe, AT_ARP_SENDER, 4);
	ham_bpf_land(&p, skip);
	ham_bpf_need(&p, 0x86dd);
	ham_bpf_load(&p, BPF_B, AT_IPV6_NEXT);
	ham_bpf_need(&p, 58);
	ham_bpf_load(&p, BPF_B, AT_ICMPV6_TYPE);
	ham_bpf_need(&p, 136);
	pass_asked(&p, probe, AT_ND_TARGET, 16);
	return p.n;
}
