/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Looking at parsed JSON, and its canonical form. A node whose text is canonical already gives a
 * slice of it; others are written anew, without recursion, by walking the links.
 */

#include <string.h>

#include "base/canonical_private.h"
#include "base/error.h"
#include "base/limits.h"

int pv_canonical_compare_names(const PvDocument *document, const PvNode *a, const PvNode *b)
{
	int order = memcmp(pv_canonical_text(document, a->name_at, a->name_in_arena),
			   pv_canonical_text(document, b->name_at, b->name_in_arena),
			   MIN(a->name_size, b->name_size));

	return order ? order : (a->name_size > b->name_size) - (a->name_size < b->name_size);
}

static int compare_indices(const void *a, const void *b, void *document)
{
	return pv_canonical_compare_names(document,
					  pv_canonical_node(document, *(const guint32 *)a),
					  pv_canonical_node(document, *(const guint32 *)b));
}

GArray *pv_canonical_sorted(const PvDocument *document, const PvNode *object)
{
	GArray *order = g_array_sized_new(FALSE, FALSE, sizeof(guint32), object->length);

	for (guint32 i = object->first; i; i = pv_canonical_node(document, i)->next)
		g_array_append_val(order, i);
	g_array_sort_with_data(order, compare_indices, (void *)document);
	return order;
}

/* --- looking -------------------------------------------------------------------------------- */

const PvNode *pv_document_root(const PvDocument *document)
{
	return pv_canonical_node(document, 1);
}

PvNodeKind pv_node_kind(const PvNode *node)
{
	return (PvNodeKind)node->kind;
}

gint64 pv_node_integer(const PvNode *node)
{
	return node->kind == PV_NODE_INTEGER ? node->value.integer : 0;
}

const char *pv_node_string(const PvNode *node, gsize *ret_length)
{
	*ret_length = 0;
	if (node->kind != PV_NODE_STRING)
		return "";
	*ret_length = node->value.string.size;
	return pv_canonical_text(node->document, node->value.string.at, node->string_in_arena);
}

char *pv_node_dup_string(const PvNode *node)
{
	gsize length;
	const char *text = pv_node_string(node, &length);

	return node->kind == PV_NODE_STRING ? g_strndup(text, length) : NULL;
}

const char *pv_node_name(const PvNode *node, gsize *ret_length)
{
	*ret_length = node->name_size;
	return pv_canonical_text(node->document, node->name_at, node->name_in_arena);
}

char *pv_node_dup_name(const PvNode *node)
{
	gsize length;
	const char *text = pv_node_name(node, &length);

	return g_strndup(text, length);
}

guint pv_node_length(const PvNode *node)
{
	return node->length;
}

const PvNode *pv_node_first(const PvNode *node)
{
	return node->first ? pv_canonical_node(node->document, node->first) : NULL;
}

const PvNode *pv_node_next(const PvNode *node)
{
	return node->next ? pv_canonical_node(node->document, node->next) : NULL;
}

const PvNode *pv_node_member(const PvNode *object, const char *name)
{
	gsize wanted = strlen(name);

	if (object->kind != PV_NODE_OBJECT)
		return NULL;
	for (const PvNode *member = pv_node_first(object); member; member = pv_node_next(member)) {
		gsize length;
		const char *found = pv_node_name(member, &length);

		if (length == wanted && memcmp(found, name, wanted) == 0)
			return member;
	}
	return NULL;
}

const char *pv_node_text(const PvNode *node, gsize *ret_length)
{
	*ret_length = node->end - node->start;
	return node->document->bytes + node->start;
}

gboolean pv_node_is_leaf(const PvNode *node)
{
	return node->is_leaf;
}

gboolean pv_node_is_sorted(const PvNode *object)
{
	return object->is_sorted;
}

void pv_node_extent(const PvNode *node, guint32 *ret_start, guint32 *ret_end)
{
	if (ret_start)
		*ret_start = node->start;
	*ret_end = node->end;
}

guint32 pv_node_member_start(const PvNode *object, const PvNode *before)
{
	guint32 at = before ? before->end : object->start + 1;

	while (object->document->bytes[at] != '"')
		at++;
	return at;
}

/* --- writing -------------------------------------------------------------------------------- */

static void append_text(GString *to, const char *text, gsize length)
{
	gsize clean = 0;

	g_string_append_c(to, '"');
	for (gsize i = 0; i < length; i++) {
		if (text[i] != '"' && text[i] != '\\')
			continue;
		g_string_append_len(to, text + clean, (gssize)(i - clean));
		g_string_append_c(to, '\\');
		clean = i;
	}
	g_string_append_len(to, text + clean, (gssize)(length - clean));
	g_string_append_c(to, '"');
}

void pv_canonical_append_string(GString *to, const char *text)
{
	append_text(to, text, strlen(text));
}

void pv_canonical_append_number(GString *to, guint64 number)
{
	char digits[24], *at = digits + sizeof digits;

	do {
		*--at = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	g_string_append_len(to, at, digits + sizeof digits - at);
}

static void append_scalar(GString *to, const PvNode *node)
{
	gsize length;
	const char *text;

	if (node->kind == PV_NODE_STRING) {
		text = pv_node_string(node, &length);
		append_text(to, text, length);
	} else {
		g_string_append_len(to, node->document->bytes + node->start,
				    (gssize)(node->end - node->start));
	}
}

/* A container that is being written: its children in order, and how far we are. */
typedef struct {
	GArray *order;
	guint done;
	char closing;
} Open;

static Open open_container(GString *to, const PvNode *node)
{
	Open open = { .closing = node->kind == PV_NODE_OBJECT ? '}' : ']' };

	g_string_append_c(to, node->kind == PV_NODE_OBJECT ? '{' : '[');
	if (node->kind == PV_NODE_OBJECT) {
		open.order = pv_canonical_sorted(node->document, node);
		return open;
	}
	open.order = g_array_sized_new(FALSE, FALSE, sizeof(guint32), node->length);
	for (guint32 i = node->first; i; i = pv_canonical_node(node->document, i)->next)
		g_array_append_val(open.order, i);
	return open;
}

/* Writes what can be written at once; TRUE if @node is a container that has to be opened. */
static gboolean append_or_open(GString *to, const PvNode *node)
{
	if (node->kind != PV_NODE_OBJECT && node->kind != PV_NODE_ARRAY) {
		append_scalar(to, node);
		return FALSE;
	}
	if (!node->is_canonical)
		return TRUE;
	g_string_append_len(to, node->document->bytes + node->start,
			    (gssize)(node->end - node->start));
	return FALSE;
}

static GBytes *write_anew(const PvNode *node)
{
	g_autoptr(GArray) stack = g_array_new(FALSE, FALSE, sizeof(Open));
	GString *to = g_string_sized_new(node->end - node->start);
	Open open;

	if (append_or_open(to, node)) {
		open = open_container(to, node);
		g_array_append_val(stack, open);
	}
	while (stack->len > 0) {
		Open *top = &g_array_index(stack, Open, stack->len - 1);
		const PvNode *child;

		if (top->done == top->order->len) {
			g_string_append_c(to, top->closing);
			g_array_unref(top->order);
			g_array_set_size(stack, stack->len - 1);
			continue;
		}
		if (top->done > 0)
			g_string_append_c(to, ',');
		child = pv_canonical_node(node->document,
					  g_array_index(top->order, guint32, top->done++));
		if (top->closing == '}') {
			gsize length;
			const char *name = pv_node_name(child, &length);

			append_text(to, name, length);
			g_string_append_c(to, ':');
		}
		if (append_or_open(to, child)) {
			open = open_container(to, child);
			g_array_append_val(stack, open);
		}
	}
	return g_string_free_to_bytes(to);
}

GBytes *pv_node_canonical(const PvNode *node)
{
	if (node->is_canonical)
		return g_bytes_new_from_bytes(node->document->text, node->start,
					      node->end - node->start);
	return write_anew(node);
}

/* All but control characters, `<`, `>`, `&` and the first byte of U+2028 and U+2029. */
static const guint8 is_plain[256] = {
	[0x20 ... 0x25] = 1, [0x27 ... 0x3b] = 1, [0x3d] = 1,
	[0x3f ... 0xe1] = 1, [0xe3 ... 0xff] = 1,
};

/* The length of the longest start of @text that stands in a file as it is. */
static gsize plain_length(const char *text, gsize size)
{
	const guchar *at = (const guchar *)text, *end = at + size;

	while (end - at >= 4 &&
	       (is_plain[at[0]] & is_plain[at[1]] & is_plain[at[2]] & is_plain[at[3]]))
		at += 4;
	while (at < end && is_plain[*at])
		at++;
	return (gsize)(at - (const guchar *)text);
}

/* One character that a file spells in another way, or 0xe2 with which such a one may begin. */
static gsize append_spelled(GString *to, const char *text, gsize size)
{
	guchar c = (guchar)text[0];

	if (c != 0xe2) {
		g_string_append_printf(to, "\\u%04x", c);
		return 1;
	}
	if (size < 3 ||
	    (memcmp(text, "\xe2\x80\xa8", 3) != 0 && memcmp(text, "\xe2\x80\xa9", 3) != 0)) {
		g_string_append_c(to, (char)c);
		return 1;
	}
	g_string_append_printf(to, "\\u20%02x", (guchar)text[2] - 0x80);
	return 3;
}

GBytes *pv_canonical_file_form(GBytes *canonical, GError **error)
{
	gsize size, at;
	const char *text = g_bytes_get_data(canonical, &size);
	GString *to;

	at = plain_length(text, size);
	if (at == size)
		return g_bytes_ref(canonical);
	to = g_string_sized_new(size);
	g_string_append_len(to, text, (gssize)at);
	while (at < size) {
		gsize plain = plain_length(text + at, size - at);

		g_string_append_len(to, text + at, (gssize)plain);
		at += plain;
		if (at == size)
			break;
		if ((guchar)text[at] < 0x20) {
			guchar c = (guchar)text[at];

			g_string_free(to, TRUE);
			return pv_fail_null(
				error, PV_ERROR_SYNTAX,
				"a name with the control character 0x%02x cannot be written", c);
		}
		at += append_spelled(to, text + at, size - at);
	}
	return g_string_free_to_bytes(to);
}
