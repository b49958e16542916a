/* SPDX-License-Identifier: Apache-2.0 */

/* Reads a repository from another server, and puts it into the store. */

#include "program/adopt/take.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "trust/pins.h"
#include "tuf/client.h"

typedef struct {
	const char *gun;
	const char *const *pins;
	PvTufRemote remote;
	PvTufState *state;
	GPtrArray *metadata; /* of PvMetadata: what is to be stored, in the order of its versions */
	gsize roots_left;    /* bytes that former roots may still have */
	PvTaken *taken;
} Taking;

void pv_taken_clear(PvTaken *taken)
{
	g_clear_pointer(&taken->root_keys, g_ptr_array_unref);
	g_clear_pointer(&taken->notes, g_ptr_array_unref);
}

/* --- a cache that remembers nothing --------------------------------------------------------- */

static GBytes *load_nothing(void *cache, const char *role)
{
	return NULL;
}

static gboolean store_nothing(void *cache, const char *role, GBytes *file, GError **error)
{
	return TRUE;
}

static gint64 no_age(void *cache)
{
	return -1;
}

static gboolean accept_root(void *data, const PvMetadata *root, GError **error)
{
	const Taking *taking = data;
	g_autoptr(GPtrArray) ids = g_ptr_array_new();

	for (const char *const *pin = taking->pins; pin && *pin; pin++)
		g_ptr_array_add(ids, (void *)*pin);
	return ids->len == 0 || pv_pins_check_ids(ids, root, error);
}

static gboolean read_newest(Taking *taking, GError **error)
{
	const PvTufCache cache = { .load = load_nothing, .store = store_nothing, .age_s = no_age };
	const PvTufPolicy policy = { .gun = taking->gun,
				     .now = pv_time_now(),
				     .accept_first_root = accept_root,
				     .accept_data = taking,
				     .accept_expired = TRUE };

	taking->state = pv_tuf_update(&policy, &taking->remote, &cache, error);
	return taking->state != NULL;
}

/* --- the roots before ------------------------------------------------------------------------ */

static void note(Taking *taking, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void note(Taking *taking, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_ptr_array_add(taking->taken->notes, g_strdup_vprintf(format, arguments));
	va_end(arguments);
}

static gboolean check_step(const PvMetadata *before, const PvMetadata *root, GError **error)
{
	if (pv_metadata_verify(root, g_hash_table_lookup(root->roles, "root"), NULL) &&
	    (!before || pv_metadata_verify(root, g_hash_table_lookup(before->roles, "root"), NULL)))
		return TRUE;
	return pv_fail(error, PV_ERROR_ROOT,
		       "root version %" G_GINT64_FORMAT
		       " is not signed by its own keys and those of the version before it",
		       root->version);
}

static gboolean fail_size(GError **error)
{
	return pv_fail(error, PV_ERROR_LIMIT,
		       "the former roots have more than the %zu bytes that are taken over",
		       PV_FORMER_ROOTS_BYTES_MAX);
}

/* (transfer full) (nullable): NULL without an error if the server does not have that version. */
static PvMetadata *root_of_version(Taking *taking, gint64 version, GError **error)
{
	g_autofree char *name = g_strdup_printf("%" G_GINT64_FORMAT ".root", version);
	g_autoptr(GError) failure = NULL;
	g_autoptr(GBytes) file =
		taking->remote.fetch(taking->remote.remote, name, taking->roots_left, &failure);
	g_autoptr(PvMetadata) root = NULL;

	if (!file) {
		if (g_error_matches(failure, PV_ERROR, PV_ERROR_LIMIT))
			fail_size(error);
		else if (!g_error_matches(failure, PV_ERROR, PV_ERROR_NOT_SIGNED))
			g_propagate_error(error, g_steal_pointer(&failure));
		return NULL;
	}
	if (g_bytes_get_size(file) > taking->roots_left) {
		fail_size(error);
		return NULL;
	}
	taking->roots_left -= g_bytes_get_size(file);
	root = pv_metadata_parse("root", file, error);
	if (root && root->version != version)
		return pv_fail_null(error, PV_ERROR_ROOT, "%s.json holds version %" G_GINT64_FORMAT,
				    name, root->version);
	return g_steal_pointer(&root);
}

static gboolean read_roots(Taking *taking, GError **error)
{
	PvMetadata *newest = taking->state->root, *before = NULL;

	if (newest->version > PV_ROOT_ROTATIONS_MAX)
		return pv_fail(error, PV_ERROR_LIMIT,
			       "root is version %" G_GINT64_FORMAT "; at most %d are taken over",
			       newest->version, PV_ROOT_ROTATIONS_MAX);
	for (gint64 version = 1; version < newest->version; version++) {
		g_autoptr(GError) failure = NULL;
		g_autoptr(PvMetadata) root = root_of_version(taking, version, &failure);

		if (failure || (root && !check_step(before, root, &failure))) {
			g_propagate_error(error, g_steal_pointer(&failure));
			return FALSE;
		}
		before = root;
		if (root)
			g_ptr_array_add(taking->metadata, g_steal_pointer(&root));
		else
			note(taking,
			     "the server has no root version %" G_GINT64_FORMAT
			     ": clients that know nothing newer cannot follow",
			     version);
	}
	taking->taken->roots = taking->metadata->len + 1;
	g_ptr_array_add(taking->metadata, pv_metadata_ref(newest));
	return check_step(before, newest, error);
}

/* --- the rest -------------------------------------------------------------------------------- */

static void add_table(Taking *taking, GHashTable *table)
{
	GHashTableIter iter;
	void *metadata;

	g_hash_table_iter_init(&iter, table);
	while (g_hash_table_iter_next(&iter, NULL, &metadata))
		g_ptr_array_add(taking->metadata, pv_metadata_ref(metadata));
}

static void collect(Taking *taking)
{
	const PvTufState *state = taking->state;
	const PvRole *role = g_hash_table_lookup(state->root->roles, "root");

	g_ptr_array_add(taking->metadata, pv_metadata_ref(state->targets));
	add_table(taking, state->delegations);
	add_table(taking, state->unverified);
	g_ptr_array_add(taking->metadata, pv_metadata_ref(state->snapshot));
	g_ptr_array_add(taking->metadata, pv_metadata_ref(state->timestamp));
	taking->taken->root_version = state->root->version;
	for (guint i = 0; i < role->keys->len; i++)
		g_ptr_array_add(taking->taken->root_keys,
				g_strdup(pv_public_key_id(role->keys->pdata[i])));
	taking->taken->files = taking->metadata->len;
	for (guint i = 0; i < taking->metadata->len; i++) {
		const PvMetadata *metadata = taking->metadata->pdata[i];

		taking->taken->bytes += g_bytes_get_size(metadata->file);
		if (metadata->kind != PV_ROLE_ROOT &&
		    !pv_metadata_check_expiry(metadata, pv_time_now(), NULL))
			note(taking, "%s ran out: its keys must sign it anew", metadata->role);
	}
	for (guint i = 0; i < state->unusable->len; i++)
		note(taking, "%s", (const char *)state->unusable->pdata[i]);
}

/* --- into the store -------------------------------------------------------------------------- */

/* What is stored is not written over: it is the same, or what became of it, or something else. */
static gboolean check_stored(Taking *taking, const PvStoredFile *stored, PvStore *store,
			     GError **error)
{
	const PvMetadata *root = taking->state->root;
	g_autoptr(PvMetadata) known = pv_metadata_parse("root", stored->data, error);
	g_auto(PvStoredFile) snapshot = { 0 };

	if (!known)
		return FALSE;
	taking->taken->already = TRUE;
	if (known->version > root->version &&
	    pv_metadata_verify(known, g_hash_table_lookup(root->roles, "root"), NULL)) {
		taking->taken->adopted = TRUE;
		return TRUE;
	}
	if (g_bytes_equal(stored->data, root->file) &&
	    pv_store_get(store, taking->gun, "snapshot", NULL, 0, &snapshot, NULL) &&
	    g_bytes_equal(snapshot.data, taking->state->snapshot->file))
		return TRUE;
	return pv_fail(
		error, PV_ERROR_EXISTS,
		"it is in the store in another state; `pavise repo delete --remote` removes it "
		"there, then it can be brought anew");
}

static gboolean put(Taking *taking, PvStore *store, GError **error)
{
	g_autoptr(GArray) updates = g_array_new(FALSE, FALSE, sizeof(PvStoreUpdate));
	g_auto(PvStoredFile) stored = { 0 };
	g_autoptr(GError) missing = NULL;
	PvTime now = pv_time_now();

	if (pv_store_get(store, taking->gun, "root", NULL, 0, &stored, &missing))
		return check_stored(taking, &stored, store, error);
	if (!g_error_matches(missing, PV_ERROR, PV_ERROR_NOT_FOUND)) {
		g_propagate_error(error, g_steal_pointer(&missing));
		return FALSE;
	}
	for (guint i = 0; i < taking->metadata->len; i++) {
		const PvMetadata *metadata = taking->metadata->pdata[i];
		PvStoreUpdate update = { metadata->role, metadata->version, metadata->file,
					 metadata->expires, now };

		g_array_append_val(updates, update);
	}
	return pv_store_import(store, taking->gun, (PvStoreUpdate *)(void *)updates->data,
			       updates->len, NULL, error);
}

gboolean pv_take_repository(const PvTufRemote *remote, const char *gun, const char *const *pins,
			    PvStore *store, PvTaken *ret_taken, GError **error)
{
	g_auto(PvTaken) taken = { .root_keys = g_ptr_array_new_with_free_func(g_free),
				  .notes = g_ptr_array_new_with_free_func(g_free) };
	g_autoptr(GPtrArray) metadata =
		g_ptr_array_new_with_free_func((GDestroyNotify)pv_metadata_unref);
	Taking taking = { .gun = gun,
			  .remote = *remote,
			  .pins = pins,
			  .metadata = metadata,
			  .roots_left = PV_FORMER_ROOTS_BYTES_MAX,
			  .taken = &taken };
	g_autoptr(GError) failure = NULL;
	gboolean done;

	done = read_newest(&taking, &failure) && read_roots(&taking, &failure);
	if (done) {
		collect(&taking);
		done = !store || put(&taking, store, &failure);
	}
	if (taking.state)
		pv_tuf_state_free(taking.state);
	if (!done) {
		/* What comes from reading says it already. */
		if (!strstr(failure->message, gun))
			pv_fail_wrap(&failure, "%s", gun);
		g_propagate_error(error, g_steal_pointer(&failure));
		return FALSE;
	}
	*ret_taken = taken;
	taken = (PvTaken){ 0 };
	return TRUE;
}
