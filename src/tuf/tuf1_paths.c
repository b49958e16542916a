/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Which target paths a delegation is trusted for (specification 4.5): shell patterns whose
 * wildcards stay within one part of a path, prefixes of the path's hash, and hash bins (TAP 15).
 */

#include <string.h>

#include "base/error.h"
#include "tuf/tuf1.h"

/* A part of a pattern or of a path, between slashes. */
typedef struct {
	const char *at, *end;
} Part;

/* Where the set that begins at @open ends: behind its `]`; NULL if it has none. */
static const char *end_of_set(const char *open, const char *end)
{
	const char *at = open + 1;

	at += at < end && *at == '!';
	at += at < end && *at == ']'; /* in the first place it stands for itself */
	at = at < end ? memchr(at, ']', (gsize)(end - at)) : NULL;
	return at ? at + 1 : NULL;
}

static gboolean set_has(const char *open, const char *close, gunichar c)
{
	const char *at = open + 1, *end = close - 1;
	gboolean negated = at < end && *at == '!', found = FALSE;

	at += negated;
	while (at < end) {
		gunichar low = g_utf8_get_char(at), high = low;

		at = g_utf8_next_char(at);
		if (at + 1 < end && *at == '-') {
			high = g_utf8_get_char(at + 1);
			at = g_utf8_next_char(at + 1);
		}
		found |= c >= low && c <= high;
	}
	return found != negated;
}

/* Whether one character is matched by what stands at the pattern; then *pattern is behind that. */
static gboolean take_one(const char **pattern, const char *end, gunichar c)
{
	const char *at = *pattern, *close = NULL;
	gboolean matches;

	if (at == end)
		return FALSE;
	if (*at == '[')
		close = end_of_set(at, end);
	if (close)
		matches = set_has(at, close, c);
	else
		matches = *at == '?' || g_utf8_get_char(at) == c;
	*pattern = close ? close : g_utf8_next_char(at);
	return matches;
}

/* Falls back to the last star only, so that no pattern can make it slow. */
static gboolean part_matches(Part pattern, Part text)
{
	const char *star = NULL, *star_text = NULL;

	while (text.at < text.end) {
		const char *next = pattern.at;

		if (pattern.at < pattern.end && *pattern.at == '*') {
			star = ++pattern.at;
			star_text = text.at;
		} else if (take_one(&next, pattern.end, g_utf8_get_char(text.at))) {
			pattern.at = next;
			text.at = g_utf8_next_char(text.at);
		} else if (star) {
			star_text = g_utf8_next_char(star_text);
			text.at = star_text;
			pattern.at = star;
		} else {
			return FALSE;
		}
	}
	while (pattern.at < pattern.end && *pattern.at == '*')
		pattern.at++;
	return pattern.at == pattern.end;
}

/* The part that begins at @at; *ret_next is behind its slash, NULL if it is the last. */
static Part part_at(const char *at, const char **ret_next)
{
	const char *slash = strchr(at, '/');

	*ret_next = slash ? slash + 1 : NULL;
	return (Part){ at, slash ? slash : at + strlen(at) };
}

gboolean pv_tuf1_glob_matches(const char *pattern, const char *path)
{
	while (pattern && path) {
		Part of_pattern = part_at(pattern, &pattern), of_path = part_at(path, &path);

		if (!part_matches(of_pattern, of_path))
			return FALSE;
	}
	return !pattern && !path;
}

gboolean pv_tuf1_role_covers(const PvTuf1Role *role, const char *path)
{
	PvDigest digest;
	g_autofree char *hex = NULL;

	for (guint i = 0; role->paths && i < role->paths->len; i++) {
		if (pv_tuf1_glob_matches(role->paths->pdata[i], path))
			return TRUE;
	}
	if (!role->hash_prefixes)
		return FALSE;
	digest = pv_digest_of(PV_HASH_SHA256, path, strlen(path));
	hex = pv_digest_hex(&digest);
	for (guint i = 0; i < role->hash_prefixes->len; i++) {
		if (g_str_has_prefix(hex, role->hash_prefixes->pdata[i]))
			return TRUE;
	}
	return FALSE;
}

char *pv_tuf1_bin_name(const PvTuf1Metadata *targets, const char *path)
{
	PvDigest digest = pv_digest_of(PV_HASH_SHA256, path, strlen(path));
	guint32 head = (guint32)digest.raw[0] << 24 | (guint32)digest.raw[1] << 16 |
		       (guint32)digest.raw[2] << 8 | digest.raw[3];
	int digits = (int)(targets->bin_bits + 3) / 4;

	return g_strdup_printf("%s-%0*x", targets->bins->name, digits,
			       head >> (32 - targets->bin_bits));
}
