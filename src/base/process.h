/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/*
 * Where the parts of this installation lie, found from /proc/self/exe, so that any PREFIX and a
 * symbolic link from elsewhere work; and child processes that are run to their end.
 */

/**
 * pv_process_libexec:
 *
 * The directory of pavise-… programs: ../libexec/pavise beside the directory of the running
 * program if that exists (the installed front), else the running program's own directory (another
 * pavise-… program, or the build tree).
 *
 * Returns: (transfer full): the path.
 */
char *pv_process_libexec(void);

/**
 * pv_process_program:
 * @name: "pavise-worker" and the like
 *
 * Returns: (transfer full): its path in pv_process_libexec().
 */
char *pv_process_program(const char *name);

typedef struct {
	GBytes *output;  /* standard output */
	GBytes *errors;  /* standard error */
	int exit_status; /* 0 … 255; 128 + signal if one killed it */
} PvProcessResult;

/**
 * pv_process_run:
 * @argv: NULL-terminated; argv[0] is searched in PATH unless it contains a slash
 * @envp: (nullable): the whole environment; NULL for this process's own
 * @input: (nullable): its standard input; NULL is /dev/null
 * @max_output: bytes it may print on either stream; a child that prints more is killed
 * @timeout_ms: how long it may take, 0 for as long as it likes; a child that takes longer is killed
 * @ret_result: (out): release with pv_process_result_clear()
 *
 * Runs a program to its end. Descriptors above 2 are closed in the child. A non-zero exit status
 * is not an error here.
 *
 * Errors: PV_ERROR_NOT_FOUND (no such program), PV_ERROR_LIMIT, PV_ERROR_UNREACHABLE (timeout),
 * PV_ERROR_IO.
 */
gboolean pv_process_run(char **argv, char **envp, GBytes *input, gsize max_output, guint timeout_ms,
			PvProcessResult *ret_result, GError **error);

/**
 * PvProcessLine:
 * @line: without its newline
 *
 * FALSE with an error ends the child.
 */
typedef gboolean (*PvProcessLine)(void *user_data, const char *line, GError **error);

/**
 * pv_process_lines:
 * @argv: as for pv_process_run()
 * @line: sees each line of standard output as it comes; at most PV_CHILD_LINE_BYTES_MAX bytes
 * @ret_exit_status: (out): 0 … 255; 128 + signal if one killed it
 *
 * Runs a program to its end while its output is read; standard error is this process's own.
 *
 * Errors: PV_ERROR_NOT_FOUND, PV_ERROR_LIMIT, PV_ERROR_IO, and what @line returns.
 */
gboolean pv_process_lines(char **argv, PvProcessLine line, void *user_data, int *ret_exit_status,
			  GError **error);

void pv_process_result_clear(PvProcessResult *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PvProcessResult, pv_process_result_clear)
