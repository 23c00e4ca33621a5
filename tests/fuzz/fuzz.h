/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/fuzz/fuzz.h - what every fuzz target defines
 *
 * The name is libFuzzer's.  The same function is also linked with
 * run_corpus.c, so that `make check` replays every file that was once worth
 * keeping without needing clang.
 */
#ifndef HAM_TEST_FUZZ_H
#define HAM_TEST_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#endif
