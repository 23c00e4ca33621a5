/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/terminal.h - a line of the terminal that is drawn again and again,
 * or all of it
 *
 * Only where standard output is a terminal that can (not TERM=dumb); nowhere
 * else is anything written here.  Sequences are those of ECMA-48, the two
 * of xterm, known to all in use, for the alternate screen and the cursor, and
 * one for whole frames, which those that do not know it pass over.
 */
#ifndef HAM_CTL_TERMINAL_H
#define HAM_CTL_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

struct ham_ctl_terminal {
	bool live;  /* standard output is such a terminal */
	bool drawn; /* a line stands there that is to go */
	bool full;  /* the alternate screen is shown */
	bool keys;  /* standard input gives each key at once */
	struct termios before; /* with `keys`: as it was */
};

void ham_ctl_terminal_open(struct ham_ctl_terminal *terminal);

/* Columns that a live line may take, asked anew each time: a window changes
 * its size. */
size_t ham_ctl_terminal_columns(void);

/* The size of the whole, asked anew each time; 24 x 80 if it is not known. */
void ham_ctl_terminal_size(size_t *rows, size_t *columns);

/* Shows the alternate screen, without a cursor; keys come at once and unseen if
 * standard input is a terminal.  Nothing if it is shown already. */
void ham_ctl_terminal_enter(struct ham_ctl_terminal *terminal);

/* As it was before.  Nothing if it is so already. */
void ham_ctl_terminal_leave(struct ham_ctl_terminal *terminal);

/* The whole screen anew: `n` lines from its top, as wide as it is at most. */
void ham_ctl_terminal_show(struct ham_ctl_terminal *terminal,
			   const char *const *lines, size_t n);

/* Replaces the live line. */
void ham_ctl_terminal_draw(struct ham_ctl_terminal *terminal, const char *line);

/* Takes the live line away, so that others can be printed. */
void ham_ctl_terminal_clear(struct ham_ctl_terminal *terminal);

#endif
