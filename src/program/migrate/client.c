/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A directory of notary or docker trust: keys, attestations of keys, remembered metadata, staged changes and notary's
 * configuration, copied into a trust directory. What is there already stays; the layout before
 * Notary 0.4 becomes the present one. Nothing in the source is changed.
 */

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/sorted.h"
#include "crypto/attestation.h"
#include "crypto/keyfile.h"
#include "program/migrate/migrate.h"
#include "trust/directory.h"
#include "trust/keys.h"

#define DEPTH_MAX 32 /* folders: a repository's path has each of its parts as one */

typedef struct {
	const char *from, *to;
	PvMigrateReport *report;
	gboolean dry_run;
} Copy;

static void say(const Copy *copy, const char *path, const char *why)
{
	PvMigrateOutcome outcome = { .gun = path, .why = why };

	copy->report->listener.outcome(copy->report->listener.data, &outcome);
}

/* A key must be one: a file that nobody can read is better known before it is needed. */
static gboolean check_key(GBytes *bytes, GError **error)
{
	gsize size;
	const char *text = g_bytes_get_data(bytes, &size);
	g_autoptr(PvKeyFile) file = NULL;

	if (size > PV_KEY_FILE_BYTES_MAX)
		return pv_fail(error, PV_ERROR_LIMIT, "%zu bytes are too many for a key", size);
	file = pv_key_file_parse(text ? text : "", size, error);
	return file != NULL;
}

/* An attestation must be one of the key that its name says; what it proves is found out where it counts. */
static gboolean check_attestation(const char *name, GBytes *bytes, GError **error)
{
	g_autoptr(GPtrArray) chain = pv_attestation_chain_parse(bytes, error);
	g_autoptr(PvAttestation) claimed =
		chain ? pv_attestation_read_unverified(chain->pdata[0], error) : NULL;
	g_autofree char *expected = NULL;

	if (!claimed)
		return FALSE;
	expected = g_strdup_printf("attestations/%s.pem", pv_public_key_canonical_id(claimed->key));
	return strcmp(name, expected) == 0 ||
	       pv_fail(error, PV_ERROR_KEY, "it is of another key than its name says");
}

static gboolean check_content(const char *name, GBytes *bytes, GError **error)
{
	if (g_str_has_prefix(name, "private/"))
		return check_key(bytes, error);
	return !g_str_has_prefix(name, "attestations/") || check_attestation(name, bytes, error);
}

/* A key that differs from the one of its name is a fault; metadata that is there may be newer. */
static gboolean keep_existing(const char *target, GBytes *bytes, gboolean is_key, GError **error)
{
	g_autoptr(GBytes) there = pv_file_read(target, PV_FILE_BYTES_MAX, error);

	if (!there)
		return FALSE;
	if (is_key && !g_bytes_equal(there, bytes))
		return pv_fail(error, PV_ERROR_EXISTS, "%s is there with other content; it stays",
			       target);
	return TRUE;
}

/*
 * Staged changes are copied before their repository's metadata (names are sorted). So where there is
 * metadata, a change that is missing was published from here, and must not be published once more.
 */
static gboolean check_change(const Copy *copy, const char *name, GError **error)
{
	g_autofree char *folder = g_path_get_dirname(name);
	g_autofree char *repository = g_path_get_dirname(folder);
	g_autofree char *metadata = g_build_filename(copy->to, repository, "metadata", NULL);

	if (!g_str_has_suffix(name, ".change") || !g_str_has_suffix(folder, "/changelist") ||
	    !g_file_test(metadata, G_FILE_TEST_IS_DIR))
		return TRUE;
	return pv_fail(error, PV_ERROR_EXISTS,
		       "its repository is there already, without this change, which may have been "
		       "published since; stage it again if it is still wanted");
}

static gboolean copy_file(const Copy *copy, const char *path, const char *name, GError **error)
{
	g_autoptr(GBytes) bytes = pv_file_read(path, PV_FILE_BYTES_MAX, error);
	g_autofree char *target = g_build_filename(copy->to, name, NULL);
	g_autofree char *directory = g_path_get_dirname(target);
	gboolean is_key = g_str_has_prefix(name, "private/");

	if (!bytes || !check_content(name, bytes, error))
		return FALSE;
	if (g_file_test(target, G_FILE_TEST_EXISTS))
		return keep_existing(target, bytes, is_key, error);
	if (!check_change(copy, name, error))
		return FALSE;
	if (copy->dry_run)
		return TRUE;
	return pv_file_make_directory(directory, 0700, error) &&
	       pv_file_create(target, g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), 0600,
			      error);
}

/* (transfer full) (nullable): of char*, sorted. */
static GPtrArray *names_in(const char *path, GError **error)
{
	g_autoptr(GDir) dir = g_dir_open(path, 0, error);
	GPtrArray *names = dir ? g_ptr_array_new_with_free_func(g_free) : NULL;
	const char *name;

	while (dir && (name = g_dir_read_name(dir)))
		g_ptr_array_add(names, g_strdup(name));
	if (names)
		pv_sort_texts(names);
	return names;
}

static void copy_below(const Copy *copy, const char *name, guint depth)
{
	g_autofree char *path = g_build_filename(copy->from, name, NULL);
	g_autoptr(GError) why = NULL;
	g_autoptr(GPtrArray) names = NULL;
	struct stat about;

	if (lstat(path, &about) != 0)
		return;
	if (S_ISREG(about.st_mode)) {
		say(copy, name, copy_file(copy, path, name, &why) ? NULL : why->message);
		return;
	}
	if (!S_ISDIR(about.st_mode) || depth > DEPTH_MAX) {
		say(copy, name, "neither a file nor a folder within reach");
		return;
	}
	names = names_in(path, &why);
	if (!names)
		say(copy, name, why->message);
	for (guint i = 0; names && i < names->len; i++) {
		g_autofree char *child = g_build_filename(name, names->pdata[i], NULL);

		copy_below(copy, child, depth + 1);
	}
}

gboolean pv_migrate_run_client(const PvMigrateOptions *options, const char *source,
			       PvMigrateReport *report, GError **error)
{
	static const char *const parts[] = { "private", "attestations", "tuf", "config.json" };
	g_autofree char *to = pv_trust_directory(options->trust_dir);
	g_autofree char *private = g_build_filename(source, "private", NULL);
	g_autofree char *tuf = g_build_filename(source, "tuf", NULL);
	g_autoptr(GPtrArray) left = NULL;
	Copy copy = { source, to, report, options->dry_run };

	if (!g_file_test(private, G_FILE_TEST_IS_DIR) && !g_file_test(tuf, G_FILE_TEST_IS_DIR))
		return pv_fail(error, PV_ERROR_NOT_FOUND,
			       "%s has neither private nor tuf in it; expected a directory such as "
			       "~/.notary or ~/.docker/trust",
			       source);
	for (gsize i = 0; i < G_N_ELEMENTS(parts); i++)
		copy_below(&copy, parts[i], 0);
	if (!options->dry_run && !pv_trust_keys_migrate(to, &left)) {
		for (guint i = 0; i < left->len; i++)
			say(&copy, left->pdata[i], "it stays in the old layout");
	}
	return TRUE;
}
