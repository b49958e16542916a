/* SPDX-License-Identifier: Apache-2.0 */

/* notary add, addhash, remove: changes of targets, staged. */

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "program/notary/notary.h"
#include "tuf/nodes.h"

#define SHA256_HEX 64
#define SHA512_HEX 128

/* --custom: any JSON, kept in its canonical form. */
static gboolean read_custom(const PvNotary *notary, PvFileMeta *meta, GError **error)
{
	g_autoptr(GBytes) text = NULL;
	g_autoptr(PvDocument) document = NULL;

	if (!notary->custom)
		return TRUE;
	text = pv_notary_read_file(notary->custom, PV_CHANGE_BYTES_MAX, error);
	document = text ? pv_document_parse(text, notary->custom, error) : NULL;
	if (!document)
		return FALSE;
	meta->custom = pv_node_canonical(pv_document_root(document));
	return TRUE;
}

/* Stages one change for each of --roles, or for targets. */
static gboolean stage(PvNotary *notary, const char *name, const PvFileMeta *meta, GError **error)
{
	const char *gun = pv_notary_argument(notary, 0);
	guint count = notary->roles ? notary->roles->len : 1;

	if (!pv_trust_check_gun(gun, error))
		return FALSE;
	for (guint i = 0; i < count; i++) {
		const char *role = notary->roles ? notary->roles->pdata[i] : "targets";
		g_autoptr(PvChange) change = meta ? pv_change_add_target(role, name, meta)
						  : pv_change_remove_target(role, name);

		if (!pv_changelist_add(notary->directory, gun, change, error))
			return FALSE;
	}
	return TRUE;
}

gboolean pv_notary_add(PvNotary *notary, GError **error)
{
	g_autoptr(PvFileMeta) meta = NULL;
	g_autoptr(GBytes) file = NULL;
	const char *name;

	if (notary->arguments->len < 3)
		return pv_notary_misused(notary,
					 "Must specify a GUN, target, and path to target data",
					 error);
	name = pv_notary_argument(notary, 1);
	file = pv_notary_read_file(pv_notary_argument(notary, 2), PV_FILE_BYTES_MAX, error);
	if (!file)
		return FALSE;
	meta = pv_file_meta_new(file);
	if (!read_custom(notary, meta, error) || !stage(notary, name, meta, error))
		return FALSE;
	printf("Addition of target \"%s\" to repository \"%s\" staged for next publish.\n", name,
	       pv_notary_argument(notary, 0));
	return pv_notary_maybe_publish(notary, error);
}

static gboolean read_hash(const char *hex, PvHash hash, gsize digits, const char *name,
			  PvDigest *ret_digest, GError **error)
{
	g_autofree char *lower = hex ? g_ascii_strdown(hex, -1) : NULL;
	g_autofree char *text = lower ? g_strdup_printf("%s:%s", name, lower) : NULL;

	if (!hex)
		return TRUE;
	if (strlen(hex) != digits || !pv_digest_parse(text, strlen(text), ret_digest, NULL) ||
	    ret_digest->hash != hash)
		return pv_fail(error, PV_ERROR_USAGE, "invalid %s hex contents provided", name);
	return TRUE;
}

gboolean pv_notary_addhash(PvNotary *notary, GError **error)
{
	g_autoptr(PvFileMeta) meta = g_new0(PvFileMeta, 1);
	const char *name, *size;

	if (notary->arguments->len < 3 || (!notary->sha256 && !notary->sha512))
		return pv_notary_misused(notary,
					 "Must specify a GUN, target, byte size of target data, "
					 "and at least one hash",
					 error);
	name = pv_notary_argument(notary, 1);
	size = pv_notary_argument(notary, 2);
	if (!g_ascii_string_to_unsigned(size, 10, 0, G_MAXINT64, &meta->length, NULL))
		return pv_fail(error, PV_ERROR_USAGE,
			       "strconv.ParseInt: parsing \"%.64s\": invalid syntax", size);
	if (!read_hash(notary->sha256, PV_HASH_SHA256, SHA256_HEX, "sha256", &meta->sha256,
		       error) ||
	    !read_hash(notary->sha512, PV_HASH_SHA512, SHA512_HEX, "sha512", &meta->sha512,
		       error) ||
	    !read_custom(notary, meta, error) || !stage(notary, name, meta, error))
		return FALSE;
	printf("Addition of target \"%s\" by %s hash to repository \"%s\" staged for next "
	       "publish.\n",
	       name,
	       notary->sha256 && notary->sha512 ? "sha256, sha512"
	       : notary->sha256                 ? "sha256"
						: "sha512",
	       pv_notary_argument(notary, 0));
	return pv_notary_maybe_publish(notary, error);
}

gboolean pv_notary_remove(PvNotary *notary, GError **error)
{
	if (notary->arguments->len < 2)
		return pv_fail(error, PV_ERROR_USAGE, "Must specify a GUN and target");
	if (!stage(notary, pv_notary_argument(notary, 1), NULL, error))
		return FALSE;
	printf("Removal of %s from %s staged for next publish.\n", pv_notary_argument(notary, 1),
	       pv_notary_argument(notary, 0));
	return pv_notary_maybe_publish(notary, error);
}
