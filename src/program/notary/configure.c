/* SPDX-License-Identifier: Apache-2.0 */

/* notary's config.json (trust.md 3, 3.3), and what its flags and variables put over it. */

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/limits.h"
#include "program/notary/notary.h"
#include "trust/pins_config.h"

#define DEFAULT_SERVER "https://notary-server:4443"

static void settle(char **value, const char *variable, const char *configured, const char *base)
{
	const char *given = g_getenv(variable);

	if (*value)
		return;
	if (given && *given)
		*value = g_strdup(given);
	else if (configured && *configured)
		*value = base ? pv_pins_file(configured, base) : g_strdup(configured);
}

static json_t *read_config(const PvNotary *notary, char **ret_base, GError **error)
{
	g_autofree char *usual = g_build_filename(g_get_home_dir(), ".notary", "config.json", NULL);
	const char *path = notary->config ? notary->config : usual;
	g_autoptr(GError) failure = NULL;
	g_autoptr(GBytes) bytes = pv_file_read(path, PV_CLIENT_CONFIG_BYTES_MAX, &failure);

	*ret_base = g_path_get_dirname(path);
	if (!bytes && !notary->config && g_error_matches(failure, PV_ERROR, PV_ERROR_NOT_FOUND))
		return json_object();
	if (!bytes)
		return pv_fail_null(error, PV_ERROR_USAGE, "error opening config file: %s",
				    failure->message);
	return pv_json_load(bytes, PV_CLIENT_CONFIG_BYTES_MAX, path, error);
}

gboolean pv_notary_configure(PvNotary *notary, GError **error)
{
	g_autofree char *base = NULL;
	g_autoptr(json_t) config = read_config(notary, &base, error);
	const json_t *remote;

	if (!config)
		return FALSE;
	if (!json_is_object(config))
		return pv_fail(error, PV_ERROR_SYNTAX, "error opening config file: no JSON object");
	remote = json_object_get(config, "remote_server");
	settle(&notary->server, "NOTARY_REMOTE_SERVER_URL", pv_json_string(remote, "url"), NULL);
	settle(&notary->ca_file, "NOTARY_REMOTE_SERVER_ROOT_CA", pv_json_string(remote, "root_ca"),
	       base);
	settle(&notary->certificate_file, "NOTARY_REMOTE_SERVER_TLS_CLIENT_CERT",
	       pv_json_string(remote, "tls_client_cert"), base);
	settle(&notary->key_file, "NOTARY_REMOTE_SERVER_TLS_CLIENT_KEY",
	       pv_json_string(remote, "tls_client_key"), base);
	settle(&notary->trust_dir, "NOTARY_TRUST_DIR", pv_json_string(config, "trust_dir"), base);
	if (!notary->server)
		notary->server = g_strdup(DEFAULT_SERVER);
	notary->directory = pv_pins_file(notary->trust_dir ? notary->trust_dir : "~/.notary", NULL);
	notary->pins = pv_pins_read(json_object_get(config, "trust_pinning"), base, error);
	return notary->pins != NULL;
}

PvRepository *pv_notary_open(PvNotary *notary, GError **error)
{
	const PvRepositoryOptions options = { .gun = pv_notary_argument(notary, 0),
					      .server = notary->server,
					      .ca_file = notary->ca_file,
					      .certificate_file = notary->certificate_file,
					      .key_file = notary->key_file,
					      .directory = notary->directory,
					      .pinning = notary->pins,
					      .tofu = TRUE };

	return pv_repository_open(&options, error);
}

void pv_notary_rephrase(const PvNotary *notary, GError **error)
{
	const char *host = strstr(notary->server, "://");

	host = host ? host + strlen("://") : notary->server;
	if (!error || !*error)
		return;
	if (g_error_matches(*error, PV_ERROR, PV_ERROR_UNREACHABLE)) {
		fprintf(stderr, "notary: %s\n", (*error)->message);
		g_clear_error(error);
		pv_fail(error, PV_ERROR_UNREACHABLE, "client is offline");
	} else if (g_error_matches(*error, PV_ERROR, PV_ERROR_NOT_SIGNED)) {
		g_clear_error(error);
		pv_fail(error, PV_ERROR_NOT_SIGNED, "%.*s does not have trust data for %s",
			(int)strcspn(host, "/"), host, pv_notary_argument(notary, 0));
	}
}

const PvTufState *pv_notary_read(PvNotary *notary, PvRepository *repository, const char *only,
				 GError **error)
{
	g_autofree char *warning = NULL;
	const PvTufState *state;

	state = notary->state = pv_repository_update_or_cached(repository, only, &warning, error);
	if (!state)
		pv_notary_rephrase(notary, error);
	if (warning)
		fprintf(stderr,
			"notary: warning: %s; using cached timestamp - this might not be the "
			"latest "
			"version available remotely\n",
			warning);
	for (guint i = 0; state && i < state->unusable->len; i++)
		fprintf(stderr, "notary: warning: passed over: %s\n",
			(const char *)state->unusable->pdata[i]);
	return state;
}

GBytes *pv_notary_read_file(const char *path, gsize max_bytes, GError **error)
{
	g_autoptr(GError) failure = NULL;
	GBytes *bytes = pv_file_read(path, max_bytes, &failure);

	if (g_error_matches(failure, PV_ERROR, PV_ERROR_NOT_FOUND))
		return pv_fail_null(error, PV_ERROR_NOT_FOUND, "open %s: no such file or directory",
				    path);
	if (failure)
		g_propagate_error(error, g_steal_pointer(&failure));
	return bytes;
}

gboolean pv_notary_confirm(void)
{
	char answer[64] = "";

	fflush(stdout);
	if (!fgets(answer, sizeof answer, stdin))
		return FALSE;
	g_strstrip(answer);
	return g_ascii_strcasecmp(answer, "y") == 0 || g_ascii_strcasecmp(answer, "yes") == 0;
}

void pv_notary_print_table(const char *const *cells, guint columns)
{
	g_autoptr(GArray) used = g_array_new(FALSE, FALSE, sizeof(glong));
	g_autofree glong *widths = g_new0(glong, columns);
	g_autoptr(GString) row = g_string_new(NULL);

	for (guint i = 0; cells[i]; i++) {
		glong width = g_utf8_strlen(cells[i], -1);

		g_array_append_val(used, width);
		widths[i % columns] = MAX(widths[i % columns], width);
	}
	for (guint i = 0; cells[i]; i++) {
		gsize blanks = (gsize)(widths[i % columns] - g_array_index(used, glong, i) + 4);

		g_string_append(row, cells[i]);
		if (i % columns < columns - 1) {
			g_string_set_size(row, row->len + blanks);
			memset(row->str + row->len - blanks, ' ', blanks);
			continue;
		}
		g_string_append_c(row, '\n');
		fwrite(row->str, 1, row->len, stdout);
		g_string_truncate(row, 0);
	}
}
