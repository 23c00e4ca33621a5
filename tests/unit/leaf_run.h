/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/leaf_run.h - runs a suite; the exit code says whether all passed
 */
#ifndef LEAF_RUN_H
#define LEAF_RUN_H

#include <check.h>
#include <stdlib.h>

static inline int
leaf_run(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
