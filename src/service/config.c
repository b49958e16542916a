/* SPDX-License-Identifier: Apache-2.0 */

/*
 * service.yaml, by libcyaml: the tables below are the whole schema. What no schema can say (numbers
 * too high, settings that need or exclude each other) is checked after it.
 */

#include "service/config.h"

#include <stdint.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/yaml.h"

#define TEXT_MAX 4096
#define UNSET    G_MAXUINT64

#define TEXT(key, structure, member)                                                             \
	CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, structure, member, \
			       1, TEXT_MAX)

static const cyaml_schema_field_t tls_fields[] = {
	TEXT("certificate", PvConfigTls, certificate),
	TEXT("key", PvConfigTls, key),
	TEXT("client_ca", PvConfigTls, client_ca),
	CYAML_FIELD_BOOL("off", CYAML_FLAG_OPTIONAL, PvConfigTls, is_off),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t auth_fields[] = {
	TEXT("type", PvConfigAuth, type),
	TEXT("realm", PvConfigAuth, realm),
	TEXT("service", PvConfigAuth, service),
	TEXT("issuer", PvConfigAuth, issuer),
	TEXT("rootcertbundle", PvConfigAuth, rootcertbundle),
	CYAML_FIELD_END,
};

/* libcyaml sets what is missing to zero; here zero means something, so these are pointers. */
typedef struct {
	guint64 *current_metadata, *consistent_metadata;
} RawCaching;

typedef struct {
	guint64 *connections, *statement_timeout_ms, *keep_versions, *keep_seconds, *gun_bytes,
		*guns, *changes, *changes_seconds;
} RawStorage;

#define POINTED(key, structure, member) \
	CYAML_FIELD_UINT_PTR(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, structure, member)

static const cyaml_schema_field_t caching_fields[] = {
	POINTED("current_metadata", RawCaching, current_metadata),
	POINTED("consistent_metadata", RawCaching, consistent_metadata),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t signer_fields[] = {
	TEXT("address", PvConfigSigner, address),
	TEXT("ca", PvConfigSigner, ca),
	TEXT("certificate", PvConfigSigner, certificate),
	TEXT("key", PvConfigSigner, key),
	TEXT("token", PvConfigSigner, token),
	TEXT("pin_source", PvConfigSigner, pin_source),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t storage_fields[] = {
	POINTED("connections", RawStorage, connections),
	POINTED("statement_timeout_ms", RawStorage, statement_timeout_ms),
	POINTED("keep_versions", RawStorage, keep_versions),
	POINTED("keep_seconds", RawStorage, keep_seconds),
	POINTED("gun_bytes", RawStorage, gun_bytes),
	POINTED("guns", RawStorage, guns),
	POINTED("changes", RawStorage, changes),
	POINTED("changes_seconds", RawStorage, changes_seconds),
	CYAML_FIELD_END,
};

typedef struct {
	char *listen, *data, *store, *user, *signer_user;
	gboolean insecure_open;
	PvConfigTls tls;
	PvConfigAuth auth;
	PvConfigSigner signer;
	RawCaching caching;
	RawStorage storage;
	char **gun_prefixes;
	guint gun_prefixes_count;
} Raw;

static const cyaml_schema_value_t prefix_value = {
	CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, TEXT_MAX),
};

static const cyaml_schema_field_t fields[] = {
	TEXT("listen", Raw, listen),
	TEXT("data", Raw, data),
	TEXT("store", Raw, store),
	TEXT("user", Raw, user),
	TEXT("signer_user", Raw, signer_user),
	CYAML_FIELD_BOOL("insecure_open", CYAML_FLAG_OPTIONAL, Raw, insecure_open),
	CYAML_FIELD_MAPPING("tls", CYAML_FLAG_OPTIONAL, Raw, tls, tls_fields),
	CYAML_FIELD_MAPPING("auth", CYAML_FLAG_OPTIONAL, Raw, auth, auth_fields),
	CYAML_FIELD_MAPPING("signer", CYAML_FLAG_OPTIONAL, Raw, signer, signer_fields),
	CYAML_FIELD_MAPPING("caching", CYAML_FLAG_OPTIONAL, Raw, caching, caching_fields),
	CYAML_FIELD_MAPPING("storage", CYAML_FLAG_OPTIONAL, Raw, storage, storage_fields),
	CYAML_FIELD_SEQUENCE("gun_prefixes", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, Raw,
			     gun_prefixes, &prefix_value, 0, PV_GUN_PREFIXES_MAX),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, Raw, fields),
};

void pv_service_config_free(PvServiceConfig *config)
{
	char **texts[] = { &config->listen,
			   &config->data,
			   &config->store,
			   &config->user,
			   &config->signer_user,
			   &config->tls.certificate,
			   &config->tls.key,
			   &config->tls.client_ca,
			   &config->auth.type,
			   &config->auth.realm,
			   &config->auth.service,
			   &config->auth.issuer,
			   &config->auth.rootcertbundle,
			   &config->signer.address,
			   &config->signer.ca,
			   &config->signer.certificate,
			   &config->signer.key,
			   &config->signer.token,
			   &config->signer.pin_source };

	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
		g_free(*texts[i]);
	for (guint i = 0; i < config->gun_prefixes_count; i++)
		g_free(config->gun_prefixes[i]);
	g_free(config->gun_prefixes);
	g_clear_pointer(&config->notices, g_ptr_array_unref);
	g_free(config);
}

PvServiceConfig *pv_service_config_default(void)
{
	PvServiceConfig *config = g_new0(PvServiceConfig, 1);

	config->caching = (PvConfigCaching){ 300, 2592000 };
	config->storage =
		(PvConfigStorage){ UNSET, UNSET, UNSET, UNSET, UNSET, UNSET, UNSET, UNSET };
	return config;
}

/* --- reading ------------------------------------------------------------------------------ */

static gboolean number_of(const guint64 *given, guint64 max, const char *key, const char *path,
			  guint64 *value, GError **error)
{
	if (given && *given > max)
		return pv_fail(error, PV_ERROR_USAGE,
			       "%s: %s is %" G_GUINT64_FORMAT ", at most %" G_GUINT64_FORMAT
			       " is possible",
			       path, key, *given, max);
	if (given)
		*value = *given;
	return TRUE;
}

static gboolean take_numbers(PvServiceConfig *config, const Raw *raw, const char *path,
			     GError **error)
{
	guint64 current = config->caching.current_metadata;
	guint64 consistent = config->caching.consistent_metadata;
	PvConfigStorage *to = &config->storage;
	const RawStorage *from = &raw->storage;
	const struct {
		const guint64 *given;
		guint64 max;
		const char *key;
		guint64 *value;
	} numbers[] = {
		{ raw->caching.current_metadata, PV_CACHE_AGE_SECONDS_MAX,
		  "caching.current_metadata", &current },
		{ raw->caching.consistent_metadata, PV_CACHE_AGE_SECONDS_MAX,
		  "caching.consistent_metadata", &consistent },
		{ from->connections, G_MAXINT32, "storage.connections", &to->connections },
		{ from->statement_timeout_ms, G_MAXINT32, "storage.statement_timeout_ms",
		  &to->statement_timeout_ms },
		{ from->keep_versions, G_MAXINT32, "storage.keep_versions", &to->keep_versions },
		{ from->keep_seconds, G_MAXINT32, "storage.keep_seconds", &to->keep_seconds },
		{ from->gun_bytes, G_MAXINT64, "storage.gun_bytes", &to->gun_bytes },
		{ from->guns, G_MAXINT64, "storage.guns", &to->guns },
		{ from->changes, G_MAXINT32, "storage.changes", &to->changes },
		{ from->changes_seconds, G_MAXINT32, "storage.changes_seconds",
		  &to->changes_seconds },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++) {
		if (!number_of(numbers[i].given, numbers[i].max, numbers[i].key, path,
			       numbers[i].value, error))
			return FALSE;
	}
	config->caching = (PvConfigCaching){ (guint)current, (guint)consistent };
	return TRUE;
}

/* Moves what libcyaml allocated: it allocates as we do. */
static void take_texts(PvServiceConfig *config, Raw *raw, const char *path)
{
	config->listen = g_steal_pointer(&raw->listen);
	config->data = pv_file_beside(path, g_steal_pointer(&raw->data));
	config->store = g_steal_pointer(&raw->store);
	config->user = g_steal_pointer(&raw->user);
	config->signer_user = g_steal_pointer(&raw->signer_user);
	config->insecure_open = raw->insecure_open;
	config->tls = raw->tls;
	config->tls.certificate = pv_file_beside(path, config->tls.certificate);
	config->tls.key = pv_file_beside(path, config->tls.key);
	config->tls.client_ca = pv_file_beside(path, config->tls.client_ca);
	config->auth = raw->auth;
	config->auth.rootcertbundle = pv_file_beside(path, config->auth.rootcertbundle);
	config->signer = raw->signer;
	config->signer.ca = pv_file_beside(path, config->signer.ca);
	config->signer.certificate = pv_file_beside(path, config->signer.certificate);
	config->signer.key = pv_file_beside(path, config->signer.key);
	config->signer.pin_source = pv_file_beside(path, config->signer.pin_source);
	config->gun_prefixes = g_steal_pointer(&raw->gun_prefixes);
	config->gun_prefixes_count = raw->gun_prefixes_count;
	raw->gun_prefixes_count = 0;
	memset(&raw->tls, 0, sizeof raw->tls);
	memset(&raw->auth, 0, sizeof raw->auth);
	memset(&raw->signer, 0, sizeof raw->signer);
}

static gboolean check(const PvServiceConfig *config, const char *path, GError **error)
{
	const char *type = config->auth.type;

	if (type && strcmp(type, "none") != 0 && strcmp(type, "token") != 0)
		return pv_fail(error, PV_ERROR_USAGE,
			       "%s: auth.type \"%s\": expected token or none", path, type);
	if (!config->tls.certificate != !config->tls.key)
		return pv_fail(error, PV_ERROR_USAGE,
			       "%s: tls.certificate and tls.key need each other", path);
	if (config->tls.is_off && (config->tls.certificate || config->tls.client_ca))
		return pv_fail(error, PV_ERROR_USAGE,
			       "%s: tls.off says no to the certificates beside it", path);
	if (config->signer.address && config->signer.token)
		return pv_fail(error, PV_ERROR_USAGE,
			       "%s: signer.token is for a signer that is started here; one at an "
			       "address is told its token by its own option --token",
			       path);
	if (config->signer.pin_source && !config->signer.token)
		return pv_fail(error, PV_ERROR_USAGE, "%s: signer.pin_source needs signer.token",
			       path);
	if (!config->user != !config->signer_user)
		return pv_fail(error, PV_ERROR_USAGE,
			       "%s: user and signer_user need each other: the signer's keys are "
			       "safe from the service only under a user of its own",
			       path);
	return TRUE;
}

PvServiceConfig *pv_service_config_parse(GBytes *text, const char *path, GError **error)
{
	g_autoptr(PvServiceConfig) config = pv_service_config_default();
	void *raw;
	gboolean good;

	if (!pv_yaml_load(text, PV_SERVICE_CONFIG_BYTES_MAX, path, &schema, &raw, error))
		return NULL;
	if (!raw)
		return g_steal_pointer(&config);
	good = take_numbers(config, raw, path, error);
	if (good)
		take_texts(config, raw, path);
	pv_yaml_free(&schema, raw);
	return good && check(config, path, error) ? g_steal_pointer(&config) : NULL;
}

PvStoreOptions pv_service_config_store_options(const PvServiceConfig *config)
{
	const PvConfigStorage *from = &config->storage;
	PvStoreOptions options;

	pv_store_options_default(&options);
	if (from->connections != UNSET)
		options.connections = (guint)from->connections;
	if (from->statement_timeout_ms != UNSET)
		options.statement_timeout_ms = (guint)from->statement_timeout_ms;
	if (from->keep_versions != UNSET)
		options.keep_versions = (guint)from->keep_versions;
	if (from->keep_seconds != UNSET)
		options.keep_seconds = (gint64)from->keep_seconds;
	if (from->gun_bytes != UNSET)
		options.gun_bytes_max = from->gun_bytes;
	if (from->guns != UNSET)
		options.guns_max = from->guns;
	if (from->changes != UNSET)
		options.changes_max = (guint)from->changes;
	if (from->changes_seconds != UNSET)
		options.changes_window_s = (gint64)from->changes_seconds;
	return options;
}
