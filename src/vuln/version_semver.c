/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Semantic Versioning 2.0.0, section 11, as npm and OSV use it: numbers of any length, missing minor
 * and patch count as 0, a leading `v` is passed over, build metadata does not count.
 */

#include <string.h>

#include "vuln/version_orders.h"

typedef struct {
	const char *at, *end;
} Part;

static const char *skip_prefix(const char *version)
{
	while (*version == ' ' || *version == '=')
		version++;
	return *version == 'v' || *version == 'V' ? version + 1 : version;
}

/* Takes the next identifier up to '.', @end. */
static Part next(Part *rest)
{
	Part part = *rest;
	const char *dot =
		rest->at < rest->end ? memchr(rest->at, '.', (gsize)(rest->end - rest->at)) : NULL;

	part.end = dot ? dot : rest->end;
	rest->at = dot ? dot + 1 : rest->end;
	return part;
}

static gboolean is_number(Part part)
{
	for (const char *p = part.at; p < part.end; p++) {
		if (!g_ascii_isdigit(*p))
			return FALSE;
	}
	return part.at < part.end;
}

static int compare_numbers(Part a, Part b)
{
	int order;

	while (a.at < a.end && *a.at == '0')
		a.at++;
	while (b.at < b.end && *b.at == '0')
		b.at++;
	if (a.end - a.at != b.end - b.at)
		return a.end - a.at < b.end - b.at ? -1 : 1;
	order = memcmp(a.at, b.at, (gsize)(a.end - a.at));
	return order < 0 ? -1 : order > 0;
}

static int compare_texts(Part a, Part b)
{
	gsize left = (gsize)(a.end - a.at), right = (gsize)(b.end - b.at);
	int order = memcmp(a.at, b.at, MIN(left, right));

	if (order != 0)
		return order < 0 ? -1 : 1;
	return left < right ? -1 : left > right;
}

/* A numeric identifier is below any other one. */
static int compare_identifiers(Part a, Part b)
{
	gboolean left = is_number(a), right = is_number(b);

	if (left && right)
		return compare_numbers(a, b);
	if (left != right)
		return left ? -1 : 1;
	return compare_texts(a, b);
}

typedef struct {
	Part core, prerelease;
} Split;

static Split split(const char *version)
{
	const char *start = skip_prefix(version);
	const char *end = start + strcspn(start, "+");
	const char *dash = memchr(start, '-', (gsize)(end - start));
	Split parts = { { start, dash ? dash : end }, { dash ? dash + 1 : end, end } };

	return parts;
}

static int compare_cores(Part a, Part b)
{
	static const char zero[] = "0";

	while (a.at < a.end || b.at < b.end) {
		Part left = a.at < a.end ? next(&a) : (Part){ zero, zero + 1 };
		Part right = b.at < b.end ? next(&b) : (Part){ zero, zero + 1 };
		int order = compare_identifiers(left, right);

		if (order != 0)
			return order;
	}
	return 0;
}

static int compare(const char *a, const char *b)
{
	Split left = split(a), right = split(b);
	Part one = left.prerelease, two = right.prerelease;
	int order = compare_cores(left.core, right.core);

	if (order != 0)
		return order;
	if (one.at == one.end || two.at == two.end) /* a release is above its prereleases */
		return (one.at == one.end) - (two.at == two.end);
	while (one.at < one.end && two.at < two.end) {
		order = compare_identifiers(next(&one), next(&two));
		if (order != 0)
			return order;
	}
	return (one.at < one.end) - (two.at < two.end);
}

static gboolean are_identifiers(Part rest, gboolean numbers_only, guint *ret_count)
{
	*ret_count = 0;
	for (;;) {
		const char *before = rest.end;
		Part part = next(&rest);

		if (part.at == part.end || (numbers_only && !is_number(part)))
			return FALSE;
		for (const char *p = part.at; p < part.end; p++) {
			if (!g_ascii_isalnum(*p) && *p != '-')
				return FALSE;
		}
		if (is_number(part) && *part.at == '0' && part.end - part.at > 1)
			return FALSE;
		(*ret_count)++;
		if (part.end == before)
			return TRUE;
	}
}

static gboolean is_valid(const char *version)
{
	Split parts = split(version);
	const char *plus = strchr(version, '+');
	guint count;

	if (!are_identifiers(parts.core, TRUE, &count) || count != 3)
		return FALSE;
	if (parts.core.end < parts.prerelease.at &&
	    !are_identifiers(parts.prerelease, FALSE, &count))
		return FALSE;
	return !plus ||
	       plus[1 + strspn(plus + 1, "abcdefghijklmnopqrstuvwxyz"
					 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-")] == '\0';
}

const PvVersionOrder pv_version_semver = {
	.name = "semver",
	.description = "npm and others: Semantic Versioning 2.0.0",
	.is_valid = is_valid,
	.compare = compare,
};
