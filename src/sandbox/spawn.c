/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Starting a worker, and telling how one ended. A crash in a parser is an expected event here: it
 * costs the user one clear sentence and nothing else.
 */

#include "sandbox/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/limits.h"
#include "sandbox/confine.h"

static gboolean start_process(PvWorker *worker, const char *program, int end, GError **error)
{
	const char *argv[] = { program, NULL };
	const char *envp[] = { NULL };
	int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
	g_autoptr(GError) cause = NULL;
	gboolean started;

	if (nowhere < 0)
		return pv_fail_errno(error, errno, "cannot open /dev/null");
	/* what a taken-over worker prints must not reach the user's terminal */
	started =
		g_spawn_async_with_fds("/", (char **)argv, (char **)envp, G_SPAWN_DO_NOT_REAP_CHILD,
				       NULL, NULL, &worker->pid, end, nowhere, nowhere, &cause);
	close(nowhere);
	if (started)
		return TRUE;
	worker->pid = 0;
	return pv_fail(error,
		       g_error_matches(cause, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT)
			       ? PV_ERROR_NOT_FOUND
			       : PV_ERROR_IO,
		       "cannot start the worker: %s", cause->message);
}

static gboolean await_hello(PvWorker *worker, GError **error)
{
	PvRecord record = { 0 };
	guint32 measures = 0;

	if (!pv_worker_receive(worker, &record, error))
		return FALSE;
	if (record.type != PV_RECORD_HELLO)
		return pv_fail(error, PV_ERROR_SYNTAX, "the worker does not begin with its hello");
	if (!pv_record_get_u32(&record, &measures, error) || !pv_record_done(&record, error))
		return FALSE;
	if ((measures & PV_CONFINE_REQUIRED) != PV_CONFINE_REQUIRED)
		return pv_fail(error, PV_ERROR_INTERNAL, "the worker is not confined (0x%x)",
			       measures);
	worker->measures = measures;
	return TRUE;
}

PvWorker *pv_worker_start(const char *program, guint timeout_ms, GError **error)
{
	g_autoptr(PvWorker) worker = g_new0(PvWorker, 1);
	int ends[2];
	gboolean started;

	worker->timeout_ms = timeout_ms;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
		pv_channel_init(&worker->channel, -1, TRUE);
		pv_fail_errno(error, errno, "cannot make a socket for the worker");
		return NULL;
	}
	pv_channel_init(&worker->channel, ends[0], TRUE);
	started = start_process(worker, program, ends[1], error);
	close(ends[1]);
	if (!started || !await_hello(worker, error))
		return NULL;
	return g_steal_pointer(&worker);
}

static int reap(PvWorker *worker)
{
	int status = 0;

	while (worker->pid > 0 && waitpid(worker->pid, &status, 0) < 0 && errno == EINTR)
		;
	worker->pid = 0;
	return status;
}

void pv_worker_free(PvWorker *worker)
{
	if (!worker)
		return;
	pv_channel_clear(&worker->channel);
	if (worker->channel.fd >= 0)
		close(worker->channel.fd);
	if (worker->pid > 0) {
		kill(worker->pid, SIGKILL);
		reap(worker);
	}
	g_free(worker);
}

/* It closed its end: how did it go? */
static gboolean explain(PvWorker *worker, GError **error)
{
	int status = reap(worker), number;

	if (!WIFSIGNALED(status))
		return pv_fail(error, PV_ERROR_INTERNAL,
			       "the worker that reads the image ended with status %d",
			       WEXITSTATUS(status));
	number = WTERMSIG(status);
	if (number == SIGSYS)
		return pv_fail(error, PV_ERROR_REFUSED,
			       "the worker that reads the image made a system call it has no "
			       "right to, and was killed: the image may be an attack");
	if (number == SIGXCPU || number == SIGKILL)
		return pv_fail(error, PV_ERROR_LIMIT,
			       "the worker that reads the image was killed (signal %d): it may "
			       "use %d seconds of processor time and %zu MiB of memory",
			       number, PV_WORKER_SECONDS_MAX, PV_WORKER_MEMORY_BYTES_MAX / PV_MIB);
	return pv_fail(error, PV_ERROR_INTERNAL,
		       "the worker that reads the image was killed by signal %d (%s)", number,
		       strsignal(number));
}

/* The same file, but for reading only, so that a worker cannot write to what it is given. */
static int read_only(int fd, GError **error)
{
	int flags = fcntl(fd, F_GETFL);
	char path[64];
	int again;

	g_snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = flags >= 0 && (flags & O_ACCMODE) == O_RDONLY ? fcntl(fd, F_DUPFD_CLOEXEC, 3)
							      : open(path, O_RDONLY | O_CLOEXEC);
	if (again < 0)
		pv_fail_errno(error, errno, "cannot open a file for the worker");
	return again;
}

gboolean pv_worker_send(PvWorker *worker, GByteArray *record, int passed, GError **error)
{
	int copy = read_only(passed, error);
	g_autoptr(GError) cause = NULL;
	gboolean sent;

	if (copy < 0)
		return FALSE;
	sent = pv_record_end(record, &cause) &&
	       pv_channel_send(&worker->channel, record->data, record->len, copy, &cause);
	close(copy);
	if (sent)
		return TRUE;
	if (g_error_matches(cause, PV_ERROR, PV_ERROR_IO)) /* it is gone */
		return explain(worker, error);
	g_propagate_error(error, g_steal_pointer(&cause));
	return FALSE;
}

gboolean pv_worker_receive(PvWorker *worker, PvRecord *ret_record, GError **error)
{
	PvRecord record = { 0 };
	g_autoptr(GError) cause = NULL;

	worker->channel.deadline_us =
		g_get_monotonic_time() + (gint64)worker->timeout_ms * G_TIME_SPAN_MILLISECOND;
	if (!pv_channel_receive(&worker->channel, &record, &cause)) {
		if (g_error_matches(cause, PV_ERROR, PV_ERROR_UNREACHABLE))
			return pv_fail(error, PV_ERROR_LIMIT,
				       "the worker that reads the image gave no answer in %u ms",
				       worker->timeout_ms);
		g_propagate_prefixed_error(error, g_steal_pointer(&cause),
					   "the worker that reads the image: ");
		return FALSE;
	}
	if (record.type == 0)
		return explain(worker, error);
	*ret_record = record;
	return TRUE;
}
