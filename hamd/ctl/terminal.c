/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/terminal.c - see terminal.h */
#include "hamd/ctl/terminal.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
	DEFAULT_COLUMNS = 80,
	/* right of the line: "^C" is echoed there and must not wrap */
	MARGIN = 3,
};

void
ham_ctl_terminal_open(struct ham_ctl_terminal *terminal)
{
	const char *term = g_getenv("TERM");

	terminal->drawn = false;
	terminal->live =
		isatty(STDOUT_FILENO) && term && strcmp(term, "dumb") != 0;
}

size_t
ham_ctl_terminal_columns(void)
{
	struct winsize size = {0};

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
		return DEFAULT_COLUMNS - MARGIN;
	return size.ws_col > MARGIN ? size.ws_col - MARGIN : 0;
}

void
ham_ctl_terminal_draw(struct ham_ctl_terminal *terminal, const char *line)
{
	if (!terminal->live)
		return;
	/* written over, then cleared to the end: clearing first flickers */
	printf("\r%s\033[K", line);
	fflush(stdout);
	terminal->drawn = true;
}

void
ham_ctl_terminal_clear(struct ham_ctl_terminal *terminal)
{
	if (!terminal->drawn)
		return;
	fputs("\r\033[K", stdout);
	fflush(stdout);
	terminal->drawn = false;
}
