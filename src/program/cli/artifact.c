/* SPDX-License-Identifier: Apache-2.0 */

/* Runs `pavise-image attestations`. What it reads is untrusted and is checked before it is kept. */

#include "program/cli/artifact.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/process.h"

#define ANSWER_BYTES_MAX PV_CHILD_OUTPUT_BYTES_MAX

/* @words: what follows `pavise-image attestations`; (transfer full): what it printed. */
static GBytes *ask(GPtrArray *words, GError **error)
{
	g_autofree char *program = pv_process_program("pavise-image");
	g_auto(PvProcessResult) result = { 0 };

	g_ptr_array_insert(words, 0, (void *)"attestations");
	g_ptr_array_insert(words, 0, program);
	g_ptr_array_add(words, NULL);
	if (!pv_process_run((char **)words->pdata, NULL, NULL, ANSWER_BYTES_MAX, 0, &result, error))
		return NULL;
	if (result.exit_status != 0) {
		gsize length;
		const char *said = g_bytes_get_data(result.errors, &length);
		g_autofree char *text = g_strndup(said ? said : "", length);
		const char *reason =
			g_str_has_prefix(text, "pavise-image") ? strstr(text, ": ") : NULL;

		return pv_fail_null(error, PV_ERROR_UNREACHABLE, "%s",
				    g_strchomp((char *)(reason ? reason + 2 : text)));
	}
	return g_bytes_ref(result.output);
}

static char *name_of(const char *gun, const PvDigest *digest)
{
	char text[PV_DIGEST_TEXT_SIZE];

	pv_digest_format(digest, text);
	return g_strdup_printf("%s@%s", gun, text);
}

gboolean pv_artifact_push(const char *gun, const PvDigest *digest, const char *directory,
			  const GPtrArray *key_ids, GError **error)
{
	g_autofree char *name = name_of(gun, digest);
	g_autoptr(GPtrArray) words = g_ptr_array_new();
	g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GBytes) output = NULL;

	g_ptr_array_add(words, (void *)"push");
	g_ptr_array_add(words, name);
	for (guint i = 0; i < key_ids->len; i++) {
		char *path = pv_attestations_path(directory, key_ids->pdata[i]);

		g_ptr_array_add(paths, path);
		g_ptr_array_add(words, path);
	}
	output = ask(words, error);
	return output != NULL;
}

/* Kept for the key that it claims to be of, if that is one of @keys. */
static void keep(const char *directory, const GPtrArray *keys, const char *pem)
{
	g_autoptr(GBytes) bytes = g_bytes_new(pem, strlen(pem));

	for (guint i = 0; i < keys->len; i++) {
		if (pv_attestations_store(directory, keys->pdata[i], bytes, NULL))
			return;
	}
}

gboolean pv_artifact_read(const char *gun, const PvDigest *digest, const char *directory,
			  const GPtrArray *keys, GError **error)
{
	g_autofree char *name = name_of(gun, digest);
	g_autoptr(GPtrArray) words = g_ptr_array_new();
	g_autoptr(GBytes) output = NULL;
	g_autoptr(json_t) answer = NULL;
	const json_t *item;
	gsize i;

	g_ptr_array_add(words, (void *)"read");
	g_ptr_array_add(words, name);
	output = ask(words, error);
	answer = output ? pv_json_load(output, ANSWER_BYTES_MAX, "pavise-image", error) : NULL;
	if (!answer)
		return FALSE;
	json_array_foreach(json_object_get(answer, "attestations"), i, item) {
		if (json_is_string(item))
			keep(directory, keys, json_string_value(item));
	}
	return TRUE;
}
