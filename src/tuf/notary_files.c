/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The long part of Notary's metadata: `targets` of a role, `meta` of snapshot and timestamp. A role
 * of 10,000 targets is common, so that each member costs no more than what is kept of it.
 */

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "tuf/nodes.h"
#include "tuf/notary_private.h"

static gboolean is_wanted(const PvNotaryReader *reader, const char *name, gsize length)
{
	return !reader->only ||
	       (strlen(reader->only) == length && memcmp(reader->only, name, length) == 0);
}

static gboolean read_member(PvNotaryReader *reader, const PvNode *member, const char *what,
			    GError **error)
{
	gsize length;
	const char *name = pv_node_name(member, &length);
	PvFileMeta *meta = NULL;
	gboolean good;

	if (length > PV_TARGET_NAME_BYTES_MAX)
		return pv_fail(error, PV_ERROR_LIMIT, "%s: a name in %s is too long", reader->where,
			       what);
	if (is_wanted(reader, name, length))
		good = (meta = pv_tuf_read_file_meta(reader->where, member, error)) != NULL;
	else
		good = pv_tuf_check_file_meta(reader->where, member, error);
	if (!good)
		return pv_fail_wrap(error, "\"%.*s\"", (int)MIN(length, 128), name);
	if (meta)
		pv_metadata_add_file(reader->metadata, pv_node_dup_name(member), meta);
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
	if (!pv_tuf_read_object(reader->where, node, what, NULL, error))
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
	const char *where = "a target";
	g_autoptr(GByteArray) object = g_byte_array_sized_new((guint)size + 2);
	g_autoptr(GBytes) bytes = NULL;
	g_autoptr(PvDocument) document = NULL;
	const PvNode *member;
	PvFileMeta *meta;

	g_byte_array_append(object, (const guint8 *)"{", 1);
	g_byte_array_append(object, (const guint8 *)text, (guint)size);
	g_byte_array_append(object, (const guint8 *)"}", 1);
	bytes = g_byte_array_free_to_bytes(g_steal_pointer(&object));
	document = pv_document_parse(bytes, where, error);
	if (!document)
		return NULL;
	if (pv_node_length(pv_document_root(document)) != 1)
		return pv_fail_null(error, PV_ERROR_SYNTAX, "%s: not one member", where);
	member = pv_node_first(pv_document_root(document));
	meta = pv_tuf_read_file_meta(where, member, error);
	if (meta)
		*ret_name = pv_node_dup_name(member);
	return meta;
}
