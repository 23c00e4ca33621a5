/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/faulty_vfs.c - see faulty_vfs.h */
#include "tests/unit/faulty_vfs.h"

#include <sqlite3.h>
#include <string.h>

struct faulty_vfs faulty_vfs;

struct file {
	sqlite3_file base;
	enum faulty_file kind;
	sqlite3_file *real; /* behind this struct, in the same memory */
};

static sqlite3_vfs vfs;

static sqlite3_file *
real_of(sqlite3_file *f)
{
	return ((struct file *)f)->real;
}

static int
fault(sqlite3_file *f, atomic_int *what, int code)
{
	struct file *file = (struct file *)f;

	if (file->kind == FAULTY_NONE || atomic_load(what) != (int)file->kind)
		return SQLITE_OK;
	atomic_fetch_add(&faulty_vfs.failures, 1);
	return code;
}

static void
count_write(void)
{
	if (atomic_load(&faulty_vfs.failures) > 0)
		atomic_fetch_add(&faulty_vfs.writes_after_failure, 1);
}

static int
do_close(sqlite3_file *f)
{
	return real_of(f)->pMethods ? real_of(f)->pMethods->xClose(real_of(f))
				    : SQLITE_OK;
}

static int
do_read(sqlite3_file *f, void *buffer, int n, sqlite3_int64 at)
{
	return real_of(f)->pMethods->xRead(real_of(f), buffer, n, at);
}

static int
do_write(sqlite3_file *f, const void *buffer, int n, sqlite3_int64 at)
{
	int code;

	count_write();
	code = fault(f, &faulty_vfs.fail_write, SQLITE_IOERR_WRITE);
	return code ? code
		    : real_of(f)->pMethods->xWrite(real_of(f), buffer, n, at);
}

static int
do_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	count_write();
	return real_of(f)->pMethods->xTruncate(real_of(f), size);
}

static int
do_sync(sqlite3_file *f, int flags)
{
	int code = fault(f, &faulty_vfs.fail_sync, SQLITE_IOERR_FSYNC);

	if (code)
		return code;
	atomic_fetch_add(&faulty_vfs.syncs, 1);
	if (((struct file *)f)->kind == FAULTY_LOG)
		atomic_fetch_add(&faulty_vfs.log_syncs, 1);
	return real_of(f)->pMethods->xSync(real_of(f), flags);
}

static int
do_size(sqlite3_file *f, sqlite3_int64 *size)
{
	return real_of(f)->pMethods->xFileSize(real_of(f), size);
}

static int
do_lock(sqlite3_file *f, int level)
{
	return real_of(f)->pMethods->xLock(real_of(f), level);
}

static int
do_unlock(sqlite3_file *f, int level)
{
	return real_of(f)->pMethods->xUnlock(real_of(f), level);
}

static int
do_check_lock(sqlite3_file *f, int *held)
{
	return real_of(f)->pMethods->xCheckReservedLock(real_of(f), held);
}

static int
do_control(sqlite3_file *f, int op, void *argument)
{
	return real_of(f)->pMethods->xFileControl(real_of(f), op, argument);
}

static int
do_sector(sqlite3_file *f)
{
	return real_of(f)->pMethods->xSectorSize(real_of(f));
}

static int
do_device(sqlite3_file *f)
{
	return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f));
}

static int
do_shm_map(sqlite3_file *f, int region, int size, int extend,
	   void volatile **memory)
{
	return real_of(f)->pMethods->xShmMap(real_of(f), region, size, extend,
					     memory);
}

static int
do_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
	return real_of(f)->pMethods->xShmLock(real_of(f), offset, n, flags);
}

static void
do_shm_barrier(sqlite3_file *f)
{
	real_of(f)->pMethods->xShmBarrier(real_of(f));
}

static int
do_shm_unmap(sqlite3_file *f, int remove)
{
	return real_of(f)->pMethods->xShmUnmap(real_of(f), remove);
}

static const sqlite3_io_methods methods = {
	.iVersion = 2,
	.xClose = do_close,
	.xRead = do_read,
	.xWrite = do_write,
	.xTruncate = do_truncate,
	.xSync = do_sync,
	.xFileSize = do_size,
	.xLock = do_lock,
	.xUnlock = do_unlock,
	.xCheckReservedLock = do_check_lock,
	.xFileControl = do_control,
	.xSectorSize = do_sector,
	.xDeviceCharacteristics = do_device,
	.xShmMap = do_shm_map,
	.xShmLock = do_shm_lock,
	.xShmBarrier = do_shm_barrier,
	.xShmUnmap = do_shm_unmap,
};

static int
do_open(sqlite3_vfs *self, const char *name, sqlite3_file *f, int flags,
	int *out)
{
	struct file *file = (struct file *)f;
	sqlite3_vfs *real = self->pAppData;
	int code;

	memset(file, 0, (size_t)self->szOsFile);
	file->real = (sqlite3_file *)(file + 1);
	file->kind = flags & SQLITE_OPEN_MAIN_DB ? FAULTY_DATABASE
		     : flags & SQLITE_OPEN_WAL	 ? FAULTY_LOG
						 : FAULTY_NONE;
	code = real->xOpen(real, name, file->real, flags, out);
	file->base.pMethods = code == SQLITE_OK ? &methods : NULL;
	return code;
}

static int
do_delete(sqlite3_vfs *self, const char *name, int sync_folder)
{
	sqlite3_vfs *real = self->pAppData;

	count_write();
	return real->xDelete(real, name, sync_folder);
}

void
faulty_vfs_use(void)
{
	sqlite3_vfs *real;

	memset(&faulty_vfs, 0, sizeof(faulty_vfs));
	faulty_vfs_drop();
	real = sqlite3_vfs_find(NULL);
	vfs = *real;
	vfs.zName = "faulty";
	vfs.pAppData = real;
	vfs.szOsFile = (int)sizeof(struct file) + real->szOsFile;
	vfs.xOpen = do_open;
	vfs.xDelete = do_delete;
	sqlite3_vfs_register(&vfs, 1);
}

void
faulty_vfs_drop(void)
{
	if (vfs.zName)
		sqlite3_vfs_unregister(&vfs);
	vfs.zName = NULL;
}
