/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/terminal.h - one line of the terminal that is drawn again and again
 *
 * Only where standard output is a terminal that can (not TERM=dumb); nowhere
 * else is anything written here.
 */
#ifndef HAM_CTL_TERMINAL_H
#define HAM_CTL_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

struct ham_ctl_terminal {
	bool live;  /* standard output is such a terminal */
	bool drawn; /* a line stands there that is to go */
};

void ham_ctl_terminal_open(struct ham_ctl_terminal *terminal);

/* Columns that a live line may take, asked anew each time: a window changes
 * its size. */
size_t ham_ctl_terminal_columns(void);

/* Replaces the live line. */
void ham_ctl_terminal_draw(struct ham_ctl_terminal *terminal, const char *line);

/* Takes the live line away, so that others can be printed. */
void ham_ctl_terminal_clear(struct ham_ctl_terminal *terminal);

#endif
