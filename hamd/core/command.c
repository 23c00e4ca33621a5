/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/command.c - what operators ask, checked before it is proposed
 *
 * An early refusal can say what to do; the record's own check, made again when
 * the operation is applied, is the one that counts.  Every question is
 * answered once: by the record's verdict, or after 10 s without one.
 */
#include <stdio.h>
#include <string.h>

#include "hamd/core/state.h"

enum {
	ANSWER_LIMIT_US = 10 * 1000000,
	AGAIN_US = 2 * 1000000,
};

const struct ham_core_guest *
ham_guest_config(const ham_core *core, const char *name)
{
	return g_hash_table_lookup(core->file_guests, name);
}

static struct ham_pending *
pending_new(ham_core *core, const struct ham_event *event)
{
	for (unsigned int i = 0; i < HAM_MAX_PENDING; i++) {
		struct ham_pending *p = &core->pending[i];

		if (p->token != 0)
			continue;
		memset(p, 0, sizeof(*p));
		p->token = event->token;
		p->command = event->command;
		p->proposal = ++core->next_proposal;
		p->proposed_us = core->now_us;
		p->deadline_us = core->now_us + ANSWER_LIMIT_US;
		ham_asked_text(core, event, p->asked, sizeof(p->asked));
		return p;
	}
	ham_fx_reply(core, event->token, "Busy",
		     "%u commands are under way already", HAM_MAX_PENDING);
	return NULL;
}

/* True if a guest may be on that node; otherwise the answer was given. */
static bool
node_usable(ham_core *core, const struct ham_event *event, uint32_t node)
{
	int i = ham_node_index(core, node);
	const struct ham_core_node *n;

	if (i < 0) {
		ham_fx_reply(core, event->token, "NotFound",
			     "the cluster file names no such node");
		return false;
	}
	n = &core->config.nodes[i];
	if (n->witness) {
		ham_fx_reply(core, event->token, "Refused",
			     "%s is a witness and holds no guests", n->name);
		return false;
	}
	if (!(core->joined & (1u << i))) {
		ham_fx_reply(core, event->token, "Refused",
			     "%s is not in the cluster now", n->name);
		return false;
	}
	if (core->exchange[i].version[0] &&
	    core->exchange[i].config_digest != core->config.config_digest) {
		ham_fx_reply(core, event->token, "Refused",
			     "the cluster file on %s differs from that on %s: "
			     "make them equal and restart hamd there",
			     n->name,
			     ham_core_node_name(core, core->config.self));
		return false;
	}
	return true;
}

/* It takes guests; otherwise the answer was given. */
static bool
node_open(ham_core *core, const struct ham_event *event, uint32_t node)
{
	char why[HAM_TEXT_MAX / 2];

	if (!ham_node_is_closed(core, node))
		return true;
	ham_node_closed_text(core, node, why, sizeof(why));
	ham_fx_reply(core, event->token, "Refused", "%s %s",
		     ham_core_node_name(core, node), why);
	return false;
}

/* This life's random number, and which of its orders it was: never twice, and
 * never 0. */
uint64_t
ham_new_history(const ham_core *core)
{
	uint64_t id = (core->config.incarnation * UINT64_C(0xbf58476d1ce4e5b9) +
		       core->next_proposal) *
		      UINT64_C(0x9e3779b97f4a7c15);

	return (id >> HAM_MAX_DISKS) | 1;
}

static bool
is_anywhere(const struct ham_guest *guest, bool common)
{
	return (guest->common && common) || ham_guest_never_ran(guest);
}

/* Where it was, or here: if that can't be, or another node is preferred,
 * elsewhere; but of a guest that never ran the images are here, or nowhere.
 * What is wrong with the node that is answered is for others to say. */
static uint32_t
choose_node(ham_core *core, const struct ham_event *event,
	    const struct ham_guest *guest, bool common)
{
	uint32_t home = guest && (!is_anywhere(guest, common) ||
				  ham_is_joined(core, guest->owner))
				? guest->owner
				: core->config.self;
	char why[HAM_TEXT_MAX];
	uint32_t node;

	if (event->node)
		return event->node;
	if ((guest && guest->phase != HAM_GUEST_STOPPED) ||
	    (!common && (!guest || ham_guest_never_ran(guest))))
		return home;
	node = ham_place_start(core, event->guest, guest, home, why,
			       sizeof(why));
	return node ? node : home;
}

/* True if there is room for it there, and nobody it is kept apart from;
 * otherwise the answer was given. */
static bool
has_place(ham_core *core, const struct ham_event *event,
	  const struct ham_guest *guest, uint32_t node)
{
	char why[HAM_TEXT_MAX];

	if (!ham_place_refuses(core, event->guest, guest, node, why,
			       sizeof(why)))
		return true;
	ham_fx_reply(core, event->token, "Refused", "%s has no place on %s: %s",
		     event->guest, ham_core_node_name(core, node), why);
	return false;
}

/* Nobody may run it, and nothing starts it by itself; otherwise the answer was
 * given. */
static bool
is_startable(ham_core *core, const struct ham_event *event,
	     const struct ham_guest *guest)
{
	bool forced = event->command == HAM_CMD_FORCE;
	char names[HAM_TEXT_MAX / 2];

	if (!guest || guest->phase == HAM_GUEST_STOPPED ||
	    (forced && guest->owner_dead &&
	     (guest->phase != HAM_GUEST_IN_DOUBT || guest->dst_dead)))
		return true;
	ham_force_current_text(core, guest, names, sizeof(names));
	if (guest->owner_dead)
		ham_fx_reply(core, event->token, "Refused",
			     "%s is started again by itself, as soon as a node "
			     "with a current copy of its disks is here: %s%s",
			     guest->name, names[0] ? names : "there is none",
			     ham_force_hint(core, guest, event->node));
	else
		ham_fx_reply(core, event->token, "Refused",
			     "%s is started already, on %s%s", guest->name,
			     ham_core_node_name(core, guest->owner),
			     ham_is_joined(core, guest->owner)
				     ? ""
				     : ", which is gone and may still run it");
	return false;
}

/* Its disks are there as they are to be, or as they may be by force; otherwise
 * the answer was given. */
static bool
has_disks(ham_core *core, const struct ham_event *event,
	  const struct ham_guest *guest, struct ham_op *op)
{
	char names[HAM_TEXT_MAX / 2];

	if (!guest ||
	    (guest->phase == HAM_GUEST_STOPPED &&
	     ham_guest_may_start(guest, op->node, (uint8_t)op->txn, op->flag)))
		return true;
	if (event->command == HAM_CMD_FORCE && !guest->common)
		return ham_force_order(core, event, guest, op);
	ham_force_current_text(core, guest, names, sizeof(names));
	ham_fx_reply(core, event->token, "Refused",
		     "%s holds no current copy of the disks of %s; "
		     "current: %s%s",
		     ham_core_node_name(core, op->node), guest->name,
		     names[0] ? names : "nowhere",
		     ham_force_hint(core, guest, op->node));
	return false;
}

static bool
prepare_start(ham_core *core, const struct ham_event *event,
	      const struct ham_guest *guest, struct ham_op *op)
{
	const struct ham_core_guest *config =
		ham_guest_config(core, event->guest);

	op->kind = HAM_OP_START;
	op->flag = config && config->common;
	op->txn = config ? config->shared : 0;
	op->txn |= ham_new_history(core) << HAM_MAX_DISKS;
	op->node = choose_node(core, event, guest, op->flag);
	if (!is_startable(core, event, guest))
		return false;
	if (event->node == 0 && guest && ham_node_is_closed(core, op->node) &&
	    ham_pick_start(core, guest, op))
		op->node = ham_pick_start(core, guest, op);
	if (!node_usable(core, event, op->node) ||
	    !node_open(core, event, op->node))
		return false;
	return has_disks(core, event, guest, op) &&
	       has_place(core, event, guest, op->node);
}

static bool
need_guest(ham_core *core, const struct ham_event *event,
	   const struct ham_guest *guest)
{
	if (guest)
		return true;
	ham_fx_reply(core, event->token, "Refused",
		     "%s was never started: hamctl guest start %s",
		     event->guest, event->guest);
	return false;
}

/* How it goes fits its state; otherwise the answer was given. */
static bool
mode_fits(ham_core *core, const struct ham_event *event,
	  const struct ham_guest *guest)
{
	bool stopped = guest->phase == HAM_GUEST_STOPPED;
	bool cold = event->command == HAM_CMD_MOVE && event->flag;

	if (stopped == cold)
		return true;
	ham_fx_reply(core, event->token, "Refused",
		     stopped ? "%s is not running: with --mode cold it is moved "
			       "as it is"
			     : "%s is running: move it with --mode live or warm, "
			       "or stop it first",
		     guest->name);
	return false;
}

static bool
prepare_migrate(ham_core *core, const struct ham_event *event,
		const struct ham_guest *guest, struct ham_op *op)
{
	const struct ham_local *local = ham_local_lookup(core, guest->name);
	uint32_t to = guest->dst ? guest->dst : guest->move_to;

	op->kind = event->command == HAM_CMD_MOVE ? HAM_OP_MOVE
						  : HAM_OP_MIGRATE;
	op->node =
		event->node ? event->node : ham_pick_destination(core, guest);
	op->txn = guest->txn;
	op->flag = false;
	if (to) {
		ham_fx_reply(core, event->token, "Refused",
			     "%s is being migrated already: migration "
			     "%" G_GUINT64_FORMAT ", %s -> %s, phase %s",
			     guest->name, guest->txn,
			     ham_core_node_name(core, guest->owner),
			     ham_core_node_name(core, to),
			     ham_mig_phase_name(local ? local->mig_phase : 0));
		return false;
	}
	if (!mode_fits(core, event, guest))
		return false;
	if (guest->owner == op->node) {
		ham_fx_reply(core, event->token, "Refused",
			     "%s %s %s already", guest->name,
			     guest->phase == HAM_GUEST_STOPPED ? "is on"
							       : "runs on",
			     ham_core_node_name(core, op->node));
		return false;
	}
	if (!ham_is_joined(core, guest->owner)) {
		ham_fx_reply(core, event->token, "Refused",
			     "%s is on %s, which is not in the cluster now",
			     guest->name,
			     ham_core_node_name(core, guest->owner));
		return false;
	}
	if (op->node == 0) {
		ham_fx_reply(core, event->token, "Refused",
			     "no other node can take %s: each is away, closed, "
			     "has another cluster file or no place for it",
			     guest->name);
		return false;
	}
	return node_usable(core, event, guest->owner) &&
	       node_usable(core, event, op->node) &&
	       node_open(core, event, op->node) &&
	       has_place(core, event, guest, op->node);
}

/* The very checks of an order, whose answer nobody hears. */
bool
ham_core_may_migrate(const ham_core *core, const char *name, uint32_t node,
		     char *why, size_t size)
{
	const struct ham_guest *guest = ham_record_lookup(&core->record, name);
	bool cold = guest && guest->phase == HAM_GUEST_STOPPED;
	struct ham_event event = {.command =
					  cold ? HAM_CMD_MOVE : HAM_CMD_MIGRATE,
				  .flag = cold,
				  .node = node,
				  .guest = name};
	struct ham_effects *outside = core->fx;
	struct ham_effects heard = {0};
	/* they only answer: what they say goes where nothing is carried out */
	ham_core *own = (ham_core *)core;
	const char *refusal = NULL;
	struct ham_op op = {0};

	why[0] = '\0';
	if (!guest) {
		g_strlcpy(why, "it was never started", size);
		return false;
	}
	g_strlcpy(op.guest, name, sizeof(op.guest));
	op.epoch = guest->epoch;
	own->fx = &heard;
	if (!prepare_migrate(own, &event, guest, &op))
		refusal = heard.n ? heard.list[heard.n - 1].text : "";
	else
		refusal = ham_record_check(&core->record, &op);
	own->fx = outside;
	if (refusal)
		g_strlcpy(why, refusal, size);
	ham_effects_free(&heard);
	return !refusal;
}

uint32_t
ham_core_destination(const ham_core *core, const char *name)
{
	const struct ham_guest *guest = ham_record_lookup(&core->record, name);

	return guest ? ham_pick_destination(core, guest) : 0;
}

/* It stays where it is; refused once it was asked to power off. */
static void
propose_stay(ham_core *core, const struct ham_guest *guest,
	     struct ham_pending *p)
{
	p->command = HAM_CMD_MOVE; /* answered by the record's verdict */
	p->op.kind = HAM_OP_MOVE_END;
	p->op.epoch = guest->epoch;
	p->op.txn = guest->txn;
	g_strlcpy(p->op.guest, guest->name, sizeof(p->op.guest));
	g_strlcpy(p->op.reason, "an operator cancelled it",
		  sizeof(p->op.reason));
	ham_propose(core, &p->op, p->proposal);
}

/* Not an operation: the source hears it and ends the migration by itself. */
static void
cancel(ham_core *core, const struct ham_event *event,
       const struct ham_guest *guest)
{
	struct ham_local *local = ham_local_get(core, guest->name);
	struct ham_msg msg = {.kind = HAM_MSG_CANCEL};
	struct ham_pending *p;
	char asked[HAM_TEXT_MAX];

	if (guest->phase == HAM_GUEST_IN_DOUBT) {
		ham_fx_reply(core, event->token, "Refused",
			     "the migration of %s is in phase %s and can't be "
			     "cancelled any more; it ends by itself",
			     guest->name, ham_mig_phase_name(local->mig_phase));
		return;
	}
	if (guest->phase != HAM_GUEST_MIGRATING && !guest->move_to) {
		ham_fx_reply(core, event->token, "Refused",
			     "%s is not being migrated", guest->name);
		return;
	}
	ham_asked_text(core, event, asked, sizeof(asked));
	if (guest->move_to) {
		p = pending_new(core, event);
		if (!p)
			return;
		p->asked[0] = '\0';
		ham_asked_tell(core, guest, asked);
		propose_stay(core, guest, p);
		return;
	}
	if (!ham_command_awaits(core, event, guest))
		return;
	/* now: it is answered when the migration is over */
	ham_asked_tell(core, guest, asked);
	g_strlcpy(msg.guest, guest->name, sizeof(msg.guest));
	msg.epoch = guest->epoch;
	msg.txn = guest->txn;
	ham_fx_send(core, &msg, false);
}

/* Not an operation either: its owner hears it. */
static void
verify(ham_core *core, const struct ham_event *event,
       const struct ham_guest *guest)
{
	struct ham_msg msg = {.kind = HAM_MSG_VERIFY,
			      .epoch = guest->epoch,
			      .txn = guest->txn};
	unsigned int copies = 0;

	for (int i = 0; i < HAM_MAX_REPLICAS; i++)
		copies += guest->replica[i].node &&
			  guest->replica[i].node != guest->owner &&
			  guest->replica[i].state == HAM_REPLICA_CURRENT;
	if (guest->phase != HAM_GUEST_STARTED || guest->cold ||
	    guest->owner_dead ||
	    !ham_is_joined(core, guest->owner)) {
		ham_fx_reply(core, event->token, "Refused",
			     "%s does not run, or is being migrated: only the "
			     "copies of a guest that runs are compared",
			     guest->name);
		return;
	}
	if (copies == 0) {
		ham_fx_reply(core, event->token, "Refused",
			     "%s has no other current copy to compare with",
			     guest->name);
		return;
	}
	g_strlcpy(msg.guest, guest->name, sizeof(msg.guest));
	ham_fx_send(core, &msg, false);
	ham_fx_reply(core, event->token, NULL, "%s", "");
	core->fx->list[core->fx->n - 1].epoch = guest->epoch;
	core->fx->list[core->fx->n - 1].txn = guest->txn;
}

/* The operator vouches that it is off; only so can a node without a fence
 * device be given up.  Proposed like any order. */
static void
confirm_off(ham_core *core, const struct ham_event *event)
{
	int i = ham_node_index(core, event->node);
	struct ham_op op = {.kind = HAM_OP_DEAD, .node = event->node};
	struct ham_pending *p;

	if (i < 0) {
		ham_fx_reply(core, event->token, "NotFound",
			     "the cluster file names no such node");
	} else if (core->totem_mask & (1u << i)) {
		ham_fx_reply(core, event->token, "Refused",
			     "%s is in the cluster and alive",
			     core->config.nodes[i].name);
	} else if ((p = pending_new(core, event))) {
		g_strlcpy(op.reason, "an operator has seen it off",
			  sizeof(op.reason));
		p->op = op;
		p->ring = core->totem;
		ham_propose(core, &op, p->proposal);
	}
}

static bool
has_guests_away(const ham_core *core, uint32_t node)
{
	for (unsigned int i = 0; i < core->record.n_guests; i++)
		if (core->record.guests[i].home == node)
			return true;
	return false;
}

/* What its own health says of it stays; a quarantine is an operator's to
 * lift. */
static void
drain_node(ham_core *core, const struct ham_event *event)
{
	enum {
		OPENED = HAM_NODE_DRAINED | HAM_NODE_QUARANTINED
	};
	int i = ham_node_index(core, event->node);
	unsigned int flags = ham_record_node_flags(&core->record, event->node) &
			     HAM_NODE_CLOSED;
	bool drains = event->command == HAM_CMD_DRAIN;
	struct ham_op op = {.kind = HAM_OP_NODE,
			    .node = event->node,
			    .flag = drains || event->flag};
	struct ham_pending *p;
	char why[HAM_TEXT_MAX / 2] = "takes guests already";

	op.txn = drains ? ham_op_node_txn(HAM_NODE_DRAINED, 0)
			: ham_op_node_txn(0, OPENED);
	if (i < 0) {
		ham_fx_reply(core, event->token, "NotFound",
			     "the cluster file names no such node");
	} else if (drains && core->config.nodes[i].witness) {
		ham_fx_reply(core, event->token, "Refused",
			     "%s is a witness and holds no guests",
			     core->config.nodes[i].name);
	} else if (drains && (flags & HAM_NODE_DRAINED)) {
		ham_fx_reply(core, event->token, NULL, "%s", "");
	} else if (!drains && !(flags & OPENED) &&
		   (event->flag || flags ||
		    !has_guests_away(core, event->node))) {
		if (flags)
			ham_node_closed_text(core, event->node, why,
					     sizeof(why));
		ham_fx_reply(core, event->token, "Refused", "%s %s",
			     core->config.nodes[i].name, why);
	} else if ((p = pending_new(core, event))) {
		p->op = op;
		ham_propose(core, &op, p->proposal);
	}
}

static void
of_node_order(ham_core *core, const struct ham_event *event)
{
	struct ham_op op;
	struct ham_pending *p;

	if (event->command == HAM_CMD_CONFIRM_OFF) {
		confirm_off(core, event);
	} else if (event->command == HAM_CMD_DRAIN ||
		   event->command == HAM_CMD_UNDRAIN) {
		drain_node(core, event);
	} else if ((event->command == HAM_CMD_HALT ||
				    event->command == HAM_CMD_UNHALT
			    ? ham_halt_order(core, event, &op)
			    : ham_disarm_order(core, event, &op)) &&
		   (p = pending_new(core, event))) {
		p->op = op;
		ham_propose(core, &op, p->proposal);
	}
}

static bool
is_of_node(unsigned int command)
{
	return command == HAM_CMD_CONFIRM_OFF || command == HAM_CMD_DRAIN ||
	       command == HAM_CMD_UNDRAIN || command == HAM_CMD_DISARM ||
	       command == HAM_CMD_ARM || command == HAM_CMD_REST ||
	       command == HAM_CMD_HALT || command == HAM_CMD_UNHALT ||
	       command == HAM_CMD_CLAIM;
}

void
ham_command(ham_core *core, const struct ham_event *event)
{
	bool of_node = is_of_node(event->command);
	const struct ham_guest *guest =
		of_node ? NULL : ham_record_lookup(&core->record, event->guest);
	struct ham_op op = {0};
	struct ham_pending *p;
	char waiting[HAM_TEXT_MAX];

	if (!of_node && !ham_guest_config(core, event->guest) && !guest) {
		ham_fx_reply(core, event->token, "NotFound",
			     "the cluster file names no guest '%.47s'",
			     event->guest);
		return;
	}
	if (event->command == HAM_CMD_CONFIRM_OFF && ham_two_alone(core) &&
	    !ham_two_solo(core)) {
		ham_two_confirm_off(core, event);
		return;
	}
	if (event->command == HAM_CMD_CLAIM) {
		ham_claim(core, event);
		return;
	}
	if (!ham_is_active(core)) {
		if (event->command == HAM_CMD_REST)
			return;
		ham_view_waiting_for(core, waiting, sizeof(waiting));
		ham_fx_reply(core, event->token, "NoQuorum",
			     "no decisions are possible now, waiting for %s",
			     waiting);
		return;
	}
	if (of_node) {
		of_node_order(core, event);
		return;
	}
	g_strlcpy(op.guest, event->guest, sizeof(op.guest));
	op.epoch = guest ? guest->epoch : 0;
	op.flag = event->flag;
	if (event->command == HAM_CMD_START ||
	    event->command == HAM_CMD_FORCE) {
		if (!prepare_start(core, event, guest, &op))
			return;
	} else if (!need_guest(core, event, guest)) {
		return;
	} else if (event->command == HAM_CMD_MIGRATE ||
		   event->command == HAM_CMD_MOVE) {
		if (!prepare_migrate(core, event, guest, &op))
			return;
	} else if (event->command == HAM_CMD_CANCEL) {
		cancel(core, event, guest);
		return;
	} else if (event->command == HAM_CMD_SET) {
		ham_policy_order(core, event, guest);
		return;
	} else if (event->command == HAM_CMD_TRIAL) {
		ham_trial_order(core, event, guest);
		return;
	} else if (event->command == HAM_CMD_VERIFY) {
		verify(core, event, guest);
		return;
	} else if (event->command == HAM_CMD_RESIZE) {
		op.kind = HAM_OP_RESIZE;
		op.node = event->node;
		op.txn = event->value;
	} else {
		op.kind = HAM_OP_WANT_STOP;
	}
	p = pending_new(core, event);
	if (!p)
		return;
	p->op = op;
	ham_propose(core, &op, p->proposal);
}

static void
answer(ham_core *core, struct ham_pending *p, const char *refusal)
{
	const struct ham_guest *guest =
		ham_record_lookup(&core->record, p->op.guest);

	if (refusal)
		ham_fx_reply(core, p->token, "Refused", "%s: %s",
			     p->op.guest[0]
				     ? p->op.guest
				     : ham_core_node_name(core, p->op.node),
			     refusal);
	else
		ham_fx_reply(core, p->token, NULL, "%s", "");
	if (!refusal && guest) {
		core->fx->list[core->fx->n - 1].epoch = guest->epoch;
		core->fx->list[core->fx->n - 1].txn = guest->txn;
		if (p->command == HAM_CMD_MIGRATE || p->command == HAM_CMD_MOVE)
			core->fx->list[core->fx->n - 1].node =
				guest->dst ? guest->dst : guest->move_to;
		if (p->command != HAM_CMD_CANCEL)
			ham_asked_tell(core, guest, p->asked);
	}
	memset(p, 0, sizeof(*p));
}

void
ham_command_verdict(ham_core *core, uint64_t proposal, const struct ham_op *op,
		    const char *refusal)
{
	(void)op;
	for (unsigned int i = 0; i < HAM_MAX_PENDING; i++)
		if (core->pending[i].token != 0 &&
		    core->pending[i].proposal == proposal)
			answer(core, &core->pending[i], refusal);
}

bool
ham_command_awaits(ham_core *core, const struct ham_event *event,
		   const struct ham_guest *guest)
{
	struct ham_pending *p = pending_new(core, event);

	if (!p)
		return false;
	g_strlcpy(p->op.guest, guest->name, sizeof(p->op.guest));
	p->op.txn = guest->txn;
	return true;
}

void
ham_command_heard(ham_core *core, enum ham_command command,
		  const struct ham_guest *guest, uint64_t txn,
		  const char *refusal)
{
	for (unsigned int i = 0; i < HAM_MAX_PENDING; i++) {
		struct ham_pending *p = &core->pending[i];

		if (p->token && p->command == command && p->op.txn == txn &&
		    strcmp(p->op.guest, guest->name) == 0)
			answer(core, p, refusal);
	}
}

/* Cancels are answered by what the record says of their migration. */
static void
answer_cancels(ham_core *core)
{
	for (unsigned int i = 0; i < HAM_MAX_PENDING; i++) {
		struct ham_pending *p = &core->pending[i];
		const struct ham_guest *guest;

		if (p->token == 0 || p->command != HAM_CMD_CANCEL)
			continue;
		guest = ham_record_lookup(&core->record, p->op.guest);
		if (guest && guest->phase == HAM_GUEST_MIGRATING &&
		    guest->txn == p->op.txn)
			continue;
		if (guest && guest->txn == p->op.txn &&
		    (guest->phase == HAM_GUEST_IN_DOUBT ||
		     guest->reason[0] == '\0'))
			answer(core, p,
			       "the hand-over had begun (phase cutover), the "
			       "migration ends by itself");
		else
			answer(core, p, NULL);
	}
}

/* The node may have been back since: a proof of another ring is none. */
static bool
is_outlived(ham_core *core, struct ham_pending *p)
{
	bool confirmed = p->command == HAM_CMD_CONFIRM_OFF &&
			 !ham_ring_equal(p->ring, core->totem);

	if (!confirmed && !ham_force_is_outlived(core, &p->op))
		return false;
	ham_fx_reply(core, p->token, "Refused",
		     "the cluster's members have changed meanwhile: see hamctl "
		     "status, then look at %s again",
		     confirmed ? ham_core_node_name(core, p->op.node)
			       : p->op.guest);
	memset(p, 0, sizeof(*p));
	return true;
}

static void
ask_again(ham_core *core, struct ham_pending *p)
{
	if (p->token == 0 || p->command == HAM_CMD_CANCEL ||
	    p->command == HAM_CMD_SET || is_outlived(core, p))
		return;
	p->proposed_us = core->now_us;
	ham_propose(core, &p->op, p->proposal);
}

/* The leader changed: what it had not done yet is asked again.  If it had,
 * the record refuses the second. */
void
ham_command_again(ham_core *core)
{
	for (unsigned int i = 0; i < HAM_MAX_PENDING; i++)
		ask_again(core, &core->pending[i]);
}

void
ham_command_tick(ham_core *core)
{
	answer_cancels(core);
	for (unsigned int i = 0; i < HAM_MAX_PENDING; i++) {
		struct ham_pending *p = &core->pending[i];

		/* a leader may have been replaced by one that could not decide
		 * yet, or corosync may have dropped it */
		if (core->now_us - p->proposed_us >= AGAIN_US &&
		    core->now_us < p->deadline_us)
			ask_again(core, p);
		if (p->token == 0 || core->now_us < p->deadline_us)
			continue;
		ham_fx_reply(core, p->token, "NoQuorum",
			     "no answer from the cluster within 10 s; whether "
			     "it was done shows in hamctl status");
		memset(p, 0, sizeof(*p));
	}
}
