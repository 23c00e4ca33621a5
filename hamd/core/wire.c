/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/wire.c - see wire.h */
#include "hamd/core/wire.h"

#include <glib.h>
#include <string.h>

void
ham_put_bytes(struct ham_writer *w, const void *bytes, size_t len)
{
	g_assert(len <= w->room - w->len);
	if (len > 0)
		memcpy(w->bytes + w->len, bytes, len);
	w->len += len;
}

void
ham_put_u8(struct ham_writer *w, uint8_t v)
{
	ham_put_bytes(w, &v, 1);
}

void
ham_put_u16(struct ham_writer *w, uint16_t v)
{
	v = GUINT16_TO_BE(v);
	ham_put_bytes(w, &v, sizeof(v));
}

void
ham_put_u32(struct ham_writer *w, uint32_t v)
{
	v = GUINT32_TO_BE(v);
	ham_put_bytes(w, &v, sizeof(v));
}

void
ham_put_u64(struct ham_writer *w, uint64_t v)
{
	v = GUINT64_TO_BE(v);
	ham_put_bytes(w, &v, sizeof(v));
}

void
ham_put_text(struct ham_writer *w, const char *text, bool wide)
{
	size_t len = strlen(text);

	if (wide) {
		g_assert(len <= UINT16_MAX);
		ham_put_u16(w, (uint16_t)len);
	} else {
		g_assert(len <= UINT8_MAX);
		ham_put_u8(w, (uint8_t)len);
	}
	ham_put_bytes(w, text, len);
}

const uint8_t *
ham_get_bytes(struct ham_reader *r, size_t len)
{
	const uint8_t *p;

	if (r->bad || len > r->len - r->at) {
		r->bad = true;
		return NULL;
	}
	p = r->bytes + r->at;
	r->at += len;
	return p;
}

static void
get_into(struct ham_reader *r, void *out, size_t len)
{
	const uint8_t *p = ham_get_bytes(r, len);

	if (p)
		memcpy(out, p, len);
	else
		memset(out, 0, len);
}

uint8_t
ham_get_u8(struct ham_reader *r)
{
	uint8_t v;

	get_into(r, &v, sizeof(v));
	return v;
}

uint16_t
ham_get_u16(struct ham_reader *r)
{
	uint16_t v;

	get_into(r, &v, sizeof(v));
	return GUINT16_FROM_BE(v);
}

uint32_t
ham_get_u32(struct ham_reader *r)
{
	uint32_t v;

	get_into(r, &v, sizeof(v));
	return GUINT32_FROM_BE(v);
}

uint64_t
ham_get_u64(struct ham_reader *r)
{
	uint64_t v;

	get_into(r, &v, sizeof(v));
	return GUINT64_FROM_BE(v);
}

bool
ham_get_bool(struct ham_reader *r)
{
	uint8_t v = ham_get_u8(r);

	if (v > 1)
		r->bad = true;
	return v == 1;
}

void
ham_get_text(struct ham_reader *r, char *out, size_t size, bool wide)
{
	size_t len = wide ? ham_get_u16(r) : ham_get_u8(r);
	const uint8_t *p = ham_get_bytes(r, len);

	out[0] = '\0';
	if (!p || len >= size || memchr(p, '\0', len)) {
		r->bad = true;
		return;
	}
	memcpy(out, p, len);
	out[len] = '\0';
}
