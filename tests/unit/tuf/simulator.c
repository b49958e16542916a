/* SPDX-License-Identifier: Apache-2.0 */

#include "simulator.h"

#include <string.h>

#include "base/error.h"
#include "crypto/certificate.h"

static GHashTable *new_roles(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)pv_role_free);
}

static GHashTable *new_files(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
				     (GDestroyNotify)pv_file_meta_free);
}

static void add_key(Simulator *simulator, PvRole *role)
{
	g_autoptr(GError) error = NULL;
	PvPrivateKey *key = pv_private_key_generate(PV_KEY_ECDSA, &error);
	PvPublicKey *public;

	g_assert_no_error(error);
	if (strcmp(role->name, "root") == 0) {
		public = pv_certificate_new_root(key, simulator->gun, simulator->now, &error);
		g_assert_no_error(error);
	} else {
		public = pv_public_key_ref(pv_private_key_public(key));
	}
	g_ptr_array_add(role->keys, public);
	g_hash_table_insert(simulator->keys, g_strdup(pv_public_key_id(public)), key);
}

void simulator_rotate(Simulator *simulator, const char *name, gboolean add)
{
	PvRole *role = g_hash_table_lookup(simulator->root.roles, name);

	if (!add)
		g_ptr_array_set_size(role->keys, 0);
	add_key(simulator, role);
}

void simulator_add_target(Simulator *simulator, GHashTable *files, const char *name)
{
	g_autoptr(GBytes) content = g_bytes_new(name, strlen(name));

	g_hash_table_insert(files, g_strdup(name), pv_file_meta_new(content));
}

static GBytes *signed_file(Simulator *simulator, const PvMetadataDraft *draft, const PvRole *role,
			   GHashTable *also)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) body = pv_metadata_write_signed(draft, &error);
	g_autoptr(GPtrArray) signatures =
		g_ptr_array_new_with_free_func((GDestroyNotify)pv_signature_free);
	g_autoptr(GHashTable) ids = g_hash_table_new(g_str_hash, g_str_equal);
	GHashTableIter iter;
	void *id;
	GBytes *file;

	g_assert_no_error(error);
	for (guint i = 0; i < role->keys->len; i++)
		g_hash_table_add(ids, (void *)pv_public_key_id(role->keys->pdata[i]));
	if (also) {
		g_hash_table_iter_init(&iter, also);
		while (g_hash_table_iter_next(&iter, &id, NULL))
			g_hash_table_add(ids, id);
	}
	g_hash_table_iter_init(&iter, ids);
	while (g_hash_table_iter_next(&iter, &id, NULL)) {
		g_ptr_array_add(signatures,
				pv_metadata_sign(body, id, g_hash_table_lookup(simulator->keys, id),
						 &error));
		g_assert_no_error(error);
	}
	file = pv_metadata_write_file(body, signatures, &error);
	g_assert_no_error(error);
	return file;
}

/* Makes the server answer @file under the plain name and the one with its hash. */
static void serve(Simulator *simulator, const char *role, GBytes *file)
{
	g_autoptr(PvFileMeta) meta = pv_file_meta_new(file);
	g_autofree char *hex = pv_digest_hex(&meta->sha256);

	g_hash_table_insert(simulator->files, g_strdup(role), g_bytes_ref(file));
	g_hash_table_insert(simulator->files, g_strdup_printf("%s.%s", role, hex),
			    g_bytes_ref(file));
}

static void vouch(PvMetadataDraft *draft, const char *role, GBytes *file)
{
	g_hash_table_insert(draft->files, g_strdup(role), pv_file_meta_new(file));
}

GHashTable *simulator_keys_of(Simulator *simulator, const char *name)
{
	PvRole *role = g_hash_table_lookup(simulator->root.roles, name);
	GHashTable *ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < role->keys->len; i++)
		g_hash_table_add(ids, g_strdup(pv_public_key_id(role->keys->pdata[i])));
	return ids;
}

void simulator_publish_root(Simulator *simulator, GHashTable *also)
{
	g_autoptr(GBytes) file =
		signed_file(simulator, &simulator->root,
			    g_hash_table_lookup(simulator->root.roles, "root"), also);

	serve(simulator, "root", file);
	g_hash_table_insert(simulator->files,
			    g_strdup_printf("%" G_GINT64_FORMAT ".root", simulator->root.version),
			    g_bytes_ref(file));
	vouch(&simulator->snapshot, "root", file);
}

void simulator_publish(Simulator *simulator)
{
	GHashTable *roles = simulator->root.roles;
	g_autoptr(GBytes) targets = signed_file(simulator, &simulator->targets,
						g_hash_table_lookup(roles, "targets"), NULL);

	simulator_publish_below(simulator, targets);
}

void simulator_publish_below(Simulator *simulator, GBytes *targets)
{
	GHashTable *roles = simulator->root.roles;
	g_autoptr(GBytes) snapshot = NULL;
	g_autoptr(GBytes) timestamp = NULL;

	g_bytes_ref(targets);
	serve(simulator, "targets", targets);
	vouch(&simulator->snapshot, "targets", targets);
	if (simulator->has_release) {
		g_autoptr(GBytes) release =
			signed_file(simulator, &simulator->release,
				    g_hash_table_lookup(simulator->targets.roles,
							"targets/releases"),
				    NULL);

		serve(simulator, "targets/releases", release);
		vouch(&simulator->snapshot, "targets/releases", release);
	}
	snapshot = signed_file(simulator, &simulator->snapshot,
			       g_hash_table_lookup(roles, "snapshot"), NULL);
	serve(simulator, "snapshot", snapshot);
	vouch(&simulator->timestamp, "snapshot", snapshot);
	timestamp = signed_file(simulator, &simulator->timestamp,
				g_hash_table_lookup(roles, "timestamp"), NULL);
	serve(simulator, "timestamp", timestamp);
	g_bytes_unref(targets);
}

static GBytes *fetch(void *remote, const char *name, gsize max_bytes, GError **error)
{
	Simulator *simulator = remote;
	GBytes *file = g_hash_table_lookup(simulator->files, name);

	simulator->fetches++;
	if (!file)
		return pv_fail_null(error, PV_ERROR_NOT_SIGNED, "the server has no %s", name);
	return g_bytes_ref(file);
}

static GBytes *load(void *cache, const char *role)
{
	Simulator *simulator = cache;
	GBytes *file = g_hash_table_lookup(simulator->cache, role);

	return file ? g_bytes_ref(file) : NULL;
}

static gboolean store(void *cache, const char *role, GBytes *file, GError **error)
{
	Simulator *simulator = cache;

	g_hash_table_insert(simulator->cache, g_strdup(role), g_bytes_ref(file));
	return TRUE;
}

static gint64 age_s(void *cache)
{
	Simulator *simulator = cache;

	return g_hash_table_contains(simulator->cache, "timestamp") ? 10 : -1;
}

static gboolean accept_first(void *data, const PvMetadata *root, GError **error)
{
	Simulator *simulator = data;

	if (simulator->accept_first)
		return TRUE;
	return pv_fail(error, PV_ERROR_ROOT, "not pinned");
}

PvTufRemote simulator_remote(Simulator *simulator)
{
	return (PvTufRemote){ fetch, simulator, NULL };
}

PvTufState *simulator_update(Simulator *simulator, gboolean offline, GError **error)
{
	PvTufPolicy policy = { .gun = simulator->gun,
			       .now = simulator->now,
			       .accept_first_root = accept_first,
			       .accept_data = simulator,
			       .offline = offline,
			       .only = simulator->only };
	PvTufRemote remote = simulator_remote(simulator);
	PvTufCache cache = { load, store, age_s, simulator };

	return pv_tuf_update(&policy, &remote, simulator->disk ? simulator->disk : &cache, error);
}

char *simulator_name_of(Simulator *simulator, const char *role)
{
	g_autoptr(PvFileMeta) meta = pv_file_meta_new(g_hash_table_lookup(simulator->files, role));
	g_autofree char *hex = pv_digest_hex(&meta->sha256);

	return g_strdup_printf("%s.%s", role, hex);
}

void simulator_flip(Simulator *simulator, const char *name)
{
	GBytes *file = g_hash_table_lookup(simulator->files, name);
	gsize size;
	const guint8 *data = g_bytes_get_data(file, &size);
	g_autofree guint8 *copy = g_memdup2(data, size);
	const char *digits = g_strstr_len((char *)copy, (gssize)size, "\"expires\":\"20");

	g_assert_nonnull(digits);
	copy[digits - (char *)copy + 14] ^= 1;
	g_hash_table_insert(simulator->files, g_strdup(name), g_bytes_new(copy, size));
}

Simulator *simulator_new(void)
{
	static const char *const names[] = { "root", "targets", "snapshot", "timestamp" };
	Simulator *simulator = g_new0(Simulator, 1);
	PvRole *release = pv_role_new("targets/releases", 1);
	PvTime later;

	simulator->gun = g_strdup("localhost:5000/app");
	simulator->now = pv_time_now();
	simulator->accept_first = TRUE;
	simulator->keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
						(GDestroyNotify)pv_private_key_free);
	simulator->files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
						 (GDestroyNotify)g_bytes_unref);
	simulator->cache = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
						 (GDestroyNotify)g_bytes_unref);
	later = pv_time_add_seconds(simulator->now, 86400);
	simulator->root = (PvMetadataDraft){ PV_ROLE_ROOT, 1, later, new_roles(), NULL, NULL };
	simulator->targets =
		(PvMetadataDraft){ PV_ROLE_TARGETS, 1, later, new_roles(), NULL, new_files() };
	simulator->snapshot =
		(PvMetadataDraft){ PV_ROLE_SNAPSHOT, 1, later, NULL, NULL, new_files() };
	simulator->timestamp =
		(PvMetadataDraft){ PV_ROLE_TIMESTAMP, 1, later, NULL, NULL, new_files() };
	simulator->release =
		(PvMetadataDraft){ PV_ROLE_DELEGATION, 1, later, NULL, NULL, new_files() };
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		PvRole *role = pv_role_new(names[i], 1);

		g_hash_table_insert(simulator->root.roles, role->name, role);
		add_key(simulator, role);
	}
	release->paths = g_ptr_array_new_with_free_func(g_free);
	g_ptr_array_add(release->paths, g_strdup(""));
	add_key(simulator, release);
	g_hash_table_insert(simulator->targets.roles, release->name, release);
	simulator->has_release = TRUE;
	simulator_add_target(simulator, simulator->targets.files, "v1");
	simulator_add_target(simulator, simulator->release.files, "v2");
	simulator_publish_root(simulator, NULL);
	simulator_publish(simulator);
	return simulator;
}

void simulator_free(Simulator *simulator)
{
	g_free(simulator->gun);
	g_hash_table_unref(simulator->keys);
	g_hash_table_unref(simulator->files);
	g_hash_table_unref(simulator->cache);
	g_hash_table_unref(simulator->root.roles);
	g_hash_table_unref(simulator->targets.roles);
	g_hash_table_unref(simulator->targets.files);
	g_hash_table_unref(simulator->snapshot.files);
	g_hash_table_unref(simulator->timestamp.files);
	g_hash_table_unref(simulator->release.files);
	g_free(simulator);
}

void simulator_refuse(Simulator *simulator, PvErrorCode code, const char *words)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GHashTable) before = g_hash_table_new(g_str_hash, g_str_equal);
	PvTufState *state;
	GHashTableIter iter;
	void *role, *file;

	g_hash_table_iter_init(&iter, simulator->cache);
	while (g_hash_table_iter_next(&iter, &role, &file))
		g_hash_table_insert(before, role, file);
	state = simulator_update(simulator, FALSE, &error);
	g_assert_null(state);
	if (!strstr(error->message, words))
		g_test_message("said: %s", error->message);
	g_assert_error(error, PV_ERROR, (int)code);
	g_assert_nonnull(strstr(error->message, words));
	g_assert_cmpuint(g_hash_table_size(before), ==, g_hash_table_size(simulator->cache));
	g_hash_table_iter_init(&iter, simulator->cache);
	while (g_hash_table_iter_next(&iter, &role, &file))
		g_assert_true(g_hash_table_lookup(before, role) == file);
}

PvTufState *simulator_accept(Simulator *simulator)
{
	g_autoptr(GError) error = NULL;
	PvTufState *state = simulator_update(simulator, FALSE, &error);

	g_assert_no_error(error);
	return state;
}

void simulator_accept_silently(Simulator *simulator)
{
	pv_tuf_state_free(simulator_accept(simulator));
}

void simulator_next_version(Simulator *simulator)
{
	simulator->targets.version++;
	simulator->snapshot.version++;
	simulator->timestamp.version++;
	simulator_publish(simulator);
}
