/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Debian's order (deb-version(7), Debian Policy 5.6.12): epoch, upstream version, revision. Parts
 * alternate between non-digits, where `~` comes before the end and letters before the rest, and
 * digits, which are numbers of any length.
 */

#include <string.h>

#include "vuln/version_orders.h"

/* A slice of a version. */
typedef struct {
	const char *at, *end;
} Part;

typedef struct {
	Part epoch, upstream, revision;
} Split;

static Split split(const char *version)
{
	const char *end = version + strlen(version);
	const char *colon = strchr(version, ':');
	const char *start = colon ? colon + 1 : version;
	const char *dash = strrchr(start, '-');
	Split parts = { { version, colon ? colon : version },
			{ start, dash ? dash : end },
			{ dash ? dash + 1 : end, end } };

	return parts;
}

/* The weight of a non-digit: `~` below the end, the end below letters, letters below the rest. */
static int weight(char c)
{
	if (c == '~')
		return -1;
	if (g_ascii_isalpha(c))
		return (guchar)c;
	return (guchar)c + 256;
}

static int compare_text(Part *a, Part *b)
{
	for (;;) {
		gboolean in_a = a->at < a->end && !g_ascii_isdigit(*a->at);
		gboolean in_b = b->at < b->end && !g_ascii_isdigit(*b->at);
		int left = in_a ? weight(*a->at) : 0, right = in_b ? weight(*b->at) : 0;

		if (left != right)
			return left < right ? -1 : 1;
		if (!in_a && !in_b)
			return 0;
		a->at += in_a;
		b->at += in_b;
	}
}

static Part number(Part *part)
{
	Part digits;

	while (part->at < part->end && *part->at == '0')
		part->at++;
	digits.at = part->at;
	while (part->at < part->end && g_ascii_isdigit(*part->at))
		part->at++;
	digits.end = part->at;
	return digits;
}

static int compare_numbers(Part *a, Part *b)
{
	Part left = number(a), right = number(b);
	gssize left_size = left.end - left.at, right_size = right.end - right.at;
	int order;

	if (left_size != right_size)
		return left_size < right_size ? -1 : 1;
	order = memcmp(left.at, right.at, (gsize)left_size);
	return order < 0 ? -1 : order > 0;
}

static int compare_parts(Part a, Part b)
{
	while (a.at < a.end || b.at < b.end) {
		int order = compare_text(&a, &b);

		if (order == 0)
			order = compare_numbers(&a, &b);
		if (order != 0)
			return order;
	}
	return 0;
}

static int compare(const char *a, const char *b)
{
	Split left = split(a), right = split(b);
	int order = compare_parts(left.epoch, right.epoch);

	if (order == 0)
		order = compare_parts(left.upstream, right.upstream);
	return order != 0 ? order : compare_parts(left.revision, right.revision);
}

static gboolean is_epoch(Part part)
{
	gint64 value = 0;

	if (part.at == part.end)
		return FALSE;
	for (; part.at < part.end; part.at++) {
		if (!g_ascii_isdigit(*part.at))
			return FALSE;
		value = value * 10 + (*part.at - '0');
		if (value > G_MAXINT)
			return FALSE;
	}
	return TRUE;
}

static gboolean has_only(Part part, const char *punctuation)
{
	for (; part.at < part.end; part.at++) {
		if (!g_ascii_isalnum(*part.at) && !strchr(punctuation, *part.at))
			return FALSE;
	}
	return TRUE;
}

static gboolean is_valid(const char *version)
{
	Split parts = split(version);

	if (strchr(version, ':') && !is_epoch(parts.epoch))
		return FALSE;
	if (parts.upstream.at == parts.upstream.end || !g_ascii_isdigit(*parts.upstream.at))
		return FALSE;
	if (parts.revision.at == parts.revision.end && parts.revision.at > version &&
	    parts.revision.at[-1] == '-')
		return FALSE;
	return has_only(parts.upstream, ".-+~:") && has_only(parts.revision, ".+~");
}

const PvVersionOrder pv_version_dpkg = {
	.name = "dpkg",
	.description = "Debian and Ubuntu: deb-version(7)",
	.is_valid = is_valid,
	.compare = compare,
};
