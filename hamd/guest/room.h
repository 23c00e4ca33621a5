/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/guest/room.h - is there room for the images that a copy will reserve?
 *
 * Looked up before a byte is reserved, by PREPARE and by what asks for it ahead
 * alike.  System calls that may wait for a disk: for workers.  Refuses nothing
 * that is not reserved: sparse images, block devices, and file systems that
 * can't reserve.
 */
#ifndef HAM_GUEST_ROOM_H
#define HAM_GUEST_ROOM_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ham_room_image {
	const char *path;
	uint64_t size; /* bytes, as it is to be */
	bool sparse;   /* nothing is reserved for it */
};

/* Of the file system where least is left over. */
struct ham_room {
	uint64_t need; /* bytes that are not reserved yet */
	uint64_t free;
	char folder[256]; /* of an image there; "": nothing is to be reserved */
};

enum {
	HAM_ROOM_IMAGES = 8,
};

/* n <= HAM_ROOM_IMAGES.  False with *error: too little is free, or a folder
 * can't be looked at; *out is filled in anyway. */
bool ham_room_check(const struct ham_room_image *images, size_t n,
		    struct ham_room *out, GError **error);

#endif
