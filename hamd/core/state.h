/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/state.h - what the files of the core share; nobody else includes it
 *
 * Replicated: `record`.  Durable: `record`, `promise`.  All else is volatile
 * and dies with this hamd; what must not be forgotten is found again by
 * looking (HAM_DID_FOUND) or asking (STANDING).
 */
#ifndef HAM_CORE_STATE_H
#define HAM_CORE_STATE_H

#include "hamd/core/core.h"
#include "hamd/core/plan.h"

enum ham_view_phase {
	HAM_VIEW_NONE,	    /* no quorum, or the rings disagree */
	HAM_VIEW_PROMISING, /* the term's promise is on its way to the disk */
	HAM_VIEW_EXCHANGE,  /* waiting for everyone's EXCHANGE, then ADOPT */
	HAM_VIEW_JOINED,    /* has this term's state */
};

struct ham_exchange {
	bool valid;
	bool has_store;
	bool no_guests; /* its record is empty */
	uint64_t incarnation;
	struct ham_pos pos;
	uint64_t promise;
	uint64_t heard;
	uint64_t config_digest;
	char version[HAM_VERSION_SIZE];
	int64_t away_us[HAM_MAX_NODES]; /* by our clock; 0: in the ring */
};

/* What a node last heard of another's lease (LEASES). */
struct ham_heard {
	int64_t lease_us;    /* 0: nothing, ever */
	int64_t watchdog_us; /* 0: not armed */
};

enum {
	HAM_MAX_DEATHS = 16, /* that are remembered of a node */
};

/* What is known of a node, ourselves included. */
struct ham_peer {
	/* lease.c; of this ring alone */
	int64_t came_us;  /* newest HEARTBEAT of it, by its clock, */
	int64_t seen_us;  /* and the newest that our disk knows the lease of */
	int64_t heard_us; /* newest of ours that it has heard, by ours */
	struct ham_heard heard; /* on the disk, or on its way there: */
	uint64_t heard_ticket;	/* 0: it is there */
	/* of this view alone: what it has heard of each node, if it said so */
	bool has_told;
	struct ham_heard told[HAM_MAX_NODES];
	/* death.c */
	bool met;	     /* in a ring of this life of hamd */
	int64_t left_us;     /* our rings are without it since; 0: it is here */
	bool off;	     /* fenced, in this ring */
	uint64_t attempt;    /* fencing under way, 0: none */
	int64_t due_us;	     /* since when it is to be fenced; 0: it is not */
	int64_t fence_at_us; /* not before; holds across rings (F16) */
	int64_t backoff_us;
	int64_t proposed_us;
	char text[HAM_REASON_SIZE]; /* of the last fencing */
	int64_t rest_until_us;	    /* disarm.c; 0: it does not rest */
	uint64_t rest_since;	    /* of which state that is: its `since` */
	/* node.c */
	int64_t deaths[HAM_MAX_DEATHS]; /* DEAD applied, newest last; 0: none */
	int64_t quarantined_us;		/* proposed last */
	uint32_t memory_mib;	    /* as it said last; 0: not known */
};

/* A copy that the owner's QEMU writes to, too. */
struct ham_slot {
	uint32_t node;	   /* 0: nobody's */
	bool failed;	   /* takes no writes: the guest stands, or soon will */
	bool silent;	   /* and was waited for already */
	bool told;	   /* people know */
	bool dropping;	   /* SLOT_DROP is asked; again if it fails */
	bool setting;	   /* SLOT_SET is asked */
	bool filling;	   /* SLOT_FILL is; it takes no writes yet */
	bool found;	   /* by a restarted hamd: nobody knows since when */
	bool verify;	   /* it is to be compared, */
	bool awaited;	   /* by an operator, */
	bool verifying;	   /* and VERIFY is asked */
	bool differs;	   /* so it said */
	unsigned int same; /* answers of the daemon that it has failed with */
	bool missed;	   /* it refused while SLOT_SET was under way */
	bool again;	   /* soon after it was set anew: it won't take any */
	int64_t failed_us; /* since when */
	int64_t set_us;	   /* SLOT_SET last did it */
};

/* Is the slot connected to where that copy is served? */
enum ham_use {
	HAM_USE_NONE,
	HAM_USE_GUESSED, /* by an earlier life of this hamd, perhaps */
	HAM_USE_MADE,
};

/* Where a copy is served, as SERVED said. */
struct ham_offer {
	uint32_t node;
	uint64_t epoch;
	uint64_t generation;
	enum ham_use use;
	struct ham_blob blob;
};

enum ham_next { /* replica: its export of the epoch to come */
	HAM_NEXT_NONE,
	HAM_NEXT_ASKED,
	HAM_NEXT_SERVED,
};

/* Where one guest stands on this node. */
enum ham_stage {
	HAM_L_NONE,
	HAM_L_LOOKING,	/* LOOK asked, before a start */
	HAM_L_STARTING, /* LAUNCH asked */
	HAM_L_RUNNING,	/* ours; vCPUs run, or wait for an answer of a disk */
	HAM_L_STOPPING, /* SHUTDOWN or KILL asked */
	/* source, before CUTOVER: vCPUs run; everything can be undone */
	HAM_L_S_PREPARE,
	HAM_L_S_COPY,
	HAM_L_S_GATE, /* CUTOVER proposed; waits for its commit */
	HAM_L_S_UNDO,
	/* source, after CUTOVER: may not run without a committed OUTCOME */
	HAM_L_S_CAPTURE,
	HAM_L_S_CAPTURED, /* waits for TAKE */
	HAM_L_S_SILENCE,  /* TAKE came; tap going down; then YIELD */
	HAM_L_S_YIELDED,
	HAM_L_S_HALTING,
	HAM_L_S_HALTED, /* paused, same life, not yielded */
	HAM_L_S_EMPTY,	/* QEMU is gone; only the record says "source" */
	HAM_L_S_RESUME,
	HAM_L_S_FINISH,
	/* destination */
	HAM_L_D_PREPARE,
	HAM_L_D_READY,	  /* the copy comes in */
	HAM_L_D_TAKEOVER, /* CAPTURED came */
	HAM_L_D_HELD,	  /* TAKE sent; paused */
	HAM_L_D_RUN,	  /* YIELD came, or OUTCOME committed; cont asked */
	/* going away; the node answers STORED only afterwards */
	HAM_L_DISCARD,
	HAM_L_KILL,
	HAM_L_CLOSE,
	HAM_L_NARROW,  /* the export of the epoch before is being closed */
	HAM_L_SERVE,   /* SERVE asked */
	HAM_L_REPLICA, /* serves its disk to the owner */
	HAM_L_N_STAGES
};

/* stale.c: frames that left here while it may have run elsewhere. */
struct ham_leak {
	uint64_t epoch; /* that it ran as; 0: there is none */
	uint64_t frames;
	bool counted; /* else nobody knows how many */
	bool certain; /* it was started elsewhere */
	int64_t said_us;
};

/* drain.c, the leader: a guest that is to leave its node, or to come home. */
struct ham_leave {
	uint32_t from; /* 0: it need not, all else is void */
	uint32_t to;   /* asked last, */
	uint64_t txn;  /* as that migration; 0: none, or it has failed */
	int64_t asked_us;
	int64_t next_us; /* not before */
	int64_t backoff_us;
};

struct ham_local {
	char name[HAM_NAME_SIZE];
	/* fork.c; durable */
	unsigned int n_forks;
	struct ham_fork forks[HAM_MAX_FORKS];
	/* of every guest, on every node */
	struct ham_pos changed_at;    /* last operation that changed it */
	struct ham_ring cutover_ring; /* {0,0}: disturbed since CUTOVER */
	uint32_t src;		      /* of the last CUTOVER */
	int64_t changed_us;
	uint64_t starting_epoch; /* START seen, GUEST_RUNNING not yet */
	char held[HAM_REASON_SIZE]; /* GUEST_HELD said so; "": it goes on */
	char broken[HAM_REASON_SIZE]; /* DISK_FAILED did, of this run of it */
	char stays[HAM_REASON_SIZE];  /* DRAIN_WAITS said so, of that owner: */
	uint32_t stays_on;
	struct ham_leave leave;
	bool prepare_due;	 /* D: an old replica is closed first */
	bool take_seen;		 /* in this view, for this transaction */
	bool abort_seen;	 /* before any TAKE */
	uint8_t standing_src;
	uint8_t standing_dst;
	uint8_t mig_phase;
	struct ham_progress progress;
	struct ham_progress forecast; /* heard, and not in `progress` yet */
	uint32_t sync_at; /* the node that these are of */
	struct ham_progress sync;
	/* of guests that have something here */
	uint8_t stage;
	bool hold;	  /* STORED waits for this to end */
	bool was_replica; /* D: had a live replica before PREPARE */
	int64_t resume_us; /* S_HALTED: not before, 0: at once */
	bool undone;	  /* S_UNDO: UNDONE was told; the record is to follow */
	/* LAUNCH is due once the record is committed, if it has this epoch */
	uint64_t launch_epoch;
	bool lease_over;  /* KILL: because of that */
	bool stale;	  /* KILL: because its epoch is over */
	bool moved;	  /* when this node woke, vCPUs may have run */
	struct ham_leak leak;
	bool kill;	  /* WANT_STOP asked for a kill */
	bool pristine;	  /* S: refused there before anything was copied */
	bool gate;	  /* S_COPY: GATE was told */
	bool wired;	  /* S_COPY: WIRED came.  D_READY: it is */
	bool drained;	  /* D: DRAINED came */
	bool ran;	  /* D: it ran, or may have; OUTCOME not committed */
	bool wiring;	  /* D_READY: WIRE is asked */
	bool ended_clean; /* how its last QEMU here ended; with `reason` */
	uint8_t ended_as; /* STOPPED's txn: what became of its copies */
	uint64_t epoch;	  /* of the process here; what it runs or will run as */
	uint64_t txn;
	/* owner, and D once it is wired: whose copies its writes go to */
	struct ham_slot slot[HAM_MAX_SLOTS];
	int64_t next_sync_us; /* no copy is begun, or filled, before */
	int64_t backoff_us;
	uint32_t sync_node; /* the copy that is made, 0: none */
	uint32_t made_node; /* became current last, */
	int64_t made_us;    /* at that time */
	uint32_t shy_node;  /* failed last, */
	unsigned int shy;   /* and so often: others first */
	uint64_t move_txn; /* MOVE seen of that migration */
	uint32_t last_owner; /* before the operation that is applied */
	bool cold;	   /* it is STARTED, or was, to be moved alone */
	/* RESIZE is asked, 0: it is not; it was done: resize_key() of it.  When
	 * nobody knows, it is not asked again before: */
	uint64_t resizing;
	uint64_t resized;
	int64_t resize_us;
	bool queued;	    /* LAUNCH: all is ready but its turn */
	bool looked;	    /* LAUNCH: the images here are fit for it */
	int64_t launch_us;  /* since when it waits for copies, 0: it does not */
	uint32_t goes_on[HAM_MAX_SLOTS]; /* S: as WIRED said */
	/* replica */
	uint64_t serve_epoch; /* our copy has missed no write of that epoch */
	uint64_t generation;  /* that is served */
	uint64_t refused_generation; /* that can't be */
	uint64_t begun_generation; /* SYNC of it was applied in this life */
	uint64_t served_generation; /* so that something may be written to it */
	uint8_t next;	      /* enum ham_next */
	bool retry;	      /* found stopped by an I/O error: RETRY is due */
	bool migrate_due;     /* S: MIGRATE came before the guest was RUNNING */
	bool prepared_due;    /* and so did PREPARED */
	struct ham_blob blob; /* PREPARED's */
	struct ham_blob offer; /* EXPORTED's; empty: none yet */
	struct ham_blob heard; /* S: CAPTURED's */
	int64_t offer_us;      /* D: since when it is here */
	struct ham_blob served; /* replica: SERVED's, */
	struct ham_blob served_next; /* and that of the epoch to come */
	struct ham_offer *offers[HAM_MAX_SLOTS]; /* owned */
	int64_t since_us;      /* of the stage */
	int64_t said_us;       /* ham_repeat() */
	int64_t verified_us;   /* when its copies were last to be compared */
	int64_t started_us;    /* of the migration */
	struct ham_policy policy; /* of it */
	uint32_t warm_to;  /* S: it is moved there by a stop, once this is
			      undone; 0: it is not, */
	uint64_t warm_txn; /* and follows that migration */
	/* queue.c; transactions, 0: none */
	uint64_t applied_txn;	   /* whose MIGRATE was applied in this life, */
	struct ham_pos ordered_at; /* as that change of the record */
	uint64_t begun_txn;	   /* whose BEGIN was heard */
	uint64_t said_txn;	   /* S: and was said, */
	struct ham_ring said_ring; /* in that ring, */
	int64_t begin_said_us;	   /* then */
	int64_t may_since_us;	  /* S: only others come first, 0: they don't */
	bool forced;		  /* S: it is handed over whatever the pause */
	int64_t stop_us;       /* S: when `stop` was sent */
	int64_t quiet_us;      /* S: and how long before its last frame left;
				  -1: not known */
	/* S: when YIELD was sent, -1: more than once, or it was not what let D
	 * run; D: when it came */
	int64_t yield_us;
	char reason[HAM_REASON_SIZE];
	uint64_t placeless_epoch; /* people know that it has no place */
	/* the last proposal made for it, so that it is not made twice */
	uint8_t proposed_kind;
	uint32_t proposed_node;
	uint64_t proposed_epoch;
	int64_t proposed_us;
};

enum {
	HAM_MAX_PENDING = 64,	/* operators' questions at once */
	HAM_MAX_TRIALS = 4,	/* of them, what a migration would be like */
	HAM_MAX_WAITING = 64,	/* proposals held by the leader during a join */
	HAM_MAX_FLYING = 256,	/* RECORDs of the leader under way */
	HAM_MAX_TICKETS = 4096, /* writes to the store under way */
	/* the record's guests, and what was found here that it does not know */
	HAM_MAX_LOCALS = 2 * HAM_MAX_GUESTS,
};

struct ham_pending {
	uint64_t token; /* 0: free */
	uint8_t command;
	uint64_t proposal;
	struct ham_op op;
	struct ham_ring ring; /* CONFIRM_OFF: in which it was said */
	int64_t proposed_us;
	int64_t deadline_us;
	/* who wants it, told to all once it holds; "": nobody is told */
	char asked[HAM_TEXT_MAX];
};

/* A trial that was asked for here: trial_ask.c */
struct ham_trial {
	uint64_t token; /* 0: free */
	uint64_t txn;
	char guest[HAM_NAME_SIZE];
	struct ham_ring ring;
	uint16_t asked; /* bit i: nodes[i] is to answer */
	uint16_t answered;
	uint8_t pieces[HAM_MAX_NODES];
	int64_t deadline_us;
};

struct ham_ticket {
	uint64_t ticket;
	uint64_t promise; /* 0: not a promise */
	struct ham_pos pos;
};

struct ham_waiting {
	uint32_t proposer;
	uint64_t proposal;
	struct ham_op op;
};

struct ham_core {
	struct ham_core_config config;
	unsigned int self; /* index in config.nodes */
	int64_t now_us;
	bool ready;
	bool dead;		/* FATAL was said: nothing is done any more */
	struct ham_effects *fx; /* of the step under way */

	/* durable */
	struct ham_record record;
	bool has_store;
	uint64_t promise;
	struct ham_pos loaded_pos;
	uint64_t loaded_sum;
	uint64_t other_digest; /* of two: of its cluster file, as heard last */
	bool booted;   /* the machine, since the record was last adopted */
	uint64_t boot; /* in which the record was last adopted from a view */
	uint64_t boot_before; /* as it was stored when this life began */
	bool owes; /* that one is stored still: ham_again_owes() */

	/* membership, as told */
	bool connected;
	bool was_connected;
	struct ham_ring totem;
	uint16_t totem_mask;
	uint16_t group_mask;
	struct ham_ring quorum;
	bool quorate;

	/* the view */
	uint8_t phase;
	uint64_t asked_promise; /* being stored */
	uint64_t last_promise;	/* the highest given to the store */
	struct ham_exchange exchange[HAM_MAX_NODES];
	uint16_t joined;
	uint16_t counted;
	struct ham_pos stored[HAM_MAX_NODES];
	struct ham_pos base;
	struct ham_pos durable; /* ours, on our disk */
	struct ham_pos told;	/* last STORED sent in this view */
	struct ham_pos committed;
	uint64_t assigned;     /* leader: number of the last RECORD sent */
	uint16_t adopt_wanted; /* leader: newcomers to be given the state */
	bool adopt_sent;
	uint64_t foreign_term; /* of a state of this ring without us, 0: none */
	/* claim.c: ours is to be the state of this ring, in that term at
	 * least; 0: it is not */
	uint64_t claims;
	uint64_t said_heard;   /* in our last EXCHANGE */
	/* leader: sent, not delivered yet; asked again under the same number */
	unsigned int n_flying;
	struct ham_waiting flying[HAM_MAX_FLYING]; /* [0] is count + 1 */
	unsigned int n_waiting;
	struct ham_waiting waiting[HAM_MAX_WAITING];
	int64_t stored_us; /* last STORED */
	int64_t stranger_us; /* first STORED of one that we had not joined */
	int64_t said_us;   /* last EXCHANGE, ADOPT or new RECORD */
	int64_t check_us;
	bool was_active; /* as last told to people */
	uint16_t was_joined;

	struct ham_peer peers[HAM_MAX_NODES]; /* as config.nodes */
	int64_t ring_us; /* of the first ring of this life */
	int64_t joined_us;		      /* when this view was joined */
	int64_t lease_until_us;
	int64_t woke_us; /* after a standstill, and not heard since; 0: heard */
	int64_t beat_us;   /* last HEARTBEAT */
	int64_t leases_us; /* last LEASES */
	bool frozen;	   /* as FREEZE said last, */
	bool freeze_said;  /* if it was said at all */
	/* disarm.c: this node */
	bool leaseless;	  /* no lease binds here */
	bool disarm_said; /* DISARM, as last said, */
	bool arming;	 /* and it was to arm; what ends it is to be recorded */
	bool armed_told; /* either was answered, */
	int64_t told_us; /* then */
	bool stopping;	 /* this hamd is to end */
	int64_t disarm_us;	  /* that end was proposed */
	uint64_t rest_s; /* RESTS is to be recorded, for that; 0: it is not */
	int64_t rest_us; /* it was proposed, */
	bool rest_taken; /* and is in the record as it is here */
	struct ham_pos disarm_at; /* of the NODE that began it */
	uint64_t next_attempt;

	uint64_t next_proposal;
	uint64_t next_ticket;
	unsigned int ticket_head;
	unsigned int n_tickets;
	struct ham_ticket tickets[HAM_MAX_TICKETS];
	struct ham_pending pending[HAM_MAX_PENDING];
	struct ham_trial trials[HAM_MAX_TRIALS];
	unsigned int n_queued; /* guests that wait for their turn to start */
	unsigned int n_locals;
	struct ham_local locals[HAM_MAX_LOCALS];
	GHashTable *by_name; /* -> struct ham_local */
	/* node.c: what this node's health is, as far as it was told */
	bool health_known;
	uint8_t health_flags; /* of HAM_NODE_HEALTH */
	int64_t health_us;    /* proposed last */
	char health_reason[HAM_REASON_SIZE];
	/* halt.c */
	bool adopted;	   /* a state, in this life */
	bool reopens;	   /* this node was halted, and has booted since */
	bool opens;	   /* an earlier life of this boot had to do that */
	int64_t reopen_us; /* proposed last */
	/* queue.c: who has heard which of our migrations have begun */
	struct ham_ring begin_ring;
	uint16_t begin_told;
	GHashTable *file_guests;   /* name -> struct ham_core_guest */
	struct ham_places *places; /* place.c; NULL: not made yet */
	uint64_t dropped;    /* messages of other rings or that do not decode */
	uint64_t failovers;  /* PROMOTE seen */
};

/* effect.c */
struct ham_effect *ham_fx(ham_core *core, enum ham_effect_kind kind);
void ham_fx_send(ham_core *core, const struct ham_msg *msg, bool droppable);
void ham_fx_guest(ham_core *core, struct ham_local *local, enum ham_do act);
void ham_fx_note(ham_core *core, enum ham_note note, const char *guest,
		 const char *format, ...) G_GNUC_PRINTF(4, 5);
/* The same on every node: multicast.  `local` may be NULL. */
void ham_fx_tell(ham_core *core, enum ham_note note,
		 const struct ham_local *local, const char *format, ...)
	G_GNUC_PRINTF(4, 5);
void ham_fx_fatal(ham_core *core, const char *format, ...) G_GNUC_PRINTF(2, 3);
void ham_fx_reply(ham_core *core, uint64_t token, const char *error_class,
		  const char *format, ...) G_GNUC_PRINTF(4, 5);

/* Sets of nodes: a bit per index in the cluster file. */
static inline uint16_t
ham_bit(unsigned int index)
{
	return (uint16_t)(1u << index);
}

static inline unsigned int
ham_popcount(uint16_t mask)
{
	return (unsigned int)__builtin_popcount(mask);
}

/* view.c */
int ham_node_index(const ham_core *core, uint32_t id); /* -1: unknown */
uint16_t ham_members(const ham_core *core);	       /* hamds in this ring */
bool ham_is_joined(const ham_core *core, uint32_t id);
bool ham_is_active(const ham_core *core);
uint32_t ham_leader(const ham_core *core); /* 0: none */
unsigned int ham_majority(const ham_core *core);
void ham_view_totem(ham_core *core, const struct ham_event *event);
void ham_view_group(ham_core *core, const struct ham_event *event);
void ham_view_quorum(ham_core *core, const struct ham_event *event);
void ham_view_tell(ham_core *core);
void ham_view_lost(ham_core *core);
void ham_view_recheck(ham_core *core);
bool ham_view_has_quorum(const ham_core *core);
void ham_view_tick(ham_core *core);
void ham_view_waiting_for(const ham_core *core, char *out, size_t size);

/* exchange.c */
void ham_exchange_open(ham_core *core);
void ham_exchange_promised(ham_core *core, uint64_t promise);
void ham_exchange_say(ham_core *core);
/* Again, if it is more than what was said last. */
void ham_exchange_say_who_was_heard(ham_core *core);
void ham_exchange_msg(ham_core *core, unsigned int from,
		      const struct ham_msg *msg);
void ham_exchange_adopt(ham_core *core, unsigned int from,
			const struct ham_msg *msg);
void ham_exchange_go_on(ham_core *core);
/* All have spoken, and nobody may give a state. */
bool ham_exchange_lacks_source(const ham_core *core);

/* replicate.c */
void ham_propose(ham_core *core, const struct ham_op *op, uint64_t proposal);
/* For a guest's own course: not again while the last is under way. */
void ham_propose_for(ham_core *core, struct ham_local *local,
		     const struct ham_op *op);
void ham_on_propose(ham_core *core, unsigned int from,
		    const struct ham_msg *msg);
void ham_on_record(ham_core *core, unsigned int from,
		   const struct ham_msg *msg);
void ham_on_stored(ham_core *core, unsigned int from,
		   const struct ham_msg *msg);
void ham_on_check(ham_core *core, unsigned int from, const struct ham_msg *msg);
void ham_on_persisted(ham_core *core, uint64_t ticket);
void ham_assign_waiting(ham_core *core);
void ham_persist_promise(ham_core *core, uint64_t promise);
/* What was heard of that node's lease; returns the ticket. */
uint64_t ham_persist_heard(ham_core *core, unsigned int i);
void ham_persist_all(ham_core *core);
void ham_tell_stored(ham_core *core, bool again);
void ham_recount(ham_core *core);
void ham_send_check(ham_core *core);
/* Says again what corosync may have dropped. */
void ham_replicate_tick(ham_core *core);

/* local.c */
struct ham_local *ham_local_get(ham_core *core, const char *name);
const struct ham_local *ham_local_lookup(const ham_core *core,
					 const char *name);
void ham_stage(ham_core *core, struct ham_local *local, enum ham_stage stage);
void ham_hold(ham_core *core, struct ham_local *local, bool hold);
bool ham_any_hold(const ham_core *core);
/* After the record changed under it: drop what contradicts it. */
void ham_reconcile(ham_core *core, struct ham_local *local, bool new_view);
void ham_reconcile_all(ham_core *core);
void ham_local_did(ham_core *core, const struct ham_event *event);
void ham_local_tick(ham_core *core);
void ham_handover_msg(ham_core *core, struct ham_local *local,
		      enum ham_msg_kind kind, const char *text);
/* It did not start; nothing of it runs. */
void ham_local_not_launched(ham_core *core, struct ham_local *local,
			    const struct ham_event *event);
bool ham_owner_stage(unsigned int stage);
bool ham_source_stage(unsigned int stage);
/* Begins to end what is here; STORED waits for it. */
void ham_end_here(ham_core *core, struct ham_local *local, enum ham_stage stage,
		  enum ham_do act);
const char *ham_stage_name(unsigned int stage);

/* copies.c: the owner and its copies */
void ham_copies_mind(ham_core *core, struct ham_local *local,
		     const struct ham_guest *guest);
/* What it still has to hear of or to give up, before it may start; true: it
 * may. */
bool ham_copies_ready(ham_core *core, struct ham_local *local,
		      const struct ham_guest *guest);
/* What the LAUNCH that follows is to connect, into `out` and the slots. */
void ham_copies_launch(struct ham_local *local,
		       const struct ham_guest *guest, struct ham_blob *out);
/* Making one there has failed several times in a row. */
bool ham_copies_shun(const struct ham_local *local, uint32_t node);
/* It is outdated by the record. */
void ham_copies_lost(ham_core *core, struct ham_local *local, uint32_t node);
/* Who serves it at that epoch? */
void ham_copies_ask(ham_core *core, const struct ham_local *local,
		    uint64_t epoch);
/* Asks again what nobody has answered. */
void ham_copies_repeat(ham_core *core, struct ham_local *local,
		       const struct ham_guest *guest);
bool ham_copies_did(ham_core *core, struct ham_local *local,
		    const struct ham_event *event);
void ham_copies_on_served(ham_core *core, uint32_t sender,
			  const struct ham_msg *msg);
void ham_propose_outdated(ham_core *core, struct ham_local *local,
			  const struct ham_guest *guest, uint32_t node,
			  const char *reason);

/* slots.c */
/* The slots of a guest that comes or starts. */
void ham_slots_clear(struct ham_local *local);
/* All but those of current copies are emptied: into `out` goes who stays. */
void ham_slots_keep(struct ham_local *local, const struct ham_guest *guest,
		    struct ham_blob *out);
void ham_blob_put_id(struct ham_blob *blob, uint32_t id);
/* The k-th; 0: there is none. */
uint32_t ham_blob_id(const struct ham_blob *blob, unsigned int k);
struct ham_slot *ham_slot_of(struct ham_local *local, uint32_t node);
/* NULL: none is free */
struct ham_slot *ham_slot_take(struct ham_local *local, uint32_t node);
struct ham_offer *ham_offer_of(const struct ham_local *local, uint32_t node,
			       uint64_t epoch);
/* Where a new one goes: the node's last, or one that is of no use. */
struct ham_offer *ham_offer_room(struct ham_local *local,
				 const struct ham_guest *guest, uint32_t node);
/* One after the other, as the guest layer can tell them apart; false: there is
 * no room. */
bool ham_blob_add(struct ham_blob *blob, const struct ham_blob *more);

/* move.c */
/* It is to be stopped for that, or, if it is cold, was only there for it. */
bool ham_move_ends_it(ham_core *core, struct ham_local *local,
		      const struct ham_guest *guest);
void ham_move_mind(ham_core *core, struct ham_local *local,
		   const struct ham_guest *guest);
void ham_move_applied(ham_core *core, struct ham_local *local,
		      const struct ham_guest *guest, const struct ham_op *op);
/* All were told how it ended. */
void ham_move_over(ham_core *core, const char *name);
/* It was launched here. */
void ham_move_ran(ham_core *core, struct ham_local *local,
		  const struct ham_guest *guest);

/* resize.c */
void ham_resize_mind(ham_core *core, struct ham_local *local,
		     const struct ham_guest *guest);
void ham_resize_did(ham_core *core, struct ham_local *local,
		    const struct ham_event *event);

/* verify.c */
void ham_copies_on_verify(ham_core *core, const struct ham_msg *msg);
void ham_verify_mind(ham_core *core, struct ham_local *local,
		     const struct ham_guest *guest);
void ham_verify_did(ham_core *core, struct ham_local *local,
		    struct ham_slot *slot, const struct ham_event *event);
/* That node's corosync is here: whatever its hamd does, its daemons serve. */
bool ham_in_ring(const ham_core *core, uint32_t node);

/* serve.c: the copy here */
void ham_serve_mind(ham_core *core, struct ham_local *local,
		    const struct ham_guest *guest);
bool ham_serve_did(ham_core *core, struct ham_local *local,
		   const struct ham_event *event);
void ham_serve_on_where(ham_core *core, const struct ham_msg *msg);
/* A new epoch: true if what is served here goes on, or soon will. */
bool ham_serve_keeps(ham_core *core, struct ham_local *local,
		     const struct ham_guest *guest);

/* evaluate.c: what a committed record asks of this node */
void ham_evaluate(ham_core *core, struct ham_guest *guest);
void ham_evaluate_all(ham_core *core);

/* applied.c */
/* Right after an operation was applied. */
void ham_applied(ham_core *core, const struct ham_op *op);
/* After an ADOPT: guests that became this node's unnoticed. */
void ham_adopted(ham_core *core, const struct ham_record *before);
/* A hamd left or came, or a view ended, with us still in it. */
void ham_peers_changed(ham_core *core, bool new_view);
/* Says again what the other side may not have heard. */
void ham_repeat(ham_core *core, struct ham_local *local,
		const struct ham_guest *guest);
/* It is to be launched here, as soon as that is committed. */
void ham_local_due(struct ham_local *local, const struct ham_guest *guest);
/* D: it has begun. */
void ham_prepare(ham_core *core, struct ham_local *local,
		 const struct ham_guest *guest);
/* D: begins the preparation that waited for what was left here. */
void ham_prepare_if_due(ham_core *core, struct ham_local *local);

/* source.c, dest.c: one side's part; true if the event was theirs */
void ham_source_begin(ham_core *core, struct ham_local *local,
		      const struct ham_guest *guest);
/* It waited for its turn, and that has come. */
void ham_source_begun(ham_core *core, struct ham_local *local);
/* CUTOVER was applied while this side had given up already. */
void ham_source_cutover(ham_core *core, struct ham_local *local,
			const struct ham_guest *guest);
bool ham_source_did(ham_core *core, struct ham_local *local,
		    const struct ham_event *event);
void ham_source_msg(ham_core *core, struct ham_local *local,
		    const struct ham_msg *msg);
void ham_source_undo(ham_core *core, struct ham_local *local,
		     const char *reason);
void ham_source_halt(ham_core *core, struct ham_local *local,
		     const char *reason);
void ham_source_tick(ham_core *core, struct ham_local *local);
bool ham_dest_did(ham_core *core, struct ham_local *local,
		  const struct ham_event *event);
void ham_dest_msg(ham_core *core, struct ham_local *local,
		  const struct ham_msg *msg);
/* Connects the slots, once all offers are here or were waited for. */
void ham_dest_wire(ham_core *core, struct ham_local *local);
void ham_dest_run(ham_core *core, struct ham_local *local);
/* Tells the source that this node has no image (any more). */
void ham_dest_say_gone(ham_core *core, struct ham_local *local);
void ham_dest_discard(ham_core *core, struct ham_local *local);

/* doubt.c */
void ham_doubt_resolve(ham_core *core, const struct ham_guest *guest);
/* Both were here all the time since CUTOVER. */
bool ham_doubt_undisturbed(const ham_core *core, const struct ham_local *local,
			   const struct ham_guest *guest);
void ham_doubt_tell(ham_core *core, struct ham_local *local,
		    const struct ham_guest *guest);
/* Whose return, or death, would help; 0 if none is waited for. */
uint32_t ham_doubt_waits_for(const ham_core *core,
			     const struct ham_guest *guest, char *out,
			     size_t size);

/* again.c: guests here ended with the machine, and it is not recorded yet: the
 * next life of hamd must find that it has booted, too. */
bool ham_again_owes(const ham_core *core);
/* command.c: never twice, and never 0. */
uint64_t ham_new_history(const ham_core *core);

/* again.c */
void ham_again_tick(ham_core *core);
/* Why it is not started yet; "": nothing stands against it. */
void ham_again_waits_for(const ham_core *core, const struct ham_guest *guest,
			 char *out, size_t size);

/* force.c: the part of HAM_CMD_FORCE where the node has no current copy: the
 * order, or false and the answer was given. */
bool ham_force_order(ham_core *core, const struct ham_event *event,
		     const struct ham_guest *guest, struct ham_op *op);
/* A node with a current copy has come since that was ordered. */
bool ham_force_is_outlived(const ham_core *core, const struct ham_op *op);
/* That it could be started there by force, if nobody may run it; else "". */
const char *ham_force_hint(const ham_core *core, const struct ham_guest *guest,
			   uint32_t node);
/* Which nodes have a current copy, and for how long they are away; "": none. */
void ham_force_current_text(const ham_core *core, const struct ham_guest *guest,
			    char *out, size_t size);

/* claim.c */
void ham_claim(ham_core *core, const struct ham_event *event);
/* The record that was adopted is of other histories from here on; nobody else
 * has adopted it. */
void ham_claim_fork(ham_core *core);

/* fork.c */
enum {
	HAM_FORK_WIRE_MAX = 24 * HAM_MAX_FORKS
};
/* One of `history`, up to `epoch`, is what `into` begins with here. */
void ham_fork_add(struct ham_local *local, uint64_t history, uint64_t epoch,
		  uint64_t into);
size_t ham_fork_encode(const struct ham_local *local,
		       uint8_t out[HAM_FORK_WIRE_MAX]);
/* Why it can't be: NULL. */
const char *ham_fork_load(ham_core *core, const char *key, const uint8_t *value,
			  size_t len);

/* two.c: a cluster of two nodes */
/* The other one is gone from the ring, and corosync says that we may go on. */
bool ham_two_alone(const ham_core *core);
/* And it is proven off, and knows nothing that we do not: we decide alone. */
bool ham_two_solo(const ham_core *core);
/* Its cluster file was another one when it was last heard: it is not fenced. */
bool ham_two_differ(const ham_core *core);
/* The other one; only of a cluster of two. */
unsigned int ham_two_other(const ham_core *core);
/* Nothing is missing here that the other may have decided alone. */
bool ham_two_is_newest(const ham_core *core);
void ham_two_tick(ham_core *core);
/* How much later than at once this node fences the other. */
int64_t ham_two_delay_us(const ham_core *core);
/* The operator's word. */
void ham_two_confirm_off(ham_core *core, const struct ham_event *event);

/* stale.c */
void ham_stale_frames(ham_core *core, struct ham_local *local,
		      const struct ham_event *event);
void ham_stale_woke(ham_core *core);
void ham_stale_adopted(ham_core *core);
void ham_stale_heard(ham_core *core);
void ham_stale_tick(ham_core *core);
void ham_stale_on_note(ham_core *core, uint32_t sender,
		       const struct ham_msg *msg);

/* seen.c */
void ham_seen_did(ham_core *core, struct ham_local *local,
		  const struct ham_event *event);
/* GUEST_UNSEEN came. */
void ham_seen_on_note(ham_core *core, const struct ham_msg *msg);

/* lease.c */
bool ham_lease_valid(const ham_core *core);
/* The newest time of ours that a majority has heard in this ring; 0: none. */
int64_t ham_lease_heard_us(const ham_core *core);
/* vCPUs may run here, or are about to. */
bool ham_may_run(const struct ham_local *local);
/* Before anything else of a step: the last one was at that time. */
void ham_lease_begin(ham_core *core, int64_t before_us);
/* At its end: after a standstill the others are to hear us at once, in the ring
 * that this step may have told of. */
void ham_lease_woken(ham_core *core);
void ham_lease_on_heartbeat(ham_core *core, unsigned int from,
			    const struct ham_msg *msg);
void ham_lease_on_leases(ham_core *core, unsigned int from,
			 const struct ham_msg *msg);
const char *ham_lease_load(ham_core *core, const char *key,
			   const uint8_t *value, size_t len);
/* A write to the store is done. */
void ham_lease_persisted(ham_core *core, uint64_t ticket);
void ham_lease_view_closed(ham_core *core);
/* Once a step and before anything is begun: freeze, thaw, end. */
void ham_lease_mind(ham_core *core);
void ham_lease_tick(ham_core *core);

/* disarm.c */
void ham_disarm_loaded(ham_core *core);
void ham_disarm_adopted(ham_core *core);
/* NODE, and DEAD, which ends it. */
void ham_disarm_applied(ham_core *core, const struct ham_op *op);
/* Each step, before the lease is minded. */
void ham_disarm_mind(ham_core *core);
/* WATCHDOG. */
void ham_disarm_told(ham_core *core, const struct ham_event *event);
/* True: *op is what carries the order out; else it was answered. */
bool ham_disarm_order(ham_core *core, const struct ham_event *event,
		      struct ham_op *op);
/* Node i: no silence of it is a proof. */
bool ham_disarm_is_leaseless(const ham_core *core, unsigned int i);
/* And it is to be back in time: nobody fences it before. */
bool ham_disarm_is_expected(const ham_core *core, unsigned int i);

/* death.c */
void ham_death_tick(ham_core *core);
void ham_death_fenced(ham_core *core, const struct ham_event *event);
/* What was begun to fence node i is ended: it is not to hit it when it boots.
 */
void ham_death_call_off(ham_core *core, unsigned int i);
/* Has node i's devices asked, unless they are, or failed lately. */
void ham_death_fence(ham_core *core, unsigned int i);
/* `before`: totem_mask of the ring before this one. */
void ham_death_totem(ham_core *core, uint16_t before);
/* A guest whose owner's death is committed. */
void ham_death_promote(ham_core *core, struct ham_local *local,
		       const struct ham_guest *guest);
void ham_death_applied(ham_core *core, const struct ham_op *op);
void ham_death_waits_for(const ham_core *core, const struct ham_guest *guest,
			 char *out, size_t size);

/* queue.c */
/* MIGRATE: it begins, or waits. */
void ham_queue_applied(ham_core *core, struct ham_local *local,
		       const struct ham_guest *guest);
/* As of ham_adopted(); before: NULL, or the same guest then. */
void ham_queue_adopted(ham_core *core, const struct ham_guest *guest,
		       const struct ham_guest *before);
void ham_queue_on_begin(ham_core *core, struct ham_local *local,
			const struct ham_guest *guest, uint32_t sender,
			const struct ham_msg *msg);
/* Begins those of this node whose turn it is; after every change. */
void ham_queue_mind(ham_core *core);
/* S: D has not answered yet. */
void ham_queue_repeat(ham_core *core, struct ham_local *local,
		      const struct ham_guest *guest);
bool ham_queue_has_begun(const struct ham_local *local,
			 const struct ham_guest *guest);
/* True: it has to wait, for what `out` says; *behind (may be NULL): so many
 * come first. */
bool ham_queue_waits_for(const ham_core *core, const struct ham_guest *guest,
			 char *out, size_t size, unsigned int *behind);

/* policy.c */
/* A migration begins: what the cluster file says. */
void ham_policy_begin(ham_core *core, struct ham_local *local);
/* The order; event: policy, value: which of it. */
void ham_policy_order(ham_core *core, const struct ham_event *event,
		      const struct ham_guest *guest);
void ham_policy_on_set(ham_core *core, uint32_t sender,
		       const struct ham_msg *msg);
void ham_policy_tell(ham_core *core, struct ham_local *local);
/* S, COPY: it can't keep its limits; text: why. */
void ham_policy_limit(ham_core *core, struct ham_local *local,
		      const char *text);
/* Owner, RUNNING: what a limit has left to do. */
void ham_policy_mind(ham_core *core, struct ham_local *local,
		     const struct ham_guest *guest);

/* asked.c */
/* "uid 0, pid 77 on n1: migrate to n2"; empty: there is nothing to tell. */
void ham_asked_text(const ham_core *core, const struct ham_event *event,
		    char *out, size_t size);
void ham_asked_tell(ham_core *core, const struct ham_guest *guest,
		    const char *text);
/* MIGRATE by a drain, or back, was applied: each node says it to itself. */
void ham_asked_by_drain(ham_core *core, const struct ham_guest *guest);

/* source.c */
/* Nothing is known yet, but the phase (enum ham_mig_phase). */
void ham_progress_clear(struct ham_progress *progress, unsigned int phase);

/* node.c */
void ham_node_tick(ham_core *core);
/* NODE, and DEAD, which is counted. */
void ham_node_applied(ham_core *core, const struct ham_op *op);
void ham_node_health(ham_core *core, const struct ham_event *event);
/* A state was adopted: what our health was is held against it anew. */
void ham_node_adopted(ham_core *core);
/* It gets no guests but as a last resort. */
bool ham_node_is_closed(const ham_core *core, uint32_t node);
/* Why, and what ends it, as a sentence's rest: "is drained: ...". */
void ham_node_closed_text(const ham_core *core, uint32_t node, char *out,
			  size_t size);

/* Its guests are to leave it. */
bool ham_node_is_to_empty(const ham_core *core, uint32_t node);

/* halt.c */
void ham_halt_tick(ham_core *core);
void ham_halt_adopted(ham_core *core);
void ham_halt_applied(ham_core *core);
/* The order; it is answered here if it can't be given. */
bool ham_halt_order(ham_core *core, const struct ham_event *event,
		    struct ham_op *op);

/* drain.c */
void ham_drain_tick(ham_core *core);
/* The best place for a guest that runs and is to leave its node; 0: none. */
uint32_t ham_pick_destination(const ham_core *core,
			      const struct ham_guest *guest);
/* Where a stopped guest that ran before can be started instead of a closed
 * node; 0: nowhere. */
uint32_t ham_pick_start(const ham_core *core, const struct ham_guest *guest,
			const struct ham_op *op);
/* place.c: plans of what is known here */
/* The guests whose node is dead, and those that ended with it, in the order in
 * which they get their place; as they are until the core's next step. */
const struct ham_plan_item *ham_place_all(const ham_core *core,
					  unsigned int *n);
/* NULL: it is not one of them. */
const struct ham_plan_item *ham_place_of(const ham_core *core,
					 const struct ham_guest *guest);
/* Why that one has no place. */
void ham_place_text(const ham_core *core, const struct ham_plan_item *item,
		    char *out, size_t size);
/* Would one of that node's guests have a place elsewhere?  (Of one in doubt
 * that is not the question: doubt.c.) */
bool ham_place_saves_any(const ham_core *core, uint32_t node);
/* For an operator's order to start it; guest: NULL if it has no entry; home:
 * the better node of two that are alike.  0: nowhere, and text says why. */
uint32_t ham_place_start(const ham_core *core, const char *name,
			 const struct ham_guest *guest, uint32_t home,
			 char *text, size_t size);
/* No other node than its owner could take it now; text says why. */
bool ham_place_is_nowhere_else(const ham_core *core,
			       const struct ham_guest *guest, char *text,
			       size_t size);
/* What stands against that node for a guest that an operator wants there,
 * memory and the guests that it is kept apart from; false: nothing. */
bool ham_place_refuses(const ham_core *core, const char *name,
		       const struct ham_guest *guest, uint32_t node, char *text,
		       size_t size);
void ham_place_free(ham_core *core);

/* command.c */
void ham_command(ham_core *core, const struct ham_event *event);
void ham_command_verdict(ham_core *core, uint64_t proposal,
			 const struct ham_op *op, const char *refusal);
void ham_command_tick(ham_core *core);
/* An order about a migration waits for what its message does: false, and it was
 * answered, if too many wait. */
bool ham_command_awaits(ham_core *core, const struct ham_event *event,
			const struct ham_guest *guest);
/* It did; refusal: NULL, or why not. */
void ham_command_heard(ham_core *core, enum ham_command command,
		       const struct ham_guest *guest, uint64_t txn,
		       const char *refusal);
void ham_command_again(ham_core *core);

/* trial_ask.c */
void ham_trial_order(ham_core *core, const struct ham_event *event,
		     const struct ham_guest *guest);
void ham_trial_on_trial(ham_core *core, const struct ham_msg *msg);
void ham_trial_tried(ham_core *core, const struct ham_event *event);
void ham_trial_on_tried(ham_core *core, unsigned int from,
			const struct ham_msg *msg);
void ham_trial_tick(ham_core *core);
const struct ham_core_guest *ham_guest_config(const ham_core *core,
					      const char *name);

#endif
