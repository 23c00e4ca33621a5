/* SPDX-License-Identifier: BSD-3-Clause */
/* fence/fence_plan.c - see fence.h */
#include "fence/fence.h"

#include <stdbool.h>
#include <string.h>

bool
ham_fence_is_power(const struct ham_fence_device *device)
{
	return strcmp(device->agent, "watchdog") != 0;
}

GPtrArray *
ham_fence_order(const char *node, const struct ham_fence_device *devices,
		size_t n)
{
	GPtrArray *order = g_ptr_array_new();

	for (size_t i = 0; i < n; i++) {
		const struct ham_fence_device *new = &devices[i];
		guint at = order->len;

		if (strcmp(new->node, node) != 0)
			continue;
		/* behind all of its own level and of lower ones */
		while (at > 0) {
			const struct ham_fence_device *before =
				g_ptr_array_index(order, at - 1);

			if (before->level <= new->level)
				break;
			at--;
		}
		g_ptr_array_insert(order, (gint)at, (gpointer) new);
	}
	return order;
}

GPtrArray *
ham_fence_power_order(const char *node, const struct ham_fence_device *devices,
		      size_t n)
{
	GPtrArray *order = ham_fence_order(node, devices, n);

	for (guint i = order->len; i-- > 0;)
		if (!ham_fence_is_power(g_ptr_array_index(order, i)))
			g_ptr_array_remove_index(order, i);
	return order;
}

static bool
any_power(const GPtrArray *order)
{
	for (guint i = 0; i < order->len; i++)
		if (ham_fence_is_power(g_ptr_array_index(order, i)))
			return true;
	return false;
}

char *
ham_fence_wanted_text(const char *node, const struct ham_fence_device *devices,
		      size_t n)
{
	g_autoptr(GPtrArray) order = ham_fence_order(node, devices, n);
	GString *text = g_string_new(NULL);

	g_string_printf(text, "waits for proof that %s is dead: ", node);
	for (guint i = 0; i < order->len; i++) {
		const struct ham_fence_device *d = g_ptr_array_index(order, i);
		const struct ham_fence_device *before =
			i ? g_ptr_array_index(order, i - 1) : d;

		/* a level's devices must all succeed, the next one is asked
		 * only where they do not */
		if (i)
			g_string_append(text, before->level == d->level
						      ? " and "
						      : ", else ");
		g_string_append_printf(text, "device %s (%s)", d->name,
				       d->agent);
	}
	if (order->len == 0)
		g_string_append(text, "no fence device is configured for it");
	if (!any_power(order))
		g_string_append_printf(text,
				       "; else power %s off, see that it is, "
				       "then: hamctl fence confirm-off %s",
				       node, node);
	return g_string_free(text, false);
}
