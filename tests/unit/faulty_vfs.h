/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/faulty_vfs.h - an SQLite VFS whose disk fails when told to
 *
 * Passes everything on to the default VFS.  Counts what is synced and written,
 * and fails either for one kind of file.  Shared by threads.
 */
#ifndef HAM_FAULTY_VFS_H
#define HAM_FAULTY_VFS_H

#include <stdatomic.h>

enum faulty_file {
	FAULTY_NONE,
	FAULTY_DATABASE,
	FAULTY_LOG, /* the write-ahead log */
};

struct faulty_vfs {
	atomic_int fail_sync; /* enum faulty_file */
	atomic_int fail_write;
	atomic_int syncs;
	atomic_int log_syncs;
	atomic_int writes_after_failure; /* any file, once a call failed */
	atomic_int failures;
};

extern struct faulty_vfs faulty_vfs;

/* Makes it the default VFS and resets the counters. */
void faulty_vfs_use(void);

/* Back to the machine's own. */
void faulty_vfs_drop(void);

#endif
