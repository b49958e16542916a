/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The long part of Notary's metadata: `targets` of a role, `meta` of snapshot and timestamp. A role
 * of 10,000 targets is common, so that each member costs no more than what is kept of it.
 */

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "tuf/notary_private.h"

static const char *const known_target[] = { "hashes", "length", "custom", NULL };

static gboolean read_hash(const PvNotaryReader *reader, const PvNode *hashes, const char *name,
			  PvHash hash, PvDigest *ret_digest, GError **error)
{
	const PvNode *node = pv_node_member(hashes, name);
	guint8 size = hash == PV_HASH_SHA256 ? 32 : 64;

	if (!node)
		return TRUE;
	if (!pv_notary_base64_into(reader, node, name, ret_digest->raw, size, error))
		return FALSE;
	ret_digest->hash = hash;
	ret_digest->size = size;
	return TRUE;
}

gboolean pv_notary_read_file(const PvNotaryReader *reader, const PvNode *node, PvFileMeta *meta,
			     GError **error)
{
	const PvNode *hashes;
	gint64 length;

	if (!pv_notary_object(reader, node, "a file", known_target, error) ||
	    !pv_notary_integer(reader, pv_node_member(node, "length"), "length", 0,
			       G_GINT64_CONSTANT(1) << 53, &length, error))
		return FALSE;
	meta->length = (guint64)length;
	hashes = pv_notary_object(reader, pv_node_member(node, "hashes"), "hashes", NULL, error);
	if (!hashes || !read_hash(reader, hashes, "sha256", PV_HASH_SHA256, &meta->sha256, error) ||
	    !read_hash(reader, hashes, "sha512", PV_HASH_SHA512, &meta->sha512, error))
		return FALSE;
	if (meta->sha256.size == 0 && meta->sha512.size == 0)
		return pv_fail(error, PV_ERROR_SYNTAX,
			       "%s: a file without sha256 and without sha512", reader->where);
	return TRUE;
}

static PvFileMeta *with_custom(const PvNode *member, const PvFileMeta *meta)
{
	const PvNode *custom = pv_node_member(member, "custom");
	PvFileMeta *kept = pv_file_meta_copy(meta);

	if (custom && pv_node_kind(custom) != PV_NODE_NULL)
		kept->custom = pv_node_canonical(custom);
	return kept;
}

static gboolean read_member(PvNotaryReader *reader, const PvNode *member, const char *what,
			    GError **error)
{
	gsize length;
	const char *name = pv_node_name(member, &length);
	PvFileMeta meta = { 0 };

	if (length > PV_TARGET_NAME_BYTES_MAX)
		return pv_fail(error, PV_ERROR_LIMIT, "%s: a name in %s is too long", reader->where,
			       what);
	if (!pv_notary_read_file(reader, member, &meta, error))
		return pv_fail_wrap(error, "\"%.*s\"", (int)MIN(length, 128), name);
	if (!reader->only ||
	    (strlen(reader->only) == length && memcmp(reader->only, name, length) == 0))
		g_hash_table_insert(reader->metadata->files, pv_node_dup_name(member),
				    with_custom(member, &meta));
	return TRUE;
}

/* Notes where the members stand, if they stand in the order of their names. */
static void note_places(PvNotaryReader *reader, const PvNode *node)
{
	const PvNode *before = NULL;
	PvTargetPlaces *places;

	if (!pv_node_is_sorted(node))
		return;
	places = reader->metadata->places = pv_target_places_new(pv_node_length(node));
	pv_node_extent(node, &places->start, &places->end);
	for (const PvNode *member = pv_node_first(node); member; member = pv_node_next(member)) {
		PvTargetPlace place = { pv_node_member_start(node, before), 0 };
		guint32 end;

		pv_node_extent(member, NULL, &end);
		place.size = end - place.at;
		g_array_append_val(places->members, place);
		before = member;
	}
}

gboolean pv_notary_read_files(PvNotaryReader *reader, const PvNode *node, const char *what,
			      guint max, GError **error)
{
	if (!pv_notary_object(reader, node, what, NULL, error))
		return FALSE;
	if (pv_node_length(node) > max)
		return pv_fail(error, PV_ERROR_LIMIT, "%s: %s has %u members, at most %u count",
			       reader->where, what, pv_node_length(node), max);
	for (const PvNode *member = pv_node_first(node); member; member = pv_node_next(member)) {
		if (!read_member(reader, member, what, error))
			return FALSE;
	}
	if (reader->places)
		note_places(reader, node);
	return TRUE;
}

PvFileMeta *pv_target_parse(const char *text, gsize size, char **ret_name, GError **error)
{
	PvNotaryReader reader = { .where = "a target" };
	g_autoptr(GByteArray) object = g_byte_array_sized_new((guint)size + 2);
	g_autoptr(GBytes) bytes = NULL;
	g_autoptr(PvDocument) document = NULL;
	const PvNode *member;
	PvFileMeta meta = { 0 };

	g_byte_array_append(object, (const guint8 *)"{", 1);
	g_byte_array_append(object, (const guint8 *)text, (guint)size);
	g_byte_array_append(object, (const guint8 *)"}", 1);
	bytes = g_byte_array_free_to_bytes(g_steal_pointer(&object));
	document = pv_document_parse(bytes, reader.where, error);
	if (!document)
		return NULL;
	if (pv_node_length(pv_document_root(document)) != 1)
		return pv_fail_null(error, PV_ERROR_SYNTAX, "%s: not one member", reader.where);
	member = pv_node_first(pv_document_root(document));
	if (!pv_notary_read_file(&reader, member, &meta, error))
		return NULL;
	*ret_name = pv_node_dup_name(member);
	return with_custom(member, &meta);
}
