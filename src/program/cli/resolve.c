/* SPDX-License-Identifier: Apache-2.0 */

/* Runs `pavise-image resolve`. */

#include "program/cli/resolve.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/process.h"

gboolean pv_resolve_manifest(const char *reference, const char *platform, PvFileMeta *ret_content,
			     GError **error)
{
	g_autofree char *program = pv_process_program("pavise-image");
	char *argv[] = { program,
			 (char *)"resolve",
			 (char *)"--json",
			 (char *)reference,
			 (char *)(platform ? "--platform" : NULL),
			 (char *)platform,
			 NULL };
	g_auto(PvProcessResult) result = { 0 };
	g_autoptr(json_t) answer = NULL;
	const char *digest;
	json_t *size;

	if (!pv_process_run(argv, NULL, NULL, PV_MIB, 0, &result, error))
		return FALSE;
	if (result.exit_status != 0) {
		gsize length;
		const char *said = g_bytes_get_data(result.errors, &length);
		g_autofree char *text = g_strndup(said ? said : "", length);

		return pv_fail(error, PV_ERROR_NOT_FOUND,
			       "the registry does not tell what %s is: %s", reference,
			       g_strchomp(text));
	}
	answer = pv_json_load(result.output, PV_MIB, "pavise-image", error);
	if (!answer)
		return FALSE;
	digest = pv_json_string(answer, "digest");
	size = json_object_get(answer, "size");
	if (!digest || !json_is_integer(size) || json_integer_value(size) < 0)
		return pv_fail(error, PV_ERROR_INTERNAL, "pavise-image gave no digest");
	ret_content->length = (guint64)json_integer_value(size);
	return pv_digest_parse(digest, strlen(digest), &ret_content->sha256, error);
}
