/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Roles, signatures and file descriptions: the small values that metadata is made of, in every
 * dialect. Role names follow Notary (trust.md 1.3): `[-a-z0-9_/]`, path-clean, under 256 bytes.
 */

#include "tuf/metadata.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"

static gboolean is_clean_delegation(const char *name)
{
	gsize part = 0;

	for (const char *p = name;; p++) {
		if (*p == '/' || *p == '\0') {
			if (part == 0)
				return FALSE;
			part = 0;
			if (*p == '\0')
				return TRUE;
		} else if (g_ascii_islower(*p) || g_ascii_isdigit(*p) || *p == '-' || *p == '_') {
			part++;
		} else {
			return FALSE;
		}
	}
}

gboolean pv_role_kind(const char *name, PvRoleKind *ret_kind, GError **error)
{
	static const struct {
		const char *name;
		PvRoleKind kind;
	} base[] = {
		{ "root", PV_ROLE_ROOT },
		{ "targets", PV_ROLE_TARGETS },
		{ "snapshot", PV_ROLE_SNAPSHOT },
		{ "timestamp", PV_ROLE_TIMESTAMP },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(base); i++) {
		if (strcmp(name, base[i].name) == 0) {
			*ret_kind = base[i].kind;
			return TRUE;
		}
	}
	if (strlen(name) > PV_ROLE_NAME_BYTES_MAX || !g_str_has_prefix(name, "targets/") ||
	    !is_clean_delegation(name))
		return pv_fail(error, PV_ERROR_ROLE,
			       "\"%.64s\" is no role: expected root, targets, snapshot, timestamp "
			       "or targets/NAME of lower-case letters, digits, - and _",
			       name);
	*ret_kind = PV_ROLE_DELEGATION;
	return TRUE;
}

PvRole *pv_role_new(const char *name, guint threshold)
{
	PvRole *role = g_new0(PvRole, 1);

	role->name = g_strdup(name);
	role->threshold = threshold;
	role->keys = g_ptr_array_new_with_free_func((GDestroyNotify)pv_public_key_unref);
	return role;
}

PvRole *pv_role_copy(const PvRole *role)
{
	PvRole *copy = pv_role_new(role->name, role->threshold);

	for (guint i = 0; i < role->keys->len; i++)
		g_ptr_array_add(copy->keys, pv_public_key_ref(role->keys->pdata[i]));
	if (role->paths) {
		copy->paths = g_ptr_array_new_with_free_func(g_free);
		for (guint i = 0; i < role->paths->len; i++)
			g_ptr_array_add(copy->paths, g_strdup(role->paths->pdata[i]));
	}
	return copy;
}

void pv_role_free(PvRole *role)
{
	if (!role)
		return;
	g_free(role->name);
	g_ptr_array_unref(role->keys);
	g_clear_pointer(&role->paths, g_ptr_array_unref);
	g_free(role);
}

gboolean pv_role_covers(const PvRole *role, const char *name)
{
	for (guint i = 0; role->paths && i < role->paths->len; i++) {
		if (g_str_has_prefix(name, role->paths->pdata[i]))
			return TRUE;
	}
	return FALSE;
}

PvSignature *pv_signature_new(const char *key_id, const char *method, GBytes *bytes)
{
	PvSignature *signature = g_new0(PvSignature, 1);

	signature->key_id = g_strdup(key_id);
	signature->method = g_ascii_strdown(method, -1);
	signature->bytes = g_bytes_ref(bytes);
	return signature;
}

void pv_signature_free(PvSignature *signature)
{
	if (!signature)
		return;
	g_free(signature->key_id);
	g_free(signature->method);
	g_bytes_unref(signature->bytes);
	g_free(signature);
}

PvFileMeta *pv_file_meta_new(GBytes *file)
{
	PvFileMeta *meta = g_new0(PvFileMeta, 1);
	gsize size;
	const void *data = g_bytes_get_data(file, &size);

	meta->length = size;
	meta->sha256 = pv_digest_of(PV_HASH_SHA256, data, size);
	meta->sha512 = pv_digest_of(PV_HASH_SHA512, data, size);
	return meta;
}

PvFileMeta *pv_file_meta_copy(const PvFileMeta *meta)
{
	PvFileMeta *copy = g_new0(PvFileMeta, 1);

	*copy = *meta;
	if (meta->custom)
		g_bytes_ref(meta->custom);
	return copy;
}

void pv_file_meta_free(PvFileMeta *meta)
{
	if (!meta)
		return;
	g_clear_pointer(&meta->custom, g_bytes_unref);
	g_free(meta);
}

PvTargetPlaces *pv_target_places_new(guint count)
{
	PvTargetPlaces *places = g_new0(PvTargetPlaces, 1);

	places->members = g_array_sized_new(FALSE, FALSE, sizeof(PvTargetPlace), count);
	return places;
}

void pv_target_places_free(PvTargetPlaces *places)
{
	if (!places)
		return;
	g_array_unref(places->members);
	g_free(places);
}

void pv_metadata_add_file(PvMetadata *metadata, char *name, PvFileMeta *meta)
{
	g_hash_table_insert(metadata->files, name, meta);
	g_ptr_array_add(metadata->file_names, name);
}

PvMetadata *pv_metadata_ref(PvMetadata *metadata)
{
	return g_rc_box_acquire(metadata);
}

static void metadata_clear(void *data)
{
	PvMetadata *metadata = data;

	g_clear_pointer(&metadata->file, g_bytes_unref);
	g_clear_pointer(&metadata->canonical, g_bytes_unref);
	g_clear_pointer(&metadata->signatures, g_ptr_array_unref);
	g_free(metadata->role);
	g_clear_pointer(&metadata->roles, g_hash_table_unref);
	g_clear_pointer(&metadata->role_order, g_ptr_array_unref);
	g_clear_pointer(&metadata->other_keys, g_ptr_array_unref);
	g_clear_pointer(&metadata->files, g_hash_table_unref);
	g_clear_pointer(&metadata->file_names, g_ptr_array_unref);
	g_clear_pointer(&metadata->places, pv_target_places_free);
	g_clear_pointer(&metadata->known, pv_file_meta_free);
	g_clear_pointer(&metadata->proven, g_hash_table_unref);
}

void pv_metadata_unref(PvMetadata *metadata)
{
	if (metadata)
		g_rc_box_release_full(metadata, metadata_clear);
}
