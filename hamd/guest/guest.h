/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/guest/guest.h - carries out what the core wants done with guests here
 *
 * One vm per guest that has anything on this node: QEMU, a storage daemon,
 * taps.  Each HAM_DO_* becomes a flow of steps over QMP (flow.h); its end is
 * told as a HAM_DID_* event.  Decides nothing: what may run when is the core's
 * (hamd/core/core.h has the order rules that bind this folder).
 *
 * Processes outlive hamd.  What a restarted hamd must know of them stands in
 * /run/hamd/guests/NAME/state.json, written before the state it describes can
 * have an effect.
 */
#ifndef HAM_GUEST_H
#define HAM_GUEST_H

#include <json-glib/json-glib.h>

#include "config/conf.h"
#include "hamd/core/core.h"
#include "netmigrate/netmigrate.h"

typedef struct ham_guests ham_guests;

typedef void (*ham_guests_event_fn)(const struct ham_event *event, void *data);
typedef void (*ham_guests_ready_fn)(void *data);
/* uid slot of a guest, from the record; -1 if the record lacks it */
typedef const char *(*ham_guests_name_fn)(uint32_t node, void *data);
typedef int (*ham_guests_slot_fn)(const char *guest, void *data);
/* What the record says of the size of a guest's disk, bytes: 0, as the cluster
 * file; *grows_to 0: it is not being resized. */
typedef uint64_t (*ham_guests_size_fn)(const char *guest, unsigned int disk,
				       uint64_t *grows_to, void *data);

/* Bit i: disk i of that guest is shared by all nodes, as the record has it. */
typedef uint32_t (*ham_guests_shared_fn)(const char *guest, void *data);

/* Which writes of a guest count: of which history, up to which epoch. */
struct ham_guests_history {
	uint64_t id; /* 0: there is none */
	uint64_t epoch;
	/* and the images here may be of these, too; ends with 0 */
	struct {
		uint64_t id;
		uint64_t epoch;
	} before[4];
};
typedef void (*ham_guests_history_fn)(const char *guest,
				      struct ham_guests_history *out,
				      void *data);

struct ham_guests_spec {
	const ham_conf *conf; /* borrowed */
	const char *node;     /* our name, */
	uint32_t node_id;     /* and id */
	const char *run_dir;  /* "/run/hamd" */
	const char *state_dir; /* "/var/lib/hamd": what outlives a boot */
	const char *log_dir;  /* "/var/log/hamd" */
	const char *pause_at; /* a point to hold at, for tests; NULL: none */
	ham_guests_event_fn on_event;
	ham_guests_slot_fn slot_of;
	ham_guests_name_fn name_of;
	ham_guests_size_fn size_of;
	ham_guests_shared_fn shared_of;
	ham_guests_history_fn history_of;
	void *data;
};

/* NULL with *error: QEMU missing or older than 10.0, folders can't be made. */
ham_guests *ham_guests_new(const struct ham_guests_spec *spec, GError **error);

/* Looks for what an earlier hamd left running; each is told as HAM_DID_FOUND,
 * then on_ready. Processes of ours that nothing is known about are ended. */
void ham_guests_find(ham_guests *guests, ham_guests_ready_fn on_ready);

/* Carries out a HAM_FX_GUEST. */
void ham_guests_do(ham_guests *guests, const struct ham_effect *effect);

/* Each QEMU here stands still, or goes on (HAM_FX_FREEZE).  While it does it
 * answers nothing, and no limit of an act on it passes. */
void ham_guests_freeze(ham_guests *guests, bool freeze);
/* The lease was renewed (HAM_FX_LEASE): frames are counted from here on. */
void ham_guests_mark(ham_guests *guests);
/* A QEMU runs here. */
bool ham_guests_any(const ham_guests *guests);
/* Why that can't be done; NULL: it can. */
const char *ham_guests_cannot_freeze(const ham_guests *guests);

/* The images of that guest here may be copied over, or started from, whatever
 * history they are of.  False: they are in use. */
bool ham_guests_accept(ham_guests *guests, const char *name, GError **error);

/* Carries out a HAM_FX_TRIAL: HAM_EV_TRIED comes within seconds, or at once.
 * `what`: of HAM_LOOK_CURRENT, HAM_LOOK_RUNS.  Lines of text, each a key and
 * its values:
 *	installed VERSION	of QEMU
 *	port I FACTS		ham_net_facts_write()'s
 *	port-error I TEXT
 *	has-machine 0|1, has-cpu 0|1, cpu-type TYPE, lacks FEATURES, or
 *	unknown TEXT		why QEMU does not tell
 * of a destination:
 *	memory BYTES		available
 *	room NEED FREE FOLDER	bytes; not if nothing is to be reserved
 *	images TEXT		what is wrong with them, or nothing
 * of the owner:
 *	ram BYTES, ram-used BYTES, budget BYTES_PER_S
 *	disk I ALLOCATED SHARED
 *	qemu VERSION, machine NAME, cpu TYPE	as it runs
 *	dirty SPAN_US BYTES	once for each measurement
 *	error TEXT		what could not be found out */
void ham_guests_look(ham_guests *guests, const char *guest, uint64_t epoch,
		     uint64_t txn, bool owner, unsigned int what);
/* What PREPARE says of memory, for bytes that are available on that node. */
bool ham_guests_memory_fits(const struct ham_conf_guest *guest,
			    const struct ham_conf_node *node,
			    uint64_t available, GError **error);
/* What the source says of a port's facts in that respect; NULL: they fit.  The
 * caller's. */
char *ham_guests_port_fits(ham_guests *guests, const char *guest,
			   unsigned int port, const struct ham_net_facts *here,
			   const struct ham_net_facts *there, const char *from,
			   const char *to, enum ham_net_fit aspect);

/* "10.0.2" */
const char *ham_guests_qemu_version(const ham_guests *guests);

/* The newest migration's marks on this node: [{"node","at_us","what"}].  The
 * caller's. */
JsonArray *ham_guests_timeline(const ham_guests *guests, const char *name);

/* Lets go of everything; processes go on running. */
void ham_guests_free(ham_guests *guests);

/* A guest that was migrated from here stood still for so long, -1: nobody
 * knows; that is what is expected of the next one. */
void ham_guests_stopped_for(ham_guests *guests, const char *name, int64_t us);

#endif
