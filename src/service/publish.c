/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Publishing (trust.md 1.3). The uploaded bytes are stored and hashed as they came: clients check
 * exactly those.
 */

#include "service/publish.h"

#include <string.h>

#include "base/canonical.h"
#include "base/error.h"
#include "base/json.h"
#include "base/limits.h"
#include "crypto/certificate.h"
#include "service/publish_private.h"
#include "service/server_metadata.h"
#include "service/upload.h"
#include "tuf/client.h"

#define ATTEMPTS 4 /* on top of what other services publish meanwhile */

gboolean pv_publish_refuse_storage(PvPublish *publish, const GError *error)
{
	g_warning("%s: %s", publish->gun, error->message);
	if (g_error_matches(error, PV_ERROR, PV_ERROR_KEY) ||
	    g_error_matches(error, PV_ERROR, PV_ERROR_UNREACHABLE))
		return pv_reply_refuse(publish->refusal, PV_REPLY_NO_CRYPTOSERVICE, NULL);
	return pv_reply_refuse(publish->refusal, PV_REPLY_UNKNOWN, NULL);
}

void pv_publish_add(PvPublish *publish, PvMetadata *metadata)
{
	const PvUploaded *uploaded = g_hash_table_lookup(publish->uploaded, metadata->role);
	PvStoreUpdate update = { metadata->role, metadata->version, metadata->file,
				 metadata->expires };

	if (uploaded && uploaded->file == metadata->file)
		update.sha256 = &uploaded->meta->sha256;
	g_ptr_array_add(publish->made, pv_metadata_ref(metadata));
	g_array_append_val(publish->updates, update);
}

/* --- 1: the parts ------------------------------------------------------------------------- */

/* TRUE if the bytes begin as a JSON object or other value: the rest is told per role later. */
static gboolean looks_like_json(GBytes *data)
{
	g_autoptr(PvDocument) document = pv_document_parse(data, "", NULL);
	g_autoptr(json_t) value = NULL;
	json_error_t why;
	gsize size;
	const char *text = g_bytes_get_data(data, &size);

	if (document)
		return TRUE;
	if (size == 0)
		return FALSE;
	value = json_loadb(text, size, JSON_DISABLE_EOF_CHECK | JSON_DECODE_ANY | JSON_ALLOW_NUL,
			   &why);
	return value != NULL;
}

static PvUploaded *uploaded_new(const char *role, GBytes *file)
{
	PvUploaded *uploaded = g_new0(PvUploaded, 1);

	uploaded->file = g_bytes_ref(file);
	uploaded->meta = pv_file_meta_new(file);
	uploaded->metadata = pv_metadata_parse(role, file, NULL);
	return uploaded;
}

static void uploaded_free(void *data)
{
	PvUploaded *uploaded = data;

	g_bytes_unref(uploaded->file);
	pv_file_meta_free(uploaded->meta);
	pv_metadata_unref(uploaded->metadata);
	g_free(uploaded);
}

PvMetadata *pv_publish_uploaded(const PvPublish *publish, const char *role, GError **error)
{
	const PvUploaded *uploaded = g_hash_table_lookup(publish->uploaded, role);

	if (uploaded->metadata)
		return pv_metadata_ref(uploaded->metadata);
	return pv_metadata_parse(role, uploaded->file, error);
}

static gboolean take_part(PvPublish *publish, const char *role, PvRoleKind kind, GBytes *file)
{
	PvUploaded *uploaded = uploaded_new(role, file);

	if (!uploaded->metadata && !looks_like_json(file)) {
		uploaded_free(uploaded);
		return pv_reply_refuse(publish->refusal, PV_REPLY_MALFORMED_JSON, NULL);
	}
	if (kind == PV_ROLE_TIMESTAMP)
		uploaded_free(uploaded);
	else
		g_hash_table_insert(publish->uploaded, g_strdup(role), uploaded);
	return TRUE;
}

static gboolean take_parts(PvPublish *publish, GPtrArray *parts)
{
	for (guint i = 0; i < parts->len; i++) {
		const PvUploadPart *part = parts->pdata[i];
		g_autofree char *role = g_strdup(part->filename);
		PvRoleKind kind;

		if (g_str_has_suffix(role, ".json"))
			role[strlen(role) - 5] = '\0';
		if (!*role)
			return pv_reply_refuse(publish->refusal, PV_REPLY_NO_FILENAME, NULL);
		if (!pv_role_kind(role, &kind, NULL)) {
			g_autofree char *valid = g_utf8_make_valid(role, -1);

			return pv_reply_refuse(publish->refusal, PV_REPLY_INVALID_ROLE,
					       json_string(valid));
		}
		if (!take_part(publish, role, kind, part->data))
			return FALSE;
	}
	return TRUE;
}

/* --- 2: root ------------------------------------------------------------------------------ */

static gboolean has_good_certificate(PvPublish *publish, const PvRole *role)
{
	for (guint i = 0; i < role->keys->len; i++) {
		if (pv_certificate_check(role->keys->pdata[i], publish->gun, publish->now, NULL))
			return TRUE;
	}
	return FALSE;
}

static gboolean refuse_root(PvPublish *publish, const char *message)
{
	return pv_reply_invalid_update(publish->refusal, "ErrBadRoot", NULL, "%s", message);
}

static gboolean check_root(PvPublish *publish, const PvMetadata *old, const PvMetadata *new)
{
	const PvRole *own = g_hash_table_lookup(new->roles, "root");
	gint64 current = old ? old->version : 1;
	g_autoptr(GError) error = NULL;

	if (new->version != current &&new->version != current + 1)
		return pv_reply_invalid_update(publish->refusal, "ErrBadRoot", NULL,
					       "Root modifications must increment the version. "
					       "Current %" G_GINT64_FORMAT
					       ", new %" G_GINT64_FORMAT,
					       current, new->version);
	if (old && !pv_metadata_verify(new, g_hash_table_lookup(old->roles, "root"), NULL))
		return refuse_root(publish,
				   "could not rotate trust to a new trusted root: failed to "
				   "validate data with current trusted certificates");
	if (!has_good_certificate(publish, own))
		return refuse_root(publish, "could not validate the path to a trusted root: unable "
					    "to retrieve valid leaf certificates");
	if (!pv_tuf_verify_root(NULL, new, publish->gun, publish->now, NULL))
		return refuse_root(publish, "could not validate the path to a trusted root: failed "
					    "to validate integrity of roots");
	if (!pv_metadata_check_expiry(new, publish->now, &error))
		return refuse_root(publish, error->message);
	return TRUE;
}

static gboolean check_timestamp_key(PvPublish *publish)
{
	g_autoptr(GError) error = NULL;
	const PvRole *role = g_hash_table_lookup(publish->root->roles, "timestamp");

	if (pv_signer_holds(publish->signer, publish->gun, role, &error))
		return TRUE;
	if (error)
		return pv_publish_refuse_storage(publish, error);
	return refuse_root(publish, "no  timestamp keys exist on the server");
}

static gboolean take_root(PvPublish *publish)
{
	gboolean is_uploaded = g_hash_table_contains(publish->uploaded, "root");
	g_autoptr(PvMetadata) old = NULL;
	g_autoptr(GError) error = NULL;

	old = pv_server_stored(publish->store, publish->gun, "root", &error);
	if (error)
		return pv_publish_refuse_storage(publish, error);
	if (!is_uploaded && !old)
		return pv_reply_invalid_update(
			publish->refusal, "ErrValidation", NULL,
			"no pre-existing root and no root provided in update.");
	if (!is_uploaded) {
		publish->root = g_steal_pointer(&old);
		return check_timestamp_key(publish);
	}
	publish->root = pv_publish_uploaded(publish, "root", &error);
	if (!publish->root)
		return refuse_root(publish, error->message);
	if (!check_root(publish, old, publish->root))
		return FALSE;
	pv_publish_add(publish, publish->root);
	return check_timestamp_key(publish);
}

/* --- 3: targets and delegations ----------------------------------------------------------- */

static int compare_depth(const void *a, const void *b)
{
	const char *left = *(const char *const *)a, *right = *(const char *const *)b;
	guint depth = 0;

	for (const char *p = left; *p; p++)
		depth += *p == '/';
	for (const char *p = right; *p; p++)
		depth -= *p == '/';
	return depth ? (int)depth : strcmp(left, right);
}

/* (transfer container): the uploaded targets roles, shallow first. */
static GPtrArray *uploaded_targets(const PvPublish *publish)
{
	GPtrArray *names = g_ptr_array_new();
	GHashTableIter iter;
	void *name;

	g_hash_table_iter_init(&iter, publish->uploaded);
	while (g_hash_table_iter_next(&iter, &name, NULL)) {
		if (g_str_has_prefix(name, "targets"))
			g_ptr_array_add(names, name);
	}
	g_ptr_array_sort(names, compare_depth);
	return names;
}

/* The metadata of a delegating role: uploaded and checked before, or from the store. */
static PvMetadata *parent_of(PvPublish *publish, const char *name, GError **error)
{
	g_autofree char *parent = g_path_get_dirname(name);
	PvMetadata *metadata = g_hash_table_lookup(publish->targets, parent);

	if (metadata)
		return metadata;
	metadata = pv_server_stored(publish->store, publish->gun, parent, error);
	if (metadata)
		g_hash_table_insert(publish->targets, g_strdup(parent), metadata);
	return metadata;
}

/* (transfer none): who must sign @name. */
static const PvRole *role_of(PvPublish *publish, const char *name, GError **error)
{
	const PvMetadata *parent;
	const PvRole *role;

	if (strcmp(name, "targets") == 0)
		return g_hash_table_lookup(publish->root->roles, name);
	parent = parent_of(publish, name, error);
	role = parent ? g_hash_table_lookup(parent->roles, name) : NULL;
	if (!role && !*error)
		pv_fail(error, PV_ERROR_ROLE, "%s does not exist: no role delegates to it", name);
	return role;
}

static gboolean take_targets(PvPublish *publish)
{
	g_autoptr(GPtrArray) names = uploaded_targets(publish);

	for (guint i = 0; i < names->len; i++) {
		const char *name = names->pdata[i];
		g_autoptr(GError) error = NULL;
		const PvRole *role = role_of(publish, name, &error);
		g_autoptr(PvMetadata) metadata = NULL;

		if (role)
			metadata = pv_publish_uploaded(publish, name, &error);
		if (!metadata || !pv_metadata_verify(metadata, role, &error) ||
		    !pv_metadata_check_expiry(metadata, publish->now, &error))
			return pv_reply_invalid_update(publish->refusal, "ErrBadTargets", NULL,
						       "%s", error->message);
		pv_publish_add(publish, metadata);
		g_hash_table_insert(publish->targets, g_strdup(name), g_steal_pointer(&metadata));
	}
	return TRUE;
}

/* --- 6, 7: timestamp, and into the store -------------------------------------------------- */

static gboolean make_timestamp(PvPublish *publish)
{
	g_autoptr(PvMetadata) timestamp = NULL;
	g_autoptr(GError) error = NULL;

	timestamp =
		pv_server_next_timestamp(publish->signer, publish->gun, publish->root,
					 publish->before, publish->snapshot, publish->now, &error);
	if (!timestamp)
		return pv_publish_refuse_storage(publish, error);
	pv_publish_add(publish, timestamp);
	return TRUE;
}

static gboolean store_all(PvPublish *publish)
{
	g_autoptr(GError) error = NULL;
	PvDigest base = { 0 };

	if (publish->before)
		base = pv_server_digest(publish->before);
	if (pv_store_publish(publish->store, publish->gun, publish->before ? &base : NULL,
			     (PvStoreUpdate *)publish->updates->data, publish->updates->len,
			     publish->now, &error))
		return TRUE;
	if (g_error_matches(error, PV_ERROR, PV_ERROR_CONFLICT)) {
		publish->overtaken =
			!publish->before ||
			!pv_server_has(publish->store, publish->gun, "timestamp", &base);
		return pv_reply_refuse(publish->refusal, PV_REPLY_VERSION, json_object());
	}
	if (g_error_matches(error, PV_ERROR, PV_ERROR_LIMIT))
		return pv_reply_invalid_update(publish->refusal, "ErrValidation", NULL, "%s",
					       error->message);
	return pv_publish_refuse_storage(publish, error);
}

/* Read before all else: what is published on top of it must still be the newest then. */
static gboolean take_base(PvPublish *publish)
{
	g_autoptr(GError) error = NULL;

	publish->before = pv_server_stored(publish->store, publish->gun, "timestamp", &error);
	return !error || pv_publish_refuse_storage(publish, error);
}

/* TRUE if all that was uploaded is there already: a publisher did not hear that it succeeded. */
static gboolean changes_nothing(PvPublish *publish)
{
	GHashTableIter iter;
	PvUploaded *uploaded;
	void *role;

	if (!publish->before)
		return FALSE;
	g_hash_table_iter_init(&iter, publish->uploaded);
	while (g_hash_table_iter_next(&iter, &role, (void **)&uploaded)) {
		if (!pv_server_has(publish->store, publish->gun, role, &uploaded->meta->sha256))
			return FALSE;
	}
	return g_hash_table_size(publish->uploaded) > 0;
}

static gboolean run(PvPublish *publish, GPtrArray *parts)
{
	if (!take_parts(publish, parts) || !take_base(publish))
		return FALSE;
	if (changes_nothing(publish))
		return TRUE;
	if (!take_root(publish) || !take_targets(publish))
		return FALSE;
	if (g_hash_table_contains(publish->uploaded, "snapshot")
		    ? !pv_publish_take_snapshot(publish)
		    : !pv_publish_make_snapshot(publish))
		return FALSE;
	/* Nothing but a timestamp, if that: it makes no version (trust.md 1.8). */
	if (publish->before && g_hash_table_size(publish->uploaded) == 0)
		return TRUE;
	return make_timestamp(publish) && store_all(publish);
}

static gboolean upload_once(PvStore *store, PvSigner *signer, const char *gun, GPtrArray *parts,
			    PvTime now, PvRefusal *refusal, gboolean *ret_overtaken)
{
	PvPublish publish = {
		.store = store, .signer = signer, .gun = gun, .now = now, .refusal = refusal
	};
	gboolean done;

	publish.uploaded = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, uploaded_free);
	publish.targets = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
						(GDestroyNotify)pv_metadata_unref);
	publish.updates = g_array_new(FALSE, FALSE, sizeof(PvStoreUpdate));
	publish.made = g_ptr_array_new_with_free_func((GDestroyNotify)pv_metadata_unref);
	done = run(&publish, parts);
	g_ptr_array_unref(publish.made);
	g_array_unref(publish.updates);
	g_hash_table_unref(publish.targets);
	g_hash_table_unref(publish.uploaded);
	pv_metadata_unref(publish.before);
	pv_metadata_unref(publish.root);
	pv_metadata_unref(publish.snapshot);
	*ret_overtaken = publish.overtaken;
	return done;
}

gboolean pv_publish_upload(PvStore *store, PvSigner *signer, const char *gun, GPtrArray *parts,
			   PvTime now, PvRefusal *refusal)
{
	for (guint attempt = 1;; attempt++) {
		gboolean overtaken;

		if (upload_once(store, signer, gun, parts, now, refusal, &overtaken))
			return TRUE;
		if (!overtaken || attempt == ATTEMPTS)
			return FALSE;
		g_clear_pointer(&refusal->detail, json_decref);
	}
}
