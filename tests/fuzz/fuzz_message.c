/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/fuzz/fuzz_message.c - any bytes as a message and as a guest's entry
 *
 * What is taken for a message means exactly its bytes: written again, it is
 * the same.  The guests of an ADOPT are read even if their checksum is wrong,
 * since no input would get past it by chance.
 */
#include <glib.h>
#include <string.h>

#include "hamd/core/message.h"
#include "tests/fuzz/fuzz.h"

/* A field that is full is a place of its own to libFuzzer, which would else
 * drop what has one for something shorter and never meet its end. */
static volatile unsigned int full;

#define CHECK_TEXT(array)                                                      \
	do {                                                                   \
		g_assert(memchr(array, '\0', sizeof(array)));                  \
		if (strlen(array) == sizeof(array) - 1)                        \
			full++;                                                \
	} while (0)

static void
check_bounds(const struct ham_msg *msg)
{
	CHECK_TEXT(msg->guest);
	CHECK_TEXT(msg->text);
	CHECK_TEXT(msg->version);
	CHECK_TEXT(msg->op.guest);
	CHECK_TEXT(msg->op.reason);
	g_assert(msg->blob.len <= HAM_BLOB_MAX);
	if (msg->blob.len == HAM_BLOB_MAX)
		full++;
	g_assert(msg->n_nodes <= HAM_MAX_NODES);
	if (msg->n_nodes == HAM_MAX_NODES)
		full++;
}

/* False if the record can't be read. */
static bool
read_guests(const struct ham_msg *msg, struct ham_record *record)
{
	struct ham_msg right = *msg;
	const char *refusal = ham_msg_adopt_guests(msg, record);

	if (!refusal)
		return true;
	if (strcmp(refusal, "the checksum does not match") != 0)
		return false;
	right.checksum = ham_record_checksum(record);
	g_assert_cmpstr(ham_msg_adopt_guests(&right, record), ==, NULL);
	return true;
}

static void
check_message(const uint8_t *data, size_t len)
{
	g_autofree struct ham_record *record = NULL;
	g_autofree uint8_t *again = NULL;
	struct ham_msg msg;
	size_t again_len;

	if (ham_msg_decode(data, len, &msg))
		return;
	check_bounds(&msg);
	g_assert_cmpstr(ham_msg_name(msg.kind), !=, "?");
	if (msg.kind == HAM_MSG_ADOPT) {
		record = g_new0(struct ham_record, 1);
		if (!read_guests(&msg, record))
			return;
	}
	again = ham_msg_encode(&msg, record, &again_len);
	g_assert_cmpmem(again, again_len, data, len);
}

static void
check_guest(const uint8_t *data, size_t len)
{
	uint8_t again[HAM_GUEST_WIRE_MAX];
	struct ham_guest guest;

	if (ham_guest_decode(data, len, &guest))
		return;
	g_assert(ham_name_valid(guest.name));
	CHECK_TEXT(guest.name);
	CHECK_TEXT(guest.reason);
	g_assert_cmpmem(again, ham_guest_encode(&guest, again), data, len);
}

static void
check_node(const uint8_t *data, size_t len)
{
	uint8_t again[HAM_NODE_WIRE_MAX];
	struct ham_node_state state;

	if (ham_node_decode(data, len, &state))
		return;
	CHECK_TEXT(state.reason);
	g_assert_cmpmem(again, ham_node_encode(&state, again), data, len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	check_message(data, len);
	check_guest(data, len);
	check_node(data, len);
	return 0;
}
