/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/fuzz/mutate_lengths.c - lets a field grow together with its length
 *
 * Every other mutation adds one to some byte and puts one more byte right
 * behind it.  By chance alone a text longer than its room would hardly come:
 * its length and its bytes would have to change at once.  The rest is
 * libFuzzer's own.
 */
#include <string.h>

#include "tests/fuzz/fuzz.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t len, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t len, size_t max,
			       unsigned int seed);

size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t len, size_t max,
			unsigned int seed)
{
	size_t at;

	if ((seed & 1) || len == 0 || len == max)
		return LLVMFuzzerMutate(data, len, max);
	at = (seed >> 1) % len;
	data[at]++;
	memmove(data + at + 2, data + at + 1, len - at - 1);
	data[at + 1] = 'x';
	return len + 1;
}
