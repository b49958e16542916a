/* SPDX-License-Identifier: Apache-2.0 */

/*
 * pavise-adopt: brings repositories of another trust server into the service's store. `pavise adopt
 * --data DIR` (in pavise-trust) starts it: it writes to the store and holds no key; what holds keys
 * does not load a database.
 */

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/terminal.h"
#include "program/adopt/take.h"
#include "program/cli/options.h"
#include "trust/remote.h"

#define PROGRAM "pavise adopt"

typedef struct {
	char *data, *store, *ca_file;
	char **pins;
	gboolean dry_run, json;
} Options;

/* An embedded store belongs to one process; a database server arbitrates by itself. */
static gboolean lock_data(const Options *options, int *ret_lock, GError **error)
{
	g_autofree char *path = NULL;

	*ret_lock = -1;
	if (options->dry_run || g_strcmp0(options->store, "sqlite") != 0)
		return TRUE;
	path = g_build_filename(options->data, "lock", NULL);
	if (!pv_file_make_directory(options->data, 0700, error))
		return FALSE;
	*ret_lock = pv_file_try_lock(path, error);
	if (*ret_lock < 0 && error && g_error_matches(*error, PV_ERROR, PV_ERROR_CONFLICT)) {
		g_clear_error(error);
		return pv_fail(
			error, PV_ERROR_CONFLICT,
			"%s is in use by a running service: stop it, bring the repositories, "
			"start it again",
			options->data);
	}
	return *ret_lock >= 0;
}

static json_t *texts(const GPtrArray *array)
{
	json_t *list = json_array();

	for (guint i = 0; i < array->len; i++)
		json_array_append_new(list, json_string(array->pdata[i]));
	return list;
}

static void print_json(const char *gun, const PvTaken *taken, gboolean dry_run)
{
	g_autoptr(json_t) value =
		json_pack("{s:s, s:s, s:b, s:b, s:b, s:I, s:I, s:I, s:I, s:o, s:o}", "step",
			  "bring", "repository", gun, "dry_run", dry_run, "already", taken->already,
			  "adopted", taken->adopted, "root_version",
			  (json_int_t)taken->root_version, "roots", (json_int_t)taken->roots,
			  "files", (json_int_t)taken->files, "bytes", (json_int_t)taken->bytes,
			  "root_keys", texts(taken->root_keys), "notes", texts(taken->notes));
	g_autofree char *text = pv_json_text(value, FALSE);

	fputs(text, stdout);
}

static void print_text(const char *gun, const PvTaken *taken, gboolean dry_run)
{
	if (taken->adopted)
		printf("%s: in the store already, and adopted since\n", gun);
	else if (taken->already)
		printf("%s: in the store already\n", gun);
	else
		printf("%s: %s %u files (%" G_GUINT64_FORMAT
		       " bytes), %u versions of root among them; root key",
		       gun, dry_run ? "would bring" : "brought", taken->files, taken->bytes,
		       taken->roots);
	for (guint i = 0; !taken->already && i < taken->root_keys->len; i++)
		printf(" %s", (const char *)taken->root_keys->pdata[i]);
	if (!taken->already)
		putchar('\n');
	for (guint i = 0; i < taken->notes->len; i++) {
		g_autofree char *safe = pv_terminal_safe(taken->notes->pdata[i]);

		printf("%s: note: %s\n", gun, safe);
	}
}

static gboolean take(const Options *options, const char *server, const char *gun, PvStore *store,
		     GError **error)
{
	g_autoptr(PvRemote) remote = pv_remote_new(server, gun, options->ca_file);
	g_auto(PvTaken) taken = { 0 };
	PvTufRemote functions;

	pv_remote_functions(remote, &functions);
	if (!pv_take_repository(&functions, gun, (const char *const *)options->pins, store, &taken,
				error))
		return FALSE;
	if (options->json)
		print_json(gun, &taken, options->dry_run);
	else
		print_text(gun, &taken, options->dry_run);
	fflush(stdout);
	return TRUE;
}

/* Each repository for itself: one that cannot be brought does not keep the others. */
static int take_all(const Options *options, int count, char **arguments, GError **error)
{
	g_autoptr(PvStore) store = NULL;
	int status = 0;

	if (!options->dry_run) {
		store = pv_store_open(options->store, options->data, NULL, error);
		if (!store)
			return -1;
	}
	for (int i = 1; i < count; i++) {
		g_autoptr(GError) failure = NULL;

		if (!take(options, arguments[0], arguments[i], store, &failure))
			status = MAX(status, pv_terminal_fail(PROGRAM, failure));
	}
	return status;
}

static int run(Options *options, int argc, char **argv, GError **error)
{
	int lock, status;

	if (argc < 3 || !options->data) {
		pv_fail(error, PV_ERROR_USAGE,
			"this program is started by `pavise adopt --data DIR`");
		return -1;
	}
	if (!options->store)
		options->store = g_strdup("sqlite");
	if (!lock_data(options, &lock, error))
		return -1;
	status = take_all(options, argc - 1, argv + 1, error);
	if (lock >= 0)
		close(lock);
	return status;
}

int main(int argc, char **argv)
{
	Options options = { 0 };
	const GOptionEntry entries[] = {
		{ "data", 0, 0, G_OPTION_ARG_FILENAME, &options.data, "The service's data", "DIR" },
		{ "store", 0, 0, G_OPTION_ARG_STRING, &options.store, "Its storage", "STORE" },
		{ "old-tlscacert", 0, 0, G_OPTION_ARG_FILENAME, &options.ca_file,
		  "Authority of the old server's certificate", "FILE" },
		{ "pin", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options.pins, "Root key", "KEY" },
		{ "dry-run", 0, 0, G_OPTION_ARG_NONE, &options.dry_run, "Store nothing", NULL },
		{ "json", 0, 0, G_OPTION_ARG_NONE, &options.json, "Print JSON", NULL },
		{ NULL },
	};
	const GOptionEntry *const groups[] = { entries, NULL };
	g_autoptr(GError) error = NULL;
	int status = -1;

	umask(077);
	if (pv_options_parse(PROGRAM, "URL GUN…", "Brings repositories into the service's store.",
			     groups, &argc, &argv, &error))
		status = run(&options, argc, argv, &error);
	if (error)
		status = pv_terminal_fail(PROGRAM, error);
	g_free(options.data);
	g_free(options.store);
	g_free(options.ca_file);
	g_strfreev(options.pins);
	return status;
}
