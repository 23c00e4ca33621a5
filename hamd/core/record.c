/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/record.c - see record.h
 *
 * One function per operation makes its change; whether it fits is asked first,
 * of record_check.c.
 */
#include "hamd/core/record.h"

#include <glib.h>
#include <string.h>

#include "hamd/core/message.h"

static const char *const phase_names[] = {
	"stopped",
	"started",
	"migrating",
	"in-doubt",
};
G_STATIC_ASSERT(G_N_ELEMENTS(phase_names) == HAM_GUEST_N_PHASES);

static const char *const replica_names[] = {
	"absent",
	"syncing",
	"current",
	"outdated",
};
G_STATIC_ASSERT(G_N_ELEMENTS(replica_names) == HAM_REPLICA_N_STATES);

static const char *const op_names[] = {
	"none",	       "start",	   "want-stop", "stopped",  "migrate",
	"migrate-end", "cutover",  "outcome",	"outdated", "dead",
	"promote",     "sync",	   "current",	"resize",   "resized",
	"move",	       "move-end", "move-stop", "node",	    "force",
};
G_STATIC_ASSERT(G_N_ELEMENTS(op_names) == HAM_OP_N_KINDS);

const char *
ham_phase_name(unsigned int phase)
{
	return phase < HAM_GUEST_N_PHASES ? phase_names[phase] : "?";
}

const char *
ham_replica_state_name(const struct ham_replica *replica)
{
	if (replica->state >= HAM_REPLICA_N_STATES)
		return "?";
	return replica->state == HAM_REPLICA_OUTDATED && replica->torn
		       ? "partial"
		       : replica_names[replica->state];
}

const char *
ham_op_name(unsigned int kind)
{
	return kind < HAM_OP_N_KINDS ? op_names[kind] : "?";
}

bool
ham_name_valid(const char *name)
{
	size_t len = strnlen(name, HAM_NAME_SIZE);

	if (len == 0 || len >= HAM_NAME_SIZE || name[0] == '-' ||
	    name[0] == '.')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!g_ascii_isalnum(name[i]) && !strchr("._-", name[i]))
			return false;
	return true;
}

/* Index of the first guest whose name is not below `name`. */
static unsigned int
lower_bound(const struct ham_record *record, const char *name)
{
	unsigned int lo = 0;
	unsigned int hi = record->n_guests;

	while (lo < hi) {
		unsigned int mid = lo + (hi - lo) / 2;

		if (strcmp(record->guests[mid].name, name) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

const struct ham_guest *
ham_record_lookup(const struct ham_record *record, const char *name)
{
	unsigned int i = lower_bound(record, name);

	if (i < record->n_guests && strcmp(record->guests[i].name, name) == 0)
		return &record->guests[i];
	return NULL;
}

struct ham_guest *
ham_record_find(struct ham_record *record, const char *name)
{
	return (struct ham_guest *)ham_record_lookup(record, name);
}

static struct ham_replica *
replica_of(struct ham_guest *guest, uint32_t node)
{
	for (int i = 0; i < HAM_MAX_REPLICAS; i++)
		if (guest->replica[i].node == node)
			return &guest->replica[i];
	return NULL;
}

const struct ham_replica *
ham_guest_replica(const struct ham_guest *guest, uint32_t node)
{
	return replica_of((struct ham_guest *)guest, node);
}

bool
ham_guest_is_current(const struct ham_guest *guest, uint32_t node)
{
	const struct ham_replica *replica = ham_guest_replica(guest, node);

	return replica && replica->state == HAM_REPLICA_CURRENT;
}

bool
ham_guest_may_own(const struct ham_guest *guest, uint32_t node)
{
	return guest->common || ham_guest_is_current(guest, node);
}

bool
ham_guest_tried(const struct ham_guest *guest, uint32_t node)
{
	for (int i = 0; i < HAM_MAX_STARTS - 1; i++)
		if (node && guest->tried[i] == node)
			return true;
	return false;
}

bool
ham_guest_never_ran(const struct ham_guest *guest)
{
	for (int i = 0; i < HAM_MAX_REPLICAS; i++)
		if (guest->replica[i].node)
			return false;
	return true;
}

bool
ham_guest_may_start(const struct ham_guest *guest, uint32_t node,
		    uint8_t shared, bool common)
{
	if (ham_guest_never_ran(guest) || (guest->common && common))
		return true;
	return ham_guest_is_current(guest, node) &&
	       (guest->shared == shared || guest->owner == node);
}

bool
ham_guest_is_syncing(const struct ham_guest *guest, uint32_t node)
{
	const struct ham_replica *replica = ham_guest_replica(guest, node);

	return replica && replica->state == HAM_REPLICA_SYNCING;
}

bool
ham_guest_has_whole(const struct ham_guest *guest, uint32_t node)
{
	const struct ham_replica *r = ham_guest_replica(guest, node);

	if (node == 0 || !r || r->torn)
		return false;
	/* the destination's is being copied over */
	return r->state == HAM_REPLICA_CURRENT ||
	       (r->state == HAM_REPLICA_OUTDATED &&
		!(guest->phase == HAM_GUEST_MIGRATING && guest->dst == node));
}

bool
ham_replica_is_alive(const struct ham_replica *replica)
{
	return replica->node != 0 && (replica->state == HAM_REPLICA_CURRENT ||
				      replica->state == HAM_REPLICA_SYNCING);
}

/* The node's entry, or one that nothing is lost with: a free one, else an
 * outdated one.  NULL: there is none. */
static struct ham_replica *
replica_room(struct ham_guest *guest, uint32_t node)
{
	struct ham_replica *replica = replica_of(guest, node);

	for (int i = 0; !replica && i < HAM_MAX_REPLICAS; i++)
		if (guest->replica[i].node == 0)
			replica = &guest->replica[i];
	for (int i = 0; !replica && i < HAM_MAX_REPLICAS; i++)
		if (!ham_replica_is_alive(&guest->replica[i]))
			replica = &guest->replica[i];
	return replica;
}

static uint64_t
next_generation(const struct ham_guest *guest)
{
	uint64_t highest = 0;

	for (int i = 0; i < HAM_MAX_REPLICAS; i++)
		highest = MAX(highest, guest->replica[i].generation);
	return highest + 1;
}

bool
ham_guest_has_room(const struct ham_guest *guest, uint32_t node)
{
	return replica_room((struct ham_guest *)guest, node) != NULL;
}

/* A copy is begun; there is room, as was checked. */
static struct ham_replica *
replica_begin(struct ham_guest *guest, uint32_t node,
	      enum ham_replica_state state)
{
	struct ham_replica *replica = replica_room(guest, node);

	g_assert(replica);
	replica->generation = next_generation(guest);
	/* an old one is what it was until something is copied */
	if (replica->node != node || state == HAM_REPLICA_CURRENT)
		replica->torn = state != HAM_REPLICA_CURRENT;
	replica->node = node;
	replica->state = (uint8_t)state;
	return replica;
}

/* It takes no writes any more. */
static void
give_up(struct ham_replica *r, enum ham_lost lost)
{
	if (lost == HAM_LOST_DIFFERS ||
	    (r->state == HAM_REPLICA_SYNCING && lost != HAM_LOST_UNTOUCHED))
		r->torn = true;
	r->state = HAM_REPLICA_OUTDATED;
}

/* All copies but those of `a` and `b`, and those of the entries in `keep`,
 * become outdated. */
static void
outdate_others(struct ham_guest *guest, uint32_t a, uint32_t b, uint32_t keep)
{
	for (int i = 0; i < HAM_MAX_REPLICAS; i++) {
		struct ham_replica *r = &guest->replica[i];

		if (ham_replica_is_alive(r) && r->node != a && r->node != b &&
		    !(keep & (1u << i)))
			give_up(r, HAM_LOST_LEFT);
	}
}

/* Elsewhere there is nothing of a guest whose disks are common to all. */
static void
settle(struct ham_guest *guest, uint32_t node)
{
	uint64_t next = next_generation(guest);
	const struct ham_replica *r = ham_guest_replica(guest, node);
	struct ham_replica only = {.node = node, .generation = next};

	if (!guest->common)
		return;
	if (r && r->state == HAM_REPLICA_CURRENT)
		only = *r;
	only.state = HAM_REPLICA_CURRENT;
	memset(guest->replica, 0, sizeof(guest->replica));
	guest->replica[0] = only;
}

/* What was not copied to its end is no copy. */
static void
end_syncing(struct ham_guest *guest)
{
	for (int i = 0; i < HAM_MAX_REPLICAS; i++)
		if (guest->replica[i].state == HAM_REPLICA_SYNCING)
			give_up(&guest->replica[i], HAM_LOST_LEFT);
}

bool
ham_guest_hangs_on(const struct ham_guest *guest, uint32_t node)
{
	if (guest->phase == HAM_GUEST_STOPPED)
		return false;
	return (guest->owner == node && !guest->owner_dead) ||
	       (guest->phase == HAM_GUEST_IN_DOUBT && guest->dst == node &&
		!guest->dst_dead);
}

/* Whatever it was, it is over: what was current before counts no more. */
static void
end_failover(struct ham_guest *guest)
{
	guest->failover = false;
	guest->spare = 0;
	memset(guest->tried, 0, sizeof(guest->tried));
}

static uint16_t
free_slot(const struct ham_record *record)
{
	bool used[HAM_MAX_GUESTS] = {false};
	uint16_t slot = 0;

	for (unsigned int i = 0; i < record->n_guests; i++)
		used[record->guests[i].slot % HAM_MAX_GUESTS] = true;
	while (slot < HAM_MAX_GUESTS - 1 && used[slot])
		slot++;
	return slot;
}

static struct ham_guest *
insert(struct ham_record *record, const char *name)
{
	unsigned int i = lower_bound(record, name);
	struct ham_guest *guest = &record->guests[i];
	uint16_t slot = free_slot(record);

	memmove(guest + 1, guest,
		(record->n_guests - i) * sizeof(record->guests[0]));
	memset(guest, 0, sizeof(*guest));
	g_strlcpy(guest->name, name, sizeof(guest->name));
	guest->slot = slot;
	record->n_guests++;
	return guest;
}

/* What it was to run from was no good, and nothing was made: as if it had not
 * been asked. */
static void
forget_first(struct ham_guest *guest, const struct ham_op *op)
{
	if (guest->epoch == 1 && op->txn == HAM_ENDED_UNRUN)
		memset(guest->replica, 0, sizeof(guest->replica));
}

static void
apply_start(struct ham_record *record, struct ham_guest *guest,
	    const struct ham_op *op)
{
	bool first = !guest;

	if (first)
		guest = insert(record, op->guest);
	if (guest->history == 0)
		guest->history = op->txn >> HAM_MAX_DISKS;
	if (guest->shared != (uint8_t)op->txn)
		outdate_others(guest, op->node, 0, 0);
	/* not +1 after a destination's +1: see PROMOTE */
	guest->epoch += guest->epoch ? 3 : 1;
	guest->phase = HAM_GUEST_STARTED;
	guest->wanted = true;
	guest->again = false;
	guest->owner = op->node;
	guest->reason[0] = '\0';
	guest->home = 0;
	guest->shared = (uint8_t)op->txn;
	guest->common = op->flag;
	end_syncing(guest);
	if (ham_guest_never_ran(guest))
		replica_begin(guest, op->node, HAM_REPLICA_CURRENT);
	settle(guest, op->node);
}

/* Nobody is away who is at home. */
static void
come_home(struct ham_guest *guest)
{
	if (guest->home == guest->owner)
		guest->home = 0;
}

static void
apply_dead(struct ham_record *record, uint32_t node)
{
	for (unsigned int i = 0; i < record->n_guests; i++) {
		struct ham_guest *guest = &record->guests[i];

		if (!ham_guest_hangs_on(guest, node))
			continue;
		/* nobody can say any more that it never ran there */
		end_failover(guest);
		if (guest->owner == node)
			guest->owner_dead = true;
		else
			guest->dst_dead = true;
	}
}

static uint8_t
other_current(const struct ham_guest *guest, uint32_t node)
{
	uint8_t mask = 0;

	for (int i = 0; !guest->common && i < HAM_MAX_REPLICAS; i++)
		if (guest->replica[i].node != node &&
		    guest->replica[i].node != 0 &&
		    guest->replica[i].state == HAM_REPLICA_CURRENT)
			mask |= (uint8_t)(1u << i);
	return mask;
}

/* A destination's copy that does not count was copied over; and the mirror may
 * have been cut disk by disk, before all was on its disks. */
static void
tear_destination(struct ham_guest *guest)
{
	struct ham_replica *r = replica_of(guest, guest->dst);

	if (guest->dst && r && r->state == HAM_REPLICA_OUTDATED)
		r->torn = true;
}

static void
apply_promote(struct ham_guest *guest, const struct ham_op *op)
{
	/* else the reasons why it did not start are kept */
	if (!guest->failover)
		g_strlcpy(guest->reason, op->reason, sizeof(guest->reason));
	tear_destination(guest);
	guest->failover = true;
	guest->spare = other_current(guest, op->node);
	/* not +2 after a destination's +1: a source that missed both would take
	 * it for its own outcome, and resume an image of the past (I2) */
	guest->epoch += 3;
	guest->phase = HAM_GUEST_STARTED;
	guest->owner = op->node;
	guest->dst = guest->move_to = 0;
	guest->leaving = false;
	guest->owner_dead = false;
	guest->clean = false;
	come_home(guest);
	outdate_others(guest, op->node, 0, 0);
	settle(guest, op->node);
}

/* As if that copy were the newest: who has more has it for nothing. */
static void
apply_force(struct ham_guest *guest, const struct ham_op *op)
{
	end_failover(guest);
	guest->history = op->txn >> HAM_MAX_DISKS;
	replica_of(guest, op->node)->state = HAM_REPLICA_CURRENT;
	outdate_others(guest, op->node, 0, 0);
	tear_destination(guest);
	guest->epoch += 3;
	guest->phase = HAM_GUEST_STARTED;
	guest->wanted = true;
	guest->again = guest->halts = guest->cold = guest->leaving = false;
	guest->owner_dead = guest->dst_dead = guest->clean = false;
	guest->owner = op->node;
	guest->dst = guest->move_to = guest->home = 0;
	guest->grow_disk = 0;
	guest->grow_size = 0; /* what was to grow is not this one */
	g_strlcpy(guest->reason, op->reason, sizeof(guest->reason));
}

static void
apply_resize(struct ham_guest *guest, const struct ham_op *op)
{
	guest->grow_disk = (uint8_t)op->node;
	guest->grow_size = op->txn;
	outdate_others(guest, guest->owner, 0, 0);
}

static void
apply_resized(struct ham_guest *guest, const struct ham_op *op)
{
	if (op->flag)
		guest->disk_size[guest->grow_disk] = guest->grow_size;
	guest->grow_disk = 0;
	guest->grow_size = 0;
}

/* To the node that it moves to, if that has what this one had; with a guest
 * that was stopped for that alone it is started again, wherever it is. */
static void
end_move(struct ham_guest *guest, const struct ham_op *op, uint32_t to)
{
	bool equal = to && op->node == to &&
		     (guest->common || (op->txn == HAM_ENDED_EQUAL &&
					ham_guest_is_current(guest, to)));
	bool runs = guest->leaving && guest->wanted;

	if ((guest->cold || runs) && equal) {
		guest->owner = to;
		guest->epoch += 3;
		guest->reason[0] = '\0';
		settle(guest, to);
	} else if (runs) {
		guest->epoch += 3;
		g_strlcpy(guest->reason,
			  "it was stopped to be moved, and the copy there was "
			  "not equal, or not there",
			  sizeof(guest->reason));
	}
	if (runs) {
		guest->phase = HAM_GUEST_STARTED;
		guest->again = false;
	}
	guest->cold = guest->leaving = false;
}

/* Nothing was written since PROMOTE: its copies are what they were. */
static void
restore_spare(struct ham_guest *guest)
{
	for (int i = 0; i < HAM_MAX_REPLICAS; i++)
		if (guest->spare & (1u << i))
			guest->replica[i].state = HAM_REPLICA_CURRENT;
	guest->spare = 0;
}

/* Behind those of other nodes. */
static void
add_reason(struct ham_guest *guest, const struct ham_op *op)
{
	if (guest->tried[0] == 0)
		guest->reason[0] = '\0';
	else
		g_strlcat(guest->reason, "; ", sizeof(guest->reason));
	g_strlcat(guest->reason, op->reason, sizeof(guest->reason));
}

/* It did not start after its node's death.  True: it is to be tried elsewhere,
 * and nothing of it is left here, as if this node were dead. */
static bool
unrun(struct ham_guest *guest, const struct ham_op *op)
{
	int n = 0;

	restore_spare(guest);
	add_reason(guest, op);
	while (n < HAM_MAX_STARTS - 1 && guest->tried[n])
		n++;
	if (n == HAM_MAX_STARTS - 1 || !guest->wanted)
		return false;
	guest->tried[n] = guest->owner;
	guest->owner_dead = true;
	return true;
}

static void
apply_stopped(struct ham_guest *guest, const struct ham_op *op)
{
	uint32_t to = guest->move_to;
	bool named = guest->failover && op->txn == HAM_ENDED_UNRUN;

	if (named && unrun(guest, op))
		return;
	end_failover(guest);
	tear_destination(guest);

	guest->phase = HAM_GUEST_STOPPED;
	guest->dst = 0;
	guest->move_to = 0;
	guest->owner_dead = false;
	guest->clean = op->txn == HAM_ENDED_EQUAL ||
		       (op->txn == HAM_ENDED_UNRUN && guest->clean);
	end_syncing(guest);
	/* a guest that shut itself down is where it wanted to be (F45) */
	if (op->flag && !guest->leaving)
		guest->wanted = false;
	guest->wanted = guest->wanted || guest->halts;
	guest->leaving = guest->leaving && !guest->halts;
	guest->again =
		guest->wanted && (op->txn == HAM_ENDED_AGAIN || guest->halts);
	guest->halts = false;
	if (!named)
		g_strlcpy(guest->reason, op->reason, sizeof(guest->reason));
	forget_first(guest, op);
	if (to || guest->cold)
		end_move(guest, op, to);
}

static void
apply_move(struct ham_guest *guest, const struct ham_op *op)
{
	guest->txn++;
	guest->home = 0;
	guest->reason[0] = '\0';
	if (guest->phase == HAM_GUEST_STARTED) {
		guest->move_to = op->node;
		return;
	}
	guest->epoch += 3;
	guest->wanted = guest->again = false;
	if (ham_guest_may_own(guest, op->node)) {
		guest->owner = op->node;
		settle(guest, op->node);
		return;
	}
	guest->move_to = op->node;
	guest->phase = HAM_GUEST_STARTED;
	guest->cold = true;
}

static void
apply_migrate(struct ham_guest *guest, const struct ham_op *op)
{
	guest->phase = HAM_GUEST_MIGRATING;
	guest->dst = op->node;
	guest->txn++;
	guest->reason[0] = '\0';
	if (!op->flag)
		guest->home = 0;
	else if (guest->home == 0)
		guest->home = guest->owner;
	end_syncing(guest);
}

static void
stay(struct ham_guest *guest, const char *reason)
{
	guest->phase = HAM_GUEST_STARTED;
	guest->dst = 0;
	come_home(guest);
	g_strlcpy(guest->reason, reason, sizeof(guest->reason));
}

static void
apply_migrate_end(struct ham_guest *guest, const struct ham_op *op)
{
	if (!op->flag)
		tear_destination(guest);
	stay(guest, op->reason);
}

/* The destination's took the guest's writes, so its disk was not copied, and
 * CUTOVER must not call it current any more. */
static void
apply_outdated(struct ham_guest *guest, const struct ham_op *op)
{
	give_up(replica_of(guest, op->node), (enum ham_lost)op->txn);
	if (guest->phase == HAM_GUEST_MIGRATING && guest->dst == op->node)
		stay(guest, op->reason);
}

static void
apply_cutover(struct ham_guest *guest, const struct ham_op *op)
{
	guest->phase = HAM_GUEST_IN_DOUBT;
	outdate_others(guest, guest->owner, guest->dst, op->node);
	for (uint32_t keep = op->node; !replica_room(guest, guest->dst);) {
		keep &= keep - 1; /* one entry less */
		outdate_others(guest, guest->owner, guest->dst, keep);
	}
	if (!ham_guest_is_current(guest, guest->dst))
		replica_begin(guest, guest->dst, HAM_REPLICA_CURRENT);
}

static void
apply_outcome(struct ham_guest *guest, const struct ham_op *op)
{
	uint32_t dst = guest->dst;

	guest->epoch += op->node == dst ? 1 : 2;
	guest->phase = HAM_GUEST_STARTED;
	guest->clean = false;
	if (op->node != dst) { /* no copy is served at that epoch */
		outdate_others(guest, guest->owner, 0, 0);
		tear_destination(guest);
	} else if (guest->owner_dead) { /* nothing there takes its writes */
		replica_of(guest, guest->owner)->state = HAM_REPLICA_OUTDATED;
	}
	guest->dst = 0;
	guest->owner_dead = guest->dst_dead = false;
	guest->owner = op->node;
	come_home(guest);
	settle(guest, op->node);
	g_strlcpy(guest->reason, op->reason, sizeof(guest->reason));
}

/* Or may write to a disk that is no current copy. */
static bool
is_of_one_that_runs(unsigned int kind)
{
	return kind == HAM_OP_MIGRATE || kind == HAM_OP_SYNC ||
	       kind == HAM_OP_RESIZE || kind == HAM_OP_MOVE;
}

const char *
ham_record_apply(struct ham_record *record, const struct ham_op *op)
{
	struct ham_guest *guest = ham_record_find(record, op->guest);
	const char *refusal = ham_record_check(record, op);

	if (refusal)
		return refusal;
	if (guest && is_of_one_that_runs(op->kind))
		end_failover(guest);
	switch ((enum ham_op_kind)op->kind) {
	case HAM_OP_START:
		apply_start(record, guest, op);
		break;
	case HAM_OP_WANT_STOP:
		/* to end it at once does not say that it is to stay down */
		guest->halts = op->reason[0] || (guest->halts && op->flag);
		guest->wanted = guest->again = false;
		break;
	case HAM_OP_STOPPED:
		apply_stopped(guest, op);
		break;
	case HAM_OP_MIGRATE:
		apply_migrate(guest, op);
		break;
	case HAM_OP_MIGRATE_END:
		apply_migrate_end(guest, op);
		break;
	case HAM_OP_CUTOVER:
		apply_cutover(guest, op);
		break;
	case HAM_OP_OUTCOME:
		apply_outcome(guest, op);
		break;
	case HAM_OP_OUTDATED:
		apply_outdated(guest, op);
		break;
	case HAM_OP_DEAD:
		apply_dead(record, op->node);
		ham_record_node_died(record, op->node);
		break;
	case HAM_OP_PROMOTE:
		apply_promote(guest, op);
		break;
	case HAM_OP_SYNC:
		replica_begin(guest, op->node, HAM_REPLICA_SYNCING);
		break;
	case HAM_OP_CURRENT:
		replica_of(guest, op->node)->state = HAM_REPLICA_CURRENT;
		replica_of(guest, op->node)->torn = false;
		break;
	case HAM_OP_RESIZE:
		apply_resize(guest, op);
		break;
	case HAM_OP_RESIZED:
		apply_resized(guest, op);
		break;
	case HAM_OP_MOVE:
		apply_move(guest, op);
		break;
	case HAM_OP_MOVE_STOP:
		guest->leaving = true;
		break;
	case HAM_OP_MOVE_END:
		guest->move_to = 0;
		g_strlcpy(guest->reason, op->reason, sizeof(guest->reason));
		break;
	case HAM_OP_NODE:
		ham_record_apply_node(record, op);
		break;
	case HAM_OP_FORCE:
		apply_force(guest, op);
		break;
	case HAM_OP_NONE:
	case HAM_OP_N_KINDS:
		g_assert_not_reached();
	}
	return NULL;
}

static uint64_t
hash(uint64_t sum, const uint8_t *bytes, size_t len)
{
	for (size_t k = 0; k < len; k++)
		sum = (sum ^ bytes[k]) * UINT64_C(0x100000001b3);
	return sum;
}

uint64_t
ham_record_checksum(const struct ham_record *record)
{
	uint8_t bytes[HAM_GUEST_WIRE_MAX];
	uint64_t sum = HAM_RECORD_CHECKSUM_EMPTY;

	for (unsigned int i = 0; i < record->n_guests; i++) {
		size_t len = ham_guest_encode(&record->guests[i], bytes);

		sum = hash(sum, bytes, len);
	}
	for (unsigned int i = 0; i < record->n_nodes; i++) {
		size_t len = ham_node_encode(&record->nodes[i], bytes);

		sum = hash(sum, bytes, len);
	}
	return sum;
}
