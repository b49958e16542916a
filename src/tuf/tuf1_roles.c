/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Keys, roles, hashes and delegations of TUF 1.0 metadata (specification 4.2, 4.3, 4.5), and
 * succinct_roles (TAP 15): hash bins that share one set of keys, 2^bit_length of them.
 */

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "tuf/nodes.h"
#include "tuf/tuf1_private.h"

#define BIN_BITS_MAX 32

static void free_key(void *data)
{
	PvTuf1Key *key = data;

	g_free(key->id);
	pv_public_key_unref(key->key);
	g_free(key);
}

void pv_tuf1_role_free(PvTuf1Role *role)
{
	if (!role)
		return;
	g_free(role->name);
	g_ptr_array_unref(role->keys);
	g_clear_pointer(&role->paths, g_ptr_array_unref);
	g_clear_pointer(&role->hash_prefixes, g_ptr_array_unref);
	g_free(role);
}

/* Into @table, unless it is of a kind that is not known or not allowed here. */
static gboolean read_key(const char *where, const PvNode *node, GHashTable *table, GError **error)
{
	g_autofree char *type = NULL, *scheme = NULL, *public = NULL;
	const PvNode *value;
	PvScheme found;
	PvPublicKey *key;
	PvTuf1Key *entry;

	if (!pv_tuf_read_object(where, node, "a key", NULL, error))
		return FALSE;
	type = pv_tuf_read_string(where, pv_node_member(node, "keytype"), "keytype", error);
	if (!type)
		return FALSE;
	scheme = pv_tuf_read_string(where, pv_node_member(node, "scheme"), "scheme", error);
	if (!scheme)
		return FALSE;
	value = pv_tuf_read_object(where, pv_node_member(node, "keyval"), "keyval", NULL, error);
	if (!value)
		return FALSE;
	/* Of a kind that is not known, keyval may hold anything. */
	if (!pv_node_member(value, "public") ||
	    pv_node_kind(pv_node_member(value, "public")) != PV_NODE_STRING)
		return TRUE;
	public = pv_node_dup_string(pv_node_member(value, "public"));
	key = pv_scheme_key(type, scheme, public, &found, NULL);
	if (!key)
		return TRUE;
	entry = g_new0(PvTuf1Key, 1);
	entry->id = pv_node_dup_name(node);
	entry->key = key;
	entry->scheme = found;
	g_hash_table_insert(table, entry->id, entry);
	return TRUE;
}

GHashTable *pv_tuf1_read_keys(const char *where, const PvNode *node, GError **error)
{
	g_autoptr(GHashTable) table =
		g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_key);

	if (!pv_tuf_read_object(where, node, "keys", NULL, error))
		return NULL;
	if (pv_node_length(node) > PV_KEYS_MAX)
		return pv_fail_null(error, PV_ERROR_LIMIT, "%s: %u keys, at most %u allowed", where,
				    pv_node_length(node), PV_KEYS_MAX);
	for (const PvNode *item = pv_node_first(node); item; item = pv_node_next(item)) {
		if (!read_key(where, item, table, error))
			return NULL;
	}
	return g_steal_pointer(&table);
}

PvTuf1Role *pv_tuf1_read_role(const char *where, char *name, const PvNode *node, GHashTable *keys,
			      GError **error)
{
	g_autoptr(PvTuf1Role) role = g_new0(PvTuf1Role, 1);
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	const PvNode *ids;
	gint64 threshold;

	role->name = name;
	role->keys = g_ptr_array_new();
	if (!pv_tuf_read_object(where, node, name, NULL, error) ||
	    !pv_tuf_read_integer(where, pv_node_member(node, "threshold"), "threshold", 1,
				 G_MAXINT32, &threshold, error))
		return NULL;
	role->threshold = (guint)threshold;
	ids = pv_tuf_read_array(where, pv_node_member(node, "keyids"), "keyids", PV_KEYS_MAX,
				error);
	for (const PvNode *item = ids ? pv_node_first(ids) : NULL; item;
	     item = pv_node_next(item)) {
		char *id = pv_tuf_read_string(where, item, "a keyid", error);
		PvTuf1Key *key = id ? g_hash_table_lookup(keys, id) : NULL;

		if (!id)
			return NULL;
		if (key && !g_hash_table_contains(seen, id))
			g_ptr_array_add(role->keys, key);
		g_hash_table_add(seen, id);
	}
	return ids ? g_steal_pointer(&role) : NULL;
}

/* "sha256" or "sha512", if it is there: in lower case, so that it has one spelling in URLs. */
static gboolean read_hash(const char *where, const PvNode *hashes, const char *name,
			  PvDigest *ret_digest, GError **error)
{
	const PvNode *node = pv_node_member(hashes, name);
	g_autofree char *hex = NULL, *text = NULL;

	if (!node)
		return TRUE;
	hex = pv_tuf_read_string(where, node, name, error);
	if (!hex)
		return FALSE;
	text = g_strconcat(name, ":", hex, NULL);
	return pv_digest_parse(text, strlen(text), ret_digest, error) ||
	       pv_fail_wrap(error, "%s", where);
}

gboolean pv_tuf1_read_hashes(const char *where, const PvNode *node, PvDigest *ret_sha256,
			     PvDigest *ret_sha512, GError **error)
{
	if (!pv_tuf_read_object(where, node, "hashes", NULL, error))
		return FALSE;
	if (pv_node_length(node) == 0)
		return pv_fail(error, PV_ERROR_SYNTAX, "%s: hashes is empty", where);
	return read_hash(where, node, "sha256", ret_sha256, error) &&
	       read_hash(where, node, "sha512", ret_sha512, error);
}

/* A list of strings of a delegation; without @node nothing. */
static gboolean read_strings(const char *where, const PvNode *node, const char *what,
			     GPtrArray **ret_strings, GError **error)
{
	if (!node)
		return TRUE;
	*ret_strings = g_ptr_array_new_with_free_func(g_free);
	if (!pv_tuf_read_array(where, node, what, PV_TUF1_PATHS_MAX, error))
		return FALSE;
	for (const PvNode *item = pv_node_first(node); item; item = pv_node_next(item)) {
		char *text = pv_tuf_read_string(where, item, what, error);

		if (!text)
			return FALSE;
		g_ptr_array_add(*ret_strings, text);
		if (strlen(text) > PV_TARGET_NAME_BYTES_MAX)
			return pv_fail(error, PV_ERROR_LIMIT,
				       "%s: one of %s has %zu bytes, at most %zu allowed", where,
				       what, strlen(text), PV_TARGET_NAME_BYTES_MAX);
	}
	return TRUE;
}

static gboolean check_name(const char *where, const char *name, GError **error)
{
	if (*name == '\0' || strlen(name) > PV_ROLE_NAME_BYTES_MAX)
		return pv_fail(error, PV_ERROR_ROLE,
			       "%s: a role's name of %zu bytes, expected 1 to %d", where,
			       strlen(name), PV_ROLE_NAME_BYTES_MAX);
	for (guint i = 0; i < PV_TUF1_TYPES; i++) {
		if (strcmp(name, pv_tuf1_type_names[i]) == 0)
			return pv_fail(error, PV_ERROR_ROLE,
				       "%s: a delegation must not be called %s", where, name);
	}
	return TRUE;
}

static gboolean read_delegation(const char *where, const PvNode *node, PvTuf1Metadata *metadata,
				GHashTable *names, GError **error)
{
	const PvNode *terminating;
	PvTuf1Role *role;
	char *name;

	if (!pv_tuf_read_object(where, node, "a delegation", NULL, error))
		return FALSE;
	name = pv_tuf_read_string(where, pv_node_member(node, "name"), "name", error);
	if (!name)
		return FALSE;
	role = pv_tuf1_read_role(where, name, node, metadata->keys, error);
	if (!role)
		return FALSE;
	g_ptr_array_add(metadata->delegations, role);
	if (!check_name(where, name, error))
		return FALSE;
	if (!g_hash_table_add(names, name))
		return pv_fail(error, PV_ERROR_ROLE, "%s: two delegations are called '%.64s'",
			       where, name);
	terminating = pv_node_member(node, "terminating");
	if (terminating && pv_node_kind(terminating) != PV_NODE_TRUE &&
	    pv_node_kind(terminating) != PV_NODE_FALSE)
		return pv_fail(error, PV_ERROR_SYNTAX, "%s: terminating is no boolean", where);
	role->terminating = terminating && pv_node_kind(terminating) == PV_NODE_TRUE;
	if (!read_strings(where, pv_node_member(node, "paths"), "paths", &role->paths, error) ||
	    !read_strings(where, pv_node_member(node, "path_hash_prefixes"), "path_hash_prefixes",
			  &role->hash_prefixes, error))
		return FALSE;
	if (role->paths && role->hash_prefixes)
		return pv_fail(error, PV_ERROR_SYNTAX,
			       "%s: delegation '%.64s' has both paths and path_hash_prefixes",
			       where, name);
	return TRUE;
}

static gboolean read_bins(const char *where, const PvNode *node, PvTuf1Metadata *metadata,
			  GError **error)
{
	gint64 bits;
	char *prefix;

	if (!pv_tuf_read_object(where, node, "succinct_roles", NULL, error) ||
	    !pv_tuf_read_integer(where, pv_node_member(node, "bit_length"), "bit_length", 1,
				 BIN_BITS_MAX, &bits, error))
		return FALSE;
	prefix = pv_tuf_read_string(where, pv_node_member(node, "name_prefix"), "name_prefix",
				    error);
	if (!prefix)
		return FALSE;
	metadata->bins = pv_tuf1_read_role(where, prefix, node, metadata->keys, error);
	metadata->bin_bits = (guint)bits;
	return metadata->bins && check_name(where, prefix, error);
}

gboolean pv_tuf1_read_delegations(const char *where, const PvNode *node, PvTuf1Metadata *metadata,
				  GError **error)
{
	g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
	const PvNode *roles, *bins;

	if (!pv_tuf_read_object(where, node, "delegations", NULL, error))
		return FALSE;
	metadata->keys = pv_tuf1_read_keys(where, pv_node_member(node, "keys"), error);
	if (!metadata->keys)
		return FALSE;
	roles = pv_node_member(node, "roles");
	bins = pv_node_member(node, "succinct_roles");
	if (!roles == !bins)
		return pv_fail(error, PV_ERROR_SYNTAX,
			       "%s: delegations must have either roles or succinct_roles", where);
	if (bins)
		return read_bins(where, bins, metadata, error);
	if (!pv_tuf_read_array(where, roles, "roles", PV_DELEGATIONS_MAX, error))
		return FALSE;
	metadata->delegations = g_ptr_array_new_with_free_func((GDestroyNotify)pv_tuf1_role_free);
	for (const PvNode *item = pv_node_first(roles); item; item = pv_node_next(item)) {
		if (!read_delegation(where, item, metadata, names, error))
			return FALSE;
	}
	return TRUE;
}
