/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Names that a repository chose freely, as local file names and in URLs. A role may be called
 * `../x`, `?` or `.`, a target anything: neither may leave its directory or change what is asked.
 */

#include <string.h>

#include "tuf/tuf1.h"

#define FILE_NAME_BYTES_MAX 240 /* bytes: 255 of the system, less what a temporary name adds */

char *pv_tuf1_file_name(const char *name, const char *suffix)
{
	g_autofree char *escaped = g_uri_escape_string(name, NULL, FALSE);
	gboolean hidden = *escaped == '.';
	char *file = g_strconcat(hidden ? "%2E" : "", escaped + hidden, suffix, NULL);
	g_autofree char *hex = NULL;
	PvDigest digest;

	if (strlen(file) <= FILE_NAME_BYTES_MAX)
		return file;
	g_free(file);
	digest = pv_digest_of(PV_HASH_SHA256, name, strlen(name));
	hex = pv_digest_hex(&digest);
	return g_strconcat("@", hex, suffix, NULL); /* no escaped name has an @ */
}

/* A part of a path; one of dots only would be taken for a step through directories. */
static void append_part(GString *url, const char *part)
{
	g_autofree char *escaped = g_uri_escape_string(part, NULL, FALSE);

	if (strcmp(part, ".") == 0 || strcmp(part, "..") == 0)
		g_string_append(url, part[1] ? "%2E%2E" : "%2E");
	else
		g_string_append(url, escaped);
}

char *pv_tuf1_target_url(const char *base, const char *path, const char *hash)
{
	g_auto(GStrv) parts = g_strsplit(path, "/", -1);
	GString *url = g_string_new(base);

	if (!g_str_has_suffix(base, "/"))
		g_string_append_c(url, '/');
	for (guint i = 0; parts[i]; i++) {
		if (i > 0)
			g_string_append_c(url, '/');
		if (hash && !parts[i + 1]) {
			g_autofree char *escaped = g_uri_escape_string(parts[i], NULL, FALSE);

			g_string_append_printf(url, "%s.%s", hash, escaped);
		} else {
			append_part(url, parts[i]);
		}
	}
	return g_string_free(url, FALSE);
}
