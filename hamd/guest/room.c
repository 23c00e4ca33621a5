/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/guest/room.c - see room.h */
#include "hamd/guest/room.h"

#include <errno.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "hamd/base/error.h"

#define ZFS_SUPER_MAGIC 0x2fc12fc1

struct place {
	dev_t device;
	const char *path; /* of an image that lies, or will lie there */
	uint64_t need;
};

/* Where nothing is reserved, nothing is missing. */
static bool
reserves(const struct statfs *fs)
{
	return fs->f_type != ZFS_SUPER_MAGIC && fs->f_type != NFS_SUPER_MAGIC;
}

/* How much it still takes, and the file system's number; 0: nothing, or not of
 * a file system.  A missing folder is told by who makes the image. */
static bool
needs(const struct ham_room_image *image, uint64_t *need, dev_t *device,
      GError **error)
{
	g_autofree char *folder = g_path_get_dirname(image->path);
	struct stat st;

	*need = 0;
	*device = 0;
	if (stat(image->path, &st) == 0) {
		uint64_t has = (uint64_t)st.st_blocks * 512;

		if (S_ISREG(st.st_mode) && image->size > has)
			*need = image->size - has;
		*device = st.st_dev;
		return true;
	}
	if (errno != ENOENT)
		return ham_error_errno(error, errno, "cannot stat %s",
				       image->path);
	if (stat(folder, &st) != 0)
		return ham_error_errno(error, errno, "cannot make %s",
				       image->path);
	*need = image->size;
	*device = st.st_dev;
	return true;
}

static void
add(struct place *places, size_t *n, dev_t device, uint64_t need,
    const char *path)
{
	size_t i = 0;

	while (i < *n && places[i].device != device)
		i++;
	if (i == *n)
		places[(*n)++] = (struct place){device, path, 0};
	places[i].need += need;
}

static bool
look(const struct place *place, struct ham_room *out, bool *first,
     GError **error)
{
	g_autofree char *folder = g_path_get_dirname(place->path);
	struct statfs fs;
	uint64_t has;

	if (statfs(folder, &fs) != 0)
		return ham_error_errno(error, errno, "cannot look at %s",
				       folder);
	if (!reserves(&fs))
		return true;
	/* also what the file system keeps for root, as fallocate(2) does */
	has = (uint64_t)fs.f_bfree * (uint64_t)fs.f_bsize;
	if (*first ||
	    (int64_t)(has - place->need) < (int64_t)(out->free - out->need)) {
		out->need = place->need;
		out->free = has;
		g_strlcpy(out->folder, folder, sizeof(out->folder));
	}
	*first = false;
	if (has >= place->need)
		return true;
	return ham_error_errno(error, ENOSPC,
			       "%s has %" G_GUINT64_FORMAT " MiB left, and "
			       "%" G_GUINT64_FORMAT " MiB are to be reserved",
			       folder, has >> 20,
			       (place->need + 0xfffff) >> 20);
}

bool
ham_room_check(const struct ham_room_image *images, size_t n,
	       struct ham_room *out, GError **error)
{
	struct place places[HAM_ROOM_IMAGES];
	size_t n_places = 0;
	bool first = true;

	g_assert(n <= HAM_ROOM_IMAGES);
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < n; i++) {
		uint64_t need;
		dev_t device;

		if (images[i].sparse)
			continue;
		if (!needs(&images[i], &need, &device, error))
			return false;
		if (need)
			add(places, &n_places, device, need, images[i].path);
	}
	for (size_t i = 0; i < n_places; i++)
		if (!look(&places[i], out, &first, error))
			return false;
	return true;
}
