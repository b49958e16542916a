/* SPDX-License-Identifier: Apache-2.0 */

/* The command line of `pavise serve` and the file behind it (pavise-serve(1)). */

#include "program/daemon/options.h"

#include <string.h>

#include "base/address.h"
#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "program/daemon/signer_options.h"

#define DEFAULT_CONFIG "/etc/pavise/service.yaml"
#define DEFAULT_LISTEN "127.0.0.1:4443"
#define DEFAULT_DATA   "pavise-data"

typedef struct {
	char *config, *notary_config;
	char *listen, *data, *certificate, *key, *client_ca, *store;
	PvConfigSigner signer;
	gboolean insecure_open;
} Line;

static void line_clear(Line *line)
{
	g_free(line->config);
	g_free(line->notary_config);
	g_free(line->listen);
	g_free(line->data);
	g_free(line->certificate);
	g_free(line->key);
	g_free(line->client_ca);
	g_free(line->store);
	g_free(line->signer.address);
	g_free(line->signer.ca);
	g_free(line->signer.certificate);
	g_free(line->signer.key);
	g_free(line->signer.token);
	g_free(line->signer.pin_source);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Line, line_clear)

void pv_serve_options_clear(PvServeOptions *options)
{
	g_clear_pointer(&options->config, pv_service_config_free);
	g_clear_pointer(&options->host, g_free);
}

static gboolean parse_line(Line *line, int argc, char **argv, GError **error)
{
	const GOptionEntry entries[] = {
		{ "listen", 0, 0, G_OPTION_ARG_STRING, &line->listen,
		  "Where to answer (default 127.0.0.1:4443)", "HOST:PORT" },
		{ "data", 0, 0, G_OPTION_ARG_FILENAME, &line->data,
		  "Where everything is kept (default ./pavise-data)", "DIR" },
		{ "config", 0, 0, G_OPTION_ARG_FILENAME, &line->config,
		  "Configuration (default /etc/pavise/service.yaml, if there is one)", "FILE" },
		{ "notary-config", 0, 0, G_OPTION_ARG_FILENAME, &line->notary_config,
		  "The server-config.json of a notary-server, in its place", "FILE" },
		{ "tls-cert", 0, 0, G_OPTION_ARG_FILENAME, &line->certificate,
		  "The server's certificate chain, PEM", "FILE" },
		{ "tls-key", 0, 0, G_OPTION_ARG_FILENAME, &line->key, "Its key, PEM", "FILE" },
		{ "client-ca", 0, 0, G_OPTION_ARG_FILENAME, &line->client_ca,
		  "Answer only clients with a certificate signed by one of these, PEM", "FILE" },
		{ "store", 0, 0, G_OPTION_ARG_STRING, &line->store,
		  "Storage: sqlite (the default) or postgresql://USER@HOST/DATABASE", "STORE" },
		{ "insecure-open", 0, 0, G_OPTION_ARG_NONE, &line->insecure_open,
		  "Answer others than this machine although nobody has to log in", NULL },
		{ NULL },
	};
	g_autoptr(GOptionContext) context = g_option_context_new("");

	g_option_context_set_summary(context, "Run the trust service: Notary's HTTP API over TLS, "
					      "with keys in a process of their own.");
	g_option_context_add_main_entries(context, entries, NULL);
	pv_signer_options_add(&line->signer, context);
	if (!g_option_context_parse(context, &argc, &argv, error))
		return FALSE;
	if (argc > 1)
		return pv_fail(error, PV_ERROR_USAGE, "unexpected argument \"%s\"", argv[1]);
	if (!line->certificate != !line->key)
		return pv_fail(error, PV_ERROR_USAGE, "--tls-cert and --tls-key need each other");
	if (line->config && line->notary_config)
		return pv_fail(error, PV_ERROR_USAGE,
			       "--config and --notary-config exclude each other");
	return TRUE;
}

/* notary-server lets its environment overrule its file; what would be lost that way is refused. */
static gboolean check_environment(GError **error)
{
	g_auto(GStrv) names = g_listenv();

	for (char **name = names; *name; name++) {
		if (g_str_has_prefix(*name, "NOTARY_SERVER_"))
			return pv_fail(
				error, PV_ERROR_USAGE,
				"the environment has %s, which would overrule the file under "
				"notary-server and is not read here; write it into the file",
				*name);
	}
	return TRUE;
}

static PvServiceConfig *read_config(const Line *line, GError **error)
{
	const char *path = line->notary_config ? line->notary_config : line->config;
	g_autoptr(GBytes) text = NULL;

	if (!path && !g_file_test(DEFAULT_CONFIG, G_FILE_TEST_EXISTS))
		return pv_service_config_default();
	if (!path)
		path = DEFAULT_CONFIG;
	if (line->notary_config && !check_environment(error))
		return NULL;
	text = pv_file_read(path, PV_SERVICE_CONFIG_BYTES_MAX, error);
	if (!text)
		return NULL;
	return line->notary_config ? pv_service_config_parse_notary(text, path, error)
				   : pv_service_config_parse(text, path, error);
}

static void replace(char **value, char **with)
{
	if (!*with)
		return;
	g_free(*value);
	*value = g_steal_pointer(with);
}

static gboolean is_this_machine(const char *host)
{
	return strcmp(host, "localhost") == 0 || g_str_has_prefix(host, "127.") ||
	       strcmp(host, "::1") == 0;
}

static gboolean check_exposure(const PvServeOptions *options, GError **error)
{
	const PvServiceConfig *config = options->config;

	if (is_this_machine(options->host) || config->insecure_open || config->tls.client_ca ||
	    g_strcmp0(config->auth.type, "token") == 0)
		return TRUE;
	return pv_fail(error, PV_ERROR_USAGE,
		       "no authentication is configured, so anybody who reaches %s could publish; "
		       "listen on 127.0.0.1, configure auth or client certificates, or say "
		       "--insecure-open",
		       options->host);
}

gboolean pv_serve_options_parse(int argc, char **argv, PvServeOptions *ret_options, GError **error)
{
	g_auto(PvServeOptions) options = { 0 };
	g_auto(Line) line = { 0 };
	PvServiceConfig *config;

	if (!parse_line(&line, argc, argv, error))
		return FALSE;
	config = options.config = read_config(&line, error);
	if (!config)
		return FALSE;
	replace(&config->listen, &line.listen);
	replace(&config->data, &line.data);
	replace(&config->store, &line.store);
	pv_signer_options_merge(&config->signer, &line.signer);
	replace(&config->tls.client_ca, &line.client_ca);
	if (line.certificate)
		config->tls.is_off = FALSE;
	replace(&config->tls.certificate, &line.certificate);
	replace(&config->tls.key, &line.key);
	config->insecure_open |= line.insecure_open;
	if (config->tls.is_off && config->tls.client_ca)
		return pv_fail(error, PV_ERROR_USAGE, "client certificates need TLS");
	if (!config->listen)
		config->listen = g_strdup(DEFAULT_LISTEN);
	options.is_data_default = !config->data;
	if (!config->data)
		config->data = g_strdup(DEFAULT_DATA);
	if (!pv_address_split(config->listen, &options.host, &options.port, error))
		return pv_fail_wrap(error, "listen");
	if (!check_exposure(&options, error))
		return FALSE;
	*ret_options = options;
	options = (PvServeOptions){ 0 };
	return TRUE;
}
