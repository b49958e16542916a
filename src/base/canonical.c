/* SPDX-License-Identifier: Apache-2.0 */

/*
 * JSON of the trust path in one pass: text → a flat array of nodes linked by index, no recursion,
 * no copy of strings that have no escapes. Canonical form after Notary (trust.md 2.1), which is
 * OLPC's canonical JSON: sorted members, no white space, strings raw but for `"` and `\`.
 *
 * While parsing, each container learns whether its text is canonical as it stands; then its
 * canonical form is a slice of the text. What Pavise and Notary write always is, unless a string
 * has one of the five characters that Go escapes in files.
 */

#include "base/canonical.h"

#include <string.h>

#include "base/canonical_private.h"
#include "base/error.h"
#include "base/limits.h"

#define INTEGER_MAX     (((gint64)1) << 53)
#define BYTES_PER_VALUE 32     /* of text, roughly, in metadata with many targets */
#define LEAF_LEVELS     2      /* what PvLeaves may be deep */
#define NODES_AHEAD_MAX 262144 /* nodes that are allocated before they are needed */

/* --- reading -------------------------------------------------------------------------------- */

typedef struct {
	PvDocument *document;
	const char *what;
	const PvLeaves *leaves; /* (nullable) */
	const char *at, *end;
	GError **error;
} Reader;

typedef struct {
	gsize at, size;
	gboolean in_arena, is_canonical;
} Text;

static gboolean fail(Reader *in, const char *expected)
{
	return pv_fail(in->error, PV_ERROR_SYNTAX, "%s: byte %zu: expected %s", in->what,
		       (gsize)(in->at - in->document->bytes), expected);
}

static gboolean is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static inline gboolean skip_space(Reader *in)
{
	const char *start = in->at;

	while (in->at < in->end && is_space(*in->at))
		in->at++;
	return in->at > start;
}

static int hex_value(const char *at)
{
	int value = 0;

	for (int i = 0; i < 4; i++) {
		int digit = g_ascii_xdigit_value(at[i]);

		if (digit < 0)
			return -1;
		value = value * 16 + digit;
	}
	return value;
}

/* \uXXXX, or a pair of surrogates, as UTF-8 into the arena. NUL and lone surrogates are refused. */
static gboolean take_unicode(Reader *in, GString *arena)
{
	int unit = in->end - in->at >= 4 ? hex_value(in->at) : -1;
	gunichar c;

	if (unit < 0)
		return fail(in, "four hexadecimal digits");
	in->at += 4;
	c = (gunichar)unit;
	if (unit >= 0xd800 && unit < 0xe000) {
		int low = in->end - in->at >= 6 && in->at[0] == '\\' && in->at[1] == 'u'
				  ? hex_value(in->at + 2)
				  : -1;

		if (unit >= 0xdc00 || low < 0xdc00 || low >= 0xe000)
			return fail(in, "a pair of surrogates");
		in->at += 6;
		c = 0x10000 + (((gunichar)unit & 0x3ff) << 10) + ((gunichar)low & 0x3ff);
	}
	if (c == 0)
		return fail(in, "a character other than NUL");
	g_string_append_unichar(arena, c);
	return TRUE;
}

static gboolean take_escape(Reader *in, GString *arena, gboolean *canonical)
{
	static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
	const char *found;
	char c = in->at < in->end ? *in->at : '\0';

	if (c == 'u') {
		*canonical = FALSE;
		in->at++;
		return take_unicode(in, arena);
	}
	found = c ? strchr(names, c) : NULL;
	if (!found)
		return fail(in, "an escape of JSON");
	if (c != '"' && c != '\\')
		*canonical = FALSE;
	g_string_append_c(arena, values[found - names]);
	in->at++;
	return TRUE;
}

/* After the opening quote has been seen to have escapes: the whole string into the arena. */
static gboolean take_escaped(Reader *in, Text *text)
{
	GString *arena = in->document->arena;

	text->in_arena = TRUE;
	text->at = arena->len;
	while (in->at < in->end && *in->at != '"') {
		if ((guchar)*in->at < 0x20)
			return fail(in, "an escape in place of a control character");
		if (*in->at != '\\') {
			g_string_append_c(arena, *in->at++);
			continue;
		}
		in->at++;
		if (!take_escape(in, arena, &text->is_canonical))
			return FALSE;
	}
	text->size = arena->len - text->at;
	g_string_append_c(arena, '\0');
	return TRUE;
}

static gboolean take_string(Reader *in, Text *ret_text)
{
	const char *start, *stop;
	Text text = { .is_canonical = TRUE };

	if (in->at == in->end || *in->at != '"')
		return fail(in, "a string");
	start = ++in->at;
	stop = pv_canonical_find_special(start, in->end);
	if (stop < in->end && *stop == '"') {
		text.at = (gsize)(start - in->document->bytes);
		text.size = (gsize)(stop - start);
		in->at = stop;
	} else if (!take_escaped(in, &text)) {
		return FALSE;
	}
	if (in->at == in->end)
		return fail(in, "the end of a string");
	if (text.size > PV_JSON_STRING_BYTES_MAX)
		return pv_fail(in->error, PV_ERROR_LIMIT,
			       "%s: a string of %zu bytes, at most %zu allowed", in->what,
			       text.size, PV_JSON_STRING_BYTES_MAX);
	in->at++;
	*ret_text = text;
	return TRUE;
}

/* Integers only, in one spelling: no plus, no leading zero, no fraction, no exponent, no -0. */
static gboolean take_integer(Reader *in, gint64 *ret_integer)
{
	gboolean negative = *in->at == '-';
	const char *digits = in->at + negative;
	gint64 value = 0;

	in->at = digits;
	while (in->at < in->end && g_ascii_isdigit(*in->at) && value <= INTEGER_MAX)
		value = value * 10 + (*in->at++ - '0');
	if (in->at == digits || (*digits == '0' && in->at - digits > 1) || (negative && value == 0))
		return fail(in, "an integer");
	if (value > INTEGER_MAX || (in->at < in->end && strchr(".eE", *in->at) && *in->at))
		return fail(in, "an integer of at most 2^53");
	*ret_integer = negative ? -value : value;
	return TRUE;
}

static gboolean take_word(Reader *in, const char *word)
{
	gsize length = strlen(word);

	if ((gsize)(in->end - in->at) < length || memcmp(in->at, word, length) != 0)
		return fail(in, "a JSON value");
	in->at += length;
	return TRUE;
}

/* At the end of an unsorted object: no two members of one name. */
static gboolean check_unique(Reader *in, const PvNode *object)
{
	g_autoptr(GArray) order = pv_canonical_sorted(in->document, object);

	for (guint i = 1; i < order->len; i++) {
		const PvNode *a =
			pv_canonical_node(in->document, g_array_index(order, guint32, i - 1));
		const PvNode *b = pv_canonical_node(in->document, g_array_index(order, guint32, i));

		if (pv_canonical_compare_names(in->document, a, b) == 0)
			return pv_fail(in->error, PV_ERROR_SYNTAX,
				       "%s: member '%.*s' stands twice in one object", in->what,
				       (int)MIN(a->name_size, 64u),
				       pv_canonical_text(in->document, a->name_at,
							 a->name_in_arena));
	}
	return TRUE;
}

typedef struct {
	guint32 index; /* of the open container */
	guint32 last;  /* its last child so far; 0 for none */
	gboolean sorted;
	gboolean has_leaves; /* its members may be some */
} Level;

/* @depth: how many levels are open around @node. */
static gboolean has_leaves(const Reader *in, const PvNode *node, guint depth)
{
	return in->leaves && node->kind == PV_NODE_OBJECT &&
	       depth + LEAF_LEVELS < PV_JSON_DEPTH_MAX &&
	       node->name_size == strlen(in->leaves->within) &&
	       memcmp(pv_canonical_text(in->document, node->name_at, node->name_in_arena),
		      in->leaves->within, node->name_size) == 0;
}

/* FALSE if what follows is none. */
static gboolean take_leaf(Reader *in, PvNode *node)
{
	gsize size = in->leaves->size(in->at, (gsize)(in->end - in->at));

	if (size == 0)
		return FALSE;
	node->kind = PV_NODE_OBJECT;
	node->is_leaf = node->is_canonical = node->is_sorted = TRUE;
	node->start = (guint32)(in->at - in->document->bytes);
	in->at += size;
	node->end = (guint32)(in->at - in->document->bytes);
	return TRUE;
}

/* A scalar, or the opening of a container. */
static gboolean take_value(Reader *in, PvNode *node)
{
	Text text;

	node->start = (guint32)(in->at - in->document->bytes);
	node->is_canonical = TRUE;
	switch (in->at < in->end ? *in->at : '\0') {
	case '{':
	case '[':
		node->kind = *in->at++ == '{' ? PV_NODE_OBJECT : PV_NODE_ARRAY;
		return TRUE;
	case '"':
		node->kind = PV_NODE_STRING;
		if (!take_string(in, &text))
			return FALSE;
		node->value.string.at = (guint32)text.at;
		node->value.string.size = (guint32)text.size;
		node->string_in_arena = text.in_arena != FALSE;
		node->is_canonical = text.is_canonical != FALSE;
		break;
	case 't':
		node->kind = PV_NODE_TRUE;
		if (!take_word(in, "true"))
			return FALSE;
		break;
	case 'f':
		node->kind = PV_NODE_FALSE;
		if (!take_word(in, "false"))
			return FALSE;
		break;
	case 'n':
		node->kind = PV_NODE_NULL;
		if (!take_word(in, "null"))
			return FALSE;
		break;
	case '-':
	case '0' ... '9':
		node->kind = PV_NODE_INTEGER;
		if (!take_integer(in, &node->value.integer))
			return FALSE;
		break;
	default:
		return fail(in, "a JSON value");
	}
	node->end = (guint32)(in->at - in->document->bytes);
	return TRUE;
}

/* "name": before a member's value. */
static gboolean take_name(Reader *in, PvNode *node, gboolean *spaced)
{
	Text text;

	if (!take_string(in, &text))
		return FALSE;
	node->name_at = (guint32)text.at;
	node->name_size = (guint32)text.size;
	node->name_in_arena = text.in_arena != FALSE;
	if (!text.is_canonical)
		*spaced = TRUE;
	*spaced |= skip_space(in);
	if (in->at == in->end || *in->at != ':')
		return fail(in, "a colon");
	in->at++;
	*spaced |= skip_space(in);
	return TRUE;
}

/* Hangs @child below the open container of @level and keeps its notes true. */
static void attach(PvDocument *document, Level *level, guint32 child)
{
	PvNode *parent = pv_canonical_node(document, level->index),
	       *node = pv_canonical_node(document, child);

	if (level->last)
		pv_canonical_node(document, level->last)->next = child;
	else
		parent->first = child;
	if (parent->kind == PV_NODE_OBJECT && level->last &&
	    pv_canonical_compare_names(document, pv_canonical_node(document, level->last), node) >=
		    0)
		level->sorted = FALSE;
	parent->length++;
	level->last = child;
}

/* `}` or `]`: closes the innermost container; its notes go up to the one around it. */
static gboolean close_level(Reader *in, GArray *levels)
{
	Level *level = &g_array_index(levels, Level, levels->len - 1);
	PvNode *node = pv_canonical_node(in->document, level->index);
	gboolean canonical;

	in->at++;
	node->end = (guint32)(in->at - in->document->bytes);
	node->is_sorted = level->sorted != FALSE;
	if (node->kind == PV_NODE_OBJECT && !level->sorted) {
		node->is_canonical = FALSE;
		if (!check_unique(in, node))
			return FALSE;
	}
	canonical = node->is_canonical;
	g_array_set_size(levels, levels->len - 1);
	if (levels->len > 0 && !canonical)
		pv_canonical_node(in->document, g_array_index(levels, Level, levels->len - 1).index)
			->is_canonical = FALSE;
	return TRUE;
}

/* One value with its name, if it has one, below the innermost open container. */
static gboolean take_node(Reader *in, GArray *levels)
{
	PvDocument *document = in->document;
	Level *level = levels->len ? &g_array_index(levels, Level, levels->len - 1) : NULL;
	PvNode node = { .document = document };
	guint32 index = document->nodes->len;
	gboolean spaced = FALSE;

	if (level && pv_canonical_node(document, level->index)->kind == PV_NODE_OBJECT &&
	    !take_name(in, &node, &spaced))
		return FALSE;
	if (!(level && level->has_leaves && take_leaf(in, &node)) && !take_value(in, &node))
		return FALSE;
	if (index > PV_JSON_NODES_MAX)
		return pv_fail(in->error, PV_ERROR_LIMIT, "%s: more than %d JSON values", in->what,
			       PV_JSON_NODES_MAX);
	g_array_append_val(document->nodes, node);
	if (level) {
		attach(document, level, index);
		if (spaced || !node.is_canonical)
			pv_canonical_node(document, level->index)->is_canonical = FALSE;
	}
	if ((node.kind == PV_NODE_OBJECT || node.kind == PV_NODE_ARRAY) && !node.is_leaf) {
		Level inner = { index, .sorted = TRUE,
				.has_leaves = has_leaves(in, &node, levels->len) };

		if (levels->len >= PV_JSON_DEPTH_MAX)
			return pv_fail(in->error, PV_ERROR_LIMIT,
				       "%s: nested deeper than %d levels", in->what,
				       PV_JSON_DEPTH_MAX);
		g_array_append_val(levels, inner);
	}
	return TRUE;
}

static gboolean take_document(Reader *in)
{
	g_autoptr(GArray) levels = g_array_new(FALSE, FALSE, sizeof(Level));

	skip_space(in);
	if (!take_node(in, levels))
		return FALSE;
	while (levels->len > 0) {
		Level *level = &g_array_index(levels, Level, levels->len - 1);
		PvNode *container = pv_canonical_node(in->document, level->index);
		char closing = container->kind == PV_NODE_OBJECT ? '}' : ']';

		if (skip_space(in))
			container->is_canonical = FALSE;
		if (in->at < in->end && *in->at == closing) {
			if (!close_level(in, levels))
				return FALSE;
			continue;
		}
		if (level->last) {
			if (in->at == in->end || *in->at != ',')
				return fail(in, "a comma or the end of the object or array");
			in->at++;
			if (skip_space(in))
				container->is_canonical = FALSE;
		}
		if (!take_node(in, levels))
			return FALSE;
	}
	skip_space(in);
	return in->at == in->end || fail(in, "the end of the text");
}

PvDocument *pv_document_parse(GBytes *text, const char *what, GError **error)
{
	return pv_document_parse_leaves(text, what, NULL, error);
}

PvDocument *pv_document_parse_leaves(GBytes *text, const char *what, const PvLeaves *leaves,
				     GError **error)
{
	g_autoptr(PvDocument) document = g_new0(PvDocument, 1);
	PvNode sentinel = { 0 };
	gsize size;
	Reader in = { .document = document, .what = what, .leaves = leaves, .error = error };
	const char *broken;

	document->text = g_bytes_ref(text);
	document->bytes = g_bytes_get_data(text, &size);
	if (!document->bytes)
		document->bytes = "";
	if (size > PV_METADATA_BYTES_MAX)
		return pv_fail_null(error, PV_ERROR_LIMIT, "%s: %zu bytes, at most %zu allowed",
				    what, size, PV_METADATA_BYTES_MAX);
	document->nodes =
		g_array_sized_new(FALSE, FALSE, sizeof(PvNode),
				  (guint)MIN(size / BYTES_PER_VALUE, NODES_AHEAD_MAX) + 16);
	document->arena = g_string_new(NULL);
	g_array_append_val(document->nodes, sentinel);
	in.at = document->bytes;
	in.end = document->bytes + size;
	if (!pv_canonical_is_ascii(in.at, in.end) &&
	    !g_utf8_validate_len(document->bytes, size, &broken))
		return pv_fail_null(error, PV_ERROR_SYNTAX, "%s: byte %zu: not UTF-8", what,
				    (gsize)(broken - document->bytes));
	return take_document(&in) ? g_steal_pointer(&document) : NULL;
}

void pv_document_free(PvDocument *document)
{
	if (!document)
		return;
	g_bytes_unref(document->text);
	g_clear_pointer(&document->nodes, g_array_unref);
	if (document->arena)
		g_string_free(document->arena, TRUE);
	g_free(document);
}
