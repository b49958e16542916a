/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Globs over repository names. A row of answers is carried along the pattern ("does what was read
 * of the pattern match the first i bytes?"), so there is no backtracking to be exploited.
 */

#include "policy/policy.h"

#include <string.h>

gboolean pv_glob_matches(const char *pattern, const char *text)
{
	gsize length = strlen(text);
	g_autofree gboolean *row = NULL;

	if (g_str_equal(pattern, "*"))
		return TRUE;
	row = g_new0(gboolean, length + 1);
	row[0] = TRUE;
	for (const char *at = pattern; *at; at++) {
		gboolean is_star = *at == '*', crosses = is_star && at[1] == '*';
		gboolean before = row[0]; /* row[i - 1] as it was */

		if (!is_star)
			row[0] = FALSE;
		for (gsize i = 1; i <= length; i++) {
			gboolean was = row[i];

			if (is_star)
				row[i] = was || (row[i - 1] && (crosses || text[i - 1] != '/'));
			else
				row[i] = before &&
					 (*at == '?' ? text[i - 1] != '/' : *at == text[i - 1]);
			before = was;
		}
		at += crosses;
	}
	return row[length];
}
