/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The values in Notary's metadata, read strictly. Go's decoder matches member names without regard
 * to case while signatures cover the exact spelling, so a member that equals a known name only when
 * case is ignored is refused; other unknown members are passed over.
 */

#include <string.h>

#include "base/error.h"
#include "tuf/notary_private.h"

static gboolean check_name(const PvNotaryReader *reader, const char *name, gsize length,
			   const char *known, GError **error)
{
	if (strlen(known) != length || memcmp(name, known, length) == 0 ||
	    g_ascii_strncasecmp(name, known, length) != 0)
		return TRUE;
	return pv_fail(error, PV_ERROR_SYNTAX, "%s: member \"%.*s\" must be spelled \"%s\"",
		       reader->where, (int)length, name, known);
}

const PvNode *pv_notary_object(const PvNotaryReader *reader, const PvNode *node, const char *what,
			       const char *const *known, GError **error)
{
	if (!node || pv_node_kind(node) != PV_NODE_OBJECT)
		return pv_fail_null(error, PV_ERROR_SYNTAX, "%s: %s is no object", reader->where,
				    what);
	if (!known)
		return node;
	for (const PvNode *member = pv_node_first(node); member; member = pv_node_next(member)) {
		gsize length;
		const char *name = pv_node_name(member, &length);

		for (guint i = 0; known[i]; i++) {
			if (!check_name(reader, name, length, known[i], error))
				return NULL;
		}
	}
	return node;
}

const PvNode *pv_notary_array(const PvNotaryReader *reader, const PvNode *node, const char *what,
			      guint max, GError **error)
{
	if (!node || pv_node_kind(node) != PV_NODE_ARRAY)
		return pv_fail_null(error, PV_ERROR_SYNTAX, "%s: %s is no array", reader->where,
				    what);
	if (pv_node_length(node) > max)
		return pv_fail_null(error, PV_ERROR_LIMIT, "%s: %s has %u items, at most %u count",
				    reader->where, what, pv_node_length(node), max);
	return node;
}

static gboolean check_string(const PvNotaryReader *reader, const PvNode *node, const char *what,
			     GError **error)
{
	return (node && pv_node_kind(node) == PV_NODE_STRING) ||
	       pv_fail(error, PV_ERROR_SYNTAX, "%s: %s is no string", reader->where, what);
}

char *pv_notary_string(const PvNotaryReader *reader, const PvNode *node, const char *what,
		       GError **error)
{
	return check_string(reader, node, what, error) ? pv_node_dup_string(node) : NULL;
}

gboolean pv_notary_integer(const PvNotaryReader *reader, const PvNode *node, const char *what,
			   gint64 min, gint64 max, gint64 *ret_value, GError **error)
{
	if (!node || pv_node_kind(node) != PV_NODE_INTEGER)
		return pv_fail(error, PV_ERROR_SYNTAX, "%s: %s is no integer", reader->where, what);
	if (pv_node_integer(node) < min || pv_node_integer(node) > max)
		return pv_fail(error, PV_ERROR_SYNTAX,
			       "%s: %s is %" G_GINT64_FORMAT ", expected %" G_GINT64_FORMAT
			       " to %" G_GINT64_FORMAT,
			       reader->where, what, pv_node_integer(node), min, max);
	*ret_value = pv_node_integer(node);
	return TRUE;
}

/* --- base64 ------------------------------------------------------------------------------- */

/* One more than the six bits of a base64 character; 0 for all others. */
/* clang-format off */
static const guint8 sextet_plus_one[256] = {
	[32] = 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 63, 0, 0, 0, 64,
	[48] = 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 0, 0, 0, 0, 0, 0,
	[64] = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
	[80] = 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 0, 0, 0, 0, 0,
	[96] = 0, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41,
	[112] = 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 0, 0, 0, 0, 0,
};
/* clang-format on */

static inline guint sextet(char c)
{
	return (guint)sextet_plus_one[(guchar)c] - 1;
}

/* The size of what @text decodes to, if its length and padding are in order. */
static gboolean decoded_size(const char *text, gsize length, gsize *ret_size)
{
	gsize padding = 0;

	if (length % 4 != 0)
		return FALSE;
	while (padding < 2 && padding < length && text[length - 1 - padding] == '=')
		padding++;
	*ret_size = length / 4 * 3 - padding;
	return TRUE;
}

/*
 * Strictly: the one spelling that encodes back to the same text. FALSE for another character, also
 * `=` anywhere but at the end, and for bits set behind the last byte.
 */
static gboolean decode(const char *text, guint8 *to, gsize size)
{
	gsize whole = size / 3, rest = size % 3;
	guint a, b, c, d;

	for (gsize i = 0; i < whole; i++, text += 4, to += 3) {
		a = sextet(text[0]), b = sextet(text[1]), c = sextet(text[2]), d = sextet(text[3]);
		if ((a | b | c | d) > 63)
			return FALSE;
		to[0] = (guint8)(a << 2 | b >> 4);
		to[1] = (guint8)(b << 4 | c >> 2);
		to[2] = (guint8)(c << 6 | d);
	}
	if (rest == 0)
		return TRUE;
	a = sextet(text[0]), b = sextet(text[1]), c = rest == 2 ? sextet(text[2]) : 0;
	if ((a | b | c) > 63 || (rest == 1 ? b & 15 : c & 3))
		return FALSE;
	to[0] = (guint8)(a << 2 | b >> 4);
	if (rest == 2)
		to[1] = (guint8)(b << 4 | c >> 2);
	return TRUE;
}

static gboolean fail_base64(const PvNotaryReader *reader, const char *what, GError **error)
{
	return pv_fail(error, PV_ERROR_SYNTAX, "%s: %s is not valid base64", reader->where, what);
}

guint8 *pv_notary_base64(const PvNotaryReader *reader, const PvNode *node, const char *what,
			 gsize *ret_size, GError **error)
{
	g_autofree guint8 *data = NULL;
	const char *text;
	gsize length, size;

	if (!check_string(reader, node, what, error))
		return NULL;
	text = pv_node_string(node, &length);
	if (decoded_size(text, length, &size)) {
		data = g_malloc(size + 1);
		if (decode(text, data, size)) {
			*ret_size = size;
			return g_steal_pointer(&data);
		}
	}
	fail_base64(reader, what, error);
	return NULL;
}

gboolean pv_notary_base64_into(const PvNotaryReader *reader, const PvNode *node, const char *what,
			       guint8 *to, gsize size, GError **error)
{
	const char *text;
	gsize length, found;

	if (!check_string(reader, node, what, error))
		return FALSE;
	text = pv_node_string(node, &length);
	if (!decoded_size(text, length, &found))
		return fail_base64(reader, what, error);
	if (found != size)
		return pv_fail(error, PV_ERROR_SYNTAX,
			       "%s: a %s of %" G_GSIZE_FORMAT " bytes instead of %" G_GSIZE_FORMAT,
			       reader->where, what, found, size);
	return decode(text, to, size) || fail_base64(reader, what, error);
}
