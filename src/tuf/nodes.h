/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/canonical.h"
#include "tuf/metadata.h"

/*
 * Values in Notary's JSON, read strictly and written. In all that read @where is the file's name and @what the
 * value's, for messages; a missing node is NULL. Errors: PV_ERROR_SYNTAX, PV_ERROR_LIMIT.
 */

/**
 * pv_tuf_read_object:
 * @known: (nullable): NULL-terminated names; a member that equals one only when case is ignored is
 * refused
 *
 * Returns: (transfer none): @node.
 */
const PvNode *pv_tuf_read_object(const char *where, const PvNode *node, const char *what,
				 const char *const *known, GError **error);

/* (transfer none): @node, an array of at most @max items. */
const PvNode *pv_tuf_read_array(const char *where, const PvNode *node, const char *what, guint max,
				GError **error);

/* (transfer full) */
char *pv_tuf_read_string(const char *where, const PvNode *node, const char *what, GError **error);

gboolean pv_tuf_read_integer(const char *where, const PvNode *node, const char *what, gint64 min,
			     gint64 max, gint64 *ret_value, GError **error);

/* (transfer full): standard base64, in the one spelling that encodes back to the same text. */
guint8 *pv_tuf_read_base64(const char *where, const PvNode *node, const char *what, gsize *ret_size,
			   GError **error);

/**
 * pv_tuf_read_key:
 * @is_known: it was read and used before: pv_public_key_new_known() will do
 * @ret_key: (out) (transfer full) (nullable): NULL for a key of a kind that is not known here
 * @ret_unusable: (out) (optional): why it is not
 *
 * Returns: FALSE if it is no key at all.
 */
gboolean pv_tuf_read_key(const char *where, const PvNode *node, gboolean is_known,
			 PvPublicKey **ret_key, GError **ret_unusable, GError **error);

/* (transfer full): {"hashes":{…},"length":N} and perhaps "custom"; leaves are of tuf/plain_meta.h. */
PvFileMeta *pv_tuf_read_file_meta(const char *where, const PvNode *node, GError **error);

/* TRUE if pv_tuf_read_file_meta() would read it. */
gboolean pv_tuf_check_file_meta(const char *where, const PvNode *node, GError **error);

/* @size bytes as standard base64 between quotes. */
void pv_tuf_append_base64(GString *to, const void *data, gsize size);

/* The member "hashes":{"sha256":…,"sha512":…} of what pv_tuf_read_file_meta() reads. */
void pv_tuf_append_hashes(GString *to, const PvFileMeta *meta);
