/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/message.h - what nodes say to each other, and how it is written
 *
 * Pure codec.  Decoding trusts nothing: lengths, counts, enums and names are
 * checked, and what does not fit is refused whole.  All integers are
 * big-endian.  Every message carries the ring it was decided in; a transient
 * one that arrives in another ring is dropped by the receiver
 * (doc/protocol.md; doc/faults.md, F19).
 *
 * A frame: magic "HAMD", level, kind, sender's incarnation, ring, body.
 */
#ifndef HAM_MESSAGE_H
#define HAM_MESSAGE_H

#include <stddef.h>

#include "hamd/core/converge.h"
#include "hamd/core/record.h"

enum {
	HAM_PROTOCOL_LEVEL = 1,
	HAM_GUEST_WIRE_MAX = 480,
	HAM_NODE_WIRE_MAX = 184,
	HAM_VERSION_SIZE = 16,
	HAM_TEXT_MAX = 400,
};

enum ham_msg_kind {
	HAM_MSG_NONE,
	/* how a view begins */
	HAM_MSG_EXCHANGE, /* where I stand, and the term I promised */
	HAM_MSG_ADOPT,	  /* by the leader: this is the state of the term */
	HAM_MSG_STORED,	  /* I have all up to this position on my disk */
	/* changes of the record */
	HAM_MSG_PROPOSE, /* to the leader */
	HAM_MSG_RECORD,	 /* by the leader: operation number `count` */
	HAM_MSG_CHECK,	 /* my checksum at this position */
	/* hand-over; each names guest, epoch and transaction */
	HAM_MSG_PREPARED, /* D: blob says where */
	HAM_MSG_REFUSED,  /* D: reason; nothing is left at D */
	HAM_MSG_CANCEL,	  /* operator */
	HAM_MSG_EXPORTED, /* S: blob says where its disk will be served */
	HAM_MSG_WIRED,	  /* D: is connected there, nothing flows yet; blob: the
			     ids (4 bytes each) of the copies that go on */
	HAM_MSG_DRAINED,  /* S: every mirror completed without error */
	HAM_MSG_CAPTURED, /* S: the whole state is sent, its disk is served */
	HAM_MSG_TAKE,	  /* D: holds the whole image, S's disk connected */
	HAM_MSG_YIELD,	  /* S: will not run this image again */
	HAM_MSG_ABORT,	  /* S: wants it back */
	HAM_MSG_ABORTED,  /* D: image destroyed, it never ran here */
	HAM_MSG_STANDING, /* S or D of a guest in doubt: what I hold */
	/* for people */
	HAM_MSG_PROGRESS,
	HAM_MSG_NOTE,
	/* leases */
	HAM_MSG_HEARTBEAT, /* my time, and whose I have heard */
	HAM_MSG_LEASES,	   /* what I last heard of each node's lease */
	/* replicas; as a hand-over's, epoch: at which it is served */
	HAM_MSG_SERVED, /* replica: blob says where; txn: its generation */
	HAM_MSG_WHERE,	/* owner, or D: who serves it at that epoch? */
	HAM_MSG_VERIFY, /* operator: compare all its copies */
	HAM_MSG_MEMORY, /* how much I have */
	/* migration */
	HAM_MSG_FORECAST, /* S: before PROGRESS, what that does not say */
	HAM_MSG_SET,	  /* operator: another policy for the one under way */
	HAM_MSG_BEGIN,	  /* S: it is its turn; as a hand-over's */
	/* a migration that is not made; txn: names the question */
	HAM_MSG_TRIAL, /* what would it be like? blob: the ids (4 bytes each) of
			  the nodes that it may go to */
	HAM_MSG_TRIED, /* owner, or one of these: blob: a piece of the facts;
			  one that is shorter than HAM_BLOB_MAX is the last */
	HAM_MSG_N_KINDS
};

/* What a participant of a hand-over in doubt says of itself (the in-doubt
 * table of doc/faults.md). */
enum ham_standing {
	HAM_STANDING_UNKNOWN, /* has not spoken in this view */
	HAM_STANDING_HOLDS,   /* S: paused, same life, not yielded;
				 D: whole image, not aborted */
	HAM_STANDING_LACKS,   /* no usable image, or S has yielded */
	HAM_STANDING_DISK,    /* D: no image, but every acknowledged write: all
				 mirrors had ended, or it was a live replica */
	HAM_STANDING_N
};

struct ham_progress {
	uint8_t phase; /* enum ham_mig_phase of core.h; SYNC: txn is the node */
	uint64_t disk_done;
	uint64_t disk_total;
	uint64_t ram_done;
	uint64_t ram_total;
	uint64_t ram_remaining;
	uint64_t rate;	/* bytes/s */
	/* [0] at least, [1] at most; -1: not known */
	int64_t left_ms[2];  /* until the hand-over, */
	int64_t pause_us[2]; /* and of the guest's pause then */
	uint64_t passes;
	int64_t elapsed_ms;
	uint16_t done; /* of 1000: of all that is to be copied, what is expected
			  to be written meanwhile included; never falls */
	uint64_t dirty_rate; /* bytes/s of memory that the guest writes */
	uint8_t throttle;    /* percent that its vCPUs are slowed by */
	uint8_t verdict;     /* enum ham_converge_verdict */
	/* when it does not end with its limits: either would do; 0: neither */
	uint64_t needs_rate; /* bytes/s */
	int64_t needs_pause_us;
};

struct ham_msg {
	uint8_t kind;
	uint64_t incarnation; /* of the sending hamd */
	struct ham_ring ring;

	/* EXCHANGE, ADOPT, STORED, RECORD, CHECK */
	struct ham_pos pos; /* EXCHANGE: stored; ADOPT: base */
	uint64_t checksum;  /* EXCHANGE, ADOPT, CHECK */
	uint64_t promise;   /* EXCHANGE: term promised, stored */
	bool has_store;	    /* EXCHANGE: has ever adopted a state */
	/* ADOPT; bit i: the i-th node by id */
	uint16_t members; /* admitted by it, if their EXCHANGE came before */
	uint16_t joined;  /* in the view already */
	uint64_t heard;	  /* EXCHANGE: a hash of the hamds I have heard */
	uint64_t foreign_term; /* EXCHANGE: of a state in this ring that does
				  not admit me; 0: I know of none */
	/* EXCHANGE, HEARTBEAT, LEASES: entry i is of the i-th node by id */
	uint8_t n_nodes;
	/* EXCHANGE: time since a ring of mine had that node, 0: it has it now;
	 * UINT32_MAX: that long, or longer */
	uint32_t away_ms[HAM_MAX_NODES];
	/* HEARTBEAT: the newest beat_us of that node heard in this ring, by its
	 * clock; 0: none */
	int64_t seen_us[HAM_MAX_NODES];
	int64_t beat_us;      /* HEARTBEAT: sent then, by the sender's clock */
	uint32_t lease_ms;    /* HEARTBEAT: its lease */
	uint32_t watchdog_ms; /* HEARTBEAT: its watchdog; 0: not armed */
	/* LEASES: what the last heartbeat of it said, which is on my disk or on
	 * its way there; lease 0: I have never heard one */
	uint32_t leases_ms[HAM_MAX_NODES];
	uint32_t watchdogs_ms[HAM_MAX_NODES];
	uint32_t memory_mib; /* MEMORY: of the node, all there is */
	/* EXCHANGE, STORED */
	uint64_t config_digest;
	char version[HAM_VERSION_SIZE]; /* of hamd */
	/* ADOPT: guests follow in the frame, then the states of nodes, if there
	 * are any; see ham_msg_adopt_guests */
	uint32_t n_guests;
	const uint8_t *guests; /* borrowed from the frame */
	size_t guests_len;

	/* PROPOSE, RECORD */
	uint32_t proposer;
	uint64_t proposal; /* number given by the proposer */
	struct ham_op op;

	/* hand-over, PROGRESS, NOTE */
	char guest[HAM_NAME_SIZE];
	uint64_t epoch;
	uint64_t txn;
	uint8_t standing;
	uint8_t note; /* enum ham_note of core.h */
	char text[HAM_TEXT_MAX];
	struct ham_blob blob;
	struct ham_progress progress;
	/* SET: these of them (HAM_SET_...) */
	uint8_t sets;
	struct ham_policy policy;
};

/* Encodes; the result is the caller's (g_free).  `record` is needed for ADOPT
 * only. */
uint8_t *ham_msg_encode(const struct ham_msg *msg,
			const struct ham_record *record, size_t *len);

/* NULL, or why the bytes are no message.  `*out` is only valid as long as the
 * bytes are. */
const char *ham_msg_decode(const uint8_t *bytes, size_t len,
			   struct ham_msg *out);

/* Reads the guests and nodes of an ADOPT into `record` (its position is set,
 * too). */
const char *ham_msg_adopt_guests(const struct ham_msg *msg,
				 struct ham_record *record);

/* One guest as bytes: for ADOPT, for the checksum and for the store. */
size_t ham_guest_encode(const struct ham_guest *guest,
			uint8_t out[HAM_GUEST_WIRE_MAX]);
const char *ham_guest_decode(const uint8_t *bytes, size_t len,
			     struct ham_guest *out);

/* The same of a node's state. */
size_t ham_node_encode(const struct ham_node_state *state,
		       uint8_t out[HAM_NODE_WIRE_MAX]);
const char *ham_node_decode(const uint8_t *bytes, size_t len,
			    struct ham_node_state *out);

const char *ham_msg_name(unsigned int kind);

#endif
