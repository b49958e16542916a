/* SPDX-License-Identifier: Apache-2.0 */

/* One staged change: its makers, its content, and its spelling in a file (trust.md section 3). */

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "trust/changelist.h"
#include "tuf/nodes.h"

static const char *const action_names[] = {
	[PV_CHANGE_CREATE] = "create",
	[PV_CHANGE_UPDATE] = "update",
	[PV_CHANGE_DELETE] = "delete",
};

static const char *const type_names[] = {
	[PV_CHANGE_TARGET] = "target",
	[PV_CHANGE_DELEGATION] = "delegation",
	[PV_CHANGE_ROLE] = "role",
	[PV_CHANGE_WITNESS] = "witness",
};

const char *pv_change_action_name(PvChangeAction action)
{
	return action_names[action];
}

const char *pv_change_type_name(PvChangeType type)
{
	return type_names[type];
}

PvDelegationChange *pv_delegation_change_new(void)
{
	PvDelegationChange *change = g_new0(PvDelegationChange, 1);

	change->add_keys = g_ptr_array_new_with_free_func((GDestroyNotify)pv_public_key_unref);
	change->remove_keys = g_ptr_array_new_with_free_func(g_free);
	change->add_paths = g_ptr_array_new_with_free_func(g_free);
	change->remove_paths = g_ptr_array_new_with_free_func(g_free);
	return change;
}

void pv_delegation_change_free(PvDelegationChange *change)
{
	if (!change)
		return;
	g_ptr_array_unref(change->add_keys);
	g_ptr_array_unref(change->remove_keys);
	g_ptr_array_unref(change->add_paths);
	g_ptr_array_unref(change->remove_paths);
	g_free(change);
}

PvChange *pv_change_new(PvChangeAction action, PvChangeType type, const char *role,
			const char *path, GBytes *data)
{
	PvChange *change = g_new0(PvChange, 1);

	change->action = action;
	change->type = type;
	change->role = g_strdup(role);
	change->path = g_strdup(path ? path : "");
	change->data = data ? g_bytes_ref(data) : NULL;
	return change;
}

void pv_change_free(PvChange *change)
{
	if (!change)
		return;
	g_free(change->role);
	g_free(change->path);
	g_free(change->file);
	g_clear_pointer(&change->data, g_bytes_unref);
	g_free(change);
}

/* --- writing ------------------------------------------------------------------------------- */

static void append_member(GString *to, const char *name)
{
	g_string_append_printf(to, "%s\"%s\":", to->len > 1 ? "," : "", name);
}

static void append_list(GString *to, const char *name, const GPtrArray *texts)
{
	if (texts->len == 0)
		return;
	append_member(to, name);
	for (guint i = 0; i < texts->len; i++) {
		g_string_append_c(to, i ? ',' : '[');
		pv_canonical_append_string(to, texts->pdata[i]);
	}
	g_string_append_c(to, ']');
}

static void append_keys(GString *to, const GPtrArray *keys)
{
	if (keys->len == 0)
		return;
	append_member(to, "add_keys");
	for (guint i = 0; i < keys->len; i++) {
		gsize size;
		const void *data = g_bytes_get_data(pv_public_key_encoded(keys->pdata[i]), &size);

		g_string_append_printf(to, "%c{\"keytype\":\"%s\",\"keyval\":{\"public\":",
				       i ? ',' : '[', pv_public_key_type(keys->pdata[i]));
		pv_tuf_append_base64(to, data, size);
		g_string_append(to, ",\"private\":null}}");
	}
	g_string_append_c(to, ']');
}

PvChange *pv_change_add_target(const char *role, const char *name, const PvFileMeta *meta)
{
	GString *text = g_string_new(NULL);
	g_autoptr(GBytes) data = NULL;

	g_string_append_printf(text, "{\"length\":%" G_GUINT64_FORMAT ",", meta->length);
	pv_tuf_append_hashes(text, meta);
	if (meta->custom) {
		gsize size;
		const char *custom = g_bytes_get_data(meta->custom, &size);

		g_string_append(text, ",\"custom\":");
		g_string_append_len(text, custom, (gssize)size);
	}
	g_string_append_c(text, '}');
	data = g_string_free_to_bytes(text);
	return pv_change_new(PV_CHANGE_CREATE, PV_CHANGE_TARGET, role, name, data);
}

PvChange *pv_change_remove_target(const char *role, const char *name)
{
	return pv_change_new(PV_CHANGE_DELETE, PV_CHANGE_TARGET, role, name, NULL);
}

PvChange *pv_change_delegation(PvChangeAction action, const char *role,
			       const PvDelegationChange *content)
{
	GString *text = g_string_new("{");
	g_autoptr(GBytes) data = NULL;

	if (content->threshold) {
		append_member(text, "threshold");
		g_string_append_printf(text, "%u", content->threshold);
	}
	append_keys(text, content->add_keys);
	append_list(text, "remove_keys", content->remove_keys);
	append_list(text, "add_paths", content->add_paths);
	append_list(text, "remove_paths", content->remove_paths);
	if (content->clear_paths) {
		append_member(text, "clear_paths");
		g_string_append(text, "true");
	}
	g_string_append_c(text, '}');
	data = g_string_free_to_bytes(text);
	return pv_change_new(action, PV_CHANGE_DELEGATION, role, NULL, data);
}

PvChange *pv_change_remove_delegation(const char *role)
{
	return pv_change_new(PV_CHANGE_DELETE, PV_CHANGE_DELEGATION, role, NULL, NULL);
}

PvChange *pv_change_purge_keys(const char *const *key_ids)
{
	g_autoptr(PvDelegationChange) content = pv_delegation_change_new();

	for (; *key_ids; key_ids++)
		g_ptr_array_add(content->remove_keys, g_strdup(*key_ids));
	return pv_change_delegation(PV_CHANGE_UPDATE, "targets/*", content);
}

PvChange *pv_change_witness(const char *role)
{
	return pv_change_new(PV_CHANGE_UPDATE, PV_CHANGE_WITNESS, role, NULL, NULL);
}

GBytes *pv_change_format(const PvChange *change, GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GBytes) inner = NULL;
	g_autoptr(GBytes) outer = NULL;

	g_string_append_printf(text, "{\"action\":\"%s\",\"role\":", action_names[change->action]);
	pv_canonical_append_string(text, change->role);
	g_string_append_printf(text, ",\"type\":\"%s\",\"path\":", type_names[change->type]);
	pv_canonical_append_string(text, change->path);
	g_string_append(text, ",\"data\":");
	if (change->data) {
		gsize size;
		const void *data;

		inner = pv_canonical_file_form(change->data, error);
		if (!inner)
			return NULL;
		data = g_bytes_get_data(inner, &size);
		pv_tuf_append_base64(text, data, size);
	} else {
		g_string_append(text, "null");
	}
	g_string_append_c(text, '}');
	outer = g_string_free_to_bytes(g_steal_pointer(&text));
	return pv_canonical_file_form(outer, error);
}

/* --- reading ------------------------------------------------------------------------------- */

static gboolean index_of(const char *const *names, guint count, const char *name, guint *ret_index)
{
	for (guint i = 0; i < count; i++) {
		if (g_str_equal(names[i], name)) {
			*ret_index = i;
			return TRUE;
		}
	}
	return FALSE;
}

static gboolean read_word(const char *where, const PvNode *node, const char *what,
			  const char *const *names, guint count, guint *ret_index, GError **error)
{
	g_autofree char *word = pv_tuf_read_string(where, node, what, error);

	if (!word)
		return FALSE;
	if (!index_of(names, count, word, ret_index))
		return pv_fail(error, PV_ERROR_UNSUPPORTED, "%s: %s \"%.32s\" is not known", where,
			       what, word);
	return TRUE;
}

PvChange *pv_change_parse(GBytes *text, const char *what, GError **error)
{
	static const char *const known[] = { "action", "role", "type", "path", "data", NULL };
	g_autoptr(PvDocument) document = pv_document_parse(text, what, error);
	g_autoptr(PvChange) change = g_new0(PvChange, 1);
	const PvNode *top, *data;
	guint action, type;

	if (!document)
		return NULL;
	top = pv_tuf_read_object(what, pv_document_root(document), "the file", known, error);
	if (!top ||
	    !read_word(what, pv_node_member(top, "action"), "action", action_names,
		       G_N_ELEMENTS(action_names), &action, error) ||
	    !read_word(what, pv_node_member(top, "type"), "type", type_names,
		       G_N_ELEMENTS(type_names), &type, error))
		return NULL;
	change->action = (PvChangeAction)action;
	change->type = (PvChangeType)type;
	change->role = pv_tuf_read_string(what, pv_node_member(top, "role"), "role", error);
	if (!change->role)
		return NULL;
	change->path = pv_tuf_read_string(what, pv_node_member(top, "path"), "path", error);
	if (!change->path)
		return NULL;
	if (strlen(change->path) > PV_TARGET_NAME_BYTES_MAX)
		return pv_fail_null(error, PV_ERROR_LIMIT, "%s: path is longer than %zu bytes",
				    what, PV_TARGET_NAME_BYTES_MAX);
	data = pv_node_member(top, "data");
	if (data && pv_node_kind(data) != PV_NODE_NULL) {
		gsize size;
		guint8 *bytes = pv_tuf_read_base64(what, data, "data", &size, error);

		if (!bytes)
			return NULL;
		change->data = g_bytes_new_take(bytes, size);
	}
	return g_steal_pointer(&change);
}

static PvDocument *content_of(const PvChange *change, GError **error)
{
	if (!change->data)
		return pv_fail_null(error, PV_ERROR_SYNTAX, "a staged change without data");
	return pv_document_parse(change->data, "data", error);
}

PvFileMeta *pv_change_target(const PvChange *change, GError **error)
{
	g_autoptr(PvDocument) document = content_of(change, error);

	return document ? pv_tuf_read_file_meta("data", pv_document_root(document), error) : NULL;
}

static gboolean read_texts(const PvNode *object, const char *name, GPtrArray *texts, GError **error)
{
	const PvNode *list = pv_node_member(object, name);

	if (!list || pv_node_kind(list) == PV_NODE_NULL)
		return TRUE;
	if (!pv_tuf_read_array("data", list, name, PV_DELEGATIONS_MAX, error))
		return FALSE;
	for (const PvNode *item = pv_node_first(list); item; item = pv_node_next(item)) {
		char *text = pv_tuf_read_string("data", item, name, error);

		if (!text)
			return FALSE;
		g_ptr_array_add(texts, text);
	}
	return TRUE;
}

static gboolean read_keys(const PvNode *object, GPtrArray *keys, GError **error)
{
	const PvNode *list = pv_node_member(object, "add_keys");

	if (!list || pv_node_kind(list) == PV_NODE_NULL)
		return TRUE;
	if (!pv_tuf_read_array("data", list, "add_keys", PV_KEYS_MAX, error))
		return FALSE;
	for (const PvNode *item = pv_node_first(list); item; item = pv_node_next(item)) {
		g_autoptr(GError) unusable = NULL;
		PvPublicKey *key = NULL;

		if (!pv_tuf_read_key("data", item, FALSE, &key, &unusable, error))
			return FALSE;
		if (!key) {
			g_propagate_error(error, g_steal_pointer(&unusable));
			return FALSE;
		}
		g_ptr_array_add(keys, key);
	}
	return TRUE;
}

PvDelegationChange *pv_change_delegation_content(const PvChange *change, GError **error)
{
	static const char *const known[] = { "threshold", "add_keys",     "remove_keys",
					     "add_paths", "remove_paths", "clear_paths",
					     NULL };
	g_autoptr(PvDocument) document = content_of(change, error);
	g_autoptr(PvDelegationChange) content = pv_delegation_change_new();
	const PvNode *top, *node;
	gint64 threshold = 0;

	if (!document)
		return NULL;
	top = pv_tuf_read_object("data", pv_document_root(document), "the change", known, error);
	if (!top || !read_keys(top, content->add_keys, error) ||
	    !read_texts(top, "remove_keys", content->remove_keys, error) ||
	    !read_texts(top, "add_paths", content->add_paths, error) ||
	    !read_texts(top, "remove_paths", content->remove_paths, error))
		return NULL;
	node = pv_node_member(top, "threshold");
	if (node &&
	    !pv_tuf_read_integer("data", node, "threshold", 0, PV_KEYS_MAX, &threshold, error))
		return NULL;
	content->threshold = (guint)threshold;
	node = pv_node_member(top, "clear_paths");
	content->clear_paths = node && pv_node_kind(node) == PV_NODE_TRUE;
	return g_steal_pointer(&content);
}
