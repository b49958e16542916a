/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Output for people: colour only on a terminal, progress that does not fill logs, and no byte of
 * an attacker's text that a terminal would obey.
 */

#include "base/terminal.h"

#include <stdio.h>
#include <unistd.h>

#include "base/error.h"

static gboolean step_shown;

gboolean pv_terminal_has_colour(int fd)
{
	const char *term = g_getenv("TERM"), *no_colour = g_getenv("NO_COLOR");

	return isatty(fd) && g_strcmp0(term, "dumb") != 0 && (!no_colour || !*no_colour);
}

char *pv_terminal_safe(const char *text)
{
	GString *safe = g_string_new(NULL);

	while (*text) {
		gunichar c = g_utf8_get_char_validated(text, -1);
		gboolean valid = c != (gunichar)-1 && c != (gunichar)-2;

		if (valid && g_unichar_isprint(c)) {
			g_string_append_unichar(safe, c);
			text = g_utf8_next_char(text);
		} else {
			g_string_append_printf(safe, "\\x%02x", (guint8)*text++);
		}
	}
	return g_string_free(safe, FALSE);
}

int pv_terminal_fail(const char *program, const GError *error)
{
	const PvErrorInfo *info = pv_error_info(error);
	g_autofree char *message = pv_terminal_safe(error->message);
	gboolean colour = pv_terminal_has_colour(STDERR_FILENO);

	pv_terminal_step_end();
	fprintf(stderr, "%s%s:%s %s", colour ? "\033[1;31m" : "", program, colour ? "\033[0m" : "",
		message);
	if (info->next_step)
		fprintf(stderr, "; %s", info->next_step);
	fputc('\n', stderr);
	return info->exit_status;
}

void pv_terminal_step(const char *format, ...)
{
	g_autofree char *text = NULL;
	g_autofree char *safe = NULL;
	va_list args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	safe = pv_terminal_safe(text);
	if (!isatty(STDERR_FILENO)) {
		fprintf(stderr, "%s\n", safe);
		return;
	}
	fprintf(stderr, "\r\033[K%s", safe);
	fflush(stderr);
	step_shown = TRUE;
}

void pv_terminal_step_end(void)
{
	if (step_shown)
		fputs("\r\033[K", stderr);
	step_shown = FALSE;
}
