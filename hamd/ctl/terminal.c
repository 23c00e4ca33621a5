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
	DEFAULT_ROWS = 24,
	/* right of the line: "^C" is echoed there and must not wrap */
	MARGIN = 3,
};

void
ham_ctl_terminal_open(struct ham_ctl_terminal *terminal)
{
	const char *term = g_getenv("TERM");

	memset(terminal, 0, sizeof(*terminal));
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

void
ham_ctl_terminal_size(size_t *rows, size_t *columns)
{
	struct winsize size = {0};

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
		memset(&size, 0, sizeof(size));
	*rows = size.ws_row ? size.ws_row : DEFAULT_ROWS;
	*columns = size.ws_col ? size.ws_col : DEFAULT_COLUMNS;
}

void
ham_ctl_terminal_enter(struct ham_ctl_terminal *terminal)
{
	struct termios keys;

	if (!terminal->live || terminal->full)
		return;
	terminal->keys = tcgetattr(STDIN_FILENO, &terminal->before) == 0;
	if (terminal->keys) {
		keys = terminal->before;
		keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
		keys.c_cc[VMIN] = 1;
		keys.c_cc[VTIME] = 0;
		tcsetattr(STDIN_FILENO, TCSANOW, &keys);
	}
	fputs("\033[?1049h\033[?25l\033[2J", stdout);
	fflush(stdout);
	terminal->full = true;
}

void
ham_ctl_terminal_leave(struct ham_ctl_terminal *terminal)
{
	if (!terminal->full)
		return;
	fputs("\033[?25h\033[?1049l", stdout);
	fflush(stdout);
	/* keys that were pressed here are not the shell's */
	if (terminal->keys)
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &terminal->before);
	terminal->full = terminal->keys = false;
}

void
ham_ctl_terminal_show(struct ham_ctl_terminal *terminal,
		      const char *const *lines, size_t n)
{
	size_t rows;
	size_t columns;

	if (!terminal->full)
		return;
	ham_ctl_terminal_size(&rows, &columns);
	/* shown at its end, by a terminal that can: no half of it is seen */
	fputs("\033[?2026h", stdout);
	/* cleared before, not after: behind a line as wide as the screen the
	 * cursor still is in its last column, which would be cleared, too */
	for (size_t i = 0; i < rows; i++)
		printf("\033[%zu;1H\033[K%s", i + 1, i < n ? lines[i] : "");
	fputs("\033[?2026l", stdout);
	fflush(stdout);
}
