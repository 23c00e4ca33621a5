/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/guest/vm.h - one guest on this node; only hamd/guest/ includes it */
#ifndef HAM_GUEST_VM_H
#define HAM_GUEST_VM_H

#include <json-glib/json-glib.h>

#include "blockmirror/blockmirror.h"
#include "blockmirror/digest.h"
#include "hamd/base/cgroup.h"
#include "hamd/base/child.h"
#include "hamd/guest/flow.h"
#include "hamd/guest/guest.h"
#include "hamd/guest/knows.h"
#include "hamd/guest/probe.h"
#include "hamd/guest/room.h"
#include "hamd/io/qmp.h"
#include "netmigrate/netmigrate.h"

#define HAM_FLOW_SLOT "change a slot"
#define HAM_FLOW_FIND "find"
#define HAM_FLOW_LAUNCH "launch"
#define HAM_FLOW_RUN "run"
#define HAM_FLOW_RETRY "retry"

enum {
	/* what tells the images of a guest on a node from others that were put
	 * in their place */
	HAM_IMAGE_ID_SIZE = 17,
};

enum ham_role {
	HAM_ROLE_NONE,
	HAM_ROLE_OWNER,	   /* QEMU runs the guest */
	HAM_ROLE_SOURCE,   /* QEMU was stopped for a hand-over */
	HAM_ROLE_INCOMING, /* QEMU waits for the image */
	HAM_ROLE_HELD,	   /* QEMU has the whole image, paused */
	HAM_ROLE_REPLICA,  /* only the storage daemon */
	HAM_ROLE_N
};

/* A mirror job, as its events told. */
struct ham_job {
	bool started;
	bool ready;
	bool ended;
	char *error; /* NULL with ended: completed in full */
};

/* Where the other side is: what a blob says. */
struct ham_peer {
	char host[64];
	unsigned int ram_port;
	unsigned int nbd_port;
	char boot_id[40];
	uint64_t epoch;	     /* in the export's name, */
	uint64_t generation; /* and this */
	uint32_t node;
	bool replica; /* D had a live replica before */
	bool fresh;   /* its images were just made: nothing is in them */
	char image_id[HAM_IMAGE_ID_SIZE];
	unsigned int digest_port; /* 0: it serves none */
	char digest_token[HAM_BM_DIGEST_TOKEN + 1];
	/* PREPARED's: of each port its ham_net_facts, "/" between; or "" */
	char ports[HAM_CONF_MAX_PORTS * HAM_NET_FACTS_MAX];
};

/* Where two copies of a disk differ. */
struct ham_range {
	unsigned int disk;
	uint64_t at;
	uint64_t len;
};

struct ham_vm;
struct ham_seen;
/* `why` NULL: it came to its end. */
typedef void (*ham_compare_end_fn)(struct ham_vm *vm, const char *why);
/* What differs may be writes under way: ham_compare_go() when there are none. */
typedef void (*ham_compare_suspects_fn)(struct ham_vm *vm);

/* A comparison under way, or the last one's result: digest.c */
struct ham_compare {
	bool active;
	ham_child *child; /* NULL: it has ended, or was let go */
	int fd;
	int go;
	guint source;
	GString *text;	/* lines that are not whole yet */
	GArray *ranges; /* struct ham_range */
	uint64_t differ; /* bytes */
	uint64_t done;	 /* of the disk that is read */
	ham_compare_suspects_fn on_suspects;
	ham_compare_end_fn on_end;
};

/* A slot of every disk's quorum, and whose copy is in it. */
struct ham_vm_slot {
	uint32_t node; /* 0: nulls */
	bool filling;  /* not in it yet */
	bool error;    /* it refused a write; the guest may stand */
	struct ham_peer peer;
	/* whose images the slot's bitmaps go back to, 0: there are none; */
	uint32_t delta_node;
	/* not "": in that boot alone, a copy was cut */
	char delta_boot[40];
	char delta_image[HAM_IMAGE_ID_SIZE];
	/* beat.c */
	struct ham_vm *vm;
	ham_probe *probe;
	unsigned int unanswered;
};

/* An act on a slot under way: told as failed if it is overtaken. */
struct ham_slot_act {
	uint8_t act;
	uint32_t node;
};

/* A copy that is being made: fill.c */
struct ham_fill {
	bool active;
	bool incremental;
	bool comparing; /* what is to be copied is being found out, */
	bool compared;	/* and was: */
	GArray *ranges; /* struct ham_range; NULL: it was not */
	struct ham_peer peer;
	bool ending;	 /* its jobs are being ended, */
	bool called_off; /* the mirrors, too */
	bool broken;	 /* an error has stopped a mirror */
	bool stopped; /* the guest, by us */
	bool cut;     /* its connections were */
	uint32_t node;
	unsigned int slot;
	unsigned int serial; /* of its nodes */
	unsigned int jobs;   /* that there still are, */
	unsigned int mirrors; /* and of those */
	guint ticker;
	int64_t begun_us;
	uint64_t at[HAM_CONF_MAX_DISKS];
	uint64_t len[HAM_CONF_MAX_DISKS];
	uint64_t done;
	uint64_t total;
	uint64_t speed; /* of each disk, set last */
	uint64_t rate;	/* bytes/s, as measured */
	uint64_t told_done;
	int64_t told_us;
	char failure[HAM_TEXT_MAX];
};

/* The slots' bitmaps, begun anew: renew.c */
struct ham_renew {
	guint ticker;
	guint rest;
	uint32_t node[HAM_BM_SLOTS]; /* whose, 0: not that one */
	unsigned int io_errors;	     /* when it was begun */
	bool flushing;		     /* errors may be of its own flush */
	bool failed;
};

struct ham_copy {
	struct ham_peer peer;
	uint32_t peer_node;
	bool mirror;   /* disks are copied; else D is current already */
	bool slowable; /* QEMU may slow the guest, if the policy lets it */
	bool watching; /* the ticker runs */
	bool gated;
	bool failed;
	guint ticker;
	int64_t next_progress_us;
	uint64_t disk_rate;
	uint64_t disk_seen;
	int64_t disk_seen_us;
	struct ham_progress progress;
	struct ham_policy policy; /* in force */
	int64_t began_us;	  /* the migration, as max_duration counts */
	bool forced;		  /* it goes, whatever the pause */
	uint64_t pages_sent;	  /* bytes of memory, each time anew */
	uint64_t bandwidth;	  /* of memory, set last; bytes/s, 0: all */
	int64_t sound_us;	  /* no limit was set last; 0: never */
	bool unlimited;		  /* since the last look there was none */
	unsigned int sample_ms;	  /* is measured; 0: nothing is */
	int64_t sample_us;	  /* since then; 0: nothing was yet */
	/* judge.c */
	struct ham_converge converge;
	struct ham_converge_view view;
	unsigned int throttle; /* percent, set last, */
	int64_t throttled_us;  /* then */
	int64_t never_us;      /* since when that is the verdict; 0: it isn't */
	bool limit_told;
	uint64_t stop_left; /* bytes of memory that were left at `stop` */
	guint overdue;	    /* max_pause passes */
	uint64_t flow;	    /* bytes/s of both, over the last seconds, */
	uint64_t disk_flow; /* and of the disks; 0: not known yet */
	int64_t slice_us;   /* what they are measured from: then */
	uint64_t slice_ram;
	uint64_t slice_disk;
	bool jobs_ready;
	uint64_t disk_rest[HAM_CONF_MAX_DISKS];
	uint64_t disk_speed[HAM_CONF_MAX_DISKS]; /* set last, bytes/s */
	uint64_t sync_at_gate; /* dirty-sync-count when the threshold rose */
	uint64_t syncs;
	int64_t stop_us;
};

/* A copy that is being verified: verify.c */
struct ham_verify {
	bool active;
	bool last;    /* the flow of the last look is under way */
	bool stopped; /* the guest, by us */
	bool over;
	uint32_t node;
	guint waiting; /* for the end of a flow */
	char why[HAM_TEXT_MAX];
};

/* How a guest's requests fare beside copies: yield.c */
struct ham_yield {
	unsigned int share; /* that it leaves to them, of HAM_BM_WHOLE */
	bool seen;
	uint64_t usual_us; /* of a request, before they began */
	struct ham_bm_io last;
};

/* A disk that is given another size: resize.c */
struct ham_resize {
	unsigned int disk;
	uint64_t to;
	bool begun; /* the guest may have seen it */
	bool refused; /* no image grew */
	bool working; /* a worker is at them, of this try or an older one */
	GPtrArray *nulls; /* their nodes' names, of before */
};

struct ham_vm {
	ham_guests *guests;
	char *name;
	char *dir;
	const struct ham_conf_guest *conf; /* NULL: the file knows it not */
	uint32_t uid;
	enum ham_role role;
	uint64_t epoch;
	uint64_t txn;
	bool cold; /* it is to be moved, and never to run */
	uint64_t generation; /* replica: the record's of this copy, */
	uint64_t export_generation; /* and the one in its export's name */
	char image_id[HAM_IMAGE_ID_SIZE]; /* of the images here; "": unknown */
	uint32_t shared;  /* bit i: all nodes have the same disk i */
	uint32_t devices; /* bit i: the image of disk i is a block device */
	/* of the disks, as their images were opened; 0: as the file says */
	uint64_t size[HAM_CONF_MAX_DISKS];
	struct ham_vm_slot slot[HAM_BM_SLOTS];
	struct ham_slot_act slot_act;
	struct ham_fill fill;
	struct ham_renew renew;
	struct ham_yield yield;
	struct ham_resize resize;
	struct ham_peer peer; /* of the act on a slot under way */
	ham_probe *probe;     /* the same */
	enum ham_probe_answer probe_answer;
	bool was_held;
	bool swap_stopped; /* the guest was, for the swap of a slot */
	guint beat;
	unsigned int joined;  /* disks of a slot that are connected */
	uint32_t unconnected; /* a start failed because of it */
	unsigned int exports_left;
	unsigned int io_errors; /* told by QEMU, of whatever disk */
	bool unclear_error; /* a write failed; nothing says yet on which disk */
	/* when a copy was called off as the guest was found, 0: none was; that
	 * a write failed with it is no failure of the guest's own disk */
	int64_t called_off_us;
	bool failed_with_it; /* one did; the core is to be told as it is found
			      */
	bool own_bad;	     /* a write to the guest's own disk has failed, */
	bool own_error;	     /* and it is to stand */
	char own_text[80]; /* how */
	bool own_reads; /* it fails to read; a copy was read instead */

	ham_child *qemu;
	ham_qmp *qmp;
	bool shutdown_seen; /* the guest powered off, and QEMU has drained */
	bool ending;	    /* its end is ours to tell, by the flow */
	ham_child *qsd;
	ham_qmp *qsd_qmp;
	unsigned int qsd_port;
	bool qsd_exports;
	unsigned int qsd_crashes; /* at its start, in a row */
	bool qsd_again; /* it was silent; start another when it is gone */
	ham_child *digest; /* serves digests, beside it */
	unsigned int digest_port;
	char digest_token[HAM_BM_DIGEST_TOKEN + 1];
	struct ham_compare compare;
	struct ham_verify verify;
	guint qsd_watch;
	guint qsd_end;		/* ham_qsd_kill_later() */
	GPtrArray *ports;	/* ham_net_port *, made here */
	GPtrArray *learners;	/* ham_net_learner *, of those that have one */
	guint listening;	/* drains them */
	char *kept;		/* what the file says of them, as text */
	int64_t kept_us;
	struct ham_seen *seen;	/* NULL: nobody looks */
	GPtrArray *tails;	/* ham_net_tail *, while S stops the guest */
	guint tails_reader;
	GPtrArray *made_images; /* paths created for this migration */
	guint announcer;
	unsigned int announced; /* how many of ham_net_announce_at_ms */
	int64_t announce_begun_us;
	int64_t announce_at_us; /* the next */
	bool announce_due;
	int64_t cont_us;   /* when `cont` was sent */
	uint64_t frames;   /* that had left when the lease was renewed last, */
	int64_t carrier_until_us; /* D, while it waits for its uplinks */
	uint32_t vhosts;   /* bit i: QEMU's port i is moved by the kernel */
	bool frames_known; /* if that was asked of this QEMU's ports */
	bool frames_counted; /* told since */
	guint powerdown;

	char mig_status[32];
	struct ham_job job[HAM_CONF_MAX_DISKS];
	struct ham_bm_slot graph[HAM_CONF_MAX_DISKS][HAM_BM_SLOTS];
	struct ham_copy copy;
	bool released;		 /* D: our daemon let go of the image */
	bool keep_daemon;	 /* DISCARD: a replica goes on */
	bool cont_asked;
	bool resume_seen;	/* since cont was asked */
	bool held;		/* must stand still: a RESUME is QEMU's own */
	bool disobeyed;		/* there was one, and QEMU is being ended */
	unsigned int jobs_left; /* HALT */
	guint nudge;
	guint slot_watch;
	bool slot_seen; /* graph[] is of this QEMU, and not changed since */
	guint paused;	/* at a pause point */
	unsigned int ram_port;
	char run_state[32];	    /* of the last query-status */
	char failure[HAM_TEXT_MAX]; /* told after the clean-up it caused */
	struct ham_effect effect; /* being carried out; only its plain fields */
	ham_flow *flow;
	GQueue *waiting; /* struct ham_effect *, after the flow */
	GArray *timeline;
	bool tracing;
};

struct ham_guests {
	ham_knows *knows;
	GPtrArray *looks; /* struct ham_look, trial.c */
	struct ham_guests_spec spec;
	GHashTable *vms; /* name -> struct ham_vm */
	char boot_id[40];
	char *qemu;
	char *qsd;
	char *version;
	unsigned int finding;
	ham_cgroups *cgroups;	       /* NULL: none can be had */
	char no_cgroups[HAM_TEXT_MAX]; /* why */
	bool frozen;
	/* what a pause takes beside the memory that is left, on average;
	 * 0: not yet */
	int64_t fixed_us;
	int64_t fixed_at_us; /* then */
	bool leased; /* the node's lease was renewed, so there are leases */
	guint yield_ticker;
	ham_guests_ready_fn on_ready;
};

/* vm.c */
struct ham_vm *ham_vm_get(ham_guests *guests, const char *name);
void ham_vm_free(struct ham_vm *vm);
/* Begins what had to wait for the end of a flow. */
void ham_vm_next(struct ham_vm *vm);
void ham_vm_did(struct ham_vm *vm, enum ham_did did, const char *text,
		bool flag);
/* Anything else; kind, time and guest are filled in. */
void ham_vm_tell(struct ham_vm *vm, struct ham_event *event);
void ham_vm_did_blob(struct ham_vm *vm, enum ham_did did, const char *blob);
unsigned int ham_vm_n_disks(const struct ham_vm *vm);
bool ham_vm_is_shared(const struct ham_vm *vm, unsigned int i);
/* Of those of which each node has its own: how many there are, and the first
 * from i on, ham_vm_n_disks() if there is none. */
unsigned int ham_vm_n_copied(const struct ham_vm *vm);
unsigned int ham_vm_copied(const struct ham_vm *vm, unsigned int i);
#define HAM_EACH_COPIED_WHEN(vm, i, when)                                      \
	for (unsigned int i = ham_vm_copied(vm, 0);                            \
	     (when) && i < ham_vm_n_disks(vm); i = ham_vm_copied(vm, i + 1))
#define HAM_EACH_COPIED(vm, i) HAM_EACH_COPIED_WHEN (vm, i, true)
struct ham_bm_disk ham_vm_disk(const struct ham_vm *vm, unsigned int i);
char *ham_vm_disk_export(const struct ham_vm *vm, unsigned int i,
			 uint64_t epoch, uint64_t generation,
			 const char *boot_id);
const char *ham_vm_address(const struct ham_vm *vm);
/* What the copy that is made of it may use now, bytes/s; never 0. */
uint64_t ham_vm_budget(const struct ham_vm *vm);
bool ham_vm_is_copying(const struct ham_vm *vm);
/* Of that, what guests' own requests leave to the disks. */
uint64_t ham_vm_disk_budget(const struct ham_vm *vm);
void ham_vm_mark(struct ham_vm *vm, const char *format, ...)
	G_GNUC_PRINTF(2, 3);
/* Asks the flow's step again after a while, unless called off. */
void ham_vm_nudge(struct ham_vm *vm, unsigned int after_ms);
void ham_vm_nudge_end(struct ham_vm *vm);
/* Begins a flow for the effect in vm->effect. */
void ham_vm_begin(struct ham_vm *vm, const char *name,
		  const struct ham_step *steps, unsigned int n,
		  ham_flow_end_fn on_end);

/* peer.c */
char *ham_peer_write(const struct ham_peer *peer);
bool ham_peer_read(const struct ham_blob *blob, struct ham_peer *out);

/* state_file.c */
bool ham_state_write(struct ham_vm *vm, GError **error);
void ham_state_remove(struct ham_vm *vm);
bool ham_state_read(struct ham_vm *vm, GError **error);

/* argv.c */
struct ham_port_fds { /* QEMU's, from there on one a queue */
	int tap;
	int vhost; /* -1: none */
};
char **ham_qemu_argv(const struct ham_vm *vm, int qmp_fd,
		     const struct ham_port_fds *ports, bool incoming);

/* freeze.c */
/* A file to join the guest's group by; -1: there are none, or *error is set. */
int ham_freeze_group(struct ham_vm *vm, GError **error);
/* The QEMU that an earlier hamd has started. */
void ham_freeze_adopt(struct ham_vm *vm);
/* It was just started, maybe while no guest here is to move. */
void ham_freeze_new(struct ham_vm *vm);
/* It is being killed, and need not stand still for that. */
void ham_freeze_let_die(struct ham_vm *vm);
void ham_freeze_forget(struct ham_vm *vm);

/* process.c */
bool ham_port_may_have_vhost(const struct ham_conf_port *port);
void ham_qemu_exited(ham_child *child, int code, int status, void *data);
void ham_qsd_exited(ham_child *child, int code, int status, void *data);
bool ham_qemu_start(struct ham_vm *vm, bool incoming, GError **error);
bool ham_qsd_start(struct ham_vm *vm, GError **error);
/* A TCP listener, its port in *port; -1 with *error. */
int ham_vm_listen(const char *address, unsigned int *port, GError **error);
bool ham_qemu_attach(struct ham_vm *vm, GError **error);
bool ham_qsd_attach(struct ham_vm *vm, GError **error);
void ham_qemu_kill(struct ham_vm *vm);
void ham_qsd_kill(struct ham_vm *vm);
/* Its end costs some ms, which a guest that just came needs more. */
void ham_qsd_kill_later(struct ham_vm *vm);
bool ham_qemu_gone(struct ham_vm *vm);
bool ham_qsd_gone(struct ham_vm *vm);
bool ham_qemu_ready(struct ham_vm *vm);
bool ham_qsd_ready(struct ham_vm *vm);
/* Into vm->run_state and vm->mig_status, within a flow's step. */
void ham_qemu_query_status(struct ham_vm *vm);
/* By the last answer to that the guest runs, or sleeps (S3) and would. */
bool ham_vm_is_live(const struct ham_vm *vm);
void ham_qemu_query_migrate(struct ham_vm *vm);

/* label.c */
struct ham_label_disk {
	const char *path;
	bool shared;
	bool there;
	char id[HAM_IMAGE_ID_SIZE];
	int64_t written; /* last, seconds since 1970; 0: unknown */
};
struct ham_label {
	const char *guest;
	struct ham_guests_history history;
	unsigned int n;
	struct ham_label_disk disk[HAM_CONF_MAX_DISKS];
};
char *ham_label_path(const ham_guests *guests, const char *name);
/* May those images be used, by the histories that count?  *begins: they are of
 * one before, and have not been used in the present one. */
bool ham_label_check(const char *path, const struct ham_label *now,
		     bool *begins, GError **error);
bool ham_label_write(const char *path, const struct ham_label *label,
		     GError **error);

/* images.c: a worker; the flow goes on when it is through */
void ham_images_prepare(struct ham_vm *vm, bool create);
/* What a worker found, with nothing made or written. */
struct ham_images_view {
	uint64_t allocated[HAM_CONF_MAX_DISKS]; /* owner's, bytes */
	struct ham_room room;			/* of a destination, */
	char *error; /* and why not; NULL: they fit */
};
typedef void (*ham_images_look_fn)(const struct ham_images_view *view,
				   void *data);
enum {
	HAM_IMAGES_OWNER = 1,  /* only what they hold is asked for */
	HAM_IMAGES_CREATE = 2, /* what is missing would be made */
	HAM_IMAGES_LOCKED = 4, /* shared ones are in use by the owner */
};
/* As PREPARE would find them.  Always answers, and never before it returns. */
void ham_images_look(struct ham_vm *vm, unsigned int how, uint64_t epoch,
		     ham_images_look_fn on_look, void *data);
/* The images at the configured paths are the files that this process of the
 * guest has open. */
bool ham_images_in_use(const struct ham_vm *vm, const ham_child *child,
		       GError **error);
/* A copy that was made for a migration goes with it, but never one that the
 * record may call current. */
void ham_images_remove_made(struct ham_vm *vm);
void ham_images_keep_made(struct ham_vm *vm);

/* ports.c */
bool ham_ports_check(struct ham_vm *vm, GError **error);
bool ham_ports_open(struct ham_vm *vm, GError **error);
void ham_ports_adopt(struct ham_vm *vm);
bool ham_ports_up(struct ham_vm *vm, GError **error);
bool ham_ports_down(struct ham_vm *vm, GError **error);
/* Ahead of time: without the last resort of the former, and unchecked. */
void ham_ports_try_down(struct ham_vm *vm);
/* The lease was renewed: what has left so far is nobody's concern. */
void ham_ports_mark(struct ham_vm *vm);
/* It stands still, or has ended: tells how many frames left since; once. */
void ham_ports_count(struct ham_vm *vm);
void ham_ports_close(struct ham_vm *vm);
/* By the bridge that the port is on. */
bool ham_port_leads_out(const struct ham_vm *vm, guint i);
/* At hamd's start: bridges whose last guest ended while it was away. */
void ham_ports_tidy(const ham_guests *guests);
/* Have all uplinks that the cluster file names for its bridges a carrier? */
bool ham_ports_have_carrier(const struct ham_vm *vm);
/* For the other side, as struct ham_peer has it; the caller's to g_free();
 * NULL with *error. */
char *ham_ports_facts(const struct ham_vm *vm, GError **error);
/* D, with nothing made: what PREPARE would check of a port, and its facts as
 * they would be (HAM_NET_FACTS_MAX bytes).  False with *error. */
bool ham_port_look(struct ham_vm *vm, guint i, char *facts, GError **error);
/* S: one port's of ham_ports_facts(), the caller's; NULL with *error. */
char *ham_port_facts(const struct ham_vm *vm, guint i, GError **error);
/* S: may the guest go to `peer`, the node `to`, by what that says of its
 * bridges?  False with *error. */
bool ham_ports_fit(const struct ham_vm *vm, const struct ham_peer *peer,
		   const char *to, GError **error);

/* announce.c: from now on, and again a few times; `cont_us`: when `cont` was
 * sent */
void ham_announce(struct ham_vm *vm, int64_t cont_us);
/* The lease was renewed, or guests go on: what a standstill has cut off begins
 * anew. */
void ham_announce_due(struct ham_vm *vm);
void ham_announce_stop(struct ham_vm *vm);

/* learn.c: which addresses a guest's ports were heard using */
#define HAM_LEARN_FILE "heard"
void ham_learn_open(struct ham_vm *vm);
/* Also what an earlier hamd has kept in vm->dir. */
void ham_learn_adopt(struct ham_vm *vm);
/* Writes that, if it is not what was kept. */
void ham_learn_keep(struct ham_vm *vm);
void ham_learn_close(struct ham_vm *vm);
/* What is known of a port right now is announced, too. */
void ham_learn_refresh(struct ham_vm *vm, ham_net_port *port, guint i);
/* S's, for D: for each port its number, the length in two bytes, and that many
 * (netmigrate.h); what has no room is left out. */
void ham_learn_write(struct ham_vm *vm, struct ham_blob *out);
/* `then_us`: when it was written, of this node's clock. */
void ham_learn_read(struct ham_vm *vm, const struct ham_blob *blob,
		    int64_t then_us);
/* All addresses of a port that are known: the cluster file's, then others; the
 * caller's to g_strfreev(). */
char **ham_learn_list(struct ham_vm *vm, guint i);

/* seen.c: S, when the guest runs elsewhere, while its ports are still here to
 * tell what they used; ends by itself, or when the guest comes back */
void ham_seen_begin(struct ham_vm *vm);
void ham_seen_stop(struct ham_vm *vm);

/* quiet.c: S, ahead of `stop`, at it, and when its ports are down */
void ham_quiet_open(struct ham_vm *vm);
void ham_quiet_stop(struct ham_vm *vm);
void ham_quiet_end(struct ham_vm *vm);
void ham_quiet_forget(struct ham_vm *vm);
/* Of a node's id, as in an effect. */
const char *ham_vm_node_name(const struct ham_vm *vm, uint32_t node);
char *ham_port_ifname(const struct ham_vm *vm, unsigned int port);

/* slot.c */
/* The slot of that node's copy, -1: none. */
int ham_slot_index(const struct ham_vm *vm, uint32_t node);
bool ham_slots_any(const struct ham_vm *vm);
/* A write failed, on one of the copies or maybe so. */
bool ham_slot_in_error(const struct ham_vm *vm);
/* Another QEMU, or none: nothing is known of its slots. */
void ham_slots_forget(struct ham_vm *vm);
/* Its copy is equal, and on its disk: the bitmaps begin here. */
void ham_slot_whole(struct ham_vm_slot *slot);
/* It holds nobody's copy any more; its bitmaps stay. */
void ham_slot_clear(struct ham_vm *vm, unsigned int k);
/* A copy takes no writes: told to the core, once. */
void ham_slot_failed(struct ham_vm *vm, unsigned int k, bool silent);
/* What follows, within a flow's step.  Into vm->graph: */
void ham_slot_query(struct ham_vm *vm);
/* A copy, or nulls, into the slot of every disk; for one disk a node that is
 * there; and such a node.  Only while the guest stands still: between the two
 * commands of a swap a write counts though one child did not take it. */
void ham_slot_put(struct ham_vm *vm, unsigned int k, const struct ham_peer *to);
void ham_slot_exchange(struct ham_vm *vm, unsigned int i, unsigned int k,
		       const char *node);
void ham_slot_connect(struct ham_vm *vm, unsigned int i, const char *node,
		      const struct ham_peer *to, enum ham_flow_how how,
		      ham_flow_reply_fn on_reply);
void ham_slot_yank(struct ham_vm *vm, unsigned int k);
/* Sends `stop`.  It waits for writes that are under way, and a replica that
 * hangs holds them for good: after a second all are cut off, and told as
 * failed.  The watch ends with the answer, with QEMU, or with the flow. */
void ham_slot_stop(struct ham_vm *vm);
/* Before a command that waits for every write under way: a replica that does
 * not take its own in replica_timeout is cut off.  Over with the flow. */
void ham_slot_watch(struct ham_vm *vm);
void ham_slot_unwatch(struct ham_vm *vm);
/* RUN, RESUME: three steps that empty the slots of all nodes that the effect
 * does not name. */
bool ham_slot_stays(const struct ham_vm *vm, unsigned int k);
void ham_slots_look(struct ham_vm *vm);
void ham_slots_cut(struct ham_vm *vm);
void ham_slots_empty(struct ham_vm *vm);

/* connect.c: steps of LAUNCH and WIRE, in this order, after ham_slot_query() */
bool ham_connect_read(struct ham_vm *vm, const struct ham_blob *blob);
void ham_connect_0(struct ham_vm *vm);
bool ham_connected_0(struct ham_vm *vm);
void ham_connect_1(struct ham_vm *vm);
bool ham_connected_1(struct ham_vm *vm);
void ham_connect_2(struct ham_vm *vm);
bool ham_connected_2(struct ham_vm *vm);
void ham_connect_swap(struct ham_vm *vm);
/* Before the guest runs, with active disks. */
void ham_connect_bitmaps(struct ham_vm *vm);

/* yield.c */
void ham_yield_begin(ham_guests *guests);
uint64_t ham_yield_of(ham_guests *guests, uint64_t bytes);

/* beat.c */
void ham_beat_start(struct ham_vm *vm);
void ham_beat_stop(struct ham_vm *vm);
/* Ends the connections to that node's copy, if there are any; out of any flow. */
void ham_beat_cut(struct ham_vm *vm, uint32_t node);

/* differ.c: steps of a fill, for fill.ranges */
void ham_differ_mark(struct ham_vm *vm);
void ham_differ_merge(struct ham_vm *vm);

/* renew.c: begun and ended with the heartbeat */
void ham_renew_start(struct ham_vm *vm);
void ham_renew_stop(struct ham_vm *vm);

/* replica.c: a step that fails if nothing answers at vm->peer */
void ham_replica_probe(struct ham_vm *vm);
bool ham_replica_answers(struct ham_vm *vm);
/* A step, after the state was asked for: a guest that stands because of a copy
 * (vm->was_held) goes on. */
void ham_slot_go_on(struct ham_vm *vm);

/* fill.c */
/* A step: all of the copy that is being made ends; over when ham_fill_is_off().
 */
void ham_fill_call_off(struct ham_vm *vm);
bool ham_fill_is_off(struct ham_vm *vm);
void ham_fill_forget(struct ham_vm *vm);
/* Cuts its connections, out of band. */
void ham_fill_cut(struct ham_vm *vm);
/* A job, of its or of something else, was stopped by an error. */
void ham_fill_job_stopped(struct ham_vm *vm, const char *job);
/* The same ended: how far it got; error NULL: well. */
void ham_fill_job_ended(struct ham_vm *vm, const char *job, uint64_t bytes,
			const char *error);

/* digest.c */
/* A copy's node: along with the storage daemon.  It is no harm if it fails. */
void ham_digest_start(struct ham_vm *vm);
void ham_digest_end(struct ham_vm *vm);
/* After a restart. */
void ham_digest_adopt(struct ham_vm *vm, pid_t pid, uint64_t start);
/* Owner; one at a time.  With on_suspects what differs is looked at again while
 * the guest writes.  The result is in vm->compare until cleared. */
bool ham_compare_start(struct ham_vm *vm, const struct ham_peer *peer,
		       uint64_t rate, ham_compare_suspects_fn on_suspects,
		       ham_compare_end_fn on_end, GError **error);
void ham_compare_go(struct ham_vm *vm);
void ham_compare_stop(struct ham_vm *vm);
void ham_compare_clear(struct ham_vm *vm);
/* At most so many as QEMU is told; what lies between two that are near each
 * other is in them, too. */
void ham_ranges_merge(GArray *ranges);

/* verify.c: something else comes first */
void ham_verify_stop(struct ham_vm *vm, const char *why);
/* The guest is not here any more.  `why` NULL: nobody is told. */
void ham_verify_forget(struct ham_vm *vm, const char *why);

/* serve.c */
/* Where our images are served at that epoch; the caller's. */
char *ham_serve_blob(const struct ham_vm *vm, uint64_t epoch);

/* run.c, copy.c, undo.c, handover.c, halt.c, incoming.c */
void ham_do_launch(struct ham_vm *vm);
void ham_do_shutdown(struct ham_vm *vm);
void ham_do_kill(struct ham_vm *vm);
void ham_do_copy(struct ham_vm *vm);
void ham_do_undo(struct ham_vm *vm);
/* steer.c: from COPY's last step to the pause. */
void ham_copy_watch(struct ham_vm *vm);
void ham_copy_stop_watching(struct ham_vm *vm);
/* Tells COPY_FAILED, once. */
void ham_copy_failed(struct ham_vm *vm, const char *format, ...)
	G_GNUC_PRINTF(2, 3);
/* Beside any flow; nothing is asked without QEMU.  Takes args. */
void ham_copy_ask(struct ham_vm *vm, const char *command, JsonObject *args,
		  ham_qmp_reply_fn on_reply);
/* sample.c; at each look. */
void ham_copy_sample(struct ham_vm *vm);
/* judge.c */
void ham_copy_judge(struct ham_vm *vm);
/* The parameters of QEMU that slow a guest down by so many percent, 0 to 99;
 * again: it may be slowed down already. */
void ham_copy_throttle(JsonObject *args, unsigned int percent, bool again);
/* The copy under way has other limits; forced: it is to be handed over as soon
 * as the disks are there, whatever the pause. */
void ham_copy_policy(struct ham_vm *vm, const struct ham_policy *policy,
		     bool forced);
/* From `stop` until the guest is given away, or goes on: OVERDUE is told when
 * that takes longer than max_pause. */
void ham_copy_pause_begins(struct ham_vm *vm);
void ham_copy_pause_ends(struct ham_vm *vm);
/* Removes the nodes of mirrors that have ended, within a flow's step. */
void ham_copy_drop_targets(struct ham_vm *vm, enum ham_flow_how how);
void ham_do_capture(struct ham_vm *vm);
void ham_do_halt(struct ham_vm *vm);
void ham_do_silence(struct ham_vm *vm);
void ham_do_resume(struct ham_vm *vm);
void ham_do_finish(struct ham_vm *vm);
void ham_do_prepare(struct ham_vm *vm);
void ham_do_wire(struct ham_vm *vm);
void ham_do_release(struct ham_vm *vm);
void ham_do_takeover(struct ham_vm *vm);
void ham_do_run(struct ham_vm *vm);
void ham_do_discard(struct ham_vm *vm);
void ham_do_close(struct ham_vm *vm);
void ham_do_slot_drop(struct ham_vm *vm);
void ham_do_slot_set(struct ham_vm *vm);
void ham_do_slot_fill(struct ham_vm *vm);
void ham_do_resize(struct ham_vm *vm);
void ham_do_look(struct ham_vm *vm);
void ham_do_serve(struct ham_vm *vm);
/* Beside any flow; by_itself: nobody waits for it. */
void ham_do_verify(struct ham_vm *vm, uint32_t node, bool by_itself);
/* Beside any flow, without an answer. */
void ham_do_announce(struct ham_vm *vm);
void ham_do_narrow(struct ham_vm *vm);
void ham_do_retry(struct ham_vm *vm);
void ham_vm_found(struct ham_vm *vm);
/* What its processes do, after a restart; again if QEMU ends meanwhile. */
void ham_vm_ask(struct ham_vm *vm);

/* trial.c */
GPtrArray *ham_looks_new(void);
/* D: has its QEMU the guest's machine type and CPU model?  True as well as long
 * as that was not asked.  False with *error. */
bool ham_knows_check(const ham_guests *guests,
		     const struct ham_conf_guest *guest, GError **error);

/* incoming.c: false with *error */
bool ham_memory_available(uint64_t *bytes, GError **error);

/* pause_point.c */
void ham_pause_point(struct ham_vm *vm, const char *point);
bool ham_pause_over(struct ham_vm *vm);

/* What QEMU tells by itself. */
void ham_vm_event(struct ham_vm *vm, const char *name, JsonObject *data);
/* The guest has, and QEMU stands: it is ended, cleanly if all its writes were
 * taken. */
void ham_vm_powered_off(struct ham_vm *vm);
void ham_vm_qsd_event(struct ham_vm *vm, const char *name, JsonObject *data);

#endif
