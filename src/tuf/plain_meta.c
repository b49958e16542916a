/* SPDX-License-Identifier: Apache-2.0 */

/* The usual spelling of a file's length and hashes, by heart (tuf/plain_meta.h says why). */

#include "tuf/plain_meta.h"

#include <string.h>

#include "tuf/base64.h"

#define LENGTH_MAX (G_GUINT64_CONSTANT(1) << 53)

#define OPEN   "{\"hashes\":{\"sha256\":\""
#define MIDDLE "\",\"sha512\":\""
#define LENGTH "\"},\"length\":"

/* Behind it come the length's digits and a brace. */
typedef struct {
	char open[sizeof OPEN - 1];
	char sha256[44];
	char middle[sizeof MIDDLE - 1];
	char sha512[88];
	char length[sizeof LENGTH - 1];
} Plain;

static gboolean has_shape(const Plain *plain)
{
	return memcmp(plain->open, OPEN, sizeof plain->open) == 0 &&
	       memcmp(plain->middle, MIDDLE, sizeof plain->middle) == 0 &&
	       memcmp(plain->length, LENGTH, sizeof plain->length) == 0 &&
	       plain->sha256[43] == '=' && plain->sha512[87] == '=' && plain->sha512[86] == '=';
}

/* The digits as JSON allows them, and the brace; returns what is behind it, NULL if it is not so. */
static const char *take_length(const char *at, const char *end, guint64 *ret_length)
{
	const char *digits = at;
	guint64 length = 0;

	for (; at < end && g_ascii_isdigit(*at) && length <= LENGTH_MAX; at++)
		length = length * 10 + (guint64)(*at - '0');
	if (at == digits || (*digits == '0' && at - digits > 1) || length > LENGTH_MAX ||
	    at == end || *at != '}')
		return NULL;
	*ret_length = length;
	return at + 1;
}

gsize pv_plain_meta_size(const char *text, gsize size)
{
	const Plain *plain = (const Plain *)text;
	const char *end;
	guint64 length;

	if (size < sizeof *plain || !has_shape(plain) || !pv_base64_is_valid(plain->sha256, 32) ||
	    !pv_base64_is_valid(plain->sha512, 64))
		return 0;
	end = take_length(text + sizeof *plain, text + size, &length);
	return end ? (gsize)(end - text) : 0;
}

gboolean pv_plain_meta_read(const char *text, gsize size, PvFileMeta *ret_meta)
{
	const Plain *plain = (const Plain *)text;
	PvFileMeta meta = { .sha256 = { .hash = PV_HASH_SHA256, .size = 32 },
			    .sha512 = { .hash = PV_HASH_SHA512, .size = 64 } };

	if (size < sizeof *plain || !has_shape(plain) ||
	    take_length(text + sizeof *plain, text + size, &meta.length) != text + size ||
	    !pv_base64_decode(plain->sha256, meta.sha256.raw, 32) ||
	    !pv_base64_decode(plain->sha512, meta.sha512.raw, 64))
		return FALSE;
	*ret_meta = meta;
	return TRUE;
}
