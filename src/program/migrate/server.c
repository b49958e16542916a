/* SPDX-License-Identifier: Apache-2.0 */

/* Repositories and server-managed keys, into the data directory of `pavise serve`. */

#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "migrate/keys.h"
#include "migrate/repositories.h"
#include "program/migrate/migrate.h"
#include "program/signer/keys.h"

/* The data directory belongs to one process at a time: not to a running service and to us. */
static int lock_data(const char *data, GError **error)
{
	g_autofree char *path = g_build_filename(data, "lock", NULL);
	g_autoptr(GError) why = NULL;
	int lock;

	if (!pv_file_make_directory(data, 0700, error))
		return -1;
	lock = pv_file_try_lock(path, &why);
	if (lock >= 0)
		return lock;
	if (g_error_matches(why, PV_ERROR, PV_ERROR_CONFLICT))
		pv_fail(error, PV_ERROR_CONFLICT,
			"%s is in use; stop the service, then run this again", data);
	else
		g_propagate_error(error, g_steal_pointer(&why));
	return -1;
}

static char *keys_directory(const PvMigrateOptions *options)
{
	return g_build_filename(options->data, "signer", NULL);
}

static gboolean has_key(void *data, const char *gun, const char *role, const char *id)
{
	return pv_signer_keys_has(data, gun, role, id);
}

/*
 * To ask which keys are there; NULL if there are none yet: a dry run makes nothing. Nothing is opened,
 * so any word will do for a passphrase.
 */
static PvSignerKeys *existing_keys(const PvMigrateOptions *options)
{
	g_autofree char *directory = keys_directory(options);

	return g_file_test(directory, G_FILE_TEST_IS_DIR)
		       ? pv_signer_keys_open(directory, pv_secret_new_copy("none", 4), NULL, NULL)
		       : NULL;
}

static gboolean no_key(void *data, const char *gun, const char *role, const char *id)
{
	return FALSE;
}

gboolean pv_migrate_run_server(const PvMigrateOptions *options, const char *source,
			       PvMigrateReport *report, GError **error)
{
	g_autoptr(PvStore) store = NULL;
	g_autoptr(PvSignerKeys) keys = NULL;
	int lock = -1;
	gboolean done;

	if (!options->dry_run) {
		lock = lock_data(options->data, error);
		if (lock < 0)
			return FALSE;
		store = pv_store_open(options->store ? options->store : "sqlite", options->data,
				      NULL, error);
	}
	keys = existing_keys(options);
	done = (options->dry_run || store) &&
	       pv_migrate_repositories(source, store, &report->listener, keys ? has_key : no_key,
				       keys, error);
	if (lock >= 0)
		close(lock);
	return done;
}

static gboolean take_key(void *data, const char *gun, const char *role, const PvPrivateKey *key,
			 gboolean is_pending, GError **error)
{
	return pv_signer_keys_add(data, gun, role, key, is_pending, error);
}

gboolean pv_migrate_run_signer(const PvMigrateOptions *options, const char *source,
			       PvMigrateReport *report, GError **error)
{
	g_autofree char *directory = keys_directory(options);
	g_autoptr(PvSignerKeys) keys = NULL;
	gboolean done;
	int lock;

	if (options->dry_run)
		return pv_migrate_signer_keys(source, &report->listener, NULL, NULL, error);
	lock = lock_data(options->data, error);
	if (lock < 0)
		return FALSE;
	keys = pv_signer_keys_open(directory,
				   pv_secret_take_environment("PAVISE_SIGNER_PASSPHRASE"), NULL,
				   error);
	done = keys && pv_migrate_signer_keys(source, &report->listener, take_key, keys, error);
	close(lock);
	return done;
}
