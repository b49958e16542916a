/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/*
 * JSON of the trust path: strict reading in one pass into a flat array of nodes, and the canonical
 * form that is signed (trust.md 2.1): members sorted by bytes, no white space, strings raw but for
 * `"` and `\`, integers only.
 *
 * Refused: duplicate members, trailing bytes, invalid UTF-8, lone surrogates, numbers that are not
 * integers or are beyond 2^53, more than PV_JSON_DEPTH_MAX levels. No recursion.
 */

typedef enum {
	PV_NODE_NULL,
	PV_NODE_FALSE,
	PV_NODE_TRUE,
	PV_NODE_INTEGER,
	PV_NODE_STRING,
	PV_NODE_ARRAY,
	PV_NODE_OBJECT
} PvNodeKind;

typedef struct PvDocument PvDocument; /* owns the text, the nodes and unescaped strings */
typedef struct PvNode PvNode;         /* lives as long as its document */

/**
 * pv_document_parse:
 * @text: untrusted; a reference is kept
 * @what: for messages: "targets.json"
 *
 * Errors: PV_ERROR_SYNTAX (with the byte offset), PV_ERROR_LIMIT.
 */
PvDocument *pv_document_parse(GBytes *text, const char *what, GError **error);

/*
 * What lets a large document be read faster: many objects of one shape, that a caller knows by
 * heart, are not taken apart.
 */
typedef struct {
	const char *within; /* the members of objects of this name are looked at */
	/* The size of the object of that shape with which the text begins, 0 if it begins
	 * otherwise. The shape is canonical, without a member twice, without an escape
	 * and no deeper than one object in another. */
	gsize (*size)(const char *text, gsize size);
} PvLeaves;

/**
 * pv_document_parse_leaves:
 *
 * As pv_document_parse(), but objects that are @leaves show no members: what they say is in
 * pv_node_text().
 */
PvDocument *pv_document_parse_leaves(GBytes *text, const char *what, const PvLeaves *leaves,
				     GError **error);
void pv_document_free(PvDocument *document);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvDocument, pv_document_free)

const PvNode *pv_document_root(const PvDocument *document);

/* (transfer full): NUL-terminated copies; NULL for a node that is no string. */
char *pv_node_dup_string(const PvNode *node);
char *pv_node_dup_name(const PvNode *node);

PvNodeKind pv_node_kind(const PvNode *node);
gint64 pv_node_integer(const PvNode *node);
/* The string's bytes, unescaped; it has no NUL inside and none at its end. */
const char *pv_node_string(const PvNode *node, gsize *ret_length);
guint pv_node_length(const PvNode *node);        /* items or members */
const PvNode *pv_node_first(const PvNode *node); /* item or member value, in file order */
const PvNode *pv_node_next(const PvNode *node);  /* NULL after the last */
const char *pv_node_name(const PvNode *node, gsize *ret_length);      /* of a member */
const PvNode *pv_node_member(const PvNode *object, const char *name); /* NULL if there is none */

/* The value as it stands in the text. */
const char *pv_node_text(const PvNode *node, gsize *ret_length);
gboolean pv_node_is_leaf(const PvNode *node); /* one of PvLeaves */

/*
 * Where things stand in the text, in bytes from its beginning: a value from its first byte to
 * behind its last, a member from the quote of its name. @before is the member in front of the one
 * in question, NULL for the first.
 */
void pv_node_extent(const PvNode *node, guint32 *ret_start, guint32 *ret_end);
guint32 pv_node_member_start(const PvNode *object, const PvNode *before);

/* TRUE if the members of @object stand in the order of their names, by bytes. */
gboolean pv_node_is_sorted(const PvNode *object);

/**
 * pv_node_canonical:
 *
 * Returns: (transfer full): the canonical form of the node, the input of signatures. If the text is
 * canonical already this is a slice of it and costs no copy.
 */
GBytes *pv_node_canonical(const PvNode *node);

/*
 * Writing: a builder that yields canonical JSON. In a *file* Notary additionally escapes
 * `<` `>` `&` U+2028 U+2029 as \u003c … (trust.md 0.1): pv_canonical_file_form() does it.
 */
void pv_canonical_append_string(GString *to, const char *text);
void pv_canonical_append_number(GString *to, guint64 number);

/**
 * pv_canonical_file_form:
 * @canonical: canonical JSON
 *
 * Returns: (transfer full): the spelling in which Go's encoder writes it to a file. Control
 * characters inside strings cannot be written: PV_ERROR_SYNTAX.
 */
GBytes *pv_canonical_file_form(GBytes *canonical, GError **error);
