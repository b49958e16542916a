/* SPDX-License-Identifier: Apache-2.0 */

/* Options and answers that sign, verify and inspect share (design.md section 6). */

#include "program/cli/trust_options.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "program/cli/artifact.h"

GOptionEntry *pv_trust_options_entries(PvTrustOptions *options)
{
	const GOptionEntry entries[] = {
		{ "server", 's', 0, G_OPTION_ARG_STRING, &options->server,
		  "Trust server (default: $DOCKER_CONTENT_TRUST_SERVER, else the registry's host)",
		  "URL" },
		{ "tlscacert", 0, 0, G_OPTION_ARG_FILENAME, &options->ca_file,
		  "Authority of the server's certificate, PEM", "FILE" },
		{ "tlscert", 0, 0, G_OPTION_ARG_FILENAME, &options->certificate_file,
		  "Our certificate, for a server that asks, PEM", "FILE" },
		{ "tlskey", 0, 0, G_OPTION_ARG_FILENAME, &options->key_file, "Its key, PEM",
		  "FILE" },
		{ "trust-dir", 'd', 0, G_OPTION_ARG_FILENAME, &options->trust_dir,
		  "Keys and trust data (default ~/.docker/trust)", "DIR" },
		{ "pin", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options->pins,
		  "Trust this root key (id) if the repository is not known yet", "KEY" },
		{ "tofu", 0, 0, G_OPTION_ARG_NONE, &options->tofu,
		  "Trust the root at first sight if the repository is not known yet", NULL },
		{ "offline", 0, 0, G_OPTION_ARG_NONE, &options->offline,
		  "Ask nobody: only what was verified before", NULL },
		{ "max-age", 0, 0, G_OPTION_ARG_STRING, &options->max_age,
		  "Use what was verified so recently: 90s, 30m, 1h, 2d", "AGE" },
		{ "attestation-roots", 0, 0, G_OPTION_ARG_FILENAME, &options->attestation_roots,
		  "Whom to believe about keys in devices: a directory of PEM files", "DIR" },
		{ "json", 0, 0, G_OPTION_ARG_NONE, &options->json, "Print JSON", NULL },
		{ NULL },
	};

	return g_memdup2(entries, sizeof entries);
}

GOptionEntry *pv_trust_options_token_entries(PvTrustOptions *options)
{
	const GOptionEntry entries[] = {
		{ "pin-source", 0, 0, G_OPTION_ARG_FILENAME, &options->pin_source,
		  "Its first line is the PIN of the token with the key", "FILE|fd:N" },
		{ "management-key-source", 0, 0, G_OPTION_ARG_FILENAME, &options->management_source,
		  "Its first line is the token's management key or security officer's PIN",
		  "FILE|fd:N" },
		{ NULL },
	};

	return g_memdup2(entries, sizeof entries);
}

static gboolean parse_age(const char *text, gint64 *ret_seconds, GError **error)
{
	static const struct {
		const char *unit;
		gint64 seconds;
	} units[] = { { "s", 1 }, { "m", 60 }, { "h", 3600 }, { "d", 86400 } };
	g_autofree char *digits = NULL;
	guint64 value;
	gsize length;

	*ret_seconds = 0;
	if (!text)
		return TRUE;
	length = strlen(text);
	for (gsize i = 0; i < G_N_ELEMENTS(units); i++) {
		if (length < 2 || !g_str_has_suffix(text, units[i].unit))
			continue;
		digits = g_strndup(text, length - 1);
		if (!g_ascii_string_to_unsigned(digits, 10, 1, 1000000, &value, NULL))
			break;
		*ret_seconds = (gint64)value * units[i].seconds;
		return TRUE;
	}
	return pv_fail(error, PV_ERROR_USAGE, "--max-age \"%s\": expected such as 90s, 30m, 1h, 2d",
		       text);
}

static void settle(char **option, const char *configured)
{
	if (!*option)
		*option = g_strdup(configured);
}

gboolean pv_trust_options_configure(PvTrustOptions *options, GError **error)
{
	const char *named = g_getenv("DOCKER_CONTENT_TRUST_SERVER");

	if (options->config)
		return TRUE;
	if (options->passphrases)
		pv_passphrases_set_sources(options->passphrases, options->pin_source,
					   options->management_source);
	options->config = pv_client_config_load(error);
	if (!options->config)
		return FALSE;
	if (!named || !*named)
		settle(&options->server, options->config->server);
	settle(&options->ca_file, options->config->ca_file);
	settle(&options->certificate_file, options->config->certificate_file);
	settle(&options->key_file, options->config->key_file);
	settle(&options->trust_dir, options->config->trust_dir);
	options->directory = pv_trust_directory(options->trust_dir);
	return TRUE;
}

/*
 * Roots of attestations are read only if there is an attestation that they may be asked about, so
 * that nothing about them can stand in the way of others.
 */
static gboolean load_roots(PvTrustOptions *options, GError **error)
{
	g_autofree char *folder = g_build_filename(options->directory, "attestations", NULL);

	if (options->roots)
		return TRUE;
	if (options->wants_hardware || options->attestation_roots ||
	    g_file_test(folder, G_FILE_TEST_IS_DIR))
		options->roots = pv_attestation_roots_load(options->attestation_roots, error);
	else
		options->roots = pv_attestation_roots_new();
	return options->roots != NULL;
}

PvRepository *pv_trust_options_open(PvTrustOptions *options, const char *image, GError **error)
{
	PvRepositoryOptions repository = { 0 };

	if (g_str_has_prefix(image, "docker://"))
		image += strlen("docker://");
	if (!pv_trust_options_configure(options, error) ||
	    !parse_age(options->max_age, &options->max_age_s, error) ||
	    !load_roots(options, error) || !pv_reference_parse(image, &options->reference, error))
		return NULL;
	options->gun = pv_reference_repository(&options->reference);
	repository = (PvRepositoryOptions){ .gun = options->gun,
					    .read_artifact = pv_artifact_read,
					    .server = options->server,
					    .ca_file = options->ca_file,
					    .certificate_file = options->certificate_file,
					    .key_file = options->key_file,
					    .pinning = options->config->pins,
					    .directory = options->directory,
					    .pins = (const char *const *)options->pins,
					    .tofu = options->tofu,
					    .offline = options->offline,
					    .max_age_s = options->max_age_s,
					    .attestation_roots = options->roots,
					    .wants_hardware = options->wants_hardware };
	return pv_repository_open(&repository, error);
}

gboolean pv_trust_options_has_tag(const char *image)
{
	const char *colon = strrchr(image, ':');

	return colon && !strchr(colon, '/');
}

void pv_trust_options_clear(PvTrustOptions *options)
{
	g_free(options->server);
	g_free(options->ca_file);
	g_free(options->certificate_file);
	g_free(options->key_file);
	pv_client_config_free(options->config);
	g_free(options->trust_dir);
	g_free(options->max_age);
	g_free(options->attestation_roots);
	pv_attestation_roots_free(options->roots);
	g_free(options->pin_source);
	g_free(options->management_source);
	g_strfreev(options->pins);
	g_free(options->directory);
	g_free(options->gun);
	pv_reference_clear(&options->reference);
}

static gboolean is_in_hardware(const PvTrustRole *role, const char *id)
{
	for (guint i = 0; role->hardware && i < role->hardware->keys->len; i++) {
		const PvHardware *key = role->hardware->keys->pdata[i];

		if (strcmp(key->id, id) == 0)
			return key->state == PV_HARDWARE_ATTESTED;
	}
	return FALSE;
}

static json_t *json_of_role(const PvTrustRole *role)
{
	json_t *keys = json_array();

	for (guint i = 0; i < role->keys->len; i++) {
		const char *id = role->keys->pdata[i];

		json_array_append_new(keys, json_pack("{s:s, s:b}", "id", id, "hardware",
						      is_in_hardware(role, id)));
	}
	return json_pack("{s:s, s:o}", "name", role->name, "keys", keys);
}

char *pv_trust_answer_json(const char *reference, const PvTrustAnswer *answer)
{
	g_autoptr(json_t) value = NULL;
	json_t *roles = json_array(), *hardware = json_array();
	char digest[PV_DIGEST_TEXT_SIZE], expires[PV_TIME_TEXT_SIZE];

	for (guint i = 0; i < answer->roles->len; i++)
		json_array_append_new(roles, json_of_role(answer->roles->pdata[i]));
	pv_digest_format(&answer->digest, digest);
	pv_time_format(answer->expires, expires);
	value = json_pack("{s:s, s:s, s:I, s:o, s:s}", "reference", reference, "digest", digest,
			  "size", (json_int_t)answer->size, "roles", roles, "expires", expires);
	for (guint i = 0; answer->hardware && i < answer->hardware->len; i++)
		json_array_append_new(hardware, pv_hardware_role_json(answer->hardware->pdata[i]));
	if (answer->hardware)
		json_object_set(value, "hardware", hardware);
	json_decref(hardware);
	return pv_json_text(value, FALSE);
}
