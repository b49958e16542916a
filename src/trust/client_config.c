/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The client's config.yaml, by libcyaml: the tables below are the whole schema, what is not in them
 * is refused.
 */

#include "trust/client_config.h"

#include <stdbool.h>

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/yaml.h"
#include "trust/pins_config.h"

#define TEXT_MAX 4096

#define TEXT(key, flags, structure, member) \
	CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER | (flags), structure, member, 1, TEXT_MAX)

typedef struct {
	char *ca, *certificate, *key;
} RawTls;

typedef struct {
	char *gun;
	char **keys;
	unsigned keys_count;
} RawCerts;

typedef struct {
	char *gun, *file;
} RawCa;

typedef struct {
	RawCerts *certs;
	RawCa *ca;
	unsigned certs_count, ca_count;
	bool disable_tofu;
} RawPins;

typedef struct {
	char *server, *trust_dir;
	RawTls tls;
	RawPins trust_pinning;
} Raw;

static const cyaml_schema_value_t key_value = {
	CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, TEXT_MAX),
};

static const cyaml_schema_field_t tls_fields[] = {
	TEXT("ca", CYAML_FLAG_OPTIONAL, RawTls, ca),
	TEXT("certificate", CYAML_FLAG_OPTIONAL, RawTls, certificate),
	TEXT("key", CYAML_FLAG_OPTIONAL, RawTls, key),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t certs_fields[] = {
	TEXT("gun", CYAML_FLAG_DEFAULT, RawCerts, gun),
	CYAML_FIELD_SEQUENCE("keys", CYAML_FLAG_POINTER, RawCerts, keys, &key_value, 1,
			     PV_PINS_MAX),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t certs_value = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, RawCerts, certs_fields),
};

static const cyaml_schema_field_t ca_fields[] = {
	TEXT("gun", CYAML_FLAG_DEFAULT, RawCa, gun),
	TEXT("file", CYAML_FLAG_DEFAULT, RawCa, file),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t ca_value = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, RawCa, ca_fields),
};

static const cyaml_schema_field_t pins_fields[] = {
	CYAML_FIELD_SEQUENCE("certs", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, RawPins, certs,
			     &certs_value, 0, PV_PINS_MAX),
	CYAML_FIELD_SEQUENCE("ca", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, RawPins, ca, &ca_value,
			     0, PV_PINS_MAX),
	CYAML_FIELD_BOOL("disable_tofu", CYAML_FLAG_OPTIONAL, RawPins, disable_tofu),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t fields[] = {
	TEXT("server", CYAML_FLAG_OPTIONAL, Raw, server),
	TEXT("trust_dir", CYAML_FLAG_OPTIONAL, Raw, trust_dir),
	CYAML_FIELD_MAPPING("tls", CYAML_FLAG_OPTIONAL, Raw, tls, tls_fields),
	CYAML_FIELD_MAPPING("trust_pinning", CYAML_FLAG_OPTIONAL, Raw, trust_pinning, pins_fields),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, Raw, fields),
};

static PvClientConfig *config_new(void)
{
	PvClientConfig *config = g_new0(PvClientConfig, 1);

	config->pins = pv_pins_new();
	return config;
}

void pv_client_config_free(PvClientConfig *config)
{
	if (!config)
		return;
	g_free(config->server);
	g_free(config->trust_dir);
	g_free(config->ca_file);
	g_free(config->certificate_file);
	g_free(config->key_file);
	pv_pins_free(config->pins);
	g_free(config);
}

static char *file_beside(const char *file, const char *base)
{
	return file ? pv_pins_file(file, base) : NULL;
}

static void take_pins(PvPins *pins, const RawPins *raw, const char *base)
{
	pins->disable_tofu = raw->disable_tofu;
	for (guint i = 0; i < raw->certs_count; i++) {
		GPtrArray *ids = g_ptr_array_new_with_free_func(g_free);

		for (guint k = 0; k < raw->certs[i].keys_count; k++)
			g_ptr_array_add(ids, g_strdup(raw->certs[i].keys[k]));
		g_hash_table_insert(pins->certs, g_strdup(raw->certs[i].gun), ids);
	}
	for (guint i = 0; i < raw->ca_count; i++)
		g_hash_table_insert(pins->ca, g_strdup(raw->ca[i].gun),
				    file_beside(raw->ca[i].file, base));
}

static PvClientConfig *config_of(const Raw *raw, const char *path)
{
	g_autofree char *base = g_path_get_dirname(path);
	PvClientConfig *config = config_new();

	config->server = g_strdup(raw->server);
	config->trust_dir = file_beside(raw->trust_dir, base);
	config->ca_file = file_beside(raw->tls.ca, base);
	config->certificate_file = file_beside(raw->tls.certificate, base);
	config->key_file = file_beside(raw->tls.key, base);
	take_pins(config->pins, &raw->trust_pinning, base);
	return config;
}

PvClientConfig *pv_client_config_parse(GBytes *text, const char *path, GError **error)
{
	PvClientConfig *config;
	void *raw;

	if (!pv_yaml_load(text, PV_CLIENT_CONFIG_BYTES_MAX, path, &schema, &raw, error))
		return NULL;
	config = raw ? config_of(raw, path) : config_new();
	pv_yaml_free(&schema, raw);
	return config;
}

PvClientConfig *pv_client_config_load(GError **error)
{
	g_autofree char *path =
		g_build_filename(g_get_user_config_dir(), "pavise", "config.yaml", NULL);
	g_autoptr(GError) failure = NULL;
	g_autoptr(GBytes) text = pv_file_read(path, PV_CLIENT_CONFIG_BYTES_MAX, &failure);

	if (text)
		return pv_client_config_parse(text, path, error);
	if (g_error_matches(failure, PV_ERROR, PV_ERROR_NOT_FOUND))
		return config_new();
	g_propagate_error(error, g_steal_pointer(&failure));
	return NULL;
}
