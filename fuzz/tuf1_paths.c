/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns of TUF 1.0 against paths, and names made from either: pattern, newline, path. */
#include <stdint.h>
#include <string.h>

#include "tuf/tuf1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_name(const char *name)
{
	g_autofree char *file = pv_tuf1_file_name(name, "");
	g_autofree char *url = pv_tuf1_target_url("http://host", name, "00");

	g_assert_null(strchr(file, '/'));
	g_assert_cmpint(file[0], !=, '.');
	g_assert_cmpuint(strlen(file), <=, 255);
	g_assert_true(g_str_has_prefix(url, "http://host/"));
	g_assert_null(strpbrk(url, "?# \"<>\\"));
	g_assert_null(strstr(url, "/../"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	char *path = strchr(text, '\n');
	PvTuf1Role role = { 0 };

	if (!path || !g_utf8_validate(text, -1, NULL))
		return 0;
	*path++ = '\0';
	if (pv_tuf1_glob_matches(text, path)) {
		guint slashes = 0;

		for (const char *at = text; *at; at++)
			slashes += *at == '/';
		for (const char *at = path; *at; at++)
			slashes -= *at == '/';
		g_assert_cmpuint(slashes, ==, 0); /* no wildcard crosses one */
	}
	role.hash_prefixes = g_ptr_array_new();
	g_ptr_array_add(role.hash_prefixes, text);
	pv_tuf1_role_covers(&role, path);
	g_ptr_array_set_size(role.hash_prefixes, 0);
	role.paths = g_steal_pointer(&role.hash_prefixes);
	g_ptr_array_add(role.paths, text);
	g_assert_cmpint(pv_tuf1_role_covers(&role, path), ==, pv_tuf1_glob_matches(text, path));
	g_ptr_array_unref(role.paths);
	if (*path)
		check_name(path);
	return 0;
}
