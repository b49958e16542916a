/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The TUF 1.0 client against a repository in memory: the limits of the workflow, and what a failure
 * in the middle leaves behind. The attacks one by one, over HTTP, are in tests/interop/tuf-client.
 */

#include "tuf/tuf1_client.h"

#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"

#define EXPIRES "\"expires\":\"2030-01-01T00:00:00Z\""

typedef struct {
	GHashTable *files; /* URL name → GBytes */
	GPtrArray *asked;  /* of char* */
	PvPrivateKey *key; /* everybody's, by the id "k" */
	char *public_key;  /* as JSON */
	char *directory;
	const char *breaks_at; /* a name for which the server cannot be reached */
} Repository;

static char *hex_of(const void *data, gsize size)
{
	GString *hex = g_string_new(NULL);

	for (gsize i = 0; i < size; i++)
		g_string_append_printf(hex, "%02x", ((const guint8 *)data)[i]);
	return g_string_free(hex, FALSE);
}

/* @body must be canonical as it stands. */
static void serve(Repository *repository, const char *name, const char *body)
{
	const char *method;
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) signature =
		pv_private_key_sign(repository->key, body, strlen(body), &method, &error);
	g_autofree char *hex = NULL;
	char *text;

	g_assert_no_error(error);
	hex = hex_of(g_bytes_get_data(signature, NULL), g_bytes_get_size(signature));
	text = g_strdup_printf("{\"signatures\":[{\"keyid\":\"k\",\"sig\":\"%s\"}],\"signed\":%s}",
			       hex, body);
	g_hash_table_replace(repository->files, g_strdup(name),
			     g_bytes_new_take(text, strlen(text)));
}

#define R "{\"keyids\":[\"k\"],\"threshold\":1}"

/* @filler makes it larger. */
static void serve_root(Repository *repository, guint version, const char *filler)
{
	g_autofree char *name = g_strdup_printf("%u.root.json", version);
	g_autofree char *body =
		g_strdup_printf("{\"_type\":\"root\",\"consistent_snapshot\":true," EXPIRES
				",\"filler\":\"%s\",\"keys\":{\"k\":%s},\"roles\":{\"root\":" R
				",\"snapshot\":" R ",\"targets\":" R ",\"timestamp\":" R
				"},\"spec_version\":\"1.0.31\","
				"\"version\":%u}",
				filler, repository->public_key, version);

	serve(repository, name, body);
}

static void serve_others(Repository *repository, guint version, const char *roles)
{
	g_autofree char *snapshot = g_strdup_printf("%u.snapshot.json", version);
	g_autofree char *snapshot_body =
		g_strdup_printf("{\"_type\":\"snapshot\"," EXPIRES
				",\"meta\":{%s%s\"targets.json\":{\"version\":1}},"
				"\"spec_version\":\"1.0.31\",\"version\":%u}",
				roles, *roles ? "," : "", version);
	g_autofree char *timestamp_body =
		g_strdup_printf("{\"_type\":\"timestamp\"," EXPIRES
				",\"meta\":{\"snapshot.json\":{\"version\":%u}},"
				"\"spec_version\":\"1.0.31\",\"version\":%u}",
				version, version);

	serve(repository, snapshot, snapshot_body);
	serve(repository, "timestamp.json", timestamp_body);
}

/* Targets of @role that delegate all of the paths "*" to @next, or name the target "file". */
static void serve_targets(Repository *repository, const char *role, const char *next)
{
	g_autofree char *name = g_strdup_printf("1.%s.json", role);
	g_autofree char *delegations = g_strdup_printf(
		"\"delegations\":{\"keys\":{\"k\":%s},\"roles\":[{\"keyids\":[\"k\"],\"name\":"
		"\"%s\",\"paths\":[\"*\"],\"terminating\":false,\"threshold\":1}]},",
		repository->public_key, next);
	g_autofree char *body =
		g_strdup_printf("{\"_type\":\"targets\",%s" EXPIRES
				",\"spec_version\":\"1.0.31\",\"targets\":{%s},"
				"\"version\":1}",
				*next ? delegations : "",
				*next ? "" : "\"file\":{\"hashes\":{\"x\":\"\"},\"length\":1}");

	serve(repository, name, body);
}

static GBytes *fetch(void *data, const char *name, gsize max_bytes, GError **error)
{
	Repository *repository = data;
	GBytes *file = g_hash_table_lookup(repository->files, name);

	g_ptr_array_add(repository->asked, g_strdup(name));
	if (g_strcmp0(name, repository->breaks_at) == 0)
		return pv_fail_null(error, PV_ERROR_UNREACHABLE, "%s: no answer", name);
	if (!file)
		return pv_fail_null(error, PV_ERROR_NOT_FOUND, "%s: not found", name);
	if (g_bytes_get_size(file) > max_bytes)
		return pv_fail_null(error, PV_ERROR_LIMIT, "%s: too large", name);
	return g_bytes_ref(file);
}

static PvTuf1Client *open_client(Repository *repository)
{
	PvTuf1Remote remote = { fetch, repository };
	g_autoptr(GError) error = NULL;
	PvTime now;
	PvTuf1Client *client;

	g_assert_true(pv_time_parse("2026-01-01T00:00:00Z", 20, &now, NULL));
	client = pv_tuf1_client_new(repository->directory, now, &remote, &error);
	g_assert_no_error(error);
	return client;
}

static void set_up(Repository *repository, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *hex = NULL;
	GBytes *raw;

	repository->files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
						  (GDestroyNotify)g_bytes_unref);
	repository->asked = g_ptr_array_new_with_free_func(g_free);
	repository->key = pv_private_key_generate(PV_KEY_ED25519, &error);
	g_assert_no_error(error);
	raw = pv_public_key_encoded(pv_private_key_public(repository->key));
	hex = hex_of(g_bytes_get_data(raw, NULL), g_bytes_get_size(raw));
	repository->public_key = g_strdup_printf("{\"keytype\":\"ed25519\",\"keyval\":{\"public\":"
						 "\"%s\"},\"scheme\":\"ed25519\"}",
						 hex);
	repository->directory = g_dir_make_tmp("pavise-tuf1-XXXXXX", &error);
	g_assert_no_error(error);
	serve_root(repository, 1, "");
	serve_targets(repository, "targets", "");
	serve_others(repository, 1, "");
	g_assert_true(pv_tuf1_client_init(repository->directory,
					  g_hash_table_lookup(repository->files, "1.root.json"),
					  &error));
}

static void tear_down(Repository *repository, gconstpointer unused)
{
	pv_file_remove_tree(repository->directory, NULL);
	g_free(repository->directory);
	g_free(repository->public_key);
	pv_private_key_free(repository->key);
	g_ptr_array_unref(repository->asked);
	g_hash_table_unref(repository->files);
}

static void test_order(Repository *repository, gconstpointer unused)
{
	static const char *const expected[] = { "2.root.json",     "timestamp.json",
						"1.snapshot.json", "1.targets.json",
						"2.root.json",     "timestamp.json" };
	g_autoptr(PvTuf1Client) client = open_client(repository);
	g_autoptr(GError) error = NULL;

	for (guint i = 0; i < 2; i++) { /* the second finds all but the timestamp at home */
		g_assert_true(pv_tuf1_client_refresh(client, &error));
		g_assert_no_error(error);
	}
	g_assert_cmpuint(repository->asked->len, ==, G_N_ELEMENTS(expected));
	for (guint i = 0; i < G_N_ELEMENTS(expected); i++)
		g_assert_cmpstr(repository->asked->pdata[i], ==, expected[i]);
	g_assert_cmpint(pv_tuf1_client_root(client)->version, ==, 1);
	g_assert_cmpint(pv_tuf1_client_timestamp(client)->version, ==, 1);
	g_assert_cmpint(pv_tuf1_client_snapshot(client)->version, ==, 1);
}

/* PV_ROOT_ROTATIONS_MAX new roots at once, no more; the next update goes on from there. */
static void test_rotations(Repository *repository, gconstpointer unused)
{
	g_autoptr(PvTuf1Client) client = NULL;
	g_autoptr(GError) error = NULL;
	/* From version 1: one less than the limit, the limit, one more. */
	const guint there[] = { PV_ROOT_ROTATIONS_MAX, 2 * PV_ROOT_ROTATIONS_MAX,
				3 * PV_ROOT_ROTATIONS_MAX + 1, 3 * PV_ROOT_ROTATIONS_MAX + 1 };
	const gint64 expected[] = { PV_ROOT_ROTATIONS_MAX, 2 * PV_ROOT_ROTATIONS_MAX,
				    3 * PV_ROOT_ROTATIONS_MAX, 3 * PV_ROOT_ROTATIONS_MAX + 1 };
	guint served = 1;

	client = open_client(repository);
	for (guint i = 0; i < G_N_ELEMENTS(there); i++) {
		while (served < there[i])
			serve_root(repository, ++served, "");
		g_assert_true(pv_tuf1_client_refresh(client, &error));
		g_assert_no_error(error);
		g_assert_cmpint(pv_tuf1_client_root(client)->version, ==, expected[i]);
	}
}

static void test_root_size(Repository *repository, gconstpointer unused)
{
	gsize base = g_bytes_get_size(g_hash_table_lookup(repository->files, "1.root.json"));

	for (int more = -1; more <= 1; more++) {
		gsize wanted = (gsize)((gssize)PV_TUF1_ROOT_BYTES_MAX + more);
		g_autofree char *filler = g_strnfill(wanted - base, 'x');
		g_autoptr(PvTuf1Client) client = open_client(repository);
		g_autoptr(GError) error = NULL;
		gint64 version = pv_tuf1_client_root(client)->version + 1;

		serve_root(repository, (guint)version, filler);
		if (more <= 0) {
			g_assert_true(pv_tuf1_client_refresh(client, &error));
			g_assert_no_error(error);
		} else {
			g_assert_false(pv_tuf1_client_refresh(client, &error));
			g_assert_error(error, PV_ERROR, PV_ERROR_LIMIT);
		}
	}
}

/* A chain of @count delegated roles, the last of which names the target. */
static void serve_chain(Repository *repository, guint count)
{
	g_autoptr(GString) roles = g_string_new(NULL);

	for (guint i = 0; i <= count; i++) {
		g_autofree char *name = i == 0 ? g_strdup("targets") : g_strdup_printf("r%03u", i);
		g_autofree char *next = i == count ? g_strdup("") : g_strdup_printf("r%03u", i + 1);

		serve_targets(repository, name, next);
		if (i > 0)
			g_string_append_printf(roles, "%s\"%s.json\":{\"version\":1}",
					       i > 1 ? "," : "", name);
	}
	serve_others(repository, 1, roles->str);
}

static void test_visits(Repository *repository, gconstpointer unused)
{
	for (int more = -1; more <= 1; more++) {
		g_autofree char *directory = g_dir_make_tmp("pavise-tuf1-XXXXXX", NULL);
		g_autofree char *former = g_steal_pointer(&repository->directory);
		g_autoptr(PvTuf1Client) client = NULL;
		g_autoptr(GError) error = NULL;
		const PvFileMeta *found;

		pv_file_remove_tree(former, NULL);
		repository->directory = g_steal_pointer(&directory);
		g_assert_true(
			pv_tuf1_client_init(repository->directory,
					    g_hash_table_lookup(repository->files, "1.root.json"),
					    &error));
		serve_chain(repository, (guint)(PV_TUF1_VISITS_MAX + more));
		client = open_client(repository);
		g_assert_true(pv_tuf1_client_refresh(client, &error));
		found = pv_tuf1_client_find(client, "file", &error);
		if (more <= 0) {
			g_assert_no_error(error);
			g_assert_cmpuint(found->length, ==, 1);
			/* No hash of a known kind: not to be downloaded. */
			g_assert_null(pv_tuf1_target_check_new(found, &error));
			g_assert_error(error, PV_ERROR, PV_ERROR_UNSUPPORTED);
		} else {
			g_assert_error(error, PV_ERROR, PV_ERROR_LIMIT);
		}
	}
}

/* Wherever an update breaks off, what was verified stays, and the next one ends well. */
static void test_breaks(Repository *repository, gconstpointer unused)
{
	static const char *const names[] = { "2.root.json",     "3.root.json",    "timestamp.json",
					     "2.snapshot.json", "1.targets.json", NULL };

	serve_root(repository, 2, "");
	serve_others(repository, 2, "");
	for (guint i = 0; names[i]; i++) {
		g_autoptr(PvTuf1Client) client = open_client(repository);
		g_autoptr(GError) error = NULL;

		repository->breaks_at = names[i];
		g_assert_false(pv_tuf1_client_refresh(client, &error));
		g_assert_error(error, PV_ERROR, PV_ERROR_UNREACHABLE);
		g_assert_cmpint(pv_tuf1_client_root(client)->version, ==, i == 0 ? 1 : 2);
		g_assert_true(i < 3 || pv_tuf1_client_timestamp(client)->version == 2);
		g_assert_true(i < 4 || pv_tuf1_client_snapshot(client)->version == 2);
	}
	{
		g_autoptr(PvTuf1Client) client = open_client(repository);
		g_autoptr(GError) error = NULL;

		repository->breaks_at = NULL;
		g_assert_true(pv_tuf1_client_refresh(client, &error));
		g_assert_no_error(error);
	}
}

static void test_target_check(void)
{
	g_autoptr(GBytes) file = g_bytes_new_static("content", 7);
	g_autoptr(PvFileMeta) meta = pv_file_meta_new(file);
	static const struct {
		const char *first, *second;
		gboolean good;
	} cases[] = {
		{ "content", "", TRUE },   { "con", "tent", TRUE },  { "con", "ten", FALSE },
		{ "", "", FALSE },         { "Con", "tent", FALSE }, { "content", "s", FALSE },
		{ "contents", "", FALSE },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(PvTuf1TargetCheck) check = pv_tuf1_target_check_new(meta, &error);
		gboolean good;

		g_assert_no_error(error);
		good = pv_tuf1_target_check_feed(check, cases[i].first, strlen(cases[i].first),
						 &error) &&
		       pv_tuf1_target_check_feed(check, cases[i].second, strlen(cases[i].second),
						 &error) &&
		       pv_tuf1_target_check_finish(check, &error);
		g_assert_cmpint(good, ==, cases[i].good);
		if (!good)
			g_assert_error(error, PV_ERROR, PV_ERROR_DIGEST);
	}
	for (int more = -1; more <= 1; more++) {
		g_autoptr(PvTuf1TargetCheck) check = NULL;

		meta->length = (guint64)((gint64)PV_BLOB_BYTES_MAX + more);
		check = pv_tuf1_target_check_new(meta, NULL);
		g_assert_cmpint(check != NULL, ==, more <= 0);
	}
}

#define ADD(name, function) \
	g_test_add("/tuf1-client/" name, Repository, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
	/* Thousands of files, each synced: not on a disk that others use. */
	if (g_file_test("/dev/shm", G_FILE_TEST_IS_DIR))
		g_setenv("TMPDIR", "/dev/shm", FALSE);
	g_test_init(&argc, &argv, NULL);
	ADD("order", test_order);
	ADD("rotations", test_rotations);
	ADD("root-size", test_root_size);
	ADD("visits", test_visits);
	ADD("breaks", test_breaks);
	g_test_add_func("/tuf1-client/target-check", test_target_check);
	return g_test_run();
}
