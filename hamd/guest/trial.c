/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/guest/trial.c - what a migration of a guest would meet here
 *
 * A destination looks at all that PREPARE checks, by the same functions; the
 * owner at its QEMU, its disks, and for a second at how much memory the guest
 * writes.  Answered with lines of text, "key value", within a few seconds and
 * in any case: what could not be found out is missing, or said by "error".
 *
 * Beside any flow.  Refuses to reserve, make, open for writing or keep
 * anything.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "hamd/base/clock.h"
#include "hamd/base/error.h"
#include "hamd/guest/knows.h"
#include "hamd/guest/vm.h"
#include "hamd/io/json.h"

#define HAM_LOG_TAG "guest"
#include "hamd/base/log.h"

enum {
	LIMIT_MS = 6000, /* the asker waits for 8 s */
	QMP_LIMIT_US = 2000000,
	POLL_MS = 50,
	SAMPLES = 16384,   /* pages in all that QEMU looks at */
	SAMPLES_MIN = 128, /* a GiB; QEMU's own limits */
	SAMPLES_MAX = 4096,
};

/* The short one tells what a pause is made of, the long one what a pass is. */
static const int spans_ms[] = {100, 1000};

struct ham_look {
	ham_guests *guests;
	struct ham_vm *vm;
	bool owner;
	uint64_t epoch;
	uint64_t txn;
	GString *text;
	unsigned int left; /* parts that are not through */
	bool told;	   /* only kept for what still points to it: */
	bool in_worker;
	unsigned int replies; /* that QEMU, by `qmp`, still owes */
	const ham_qmp *qmp;
	bool orphan;	   /* its hamd ends, and a worker has it */
	unsigned int span; /* which of spans_ms is measured */
	guint poll;
	guint limit;
};

static void say(struct ham_look *look, const char *format, ...)
	G_GNUC_PRINTF(2, 3);

/* A line that has no room is left out whole. */
static void
say(struct ham_look *look, const char *format, ...)
{
	g_autofree char *line = NULL;
	va_list ap;

	va_start(ap, format);
	line = g_strdup_vprintf(format, ap);
	va_end(ap);
	g_strdelimit(line, "\n", ' ');
	if (look->text->len + strlen(line) + 1 <= HAM_TRIED_MAX)
		g_string_append_printf(look->text, "%s\n", line);
}

static void
quiet(struct ham_look *look)
{
	g_clear_handle_id(&look->poll, g_source_remove);
	g_clear_handle_id(&look->limit, g_source_remove);
	ham_knows_forget(look->guests->knows, look);
}

static void
look_free(gpointer data)
{
	struct ham_look *look = data;

	quiet(look);
	if (look->in_worker) {
		look->orphan = true;
		return;
	}
	g_string_free(look->text, TRUE);
	g_free(look);
}

GPtrArray *
ham_looks_new(void)
{
	return g_ptr_array_new_with_free_func(look_free);
}

/* Nothing points to it any more; a QEMU that has ended owes nothing. */
static bool
is_over(const struct ham_look *look)
{
	return look->told && !look->in_worker &&
	       (look->replies == 0 || look->vm->qmp != look->qmp);
}

static void
sweep(ham_guests *guests)
{
	for (guint i = guests->looks->len; i-- > 0;)
		if (is_over(g_ptr_array_index(guests->looks, i)))
			g_ptr_array_remove_index(guests->looks, i);
}

/* The look may be gone afterwards. */
static void
tell(struct ham_look *look)
{
	ham_guests *guests = look->guests;
	struct ham_event event = {.kind = HAM_EV_TRIED,
				  .guest = look->vm->name,
				  .epoch = look->epoch,
				  .txn = look->txn,
				  .bytes = (const uint8_t *)look->text->str,
				  .len = look->text->len};

	look->told = true;
	quiet(look);
	guests->spec.on_event(&event, guests->spec.data);
	sweep(guests);
}

/* One part is through; the last one ends it. */
static void
through(struct ham_look *look)
{
	if (--look->left == 0)
		tell(look);
}

static gboolean
limit_passed(gpointer data)
{
	struct ham_look *look = data;

	look->limit = 0;
	say(look, "error it took longer than %d s to find all out",
	    LIMIT_MS / 1000);
	tell(look);
	return G_SOURCE_REMOVE;
}

/* ---- QEMU, as a program ---- */

bool
ham_knows_check(const ham_guests *guests, const struct ham_conf_guest *guest,
		GError **error)
{
	/* then its start will tell */
	if (!ham_knows_any(guests->knows))
		return true;
	if (!ham_knows_machine(guests->knows, guest->machine))
		return ham_refuse(error, "QEMU %s on %s has no machine type %s",
				  guests->version, guests->spec.node,
				  guest->machine);
	if (!ham_knows_cpu(guests->knows, guest->cpu))
		return ham_refuse(error, "QEMU %s on %s has no CPU model %s",
				  guests->version, guests->spec.node,
				  guest->cpu);
	return true;
}

static void
got_knows(const ham_knows *knows, void *data)
{
	struct ham_look *look = data;
	const struct ham_conf_guest *conf = look->vm->conf;

	if (!ham_knows_any(knows)) {
		say(look, "unknown %s", ham_knows_why(knows));
	} else {
		const char *type = ham_knows_cpu_type(knows, conf->cpu);

		say(look, "has-machine %d",
		    ham_knows_machine(knows, conf->machine));
		say(look, "has-cpu %d", ham_knows_cpu(knows, conf->cpu));
		if (type)
			say(look, "cpu-type %s", type);
		say(look, "lacks %.400s", ham_knows_lacks(knows, conf->cpu));
	}
	through(look);
}

/* ---- images ---- */

static void
got_images(const struct ham_images_view *view, void *data)
{
	struct ham_look *look = data;

	look->in_worker = false;
	if (look->orphan) {
		g_string_free(look->text, TRUE);
		g_free(look);
		return;
	}
	if (look->told) {
		sweep(look->guests);
		return;
	}
	for (unsigned int i = 0; look->owner && i < ham_vm_n_disks(look->vm);
	     i++)
		say(look, "disk %u %" PRIu64 " %d", i, view->allocated[i],
		    ham_vm_is_shared(look->vm, i));
	if (!look->owner && view->room.folder[0])
		say(look, "room %" PRIu64 " %" PRIu64 " %s", view->room.need,
		    view->room.free, view->room.folder);
	if (!look->owner)
		say(look, "images %.300s", view->error ? view->error : "");
	through(look);
}

static void
begin_images(struct ham_look *look, unsigned int what)
{
	unsigned int how = look->owner ? HAM_IMAGES_OWNER : 0;

	if (!(what & HAM_LOOK_CURRENT))
		how |= HAM_IMAGES_CREATE;
	if (what & HAM_LOOK_RUNS)
		how |= HAM_IMAGES_LOCKED;
	look->in_worker = true;
	ham_images_look(look->vm, how, look->epoch, got_images, look);
}

/* ---- the owner's QEMU ---- */

static void
ask(struct ham_look *look, const char *command, JsonObject *args,
    ham_qmp_reply_fn on_reply)
{
	look->replies++;
	ham_qmp_execute(look->vm->qmp, command, args,
			ham_clock_us() + QMP_LIMIT_US, on_reply, look);
}

/* "pc-q35-10.0-machine": without its last word. */
static void
say_type(struct ham_look *look, const char *key, JsonNode *reply,
	 const char *ending)
{
	const char *type =
		reply && json_node_get_value_type(reply) == G_TYPE_STRING
			? json_node_get_string(reply)
			: NULL;

	if (type && g_str_has_suffix(type, ending))
		say(look, "%s %.*s", key, (int)(strlen(type) - strlen(ending)),
		    type);
	else if (type)
		say(look, "%s %s", key, type);
}

/* A reply has come; NULL: when it was too late. */
static struct ham_look *
replied(void *data)
{
	struct ham_look *look = data;

	look->replies--;
	if (!look->told)
		return look;
	sweep(look->guests);
	return NULL;
}

static void
got_machine(ham_qmp *qmp, JsonNode *reply, const GError *error, void *data)
{
	struct ham_look *look = replied(data);

	(void)qmp;
	(void)error;
	if (look)
		say_type(look, "machine", reply, "-machine");
}

static void
got_cpu(ham_qmp *qmp, JsonNode *reply, const GError *error, void *data)
{
	struct ham_look *look = replied(data);

	(void)qmp;
	(void)error;
	if (look)
		say_type(look, "cpu", reply, "");
}

static JsonObject *
type_of(const char *path)
{
	JsonObject *args = json_object_new();

	json_object_set_string_member(args, "path", path);
	json_object_set_string_member(args, "property", "type");
	return args;
}

static void
got_cpus(ham_qmp *qmp, JsonNode *reply, const GError *error, void *data)
{
	struct ham_look *look = replied(data);
	JsonArray *list = reply && JSON_NODE_HOLDS_ARRAY(reply)
				  ? json_node_get_array(reply)
				  : NULL;
	JsonNode *first = list && json_array_get_length(list) > 0
				  ? json_array_get_element(list, 0)
				  : NULL;
	const char *path =
		first && JSON_NODE_HOLDS_OBJECT(first)
			? ham_json_string(json_node_get_object(first),
					  "qom-path")
			: NULL;

	(void)qmp;
	(void)error;
	if (look && path)
		ask(look, "qom-get", type_of(path), got_cpu);
}

/* ---- what it writes ---- */

static void measure(struct ham_look *look);

static void
measured(struct ham_look *look, int64_t ms, int64_t mib_per_s)
{
	say(look, "dirty %" PRId64 " %" PRIu64, ms * 1000,
	    (uint64_t)mib_per_s * (uint64_t)ms * (1 << 20) / 1000);
	if (++look->span < G_N_ELEMENTS(spans_ms))
		measure(look);
	else
		through(look);
}

static void
not_measured(struct ham_look *look, const char *why)
{
	say(look, "error the memory that it writes was not measured: %s", why);
	through(look);
}

static gboolean poll_again(gpointer data);

/* Of what was measured last: by another order, perhaps, so its own time
 * counts. */
static void
got_rate(ham_qmp *qmp, JsonNode *reply, const GError *error, void *data)
{
	struct ham_look *look = replied(data);
	JsonObject *object = reply && JSON_NODE_HOLDS_OBJECT(reply)
				     ? json_node_get_object(reply)
				     : NULL;
	const char *status = object ? ham_json_string(object, "status") : NULL;
	int64_t rate = -1, ms = 0;

	(void)qmp;
	if (!look)
		return;
	if (status && strcmp(status, "measuring") == 0)
		look->poll = g_timeout_add(POLL_MS, poll_again, look);
	else if (status && ham_json_int(object, "dirty-rate", &rate) &&
		 ham_json_int(object, "calc-time", &ms) && rate >= 0 && ms > 0)
		measured(look, ms, rate);
	else
		not_measured(look, error ? error->message : "QEMU has no rate");
}

static gboolean
poll_again(gpointer data)
{
	struct ham_look *look = data;
	JsonObject *args;

	look->poll = 0;
	if (!look->vm->qmp || look->vm->qmp != look->qmp)
		return G_SOURCE_REMOVE; /* it has ended; so does the look */
	args = json_object_new();
	json_object_set_string_member(args, "calc-time-unit", "millisecond");
	ask(look, "query-dirty-rate", args, got_rate);
	return G_SOURCE_REMOVE;
}

/* Refused: it may be measuring for somebody else. */
static void
got_begun(ham_qmp *qmp, JsonNode *reply, const GError *error, void *data)
{
	struct ham_look *look = replied(data);

	(void)qmp;
	(void)reply;
	(void)error;
	if (look)
		look->poll =
			g_timeout_add((guint)spans_ms[look->span] + POLL_MS,
				      poll_again, look);
}

/* Of a small guest more of each GiB is looked at: a page stands for less. */
static int64_t
samples(uint64_t memory)
{
	uint64_t each = memory ? ((uint64_t)SAMPLES << 30) / memory : 0;

	return (int64_t)CLAMP(each, SAMPLES_MIN, SAMPLES_MAX);
}

static void
measure(struct ham_look *look)
{
	JsonObject *args = json_object_new();

	json_object_set_int_member(args, "calc-time", spans_ms[look->span]);
	json_object_set_string_member(args, "calc-time-unit", "millisecond");
	json_object_set_int_member(args, "sample-pages",
				   samples(look->vm->conf->memory));
	json_object_set_string_member(args, "mode", "page-sampling");
	ask(look, "calc-dirty-rate", args, got_begun);
}

/* What QEMU's process has written to.  The guest's memory that holds something
 * is in it, so that this is never less. */
static void
say_used(struct ham_look *look)
{
	g_autofree char *path = g_strdup_printf(
		"/proc/%d/status", (int)ham_child_pid(look->vm->qemu));
	g_autofree char *text = NULL;
	const char *at;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return;
	at = strstr(text, "RssAnon:");
	if (at)
		say(look, "ram-used %" PRIu64,
		    (uint64_t)g_ascii_strtoull(at + 8, NULL, 10) * 1024);
}

static void
begin_owner(struct ham_look *look, bool runs)
{
	struct ham_vm *vm = look->vm;
	ham_qmp *qmp = vm->qemu ? vm->qmp : NULL;

	say(look, "ram %" PRIu64, vm->conf->memory);
	say(look, "budget %" PRIu64, ham_vm_budget(vm));
	if (!runs)
		return;
	if (!qmp || !ham_qmp_ready(qmp)) {
		say(look, "error its QEMU does not answer");
		return;
	}
	look->qmp = qmp;
	if (ham_qmp_version(qmp))
		say(look, "qemu %s", ham_qmp_version(qmp));
	say_used(look);
	ask(look, "qom-get", type_of("/machine"), got_machine);
	ask(look, "query-cpus-fast", NULL, got_cpus);
	look->left++;
	measure(look);
}

/* ---- what PREPARE would find ---- */

static void
say_port(struct ham_look *look, guint i)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *mine = NULL;
	char text[HAM_NET_FACTS_MAX];

	if (look->owner) {
		mine = ham_port_facts(look->vm, i, &error);
		if (mine)
			say(look, "port %u %s", i, mine);
	} else if (ham_port_look(look->vm, i, text, &error)) {
		say(look, "port %u %s", i, text);
	}
	if (error)
		say(look, "port-error %u %.200s", i, error->message);
}

static void
say_memory(struct ham_look *look)
{
	g_autoptr(GError) error = NULL;
	uint64_t available;

	if (ham_memory_available(&available, &error))
		say(look, "memory %" PRIu64, available);
	else
		say(look, "error %s", error->message);
}

void
ham_guests_look(ham_guests *guests, const char *name, uint64_t epoch,
		uint64_t txn, bool owner, unsigned int what)
{
	struct ham_vm *vm = ham_vm_get(guests, name);
	struct ham_look *look = g_new0(struct ham_look, 1);

	look->guests = guests;
	look->vm = vm;
	look->owner = owner;
	look->epoch = epoch;
	look->txn = txn;
	look->text = g_string_new(NULL);
	look->left = 1;
	sweep(guests);
	g_ptr_array_add(guests->looks, look);
	if (!vm->conf) {
		say(look, "error the cluster file on %s does not name it",
		    guests->spec.node);
		tell(look);
		return;
	}
	look->limit = g_timeout_add(LIMIT_MS, limit_passed, look);
	say(look, "installed %s", guests->version);
	for (guint i = 0; i < vm->conf->ports->len; i++)
		say_port(look, i);
	if (!owner)
		say_memory(look);
	look->left++;
	begin_images(look, what);
	look->left++;
	ham_knows_ask(guests->knows, got_knows, look);
	if (owner)
		begin_owner(look, what & HAM_LOOK_RUNS);
	through(look);
}
