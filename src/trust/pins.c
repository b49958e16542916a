/* SPDX-License-Identifier: Apache-2.0 */

/* Pinned roots (trust.md 3.3). */

#include "trust/pins.h"

#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "crypto/certificate.h"

PvPins *pv_pins_new(void)
{
	PvPins *pins = g_new0(PvPins, 1);

	pins->certs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					    (GDestroyNotify)g_ptr_array_unref);
	pins->ca = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	return pins;
}

void pv_pins_free(PvPins *pins)
{
	if (!pins)
		return;
	g_hash_table_unref(pins->certs);
	g_hash_table_unref(pins->ca);
	g_free(pins);
}

/* The longest key of @table that is a prefix of @gun; with an asterisk at its end if @wildcard. */
static const char *longest_prefix(GHashTable *table, const char *gun, gboolean wildcard)
{
	const char *best = NULL;
	GHashTableIter iter;
	void *key;

	g_hash_table_iter_init(&iter, table);
	while (g_hash_table_iter_next(&iter, &key, NULL)) {
		gsize length = strlen(key);

		if (wildcard && (length == 0 || ((char *)key)[length - 1] != '*'))
			continue;
		if (strncmp(gun, key, wildcard ? length - 1 : length) == 0 &&
		    (!best || length > strlen(best)))
			best = key;
	}
	return best;
}

/* Pinned are only keys that signed: a root that merely lists one could be anybody's. */
static gboolean has_signatures(const PvMetadata *root, const PvRole *pinned, GError **error)
{
	if (pinned->keys->len == 0)
		return pv_fail(error, PV_ERROR_ROOT, "none of its root keys is a pinned one");
	if (!pv_metadata_verify(root, pinned, NULL))
		return pv_fail(error, PV_ERROR_ROOT, "it is not signed by the pinned root keys");
	return TRUE;
}

static gboolean is_listed(const GPtrArray *ids, const PvPublicKey *key)
{
	for (guint i = 0; i < ids->len; i++) {
		if (strcmp(ids->pdata[i], pv_public_key_id(key)) == 0 ||
		    strcmp(ids->pdata[i], pv_public_key_canonical_id(key)) == 0)
			return TRUE;
	}
	return FALSE;
}

gboolean pv_pins_check_ids(const GPtrArray *ids, const PvMetadata *root, GError **error)
{
	const PvRole *role = g_hash_table_lookup(root->roles, "root");
	g_autoptr(PvRole) pinned = pv_role_new("root", role->threshold);

	for (guint i = 0; i < role->keys->len; i++) {
		if (is_listed(ids, role->keys->pdata[i]))
			g_ptr_array_add(pinned->keys, pv_public_key_ref(role->keys->pdata[i]));
	}
	return has_signatures(root, pinned, error);
}

static gboolean check_authority(const char *path, const PvMetadata *root, PvTime now,
				GError **error)
{
	const PvRole *role = g_hash_table_lookup(root->roles, "root");
	g_autoptr(PvRole) pinned = pv_role_new("root", role->threshold);
	g_autoptr(GBytes) pem = pv_file_read(path, PV_CERTIFICATE_BYTES_MAX, error);
	g_autoptr(GError) first = NULL;

	if (!pem)
		return FALSE;
	for (guint i = 0; i < role->keys->len; i++) {
		PvPublicKey *key = role->keys->pdata[i];

		if (pv_certificate_check_issuer(key, pem, now, first ? NULL : &first))
			g_ptr_array_add(pinned->keys, pv_public_key_ref(key));
	}
	if (pinned->keys->len == 0 && first)
		return pv_fail(error, PV_ERROR_ROOT, "%s did not issue its certificate: %s", path,
			       first->message);
	return has_signatures(root, pinned, error);
}

PvPinsVerdict pv_pins_judge(const PvPins *pins, const char *gun, const PvMetadata *root, PvTime now,
			    GError **error)
{
	const GPtrArray *ids = g_hash_table_lookup(pins->certs, gun);
	const char *prefix = ids ? NULL : longest_prefix(pins->certs, gun, TRUE);

	if (prefix)
		ids = g_hash_table_lookup(pins->certs, prefix);
	if (ids)
		return pv_pins_check_ids(ids, root, error) ? PV_PINS_ACCEPTED : PV_PINS_REFUSED;
	prefix = longest_prefix(pins->ca, gun, FALSE);
	if (!prefix)
		return PV_PINS_SILENT;
	return check_authority(g_hash_table_lookup(pins->ca, prefix), root, now, error)
		       ? PV_PINS_ACCEPTED
		       : PV_PINS_REFUSED;
}
