/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How the TUF 1.0 client gets a file of metadata: by which name, how many bytes at most, and what
 * is checked in which order before anything is believed (specification 5.5, 5.6).
 */

#include "base/error.h"
#include "base/limits.h"
#include "tuf/tuf1_client_private.h"

static GBytes *fetch_file(PvTuf1Client *client, const char *role, gint64 version, gsize max_bytes,
			  GError **error)
{
	g_autofree char *escaped = g_uri_escape_string(role, NULL, FALSE);
	g_autofree char *name =
		version > 0 ? g_strdup_printf("%" G_GINT64_FORMAT ".%s.json", version, escaped)
			    : g_strconcat(escaped, ".json", NULL);

	return client->remote.fetch(client->remote.remote, name, max_bytes, error);
}

PvTuf1Metadata *pv_tuf1_client_fetch(PvTuf1Client *client, PvTuf1Type type, const char *role,
				     gint64 version, gsize max_bytes, GError **error)
{
	g_autoptr(GBytes) file = fetch_file(client, role, version, max_bytes, error);

	return file ? pv_tuf1_parse(type, role, file, error) : NULL;
}

PvTuf1Metadata *pv_tuf1_client_fetch_vouched(PvTuf1Client *client, PvTuf1Type type,
					     const char *role, const PvTuf1Meta *meta,
					     const PvTuf1Role *signer, GError **error)
{
	gint64 version = client->root->consistent_snapshot ? meta->version : 0;
	gsize max_bytes = meta->length >= 0 ? (gsize)meta->length : PV_METADATA_BYTES_MAX;
	g_autoptr(GBytes) file = fetch_file(client, role, version, max_bytes, error);
	g_autoptr(PvTuf1Metadata) metadata = NULL;

	if (!file || !pv_tuf1_check_meta(meta, file, role, error))
		return NULL;
	metadata = pv_tuf1_parse(type, role, file, error);
	if (!metadata || !pv_tuf1_verify(metadata, signer, error))
		return NULL;
	if (metadata->version != meta->version)
		return pv_fail_null(error, PV_ERROR_MIX,
				    "%.64s has version %" G_GINT64_FORMAT
				    ", signed is version %" G_GINT64_FORMAT,
				    role, metadata->version, meta->version);
	return pv_tuf1_check_expiry(metadata, client->now, error) ? g_steal_pointer(&metadata)
								  : NULL;
}

gboolean pv_tuf1_client_is_current(const PvTuf1Client *client, const PvTuf1Metadata *local,
				   const PvTuf1Meta *meta, const PvTuf1Role *signer)
{
	return local->version == meta->version &&
	       pv_tuf1_check_meta(meta, local->file, local->role, NULL) &&
	       pv_tuf1_verify(local, signer, NULL) &&
	       pv_tuf1_check_expiry(local, client->now, NULL);
}

PvTuf1Metadata *pv_tuf1_client_load_targets(PvTuf1Client *client, const char *role,
					    const PvTuf1Role *signer, GError **error)
{
	g_autofree char *file_name = g_strconcat(role, ".json", NULL);
	const PvTuf1Meta *meta = g_hash_table_lookup(client->snapshot->meta, file_name);
	PvTuf1Metadata *known = g_hash_table_lookup(client->targets, role);
	g_autoptr(PvTuf1Metadata) metadata = NULL;

	if (!meta)
		return pv_fail_null(error, PV_ERROR_MIX,
				    "role '%.64s' is delegated to, but not in the snapshot", role);
	if (known && pv_tuf1_verify(known, signer, NULL))
		return pv_tuf1_ref(known);
	/* It was just fetched: asking again for the same version would bring the same. */
	if (known && g_hash_table_contains(client->fetched, role)) {
		pv_tuf1_verify(known, signer, error);
		return NULL;
	}
	metadata = known ? NULL : pv_tuf1_store_load(client, PV_TUF1_TARGETS, role);
	if (!metadata || !pv_tuf1_client_is_current(client, metadata, meta, signer)) {
		g_clear_pointer(&metadata, pv_tuf1_unref);
		metadata = pv_tuf1_client_fetch_vouched(client, PV_TUF1_TARGETS, role, meta, signer,
							error);
		if (!metadata || !pv_tuf1_store_save(client, metadata, error))
			return NULL;
		g_hash_table_add(client->fetched, g_strdup(role));
	}
	g_hash_table_insert(client->targets, g_strdup(role), pv_tuf1_ref(metadata));
	return g_steal_pointer(&metadata);
}
