/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/digest_tool.h - hamd as the process that compares two copies of disks */
#ifndef HAM_DIGEST_TOOL_H
#define HAM_DIGEST_TOOL_H

#include <stdbool.h>

/* True if the arguments ask for that; it is over then, with *status to exit
 * with. */
bool ham_digest_tool(int argc, char **argv, int *status);

#endif
