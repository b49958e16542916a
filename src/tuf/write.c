/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Writes metadata in Notary's dialect, byte-exactly as trust.md 0.1 demands: the reference server
 * decodes an upload and encodes it again before it hashes it, so any other spelling breaks the
 * repository there. Members are therefore written here by hand in their canonical order.
 */

#include "tuf/metadata.h"

#include "base/canonical.h"
#include "base/error.h"
#include "base/sorted.h"
#include "tuf/nodes.h"

#define FRAME_BYTES 512 /* what a file has around `signed`, with a signature or two */

static gboolean check_name(const char *name, GError **error)
{
	for (const char *p = name; *p; p++) {
		if ((guchar)*p < 0x20)
			return pv_fail(error, PV_ERROR_SYNTAX,
				       "a name with the control character 0x%02x cannot be signed",
				       (guchar)*p);
	}
	if (!g_utf8_validate(name, -1, NULL))
		return pv_fail(error, PV_ERROR_SYNTAX, "a name that is not UTF-8 cannot be signed");
	return TRUE;
}

/* "keys":{ID:{"keytype":…,"keyval":{"private":null,"public":…}},…} of all roles in @table. */
static void append_keys(GString *to, GHashTable *table, const GPtrArray *others)
{
	g_autoptr(GHashTable) keys = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GPtrArray) ids = NULL;
	GHashTableIter iter;
	PvRole *role;

	if (table) {
		g_hash_table_iter_init(&iter, table);
		while (g_hash_table_iter_next(&iter, NULL, (void **)&role)) {
			for (guint i = 0; i < role->keys->len; i++) {
				PvPublicKey *key = role->keys->pdata[i];

				g_hash_table_insert(keys, (void *)pv_public_key_id(key), key);
			}
		}
	}
	for (guint i = 0; others && i < others->len; i++)
		g_hash_table_insert(keys, (void *)pv_public_key_id(others->pdata[i]),
				    others->pdata[i]);
	ids = pv_sorted_names(keys);
	g_string_append(to, "\"keys\":{");
	for (guint i = 0; i < ids->len; i++) {
		PvPublicKey *key = g_hash_table_lookup(keys, ids->pdata[i]);
		gsize size;
		const void *data = g_bytes_get_data(pv_public_key_encoded(key), &size);

		g_string_append_printf(to,
				       "%s\"%s\":{\"keytype\":\"%s\",\"keyval\":{\"private\":"
				       "null,\"public\":",
				       i ? "," : "", pv_public_key_id(key),
				       pv_public_key_type(key));
		pv_tuf_append_base64(to, data, size);
		g_string_append(to, "}}");
	}
	g_string_append_c(to, '}');
}

static void append_key_ids(GString *to, const PvRole *role)
{
	g_string_append(to, "\"keyids\":[");
	for (guint i = 0; i < role->keys->len; i++)
		g_string_append_printf(to, "%s\"%s\"", i ? "," : "",
				       pv_public_key_id(role->keys->pdata[i]));
	g_string_append_c(to, ']');
}

static void append_root_roles(GString *to, GHashTable *roles)
{
	g_autoptr(GPtrArray) names = pv_sorted_names(roles);

	g_string_append(to, "\"roles\":{");
	for (guint i = 0; i < names->len; i++) {
		const PvRole *role = g_hash_table_lookup(roles, names->pdata[i]);

		g_string_append_printf(to, "%s\"%s\":{", i ? "," : "", role->name);
		append_key_ids(to, role);
		g_string_append_printf(to, ",\"threshold\":%u}", role->threshold);
	}
	g_string_append_c(to, '}');
}

static gboolean append_delegation(GString *to, const PvRole *role, GError **error)
{
	g_string_append_c(to, '{');
	append_key_ids(to, role);
	g_string_append_printf(to, ",\"name\":\"%s\"", role->name);
	if (role->paths && role->paths->len > 0) {
		g_string_append(to, ",\"paths\":[");
		for (guint i = 0; i < role->paths->len; i++) {
			if (!check_name(role->paths->pdata[i], error))
				return FALSE;
			if (i)
				g_string_append_c(to, ',');
			pv_canonical_append_string(to, role->paths->pdata[i]);
		}
		g_string_append_c(to, ']');
	}
	g_string_append_printf(to, ",\"threshold\":%u}", role->threshold);
	return TRUE;
}

static gboolean append_delegations(GString *to, const PvMetadataDraft *draft, GError **error)
{
	g_autoptr(GPtrArray) sorted = NULL;
	GPtrArray *order = draft->role_order;

	g_string_append(to, "\"delegations\":{");
	append_keys(to, draft->roles, NULL);
	g_string_append(to, ",\"roles\":[");
	if (!order && draft->roles)
		order = sorted = pv_sorted_names(draft->roles);
	for (guint i = 0; order && i < order->len; i++) {
		if (i)
			g_string_append_c(to, ',');
		if (!append_delegation(to, g_hash_table_lookup(draft->roles, order->pdata[i]),
				       error))
			return FALSE;
	}
	g_string_append(to, "]}");
	return TRUE;
}

static void append_file(GString *to, const PvFileMeta *meta)
{
	g_string_append_c(to, '{');
	if (meta->custom) {
		gsize size;
		const char *custom = g_bytes_get_data(meta->custom, &size);

		g_string_append(to, "\"custom\":");
		g_string_append_len(to, custom, (gssize)size);
		g_string_append_c(to, ',');
	}
	pv_tuf_append_hashes(to, meta);
	g_string_append(to, ",\"length\":");
	pv_canonical_append_number(to, meta->length);
	g_string_append_c(to, '}');
}

static gboolean append_files(GString *to, const char *member, GHashTable *files, GError **error)
{
	g_autoptr(GPtrArray) names = files ? pv_sorted_names(files) : g_ptr_array_new();

	g_string_append_printf(to, "\"%s\":{", member);
	for (guint i = 0; i < names->len; i++) {
		if (!check_name(names->pdata[i], error))
			return FALSE;
		if (i)
			g_string_append_c(to, ',');
		pv_canonical_append_string(to, names->pdata[i]);
		g_string_append_c(to, ':');
		append_file(to, g_hash_table_lookup(files, names->pdata[i]));
	}
	g_string_append_c(to, '}');
	return TRUE;
}

GBytes *pv_metadata_write_signed(const PvMetadataDraft *draft, GError **error)
{
	static const char *const types[] = {
		[PV_ROLE_ROOT] = "Root",          [PV_ROLE_TARGETS] = "Targets",
		[PV_ROLE_SNAPSHOT] = "Snapshot",  [PV_ROLE_TIMESTAMP] = "Timestamp",
		[PV_ROLE_DELEGATION] = "Targets",
	};
	g_autoptr(GString) text = g_string_new(NULL);
	char expires[PV_TIME_TEXT_SIZE];
	gboolean done = TRUE;

	pv_time_format(draft->expires, expires);
	g_string_append_printf(text, "{\"_type\":\"%s\",", types[draft->kind]);
	switch (draft->kind) {
	case PV_ROLE_ROOT:
		g_string_append_printf(text, "\"consistent_snapshot\":false,\"expires\":\"%s\",",
				       expires);
		append_keys(text, draft->roles, draft->other_keys);
		g_string_append_c(text, ',');
		append_root_roles(text, draft->roles);
		break;
	case PV_ROLE_TARGETS:
	case PV_ROLE_DELEGATION:
		done = append_delegations(text, draft, error);
		g_string_append_printf(text, ",\"expires\":\"%s\",", expires);
		done = done && append_files(text, "targets", draft->files, error);
		break;
	default:
		g_string_append_printf(text, "\"expires\":\"%s\",", expires);
		done = append_files(text, "meta", draft->files, error);
	}
	if (!done)
		return NULL;
	g_string_append_printf(text, ",\"version\":%" G_GINT64_FORMAT "}", draft->version);
	return g_string_free_to_bytes(g_steal_pointer(&text));
}

/* Key ids and methods come from files that others wrote; what would need escapes is none. */
static gboolean check_word(const char *word, const char *what, GError **error)
{
	for (const char *p = word; *p; p++) {
		if (!g_ascii_isgraph(*p) || *p == '"' || *p == '\\')
			return pv_fail(error, PV_ERROR_SYNTAX,
				       "a signature's %s with the byte 0x%02x cannot be written",
				       what, (guchar)*p);
	}
	return TRUE;
}

GBytes *pv_metadata_write_file(GBytes *signed_part, GPtrArray *signatures, GError **error)
{
	g_autoptr(GBytes) body = pv_canonical_file_form(signed_part, error);
	g_autoptr(GString) text = NULL;
	const char *data;
	gsize size;

	if (!body)
		return NULL;
	data = g_bytes_get_data(body, &size);
	text = g_string_sized_new(size + FRAME_BYTES);
	g_string_append(text, "{\"signed\":");
	g_string_append_len(text, data, (gssize)size);
	g_string_append(text, ",\"signatures\":[");
	for (guint i = 0; i < signatures->len; i++) {
		const PvSignature *signature = signatures->pdata[i];
		gsize length;
		const void *bytes = g_bytes_get_data(signature->bytes, &length);

		if (!check_word(signature->key_id, "key id", error) ||
		    !check_word(signature->method, "method", error))
			return NULL;
		g_string_append_printf(text, "%s{\"keyid\":\"%s\",\"method\":\"%s\",\"sig\":",
				       i ? "," : "", signature->key_id, signature->method);
		pv_tuf_append_base64(text, bytes, length);
		g_string_append_c(text, '}');
	}
	g_string_append(text, "]}");
	return g_string_free_to_bytes(g_steal_pointer(&text));
}

PvSignature *pv_metadata_sign(GBytes *signed_part, const char *key_id, const PvPrivateKey *key,
			      GError **error)
{
	gsize size;
	const void *data = g_bytes_get_data(signed_part, &size);
	g_autoptr(GBytes) bytes = NULL;
	const char *method;

	bytes = pv_private_key_sign(key, data, size, &method, error);
	if (!bytes)
		return NULL;
	return pv_signature_new(key_id, method, bytes);
}
