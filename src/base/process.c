/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Finding our own parts, and running children to their end with bounded time and output.
 */

#include "base/process.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/limits.h"

char *pv_process_libexec(void)
{
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *own = g_path_get_dirname(self ? self : ".");
	g_autofree char *prefix = g_path_get_dirname(own);
	g_autofree char *installed = g_build_filename(prefix, "libexec", "pavise", NULL);

	if (g_file_test(installed, G_FILE_TEST_IS_DIR))
		return g_steal_pointer(&installed);
	return g_steal_pointer(&own);
}

char *pv_process_program(const char *name)
{
	g_autofree char *directory = pv_process_libexec();

	return g_build_filename(directory, name, NULL);
}

void pv_process_result_clear(PvProcessResult *result)
{
	g_clear_pointer(&result->output, g_bytes_unref);
	g_clear_pointer(&result->errors, g_bytes_unref);
}

typedef struct {
	GPid pid;
	int in, out, err;
	GByteArray *output, *errors;
	const guint8 *input;
	gsize input_left, max_output;
	gint64 deadline_us; /* monotonic; 0 for none */
} Child;

static void close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Takes what @fd has; closes it at its end. */
static gboolean drain(int *fd, GByteArray *into, gsize max, GError **error)
{
	guint8 step[16 * 1024];
	ssize_t got = read(*fd, step, sizeof(step));

	if (got < 0)
		return errno == EINTR || errno == EAGAIN ||
		       pv_fail_errno(error, errno, "cannot read from a child process");
	if (got == 0)
		close_end(fd);
	else if ((gsize)got > max - into->len)
		return pv_fail(error, PV_ERROR_LIMIT, "a child process printed more than %zu bytes",
			       max);
	else
		g_byte_array_append(into, step, (guint)got);
	return TRUE;
}

static void feed(Child *child)
{
	ssize_t put = write(child->in, child->input, MIN(child->input_left, (gsize)4096));

	if (put < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (put > 0) {
		child->input += put;
		child->input_left -= (gsize)put;
	}
	if (put < 0 || child->input_left == 0)
		close_end(&child->in);
}

static gboolean talk(Child *child, GError **error)
{
	while (child->in >= 0 || child->out >= 0 || child->err >= 0) {
		struct pollfd ends[3] = { { child->in, POLLOUT, 0 },
					  { child->out, POLLIN, 0 },
					  { child->err, POLLIN, 0 } };
		int wait_ms = -1;

		if (child->deadline_us > 0)
			wait_ms = (int)MAX(0, (child->deadline_us - g_get_monotonic_time()) / 1000);
		if (poll(ends, 3, wait_ms) == 0 && child->deadline_us > 0)
			return pv_fail(error, PV_ERROR_UNREACHABLE,
				       "a child process took too long");
		if (ends[0].revents)
			feed(child);
		if (ends[1].revents && !drain(&child->out, child->output, child->max_output, error))
			return FALSE;
		if (ends[2].revents && !drain(&child->err, child->errors, child->max_output, error))
			return FALSE;
	}
	return TRUE;
}

static int reap(GPid pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return 255;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static gboolean fail_spawn(const GError *cause, GError **error)
{
	return pv_fail(error,
		       g_error_matches(cause, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT)
			       ? PV_ERROR_NOT_FOUND
			       : PV_ERROR_IO,
		       "%s", cause->message);
}

static gboolean spawn(char **argv, char **envp, GBytes *input, Child *child, GError **error)
{
	g_autoptr(GError) cause = NULL;
	GSpawnFlags flags = G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_SEARCH_PATH | G_SPAWN_CLOEXEC_PIPES;

	if (g_spawn_async_with_pipes(NULL, argv, envp, flags, NULL, NULL, &child->pid,
				     input ? &child->in : NULL, &child->out, &child->err, &cause))
		return TRUE;
	return fail_spawn(cause, error);
}

gboolean pv_process_run(char **argv, char **envp, GBytes *input, gsize max_output, guint timeout_ms,
			PvProcessResult *ret_result, GError **error)
{
	Child child = { .in = -1, .out = -1, .err = -1, .max_output = max_output };
	struct sigaction ignore = { .sa_handler = SIG_IGN }, before;
	gboolean done;
	int exit_status;

	if (!spawn(argv, envp, input, &child, error))
		return FALSE;
	child.output = g_byte_array_new();
	child.errors = g_byte_array_new();
	if (input)
		child.input = g_bytes_get_data(input, &child.input_left);
	if (timeout_ms > 0)
		child.deadline_us = g_get_monotonic_time() + (gint64)timeout_ms * 1000;

	sigaction(SIGPIPE, &ignore, &before);
	done = talk(&child, error);
	sigaction(SIGPIPE, &before, NULL);

	close_end(&child.in);
	close_end(&child.out);
	close_end(&child.err);
	if (!done)
		kill(child.pid, SIGKILL);
	exit_status = reap(child.pid);
	if (done) {
		ret_result->output = g_byte_array_free_to_bytes(child.output);
		ret_result->errors = g_byte_array_free_to_bytes(child.errors);
		ret_result->exit_status = exit_status;
		return TRUE;
	}
	g_byte_array_unref(child.output);
	g_byte_array_unref(child.errors);
	return FALSE;
}

/* The next line of @in without its newline; NULL at the end, with an error if it is too long. */
static char *next_line(FILE *in, char *buffer, GError **error)
{
	gsize size;

	if (!fgets(buffer, (int)PV_CHILD_LINE_BYTES_MAX + 2, in))
		return NULL;
	size = strlen(buffer);
	if (size > 0 && buffer[size - 1] == '\n')
		buffer[--size] = '\0';
	if (size > PV_CHILD_LINE_BYTES_MAX)
		return pv_fail_null(error, PV_ERROR_LIMIT,
				    "a child process printed a line of more than %zu bytes",
				    PV_CHILD_LINE_BYTES_MAX);
	return buffer;
}

static gboolean read_lines(int fd, PvProcessLine line, void *user_data, GError **error)
{
	FILE *in = fdopen(fd, "r");
	g_autofree char *buffer = g_malloc(PV_CHILD_LINE_BYTES_MAX + 2);
	g_autoptr(GError) failure = NULL;
	char *text;

	if (!in) {
		close(fd);
		return pv_fail_errno(error, errno, "cannot read from a child process");
	}
	while (!failure && (text = next_line(in, buffer, &failure)))
		line(user_data, text, &failure);
	fclose(in);
	if (!failure)
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&failure));
	return FALSE;
}

gboolean pv_process_lines(char **argv, PvProcessLine line, void *user_data, int *ret_exit_status,
			  GError **error)
{
	g_autoptr(GError) cause = NULL;
	GSpawnFlags flags = G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_SEARCH_PATH | G_SPAWN_CLOEXEC_PIPES;
	gboolean done;
	int out, status;
	GPid pid;

	if (!g_spawn_async_with_pipes(NULL, argv, NULL, flags, NULL, NULL, &pid, NULL, &out, NULL,
				      &cause))
		return fail_spawn(cause, error);
	done = read_lines(out, line, user_data, error);
	if (!done)
		kill(pid, SIGTERM);
	status = reap(pid);
	if (done)
		*ret_exit_status = status;
	return done;
}
