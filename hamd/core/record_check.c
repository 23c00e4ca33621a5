/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/record_check.c - does an operation fit the record as it is?
 *
 * Every node asks alike when the operation has its place in the order, and its
 * proposer does before.  The checks of an operation come in the order that
 * gives the most useful refusal.  Changes nothing.
 */
#include "hamd/core/record.h"

static bool
any_current(const struct ham_guest *guest)
{
	for (int i = 0; i < HAM_MAX_REPLICAS; i++)
		if (guest->replica[i].node &&
		    guest->replica[i].state == HAM_REPLICA_CURRENT)
			return true;
	return false;
}

static const char *
check_dead(const struct ham_record *record, const struct ham_op *op)
{
	if (op->guest[0] != '\0' || op->node == 0)
		return "a node dies, not a guest";
	for (unsigned int i = 0; i < record->n_guests; i++)
		if (ham_guest_hangs_on(&record->guests[i], op->node))
			return NULL;
	return "no guest hangs on its death";
}

static const char *
check_start(const struct ham_record *record, const struct ham_guest *guest,
	    const struct ham_op *op)
{
	const char *closed = ham_record_check_open(record, op->node);

	if (op->node == 0)
		return "no node was named";
	if (closed)
		return closed;
	if (!guest && op->epoch != 0)
		return "it was never started";
	if (!guest)
		return record->n_guests < HAM_MAX_GUESTS
			       ? NULL
			       : "the record is full of guests";
	if (guest->phase != HAM_GUEST_STOPPED)
		return "it is not stopped";
	/* asked before it last ran: since then it may have been stopped */
	if (guest->epoch != op->epoch)
		return "its epoch is another one by now";
	if (op->reason[0] && !guest->again)
		return "it was stopped since";
	if (ham_guest_may_start(guest, op->node, (uint8_t)op->txn, op->flag))
		return NULL;
	return any_current(guest)
		       ? "that node holds no current copy of its disks"
		       : "no node holds a current copy of its disks";
}

static const char *
check_epoch(const struct ham_guest *guest, const struct ham_op *op)
{
	if (!guest)
		return "it was never started";
	if (guest->epoch != op->epoch)
		return "its epoch is another one by now";
	return NULL;
}

static bool
is_live(const struct ham_guest *guest)
{
	return guest->phase == HAM_GUEST_STARTED ||
	       guest->phase == HAM_GUEST_MIGRATING;
}

/* What only its owner asks for, and that one is dead. */
static bool
is_owners(unsigned int kind)
{
	return kind == HAM_OP_MIGRATE || kind == HAM_OP_MIGRATE_END ||
	       kind == HAM_OP_CUTOVER || kind == HAM_OP_OUTDATED ||
	       kind == HAM_OP_SYNC || kind == HAM_OP_CURRENT ||
	       kind == HAM_OP_RESIZE || kind == HAM_OP_RESIZED ||
	       kind == HAM_OP_MOVE || kind == HAM_OP_MOVE_END ||
	       kind == HAM_OP_MOVE_STOP;
}

/* A copy is made only of a guest that stays where it is. */
static const char *
check_copy(const struct ham_guest *guest, const struct ham_op *op)
{
	const struct ham_replica *r = ham_guest_replica(guest, op->node);

	if (guest->phase != HAM_GUEST_STARTED)
		return "it is not started, or it is being migrated";
	if (guest->grow_size)
		return "a disk of it is being resized";
	if (op->kind == HAM_OP_CURRENT)
		return r && r->state == HAM_REPLICA_SYNCING &&
				       r->generation == op->txn
			       ? NULL
			       : "that copy is not being made any more";
	if (guest->common)
		return "all its disks are shared, there is nothing to copy";
	if (op->node == 0 || op->node == guest->owner)
		return "a copy is made on another node than its own";
	if (r && ham_replica_is_alive(r))
		return "there is a copy on that node already";
	return ham_guest_has_room(guest, op->node)
		       ? NULL
		       : "it has as many copies as it can have";
}

static const char *
check_resize(const struct ham_guest *guest, const struct ham_op *op)
{
	if (op->node >= HAM_MAX_DISKS)
		return "it has no such disk";
	if (guest->phase != HAM_GUEST_STARTED || !guest->wanted)
		return "it is not running, or it is being migrated";
	if (guest->grow_size)
		return "a disk of it is being resized already";
	if (guest->move_to)
		return "it is being moved";
	return op->txn > guest->disk_size[op->node] &&
			       op->txn <= HAM_DISK_SIZE_MAX &&
			       op->txn % 512 == 0
		       ? NULL
		       : "a disk only grows, by 512 bytes and their multiples";
}

static const char *
check_move(const struct ham_guest *guest, const struct ham_op *op)
{
	if (guest->phase != HAM_GUEST_STARTED &&
	    guest->phase != HAM_GUEST_STOPPED)
		return "it is being migrated already";
	if (guest->move_to)
		return "it is being moved already";
	if (guest->phase == HAM_GUEST_STARTED && !guest->wanted)
		return "it is being stopped";
	if (guest->grow_size)
		return "a disk of it is being resized";
	if (op->node == 0 || guest->owner == op->node)
		return "it is on that node already";
	if (guest->txn != op->txn)
		return "it has been migrated since that was asked";
	if (!ham_guest_is_current(guest, guest->owner))
		return "its own node holds no current copy of its disks";
	return ham_guest_has_room(guest, op->node)
		       ? NULL
		       : "it has as many copies as it can have, and none there";
}

static const char *
check_promote(const struct ham_guest *guest, const struct ham_op *op)
{
	if (!is_live(guest))
		return "it is not started";
	if (!guest->owner_dead)
		return "its owner is not proven dead";
	return ham_guest_may_own(guest, op->node)
		       ? NULL
		       : "that node holds no current copy of its disks";
}

/* Not while an owner may run it, and only a whole copy of its disks. */
static const char *
check_force(const struct ham_record *record, const struct ham_guest *guest,
	    const struct ham_op *op)
{
	const struct ham_replica *r = ham_guest_replica(guest, op->node);
	const char *closed = ham_record_check_open(record, op->node);

	if (closed)
		return closed;
	/* in doubt its destination may run by the source's word alone */
	if (guest->phase != HAM_GUEST_STOPPED &&
	    !(guest->owner_dead && (is_live(guest) || guest->dst_dead)))
		return "it is not stopped, nor its owner proven dead";
	if (guest->common || guest->shared || op->flag || (uint8_t)op->txn)
		return "it shares a disk, and an old copy of others does not "
		       "fit that";
	if (op->node == 0 || !r)
		return "that node holds no copy of its disks";
	/* a third one is, where neither side of a hand-over is left */
	if (r->state == HAM_REPLICA_CURRENT &&
	    (guest->phase != HAM_GUEST_IN_DOUBT || op->node == guest->owner ||
	     op->node == guest->dst))
		return "that copy is current";
	if (!ham_guest_has_whole(guest, op->node))
		return "that copy was not made to its end";
	/* else the newer images could not be told from it */
	if (guest->history == 0)
		return "its images have no history";
	return op->txn >> HAM_MAX_DISKS ? NULL : "it is given no history";
}

static const char *
check_other(const struct ham_guest *guest, const struct ham_op *op)
{
	if (guest->owner_dead && is_owners(op->kind))
		return "its node is proven dead";
	switch ((enum ham_op_kind)op->kind) {
	case HAM_OP_WANT_STOP:
		if (guest->phase == HAM_GUEST_STOPPED && !guest->wanted)
			return "it is stopped";
		if (op->reason[0] && (!guest->wanted || !is_live(guest)))
			return "it is not to run";
		if (guest->phase == HAM_GUEST_MIGRATING ||
		    guest->phase == HAM_GUEST_IN_DOUBT)
			return "it is being migrated";
		if (guest->cold)
			return "it is stopped, and being moved";
		return NULL;
	case HAM_OP_STOPPED:
		/* an owner that says twice that it did not start it */
		if (guest->owner_dead && guest->failover &&
		    op->txn == HAM_ENDED_UNRUN)
			return "that start is over";
		return is_live(guest) ? NULL : "it is not started";
	case HAM_OP_MIGRATE:
		if (guest->phase == HAM_GUEST_MIGRATING ||
		    guest->phase == HAM_GUEST_IN_DOUBT)
			return "it is being migrated already";
		if (guest->phase != HAM_GUEST_STARTED)
			return "it is not running";
		if (!guest->wanted)
			return "it is being stopped";
		if (guest->grow_size)
			return "a disk of it is being resized";
		if (guest->move_to)
			return "it is being moved";
		if (op->node == 0 || guest->owner == op->node)
			return "it runs on that node already";
		/* an order that is asked again must not be done again */
		if (guest->txn != op->txn)
			return "it has been migrated since that was asked";
		return NULL;
	case HAM_OP_MIGRATE_END:
	case HAM_OP_CUTOVER:
		if (guest->phase != HAM_GUEST_MIGRATING ||
		    guest->txn != op->txn)
			return "that migration is over";
		return NULL;
	case HAM_OP_OUTCOME:
		if (guest->phase != HAM_GUEST_IN_DOUBT || guest->txn != op->txn)
			return "it is not in doubt";
		if (op->node != guest->owner && op->node != guest->dst)
			return "that node has no part in the hand-over";
		return NULL;
	case HAM_OP_OUTDATED:
		if (guest->phase != HAM_GUEST_STARTED &&
		    guest->phase != HAM_GUEST_MIGRATING)
			return "it is not started";
		if (op->node == guest->owner)
			return "the owner's own copy is never outdated";
		if (op->flag && guest->phase == HAM_GUEST_MIGRATING &&
		    guest->dst == op->node)
			return "it is being migrated there";
		if (op->txn > HAM_LOST_DIFFERS)
			return "it is not said what becomes of that copy";
		return ham_guest_is_current(guest, op->node) ||
				       ham_guest_is_syncing(guest, op->node)
			       ? NULL
			       : "that copy is not current";
	case HAM_OP_PROMOTE:
		return check_promote(guest, op);
	case HAM_OP_SYNC:
	case HAM_OP_CURRENT:
		return check_copy(guest, op);
	case HAM_OP_RESIZE:
		return check_resize(guest, op);
	case HAM_OP_RESIZED:
		return guest->grow_size && guest->grow_size == op->txn
			       ? NULL
			       : "no disk of it is being resized to that";
	case HAM_OP_MOVE:
		return check_move(guest, op);
	case HAM_OP_MOVE_END:
	case HAM_OP_MOVE_STOP:
		if (guest->leaving)
			return "it is shut down to be moved already";
		return guest->move_to && guest->txn == op->txn
			       ? NULL
			       : "that move is over";
	case HAM_OP_NONE:
	case HAM_OP_START:
	case HAM_OP_DEAD:
	case HAM_OP_NODE:
	case HAM_OP_FORCE:
	case HAM_OP_N_KINDS:
		break;
	}
	return "unknown operation";
}

static const char *
check(const struct ham_record *record, const struct ham_guest *guest,
      const struct ham_op *op)
{
	const char *refusal;

	if (op->kind == HAM_OP_DEAD)
		return check_dead(record, op);
	if (op->kind == HAM_OP_NODE)
		return ham_record_check_node(record, op);
	if (!ham_name_valid(op->guest))
		return "the guest's name is not valid";
	if (op->kind == HAM_OP_START)
		return check_start(record, guest, op);
	refusal = check_epoch(guest, op);
	if (!refusal)
		refusal = op->kind == HAM_OP_FORCE
				  ? check_force(record, guest, op)
				  : check_other(guest, op);
	if (!refusal && (op->kind == HAM_OP_MIGRATE || op->kind == HAM_OP_MOVE))
		refusal = ham_record_check_open(record, op->node);
	return refusal;
}

const char *
ham_record_check(const struct ham_record *record, const struct ham_op *op)
{
	return check(record, ham_record_lookup(record, op->guest), op);
}
