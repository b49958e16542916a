/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Repositories out of notary-server's database. The source is read once, in whatever order it has;
 * the bytes wait in a temporary file without a name, so that a database larger than memory can be
 * taken over. Then each repository is verified and stored by itself.
 */

#include "migrate/repositories.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "migrate/chain.h"
#include "migrate/value.h"

/* A file that waits in the spool. */
typedef struct {
	char *role;
	gint64 version;
	goffset offset;
	gsize size;
	PvTime created;
	gboolean is_damaged;
} Waiting;

typedef struct {
	char *gun;
	GPtrArray *files;   /* of Waiting */
	GPtrArray *changes; /* of PvStoreChange */
} Repository;

typedef struct {
	const PvMigrateListener *listener;
	PvMigrateHasKey has_key;
	void *has_key_data;
	PvStore *store;
	int spool;
	goffset spool_end;
	GHashTable *repositories; /* GUN → Repository */
	PvRowCount rows;
} Migration;

static void waiting_free(Waiting *waiting)
{
	g_free(waiting->role);
	g_free(waiting);
}

static void repository_free(Repository *repository)
{
	g_free(repository->gun);
	g_ptr_array_unref(repository->files);
	g_ptr_array_unref(repository->changes);
	g_free(repository);
}

static void migration_clear(Migration *migration)
{
	if (migration->spool >= 0)
		close(migration->spool);
	g_hash_table_unref(migration->repositories);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Migration, migration_clear)

static int open_spool(GError **error)
{
	g_autofree char *path = NULL;
	int fd = g_file_open_tmp("pavise-migrate-XXXXXX", &path, error);

	if (fd >= 0)
		unlink(path);
	return fd;
}

/* --- reading ------------------------------------------------------------------------------ */

static Repository *repository_of(Migration *migration, const char *gun)
{
	Repository *repository = g_hash_table_lookup(migration->repositories, gun);

	if (repository)
		return repository;
	repository = g_new0(Repository, 1);
	repository->gun = g_strdup(gun);
	repository->files = g_ptr_array_new_with_free_func((GDestroyNotify)waiting_free);
	repository->changes = g_ptr_array_new_with_free_func((GDestroyNotify)pv_store_change_free);
	g_hash_table_insert(migration->repositories, repository->gun, repository);
	return repository;
}

static gboolean count_row(Migration *migration, gboolean is_kept, GError **error)
{
	if (!pv_row_count_add(&migration->rows, is_kept, error))
		return FALSE;
	if (migration->rows.read % 64 == 0)
		migration->listener->progress(migration->listener->data, "rows read",
					      migration->rows.read);
	return TRUE;
}

static void say_refused(const Migration *migration, const char *gun, const char *why)
{
	PvMigrateOutcome outcome = { .gun = gun, .why = why };

	migration->listener->outcome(migration->listener->data, &outcome);
}

static gboolean spool_row(Migration *migration, const PvMigrateField *data, Waiting *into,
			  GError **error)
{
	gsize done = 0;

	while (done < data->size) {
		gssize wrote = pwrite(migration->spool, data->data + done, data->size - done,
				      migration->spool_end + (goffset)done);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0)
			return pv_fail_errno(error, errno, "cannot write a temporary file in %s",
					     g_get_tmp_dir());
		done += (gsize)wrote;
	}
	into->offset = migration->spool_end;
	into->size = data->size;
	migration->spool_end += (goffset)data->size;
	return TRUE;
}

static gboolean has_hash(const PvMigrateField *data, const PvMigrateField *sha256)
{
	PvDigest digest = pv_digest_of(PV_HASH_SHA256, data->data, data->size);
	g_autofree char *hex = pv_digest_hex(&digest);

	return sha256->data && sha256->size == strlen(hex) &&
	       memcmp(hex, sha256->data, sha256->size) == 0;
}

/* (transfer none) (nullable): where a row belongs: NULL if a newer one is there already. */
static Waiting *place_of(Repository *repository, const char *role, gint64 version)
{
	gboolean is_root = strcmp(role, "root") == 0;
	Waiting *place = NULL;

	for (guint i = 0; !is_root && i < repository->files->len; i++) {
		Waiting *other = repository->files->pdata[i];

		if (strcmp(other->role, role) != 0)
			continue;
		if (other->version >= version)
			return NULL;
		place = other;
	}
	if (!place) {
		place = g_new0(Waiting, 1);
		place->role = g_strdup(role);
		g_ptr_array_add(repository->files, place);
	}
	place->version = version;
	return place;
}

static gboolean take_file(void *data, const PvMigrateField *fields, GError **error)
{
	Migration *migration = data;
	g_autofree char *gun = pv_value_text(&fields[PV_FILE_GUN], PV_GUN_BYTES_MAX);
	g_autofree char *role = pv_value_text(&fields[PV_FILE_ROLE], PV_ROLE_NAME_BYTES_MAX);
	gint64 version;
	Waiting *place;

	if (fields[PV_FILE_DELETED].data)
		return count_row(migration, FALSE, error);
	if (!gun) {
		say_refused(migration, "", "a row without a usable repository name");
		return count_row(migration, FALSE, error);
	}
	if (!role || !fields[PV_FILE_DATA].data ||
	    !pv_value_number(&fields[PV_FILE_VERSION], &version) || version < 1) {
		say_refused(migration, gun, "a row without role, version or data was passed over");
		return count_row(migration, FALSE, error);
	}
	place = place_of(repository_of(migration, gun), role, version);
	if (!place)
		return count_row(migration, FALSE, error);
	if (!pv_value_time(&fields[PV_FILE_CREATED], &place->created))
		place->created = pv_time_now();
	place->is_damaged = !has_hash(&fields[PV_FILE_DATA], &fields[PV_FILE_SHA256]);
	return spool_row(migration, &fields[PV_FILE_DATA], place, error) &&
	       count_row(migration, TRUE, error);
}

static gboolean take_change(void *data, const PvMigrateField *fields, GError **error)
{
	Migration *migration = data;
	g_autofree char *gun = pv_value_text(&fields[PV_CHANGE_GUN], PV_GUN_BYTES_MAX);
	g_autofree char *sha256 = pv_value_text(&fields[PV_CHANGE_SHA256], 64);
	g_autofree char *category = pv_value_text(&fields[PV_CHANGE_CATEGORY], 20);
	Repository *repository = gun ? g_hash_table_lookup(migration->repositories, gun) : NULL;
	gboolean is_deletion = g_strcmp0(category, "deletion") == 0;
	PvStoreChange *change;
	gint64 version = 0;

	if (!repository ||
	    (!is_deletion && (!sha256 || strlen(sha256) != 64 ||
			      !pv_value_number(&fields[PV_CHANGE_VERSION], &version))))
		return count_row(migration, FALSE, error);
	change = g_new0(PvStoreChange, 1);
	change->gun = g_strdup(gun);
	change->version = is_deletion ? 0 : version;
	change->sha256 = g_strdup(is_deletion ? "" : sha256);
	change->is_deletion = is_deletion;
	if (!pv_value_time(&fields[PV_CHANGE_CREATED], &change->created))
		change->created = pv_time_now();
	g_ptr_array_add(repository->changes, change);
	return count_row(migration, TRUE, error);
}

/* --- storing ------------------------------------------------------------------------------ */

static GBytes *spooled(const Migration *migration, const Waiting *waiting, GError **error)
{
	g_autofree char *bytes = g_try_malloc(waiting->size + 1);
	gsize done = 0;

	while (bytes && done < waiting->size) {
		gssize got = pread(migration->spool, bytes + done, waiting->size - done,
				   waiting->offset + (goffset)done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return pv_fail_errno(error, errno, "cannot read the temporary file"), NULL;
		done += (gsize)got;
	}
	if (!bytes)
		return pv_fail_null(error, PV_ERROR_LIMIT, "no memory for %zu bytes",
				    waiting->size);
	return g_bytes_new_take(g_steal_pointer(&bytes), waiting->size);
}

static int compare_files(gconstpointer a, gconstpointer b)
{
	const Waiting *left = *(Waiting *const *)a, *right = *(Waiting *const *)b;
	int order = strcmp(left->role, right->role);

	return order ? order : (left->version > right->version) - (left->version < right->version);
}

/* (transfer full): of PvMigrateFile. */
static GPtrArray *files_of(const Migration *migration, Repository *repository, GError **error)
{
	g_autoptr(GPtrArray) files =
		g_ptr_array_new_with_free_func((GDestroyNotify)pv_migrate_file_free);

	g_ptr_array_sort(repository->files, compare_files);
	for (guint i = 0; i < repository->files->len; i++) {
		const Waiting *waiting = repository->files->pdata[i];
		GBytes *bytes = spooled(migration, waiting, error);
		PvMigrateFile *file;

		if (!bytes)
			return NULL;
		file = g_new0(PvMigrateFile, 1);
		file->role = g_strdup(waiting->role);
		file->version = waiting->version;
		file->data = bytes;
		file->created = waiting->created;
		g_ptr_array_add(files, file);
	}
	return g_steal_pointer(&files);
}

static gboolean check_damage(const Repository *repository, GError **error)
{
	for (guint i = 0; i < repository->files->len; i++) {
		const Waiting *waiting = repository->files->pdata[i];

		if (waiting->is_damaged)
			return pv_fail(error, PV_ERROR_DIGEST,
				       "%s version %" G_GINT64_FORMAT
				       ": the bytes do not have the sha256 of their row",
				       waiting->role, waiting->version);
	}
	return TRUE;
}

static void note_keys(const Migration *migration, const char *gun, const char *role, GPtrArray *ids,
		      GPtrArray *notes)
{
	for (guint i = 0; i < ids->len; i++) {
		if (migration->has_key(migration->has_key_data, gun, role, ids->pdata[i]))
			return;
	}
	if (strcmp(role, "timestamp") == 0)
		g_ptr_array_add(notes,
				g_strdup("its timestamp key is not here; run `pavise migrate "
					 "signer` before the service starts"));
}

static gboolean store_files(const Migration *migration, const Repository *repository,
			    GPtrArray *files, GError **error)
{
	g_autofree PvStoreUpdate *updates = g_new0(PvStoreUpdate, files->len);
	GPtrArray *changes = repository->changes->len ? repository->changes : NULL;
	guint count = 0;

	for (guint i = 0; i < files->len; i++) {
		const PvMigrateFile *file = files->pdata[i];

		if (file->is_current)
			updates[count++] = (PvStoreUpdate){ file->role, file->version, file->data,
							    file->expires, file->created };
	}
	return !migration->store ||
	       pv_store_import(migration->store, repository->gun, updates, count, changes, error);
}

static gboolean move_repository(const Migration *migration, Repository *repository,
				GPtrArray *notes, GError **error)
{
	g_autoptr(GPtrArray) files = NULL;
	g_autoptr(GPtrArray) timestamp_keys = NULL;
	g_autoptr(GPtrArray) snapshot_keys = NULL;

	if (!check_damage(repository, error))
		return FALSE;
	files = files_of(migration, repository, error);
	if (!files ||
	    !pv_migrate_verify(files, pv_time_now(), notes, &timestamp_keys, &snapshot_keys, error))
		return FALSE;
	if (migration->has_key)
		note_keys(migration, repository->gun, "timestamp", timestamp_keys, notes);
	return store_files(migration, repository, files, error);
}

/* Would the next repository fail for the same reason? */
static gboolean is_general(const GError *why)
{
	return g_error_matches(why, PV_ERROR, PV_ERROR_UNREACHABLE) ||
	       g_error_matches(why, PV_ERROR, PV_ERROR_IO);
}

static gboolean move_all(Migration *migration, GError **error)
{
	g_autoptr(GList) guns =
		g_list_sort(g_hash_table_get_keys(migration->repositories), (GCompareFunc)strcmp);
	guint64 done = 0;

	for (GList *gun = guns; gun; gun = gun->next) {
		Repository *repository = g_hash_table_lookup(migration->repositories, gun->data);
		g_autoptr(GPtrArray) notes = g_ptr_array_new_with_free_func(g_free);
		g_autoptr(GError) why = NULL;
		PvMigrateOutcome outcome = { .gun = repository->gun, .notes = notes };

		if (!move_repository(migration, repository, notes, &why)) {
			if (is_general(why)) {
				g_propagate_error(error, g_steal_pointer(&why));
				return FALSE;
			}
			outcome.why = why->message;
		}
		migration->listener->progress(migration->listener->data, "repositories", ++done);
		migration->listener->outcome(migration->listener->data, &outcome);
	}
	return TRUE;
}

gboolean pv_migrate_repositories(const char *source, PvStore *store,
				 const PvMigrateListener *listener, PvMigrateHasKey has_key,
				 void *has_key_data, GError **error)
{
	g_auto(Migration)
		migration = { .listener = listener,
			      .has_key = has_key,
			      .has_key_data = has_key_data,
			      .store = store,
			      .spool = open_spool(error),
			      .repositories =
				      g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
							    (GDestroyNotify)repository_free) };

	return migration.spool >= 0 &&
	       pv_migrate_read(source, &pv_migrate_files, take_file, &migration, error) &&
	       pv_migrate_read(source, &pv_migrate_changes, take_change, &migration, error) &&
	       move_all(&migration, error);
}
