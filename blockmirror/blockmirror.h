/* SPDX-License-Identifier: BSD-3-Clause */
/* blockmirror/blockmirror.h - local disks as replicas: node graphs and commands
 *
 * Pure builders of what QEMU (>= 10.0) and qemu-storage-daemon are told, and
 * readers of what they answer.  Nothing is sent from here: the owner of the
 * QMP connection (hamd/guest/) sends.  Nodes of disk N:
 *
 *	dN-top          raw     the device's root, werror=stop
 *	 dN-q           quorum  every child must take a write
 *	  dN-r          raw     of a fixed size
 *	   dN-f         file    the local image (raw above dN-d: a block device)
 *	  dN-sK-nullG   slot K without a replica (blkdebug above null-co)
 *	  dN-sK-nbdG    nbd     slot K with one
 *	dN-t            nbd     where a mirror copies to, in no slot yet
 *
 * A disk that all nodes share has dN-top and dN-f alone, and no fixed size.
 *
 * A write counts only when all children took it, so a guest write is held, not
 * lost, when a replica fails; the slot is emptied only after OUTDATED was
 * committed (doc/design.md, section 6).  Raw images only.
 *
 * G is a serial number that grows with every node put into the slot: the new
 * one must be in before the old one may leave, and a null that has left can
 * not come back once the graph was inactive.
 */
#ifndef HAM_BLOCKMIRROR_H
#define HAM_BLOCKMIRROR_H

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	HAM_BM_SLOTS = 3,     /* replicas beside the local file */
	HAM_BM_NODE_MAX = 31, /* bytes of a node's name, QEMU's limit */
};

struct ham_bm_disk {
	unsigned int index; /* 0.. in the guest */
	const char *path;
	uint64_t size; /* bytes */
	bool device;   /* a block device, which may be larger if not shared */
	bool shared;   /* no replicas */
};

/* Where a replica is exported. */
struct ham_bm_export {
	const char *host; /* numeric */
	unsigned int port;
	const char *name;
};

/* --- QEMU's command line */

/* -blockdev arguments (JSON text) of one disk's stack, in order, every slot
 * with a null of serial 0; the strings are the caller's (GPtrArray with
 * g_free).  The same at both ends of a migration. */
GPtrArray *ham_bm_stack_args(const struct ham_bm_disk *disk);

/* -device argument for the disk's virtio-blk, on bus pcie.0 at device number
 * 0x10 + index. */
char *ham_bm_device_arg(const struct ham_bm_disk *disk);

/* --- Names; each result is the caller's */

char *ham_bm_job_id(const struct ham_bm_disk *disk);
char *ham_bm_target_node(const struct ham_bm_disk *disk);
char *ham_bm_nbd_node(const struct ham_bm_disk *disk, unsigned int slot,
		      unsigned int serial);
char *ham_bm_null_node(const struct ham_bm_disk *disk, unsigned int slot,
		       unsigned int serial);

/* The index of the disk to which an event's node belongs, -1 if to none. */
int ham_bm_disk_of_node(const char *node);

/* The slot of such a node, -1 if it is not a replica's in a slot. */
int ham_bm_slot_of_node(const char *node);

/* Export name: guest, disk, epoch, generation (0: of a hand-over), boot id: a
 * writer of an older epoch, of an older copy, or of before the node's reboot
 * asks for a name that does not exist any more. */
char *ham_bm_export_name(const char *guest, const char *disk, uint64_t epoch,
			 uint64_t generation, const char *boot_id);

/* --- Command arguments.  Each result is the caller's. */

/* blockdev-add, for a slot or as a mirror's target */
JsonObject *ham_bm_nbd_add(const char *node,
			   const struct ham_bm_export *export);
/* blockdev-add, for a slot: takes all writes, and fails all reads with EIO */
JsonObject *ham_bm_null_add(const struct ham_bm_disk *disk, const char *node);
/* blockdev-del; a node that is in a slot is refused by QEMU */
JsonObject *ham_bm_node_del(const char *node);
/* x-blockdev-change, in this order: the new node in, the old one out */
JsonObject *ham_bm_slot_add(const struct ham_bm_disk *disk, const char *node);
JsonObject *ham_bm_slot_remove(const struct ham_bm_disk *disk,
			       const char *child);
/* yank, out of band: ends the connection of a node that hangs */
JsonObject *ham_bm_yank(const char *node);
/* blockdev-set-active on QEMU: without a node's name, so the whole graph */
JsonObject *ham_bm_set_active(bool active);

/* blockdev-mirror from the disk to its target node; `speed` in bytes/s */
JsonObject *ham_bm_mirror(const struct ham_bm_disk *disk, uint64_t speed);
/* block-job-set-speed */
JsonObject *ham_bm_job_speed(const struct ham_bm_disk *disk, uint64_t speed);
/* block-job-cancel: of a ready mirror, not forced, it is the completion */
JsonObject *ham_bm_job_cancel(const struct ham_bm_disk *disk, bool force);

/* --- A disk's new size (resize.c); `disk` has it already, in this order */

/* blockdev-add and block-dirty-bitmap-add of dN-g */
JsonObject *ham_bm_bypass_add(const struct ham_bm_disk *disk);
JsonObject *ham_bm_bypass_bitmap(const struct ham_bm_disk *disk);
/* blockdev-reopen: the guest's writes go to dN-g, or to the quorum (again) */
JsonObject *ham_bm_top_reopen(const struct ham_bm_disk *disk, bool bypass);
/* block_resize: the guest sees it; and dN-f with its bitmaps, that nobody uses */
JsonObject *ham_bm_top_resize(const struct ham_bm_disk *disk);
JsonObject *ham_bm_image_resize(const struct ham_bm_disk *disk);
/* The names of the disk's nulls, from query-named-block-nodes; the caller's. */
GPtrArray *ham_bm_nulls(JsonNode *named_nodes, const struct ham_bm_disk *disk);
/* dN-WHICH */
char *ham_bm_stack_node(const struct ham_bm_disk *disk, char which);
/* blockdev-add of dN-f, as the storage daemon opens it, too: of a block device
 * its "file" is an object; of dN-r and dN-q */
JsonObject *ham_bm_image_add(const struct ham_bm_disk *disk);
JsonObject *ham_bm_sized_add(const struct ham_bm_disk *disk);
JsonObject *ham_bm_quorum_add(const struct ham_bm_disk *disk);
/* block-dirty-bitmap-merge: what dN-g has seen, into a slot's */
JsonObject *ham_bm_bypass_merge(const struct ham_bm_disk *disk,
				unsigned int slot);

/* --- Making a copy while the guest writes (fill.c); names and results are the
 * caller's */

/* The second connection, for what is old; the first is a slot's node. */
char *ham_bm_fill_node(const struct ham_bm_disk *disk, unsigned int slot,
		       unsigned int serial);
char *ham_bm_fill_mirror_job(const struct ham_bm_disk *disk, unsigned int slot);
char *ham_bm_fill_backup_job(const struct ham_bm_disk *disk, unsigned int slot);
/* block-dirty-bitmap-add, block-dirty-bitmap-remove: the one of that slot */
JsonObject *ham_bm_bitmap_add(const struct ham_bm_disk *disk,
			      unsigned int slot);
JsonObject *ham_bm_bitmap_remove(const struct ham_bm_disk *disk,
				 unsigned int slot);
/* blockdev-mirror; begun before the backup */
JsonObject *ham_bm_fill_mirror(const struct ham_bm_disk *disk,
			       unsigned int slot, const char *target);
/* blockdev-backup of all, or of what the bitmap has; bytes/s */
JsonObject *ham_bm_fill_backup(const struct ham_bm_disk *disk,
			       unsigned int slot, const char *target,
			       bool incremental, uint64_t speed);
/* block-job-set-speed of such a backup, bytes/s */
JsonObject *ham_bm_fill_speed(const char *job, uint64_t speed);
/* What differs, into the bitmap of the slot: blockdev-add of a null node by that
 * name (ham_bm_marks_add), block-dirty-bitmap-add, for each range (1 GiB at most)
 * human-monitor-command, block-dirty-bitmap-merge, blockdev-del. */
char *ham_bm_differ_node(const struct ham_bm_disk *disk);
JsonObject *ham_bm_marks_add(const struct ham_bm_disk *disk, const char *node);
JsonObject *ham_bm_differ_bitmap(const struct ham_bm_disk *disk);
JsonObject *ham_bm_differ_mark(const struct ham_bm_disk *disk, uint64_t at,
			       uint64_t len);
JsonObject *ham_bm_differ_merge(const struct ham_bm_disk *disk,
				unsigned int slot);
/* The bitmap of a slot made anew, in two transactions: into the arguments of the
 * first go ham_bm_renew_add(), of the second, ham_bm_renew_swap(), of each disk.
 * Between them ham_bm_renew_flush() (human-monitor-command; whether it failed
 * is told by QUORUM_REPORT_BAD alone). */
JsonObject *ham_bm_renew_new(void);
void ham_bm_renew_add(JsonObject *args, const struct ham_bm_disk *disk,
		      unsigned int slot);
void ham_bm_renew_swap(JsonObject *args, const struct ham_bm_disk *disk,
		       unsigned int slot);
JsonObject *ham_bm_renew_flush(const struct ham_bm_disk *disk);
/* block-dirty-bitmap-remove: the new one, of a renewal that was cut short */
JsonObject *ham_bm_renew_remove(const struct ham_bm_disk *disk,
				unsigned int slot);
/* block-job-cancel: at once.  A mirror of the above may be ended so when the
 * guest stands still and the job is ready, synced, and at its full length: a
 * soft cancel never ends then (QEMU 10.0). */
JsonObject *ham_bm_job_end(const char *job);

/* --- Readers */

/* What is in a slot, from the reply to x-debug-query-block-graph (the only
 * command that shows it; a child's name grows with each change). */
struct ham_bm_slot {
	char child[HAM_BM_NODE_MAX + 1]; /* "children.2" */
	char node[HAM_BM_NODE_MAX + 1];
	bool replica; /* an NBD node, not a null */
	unsigned int serial;
	char older[HAM_BM_NODE_MAX + 1]; /* the child of a swap cut short, */
	char older_node[HAM_BM_NODE_MAX + 1]; /* "" if there is none */
};
bool ham_bm_read_slot(JsonNode *block_graph, const struct ham_bm_disk *disk,
		      unsigned int slot, struct ham_bm_slot *out,
		      GError **error);

/* One mirror job, from the reply to query-block-jobs. */
struct ham_bm_progress {
	bool present;
	bool ready;
	bool actively_synced;
	uint64_t offset;
	uint64_t len;
	/* static: why it was stopped (`io-status`), NULL if it was not */
	const char *trouble;
};
void ham_bm_read_progress(JsonNode *block_jobs, const struct ham_bm_disk *disk,
			  struct ham_bm_progress *out);
/* The same of the job with that id. */
void ham_bm_read_job(JsonNode *block_jobs, const char *id,
		     struct ham_bm_progress *out);

/* How much the bitmap of what differs has, bytes, from the reply to
 * query-named-block-nodes; false if that does not say.  A mark that fails is told
 * on QEMU's standard output and nowhere else, so what is marked is counted. */
bool ham_bm_read_marked(JsonNode *named_nodes, const struct ham_bm_disk *disk,
			uint64_t *bytes);
/* The same of the bitmap of a slot; 0: there is none. */
bool ham_bm_read_noted(JsonNode *named_nodes, const struct ham_bm_disk *disk,
		       unsigned int slot, uint64_t *bytes);

/* What a guest has asked of its disks since it was started, from the reply to
 * query-blockstats; false if that does not say. */
struct ham_bm_io {
	uint64_t ops;	    /* that have ended */
	uint64_t waited_ns; /* for them, together */
};
bool ham_bm_read_io(JsonNode *blockstats, struct ham_bm_io *out);

/* BLOCK_JOB_COMPLETED counts only without error and with offset == len. */
bool ham_bm_job_completed_well(JsonObject *event_data, GError **error);

/* --- Storage daemon: one image a disk, and an export for each epoch at which it
 * is served */

/* argv; monitor and NBD server are listening sockets handed in as `monitor_fd`
 * and `nbd_fd`.  g_strfreev() frees it. */
char **ham_bm_qsd_argv(const char *program, int monitor_fd, int nbd_fd);
/* blockdev-add.  An inactive image takes no lock and refuses writes, so it may
 * be opened and exported while a QEMU still has it. */
JsonObject *ham_bm_qsd_open(const struct ham_bm_disk *disk, bool active);
/* block-export-add; the node may change between active and inactive under it */
JsonObject *ham_bm_qsd_export(const struct ham_bm_disk *disk, uint64_t epoch,
			      const char *export_name);
/* blockdev-set-active */
JsonObject *ham_bm_qsd_set_active(const struct ham_bm_disk *disk, bool active);
/* block-export-del; done when BLOCK_EXPORT_DELETED with the id has come */
JsonObject *ham_bm_qsd_export_del(const struct ham_bm_disk *disk,
				  uint64_t epoch);
char *ham_bm_qsd_export_id(const struct ham_bm_disk *disk, uint64_t epoch);
/* How many exports of other epochs there are, from query-block-exports. */
unsigned int ham_bm_qsd_count_exports(JsonNode *exports, uint64_t epoch);
/* --- Pacing: how fast each goes so that RAM arrives with the disks
 *
 * Bytes and bytes/s.  Each is never 0, which QEMU takes for "no limit", and
 * never above the budget; a budget of 0 is taken for 1. */

/* RAM's max-bandwidth.  `disk_remaining` and `disk_rate` are of all disks
 * together, `disk_rate` as measured, 0 if not known yet. */
uint64_t ham_bm_pace(uint64_t ram_remaining, uint64_t disk_remaining,
		     uint64_t disk_rate, uint64_t budget);

/* Copies make room for the guest: the share of the budget that they may use
 * from now on, of HAM_BM_WHOLE and never 0, after an interval in which `ops`
 * requests of the guest ended, that waited `waited_us` together; `usual_us` is
 * what one takes without copies. */
enum {
	HAM_BM_WHOLE = 1000
};
unsigned int ham_bm_yield(unsigned int share, uint64_t ops, uint64_t waited_us,
			  uint64_t usual_us);

/* What the copies of a node may use of its bandwidth. */
enum ham_bm_copy_kind {
	HAM_BM_COPY_MIGRATION,
	HAM_BM_COPY_FILL,    /* one that is brought up to date */
	HAM_BM_COPY_COMPARE, /* or is only read */
	HAM_BM_N_COPIES
};
struct ham_bm_copy {
	uint8_t kind;
	uint8_t priority; /* of its guest */
	uint64_t limit;	  /* its own, bytes/s; 0: none */
	uint64_t share;	  /* the answer, bytes/s */
};
/* Fills in each one's share of `total` bytes/s: never 0, and in sum not more
 * than that, as long as it is one for each. */
void ham_bm_share(uint64_t total, struct ham_bm_copy *copies, unsigned int n);

/* One disk's mirror speed: its part of what RAM leaves over. */
uint64_t ham_bm_pace_disk(uint64_t this_remaining, uint64_t disk_remaining,
			  uint64_t ram_rate, uint64_t budget);

#endif
