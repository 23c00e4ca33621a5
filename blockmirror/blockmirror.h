/* SPDX-License-Identifier: BSD-3-Clause */
/* blockmirror/blockmirror.h - local disks as replicas: node graphs and commands
 *
 * Pure builders of what QEMU (>= 10.0) and qemu-storage-daemon are told, and
 * readers of what they answer.  Nothing is sent from here: the owner of the
 * QMP connection (hamd/guest/) sends.  Names of nodes are fixed per disk N:
 *
 *	dN-top  raw       the device's root, werror=stop
 *	dN-q    quorum    every child must take a write (vote-threshold = slots)
 *	dN-f    file      the local image
 *	dN-sK   null-co or nbd: slot K; a null takes the place of no replica
 *
 * A write counts only when all children took it, so a guest write is held, not
 * lost, when a replica fails; the slot is emptied only after OUTDATED was
 * committed (doc/design.md, section 6).  Raw images only.
 */
#ifndef HAM_BLOCKMIRROR_H
#define HAM_BLOCKMIRROR_H

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	HAM_BM_SLOTS = 1, /* replicas beside the local file, now */
};

struct ham_bm_disk {
	unsigned int index; /* 0.. in the guest */
	const char *path;
	uint64_t size; /* bytes */
};

/* Where a replica is exported. */
struct ham_bm_export {
	const char *host; /* numeric */
	unsigned int port;
	const char *name;
};

/* Reads a QMP reply's "return" value or event data; in each: true/false and
 * *error with the reason. */

/* -blockdev arguments (JSON text) of one disk's stack, in order; the strings
 * are the caller's (GPtrArray with g_free). */
GPtrArray *ham_bm_stack_args(const struct ham_bm_disk *disk);

/* -device argument for the disk's virtio-blk at a fixed PCI address. */
char *ham_bm_device_arg(const struct ham_bm_disk *disk);

/* Command arguments.  Each result is the caller's. */
JsonObject *ham_bm_nbd_add(const struct ham_bm_disk *disk, unsigned int slot,
			   const struct ham_bm_export *export);
JsonObject *ham_bm_mirror(const struct ham_bm_disk *disk);
JsonObject *ham_bm_job_cancel(const struct ham_bm_disk *disk, bool force);
JsonObject *ham_bm_nbd_del(const struct ham_bm_disk *disk, unsigned int slot);
JsonObject *ham_bm_null_add(const struct ham_bm_disk *disk, unsigned int slot);
JsonObject *ham_bm_slot_add(const struct ham_bm_disk *disk, const char *node);
JsonObject *ham_bm_slot_remove(const struct ham_bm_disk *disk,
			       const char *child);
JsonObject *ham_bm_yank(const struct ham_bm_disk *disk, unsigned int slot);

char *ham_bm_job_id(const struct ham_bm_disk *disk);
char *ham_bm_nbd_node(const struct ham_bm_disk *disk, unsigned int slot);
char *ham_bm_null_node(const struct ham_bm_disk *disk, unsigned int slot);

/* The quorum child (e.g. "children.2") under which `node` hangs, from the
 * reply to query-named-block-nodes; NULL if it does not. */
char *ham_bm_find_child(JsonNode *named_block_nodes,
			const struct ham_bm_disk *disk, const char *node);

/* One mirror job, from the reply to query-block-jobs. */
struct ham_bm_progress {
	bool present;
	bool ready;
	bool actively_synced;
	uint64_t offset;
	uint64_t len;
};
void ham_bm_read_progress(JsonNode *block_jobs, const struct ham_bm_disk *disk,
			  struct ham_bm_progress *out);

/* BLOCK_JOB_COMPLETED counts only without error and with offset == len. */
bool ham_bm_job_completed_well(JsonObject *event_data, GError **error);

/* Storage daemon: argv beside the descriptors (monitor and NBD server are
 * listening sockets handed in as `monitor_fd` and `nbd_fd`). */
char **ham_bm_qsd_argv(const char *program, int monitor_fd, int nbd_fd);
JsonObject *ham_bm_qsd_open(const struct ham_bm_disk *disk);
JsonObject *ham_bm_qsd_export(const struct ham_bm_disk *disk,
			      const char *export_name);
JsonObject *ham_bm_qsd_export_del(const struct ham_bm_disk *disk);
JsonObject *ham_bm_qsd_close(const struct ham_bm_disk *disk);

/* Export name: guest, disk, epoch, boot id: a writer of an older epoch asks
 * for a name that does not exist any more. */
char *ham_bm_export_name(const char *guest, const char *disk, uint64_t epoch,
			 const char *boot_id);

/* Pacing (pure): how fast RAM should go so that it arrives with the disks.
 * All in bytes and bytes/s; `disk_rate` 0 if not known yet. */
uint64_t ham_bm_pace(uint64_t ram_remaining, uint64_t disk_remaining,
		     uint64_t disk_rate, uint64_t budget);

#endif
