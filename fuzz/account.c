/* SPDX-License-Identifier: Apache-2.0 */
/* pv_user_resolve(): an image's User (first line), passwd (up to a line "%") and group. */
#include <stdint.h>
#include <string.h>

#include "base/limits.h"
#include "isolate/user.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *line = size > 0 ? memchr(data, '\n', size) : NULL;
	size_t rest = line ? size - (size_t)(line + 1 - data) : 0;
	const uint8_t *mark = rest > 0 ? memchr(line + 1, '%', rest) : NULL;
	g_autofree char *user = g_strndup((const char *)data, line ? (gsize)(line - data) : size);
	g_autoptr(GBytes) passwd = NULL, group = NULL;
	g_auto(PvUser) found = { 0 };

	if (line)
		passwd = g_bytes_new(line + 1, mark ? (gsize)(mark - line - 1) : rest);
	if (mark)
		group = g_bytes_new(mark + 1, size - (gsize)(mark + 1 - data));
	if (pv_user_resolve(user, passwd, group, &found, NULL)) {
		g_assert_cmpuint(found.uid, <, PV_ID_RANGE_SIZE);
		g_assert_cmpuint(found.gid, <, PV_ID_RANGE_SIZE);
		g_assert_cmpint(found.home[0], ==, '/');
	}
	return 0;
}
