/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <sys/types.h>

/* A user of this machine, and becoming it for good. */
typedef struct {
	char *name;
	uid_t uid;
	gid_t gid;
} PvAccount;

void pv_account_free(PvAccount *account);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvAccount, pv_account_free)

/**
 * pv_account_find:
 * @name: a name, or a number of a user that exists
 *
 * Errors: PV_ERROR_USAGE: there is none, or it is root.
 */
PvAccount *pv_account_find(const char *name, GError **error);

/**
 * pv_account_become:
 *
 * Gives up root for good: supplementary groups, all user and group ids, and with them all
 * capabilities. Only system calls are made, so that it may be called between fork and exec.
 *
 * Returns: 0, or the errno of what failed: the process must end then.
 */
int pv_account_become(const PvAccount *account);

/**
 * pv_account_own_tree:
 * @path: a directory that belongs to root, or to @account already
 * @except: (nullable): a name in it that is passed over
 *
 * Gives @path and all in it to @account if it belongs to root. One that belongs to @account is left
 * as it is: what lies in there is no longer root's to judge. Symbolic links are not followed.
 *
 * Errors: PV_ERROR_REFUSED (it belongs to somebody else), PV_ERROR_IO.
 */
gboolean pv_account_own_tree(const PvAccount *account, const char *path, const char *except,
			     GError **error);
