/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/canonical.h"
#include "tuf/metadata.h"

/* What the files of the Notary dialect share; not for other files. */

typedef struct {
	PvMetadata *metadata;
	const char *where; /* "targets.json" */
	const char *only;  /* keep this target alone; NULL keeps all */
	gboolean places;   /* note where each target stands */
} PvNotaryReader;

/* --- values (notary_values.c): each NULL or FALSE with PV_ERROR_SYNTAX or PV_ERROR_LIMIT --- */

/* @known: exact spellings; a member that equals one only when case is ignored is refused. */
const PvNode *pv_notary_object(const PvNotaryReader *reader, const PvNode *node, const char *what,
			       const char *const *known, GError **error);
const PvNode *pv_notary_array(const PvNotaryReader *reader, const PvNode *node, const char *what,
			      guint max, GError **error);
char *pv_notary_string(const PvNotaryReader *reader, const PvNode *node, const char *what,
		       GError **error);
gboolean pv_notary_integer(const PvNotaryReader *reader, const PvNode *node, const char *what,
			   gint64 min, gint64 max, gint64 *ret_value, GError **error);

/* Strict standard base64, of any size, (transfer full). */
guint8 *pv_notary_base64(const PvNotaryReader *reader, const PvNode *node, const char *what,
			 gsize *ret_size, GError **error);

/* The same into @to, of exactly @size bytes. */
gboolean pv_notary_base64_into(const PvNotaryReader *reader, const PvNode *node, const char *what,
			       guint8 *to, gsize size, GError **error);

/* --- files (notary_files.c) --- */

/* Reads what a target, or a role in `meta`, is into @meta, which is cleared by the caller. */
gboolean pv_notary_read_file(const PvNotaryReader *reader, const PvNode *node, PvFileMeta *meta,
			     GError **error);

/* The members of `targets` or `meta` into metadata->files. */
gboolean pv_notary_read_files(PvNotaryReader *reader, const PvNode *node, const char *what,
			      guint max, GError **error);
