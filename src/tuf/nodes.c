/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Reads the values that Notary's JSON is made of, strictly (trust.md 1.8), for metadata, key answers
 * and change files.
 */

#include "tuf/nodes.h"

#include <string.h>

#include "base/error.h"

static const char *const known_key[] = { "keytype", "keyval", NULL };
static const char *const known_keyval[] = { "public", "private", NULL };
static const char *const known_target[] = { "hashes", "length", "custom", NULL };

static gboolean check_names(const char *where, const PvNode *object, const char *const *known,
			    GError **error)
{
	for (const PvNode *member = pv_node_first(object); member; member = pv_node_next(member)) {
		gsize length;
		const char *name = pv_node_name(member, &length);

		for (guint i = 0; known[i]; i++) {
			if (strlen(known[i]) == length &&
			    g_ascii_strncasecmp(name, known[i], length) == 0 &&
			    memcmp(name, known[i], length) != 0)
				return pv_fail(error, PV_ERROR_SYNTAX,
					       "%s: member \"%.*s\" must be spelled \"%s\"", where,
					       (int)length, name, known[i]);
		}
	}
	return TRUE;
}

const PvNode *pv_tuf_read_object(const char *where, const PvNode *node, const char *what,
				 const char *const *known, GError **error)
{
	if (!node || pv_node_kind(node) != PV_NODE_OBJECT)
		return pv_fail_null(error, PV_ERROR_SYNTAX, "%s: %s is no object", where, what);
	if (known && !check_names(where, node, known, error))
		return NULL;
	return node;
}

const PvNode *pv_tuf_read_array(const char *where, const PvNode *node, const char *what, guint max,
				GError **error)
{
	if (!node || pv_node_kind(node) != PV_NODE_ARRAY)
		return pv_fail_null(error, PV_ERROR_SYNTAX, "%s: %s is no array", where, what);
	if (pv_node_length(node) > max)
		return pv_fail_null(error, PV_ERROR_LIMIT, "%s: %s has %u items, at most %u count",
				    where, what, pv_node_length(node), max);
	return node;
}

char *pv_tuf_read_string(const char *where, const PvNode *node, const char *what, GError **error)
{
	if (!node || pv_node_kind(node) != PV_NODE_STRING)
		return pv_fail_null(error, PV_ERROR_SYNTAX, "%s: %s is no string", where, what);
	return pv_node_dup_string(node);
}

gboolean pv_tuf_read_integer(const char *where, const PvNode *node, const char *what, gint64 min,
			     gint64 max, gint64 *ret_value, GError **error)
{
	if (!node || pv_node_kind(node) != PV_NODE_INTEGER)
		return pv_fail(error, PV_ERROR_SYNTAX, "%s: %s is no integer", where, what);
	if (pv_node_integer(node) < min || pv_node_integer(node) > max)
		return pv_fail(error, PV_ERROR_SYNTAX,
			       "%s: %s is %" G_GINT64_FORMAT ", expected %" G_GINT64_FORMAT
			       " to %" G_GINT64_FORMAT,
			       where, what, pv_node_integer(node), min, max);
	*ret_value = pv_node_integer(node);
	return TRUE;
}

/* Decodes standard base64 strictly: the one spelling that encodes back to the same text. */
guint8 *pv_tuf_read_base64(const char *where, const PvNode *node, const char *what, gsize *ret_size,
			   GError **error)
{
	g_autofree char *text = pv_tuf_read_string(where, node, what, error);
	g_autofree guint8 *data = NULL;
	g_autofree char *again = NULL;

	if (!text)
		return NULL;
	data = g_base64_decode(text, ret_size);
	again = g_base64_encode(data, *ret_size);
	if (strcmp(text, again) != 0)
		return pv_fail_null(error, PV_ERROR_SYNTAX, "%s: %s is not valid base64", where,
				    what);
	return g_steal_pointer(&data);
}

gboolean pv_tuf_read_key(const char *where, const PvNode *node, PvPublicKey **ret_key,
			 GError **ret_unusable, GError **error)
{
	g_autofree char *type = NULL;
	g_autofree guint8 *public = NULL;
	const PvNode *value;
	gsize size;

	if (!pv_tuf_read_object(where, node, "a key", known_key, error))
		return FALSE;
	type = pv_tuf_read_string(where, pv_node_member(node, "keytype"), "keytype", error);
	if (!type)
		return FALSE;
	value = pv_tuf_read_object(where, pv_node_member(node, "keyval"), "keyval", known_keyval,
				   error);
	if (!value)
		return FALSE;
	public = pv_tuf_read_base64(where, pv_node_member(value, "public"), "a public key", &size,
				    error);
	if (!public)
		return FALSE;
	*ret_key = pv_public_key_new(type, public, size, ret_unusable);
	return TRUE;
}

static gboolean read_hash(const char *where, const PvNode *hashes, const char *name, PvHash hash,
			  PvDigest *ret_digest, GError **error)
{
	const PvNode *node = pv_node_member(hashes, name);
	g_autofree guint8 *raw = NULL;
	gsize size, expected = hash == PV_HASH_SHA256 ? 32 : 64;

	if (!node)
		return TRUE;
	raw = pv_tuf_read_base64(where, node, name, &size, error);
	if (!raw)
		return FALSE;
	if (size != expected)
		return pv_fail(error, PV_ERROR_SYNTAX,
			       "%s: a %s of %" G_GSIZE_FORMAT " bytes instead of %" G_GSIZE_FORMAT,
			       where, name, size, expected);
	ret_digest->hash = hash;
	ret_digest->size = (guint8)size;
	memcpy(ret_digest->raw, raw, size);
	return TRUE;
}

PvFileMeta *pv_tuf_read_file_meta(const char *where, const PvNode *node, GError **error)
{
	g_autoptr(PvFileMeta) meta = g_new0(PvFileMeta, 1);
	const PvNode *hashes, *custom;
	gint64 length;

	if (!pv_tuf_read_object(where, node, "a file", known_target, error) ||
	    !pv_tuf_read_integer(where, pv_node_member(node, "length"), "length", 0,
				 G_GINT64_CONSTANT(1) << 53, &length, error))
		return NULL;
	meta->length = (guint64)length;
	hashes = pv_tuf_read_object(where, pv_node_member(node, "hashes"), "hashes", NULL, error);
	if (!hashes || !read_hash(where, hashes, "sha256", PV_HASH_SHA256, &meta->sha256, error) ||
	    !read_hash(where, hashes, "sha512", PV_HASH_SHA512, &meta->sha512, error))
		return NULL;
	if (meta->sha256.size == 0 && meta->sha512.size == 0)
		return pv_fail_null(error, PV_ERROR_SYNTAX,
				    "%s: a file without sha256 and without sha512", where);
	custom = pv_node_member(node, "custom");
	if (custom && pv_node_kind(custom) != PV_NODE_NULL)
		meta->custom = pv_node_canonical(custom);
	return g_steal_pointer(&meta);
}
