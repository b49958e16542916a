/* SPDX-License-Identifier: Apache-2.0 */

/*
 * pavise tuf-client: a client of TUF 1.0 repositories with the command line that the public suite
 * tuf-conformance drives clients by (trust.md 8.1): exit status 0 or 1, 2 for a wrong command line.
 * It holds no key and no secret, so it speaks HTTP itself.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/terminal.h"
#include "config.h"
#include "oci/http.h"
#include "program/cli/options.h"
#include "tuf/tuf1_client.h"

#define COMMAND          "pavise tuf-client"
#define EXIT_FAILED      1
#define EXIT_USAGE       2
#define GET_TIMEOUT_MS   40000 /* longer than PV_HTTP_SLOW_SECONDS, whose sentence says more */
#define GET_BYTES_PER_MS 64 /* a server just not slow enough to give up on holds nobody for hours */
#define FILE_MODE        0644
#define DIRECTORY_MODE   0755

typedef struct {
	char *metadata_dir, *metadata_url, *target_dir, *target_base_url, *ca_file;
	char **target_names;
	PvHttp *http;
} Options;

static void options_clear(Options *options)
{
	g_free(options->metadata_dir);
	g_free(options->metadata_url);
	g_free(options->target_dir);
	g_free(options->target_base_url);
	g_free(options->ca_file);
	g_strfreev(options->target_names);
	if (options->http)
		pv_http_free(options->http);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Options, options_clear)

static GOptionEntry *entries_of(Options *options)
{
	const GOptionEntry entries[] = {
		{ "metadata-dir", 0, 0, G_OPTION_ARG_FILENAME, &options->metadata_dir,
		  "Where the trusted metadata is", "DIR" },
		{ "metadata-url", 0, 0, G_OPTION_ARG_STRING, &options->metadata_url,
		  "Where the repository's metadata is", "URL" },
		/* Bytes as they come: a name is not of the locale's making. */
		{ "target-name", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->target_names,
		  "A target to download; may be repeated", "PATH" },
		{ "target-dir", 0, 0, G_OPTION_ARG_FILENAME, &options->target_dir,
		  "Where targets are put", "DIR" },
		{ "target-base-url", 0, 0, G_OPTION_ARG_STRING, &options->target_base_url,
		  "Where the repository's targets are", "URL" },
		{ "tlscacert", 0, 0, G_OPTION_ARG_FILENAME, &options->ca_file,
		  "Authority of the repository's certificate, PEM", "FILE" },
		{ NULL },
	};

	return g_memdup2(entries, sizeof entries);
}

/* --- metadata --------------------------------------------------------------------------------- */

static gboolean check_status(const PvHttpResponse *response, GError **error)
{
	if (response->status == 200)
		return TRUE;
	/* Object stores answer 403 for what is not there. */
	if (response->status == 404 || response->status == 403)
		return pv_fail(error, PV_ERROR_NOT_FOUND, "%s: not found (status %d)",
			       response->url, response->status);
	return pv_fail(error, PV_ERROR_SERVER, "%s: answered with status %d", response->url,
		       response->status);
}

static gboolean get(PvHttp *http, PvHttpRequest *request, PvHttpResponse *ret_response,
		    GError **error)
{
	guint64 extra_ms = request->max_bytes / GET_BYTES_PER_MS;

	request->timeout_ms = (guint)MIN(GET_TIMEOUT_MS + extra_ms, (guint64)G_MAXINT32);
	return pv_http_send(http, request, ret_response, error) &&
	       check_status(ret_response, error);
}

static GBytes *fetch(void *remote, const char *name, gsize max_bytes, GError **error)
{
	const Options *options = remote;
	const char *slash = g_str_has_suffix(options->metadata_url, "/") ? "" : "/";
	g_autofree char *url = g_strconcat(options->metadata_url, slash, name, NULL);
	PvHttpRequest request = { .url = url, .max_bytes = max_bytes };
	g_auto(PvHttpResponse) response = { 0 };

	return get(options->http, &request, &response, error) ? g_bytes_ref(response.body) : NULL;
}

/* Opens the directory of metadata and brings it up to date. */
static PvTuf1Client *refreshed_client(Options *options, GError **error)
{
	PvHttpOptions http_options = { .ca_file = options->ca_file,
				       .user_agent = "pavise/" PV_VERSION };
	PvTuf1Remote remote = { fetch, options };
	g_autoptr(PvTuf1Client) client =
		pv_tuf1_client_new(options->metadata_dir, pv_time_now(), &remote, error);

	if (!client)
		return NULL;
	options->http = pv_http_new(&http_options, error);
	if (!options->http || !pv_tuf1_client_refresh(client, error))
		return NULL;
	return g_steal_pointer(&client);
}

/* --- targets ---------------------------------------------------------------------------------- */

/* A target on its way into a hidden file beside its place. */
typedef struct {
	PvTuf1TargetCheck *check;
	int fd;
} Download;

static gboolean take_piece(void *user_data, const guint8 *data, gsize size, GError **error)
{
	Download *download = user_data;

	return pv_tuf1_target_check_feed(download->check, data, size, error) &&
	       pv_file_write_all(download->fd, data, size, error);
}

static gboolean fetch_target(const Options *options, const char *url, const PvFileMeta *meta,
			     int fd, GError **error)
{
	g_autoptr(PvTuf1TargetCheck) check = pv_tuf1_target_check_new(meta, error);
	Download download = { check, fd };
	PvHttpRequest request = {
		.url = url, .max_bytes = meta->length, .sink = take_piece, .user_data = &download
	};
	g_auto(PvHttpResponse) response = { 0 };

	return check && get(options->http, &request, &response, error) &&
	       pv_tuf1_target_check_finish(check, error);
}

/* Puts @url's content at @path, whole and checked, or leaves @path as it is. */
static gboolean download_to(const Options *options, const char *url, const PvFileMeta *meta,
			    const char *path, GError **error)
{
	g_autofree char *part = g_build_filename(options->target_dir, ".part-XXXXXX", NULL);
	int fd = mkostemp(part, O_CLOEXEC);
	gboolean done;

	if (fd < 0)
		return pv_fail_errno(error, errno, "%s: cannot write", options->target_dir);
	done = fetch_target(options, url, meta, fd, error);
	if (done && (fchmod(fd, FILE_MODE) < 0 || fsync(fd) < 0))
		done = pv_fail_errno(error, errno, "%s: cannot write", path);
	if (close(fd) < 0 && done)
		done = pv_fail_errno(error, errno, "%s: cannot write", path);
	if (done && rename(part, path) < 0)
		done = pv_fail_errno(error, errno, "%s: cannot replace", path);
	if (!done)
		unlink(part);
	return done;
}

static gboolean download_target(const Options *options, PvTuf1Client *client, const char *name,
				GError **error)
{
	const PvFileMeta *meta = pv_tuf1_client_find(client, name, error);
	g_autofree char *file = pv_tuf1_file_name(name, "");
	g_autofree char *path = g_build_filename(options->target_dir, file, NULL);
	g_autofree char *hash = NULL, *url = NULL;

	if (!meta)
		return FALSE;
	if (pv_tuf1_target_is_current(path, meta))
		return TRUE;
	if (pv_tuf1_client_root(client)->consistent_snapshot)
		hash = pv_digest_hex(meta->sha256.size > 0 ? &meta->sha256 : &meta->sha512);
	url = pv_tuf1_target_url(options->target_base_url, name, hash);
	return download_to(options, url, meta, path, error) ||
	       pv_fail_wrap(error, "target '%.200s'", name);
}

/* --- the verbs -------------------------------------------------------------------------------- */

static gboolean run_init(Options *options, const char *root_path, GError **error)
{
	g_autoptr(GBytes) root = pv_file_read(root_path, PV_TUF1_ROOT_BYTES_MAX, error);

	return root && pv_tuf1_client_init(options->metadata_dir, root, error);
}

static gboolean run_refresh(Options *options, const char *nothing, GError **error)
{
	g_autoptr(PvTuf1Client) client = refreshed_client(options, error);

	return client != NULL;
}

static gboolean run_download(Options *options, const char *nothing, GError **error)
{
	g_autoptr(PvTuf1Client) client = refreshed_client(options, error);

	if (!client || !pv_file_make_directory(options->target_dir, DIRECTORY_MODE, error))
		return FALSE;
	for (guint i = 0; options->target_names[i]; i++) {
		if (!download_target(options, client, options->target_names[i], error))
			return FALSE;
	}
	return TRUE;
}

typedef struct {
	const char *name;
	int arguments; /* after the verb */
	gboolean needs_url, needs_target;
	gboolean (*run)(Options *options, const char *argument, GError **error);
} Verb;

static const Verb verbs[] = {
	{ "init", 1, FALSE, FALSE, run_init },
	{ "refresh", 0, TRUE, FALSE, run_refresh },
	{ "download", 0, TRUE, TRUE, run_download },
};

static const Verb *check_usage(const Options *options, int argc, char **argv, GError **error)
{
	const Verb *verb = NULL;

	for (gsize i = 0; argc > 1 && i < G_N_ELEMENTS(verbs); i++) {
		if (strcmp(argv[1], verbs[i].name) == 0)
			verb = &verbs[i];
	}
	if (!verb || argc != 2 + verb->arguments)
		return pv_fail_null(error, PV_ERROR_USAGE,
				    "expected init ROOT, refresh or download");
	if (!options->metadata_dir)
		return pv_fail_null(error, PV_ERROR_USAGE, "%s needs --metadata-dir", verb->name);
	if (verb->needs_url && !options->metadata_url)
		return pv_fail_null(error, PV_ERROR_USAGE, "%s needs --metadata-url", verb->name);
	if (verb->needs_target &&
	    (!options->target_names || !options->target_dir || !options->target_base_url))
		return pv_fail_null(error, PV_ERROR_USAGE,
				    "%s needs --target-name, --target-dir and --target-base-url",
				    verb->name);
	for (char **name = options->target_names; name && *name; name++) {
		if (!g_utf8_validate(*name, -1, NULL))
			return pv_fail_null(error, PV_ERROR_USAGE,
					    "a --target-name is not valid UTF-8");
	}
	return verb;
}

static int run(int argc, char **argv)
{
	g_auto(Options) options = { 0 };
	g_autofree GOptionEntry *entries = entries_of(&options);
	const GOptionEntry *const groups[] = { entries, NULL };
	g_autoptr(GError) error = NULL;
	const Verb *verb;

	if (!pv_options_parse(COMMAND, "init ROOT | refresh | download",
			      "Follows a TUF 1.0 repository: init trusts a root, refresh brings "
			      "the metadata up to date, download also gets targets.",
			      groups, &argc, &argv, &error) ||
	    !(verb = check_usage(&options, argc, argv, &error))) {
		pv_terminal_fail(COMMAND, error);
		return EXIT_USAGE;
	}
	if (verb->run(&options, argv[2], &error))
		return 0;
	pv_terminal_fail(COMMAND, error);
	return EXIT_FAILED;
}

int main(int argc, char **argv)
{
	static const PvSubcommand commands[] = { { "tuf-client", run } };

	return pv_options_dispatch(commands, G_N_ELEMENTS(commands), argc, argv);
}
