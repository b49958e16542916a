/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Reads metadata in Notary's dialect (trust.md section 2 and 0.1). Go's decoder matches member
 * names case-insensitively while signatures cover the exact spelling, so a member that equals a
 * known name only when case is ignored is refused here; other unknown members are passed over.
 */

#include "tuf/metadata.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "tuf/nodes.h"
#include "tuf/notary_private.h"
#include "tuf/plain_meta.h"

static const char *const known_file[] = { "signed", "signatures", NULL };
static const char *const known_signature[] = { "keyid", "method", "sig", NULL };
static const char *const known_root[] = { "_type", "version", "expires",
					  "keys",  "roles",   "consistent_snapshot",
					  NULL };
static const char *const known_targets[] = { "_type",   "version",     "expires",
					     "targets", "delegations", NULL };
static const char *const known_meta[] = { "_type", "version", "expires", "meta", NULL };
static const char *const known_delegations[] = { "keys", "roles", NULL };
static const char *const known_role[] = { "keyids", "threshold", "name", "paths", NULL };

static const char *const type_of_kind[] = {
	[PV_ROLE_ROOT] = "Root",          [PV_ROLE_TARGETS] = "Targets",
	[PV_ROLE_SNAPSHOT] = "Snapshot",  [PV_ROLE_TIMESTAMP] = "Timestamp",
	[PV_ROLE_DELEGATION] = "Targets",
};

static const PvLeaves plain_targets = { "targets", pv_plain_meta_size };

static gboolean read_signature(PvNotaryReader *reader, const PvNode *node, GError **error)
{
	g_autofree char *key_id = NULL;
	g_autofree char *method = NULL;
	g_autofree guint8 *data = NULL;
	g_autoptr(GBytes) bytes = NULL;
	gsize size;

	if (!pv_tuf_read_object(reader->where, node, "a signature", known_signature, error))
		return FALSE;
	key_id = pv_tuf_read_string(reader->where, pv_node_member(node, "keyid"), "keyid", error);
	if (!key_id)
		return FALSE;
	method = pv_tuf_read_string(reader->where, pv_node_member(node, "method"), "method", error);
	if (!method)
		return FALSE;
	data = pv_tuf_read_base64(reader->where, pv_node_member(node, "sig"), "sig", &size, error);
	if (!data)
		return FALSE;
	bytes = g_bytes_new_take(g_steal_pointer(&data), size);
	g_ptr_array_add(reader->metadata->signatures, pv_signature_new(key_id, method, bytes));
	return TRUE;
}

static gboolean read_signatures(PvNotaryReader *reader, const PvNode *node, GError **error)
{
	reader->metadata->signatures =
		g_ptr_array_new_with_free_func((GDestroyNotify)pv_signature_free);
	if (!pv_tuf_read_array(reader->where, node, "signatures", PV_SIGNATURES_MAX, error))
		return FALSE;
	for (const PvNode *item = pv_node_first(node); item; item = pv_node_next(item)) {
		if (!read_signature(reader, item, error))
			return FALSE;
	}
	return TRUE;
}

/*
 * The key table of a root or of delegations: listed id → key. A key of a kind that is not known is
 * left out: it cannot sign anything here, and another version may know it.
 */
static GHashTable *read_keys(const PvNotaryReader *reader, const PvNode *node, GError **error)
{
	g_autoptr(GHashTable) keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
							   (GDestroyNotify)pv_public_key_unref);

	if (!pv_tuf_read_object(reader->where, node, "keys", NULL, error))
		return NULL;
	if (pv_node_length(node) > PV_KEYS_MAX)
		return pv_fail_null(error, PV_ERROR_LIMIT, "%s: %u keys, at most %d count",
				    reader->where, pv_node_length(node), PV_KEYS_MAX);
	for (const PvNode *member = pv_node_first(node); member; member = pv_node_next(member)) {
		g_autoptr(GError) unknown = NULL;
		g_autoptr(PvPublicKey) key = NULL;

		if (!pv_tuf_read_key(reader->where, member, reader->is_known, &key, &unknown,
				     error))
			return NULL;
		if (key)
			g_hash_table_insert(keys, pv_node_dup_name(member), g_steal_pointer(&key));
		else
			g_debug("%s: key passed over: %s", reader->where, unknown->message);
	}
	return g_steal_pointer(&keys);
}

static PvRole *read_role(const PvNotaryReader *reader, const PvNode *node, const char *name,
			 GHashTable *keys, GError **error)
{
	g_autoptr(PvRole) role = NULL;
	const PvNode *ids;
	gint64 threshold;

	if (!pv_tuf_read_object(reader->where, node, "a role", known_role, error) ||
	    !pv_tuf_read_integer(reader->where, pv_node_member(node, "threshold"), "threshold", 1,
				 PV_KEYS_MAX, &threshold, error))
		return NULL;
	role = pv_role_new(name, (guint)threshold);
	ids = pv_node_member(node, "keyids");
	/* Go writes null for the list of a role whose last key was purged. */
	if (ids && pv_node_kind(ids) == PV_NODE_NULL)
		return g_steal_pointer(&role);
	ids = pv_tuf_read_array(reader->where, ids, "keyids", PV_KEYS_MAX, error);
	if (!ids)
		return NULL;
	for (const PvNode *item = pv_node_first(ids); item; item = pv_node_next(item)) {
		g_autofree char *id = pv_tuf_read_string(reader->where, item, "a key id", error);
		PvPublicKey *key;

		if (!id)
			return NULL;
		key = g_hash_table_lookup(keys, id);
		if (!key)
			continue;
		if (strcmp(pv_public_key_id(key), id) != 0)
			return pv_fail_null(error, PV_ERROR_KEY,
					    "%s: role %s lists a key as %.12s that is %.12s",
					    reader->where, name, id, pv_public_key_id(key));
		g_ptr_array_add(role->keys, pv_public_key_ref(key));
	}
	return g_steal_pointer(&role);
}

/* (transfer full) (nullable): the keys of the table that no role of @roles names. */
static GPtrArray *unnamed_keys(GHashTable *keys, GHashTable *roles)
{
	GPtrArray *unnamed = g_ptr_array_new_with_free_func((GDestroyNotify)pv_public_key_unref);
	GHashTableIter iter;
	PvPublicKey *key;
	PvRole *role;

	g_hash_table_iter_init(&iter, roles);
	while (g_hash_table_iter_next(&iter, NULL, (void **)&role)) {
		for (guint i = 0; i < role->keys->len; i++)
			g_hash_table_remove(keys, pv_public_key_id(role->keys->pdata[i]));
	}
	g_hash_table_iter_init(&iter, keys);
	while (g_hash_table_iter_next(&iter, NULL, (void **)&key))
		g_ptr_array_add(unnamed, pv_public_key_ref(key));
	return unnamed;
}

static gboolean read_root(PvNotaryReader *reader, const PvNode *body, GError **error)
{
	static const char *const required[] = { "root", "targets", "snapshot", "timestamp" };
	g_autoptr(GHashTable) keys = NULL;
	const PvNode *roles = pv_node_member(body, "roles");

	keys = read_keys(reader, pv_node_member(body, "keys"), error);
	if (!keys || !pv_tuf_read_object(reader->where, roles, "roles", NULL, error))
		return FALSE;
	for (gsize i = 0; i < G_N_ELEMENTS(required); i++) {
		const PvNode *node = pv_node_member(roles, required[i]);
		PvRole *role;

		if (!node)
			return pv_fail(error, PV_ERROR_SYNTAX, "%s: role %s is missing",
				       reader->where, required[i]);
		role = read_role(reader, node, required[i], keys, error);
		if (!role)
			return FALSE;
		g_hash_table_insert(reader->metadata->roles, role->name, role);
	}
	reader->metadata->other_keys = unnamed_keys(keys, reader->metadata->roles);
	return TRUE;
}

static gboolean read_paths(const PvNotaryReader *reader, const PvNode *node, PvRole *role,
			   GError **error)
{
	role->paths = g_ptr_array_new_with_free_func(g_free);
	if (!node || pv_node_kind(node) == PV_NODE_NULL)
		return TRUE;
	if (!pv_tuf_read_array(reader->where, node, "paths", PV_DELEGATIONS_MAX, error))
		return FALSE;
	for (const PvNode *item = pv_node_first(node); item; item = pv_node_next(item)) {
		char *path = pv_tuf_read_string(reader->where, item, "a path", error);

		if (!path)
			return FALSE;
		g_ptr_array_add(role->paths, path);
	}
	return TRUE;
}

static gboolean read_delegation(PvNotaryReader *reader, const PvNode *node, GHashTable *keys,
				GError **error)
{
	PvMetadata *metadata = reader->metadata;
	g_autofree char *name = NULL;
	g_autofree char *parent = NULL;
	g_autoptr(PvRole) role = NULL;
	PvRoleKind kind;

	if (!pv_tuf_read_object(reader->where, node, "a delegation", known_role, error))
		return FALSE;
	name = pv_tuf_read_string(reader->where, pv_node_member(node, "name"), "name", error);
	if (!name || !pv_role_kind(name, &kind, error))
		return FALSE;
	parent = g_path_get_dirname(name);
	if (kind != PV_ROLE_DELEGATION || strcmp(parent, metadata->role) != 0)
		return pv_fail(error, PV_ERROR_ROLE, "%s: %s cannot delegate to %s", reader->where,
			       metadata->role, name);
	if (g_hash_table_contains(metadata->roles, name))
		return pv_fail(error, PV_ERROR_ROLE, "%s: role %s is there twice", reader->where,
			       name);
	role = read_role(reader, node, name, keys, error);
	if (!role || !read_paths(reader, pv_node_member(node, "paths"), role, error))
		return FALSE;
	g_ptr_array_add(metadata->role_order, role->name);
	g_hash_table_insert(metadata->roles, role->name, role);
	role = NULL;
	return TRUE;
}

static gboolean read_delegations(PvNotaryReader *reader, const PvNode *node, GError **error)
{
	g_autoptr(GHashTable) keys = NULL;
	const PvNode *roles;

	if (!node || pv_node_kind(node) == PV_NODE_NULL)
		return TRUE;
	if (!pv_tuf_read_object(reader->where, node, "delegations", known_delegations, error))
		return FALSE;
	if (pv_node_length(node) == 0)
		return TRUE;
	keys = read_keys(reader, pv_node_member(node, "keys"), error);
	if (!keys)
		return FALSE;
	roles = pv_tuf_read_array(reader->where, pv_node_member(node, "roles"), "delegations.roles",
				  PV_DELEGATIONS_MAX, error);
	if (!roles)
		return FALSE;
	for (const PvNode *item = pv_node_first(roles); item; item = pv_node_next(item)) {
		if (!read_delegation(reader, item, keys, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean require_file(const PvNotaryReader *reader, const char *role, GError **error)
{
	const PvFileMeta *meta = g_hash_table_lookup(reader->metadata->files, role);

	if (!meta || meta->sha256.size == 0)
		return pv_fail(error, PV_ERROR_SYNTAX, "%s: meta lists no sha256 of %s",
			       reader->where, role);
	return TRUE;
}

static gboolean read_common(PvNotaryReader *reader, const PvNode *body, GError **error)
{
	PvMetadata *metadata = reader->metadata;
	g_autofree char *type =
		pv_tuf_read_string(reader->where, pv_node_member(body, "_type"), "_type", error);
	g_autofree char *expires = NULL;

	if (!type)
		return FALSE;
	if (strcmp(type, type_of_kind[metadata->kind]) != 0)
		return pv_fail(error, PV_ERROR_SYNTAX, "%s: _type is \"%.32s\", expected \"%s\"",
			       reader->where, type, type_of_kind[metadata->kind]);
	if (!pv_tuf_read_integer(reader->where, pv_node_member(body, "version"), "version", 1,
				 G_MAXINT32, &metadata->version, error))
		return FALSE;
	expires = pv_tuf_read_string(reader->where, pv_node_member(body, "expires"), "expires",
				     error);
	if (!expires)
		return FALSE;
	if (!pv_time_parse(expires, strlen(expires), &metadata->expires, error))
		return pv_fail_wrap(error, "%s: expires", reader->where);
	return TRUE;
}

static gboolean read_body(PvNotaryReader *reader, const PvNode *body, GError **error)
{
	static const char *const *known[] = {
		[PV_ROLE_ROOT] = known_root,          [PV_ROLE_TARGETS] = known_targets,
		[PV_ROLE_SNAPSHOT] = known_meta,      [PV_ROLE_TIMESTAMP] = known_meta,
		[PV_ROLE_DELEGATION] = known_targets,
	};
	PvMetadata *metadata = reader->metadata;

	if (!pv_tuf_read_object(reader->where, body, "signed", known[metadata->kind], error) ||
	    !read_common(reader, body, error))
		return FALSE;
	switch (metadata->kind) {
	case PV_ROLE_ROOT:
		return read_root(reader, body, error);
	case PV_ROLE_TARGETS:
	case PV_ROLE_DELEGATION:
		return read_delegations(reader, pv_node_member(body, "delegations"), error) &&
		       pv_notary_read_files(reader, pv_node_member(body, "targets"), "targets",
					    PV_TARGETS_MAX, error);
	case PV_ROLE_SNAPSHOT:
		return pv_notary_read_files(reader, pv_node_member(body, "meta"), "meta",
					    PV_DELEGATIONS_MAX, error) &&
		       require_file(reader, "root", error) &&
		       require_file(reader, "targets", error);
	default:
		return pv_notary_read_files(reader, pv_node_member(body, "meta"), "meta",
					    PV_DELEGATIONS_MAX, error) &&
		       require_file(reader, "snapshot", error);
	}
}

static PvMetadata *parse(const char *role, GBytes *file, PvNotaryReader reader, GError **error)
{
	g_autofree char *where = g_strconcat(role, ".json", NULL);
	g_autoptr(PvDocument) document = NULL;
	g_autoptr(PvMetadata) metadata = NULL;
	const PvNode *top, *body;
	PvRoleKind kind;

	if (!pv_role_kind(role, &kind, error))
		return NULL;
	document = pv_document_parse_leaves(file, where, &plain_targets, error);
	if (!document)
		return NULL;
	metadata = g_rc_box_new0(PvMetadata);
	metadata->file = g_bytes_ref(file);
	metadata->role = g_strdup(role);
	metadata->kind = kind;
	metadata->roles =
		g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)pv_role_free);
	metadata->role_order = g_ptr_array_new();
	metadata->files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
						(GDestroyNotify)pv_file_meta_free);
	metadata->file_names = g_ptr_array_new();
	reader.metadata = metadata;
	reader.where = where;
	if (kind != PV_ROLE_TARGETS && kind != PV_ROLE_DELEGATION) {
		reader.only = NULL;
		reader.places = FALSE;
	}
	top = pv_tuf_read_object(reader.where, pv_document_root(document), "the file", known_file,
				 error);
	if (!top)
		return NULL;
	body = pv_node_member(top, "signed");
	if (!read_signatures(&reader, pv_node_member(top, "signatures"), error) ||
	    !read_body(&reader, body, error))
		return NULL;
	metadata->canonical = pv_node_canonical(body);
	return g_steal_pointer(&metadata);
}

PvMetadata *pv_metadata_parse(const char *role, GBytes *file, GError **error)
{
	return parse(role, file, (PvNotaryReader){ 0 }, error);
}

PvMetadata *pv_metadata_parse_known(const char *role, GBytes *file, GError **error)
{
	return parse(role, file, (PvNotaryReader){ .is_known = TRUE }, error);
}

PvMetadata *pv_metadata_parse_for_index(const char *role, GBytes *file, const char *only,
					GError **error)
{
	return parse(role, file, (PvNotaryReader){ .only = only, .places = TRUE }, error);
}
