/* SPDX-License-Identifier: Apache-2.0 */

/* Keys out of notary-signer's database: encrypted by alias, checked against their own rows. */

#include "migrate/keys.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "crypto/jwe.h"
#include "migrate/value.h"

typedef struct {
	const PvMigrateListener *listener;
	PvMigrateTakeKey take;
	void *take_data;
	GHashTable *passphrases; /* alias → PvSecret; NULL for one that was not set */
	guint64 rows;
} Migration;

/* The texts of one row. */
typedef struct {
	char *gun, *role, *id, *algorithm, *alias;
} Row;

static void row_clear(Row *row)
{
	g_free(row->gun);
	g_free(row->role);
	g_free(row->id);
	g_free(row->algorithm);
	g_free(row->alias);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Row, row_clear)

static void passphrase_free(gpointer secret)
{
	pv_secret_free(secret);
}

static const PvSecret *passphrase_of(Migration *migration, const char *alias, GError **error)
{
	g_autofree char *upper = g_ascii_strup(alias, -1);
	g_autofree char *name = g_strconcat("NOTARY_SIGNER_", upper, NULL);
	gpointer secret = NULL;

	if (!g_hash_table_lookup_extended(migration->passphrases, upper, NULL, &secret)) {
		secret = pv_secret_take_environment(name);
		g_hash_table_insert(migration->passphrases, g_strdup(upper), secret);
	}
	if (!secret)
		return pv_fail_null(error, PV_ERROR_PASSPHRASE,
				    "it is encrypted under alias %s; set %s to its passphrase",
				    alias, name);
	return secret;
}

static gboolean read_texts(const PvMigrateField *fields, Row *row, GError **error)
{
	row->id = pv_value_text(&fields[PV_KEY_ROW_ID], 64);
	row->gun = pv_value_text(&fields[PV_KEY_ROW_GUN], PV_GUN_BYTES_MAX);
	row->role = pv_value_text(&fields[PV_KEY_ROW_ROLE], PV_ROLE_NAME_BYTES_MAX);
	row->algorithm = pv_value_text(&fields[PV_KEY_ROW_ALGORITHM], 50);
	row->alias = pv_value_text(&fields[PV_KEY_ROW_ALIAS], 50);
	if (!row->id || strlen(row->id) != 64 || !row->algorithm || !row->alias)
		return pv_fail(error, PV_ERROR_SYNTAX,
			       "its row lacks key_id, algorithm or passphrase_alias");
	if (!row->gun || !row->role)
		return pv_fail(
			error, PV_ERROR_SYNTAX,
			"its row names no repository and role (made by an old notary-signer), "
			"so where it belongs is not known; rotate that key");
	if (strcmp(row->role, "timestamp") != 0 && strcmp(row->role, "snapshot") != 0)
		return pv_fail(error, PV_ERROR_ROLE,
			       "role %s: a server keeps keys of timestamp and snapshot only",
			       row->role);
	return TRUE;
}

static gboolean check_public(const PvMigrateField *fields, const Row *row, GError **error)
{
	const PvMigrateField *public = &fields[PV_KEY_ROW_PUBLIC];
	g_autoptr(PvPublicKey) key = NULL;

	if (!public->data || public->size > PV_PUBLIC_KEY_BYTES_MAX)
		return pv_fail(error, PV_ERROR_KEY, "its row has no public key");
	key = pv_public_key_new(row->algorithm, (const guint8 *)public->data, public->size, error);
	if (!key)
		return FALSE;
	if (strcmp(pv_public_key_id(key), row->id) != 0)
		return pv_fail(error, PV_ERROR_KEY, "the public key of its row has another id, %s",
			       pv_public_key_id(key));
	return TRUE;
}

static PvPrivateKey *open_key(Migration *migration, const PvMigrateField *fields, const Row *row,
			      GError **error)
{
	const PvMigrateField *private = &fields[PV_KEY_ROW_PRIVATE];
	const PvSecret *passphrase = passphrase_of(migration, row->alias, error);
	g_autoptr(PvSecret) der = NULL;
	g_autoptr(PvPrivateKey) key = NULL;

	if (!passphrase)
		return NULL;
	if (!private->data)
		return pv_fail_null(error, PV_ERROR_KEY, "its row has no private key");
	der = pv_jwe_open(private->data, private->size, passphrase, error);
	if (!der) {
		pv_fail_wrap(error, "alias %s", row->alias);
		return NULL;
	}
	key = pv_private_key_new_der((const guint8 *)der->data, der->size, error);
	if (key && strcmp(pv_public_key_id(pv_private_key_public(key)), row->id) != 0)
		return pv_fail_null(error, PV_ERROR_KEY,
				    "the private key of its row belongs to another id, %s",
				    pv_public_key_id(pv_private_key_public(key)));
	return g_steal_pointer(&key);
}

static PvPrivateKey *checked_key(Migration *migration, const PvMigrateField *fields, Row *row,
				 GError **error)
{
	if (!read_texts(fields, row, error) || !check_public(fields, row, error))
		return NULL;
	return open_key(migration, fields, row, error);
}

static gboolean take_row(void *data, const PvMigrateField *fields, GError **error)
{
	Migration *migration = data;
	gboolean is_pending = !fields[PV_KEY_ROW_LAST_USED].data;
	g_autoptr(PvPrivateKey) key = NULL;
	g_autoptr(GPtrArray) notes = NULL;
	g_autoptr(GError) why = NULL;
	g_auto(Row) row = { 0 };
	PvMigrateOutcome outcome = { 0 };

	migration->listener->progress(migration->listener->data, "keys", ++migration->rows);
	if (fields[PV_KEY_ROW_DELETED].data)
		return TRUE;
	key = checked_key(migration, fields, &row, &why);
	if (key && migration->take &&
	    !migration->take(migration->take_data, row.gun, row.role, key, is_pending, error))
		return FALSE;
	if (key && is_pending) {
		notes = g_ptr_array_new_with_free_func(g_free);
		g_ptr_array_add(notes, g_strdup("pending: made, and not used yet"));
	}
	outcome = (PvMigrateOutcome){ row.gun ? row.gun : "", row.role ? row.role : "",
				      row.id ? row.id : "", key ? NULL : why->message, notes };
	migration->listener->outcome(migration->listener->data, &outcome);
	return TRUE;
}

gboolean pv_migrate_signer_keys(const char *source, const PvMigrateListener *listener,
				PvMigrateTakeKey take, void *take_data, GError **error)
{
	Migration migration = { .listener = listener, .take = take, .take_data = take_data };
	gboolean done;

	migration.passphrases =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, passphrase_free);
	done = pv_migrate_read(source, &pv_migrate_keys, take_row, &migration, error);
	g_hash_table_unref(migration.passphrases);
	return done;
}
