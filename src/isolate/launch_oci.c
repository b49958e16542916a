/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Launching by an OCI runtime. Three processes: this one waits; its child is process 1 of a process
 * namespace and has the mounts in a mount namespace; the runtime is that one's child. So whatever
 * is killed, nothing is left running or mounted. The runtimes' ways: reference/isolation.md section
 * 1.2 (crun refuses a hybrid cgroup hierarchy; runc returns 1 for all failures, so its log is read).
 */

#include "isolate/launch_oci.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/terminal.h"
#include "isolate/ledger.h"
#include "isolate/lookup.h"
#include "isolate/path.h"
#include "isolate/rootfs.h"
#include "isolate/userns.h"
#include "isolate/wait.h"

#define CGROUP_ROOT "/sys/fs/cgroup"

static char *find_runtime(const char *wanted, GError **error)
{
	const char *const known[] = { "crun", "runc", "/usr/sbin/runc" };
	char *path = NULL;

	if (wanted) {
		path = g_find_program_in_path(wanted);
		return path ? path
			    : pv_fail_null(error, PV_ERROR_NOT_FOUND, "no runtime '%s'", wanted);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(known) && !path; i++)
		path = g_find_program_in_path(known[i]);
	return path ? path
		    : pv_fail_null(error, PV_ERROR_NOT_FOUND,
				   "no OCI runtime found; install crun or runc, or name one with "
				   "--runtime");
}

static gboolean is_crun(const char *runtime)
{
	g_autofree char *name = g_path_get_basename(runtime);

	return strstr(name, "crun") != NULL;
}

static gboolean is_type(const char *path, unsigned long type)
{
	struct statfs status;

	return statfs(path, &status) == 0 && (unsigned long)status.f_type == type;
}

/* crun refuses a v2 hierarchy beside v1 ones: in this mount namespace there is none. */
static gboolean hide_unified(GError **error)
{
	const char *const places[] = { CGROUP_ROOT "/unified", CGROUP_ROOT "/systemd/unified" };

	if (is_type(CGROUP_ROOT, CGROUP2_SUPER_MAGIC))
		return TRUE;
	for (gsize i = 0; i < G_N_ELEMENTS(places); i++) {
		if (is_type(places[i], CGROUP2_SUPER_MAGIC) && umount2(places[i], MNT_DETACH) < 0)
			return pv_fail_errno(error, errno, "%s: cannot hide from crun", places[i]);
	}
	return TRUE;
}

static GBytes *read_inside(int root, const char *path)
{
	int fd = pv_path_open(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	struct stat status;
	GBytes *bytes = NULL;

	if (fd < 0)
		return NULL;
	/* A fifo or device here is the image's trick, not a list of users. */
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
		bytes = pv_file_read_fd(fd, path, PV_ACCOUNTS_BYTES_MAX, NULL);
	close(fd);
	return bytes;
}

static gboolean resolve_user(const PvLaunch *launch, int root, PvUser *ret_user, GError **error)
{
	g_autoptr(GBytes) passwd = read_inside(root, "etc/passwd");
	g_autoptr(GBytes) group = read_inside(root, "etc/group");
	const char *text = launch->profile->user ? launch->profile->user : launch->command->user;

	return pv_user_resolve(text, passwd, group, ret_user, error);
}

static gboolean is_text(char **arguments, GError **error)
{
	for (; *arguments; arguments++) {
		if (!g_utf8_validate(*arguments, -1, NULL))
			return pv_fail(error, PV_ERROR_USAGE,
				       "an argument is not UTF-8, which a runtime cannot be given");
	}
	return TRUE;
}

static gboolean add_volumes(const PvLaunch *launch, const char *run, GPtrArray *sources,
			    GError **error)
{
	for (guint i = 0; i < launch->volumes->len; i++) {
		char *place = pv_rootfs_add_volume(run, g_ptr_array_index(launch->volumes, i), i,
						   launch->container->first, error);

		if (!place)
			return FALSE;
		g_ptr_array_add(sources, place);
	}
	return TRUE;
}

static gboolean write_spec(const PvLaunch *launch, const char *run, char **arguments,
			   const PvUser *user, const GPtrArray *sources, GError **error)
{
	g_autofree char *rootfs = g_build_filename(run, "rootfs", NULL);
	g_autofree char *path = g_build_filename(run, "config.json", NULL);
	PvSpec spec = { .command = launch->command,
			.arguments = (const char *const *)arguments,
			.user = user,
			.profile = launch->profile,
			.id = launch->container->id,
			.rootfs = rootfs,
			.first = launch->container->first,
			.terminal = launch->terminal,
			.sources = sources,
			.volumes = launch->volumes };
	g_autoptr(json_t) json = pv_spec_json(&spec);
	g_autofree char *text = json ? pv_json_text(json, TRUE) : NULL;

	if (!text)
		return pv_fail(error, PV_ERROR_INTERNAL, "cannot write the runtime's config.json");
	return pv_file_replace(path, text, strlen(text), 0600, error);
}

/* All that the runtime is given. *ret_status is that of the failure. */
static gboolean prepare(const PvLaunch *launch, int userns, char **ret_run, int *ret_status,
			GError **error)
{
	g_autoptr(GPtrArray) sources = g_ptr_array_new_with_free_func(g_free);
	g_auto(GStrv) arguments = pv_spec_arguments(launch->command, launch->given, error);
	g_autofree char *run = NULL, *rootfs = NULL;
	g_auto(PvUser) user = { 0 };
	int root, directory;
	gboolean done;

	*ret_status = PV_EXIT_REFUSED;
	if (!arguments || !is_text(arguments, error) || !pv_rootfs_enter(error))
		return FALSE;
	run = pv_rootfs_mount(launch->container, launch->layers, userns, error);
	if (!run || !add_volumes(launch, run, sources, error))
		return FALSE;
	rootfs = g_build_filename(run, "rootfs", NULL);
	root = open(rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return pv_fail_errno(error, errno, "%s: cannot open", rootfs);
	directory = pv_path_make(root, launch->command->working_directory, launch->container->first,
				 error);
	done = directory >= 0 && resolve_user(launch, root, &user, error);
	if (done) {
		*ret_status = pv_lookup_command(root, arguments[0], launch->command->environment,
						launch->command->working_directory, error);
		done = *ret_status == 0;
	}
	if (directory >= 0)
		close(directory);
	close(root);
	if (!done)
		return FALSE;
	*ret_status = PV_EXIT_REFUSED;
	if (!write_spec(launch, run, arguments, &user, sources, error))
		return FALSE;
	*ret_run = g_steal_pointer(&run);
	return TRUE;
}

static G_NORETURN void execute(const PvLaunch *launch, const char *runtime, const char *run)
{
	g_autofree char *log = g_build_filename(run, "log", NULL);
	g_autofree char *state = g_build_filename(run, "state", NULL);
	const char *argv[] = { runtime, "--root", state, "--log", log, "--log-format", "json", NULL,
			       NULL,    NULL,     NULL,  NULL,    NULL };
	guint count = 7;
	gboolean has_groups = is_type(CGROUP_ROOT, CGROUP2_SUPER_MAGIC) ||
			      is_type(CGROUP_ROOT "/pids", CGROUP_SUPER_MAGIC);

	if (!has_groups && is_crun(runtime))
		argv[count++] = "--cgroup-manager=disabled";
	argv[count++] = "run";
	argv[count++] = "--bundle";
	argv[count++] = run;
	argv[count++] = launch->container->id;
	if (!launch->interactive) {
		int nothing = open("/dev/null", O_RDWR);

		if (nothing >= 0)
			dup2(nothing, STDIN_FILENO);
	}
	pv_wait_reset_signals();
	if (close_range(3, ~0U, 0) == 0)
		execv(runtime, (char **)argv);
	fprintf(stderr, "pavise run: %s: %s\n", runtime, g_strerror(errno));
	_exit(PV_EXIT_REFUSED);
}

/* (transfer full): the last error that the runtime logged, or NULL. */
static char *logged_error(const char *run)
{
	g_autofree char *path = g_build_filename(run, "log", NULL);
	g_autoptr(GBytes) bytes = pv_file_read(path, PV_CHILD_OUTPUT_BYTES_MAX, NULL);
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	char *message = NULL;

	if (!bytes || g_bytes_get_size(bytes) == 0)
		return NULL;
	text = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	lines = g_strsplit(text, "\n", -1);
	for (guint i = 0; lines[i]; i++) {
		g_autoptr(GBytes) line = g_bytes_new(lines[i], strlen(lines[i]));
		g_autoptr(json_t) record = pv_json_load(line, PV_LINE_BYTES_MAX, "log", NULL);
		const char *level = pv_json_string(record, "level");
		const char *said = pv_json_string(record, "msg");

		if (level && said && (g_str_equal(level, "error") || g_str_equal(level, "fatal"))) {
			g_free(message);
			message = g_strdup(said);
		}
	}
	return message;
}

/* Runtimes know no 126 and 127: their words do. */
static int status_of_failure(const char *message)
{
	g_autofree char *lower = g_ascii_strdown(message, -1);

	if (!strstr(lower, "exec"))
		return PV_EXIT_REFUSED;
	if (strstr(lower, "no such file") || strstr(lower, "not found"))
		return PV_EXIT_NOT_FOUND;
	if (strstr(lower, "permission denied") || strstr(lower, "exec format error"))
		return PV_EXIT_NOT_RUN;
	return PV_EXIT_REFUSED;
}

/* Process 1 of the container's surroundings; the container has a process 1 of its own. */
static G_NORETURN void surround(const PvLaunch *launch, const char *runtime, int userns,
				const int *parent)
{
	struct pollfd end = { .fd = parent[0], .events = POLLIN };
	g_autoptr(GError) error = NULL;
	g_autofree char *run = NULL, *message = NULL;
	int status;
	pid_t pid;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* Who died before that call sends no signal, but has closed the pipe's other end. */
	close(parent[1]);
	if (poll(&end, 1, 0) != 0)
		_exit(PV_EXIT_REFUSED);
	if (!prepare(launch, userns, &run, &status, &error) ||
	    (is_crun(runtime) && !hide_unified(&error))) {
		pv_terminal_fail("pavise run", error);
		_exit(status);
	}
	pid = fork();
	if (pid == 0)
		execute(launch, runtime, run);
	status = pid > 0 ? pv_wait_forwarding(pid) : PV_EXIT_REFUSED;
	message = status != 0 ? logged_error(run) : NULL;
	if (message) {
		g_autofree char *safe = pv_terminal_safe(message);

		fprintf(stderr, "pavise run: %s: %s\n", is_crun(runtime) ? "crun" : "runtime",
			safe);
		status = status_of_failure(message);
	}
	_exit(status);
}

gboolean pv_launch_oci(const PvLaunch *launch, int *ret_status, GError **error)
{
	g_autofree char *runtime = find_runtime(launch->runtime, error);
	int userns, parent[2];
	pid_t pid;

	if (!runtime)
		return FALSE;
	userns = pv_userns_new(PV_ID_FIRST, launch->container->first, error);
	if (userns < 0)
		return FALSE;
	pv_wait_block_signals();
	if (unshare(CLONE_NEWPID) < 0 || pipe2(parent, O_CLOEXEC) < 0) {
		pv_fail_errno(error, errno, "cannot make a process namespace");
		close(userns);
		return FALSE;
	}
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		surround(launch, runtime, userns, parent);
	if (pid > 0)
		*ret_status = pv_wait_forwarding(pid);
	else
		pv_fail_errno(error, errno, "cannot start a process");
	close(userns);
	close(parent[0]);
	close(parent[1]);
	return pid > 0;
}
