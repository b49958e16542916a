/* SPDX-License-Identifier: Apache-2.0 */

/* From root to a user without rights, once and for good. */

#include "base/account.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

#define DEPTH_MAX 8

void pv_account_free(PvAccount *account)
{
	if (!account)
		return;
	g_free(account->name);
	g_free(account);
}

PvAccount *pv_account_find(const char *name, GError **error)
{
	const struct passwd *found = getpwnam(name);
	guint64 number;
	PvAccount *account;

	if (!found && g_ascii_string_to_unsigned(name, 10, 0, G_MAXINT32, &number, NULL))
		found = getpwuid((uid_t)number);
	if (!found)
		return pv_fail_null(error, PV_ERROR_USAGE, "there is no user \"%s\"", name);
	if (found->pw_uid == 0)
		return pv_fail_null(error, PV_ERROR_USAGE,
				    "user \"%s\" is root; name one without rights", name);
	account = g_new0(PvAccount, 1);
	account->name = g_strdup(found->pw_name);
	account->uid = found->pw_uid;
	account->gid = found->pw_gid;
	return account;
}

int pv_account_become(const PvAccount *account)
{
	uid_t real, effective, saved;

	if (setgroups(0, NULL) != 0 || setresgid(account->gid, account->gid, account->gid) != 0 ||
	    setresuid(account->uid, account->uid, account->uid) != 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return errno;
	if (getresuid(&real, &effective, &saved) != 0 || real != account->uid ||
	    effective != account->uid || saved != account->uid || setuid(0) == 0)
		return EPERM;
	return 0;
}

static gboolean own(const PvAccount *account, int parent, const char *name, const char *except,
		    guint depth, GError **error)
{
	struct stat status;
	struct dirent *entry;
	int fd;
	DIR *directory;

	if (fchownat(parent, name, account->uid, account->gid, AT_SYMLINK_NOFOLLOW) != 0)
		return pv_fail_errno(error, errno, "cannot give %s to %s", name, account->name);
	if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISDIR(status.st_mode))
		return TRUE;
	if (depth == DEPTH_MAX)
		return pv_fail(error, PV_ERROR_LIMIT, "%s lies too deep", name);
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	directory = fd < 0 ? NULL : fdopendir(fd);
	if (!directory)
		return pv_fail_errno(error, errno, "cannot read %s", name);
	while ((entry = readdir(directory))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    g_strcmp0(entry->d_name, except) == 0)
			continue;
		if (!own(account, dirfd(directory), entry->d_name, NULL, depth + 1, error)) {
			closedir(directory);
			return FALSE;
		}
	}
	closedir(directory);
	return TRUE;
}

gboolean pv_account_own_tree(const PvAccount *account, const char *path, const char *except,
			     GError **error)
{
	struct stat status;

	if (lstat(path, &status) != 0)
		return pv_fail_errno(error, errno, "cannot look at %s", path);
	if (status.st_uid == account->uid)
		return TRUE;
	if (status.st_uid != 0)
		return pv_fail(error, PV_ERROR_REFUSED,
			       "%s belongs to user %u, neither to root nor to %s", path,
			       status.st_uid, account->name);
	return own(account, AT_FDCWD, path, except, 0, error);
}
