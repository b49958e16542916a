/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The life of a container's directory. Order is what makes it safe to be killed at any point: the
 * directory is there before its ids are taken, it is locked as long as its process lives, and its
 * files are gone before its ids are given back.
 */

#include "isolate/container.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "isolate/ledger.h"

#define ID_BYTES 8 /* of randomness in an id */

static void container_free(PvContainer *container)
{
	if (container->lock >= 0)
		close(container->lock);
	g_free(container->id);
	g_free(container->directory);
	g_free(container);
}

static char *random_id(void)
{
	guint8 bytes[ID_BYTES];
	GString *id = g_string_new(NULL);

	while (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		;
	for (gsize i = 0; i < sizeof(bytes); i++)
		g_string_append_printf(id, "%02x", bytes[i]);
	return g_string_free(id, FALSE);
}

static char *member(const char *directory, const char *name)
{
	return g_build_filename(directory, name, NULL);
}

/*
 * The lock of a container, at once or not at all: -1 with errno EWOULDBLOCK if its process lives,
 * ENOENT if it is only being made or removed.
 */
static int try_lock(const char *directory)
{
	g_autofree char *path = member(directory, "lock");
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	close(fd);
	errno = EWOULDBLOCK;
	return -1;
}

/* The runtime's control groups, empty when all processes are gone. One or several hierarchies. */
static void remove_groups(const char *id)
{
	g_autoptr(GDir) directory = g_dir_open("/sys/fs/cgroup", 0, NULL);
	g_autofree char *group = g_strconcat("pavise-", id, NULL);
	g_autofree char *own = g_build_filename("/sys/fs/cgroup", group, NULL);
	const char *name;

	rmdir(own);
	while (directory && (name = g_dir_read_name(directory))) {
		g_autofree char *path = g_build_filename("/sys/fs/cgroup", name, group, NULL);

		rmdir(path);
	}
}

static gboolean remove_all(const char *directory, const char *id, const char *ledger,
			   GError **error)
{
	remove_groups(id);
	return pv_file_remove_tree(directory, error) && pv_ledger_release(ledger, id, error);
}

static gboolean clean_one(const char *directory, const char *id, const char *ledger, GError **error)
{
	g_autofree char *keep = member(directory, "keep");
	gboolean done = TRUE;
	int lock = try_lock(directory);

	/* Alive. One without a lock file was killed in its first moment: we hold the store's lock,
	 * so nobody is making it now. */
	if (lock < 0 && errno != ENOENT)
		return TRUE;
	if (access(keep, F_OK) < 0)
		done = remove_all(directory, id, ledger, error);
	if (lock >= 0)
		close(lock);
	return done;
}

static gboolean clean_locked(const char *containers, const char *ledger, GError **error)
{
	g_autoptr(GDir) directory = g_dir_open(containers, 0, NULL);
	const char *id;

	while (directory && (id = g_dir_read_name(directory))) {
		g_autofree char *path = member(containers, id);

		if (g_file_test(path, G_FILE_TEST_IS_DIR) && !clean_one(path, id, ledger, error))
			return FALSE;
	}
	return TRUE;
}

/* STORE/containers, locked. */
static int open_containers(const char *store, char **ret_containers, GError **error)
{
	g_autofree char *containers = member(store, "containers");
	g_autofree char *path = member(containers, "lock");
	int lock;

	if (!pv_file_make_directory(containers, 0700, error))
		return -1;
	lock = pv_file_lock(path, TRUE, error);
	if (lock >= 0)
		*ret_containers = g_steal_pointer(&containers);
	return lock;
}

gboolean pv_container_clean(const char *store, const char *ledger, GError **error)
{
	g_autofree char *containers = NULL;
	int lock = open_containers(store, &containers, error);
	gboolean done;

	if (lock < 0)
		return FALSE;
	done = clean_locked(containers, ledger, error);
	close(lock);
	return done;
}

static gboolean make_owned(const char *directory, const char *name, guint32 owner, GError **error)
{
	g_autofree char *path = member(directory, name);

	if (mkdir(path, 0755) < 0 || chmod(path, 0755) < 0 || chown(path, owner, owner) < 0)
		return pv_fail_errno(error, errno, "%s: cannot make", path);
	return TRUE;
}

static gboolean make_parts(PvContainer *container, const char *ledger, gboolean keep,
			   GError **error)
{
	g_autofree char *lock = member(container->directory, "lock");
	g_autofree char *kept = member(container->directory, "keep");

	if (mkdir(container->directory, 0700) < 0)
		return pv_fail_errno(error, errno, "%s: cannot make", container->directory);
	container->lock = pv_file_lock(lock, TRUE, error);
	if (container->lock < 0)
		return FALSE;
	if (keep && !pv_file_create(kept, "", 0, 0600, error))
		return FALSE;
	return pv_ledger_acquire(ledger, "/etc", container->id, container->directory,
				 &container->first, error) &&
	       make_owned(container->directory, "upper", container->first, error) &&
	       make_owned(container->directory, "work", container->first, error);
}

PvContainer *pv_container_new(const char *store, const char *ledger, gboolean keep, GError **error)
{
	g_autofree char *absolute = g_canonicalize_filename(store, NULL);
	g_autofree char *containers = NULL;
	int lock = open_containers(absolute, &containers, error);
	PvContainer *container;

	if (lock < 0)
		return NULL;
	if (!clean_locked(containers, ledger, error)) {
		close(lock);
		return NULL;
	}
	container = g_new0(PvContainer, 1);
	container->lock = -1;
	container->id = random_id();
	container->directory = member(containers, container->id);
	if (!make_parts(container, ledger, keep, error)) {
		remove_all(container->directory, container->id, ledger, NULL);
		container_free(container);
		container = NULL;
	}
	close(lock);
	return container;
}

gboolean pv_container_end(PvContainer *container, const char *ledger, GError **error)
{
	g_autofree char *keep = member(container->directory, "keep");
	g_autofree char *containers = g_path_get_dirname(container->directory);
	g_autofree char *path = member(containers, "lock");
	/* Two must not remove one directory: a cleaner finds it locked or gone. */
	int lock = pv_file_lock(path, TRUE, error);
	gboolean done = lock >= 0;

	if (done && access(keep, F_OK) == 0)
		remove_groups(container->id);
	else if (done)
		done = remove_all(container->directory, container->id, ledger, error);
	container_free(container);
	if (lock >= 0)
		close(lock);
	return done;
}
