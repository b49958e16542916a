/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "sandbox/confine.h"
#include "sandbox/inspect.h"
#include "sandbox/serve.h"
#include "sandbox/spawn.h"

static char *worker_program(void)
{
	return g_build_filename(g_getenv("PAVISE_BUILD"), "src", "program", "pavise-worker", NULL);
}

/* A program of @body in place of a worker; what the user is told of it. */
static char *told_of(const char *body, guint timeout_ms, PvErrorCode code)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *directory = g_dir_make_tmp("pavise-worker-XXXXXX", NULL);
	g_autofree char *script = g_build_filename(directory, "worker", NULL);
	g_autofree char *text = g_strconcat("#!/bin/sh\n", body, "\n", NULL);

	g_assert_true(pv_file_create(script, text, strlen(text), 0755, NULL));
	g_assert_null(pv_worker_start(script, timeout_ms, &error));
	g_assert_error(error, PV_ERROR, (int)code);
	g_assert_true(pv_file_remove_tree(directory, NULL));
	return g_strdup(error->message);
}

static void check_told(const char *body, guint timeout_ms, PvErrorCode code, const char *sentence)
{
	g_autofree char *told = told_of(body, timeout_ms, code);

	g_assert_cmpstr(told, ==, sentence);
}

static void test_deaths(void)
{
	g_autoptr(GError) error = NULL;

	check_told("kill -SEGV $$", 10000, PV_ERROR_INTERNAL,
		   "the worker that reads the image was killed by signal 11 (Segmentation fault)");
	check_told("kill -ABRT $$", 10000, PV_ERROR_INTERNAL,
		   "the worker that reads the image was killed by signal 6 (Aborted)");
	check_told("kill -SYS $$", 10000, PV_ERROR_REFUSED,
		   "the worker that reads the image made a system call it has no right to, and "
		   "was killed: the image may be an attack");
	check_told("kill -XCPU $$", 10000, PV_ERROR_LIMIT,
		   "the worker that reads the image was killed (signal 24): it may use 900 "
		   "seconds of processor time and 1024 MiB of memory");
	check_told("exit 3", 10000, PV_ERROR_INTERNAL,
		   "the worker that reads the image ended with status 3");
	check_told("exec sleep 100", 200, PV_ERROR_LIMIT,
		   "the worker that reads the image gave no answer in 200 ms");
	check_told("printf 'HTTP/1.1 200' >&0", 10000, PV_ERROR_SYNTAX,
		   "the worker that reads the image: a record of type 72 does not belong here");
	check_told("printf '\\003\\004' >&0", 10000, PV_ERROR_SYNTAX,
		   "the worker that reads the image: a record is cut off");
	check_told("printf '\\003\\004\\0\\0\\0\\0' >&0", 10000, PV_ERROR_SYNTAX,
		   "the worker that reads the image: a record is cut off");
	check_told("printf '\\003\\005\\0\\0\\0' >&0", 10000, PV_ERROR_LIMIT,
		   "the worker that reads the image: record hello: 5 bytes, at most 4 may be");
	check_told("printf '\\003\\004\\0\\0\\0\\0\\0\\0\\0' >&0; sleep 100", 10000,
		   PV_ERROR_INTERNAL, "the worker is not confined (0x0)");
	check_told("printf '\\013\\0\\0\\0\\0' >&0; sleep 100", 10000, PV_ERROR_SYNTAX,
		   "the worker does not begin with its hello");

	g_assert_null(pv_worker_start("/nonexistent/worker", 1000, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_NOT_FOUND);
}

static void test_confined(void)
{
	g_autofree char *program = worker_program();
	g_autoptr(GError) error = NULL;
	g_autoptr(PvWorker) worker = pv_worker_start(program, 10000, &error);

	g_assert_no_error(error);
	g_assert_cmphex(worker->measures & PV_CONFINE_REQUIRED, ==, PV_CONFINE_REQUIRED);
	g_test_message("measures 0x%x", worker->measures);
}

/* A worker of the real kind, and a file of ten bytes that it gets opened for writing. */
static PvWorker *with_file(char **ret_path, int *ret_fd)
{
	g_autofree char *program = worker_program();
	PvWorker *worker = pv_worker_start(program, 10000, NULL);

	g_assert_nonnull(worker);
	*ret_fd = g_file_open_tmp("pavise-layer-XXXXXX", ret_path, NULL);
	g_assert_cmpint(write(*ret_fd, "not a tar!", 10), ==, 10);
	return worker;
}

/* Its digest is of the hash that was asked for, also when the layer cannot be read. */
static void test_hashes(void)
{
	g_autofree char *path = NULL;
	int fd;
	g_autoptr(PvWorker) worker = with_file(&path, &fd);
	g_autoptr(GByteArray) request = g_byte_array_new();

	for (guint size = 0; size <= 10; size += 10) {
		PvDigest expected = pv_digest_of(PV_HASH_SHA512, "not a tar!", size), digest;
		PvRecord record = { 0 };
		guint32 code;
		guint8 hashed;
		const char *why;

		pv_record_start(request, PV_RECORD_READ_LAYER);
		pv_record_put_u64(request, 0);
		pv_record_put_u64(request, size);
		pv_record_put_u8(request, PV_HASH_SHA512);
		pv_record_put_text(request, "");
		g_assert_true(pv_worker_send(worker, request, fd, NULL));
		g_assert_true(pv_worker_receive(worker, &record, NULL));
		g_assert_cmpuint(record.type, ==, size ? PV_RECORD_FAILED : PV_RECORD_LAYER_DONE);
		if (size) {
			g_assert_true(pv_record_get_u32(&record, &code, NULL));
			g_assert_true(pv_record_get_text(&record, &why, NULL));
			g_assert_true(pv_record_get_u8(&record, &hashed, NULL));
			g_assert_cmpuint(code, ==, PV_ERROR_SYNTAX);
			g_assert_cmpstr(why, ==, "tar: cut off after 10 bytes");
			g_assert_cmpuint(hashed, ==, 1);
		}
		g_assert_true(pv_record_get_digest(&record, &digest, NULL));
		g_assert_true(pv_digest_equal(&digest, &expected));
	}
	close(fd);
	g_unlink(path);
}

/* What it gets cannot be written to, although ours can. */
static void test_read_only(void)
{
	g_autofree char *path = NULL;
	int fd, passed, ends[2];
	g_autoptr(PvWorker) worker = with_file(&path, &fd);
	g_autoptr(GByteArray) request = g_byte_array_new();
	PvChannel other;
	PvRecord record;

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), ==, 0);
	g_assert_cmpint(dup2(ends[0], worker->channel.fd), ==, worker->channel.fd);
	close(ends[0]);
	pv_channel_init(&other, ends[1], FALSE);
	pv_record_start(request, PV_RECORD_READ_FILE);
	pv_record_put_text(request, "etc/os-release");
	g_assert_true(pv_worker_send(worker, request, fd, NULL));
	g_assert_true(pv_channel_receive(&other, &record, NULL));
	passed = pv_channel_take_passed(&other);
	g_assert_cmpint(fcntl(passed, F_GETFL) & O_ACCMODE, ==, O_RDONLY);
	g_assert_cmpint(pv_channel_take_passed(&other), ==, -1);
	close(passed);
	pv_channel_clear(&other);
	close(ends[1]);
	close(fd);
	g_unlink(path);
}

/* Requests that only a confused program sends end the worker, and that is told. */
static void test_confused(void)
{
	g_autofree char *path = NULL;
	int fd;
	g_autoptr(PvWorker) worker = with_file(&path, &fd);
	g_autoptr(GByteArray) request = g_byte_array_new();
	g_autoptr(GError) error = NULL;
	PvRecord record;

	pv_record_start(request, PV_RECORD_READ_FILE);
	pv_record_put_text(request, "home/readme");
	g_assert_true(pv_worker_send(worker, request, fd, NULL));
	g_assert_false(pv_worker_receive(worker, &record, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_INTERNAL);
	g_assert_cmpstr(error->message, ==, "the worker that reads the image ended with status 3");
	close(fd);
	g_unlink(path);
}

/* Runs @abuse in a confined child; how the child ended. */
static int confined(void (*abuse)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		guint measures;

		pv_serve_prepare();
		if (!pv_confine_self(&measures, NULL))
			_exit(99);
		abuse();
		_exit(0); /* it could be done */
	}
	g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
	return status;
}

static void abuse_nothing(void)
{
	free(malloc(1 << 20));
}

static void abuse_open(void)
{
	if (open("/etc/passwd", O_RDONLY) < 0)
		_exit(1);
}

static void abuse_socket(void)
{
	if (socket(AF_INET, SOCK_STREAM, 0) < 0)
		_exit(1);
}

static void abuse_fork(void)
{
	if (fork() < 0)
		_exit(1);
}

static void abuse_exec(void)
{
	char *argv[] = { "sh", NULL };

	execv("/bin/sh", argv);
	_exit(1);
}

static void abuse_kill(void)
{
	if (kill(getppid(), 0) < 0)
		_exit(1);
}

static void test_abuse(void)
{
	void (*const abuses[])(void) = { abuse_open, abuse_socket, abuse_fork, abuse_exec,
					 abuse_kill };
	int status = confined(abuse_nothing);

	g_assert_true(WIFEXITED(status));
	g_assert_cmpint(WEXITSTATUS(status), ==, 0);
	for (guint i = 0; i < G_N_ELEMENTS(abuses); i++) {
		status = confined(abuses[i]);
#if defined(__SANITIZE_ADDRESS__)
		g_assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
#else
		g_assert_true(WIFSIGNALED(status));
		g_assert_cmpint(WTERMSIG(status), ==, SIGSYS);
#endif
	}
}

/* By hand, it says what it is. */
static void test_by_hand(void)
{
	g_autofree char *program = worker_program();
	g_autofree char *errors = NULL;
	char *argv[] = { program, NULL };
	int status;

	g_assert_true(g_spawn_sync(NULL, argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, &errors,
				   &status, NULL));
	g_assert_cmpint(WEXITSTATUS(status), ==, 2);
	g_assert_cmpstr(errors, ==, "pavise-worker: is started by pavise, not by people\n");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sandbox/worker/deaths", test_deaths);
	g_test_add_func("/sandbox/worker/confined", test_confined);
	g_test_add_func("/sandbox/worker/hashes", test_hashes);
	g_test_add_func("/sandbox/worker/read-only", test_read_only);
	g_test_add_func("/sandbox/worker/confused", test_confused);
	g_test_add_func("/sandbox/worker/abuse", test_abuse);
	g_test_add_func("/sandbox/worker/by-hand", test_by_hand);
	return g_test_run();
}
