/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/guest/images.c - a guest's image files, made or checked by a worker
 *
 * An image that is there must have the size of the definition and is used as
 * it is; one that is not there is made only for an incoming copy.  Space is
 * reserved (fallocate(2)) before a copy begins, unless the disk is sparse, so
 * that a full disk refuses a migration instead of stopping a guest.  Nothing
 * is probed and no format but raw is known.  A path is no proof: before the
 * disk of a running process is taken to be the image at a path, that process
 * must have that very file open.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <gio/gio.h>

#include "hamd/base/error.h"
#include "hamd/base/fd.h"
#include "hamd/guest/room.h"
#include "hamd/guest/vm.h"

enum {
	QEMU_LOCKS_FROM = 100,
	QEMU_LOCKS = 200,
};

struct image {
	char *path;
	unsigned int disk;
	uint64_t size;	   /* is opened with that */
	uint64_t grows_to; /* or with that, if it has it; 0: it does not grow */
	bool sparse;
	bool made;
	bool device;
	bool shared;
	bool resized; /* by an operator: one that was left behind grows */
	uint64_t was; /* before this worker made it longer; 0: it did not */
};

struct work {
	ham_guests *guests;
	char *name;
	uint64_t generation;
	uint32_t uid;
	bool create;
	bool begins; /* these images are what its history begins with */
	bool first;  /* the guest was never started before */
	bool grow;   /* to grows_to, or it is an error */
	bool launch;
	bool locked; /* shared disks are the source's: it runs */
	bool guarded; /* only if label.c has nothing against it */
	bool noted;   /* and it is told what is written from now on */
	char *label;
	struct ham_label now;
	uint64_t id; /* of all images of this node alone */
	GArray *images;
	/* nothing is made or written, only looked at, for this */
	struct ham_images_view view;
	bool owner; /* who has them in use */
	ham_images_look_fn on_look;
	void *data;
};

static void
work_free(gpointer data)
{
	struct work *work = data;

	for (guint i = 0; i < work->images->len; i++)
		g_free(g_array_index(work->images, struct image, i).path);
	g_array_free(work->images, TRUE);
	g_free(work->label);
	g_free(work->name);
	g_free(work->view.error);
	g_free(work);
}

static bool
size_of(int fd, struct image *image, uint64_t *size, GError **error)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return ham_error_errno(error, errno, "cannot stat %s",
				       image->path);
	*size = (uint64_t)st.st_size;
	image->device = S_ISBLK(st.st_mode);
	if (image->device && ioctl(fd, BLKGETSIZE64, size) != 0)
		return ham_error_errno(error, errno, "size of %s", image->path);
	if (image->device || S_ISREG(st.st_mode))
		return true;
	g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED,
		    "%s is neither a file nor a block device", image->path);
	return false;
}

/* Asked of an image that is refused already, for better words: what a guest has
 * written to its disk decides nothing. */
static bool
is_qcow(int fd)
{
	char magic[4];

	return pread(fd, magic, 4, 0) == 4 && memcmp(magic, "QFI\xfb", 4) == 0;
}

static bool
check_size(int fd, struct image *image, GError **error)
{
	uint64_t size;

	if (!size_of(fd, image, &size, error))
		return false;
	if (size == image->size ||
	    (image->device && !image->shared && size > image->size))
		return true;
	if (is_qcow(fd))
		g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED,
			    "%s is qcow2, not raw: qemu-img convert -f qcow2 "
			    "-O raw IT NEW",
			    image->path);
	else
		g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED,
			    "%s has %" G_GUINT64_FORMAT
			    " bytes, the cluster file says %" G_GUINT64_FORMAT,
			    image->path, size, image->size);
	return false;
}

/* From `from` on.  Not posix_fallocate(3), which writes into what is there
 * where the file system can't: the guest may be writing, too. */
static bool
reserve(int fd, const struct image *image, uint64_t from, uint64_t to,
	GError **error)
{
	int rc = 0;

	if (!image->sparse && to > from &&
	    fallocate(fd, 0, (off_t)from, (off_t)(to - from)) != 0)
		rc = errno;
	if ((image->sparse || rc == EOPNOTSUPP) && from < to)
		rc = ftruncate(fd, (off_t)to) == 0 ? 0 : errno;
	if (rc == 0)
		return true;
	return ham_error_errno(
		error, rc, "cannot reserve %" G_GUINT64_FORMAT " bytes for %s",
		to, image->path);
}

/* Who is told to make an image makes an empty one.  A start that failed counts,
 * too: only the epoch is known. */
static bool
tell_missing(const struct work *work, const struct image *image, GError **error)
{
	if (work->first)
		g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED,
			    "%s is missing on this node: make it, e.g. "
			    "qemu-img create -f raw %s %" G_GUINT64_FORMAT,
			    image->path, image->path, image->size);
	else
		g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED,
			    "%s is missing on this node, and may have held the "
			    "data of the guest, which was started before: is "
			    "its file system mounted?",
			    image->path);
	return false;
}

/* FNV-1a. */
static void
add_to_id(uint64_t *id, uint64_t value)
{
	for (int i = 0; i < 8; i++, value >>= 8)
		*id = (*id ^ (value & 0xff)) * UINT64_C(0x100000001b3);
}

/* A file has a number and a birth.  A block device may be made anew under the
 * same number: it is another one after each boot. */
static void
identify(struct work *work, int fd)
{
	struct statx st = {0};

	if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME,
		  &st) != 0)
		return;
	add_to_id(&work->id, st.stx_dev_major);
	add_to_id(&work->id, st.stx_dev_minor);
	add_to_id(&work->id, st.stx_ino);
	add_to_id(&work->id, (uint64_t)st.stx_btime.tv_sec);
	add_to_id(&work->id, st.stx_btime.tv_nsec);
	if (S_ISBLK(st.stx_mode)) {
		add_to_id(&work->id, st.stx_rdev_major);
		add_to_id(&work->id, st.stx_rdev_minor);
		for (const char *c = work->guests->boot_id; *c; c++)
			add_to_id(&work->id, (uint64_t)*c);
	}
}

/* The source's QEMU has the disk locked while it runs (QEMU's file-posix.c:
 * from byte 100 on, by what it may do with it).  Who does not see that lock has
 * another file, or a file system that keeps none between nodes.  A block device
 * has no such mark: its path is believed. */
static bool
check_locked(int fd, const struct image *image, GError **error)
{
	struct flock lock = {.l_type = F_WRLCK,
			     .l_whence = SEEK_SET,
			     .l_start = QEMU_LOCKS_FROM,
			     .l_len = QEMU_LOCKS};

	if (image->device)
		return true;
	if (fcntl(fd, F_OFD_GETLK, &lock) != 0)
		return ham_error_errno(error, errno, "locks of %s",
				       image->path);
	if (lock.l_type != F_UNLCK)
		return true;
	g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED,
		    "%s here has no lock of the guest: another file (is its "
		    "file system mounted?), or no locks between nodes",
		    image->path);
	return false;
}

/* An image that was sparse, or is one of another node's making. */
static bool
reserve_again(int fd, const struct image *image, GError **error)
{
	if (fallocate(fd, 0, 0, (off_t)image->size) == 0 || errno == EOPNOTSUPP)
		return true;
	return ham_error_errno(error, errno,
			       "cannot reserve %" G_GUINT64_FORMAT
			       " bytes for %s",
			       image->size, image->path);
}

/* Never what a guest may have seen: its size is the record's only once it has,
 * and until then the image has the other already. */
static bool
lengthen(int fd, struct image *image, uint64_t from, uint64_t to,
	 GError **error)
{
	image->was = from;
	if (reserve(fd, image, from, to, error) && fdatasync(fd) == 0)
		return true;
	if (error && !*error)
		(void)ham_error_errno(error, errno, "cannot sync %s",
				      image->path);
	return false;
}

/* One that others may have in use is cut by nobody but its owner, before that
 * one starts: a record may be behind. */
static bool
may_cut(const struct work *work, const struct image *image)
{
	return !image->shared || work->launch;
}

/* One that was left behind, and is filled anew or was made the newest. */
static bool
may_lengthen(const struct work *work, const struct image *image)
{
	return image->resized && !image->device &&
	       (work->create || (work->launch && work->begins));
}

/* An image may be smaller than its disk is by now, and, of the owner, larger
 * than the record knows. */
static bool
fit(const struct work *work, struct image *image, int fd, GError **error)
{
	uint64_t to = image->grows_to;
	uint64_t has;

	if (!size_of(fd, image, &has, error))
		return false;
	if (work->grow && to && image->device && has != to) {
		g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED,
			    "%s has %" G_GUINT64_FORMAT
			    " bytes: give it %" G_GUINT64_FORMAT " first",
			    image->path, has, to);
		return false;
	}
	if (to && !work->grow && has >= to) {
		image->size = to;
	} else if (to && !work->grow && !image->device && may_cut(work, image) &&
		   has > image->size) {
		if (ftruncate(fd, (off_t)image->size) != 0)
			return ham_error_errno(error, errno, "cannot cut %s",
					       image->path);
	} else if (work->grow && to) {
		if (has < to && !lengthen(fd, image, has, to, error))
			return false;
		image->size = to;
	} else if (may_lengthen(work, image) && has < image->size &&
		   !lengthen(fd, image, has, image->size, error)) {
		return false;
	}
	return check_size(fd, image, error);
}

/* A server that is no friend of root may refuse what is not needed. */
static bool
give_away(const struct work *work, int fd, const struct image *image,
	  GError **error)
{
	struct stat st;

	if ((fstat(fd, &st) == 0 && st.st_uid == work->uid &&
	     st.st_gid == work->uid) ||
	    fchown(fd, work->uid, work->uid) == 0)
		return true;
	return ham_error_errno(error, errno, "cannot give %s away",
			       image->path);
}

static bool
prepare_one(struct work *work, struct image *image, GError **error)
{
	ham_autofd int fd = open(image->path, O_RDWR | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT && work->create && !image->shared) {
		fd = open(image->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
			  0600);
		if (fd < 0)
			return ham_error_errno(error, errno, "cannot make %s",
					       image->path);
		image->made = true;
		if (!reserve(fd, image, 0, image->size, error))
			return false;
	} else if (fd < 0 && errno == ENOENT) {
		return tell_missing(work, image, error);
	} else if (fd < 0) {
		return ham_error_errno(error, errno, "cannot open %s",
				       image->path);
	}
	if (!fit(work, image, fd, error))
		return false;
	if (work->create && !image->shared && !image->made && !image->device &&
	    !image->sparse && !reserve_again(fd, image, error))
		return false;
	/* what the last daemon took is flushed by none of the next one's: QEMU
	 * passes no flush to a node that it has not written to */
	if (!image->made && fdatasync(fd) != 0)
		return ham_error_errno(error, errno, "cannot sync %s",
				       image->path);
	if (!image->shared)
		identify(work, fd);
	else if (work->locked && !check_locked(fd, image, error))
		return false;
	return give_away(work, fd, image, error);
}

static void
remove_made(struct work *work)
{
	for (guint i = 0; i < work->images->len; i++) {
		struct image *image =
			&g_array_index(work->images, struct image, i);

		if (image->made)
			unlink(image->path);
		image->made = false;
	}
}

/* Files by their number and birth; what is behind a block device nobody can
 * tell. */
static void
look_at(struct ham_label_disk *disk)
{
	uint64_t id = UINT64_C(0xcbf29ce484222325);
	struct statx st = {0};

	disk->there = statx(AT_FDCWD, disk->path, 0,
			    STATX_BASIC_STATS | STATX_BTIME, &st) == 0;
	if (disk->there && !S_ISBLK(st.stx_mode)) {
		disk->written = st.stx_mtime.tv_sec;
		add_to_id(&id, st.stx_ino);
		add_to_id(&id, (uint64_t)st.stx_btime.tv_sec);
		add_to_id(&id, st.stx_btime.tv_nsec);
	}
	g_snprintf(disk->id, sizeof(disk->id), "%016" PRIx64, id);
}

static void
look_at_all(struct work *work)
{
	work->now.n = work->images->len;
	for (guint i = 0; i < work->images->len; i++) {
		const struct image *image =
			&g_array_index(work->images, struct image, i);

		work->now.disk[i].path = image->path;
		work->now.disk[i].shared = image->shared;
		look_at(&work->now.disk[i]);
	}
}

static bool
may_use(struct work *work, GError **error)
{
	if (!work->guarded)
		return true;
	look_at_all(work);
	return ham_label_check(work->label, &work->now, &work->begins, error);
}

static bool
note_use(struct work *work, GError **error)
{
	if (!work->noted)
		return true;
	look_at_all(work);
	return ham_label_write(work->label, &work->now, error);
}

G_STATIC_ASSERT((int)HAM_ROOM_IMAGES == (int)HAM_CONF_MAX_DISKS);

/* For what is to be copied here: before anything is made. */
static bool
has_room(const struct work *work, struct ham_room *room, GError **error)
{
	struct ham_room_image wanted[HAM_ROOM_IMAGES];
	size_t n = 0;

	memset(room, 0, sizeof(*room));
	for (guint i = 0; work->create && i < work->images->len; i++) {
		const struct image *image =
			&g_array_index(work->images, struct image, i);

		if (!image->shared)
			wanted[n++] = (struct ham_room_image){
				image->path, image->size, image->sparse};
	}
	return ham_room_check(wanted, n, room, error);
}

static void
run(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
	struct work *work = data;
	struct ham_room room;
	GError *error = NULL;

	(void)source;
	(void)cancellable;
	if (!may_use(work, &error) || !has_room(work, &room, &error)) {
		g_task_return_error(task, error);
		return;
	}
	for (guint i = 0; i < work->images->len; i++) {
		struct image *image =
			&g_array_index(work->images, struct image, i);

		if (prepare_one(work, image, &error))
			continue;
		remove_made(work);
		g_task_return_error(task, error);
		return;
	}
	if (!note_use(work, &error)) {
		remove_made(work);
		g_task_return_error(task, error);
		return;
	}
	g_task_return_boolean(task, TRUE);
}

/* The disks of a QEMU that runs are what they were until it is told. */
static void
note_image(struct ham_vm *vm, const struct work *work, guint i)
{
	const struct image *image =
		&g_array_index(work->images, struct image, i);

	if (work->grow)
		return;
	vm->size[image->disk] = image->size;
	if (image->device)
		vm->devices |= 1u << image->disk;
	else
		vm->devices &= ~(1u << image->disk);
}

/* What a later try, or another life of the guest, may have taken is not cut. */
static void
ended_growing(struct ham_vm *vm, const struct work *work, const GError *error)
{
	vm->resize.working = false;
	if (!error || ham_flow_generation(vm) != work->generation)
		return;
	for (guint i = 0; i < work->images->len; i++) {
		const struct image *image =
			&g_array_index(work->images, struct image, i);

		if (image->was)
			(void)!truncate(image->path, (off_t)image->was);
	}
	vm->resize.refused = true;
}

static void
through(GObject *source, GAsyncResult *result, gpointer data)
{
	struct work *work = g_task_get_task_data(G_TASK(result));
	GError *error = NULL;
	struct ham_vm *vm;

	(void)source;
	(void)data;
	g_task_propagate_boolean(G_TASK(result), &error);
	vm = ham_vm_get(work->guests, work->name);
	for (guint i = 0; i < work->images->len; i++) {
		const struct image *image =
			&g_array_index(work->images, struct image, i);

		if (!error && ham_flow_generation(vm) == work->generation)
			note_image(vm, work, i);
		if (image->made)
			g_ptr_array_add(vm->made_images, g_strdup(image->path));
	}
	/* the migration may have been given up meanwhile; and who came after it
	 * may have them open already */
	if (ham_flow_generation(vm) != work->generation && !vm->qemu &&
	    !vm->qsd)
		ham_images_remove_made(vm);
	if (work->grow)
		ended_growing(vm, work, error);
	if (!error && ham_flow_generation(vm) == work->generation)
		g_snprintf(vm->image_id, sizeof(vm->image_id), "%016" PRIx64,
			   work->id);
	ham_flow_release(vm, work->generation, error);
}

/* A copy is no less one because its node lacks what is common to all. */
static void
add_images(struct ham_vm *vm, struct work *work, uint8_t act)
{
	bool all = act != HAM_DO_SERVE;

	for (unsigned int i = all ? 0 : ham_vm_copied(vm, 0);
	     i < ham_vm_n_disks(vm);
	     i = all ? i + 1 : ham_vm_copied(vm, i + 1)) {
		const struct ham_conf_disk *disk =
			g_ptr_array_index(vm->conf->disks, i);
		struct image image = {.path = g_strdup(disk->path),
				      .disk = i,
				      .sparse = disk->sparse,
				      .shared = ham_vm_is_shared(vm, i)};
		uint64_t size = vm->guests->spec.size_of(
			vm->name, i, &image.grows_to, vm->guests->spec.data);

		image.size = MAX(size, disk->size);
		image.resized = size >= disk->size;
		g_array_append_val(work->images, image);
	}
}

static void
add_label(struct ham_vm *vm, struct work *work, uint8_t act)
{
	const struct ham_guests_spec *spec = &vm->guests->spec;

	work->label = ham_label_path(vm->guests, vm->name);
	spec->history_of(vm->name, &work->now.history, spec->data);
	work->now.guest = work->name;
	work->launch = act == HAM_DO_LAUNCH;
	work->locked = act == HAM_DO_PREPARE;
	work->guarded = act == HAM_DO_LAUNCH || act == HAM_DO_LOOK ||
			act == HAM_DO_PREPARE || act == HAM_DO_SERVE;
	work->noted = act != HAM_DO_LOOK && work->guarded;
}

static struct work *
work_new(struct ham_vm *vm, uint8_t act, uint64_t epoch, bool create)
{
	struct work *work = g_new0(struct work, 1);

	work->guests = vm->guests;
	work->name = g_strdup(vm->name);
	work->create = create;
	work->id = UINT64_C(0xcbf29ce484222325);
	vm->shared =
		vm->guests->spec.shared_of(vm->name, vm->guests->spec.data);
	work->first = epoch <= 1;
	work->images = g_array_new(FALSE, TRUE, sizeof(struct image));
	add_images(vm, work, act);
	add_label(vm, work, act);
	return work;
}

void
ham_images_prepare(struct ham_vm *vm, bool create)
{
	int slot = vm->guests->spec.slot_of(vm->name, vm->guests->spec.data);
	uint8_t act = vm->effect.act;
	struct work *work = work_new(vm, act, vm->effect.epoch, create);
	GTask *task = g_task_new(NULL, NULL, through, NULL);

	work->generation = ham_flow_generation(vm);
	work->uid = vm->guests->spec.conf->uid_first +
		    (uint32_t)(slot > 0 ? slot : 0);
	work->grow = act == HAM_DO_RESIZE;
	vm->resize.working = vm->resize.working || work->grow;
	ham_flow_hold(vm);
	g_task_set_task_data(task, work, work_free);
	g_task_run_in_thread(task, run);
	g_object_unref(task);
}

/* ---- the same without doing it ---- */

/* One that is there fits, or would be made to; one that is not would be made.
 */
static bool
look_one(const struct work *work, struct image *image, GError **error)
{
	ham_autofd int fd = open(image->path, O_RDONLY | O_CLOEXEC);
	uint64_t has;

	if (fd < 0 && errno == ENOENT && work->create && !image->shared)
		return true;
	if (fd < 0 && errno == ENOENT)
		return tell_missing(work, image, error);
	if (fd < 0)
		return ham_error_errno(error, errno, "cannot open %s",
				       image->path);
	if (!size_of(fd, image, &has, error))
		return false;
	if (!(may_lengthen(work, image) && has < image->size) &&
	    !check_size(fd, image, error))
		return false;
	return !image->shared || !work->locked ||
	       check_locked(fd, image, error);
}

static void
look_for_owner(struct work *work)
{
	for (guint i = 0; i < work->images->len; i++) {
		const struct image *image =
			&g_array_index(work->images, struct image, i);
		struct stat st;

		if (stat(image->path, &st) == 0 && S_ISREG(st.st_mode))
			work->view.allocated[image->disk] =
				MIN((uint64_t)st.st_blocks * 512, image->size);
		else
			work->view.allocated[image->disk] = image->size;
	}
}

static void
look(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
	struct work *work = data;
	g_autoptr(GError) error = NULL;
	bool fits;

	(void)source;
	(void)cancellable;
	if (work->owner) {
		look_for_owner(work);
		g_task_return_boolean(task, TRUE);
		return;
	}
	fits = may_use(work, &error) &&
	       has_room(work, &work->view.room, &error);
	for (guint i = 0; fits && i < work->images->len; i++)
		fits = look_one(work,
				&g_array_index(work->images, struct image, i),
				&error);
	if (!fits)
		work->view.error = g_strdup(error->message);
	g_task_return_boolean(task, TRUE);
}

static void
looked(GObject *source, GAsyncResult *result, gpointer data)
{
	struct work *work = g_task_get_task_data(G_TASK(result));

	(void)source;
	(void)data;
	work->on_look(&work->view, work->data);
}

void
ham_images_look(struct ham_vm *vm, unsigned int how, uint64_t epoch,
		ham_images_look_fn on_look, void *data)
{
	struct work *work =
		work_new(vm, HAM_DO_PREPARE, epoch, how & HAM_IMAGES_CREATE);
	GTask *task = g_task_new(NULL, NULL, looked, NULL);

	work->owner = how & HAM_IMAGES_OWNER;
	work->locked = how & HAM_IMAGES_LOCKED;
	work->on_look = on_look;
	work->data = data;
	g_task_set_task_data(task, work, work_free);
	g_task_run_in_thread(task, look);
	g_object_unref(task);
}

/* The same file, or the same block device. */
static bool
is_same(const struct stat *a, const struct stat *b)
{
	if (S_ISBLK(a->st_mode) || S_ISBLK(b->st_mode))
		return S_ISBLK(a->st_mode) && S_ISBLK(b->st_mode) &&
		       a->st_rdev == b->st_rdev;
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool
has_open(pid_t pid, const struct stat *wanted)
{
	g_autofree char *folder = g_strdup_printf("/proc/%d/fd", (int)pid);
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(folder, name, NULL);
		struct stat st;

		if (stat(path, &st) == 0 && is_same(&st, wanted))
			return true;
	}
	return false;
}

bool
ham_images_in_use(const struct ham_vm *vm, const ham_child *child,
		  GError **error)
{
	for (unsigned int i = 0; i < ham_vm_n_disks(vm); i++) {
		const struct ham_conf_disk *disk =
			g_ptr_array_index(vm->conf->disks, i);
		struct stat st;

		/* a storage daemon has nothing of what is common */
		if (ham_vm_is_shared(vm, i) && child == vm->qsd)
			continue;
		if (stat(disk->path, &st) == 0 && child &&
		    has_open(ham_child_pid(child), &st))
			continue;
		g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED,
			    "%s is not the file that is in use as disk %s of "
			    "%s: was it moved, or its path changed?",
			    disk->path, disk->name, vm->name);
		return false;
	}
	return true;
}

void
ham_images_keep_made(struct ham_vm *vm)
{
	g_ptr_array_set_size(vm->made_images, 0);
}

void
ham_images_remove_made(struct ham_vm *vm)
{
	for (guint i = 0; i < vm->made_images->len; i++)
		unlink(g_ptr_array_index(vm->made_images, i));
	g_ptr_array_set_size(vm->made_images, 0);
}
