/* SPDX-License-Identifier: Apache-2.0 */

/*
 * notary-server's configuration file. What it says is done, or the start fails with what to do
 * instead; only what has no bearing on trust (reporting, the level of the log) is passed over, and
 * said.
 */

#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/limits.h"
#include "service/config.h"

static const char *const known[] = { "server", "trust_service", "logging",      "storage",
				     "auth",   "caching",       "repositories", "reporting" };

/* A member, whatever its case: Notary's reader does not tell apart. */
static const json_t *member(const json_t *object, const char *name)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)object, key, value) {
		if (g_ascii_strcasecmp(key, name) == 0)
			return value;
	}
	return NULL;
}

/* (transfer full): a text member; NULL if it is missing or empty. */
static char *text(const json_t *object, const char *name)
{
	const char *value = json_string_value(member(object, name));

	return value && *value ? g_strdup(value) : NULL;
}

static char *file(const json_t *object, const char *name, const char *path)
{
	return pv_file_beside(path, text(object, name));
}

static void notice(PvServiceConfig *config, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void notice(PvServiceConfig *config, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_ptr_array_add(config->notices, g_strdup_vprintf(format, args));
	va_end(args);
}

static gboolean take_server(PvServiceConfig *config, const json_t *server, const char *path,
			    GError **error)
{
	g_autofree char *address = text(server, "http_addr");

	if (!address)
		return pv_fail(error, PV_ERROR_USAGE, "%s: server.http_addr is missing", path);
	config->listen =
		*address == ':' ? g_strconcat("[::]", address, NULL) : g_steal_pointer(&address);
	config->tls.certificate = file(server, "tls_cert_file", path);
	config->tls.key = file(server, "tls_key_file", path);
	config->tls.client_ca = file(server, "client_ca_file", path);
	config->tls.is_off = !config->tls.certificate && !config->tls.key;
	if (!config->tls.certificate != !config->tls.key)
		return pv_fail(error, PV_ERROR_USAGE,
			       "%s: server.tls_cert_file and server.tls_key_file need each other",
			       path);
	if (config->tls.is_off && config->tls.client_ca)
		return pv_fail(error, PV_ERROR_USAGE,
			       "%s: server.client_ca_file needs a TLS certificate", path);
	return TRUE;
}

static gboolean take_trust_service(PvServiceConfig *config, const json_t *service, const char *path,
				   GError **error)
{
	g_autofree char *type = text(service, "type");
	g_autofree char *algorithm = text(service, "key_algorithm");

	if (g_strcmp0(type, "local") != 0)
		return pv_fail(
			error, PV_ERROR_UNSUPPORTED,
			"%s: trust_service.type \"%s\" keeps the timestamp and snapshot keys in "
			"notary-signer, and new keys in their place would break every client; "
			"take the keys over with `pavise migrate signer`, then start with "
			"service.yaml",
			path, type ? type : "");
	if (algorithm && strcmp(algorithm, "ecdsa") != 0)
		notice(config,
		       "trust_service.key_algorithm \"%s\": new keys are ecdsa, which every client "
		       "verifies",
		       algorithm);
	return TRUE;
}

static gboolean take_storage(PvServiceConfig *config, const json_t *storage, const char *path,
			     GError **error)
{
	g_autofree char *backend = text(storage, "backend");

	if (!backend || strcmp(backend, "memory") == 0) {
		notice(config, "storage.backend memory: kept on disk, in the data directory");
		return TRUE;
	}
	return pv_fail(error, PV_ERROR_UNSUPPORTED,
		       "%s: storage.backend \"%s\" is a database with Notary's tables, which this "
		       "program does not write; take the repositories over with `pavise migrate "
		       "notary-server`, then "
		       "start with service.yaml (store: sqlite, or a postgresql:// address)",
		       path, backend);
}

static gboolean take_auth(PvServiceConfig *config, const json_t *auth, const char *path,
			  GError **error)
{
	const json_t *options = member(auth, "options");

	config->auth.type = text(auth, "type");
	if (!config->auth.type)
		return TRUE;
	if (strcmp(config->auth.type, "token") != 0)
		return pv_fail(error, PV_ERROR_UNSUPPORTED,
			       "%s: auth.type \"%s\" is not known; expected token", path,
			       config->auth.type);
	config->auth.realm = text(options, "realm");
	config->auth.service = text(options, "service");
	config->auth.issuer = text(options, "issuer");
	config->auth.rootcertbundle = file(options, "rootcertbundle", path);
	return TRUE;
}

/* A number of seconds, written as a text or as a number. */
static gboolean take_age(const json_t *ages, const char *name, const char *path, guint *age,
			 GError **error)
{
	const json_t *value = member(ages, name);
	guint64 seconds;

	if (!value)
		return TRUE;
	if (json_is_integer(value) && json_integer_value(value) >= 0)
		seconds = (guint64)json_integer_value(value);
	else if (!json_is_string(value) ||
		 !g_ascii_string_to_unsigned(json_string_value(value), 10, 0, G_MAXINT64, &seconds,
					     NULL))
		seconds = G_MAXUINT64;
	if (seconds > PV_CACHE_AGE_SECONDS_MAX)
		return pv_fail(error, PV_ERROR_USAGE,
			       "%s: caching.max_age.%s: expected seconds, at most %d", path, name,
			       PV_CACHE_AGE_SECONDS_MAX);
	*age = (guint)seconds;
	return TRUE;
}

static gboolean take_prefixes(PvServiceConfig *config, const json_t *repositories, const char *path,
			      GError **error)
{
	const json_t *list = member(repositories, "gun_prefixes");
	gsize length = json_array_size(list);

	if (!list)
		return TRUE;
	if (!json_is_array(list) || length > PV_GUN_PREFIXES_MAX)
		return pv_fail(error, PV_ERROR_USAGE,
			       "%s: repositories.gun_prefixes: expected a list of at most %d names",
			       path, PV_GUN_PREFIXES_MAX);
	config->gun_prefixes = g_new0(char *, length);
	for (gsize i = 0; i < length; i++) {
		const char *prefix = json_string_value(json_array_get(list, i));

		if (!prefix)
			return pv_fail(error, PV_ERROR_USAGE,
				       "%s: repositories.gun_prefixes: expected names", path);
		config->gun_prefixes[config->gun_prefixes_count++] = g_strdup(prefix);
	}
	return TRUE;
}

static void note_unknown(PvServiceConfig *config, const json_t *root)
{
	const char *key;
	json_t *value;

	if (member(root, "logging"))
		notice(config, "logging: what fails is written to standard error, whatever the "
			       "level; requests are not logged");
	if (member(root, "reporting"))
		notice(config, "reporting: nothing is reported to anybody");
	json_object_foreach((json_t *)root, key, value) {
		gboolean is_known = FALSE;

		for (gsize i = 0; i < G_N_ELEMENTS(known); i++)
			is_known |= g_ascii_strcasecmp(key, known[i]) == 0;
		if (!is_known)
			notice(config, "%.64s: not known, passed over", key);
	}
}

PvServiceConfig *pv_service_config_parse_notary(GBytes *bytes, const char *path, GError **error)
{
	g_autoptr(PvServiceConfig) config = pv_service_config_default();
	g_autoptr(json_t) root = pv_json_load(bytes, PV_SERVICE_CONFIG_BYTES_MAX, path, error);
	const json_t *ages;

	if (!root)
		return NULL;
	if (!json_is_object(root))
		return pv_fail_null(error, PV_ERROR_SYNTAX, "%s: expected an object", path);
	config->notices = g_ptr_array_new_with_free_func(g_free);
	ages = member(member(root, "caching"), "max_age");
	if (!take_trust_service(config, member(root, "trust_service"), path, error) ||
	    !take_storage(config, member(root, "storage"), path, error) ||
	    !take_server(config, member(root, "server"), path, error) ||
	    !take_auth(config, member(root, "auth"), path, error) ||
	    !take_age(ages, "current_metadata", path, &config->caching.current_metadata, error) ||
	    !take_age(ages, "consistent_metadata", path, &config->caching.consistent_metadata,
		      error) ||
	    !take_prefixes(config, member(root, "repositories"), path, error))
		return NULL;
	note_unknown(config, root);
	return g_steal_pointer(&config);
}
