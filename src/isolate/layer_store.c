/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Unpacking where an escape leads nowhere. The child that reads the archive makes the new layer's
 * directory its whole world (pivot_root), then enters a user namespace that maps its root to
 * PV_ID_FIRST and gives up all but the rights over files there. The parent hashes the same bytes
 * meanwhile, so that a child that was taken over cannot lie about them. Design: design.md sections 1
 * and 3; reference/isolation.md section 8 (one store, no chown).
 */

#include "isolate/layer_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "isolate/ledger.h"
#include "isolate/unpack.h"
#include "isolate/userns.h"

#define MESSAGE_BYTES_MAX 4096 /* of the child's error */
#define HASH_CHUNK_BYTES  (256 * PV_KIB)
#define NO_ERROR          (-1)
#define READY             0xff /* the child waits for its ids; no report begins with this byte but a good one */

/* What the child says at its end; the error's words follow. */
typedef struct {
	gint32 code; /* PvErrorCode or NO_ERROR */
	PvLayerResult result;
} Report;

/* The child's descriptors, at these numbers. */
enum { BLOB_FD = 3, GO_FD, REPORT_FD, LOCK_FD, FIRST_UNUSED_FD };

typedef struct {
	const char *directory;
	const PvBlobRange *range;
	const char *media_type;
	int go, report;
	int lock; /* kept: while this process dies, nobody cleans up under it */
} Task;

char *pv_layer_store_path(const char *store, const PvDigest *diff_id)
{
	g_autofree char *hex = pv_digest_hex(diff_id);

	return g_build_filename(store, "layers",
				diff_id->hash == PV_HASH_SHA512 ? "sha512" : "sha256", hex, NULL);
}

static gboolean arrange_descriptors(const Task *task, GError **error)
{
	int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
	int blob = fcntl(task->range->fd, F_DUPFD_CLOEXEC, 64);
	int go = fcntl(task->go, F_DUPFD_CLOEXEC, 64);
	int report = fcntl(task->report, F_DUPFD_CLOEXEC, 64);
	int lock = fcntl(task->lock, F_DUPFD_CLOEXEC, 64);

	if (nothing < 0 || blob < 0 || go < 0 || report < 0 || lock < 0)
		return pv_fail_errno(error, errno, "cannot open descriptors");
	for (int fd = 0; fd < 3; fd++)
		dup2(nothing, fd);
	if (dup2(blob, BLOB_FD) < 0 || dup2(go, GO_FD) < 0 || dup2(report, REPORT_FD) < 0 ||
	    dup2(lock, LOCK_FD) < 0 || close_range(FIRST_UNUSED_FD, ~0U, 0) < 0)
		return pv_fail_errno(error, errno, "cannot arrange descriptors");
	return TRUE;
}

/* Makes @directory the root of a mount namespace in which there is nothing else. */
static gboolean enter_directory(const char *directory, GError **error)
{
	if (unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount(directory, directory, NULL, MS_BIND, NULL) < 0 ||
	    mount(NULL, directory, NULL, MS_BIND | MS_REMOUNT | MS_NOSUID | MS_NODEV | MS_NOEXEC,
		  NULL) < 0 ||
	    chdir(directory) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
	    umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return pv_fail_errno(error, errno, "%s: cannot make it a root", directory);
	return TRUE;
}

/* Keeps only what writing other users' files takes, and that only inside the user namespace. */
static gboolean drop_rights(GError **error)
{
	const guint32 kept = 1U << CAP_CHOWN | 1U << CAP_DAC_OVERRIDE | 1U << CAP_FOWNER |
			     1U << CAP_FSETID | 1U << CAP_SETFCAP;
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = { { kept, kept, 0 }, { 0, 0, 0 } };
	const struct rlimit no_core = { 0, 0 }, files = { 1024, 1024 };

	for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++) {
		if ((cap > 31 || !(kept & 1U << cap)) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return pv_fail_errno(error, errno, "cannot drop capability %lu", cap);
	}
	if (syscall(SYS_capset, &header, data) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return pv_fail_errno(error, errno, "cannot drop capabilities");
	if (setrlimit(RLIMIT_CORE, &no_core) < 0 || setrlimit(RLIMIT_NOFILE, &files) < 0)
		return pv_fail_errno(error, errno, "cannot set limits");
#ifndef __SANITIZE_ADDRESS__
	const struct rlimit memory = { PV_WORKER_MEMORY_BYTES_MAX, PV_WORKER_MEMORY_BYTES_MAX };

	if (setrlimit(RLIMIT_AS, &memory) < 0)
		return pv_fail_errno(error, errno, "cannot set limits");
#endif
	return TRUE;
}

static gboolean become_nobody(GError **error)
{
	const guint8 ready = READY;
	char byte;

	if (unshare(CLONE_NEWUSER) < 0)
		return pv_fail_errno(error, errno, "cannot make a user namespace");
	/* The parent maps the ids now and says so, or is gone. */
	if (write(REPORT_FD, &ready, 1) != 1 || read(GO_FD, &byte, 1) != 1)
		return pv_fail(error, PV_ERROR_IO, "the parent process is gone");
	if (syscall(SYS_setgroups, 0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return pv_fail_errno(error, errno, "cannot take the mapped ids");
	return drop_rights(error);
}

static gboolean unpack_here(const Task *task, PvLayerResult *ret_result, GError **error)
{
	int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	g_autoptr(PvUnpack) unpack = NULL;
	PvLayerSink sink;

	if (root < 0)
		return pv_fail_errno(error, errno, "cannot open the new layer");
	umask(0);
	unpack = pv_unpack_new(root);
	sink = pv_unpack_sink(unpack);
	return pv_layer_read(BLOB_FD, task->range->offset, task->range->size, task->media_type,
			     &sink, 1, ret_result, error) &&
	       pv_unpack_finish(unpack, error);
}

static G_NORETURN void child(const Task *task)
{
	g_autoptr(GError) error = NULL;
	Report report = { .code = NO_ERROR };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	if (!arrange_descriptors(task, &error) || !enter_directory(task->directory, &error) ||
	    !become_nobody(&error) || !unpack_here(task, &report.result, &error))
		report.code = error->domain == PV_ERROR ? error->code : PV_ERROR_IO;
	if (!pv_file_write_all(REPORT_FD, &report, sizeof(report), NULL))
		_exit(1);
	if (error)
		pv_file_write_all(REPORT_FD, error->message,
				  MIN(strlen(error->message), (gsize)MESSAGE_BYTES_MAX), NULL);
	_exit(0);
}

/* Reads until @size bytes are there or the child has closed its end. */
static gsize read_fully(int fd, void *to, gsize size)
{
	gsize done = 0;

	while (done < size) {
		ssize_t got = read(fd, (char *)to + done, size - done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		done += (gsize)got;
	}
	return done;
}

/* @known: bytes of the report that were read already. */
static gboolean read_report(int fd, Report report, gsize known, Report *ret_report, GError **error)
{
	const gsize missing = sizeof(report) - known;
	char words[MESSAGE_BYTES_MAX + 1];
	g_autofree char *valid = NULL;
	gsize length;

	if (read_fully(fd, (guint8 *)&report + known, missing) != missing)
		return pv_fail(error, PV_ERROR_IO,
			       "the process that unpacked it ended early; it may have needed more "
			       "than %zu MiB of memory",
			       PV_WORKER_MEMORY_BYTES_MAX / PV_MIB);
	if (report.code != NO_ERROR) {
		length = read_fully(fd, words, MESSAGE_BYTES_MAX);
		valid = g_utf8_make_valid(words, (gssize)length);
		return pv_fail(error,
			       report.code >= 0 && report.code < PV_ERROR_COUNT
				       ? (PvErrorCode)report.code
				       : PV_ERROR_INTERNAL,
			       "%s", valid);
	}
	*ret_report = report;
	return TRUE;
}

static gboolean hash_range(const PvBlobRange *range, PvDigest *ret_digest, PvHash hash,
			   GError **error)
{
	g_autoptr(PvHasher) hasher = pv_hasher_new(hash);
	g_autofree guint8 *chunk = g_malloc(HASH_CHUNK_BYTES);

	for (guint64 done = 0; done < range->size;) {
		gsize want = (gsize)MIN(range->size - done, (guint64)HASH_CHUNK_BYTES);
		ssize_t got = pread(range->fd, chunk, want, (off_t)(range->offset + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return pv_fail_errno(error, errno, "cannot read the layer");
		if (got == 0)
			return pv_fail(error, PV_ERROR_DIGEST,
				       "ends after %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
				       " bytes",
				       done, range->size);
		pv_hasher_feed(hasher, chunk, (gsize)got);
		done += (guint64)got;
	}
	*ret_digest = pv_hasher_finish(g_steal_pointer(&hasher));
	return TRUE;
}

static gboolean expect(const PvDigest *found, const PvDigest *wanted, const char *what,
		       GError **error)
{
	char found_text[PV_DIGEST_TEXT_SIZE], wanted_text[PV_DIGEST_TEXT_SIZE];

	if (pv_digest_equal(found, wanted))
		return TRUE;
	pv_digest_format(found, found_text);
	pv_digest_format(wanted, wanted_text);
	return pv_fail(error, PV_ERROR_DIGEST, "%s is %s, expected %s", what, found_text,
		       wanted_text);
}

/* The parent's side of one child: its ids, its bytes, its report. */
static gboolean supervise(pid_t pid, int go, int report_end, const PvBlobRange *range,
			  const PvDescriptor *descriptor, const PvDigest *diff_id, GError **error)
{
	PvDigest digest;
	Report report = { 0 };

	if (read_fully(report_end, &report, 1) != 1)
		return pv_fail(error, PV_ERROR_IO, "the process that unpacks ended early");
	/* Not ready: then this is the first byte of the report that says why. */
	if (*(guint8 *)&report != READY)
		return read_report(report_end, report, 1, &report, error);
	if (!pv_userns_map(pid, 0, PV_ID_FIRST, error))
		return FALSE;
	if (write(go, "", 1) != 1)
		return pv_fail_errno(error, errno, "the process that unpacks is gone");
	if (!hash_range(range, &digest, descriptor->digest.hash, error) ||
	    !expect(&digest, &descriptor->digest, "its digest", error) ||
	    !read_report(report_end, report, 0, &report, error))
		return FALSE;
	return expect(&report.result.diff_id, diff_id, "its diff id", error);
}

static gboolean unpack_into(const char *directory, int lock, const PvBlobRange *range,
			    const PvDescriptor *descriptor, const PvDigest *diff_id, GError **error)
{
	int go[2], report[2];
	gboolean done = FALSE;
	pid_t pid;

	if (pipe2(go, O_CLOEXEC) < 0)
		return pv_fail_errno(error, errno, "cannot make a pipe");
	if (pipe2(report, O_CLOEXEC) < 0) {
		pv_fail_errno(error, errno, "cannot make a pipe");
		close(go[0]);
		close(go[1]);
		return FALSE;
	}
	pid = fork();
	if (pid == 0) {
		Task task = { directory, range, descriptor->media_type, go[0], report[1], lock };

		child(&task);
	}
	close(go[0]);
	close(report[1]);
	if (pid < 0)
		pv_fail_errno(error, errno, "cannot start a process");
	else
		done = supervise(pid, go[1], report[0], range, descriptor, diff_id, error);
	close(go[1]);
	close(report[0]);
	if (pid > 0) {
		if (!done)
			kill(pid, SIGKILL);
		pv_child_status(pid);
	}
	return done;
}

/* Under the lock nobody unpacks: what has a temporary name belongs to a process that is dead. */
static gboolean remove_leftovers(const char *layers, GError **error)
{
	g_autoptr(GDir) directory = g_dir_open(layers, 0, NULL);
	const char *name;

	while (directory && (name = g_dir_read_name(directory))) {
		g_autofree char *path = g_build_filename(layers, name, NULL);

		if (g_str_has_suffix(name, ".tmp") && !pv_file_remove_tree(path, error))
			return FALSE;
	}
	return TRUE;
}

/* On disk before it has its name, so that the name is true after a power failure too. */
static gboolean publish(const char *from, const char *to, GError **error)
{
	g_autofree char *parent = g_path_get_dirname(to);
	int fd = open(from, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int parent_fd = -1;
	gboolean done = FALSE;

	if (!pv_file_make_directory(parent, 0700, error))
		return fd >= 0 && close(fd) && FALSE;
	parent_fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || parent_fd < 0 || syncfs(fd) < 0 || rename(from, to) < 0 ||
	    fsync(parent_fd) < 0)
		pv_fail_errno(error, errno, "%s: cannot store", to);
	else
		done = TRUE;
	if (fd >= 0)
		close(fd);
	if (parent_fd >= 0)
		close(parent_fd);
	return done;
}

static gboolean add_locked(const char *layers, int lock, const char *path, const PvBlobRange *range,
			   const PvDescriptor *descriptor, const PvDigest *diff_id, GError **error)
{
	g_autofree char *hex = pv_digest_hex(diff_id);
	g_autofree char *temporary = g_strconcat(layers, "/", hex, ".tmp", NULL);

	if (!remove_leftovers(layers, error))
		return FALSE;
	if (access(path, F_OK) == 0)
		return TRUE;
	if (mkdir(temporary, 0755) < 0 || chown(temporary, PV_ID_FIRST, PV_ID_FIRST) < 0 ||
	    chmod(temporary, 0755) < 0)
		return pv_fail_errno(error, errno, "%s: cannot make", temporary);
	if (unpack_into(temporary, lock, range, descriptor, diff_id, error) &&
	    publish(temporary, path, error))
		return TRUE;
	pv_file_remove_tree(temporary, NULL);
	return FALSE;
}

gboolean pv_layer_store_add(const char *store, const PvBlobRange *range,
			    const PvDescriptor *descriptor, const PvDigest *diff_id, GError **error)
{
	g_autofree char *path = pv_layer_store_path(store, diff_id);
	g_autofree char *layers = g_build_filename(store, "layers", NULL);
	g_autofree char *lock_path = g_build_filename(layers, "lock", NULL);
	char name[PV_DIGEST_TEXT_SIZE];
	gboolean done;
	int lock;

	if (access(path, F_OK) == 0)
		return TRUE;
	if (!pv_file_make_directory(layers, 0700, error))
		return FALSE;
	lock = pv_file_lock(lock_path, TRUE, error);
	if (lock < 0)
		return FALSE;
	done = add_locked(layers, lock, path, range, descriptor, diff_id, error);
	close(lock);
	pv_digest_format(&descriptor->digest, name);
	return done || pv_fail_wrap(error, "layer %s", name);
}
