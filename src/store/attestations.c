/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Attestations of a GUN's keys: one a key, beside its metadata and apart from it, since Notary's files
 * have no place for them and a publish must not cost more for them. What they prove is for clients
 * to find out; here they are bytes that belong to a GUN and go with it.
 */

#include "base/error.h"
#include "base/limits.h"
#include "store/store_private.h"

typedef struct {
	const char *gun, *key_id;
	GBytes *data; /* to be put */
	PvTime now;
	gboolean is_new;
	PvStoredFile found;
} Attestation;

static PvSqlResult *found_row(PvStoreSession *session, const Attestation *attestation,
			      GError **error)
{
	return pv_session_run(session, error, PV_SQL_GET_ATTESTATION, pv_sql_text(attestation->gun),
			      pv_sql_text(attestation->key_id));
}

/* --- reading ------------------------------------------------------------------------------ */

static gboolean get_work(PvStoreSession *session, void *data, GError **error)
{
	Attestation *attestation = data;
	g_autoptr(PvSqlResult) row = found_row(session, attestation, error);
	PvDigest sha256;
	GBytes *bytes;

	if (!row)
		return FALSE;
	if (pv_sql_rows(row) == 0)
		return pv_fail(error, PV_ERROR_NOT_FOUND,
			       "no attestation of key %.12s of %s is stored", attestation->key_id,
			       attestation->gun);
	bytes = pv_sql_get_bytes(row, 0, 3);
	sha256 = pv_store_digest(bytes);
	if (!pv_store_is_digest(pv_sql_get_bytes(row, 0, 0), &sha256))
		return pv_fail(
			error, PV_ERROR_IO,
			"the stored attestation of key %.12s of %s was changed: it has not "
			"the hash it was stored under; restore the store's files from a backup",
			attestation->key_id, attestation->gun);
	attestation->found.data = g_bytes_ref(bytes);
	attestation->found.sha256 = sha256;
	attestation->found.created = (PvTime){ pv_sql_get_integer(row, 0, 1), 0 };
	return TRUE;
}

gboolean pv_store_get_attestation(PvStore *store, const char *gun, const char *key_id,
				  PvStoredFile *ret_file, GError **error)
{
	Attestation attestation = { .gun = gun, .key_id = key_id };

	if (!pv_store_read(store, get_work, &attestation, error))
		return FALSE;
	*ret_file = attestation.found;
	return TRUE;
}

/* --- writing ------------------------------------------------------------------------------ */

static gboolean admit_one_more(PvStoreSession *session, const Attestation *attestation,
			       GError **error)
{
	g_autoptr(PvSqlResult) count = pv_session_run(session, error, PV_SQL_COUNT_ATTESTATIONS,
						      pv_sql_text(attestation->gun));

	if (!count)
		return FALSE;
	if (pv_sql_rows(count) && pv_sql_get_integer(count, 0, 0) < PV_STORE_ATTESTATIONS_MAX)
		return TRUE;
	return pv_fail(error, PV_ERROR_LIMIT, "%s has attestations of %d keys, as many as it may",
		       attestation->gun, PV_STORE_ATTESTATIONS_MAX);
}

static gboolean put_row(PvStoreSession *session, const Attestation *attestation,
			const PvDigest *sha256, GError **error)
{
	gsize size;
	const void *bytes = g_bytes_get_data(attestation->data, &size);
	g_autoptr(PvSqlResult) put =
		pv_session_run(session, error, PV_SQL_PUT_ATTESTATION,
			       pv_sql_text(attestation->gun), pv_sql_text(attestation->key_id),
			       pv_sql_digest(sha256), pv_sql_integer(attestation->now.seconds),
			       pv_sql_integer((gint64)size), pv_sql_bytes(bytes, size));

	return put != NULL;
}

static gboolean put_work(PvStoreSession *session, void *data, GError **error)
{
	Attestation *attestation = data;
	PvDigest sha256 = pv_store_digest(attestation->data);
	gint64 more = (gint64)g_bytes_get_size(attestation->data);
	g_autoptr(PvSqlResult) before = NULL;
	gboolean no_gun;

	if (!pv_store_lock_gun(session, attestation->gun, &no_gun, error))
		return FALSE;
	if (no_gun) /* what the lock has made is rolled back */
		return pv_fail(error, PV_ERROR_NOT_FOUND, "%s has no trust data", attestation->gun);
	before = found_row(session, attestation, error);
	if (!before)
		return FALSE;
	attestation->is_new = pv_sql_rows(before) == 0;
	if (!attestation->is_new) {
		if (pv_store_is_digest(pv_sql_get_bytes(before, 0, 0), &sha256))
			return TRUE;
		more -= pv_sql_get_integer(before, 0, 2);
	} else if (!admit_one_more(session, attestation, error)) {
		return FALSE;
	}
	return put_row(session, attestation, &sha256, error) &&
	       pv_store_settle(session, attestation->gun, more, NULL, FALSE, error);
}

gboolean pv_store_put_attestation(PvStore *store, const char *gun, const char *key_id, GBytes *data,
				  PvTime now, gboolean *ret_new, GError **error)
{
	Attestation attestation = { .gun = gun, .key_id = key_id, .data = data, .now = now };

	if (!pv_store_write(store, put_work, &attestation, error))
		return FALSE;
	*ret_new = attestation.is_new;
	return TRUE;
}
