/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Publishing into the store. The GUN's row is locked first, so that publishes of one GUN follow each
 * other whichever service they come through; what was signed on top of a timestamp that is not the
 * newest any more is refused, so that of racing publishers one wins and nothing is mixed.
 */

#include <string.h>

#include "base/error.h"
#include "store/store_private.h"

#define HASH_BYTES 32

typedef struct {
	gboolean is_renewal;
	const char *gun;
	const PvDigest *base;
	const PvStoreUpdate *updates;
	guint count;
	PvTime now;
	gint64 bytes; /* how many more are stored now */
} Publish;

static const PvStoreUpdate *update_of(const Publish *publish, const char *role)
{
	const PvStoreUpdate *found = NULL;

	for (guint i = 0; i < publish->count; i++) {
		if (strcmp(publish->updates[i].role, role) == 0)
			found = &publish->updates[i];
	}
	return found;
}

PvDigest pv_store_digest(GBytes *data)
{
	gsize size;
	const void *bytes = g_bytes_get_data(data, &size);

	return pv_digest_of(PV_HASH_SHA256, bytes, size);
}

gboolean pv_store_is_digest(GBytes *stored, const PvDigest *digest)
{
	return stored && g_bytes_get_size(stored) == HASH_BYTES &&
	       memcmp(g_bytes_get_data(stored, NULL), digest->raw, HASH_BYTES) == 0;
}

static gboolean put_files(PvStoreSession *session, Publish *publish, GError **error)
{
	for (guint i = 0; i < publish->count; i++) {
		const PvStoreUpdate *update = &publish->updates[i];
		gint64 freed = 0;

		if (!pv_store_put_file(session, publish->gun, update, publish->now, &publish->bytes,
				       error) ||
		    !pv_store_prune(session, publish->gun, update->role, publish->now, &freed,
				    error))
			return FALSE;
		publish->bytes -= freed;
	}
	return TRUE;
}

/* --- quotas ------------------------------------------------------------------------------- */

gboolean pv_store_count_gun(PvStoreSession *session, gint64 step, gint64 *ret_guns, GError **error)
{
	g_autoptr(PvSqlResult) result =
		pv_session_run(session, error, PV_SQL_COUNT_GUN, pv_sql_integer(step));

	if (!result)
		return FALSE;
	*ret_guns = pv_sql_rows(result) ? pv_sql_get_integer(result, 0, 0) : 0;
	return TRUE;
}

static gboolean admit_new_gun(PvStoreSession *session, const Publish *publish, GError **error)
{
	guint64 max = session->store->options.guns_max;
	gint64 guns;

	if (!update_of(publish, "root"))
		return pv_fail(error, PV_ERROR_CONFLICT, "%s was removed meanwhile", publish->gun);
	if (!pv_store_count_gun(session, 1, &guns, error))
		return FALSE;
	if (max == 0 || (guint64)guns <= max)
		return TRUE;
	return pv_fail(error, PV_ERROR_LIMIT,
		       "this server holds %" G_GUINT64_FORMAT
		       " repositories, as many as it may; ask "
		       "its operator to raise the number, or delete one",
		       max);
}

static gboolean check_rate(PvStoreSession *session, const Publish *publish, GError **error)
{
	const PvStoreOptions *options = &session->store->options;
	g_autoptr(PvSqlResult) result = NULL;

	if (options->changes_max == 0)
		return TRUE;
	result = pv_session_run(session, error, PV_SQL_NTH_CHANGE, pv_sql_text(publish->gun),
				pv_sql_integer((gint64)options->changes_max - 1));
	if (!result)
		return FALSE;
	if (pv_sql_rows(result) == 0 ||
	    pv_sql_get_integer(result, 0, 0) <= publish->now.seconds - options->changes_window_s)
		return TRUE;
	return pv_fail(error, PV_ERROR_LIMIT,
		       "%s was changed %u times in %" G_GINT64_FORMAT
		       " seconds, as often as this server allows; try again later",
		       publish->gun, options->changes_max, options->changes_window_s);
}

gboolean pv_store_settle(PvStoreSession *session, const char *gun, gint64 bytes,
			 const PvTime *expires, gboolean is_renewal, GError **error)
{
	guint64 max = is_renewal ? 0 : session->store->options.gun_bytes_max;
	g_autoptr(PvSqlResult) result =
		pv_session_run(session, error, PV_SQL_SET_REPOSITORY, pv_sql_text(gun),
			       pv_sql_integer(bytes),
			       expires ? pv_sql_integer(expires->seconds) : pv_sql_text(NULL));
	gint64 total;

	if (!result)
		return FALSE;
	total = pv_sql_rows(result) ? pv_sql_get_integer(result, 0, 0) : 0;
	if (max == 0 || bytes <= 0 || (guint64)total <= max)
		return TRUE;
	return pv_fail(
		error, PV_ERROR_LIMIT,
		"%s would take %" G_GINT64_FORMAT " bytes, more than the %" G_GUINT64_FORMAT
		" this server allows; remove targets, or ask its operator to raise the limit",
		gun, total, max);
}

static gboolean settle(PvStoreSession *session, const Publish *publish, GError **error)
{
	const PvStoreUpdate *timestamp = update_of(publish, "timestamp");

	return pv_store_settle(session, publish->gun, publish->bytes,
			       timestamp ? &timestamp->expires : NULL, publish->is_renewal, error);
}

/* --- publish ------------------------------------------------------------------------------ */

static gboolean check_base(PvStoreSession *session, const Publish *publish, gboolean *ret_done,
			   GError **error)
{
	const PvStoreUpdate *timestamp = update_of(publish, "timestamp");
	g_autoptr(PvSqlResult) newest =
		pv_session_run(session, error, PV_SQL_NEWEST, pv_sql_text(publish->gun),
			       pv_sql_text("timestamp"));
	GBytes *hash;

	if (!newest)
		return FALSE;
	hash = pv_sql_rows(newest) ? pv_sql_get_bytes(newest, 0, 1) : NULL;
	if (session->attempt > 0 && timestamp) {
		PvDigest ours = pv_store_digest(timestamp->data);

		/* The commit whose answer was lost took place. */
		if (pv_store_is_digest(hash, &ours)) {
			*ret_done = TRUE;
			return TRUE;
		}
	}
	if (publish->base ? pv_store_is_digest(hash, publish->base) : !hash)
		return TRUE;
	return pv_fail(error, PV_ERROR_CONFLICT, "%s was published by somebody else meanwhile",
		       publish->gun);
}

static gboolean add_update_row(PvStoreSession *session, const Publish *publish, PvTime created,
			       GError **error)
{
	const PvStoreUpdate *timestamp = update_of(publish, "timestamp");
	PvDigest digest = pv_store_digest(timestamp->data);
	g_autofree char *hex = pv_digest_hex(&digest);
	PvStoreChange change = { 0, created, (char *)publish->gun, timestamp->version, hex, FALSE };

	return pv_store_add_change(session, &change, error);
}

gboolean pv_store_lock_gun(PvStoreSession *session, const char *gun, gboolean *ret_new,
			   GError **error)
{
	g_autoptr(PvSqlResult) locked =
		pv_session_run(session, error, PV_SQL_LOCK, pv_sql_text(gun));

	if (!locked)
		return FALSE;
	*ret_new = pv_sql_rows(locked) == 0 || pv_sql_get_integer(locked, 0, 0) == 0;
	return TRUE;
}

static gboolean publish_work(PvStoreSession *session, void *data, GError **error)
{
	Publish *publish = data;
	gboolean is_new, done = FALSE;

	publish->bytes = 0;
	if (!pv_store_lock_gun(session, publish->gun, &is_new, error) ||
	    !check_base(session, publish, &done, error))
		return FALSE;
	if (done)
		return TRUE;
	if (is_new && !admit_new_gun(session, publish, error))
		return FALSE;
	if (!publish->is_renewal && !check_rate(session, publish, error))
		return FALSE;
	return put_files(session, publish, error) && settle(session, publish, error) &&
	       add_update_row(session, publish, publish->now, error);
}

static gboolean publish_as(gboolean is_renewal, PvStore *store, const char *gun,
			   const PvDigest *base, const PvStoreUpdate *updates, guint count,
			   PvTime now, GError **error)
{
	Publish publish = { is_renewal, gun, base, updates, count, now, 0 };
	gboolean done;

	if (!update_of(&publish, "timestamp"))
		return pv_fail(error, PV_ERROR_INTERNAL, "a publish of %s without timestamp", gun);
	done = pv_store_write(store, publish_work, &publish, error);
	/* In any case: that an error was reported does not mean that nothing was committed. */
	pv_store_watch_changed(store->watch, gun);
	return done;
}

gboolean pv_store_publish(PvStore *store, const char *gun, const PvDigest *base,
			  const PvStoreUpdate *updates, guint count, PvTime now, GError **error)
{
	return publish_as(FALSE, store, gun, base, updates, count, now, error);
}

gboolean pv_store_renew(PvStore *store, const char *gun, const PvDigest *base,
			const PvStoreUpdate *updates, guint count, PvTime now, GError **error)
{
	return publish_as(TRUE, store, gun, base, updates, count, now, error);
}
