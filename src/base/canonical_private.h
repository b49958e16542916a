/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/canonical.h"

/* What canonical.c (reading), canonical_scan.c and canonical_write.c share; not for other files.
 * Offsets fit 32 bits because a document has at most PV_METADATA_BYTES_MAX bytes. */

struct PvNode {
	const PvDocument *document;
	union {
		gint64 integer;
		struct {
			guint32 at, size;
		} string;
	} value;
	guint32 name_at, name_size; /* of a member: in the text or the arena */
	guint32 start, end;         /* the value's text */
	guint32 length;             /* of a container */
	guint32 next, first;        /* indices of sibling and child; 0 for none */
	guint8 kind;                /* PvNodeKind */
	guint8 is_canonical : 1;    /* its text is its canonical form */
	guint8 is_sorted : 1; /* of an object: its members stand in the order of their names */
	guint8 is_leaf : 1;   /* an object whose members were not read */
	guint8 name_in_arena, string_in_arena;
};

struct PvDocument {
	GBytes *text;
	const char *bytes; /* of @text */
	GArray *nodes;     /* of PvNode; [0] is a sentinel that nothing points to */
	GString *arena;    /* strings that had escapes */
};

static inline PvNode *pv_canonical_node(const PvDocument *document, guint32 index)
{
	return &g_array_index(document->nodes, PvNode, index);
}

static inline const char *pv_canonical_text(const PvDocument *document, gsize at, gboolean in_arena)
{
	return (in_arena ? document->arena->str : document->bytes) + at;
}

/* The first quote, backslash or control character from @at on, or @end. */
const char *pv_canonical_find_special(const char *at, const char *end);

/* TRUE if no byte has its highest bit: most metadata, and then it is UTF-8. */
gboolean pv_canonical_is_ascii(const char *at, const char *end);

int pv_canonical_compare_names(const PvDocument *document, const PvNode *a, const PvNode *b);

/* (transfer full): guint32 indices of the members of @object in the order of their names. */
GArray *pv_canonical_sorted(const PvDocument *document, const PvNode *object);
