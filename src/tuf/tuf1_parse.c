/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Reads metadata in the dialect of TUF 1.0 (specification 1.0.34, section 4) into checked
 * structures. Unlike Notary's, member names are compared exactly and unknown members are everywhere
 * allowed: the specification has them kept in what is signed and otherwise passed over.
 */

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "tuf/nodes.h"
#include "tuf/tuf1_private.h"

#define EXPIRES_SIZE 20 /* bytes: 2036-11-20T20:43:03Z */

const char *const pv_tuf1_type_names[PV_TUF1_TYPES] = { "root", "timestamp", "snapshot",
							"targets" };

typedef struct {
	PvTuf1Metadata *metadata;
	const char *where; /* "snapshot.json" */
} Reader;

static gboolean read_signatures(const Reader *reader, const PvNode *node, GError **error)
{
	GHashTable *table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
						  (GDestroyNotify)g_bytes_unref);

	reader->metadata->signatures = table;
	if (!pv_tuf_read_array(reader->where, node, "signatures", PV_SIGNATURES_MAX, error))
		return FALSE;
	for (const PvNode *item = pv_node_first(node); item; item = pv_node_next(item)) {
		g_autofree char *id = NULL, *hex = NULL;
		GBytes *bytes;

		if (!pv_tuf_read_object(reader->where, item, "a signature", NULL, error))
			return FALSE;
		id = pv_tuf_read_string(reader->where, pv_node_member(item, "keyid"), "keyid",
					error);
		hex = id ? pv_tuf_read_string(reader->where, pv_node_member(item, "sig"), "sig",
					      error)
			 : NULL;
		if (!hex)
			return FALSE;
		if (g_hash_table_contains(table, id))
			return pv_fail(error, PV_ERROR_SYNTAX, "%s: two signatures of key '%.64s'",
				       reader->where, id);
		/* Tools leave "" for who has not signed yet: no signature, but no error either. */
		bytes = pv_scheme_decode_hex(hex);
		g_hash_table_insert(table, g_steal_pointer(&id),
				    bytes ? bytes : g_bytes_new(NULL, 0));
	}
	return TRUE;
}

/* 1.N or 1.N.N of digits: what another major version means is not known here. */
static gboolean check_spec_version(const Reader *reader, const PvNode *node, GError **error)
{
	g_autofree char *text = pv_tuf_read_string(reader->where, node, "spec_version", error);
	guint dots = 0;
	gboolean good;

	if (!text)
		return FALSE;
	good = g_str_has_prefix(text, "1.") && g_ascii_isdigit(text[strlen(text) - 1]);
	for (const char *at = text; good && *at; at++) {
		dots += *at == '.';
		good = dots <= 2 && (g_ascii_isdigit(*at) || (*at == '.' && at[1] != '.'));
	}
	return good ||
	       pv_fail(error, PV_ERROR_UNSUPPORTED,
		       "%s: spec_version is '%.32s', this program knows 1.x", reader->where, text);
}

static gboolean read_expires(const Reader *reader, const PvNode *node, GError **error)
{
	g_autofree char *text = pv_tuf_read_string(reader->where, node, "expires", error);

	if (!text)
		return FALSE;
	if (strlen(text) != EXPIRES_SIZE || text[EXPIRES_SIZE - 1] != 'Z' ||
	    !pv_time_parse(text, EXPIRES_SIZE, &reader->metadata->expires, NULL))
		return pv_fail(error, PV_ERROR_SYNTAX,
			       "%s: expires is '%.40s', expected YYYY-MM-DDTHH:MM:SSZ",
			       reader->where, text);
	return TRUE;
}

static gboolean read_root(const Reader *reader, const PvNode *signed_part, GError **error)
{
	PvTuf1Metadata *metadata = reader->metadata;
	const PvNode *consistent = pv_node_member(signed_part, "consistent_snapshot");
	const PvNode *roles = pv_node_member(signed_part, "roles");

	if (consistent && pv_node_kind(consistent) != PV_NODE_TRUE &&
	    pv_node_kind(consistent) != PV_NODE_FALSE)
		return pv_fail(error, PV_ERROR_SYNTAX, "%s: consistent_snapshot is no boolean",
			       reader->where);
	metadata->consistent_snapshot = consistent && pv_node_kind(consistent) == PV_NODE_TRUE;
	metadata->keys =
		pv_tuf1_read_keys(reader->where, pv_node_member(signed_part, "keys"), error);
	if (!metadata->keys || !pv_tuf_read_object(reader->where, roles, "roles", NULL, error))
		return FALSE;
	for (guint i = 0; i < PV_TUF1_TYPES; i++) {
		const char *name = pv_tuf1_type_names[i];

		metadata->roles[i] =
			pv_tuf1_read_role(reader->where, g_strdup(name),
					  pv_node_member(roles, name), metadata->keys, error);
		if (!metadata->roles[i])
			return FALSE;
	}
	return TRUE;
}

static PvTuf1Meta *read_meta(const Reader *reader, const PvNode *node, GError **error)
{
	g_autofree PvTuf1Meta *meta = g_new0(PvTuf1Meta, 1);
	const PvNode *length, *hashes;

	if (!pv_tuf_read_object(reader->where, node, "a file in meta", NULL, error) ||
	    !pv_tuf_read_integer(reader->where, pv_node_member(node, "version"), "version", 1,
				 G_MAXINT64, &meta->version, error))
		return NULL;
	length = pv_node_member(node, "length");
	meta->length = -1;
	if (length && !pv_tuf_read_integer(reader->where, length, "length", 1,
					   (gint64)PV_METADATA_BYTES_MAX, &meta->length, error))
		return NULL;
	hashes = pv_node_member(node, "hashes");
	if (hashes &&
	    !pv_tuf1_read_hashes(reader->where, hashes, &meta->sha256, &meta->sha512, error))
		return NULL;
	meta->hashed = hashes != NULL;
	return g_steal_pointer(&meta);
}

/* Of timestamp and snapshot. */
static gboolean read_meta_table(const Reader *reader, const PvNode *signed_part, GError **error)
{
	const PvNode *node = pv_node_member(signed_part, "meta");
	PvTuf1Metadata *metadata = reader->metadata;
	const char *needed = metadata->type == PV_TUF1_TIMESTAMP ? "snapshot.json" : "targets.json";

	metadata->meta = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	if (!pv_tuf_read_object(reader->where, node, "meta", NULL, error))
		return FALSE;
	if (pv_node_length(node) > PV_TUF1_ROLES_MAX)
		return pv_fail(error, PV_ERROR_LIMIT, "%s: meta has %u files, at most %u allowed",
			       reader->where, pv_node_length(node), PV_TUF1_ROLES_MAX);
	for (const PvNode *item = pv_node_first(node); item; item = pv_node_next(item)) {
		PvTuf1Meta *meta = read_meta(reader, item, error);

		if (!meta)
			return FALSE;
		g_hash_table_insert(metadata->meta, pv_node_dup_name(item), meta);
	}
	return g_hash_table_contains(metadata->meta, needed) ||
	       pv_fail(error, PV_ERROR_SYNTAX, "%s: meta does not name %s", reader->where, needed);
}

static PvFileMeta *read_target(const Reader *reader, const PvNode *node, GError **error)
{
	g_autoptr(PvFileMeta) target = g_new0(PvFileMeta, 1);
	const PvNode *custom;
	gint64 length;

	if (!pv_tuf_read_object(reader->where, node, "a target", NULL, error) ||
	    !pv_tuf_read_integer(reader->where, pv_node_member(node, "length"), "length", 0,
				 G_MAXINT64, &length, error) ||
	    !pv_tuf1_read_hashes(reader->where, pv_node_member(node, "hashes"), &target->sha256,
				 &target->sha512, error))
		return NULL;
	target->length = (guint64)length;
	custom = pv_node_member(node, "custom");
	if (custom)
		target->custom = pv_node_canonical(custom);
	return g_steal_pointer(&target);
}

static gboolean read_targets(const Reader *reader, const PvNode *signed_part, GError **error)
{
	const PvNode *node = pv_node_member(signed_part, "targets");
	const PvNode *delegations = pv_node_member(signed_part, "delegations");
	PvTuf1Metadata *metadata = reader->metadata;

	metadata->targets = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
						  (GDestroyNotify)pv_file_meta_free);
	if (!pv_tuf_read_object(reader->where, node, "targets", NULL, error))
		return FALSE;
	if (pv_node_length(node) > PV_TARGETS_MAX)
		return pv_fail(error, PV_ERROR_LIMIT, "%s: %u targets, at most %u allowed",
			       reader->where, pv_node_length(node), PV_TARGETS_MAX);
	for (const PvNode *item = pv_node_first(node); item; item = pv_node_next(item)) {
		PvFileMeta *target;
		gsize length;

		pv_node_name(item, &length);
		if (length == 0 || length > PV_TARGET_NAME_BYTES_MAX)
			return pv_fail(error, PV_ERROR_LIMIT,
				       "%s: a target's path of %zu bytes, expected 1 to %zu",
				       reader->where, length, PV_TARGET_NAME_BYTES_MAX);
		target = read_target(reader, item, error);
		if (!target)
			return FALSE;
		g_hash_table_insert(metadata->targets, pv_node_dup_name(item), target);
	}
	return !delegations ||
	       pv_tuf1_read_delegations(reader->where, delegations, metadata, error);
}

static gboolean read_signed(const Reader *reader, const PvNode *node, GError **error)
{
	PvTuf1Metadata *metadata = reader->metadata;
	const char *expected = pv_tuf1_type_names[metadata->type];
	g_autofree char *type = NULL;

	if (!pv_tuf_read_object(reader->where, node, "signed", NULL, error))
		return FALSE;
	type = pv_tuf_read_string(reader->where, pv_node_member(node, "_type"), "_type", error);
	if (!type)
		return FALSE;
	if (strcmp(type, expected) != 0)
		return pv_fail(error, PV_ERROR_ROLE, "%s: _type is '%.32s', expected '%s'",
			       reader->where, type, expected);
	if (!check_spec_version(reader, pv_node_member(node, "spec_version"), error) ||
	    !pv_tuf_read_integer(reader->where, pv_node_member(node, "version"), "version", 1,
				 G_MAXINT64, &metadata->version, error) ||
	    !read_expires(reader, pv_node_member(node, "expires"), error))
		return FALSE;
	switch (metadata->type) {
	case PV_TUF1_ROOT:
		return read_root(reader, node, error);
	case PV_TUF1_TARGETS:
		return read_targets(reader, node, error);
	default:
		return read_meta_table(reader, node, error);
	}
}

PvTuf1Metadata *pv_tuf1_parse(PvTuf1Type type, const char *role, GBytes *file, GError **error)
{
	g_autoptr(PvTuf1Metadata) metadata = g_rc_box_new0(PvTuf1Metadata);
	g_autofree char *where = g_strdup_printf("%.64s.json", role);
	Reader reader = { metadata, where };
	g_autoptr(PvDocument) document = NULL;
	const PvNode *top, *signed_part;

	metadata->type = type;
	metadata->role = g_strdup(role);
	metadata->file = g_bytes_ref(file);
	if (g_bytes_get_size(file) > PV_METADATA_BYTES_MAX)
		return pv_fail_null(error, PV_ERROR_LIMIT, "%s: %zu bytes, at most %zu allowed",
				    where, g_bytes_get_size(file), PV_METADATA_BYTES_MAX);
	document = pv_document_parse(file, where, error);
	if (!document)
		return NULL;
	top = pv_document_root(document);
	if (!pv_tuf_read_object(where, top, "the file", NULL, error) ||
	    !read_signatures(&reader, pv_node_member(top, "signatures"), error))
		return NULL;
	signed_part = pv_node_member(top, "signed");
	if (!read_signed(&reader, signed_part, error))
		return NULL;
	metadata->canonical = pv_node_canonical(signed_part);
	return g_steal_pointer(&metadata);
}

PvTuf1Metadata *pv_tuf1_ref(PvTuf1Metadata *metadata)
{
	return g_rc_box_acquire(metadata);
}

static void clear_metadata(void *data)
{
	PvTuf1Metadata *metadata = data;

	for (guint i = 0; i < PV_TUF1_TYPES; i++)
		pv_tuf1_role_free(metadata->roles[i]);
	pv_tuf1_role_free(metadata->bins);
	g_clear_pointer(&metadata->delegations, g_ptr_array_unref);
	g_clear_pointer(&metadata->targets, g_hash_table_unref);
	g_clear_pointer(&metadata->meta, g_hash_table_unref);
	g_clear_pointer(&metadata->keys, g_hash_table_unref);
	g_clear_pointer(&metadata->signatures, g_hash_table_unref);
	g_clear_pointer(&metadata->canonical, g_bytes_unref);
	g_clear_pointer(&metadata->file, g_bytes_unref);
	g_free(metadata->role);
}

void pv_tuf1_unref(PvTuf1Metadata *metadata)
{
	if (metadata)
		g_rc_box_release_full(metadata, clear_metadata);
}
