/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/trial.h - guest migrate --dry-run
 *
 * Asks hamd and shows its answer; reckons nothing by itself.
 */
#ifndef HAM_CTL_TRIAL_H
#define HAM_CTL_TRIAL_H

#include "hamd/ctl/ctl.h"

/* args: a guest's name, and a node's or NULL.  An exit code. */
int ham_ctl_guest_trial(const struct ham_ctl_options *options, char **args);

#endif
