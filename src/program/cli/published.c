/* SPDX-License-Identifier: Apache-2.0 */

/* What commands that publish say in the end, and the question some ask before. */

#include "program/cli/published.h"

#include <stdio.h>
#include <unistd.h>

#include "base/error.h"
#include "base/json.h"

void pv_published_report_attestations(const char *command, const PvTrustOptions *options,
				      const PvPublished *published)
{
	if (published->unshared)
		fprintf(stderr,
			"%s: the trust server keeps no attestations of keys; they stay in "
			"%s/attestations\n",
			command, options->directory);
	if (published->attestation_failure)
		fprintf(stderr,
			"%s: published, but the trust server does not have the attestations of its "
			"keys: %s\n",
			command, published->attestation_failure);
}

void pv_published_report(const PvTrustOptions *options, const char *what,
			 const PvPublished *published)
{
	g_autoptr(json_t) value = NULL;
	g_autofree char *text = NULL;
	json_t *roles = json_array();

	for (guint i = 0; published->roles && i < published->roles->len; i++)
		json_array_append_new(roles, json_string(published->roles->pdata[i]));
	value = json_pack("{s:s, s:I, s:b, s:b, s:o}", "repository", options->gun, "changes",
			  (json_int_t)published->changes, "first", published->first, "uploaded",
			  published->uploaded, "roles", roles);
	if (options->json) {
		text = pv_json_text(value, FALSE);
		fputs(text, stdout);
		return;
	}
	pv_published_report_attestations("pavise", options, published);
	if (!published->uploaded) {
		printf("%s: nothing to publish\n", options->gun);
		return;
	}
	printf("%s %s; signed anew:", what, options->gun);
	for (guint i = 0; i < published->roles->len; i++)
		printf("%s %s", i ? "," : "", (const char *)published->roles->pdata[i]);
	putchar('\n');
}

gboolean pv_confirm(const char *question, gboolean said, GError **error)
{
	char answer[16] = "";

	if (said)
		return TRUE;
	if (!isatty(STDIN_FILENO))
		return pv_fail(error, PV_ERROR_USAGE,
			       "%s? say --yes, since there is no terminal to ask", question);
	fprintf(stderr, "%s? [y/N] ", question);
	if (!fgets(answer, sizeof answer, stdin) || (answer[0] != 'y' && answer[0] != 'Y'))
		return pv_fail(error, PV_ERROR_REFUSED, "nothing was changed");
	return TRUE;
}
