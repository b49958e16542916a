/* SPDX-License-Identifier: Apache-2.0 */

/*
 * User namespaces: user_namespaces(7), mount_setattr(2) "ID-mapped mounts". A namespace needs a
 * process to be made; that process only waits until its mapping is written and the namespace held
 * by a descriptor.
 */

#include "isolate/userns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"

static gboolean write_map(pid_t pid, const char *name, guint32 inside, guint32 outside,
			  GError **error)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/%s", pid, name);
	g_autofree char *line = g_strdup_printf("%u %u %d\n", inside, outside, PV_ID_RANGE_SIZE);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	gboolean done;

	if (fd < 0)
		return pv_fail_errno(error, errno, "%s: cannot open", path);
	/* In one write: the kernel takes the mapping once. */
	done = write(fd, line, strlen(line)) == (ssize_t)strlen(line) ||
	       pv_fail_errno(error, errno, "%s: cannot map ids from %u", path, outside);
	close(fd);
	return done;
}

gboolean pv_userns_map(pid_t pid, guint32 inside, guint32 outside, GError **error)
{
	return write_map(pid, "uid_map", inside, outside, error) &&
	       write_map(pid, "gid_map", inside, outside, error);
}

int pv_child_status(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return 255;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* The process that makes the namespace and waits in it to be killed. */
static G_NORETURN void wait_inside(int ready)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (unshare(CLONE_NEWUSER) == 0 && write(ready, "", 1) == 1) {
		for (;;)
			pause();
	}
	_exit(1);
}

int pv_userns_new(guint32 inside, guint32 outside, GError **error)
{
	g_autofree char *path = NULL;
	int ends[2], fd = -1;
	char byte;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0) {
		pv_fail_errno(error, errno, "cannot make a pipe");
		return -1;
	}
	pid = fork();
	if (pid == 0)
		wait_inside(ends[1]);
	close(ends[1]);
	if (pid < 0) {
		pv_fail_errno(error, errno, "cannot start a process");
	} else if (read(ends[0], &byte, 1) != 1) {
		pv_fail(error, PV_ERROR_IO,
			"cannot make a user namespace; look at /proc/sys/user/max_user_namespaces");
	} else if (pv_userns_map(pid, inside, outside, error)) {
		path = g_strdup_printf("/proc/%d/ns/user", pid);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			pv_fail_errno(error, errno, "%s: cannot open", path);
	}
	close(ends[0]);
	if (pid > 0) {
		kill(pid, SIGKILL);
		pv_child_status(pid);
	}
	return fd;
}
