/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Reads the values that Notary's JSON is made of, strictly (trust.md 1.8), for metadata, key answers
 * and change files.
 */

#include "tuf/nodes.h"

#include <string.h>

#include "base/error.h"
#include "tuf/base64.h"
#include "tuf/plain_meta.h"

static const char *const known_key[] = { "keytype", "keyval", NULL };
static const char *const known_keyval[] = { "public", "private", NULL };
static const char *const known_target[] = { "hashes", "length", "custom", NULL };

static gboolean check_name(const char *where, const char *name, gsize length, const char *known,
			   GError **error)
{
	if (strlen(known) != length || memcmp(name, known, length) == 0 ||
	    g_ascii_strncasecmp(name, known, length) != 0)
		return TRUE;
	return pv_fail(error, PV_ERROR_SYNTAX, "%s: member \"%.*s\" must be spelled \"%s\"", where,
		       (int)length, name, known);
}

static gboolean check_names(const char *where, const PvNode *object, const char *const *known,
			    GError **error)
{
	for (const PvNode *member = pv_node_first(object); member; member = pv_node_next(member)) {
		gsize length;
		const char *name = pv_node_name(member, &length);

		for (guint i = 0; known[i]; i++) {
			if (!check_name(where, name, length, known[i], error))
				return FALSE;
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

static gboolean check_string(const char *where, const PvNode *node, const char *what,
			     GError **error)
{
	return (node && pv_node_kind(node) == PV_NODE_STRING) ||
	       pv_fail(error, PV_ERROR_SYNTAX, "%s: %s is no string", where, what);
}

char *pv_tuf_read_string(const char *where, const PvNode *node, const char *what, GError **error)
{
	return check_string(where, node, what, error) ? pv_node_dup_string(node) : NULL;
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

/* --- base64 --- */

static gboolean fail_base64(const char *where, const char *what, GError **error)
{
	return pv_fail(error, PV_ERROR_SYNTAX, "%s: %s is not valid base64", where, what);
}

guint8 *pv_tuf_read_base64(const char *where, const PvNode *node, const char *what, gsize *ret_size,
			   GError **error)
{
	g_autofree guint8 *data = NULL;
	const char *text;
	gsize length, size;

	if (!check_string(where, node, what, error))
		return NULL;
	text = pv_node_string(node, &length);
	if (pv_base64_size(text, length, &size)) {
		data = g_malloc(size + 1);
		if (pv_base64_decode(text, data, size)) {
			*ret_size = size;
			return g_steal_pointer(&data);
		}
	}
	fail_base64(where, what, error);
	return NULL;
}

/* The same into @to, of exactly @size bytes. */
static gboolean read_base64_into(const char *where, const PvNode *node, const char *what,
				 guint8 *to, gsize size, GError **error)
{
	const char *text;
	gsize length, found;

	if (!check_string(where, node, what, error))
		return FALSE;
	text = pv_node_string(node, &length);
	if (!pv_base64_size(text, length, &found))
		return fail_base64(where, what, error);
	if (found != size)
		return pv_fail(error, PV_ERROR_SYNTAX,
			       "%s: a %s of %" G_GSIZE_FORMAT " bytes instead of %" G_GSIZE_FORMAT,
			       where, what, found, size);
	return pv_base64_decode(text, to, size) || fail_base64(where, what, error);
}

/* --- keys and files --- */

gboolean pv_tuf_read_key(const char *where, const PvNode *node, gboolean is_known,
			 PvPublicKey **ret_key, GError **ret_unusable, GError **error)
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
	*ret_key = (is_known ? pv_public_key_new_known : pv_public_key_new)(type, public, size,
									    ret_unusable);
	return TRUE;
}

static gboolean read_hash(const char *where, const PvNode *hashes, const char *name, PvHash hash,
			  PvDigest *ret_digest, GError **error)
{
	const PvNode *node = pv_node_member(hashes, name);
	guint8 size = hash == PV_HASH_SHA256 ? 32 : 64;

	if (!node)
		return TRUE;
	if (!read_base64_into(where, node, name, ret_digest->raw, size, error))
		return FALSE;
	ret_digest->hash = hash;
	ret_digest->size = size;
	return TRUE;
}

/* All but `custom`, however it is spelled. */
static gboolean read_any_meta(const char *where, const PvNode *node, PvFileMeta *meta,
			      GError **error)
{
	const PvNode *hashes;
	gint64 length;

	if (!pv_tuf_read_object(where, node, "a file", known_target, error) ||
	    !pv_tuf_read_integer(where, pv_node_member(node, "length"), "length", 0,
				 G_GINT64_CONSTANT(1) << 53, &length, error))
		return FALSE;
	meta->length = (guint64)length;
	hashes = pv_tuf_read_object(where, pv_node_member(node, "hashes"), "hashes", NULL, error);
	if (!hashes || !read_hash(where, hashes, "sha256", PV_HASH_SHA256, &meta->sha256, error) ||
	    !read_hash(where, hashes, "sha512", PV_HASH_SHA512, &meta->sha512, error))
		return FALSE;
	return meta->sha256.size != 0 || meta->sha512.size != 0 ||
	       pv_fail(error, PV_ERROR_SYNTAX, "%s: a file without sha256 and without sha512",
		       where);
}

gboolean pv_tuf_check_file_meta(const char *where, const PvNode *node, GError **error)
{
	PvFileMeta meta = { 0 };

	return (node && pv_node_is_leaf(node)) || read_any_meta(where, node, &meta, error);
}

PvFileMeta *pv_tuf_read_file_meta(const char *where, const PvNode *node, GError **error)
{
	PvFileMeta meta = { 0 };
	const PvNode *custom;
	gsize size;
	const char *text = node ? pv_node_text(node, &size) : NULL;

	if (text && pv_plain_meta_read(text, size, &meta))
		return g_memdup2(&meta, sizeof meta);
	if (!read_any_meta(where, node, &meta, error))
		return NULL;
	custom = pv_node_member(node, "custom");
	if (custom && pv_node_kind(custom) != PV_NODE_NULL)
		meta.custom = pv_node_canonical(custom);
	return g_memdup2(&meta, sizeof meta);
}

/* --- writing ------------------------------------------------------------------------------ */

/* In place: a role of 10,000 targets has 20,000 of these. */
void pv_tuf_append_base64(GString *to, const void *data, gsize size)
{
	gsize start = to->len + 1, length = (size + 2) / 3 * 4;

	g_string_set_size(to, start + length + 1);
	to->str[start - 1] = to->str[start + length] = '"';
	pv_base64_encode(data, size, to->str + start);
}

void pv_tuf_append_hashes(GString *to, const PvFileMeta *meta)
{
	g_string_append(to, "\"hashes\":{");
	if (meta->sha256.size) {
		g_string_append(to, "\"sha256\":");
		pv_tuf_append_base64(to, meta->sha256.raw, meta->sha256.size);
	}
	if (meta->sha512.size) {
		g_string_append(to, meta->sha256.size ? ",\"sha512\":" : "\"sha512\":");
		pv_tuf_append_base64(to, meta->sha512.raw, meta->sha512.size);
	}
	g_string_append_c(to, '}');
}
