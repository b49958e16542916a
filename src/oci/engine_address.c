/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Which engine docker would speak to: its flags, its environment, its contexts
 * ($DOCKER_CONFIG/contexts/meta/<sha256 of the name>/meta.json).
 */

#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/limits.h"
#include "oci/engine.h"

#define DEFAULT_HOST    "unix:///var/run/docker.sock"
#define DEFAULT_CONTEXT "default"

void pv_engine_address_clear(PvEngineAddress *address)
{
	g_clear_pointer(&address->url, g_free);
	g_clear_pointer(&address->socket, g_free);
	g_clear_pointer(&address->ca_file, g_free);
	g_clear_pointer(&address->certificate_file, g_free);
	g_clear_pointer(&address->key_file, g_free);
}

static const char *environment(const char *name)
{
	const char *value = g_getenv(name);

	return value && *value ? value : NULL;
}

char *pv_engine_read_context(GBytes *meta, GError **error)
{
	g_autoptr(json_t) root = pv_json_load(meta, PV_DOCKER_CONFIG_BYTES_MAX, "meta.json", error);
	const char *host;

	if (!root)
		return NULL;
	host = pv_json_string(json_object_get(json_object_get(root, "Endpoints"), "docker"),
			      "Host");
	if (!host || !*host)
		return pv_fail_null(error, PV_ERROR_SYNTAX,
				    "meta.json: no host of a docker engine");
	return g_strdup(host);
}

static char *context_path(const char *kind, const char *name)
{
	g_autofree char *id = g_compute_checksum_for_string(G_CHECKSUM_SHA256, name, -1);
	g_autofree char *directory = pv_docker_directory();

	return g_build_filename(directory, "contexts", kind, id, NULL);
}

static void take_file(char **file, const char *directory, const char *name)
{
	g_autofree char *path = g_build_filename(directory, name, NULL);

	if (!*file && g_file_test(path, G_FILE_TEST_EXISTS))
		*file = g_steal_pointer(&path);
}

static void take_tls_files(PvEngineAddress *address, const char *directory)
{
	take_file(&address->ca_file, directory, "ca.pem");
	take_file(&address->certificate_file, directory, "cert.pem");
	take_file(&address->key_file, directory, "key.pem");
}

/* The host of a named context; NULL without an error for the default one. */
static char *context_host(const char *name, PvEngineAddress *address, GError **error)
{
	g_autofree char *meta = context_path("meta", name);
	g_autofree char *file = g_build_filename(meta, "meta.json", NULL);
	g_autofree char *kind = context_path("tls", name);
	g_autofree char *tls = g_build_filename(kind, "docker", NULL);
	g_autoptr(GBytes) bytes = pv_file_read(file, PV_DOCKER_CONFIG_BYTES_MAX, error);
	char *host;

	if (!bytes) {
		pv_fail_wrap(error, "docker context \"%.128s\"", name);
		return NULL;
	}
	host = pv_engine_read_context(bytes, error);
	if (host)
		take_tls_files(address, tls);
	return host;
}

/* (transfer full) (nullable): currentContext of config.json. */
static char *current_context(void)
{
	g_autofree char *directory = pv_docker_directory();
	g_autofree char *path = g_build_filename(directory, "config.json", NULL);
	g_autoptr(GBytes) bytes = pv_file_read(path, PV_DOCKER_CONFIG_BYTES_MAX, NULL);
	g_autoptr(json_t) root = NULL;

	if (bytes)
		root = pv_json_load(bytes, PV_DOCKER_CONFIG_BYTES_MAX, "config.json", NULL);
	return g_strdup(pv_json_string(root, "currentContext"));
}

static char *find_host(const PvEngineChoice *choice, PvEngineAddress *address, GError **error)
{
	g_autofree char *context = NULL;

	if (choice->host)
		return g_strdup(choice->host);
	if (choice->context)
		context = g_strdup(choice->context);
	else if (environment("DOCKER_HOST"))
		return g_strdup(environment("DOCKER_HOST"));
	else if (environment("DOCKER_CONTEXT"))
		context = g_strdup(environment("DOCKER_CONTEXT"));
	else
		context = current_context();
	if (!context || !*context || strcmp(context, DEFAULT_CONTEXT) == 0)
		return g_strdup(environment("DOCKER_HOST") ? environment("DOCKER_HOST")
							   : DEFAULT_HOST);
	return context_host(context, address, error);
}

/* tcp:// is https if anything says TLS; plain http is only spoken with this machine. */
static void set_network(const PvEngineChoice *choice, const char *authority,
			PvEngineAddress *address)
{
	gboolean tls = choice->tls || environment("DOCKER_TLS_VERIFY") || address->ca_file ||
		       address->certificate_file;
	g_autofree char *docker = pv_docker_directory();
	const char *directory =
		environment("DOCKER_CERT_PATH") ? environment("DOCKER_CERT_PATH") : docker;

	if (tls)
		take_tls_files(address, directory);
	address->url = g_strconcat(tls ? "https://" : "http://", authority, NULL);
	if (g_str_has_suffix(address->url, "/"))
		address->url[strlen(address->url) - 1] = '\0';
}

gboolean pv_engine_find(const PvEngineChoice *choice, PvEngineAddress *ret_address, GError **error)
{
	g_auto(PvEngineAddress) address = { .ca_file = g_strdup(choice->ca_file),
					    .certificate_file = g_strdup(choice->certificate_file),
					    .key_file = g_strdup(choice->key_file) };
	g_autofree char *host = find_host(choice, &address, error);

	if (!host)
		return FALSE;
	if (g_str_has_prefix(host, "unix://") && host[strlen("unix://")] == '/') {
		address.socket = g_strdup(host + strlen("unix://"));
		address.url = g_strdup("http://localhost");
	} else if (g_str_has_prefix(host, "tcp://")) {
		set_network(choice, host + strlen("tcp://"), &address);
	} else {
		return pv_fail(error, PV_ERROR_UNSUPPORTED,
			       "engine \"%.256s\": expected unix:///PATH or tcp://HOST:PORT; "
			       "forward its socket to this machine",
			       host);
	}
	*ret_address = address;
	memset(&address, 0, sizeof(address));
	return TRUE;
}
