/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What may go: versions that no client can still need. Of a role always a run of the oldest
 * versions is removed, in the transaction that adds a new one, with the pieces that only they had.
 */

#include <string.h>

#include "store/store_private.h"

static gboolean prune_below(PvStoreSession *session, const char *gun, const char *role,
			    gint64 version, gint64 *ret_bytes, GError **error)
{
	PvSqlValue values[] = { pv_sql_text(gun), pv_sql_text(role), pv_sql_integer(version) };
	g_autoptr(PvSqlResult) files =
		pv_session_query(session, error, PV_SQL_PRUNE_FILES, values, 3);
	g_autoptr(PvSqlResult) pieces = NULL;
	gint64 bytes = 0;

	if (!files)
		return FALSE;
	if (files->changed > 0) {
		pieces = pv_session_query(session, error, PV_SQL_PRUNE_PIECES, values, 3);
		if (!pieces)
			return FALSE;
		for (guint i = 0; i < pv_sql_rows(pieces); i++)
			bytes += pv_sql_get_integer(pieces, i, 0);
	}
	*ret_bytes = bytes;
	return TRUE;
}

gboolean pv_store_prune(PvStoreSession *session, const char *gun, const char *role, PvTime now,
			gint64 *ret_bytes, GError **error)
{
	const PvStoreOptions *options = &session->store->options;
	g_autoptr(PvSqlResult) oldest = NULL;
	gint64 by_time, by_count;

	*ret_bytes = 0;
	if (options->keep_seconds == 0 || strcmp(role, "root") == 0)
		return TRUE;
	oldest = pv_session_run(session, error, PV_SQL_OLDEST_KEPT, pv_sql_text(gun),
				pv_sql_text(role),
				pv_sql_integer(now.seconds - options->keep_seconds),
				pv_sql_integer(options->keep_versions));
	if (!oldest)
		return FALSE;
	/* NULL, as 0: all versions are younger. */
	by_time = pv_sql_get_integer(oldest, 0, 0);
	by_count = pv_sql_get_integer(oldest, 0, 1);
	if (MIN(by_time, by_count) <= 1)
		return TRUE;
	return prune_below(session, gun, role, MIN(by_time, by_count), ret_bytes, error);
}
