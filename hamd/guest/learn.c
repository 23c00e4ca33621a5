/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/guest/learn.c - the addresses that a guest's ports were heard using
 *
 * Each port has a learner (netmigrate.h) as long as it is here.  S sends what
 * it knows with CAPTURED, D takes it in before its port comes up: both announce
 * what they know then.  What is known is kept in a file beside the guest's
 * state, for a hamd that is restarted.  A port without a learner costs
 * announcements of addresses that the cluster file does not name, and nothing
 * else.
 */
#include <string.h>
#include <unistd.h>

#include "hamd/guest/vm.h"

#define HAM_LOG_TAG "guest"
#include "hamd/base/clock.h"
#include "hamd/base/error.h"
#include "hamd/base/fd.h"
#include "hamd/base/log.h"

enum {
	HEAD = 3, /* of a port: its number, and a length */
	/* The file's ages are of its writing: an address that is in use all the
	 * time is not to look old. */
	KEEP_AGAIN_US = 600 * 1000000,
};

/* ---- the file: the time of its writing, then as ham_learn_write() ---- */

static char *
path_of(const struct ham_vm *vm)
{
	return g_build_filename(vm->dir, HAM_LEARN_FILE, NULL);
}

static int
by_text(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What is known of all ports, whenever it was heard: to tell whether it is what
 * was kept. */
static char *
known(const struct ham_vm *vm)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < vm->learners->len; i++) {
		ham_net_learner *learner = g_ptr_array_index(vm->learners, i);
		g_auto(GStrv) list =
			learner ? ham_net_learner_list(learner, ham_clock_us())
				: NULL;

		if (!list)
			continue;
		qsort(list, g_strv_length(list), sizeof(*list), by_text);
		for (char **a = list; *a; a++)
			g_string_append_printf(text, "%u %s\n", i, *a);
	}
	return g_string_free(text, FALSE);
}

void
ham_learn_keep(struct ham_vm *vm)
{
	int64_t now = ham_clock_us();
	g_autofree char *text = known(vm);
	g_autofree char *path = path_of(vm);
	g_autoptr(GError) error = NULL;
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	struct ham_blob blob;

	if (g_strcmp0(text, vm->kept) == 0 && now - vm->kept_us < KEEP_AGAIN_US)
		return;
	ham_learn_write(vm, &blob);
	g_byte_array_append(bytes, (const guint8 *)&now, sizeof(now));
	g_byte_array_append(bytes, blob.bytes, blob.len);
	if (!ham_write_file(path, (const char *)bytes->data, bytes->len,
			    &error))
		ham_warn("%s: %s", vm->name, error->message);
	g_free(vm->kept);
	vm->kept = g_steal_pointer(&text);
	vm->kept_us = now;
}

static void
take_kept(struct ham_vm *vm)
{
	g_autofree char *path = path_of(vm);
	g_autofree char *bytes = NULL;
	struct ham_blob blob = {0};
	int64_t then;
	gsize len = 0;

	if (!g_file_get_contents(path, &bytes, &len, NULL))
		return;
	if (len < sizeof(then) || len - sizeof(then) > sizeof(blob.bytes)) {
		ham_warn("%s: %s is damaged: what its ports used is not known",
			 vm->name, path);
		return;
	}
	memcpy(&then, bytes, sizeof(then));
	blob.len = (uint16_t)(len - sizeof(then));
	memcpy(blob.bytes, bytes + sizeof(then), blob.len);
	ham_learn_read(vm, &blob, CLAMP(then, 0, ham_clock_us()));
}

/* ---- listening ---- */

static gboolean
listen_all(gpointer data)
{
	struct ham_vm *vm = data;

	for (guint i = 0; i < vm->learners->len; i++)
		if (g_ptr_array_index(vm->learners, i))
			(void)ham_net_learner_drain(
				g_ptr_array_index(vm->learners, i),
				ham_clock_us());
	/* D's has no file before it runs */
	if (vm->role == HAM_ROLE_OWNER)
		ham_learn_keep(vm);
	return G_SOURCE_CONTINUE;
}

static void
open_all(struct ham_vm *vm)
{
	ham_learn_close(vm);
	for (guint i = 0; vm->conf && i < vm->conf->ports->len; i++) {
		const struct ham_conf_port *port =
			g_ptr_array_index(vm->conf->ports, i);
		g_autofree char *name = ham_port_ifname(vm, i);
		g_autoptr(GError) error = NULL;
		ham_net_learner *learner =
			ham_net_learner_open(name, port->mac, &error);

		if (!learner)
			ham_warn("%s: what it uses on %s is not learnt: %s",
				 vm->name, name, error->message);
		g_ptr_array_add(vm->learners, learner);
	}
	if (vm->learners->len)
		vm->listening = g_timeout_add_seconds(1, listen_all, vm);
}

void
ham_learn_open(struct ham_vm *vm)
{
	g_autofree char *path = path_of(vm);

	unlink(path); /* of another life of the guest here */
	open_all(vm);
}

void
ham_learn_adopt(struct ham_vm *vm)
{
	open_all(vm);
	take_kept(vm);
}

void
ham_learn_close(struct ham_vm *vm)
{
	g_clear_handle_id(&vm->listening, g_source_remove);
	g_clear_pointer(&vm->kept, g_free);
	g_ptr_array_set_size(vm->learners, 0);
}

static ham_net_learner *
drained(struct ham_vm *vm, guint i)
{
	ham_net_learner *learner = i < vm->learners->len
					   ? g_ptr_array_index(vm->learners, i)
					   : NULL;

	if (learner)
		(void)ham_net_learner_drain(learner, ham_clock_us());
	return learner;
}

void
ham_learn_refresh(struct ham_vm *vm, ham_net_port *port, guint i)
{
	ham_net_learner *learner = drained(vm, i);
	g_auto(GStrv) addresses = NULL;
	g_autoptr(GError) error = NULL;

	if (!learner)
		return;
	addresses = ham_net_learner_list(learner, ham_clock_us());
	if (!ham_net_port_announce_also(port, addresses, &error))
		ham_warn("%s: %s", vm->name, error->message);
}

char **
ham_learn_list(struct ham_vm *vm, guint i)
{
	const struct ham_conf_port *port =
		g_ptr_array_index(vm->conf->ports, i);
	ham_net_learner *learner = drained(vm, i);
	g_auto(GStrv) learnt =
		learner ? ham_net_learner_list(learner, ham_clock_us()) : NULL;
	GStrvBuilder *all = g_strv_builder_new();
	char **list;

	for (char **a = port->addresses; a && *a; a++)
		g_strv_builder_add(all, *a);
	for (char **a = learnt; a && *a; a++)
		if (!port->addresses ||
		    !g_strv_contains((const char *const *)port->addresses, *a))
			g_strv_builder_add(all, *a);
	list = g_strv_builder_end(all);
	g_strv_builder_unref(all);
	return list;
}

void
ham_learn_write(struct ham_vm *vm, struct ham_blob *out)
{
	uint8_t bytes[HAM_NET_LEARNT_EXPORT_MAX];

	out->len = 0;
	for (guint i = 0; i < vm->learners->len; i++) {
		ham_net_learner *learner = drained(vm, i);
		uint8_t *at = out->bytes + out->len;
		size_t len = learner ? ham_net_learner_export(
					       learner, ham_clock_us(), bytes)
				     : 0;

		if (!len || out->len + HEAD + len > sizeof(out->bytes))
			continue;
		at[0] = (uint8_t)i;
		at[1] = (uint8_t)(len >> 8);
		at[2] = (uint8_t)len;
		memcpy(at + HEAD, bytes, len);
		out->len = (uint16_t)(out->len + HEAD + len);
	}
}

void
ham_learn_read(struct ham_vm *vm, const struct ham_blob *blob, int64_t then_us)
{
	const uint8_t *at = blob->bytes;
	size_t left = blob->len;

	while (left >= HEAD) {
		size_t len = (size_t)at[1] << 8 | at[2];
		ham_net_learner *learner =
			at[0] < vm->learners->len
				? g_ptr_array_index(vm->learners, at[0])
				: NULL;
		g_autoptr(GError) error = NULL;

		if (len > left - HEAD)
			break;
		if (learner && !ham_net_learner_import(learner, at + HEAD, len,
						       then_us, &error))
			ham_warn("%s: what it used on port %d: %s", vm->name,
				 at[0], error->message);
		at += HEAD + len;
		left -= HEAD + len;
	}
	if (left)
		ham_warn("%s: what its ports used was cut short", vm->name);
}
