/* SPDX-License-Identifier: Apache-2.0 */

/*
 * PAX extended headers: records of "LENGTH KEY=VALUE\n" before the entry they speak of.
 * POSIX.1-2017, pax, "pax Extended Header"; star's SCHILY.xattr.* for extended attributes.
 */

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "oci/tar_private.h"

#define XATTR_PREFIX "SCHILY.xattr."

typedef struct {
	char *key, *value; /* both end in NUL */
	gsize value_size;
} Record;

static gboolean read_record(char **at, char *end, Record *ret_record, GError **error)
{
	char *start = *at, *cursor = start, *equal, *last;
	gsize length = 0;

	for (; cursor < end && *cursor >= '0' && *cursor <= '9' && length <= PV_TAR_PAX_BYTES_MAX;
	     cursor++)
		length = length * 10 + (gsize)(*cursor - '0');
	if (cursor == start || cursor == end || *cursor != ' ' || length > (gsize)(end - start) ||
	    length <= (gsize)(cursor - start) + 1)
		return pv_fail(error, PV_ERROR_SYNTAX,
			       "tar: a PAX record does not begin with its length");
	cursor++;
	last = start + length - 1;
	equal = memchr(cursor, '=', (gsize)(last - cursor));
	if (*last != '\n' || !equal || equal == cursor)
		return pv_fail(error, PV_ERROR_SYNTAX, "tar: a PAX record is not 'KEY=VALUE'");
	if (memchr(cursor, '\0', (gsize)(equal - cursor)))
		return pv_fail(error, PV_ERROR_SYNTAX, "tar: a PAX record's key has a NUL");
	*equal = '\0';
	*last = '\0';
	*ret_record = (Record){ cursor, equal + 1, (gsize)(last - equal) - 1 };
	*at = last + 1;
	return TRUE;
}

/* A text value; an empty one takes the key back. */
static gboolean read_text(const Record *record, const char **ret_text, GError **error)
{
	if (strlen(record->value) != record->value_size)
		return pv_fail(error, PV_ERROR_ESCAPE, "tar: PAX %s has a NUL", record->key);
	*ret_text = record->value_size ? record->value : NULL;
	return TRUE;
}

static gboolean read_number(const Record *record, gboolean *ret_has, guint64 *ret_value,
			    GError **error)
{
	*ret_has = record->value_size > 0;
	if (!*ret_has)
		return TRUE;
	if (strlen(record->value) != record->value_size ||
	    !g_ascii_string_to_unsigned(record->value, 10, 0, G_MAXINT64, ret_value, NULL))
		return pv_fail(error, PV_ERROR_SYNTAX, "tar: PAX %s is not a decimal number",
			       record->key);
	return TRUE;
}

/* Seconds with an optional fraction, maybe negative. */
static gboolean read_time(const Record *record, PvTarPax *pax, GError **error)
{
	const char *at = record->value;
	gboolean negative = *at == '-';
	guint64 seconds = 0;
	guint32 nanoseconds = 0, unit = 100000000;

	pax->has_mtime = record->value_size > 0;
	if (!pax->has_mtime)
		return TRUE;
	at += negative;
	if (!g_ascii_isdigit(*at))
		return pv_fail(error, PV_ERROR_SYNTAX, "tar: PAX %s is not a time", record->key);
	for (; g_ascii_isdigit(*at) && seconds < (guint64)1 << 50; at++)
		seconds = seconds * 10 + (guint64)(*at - '0');
	if (*at == '.') {
		for (at++; g_ascii_isdigit(*at); at++, unit /= 10)
			nanoseconds += (guint32)(*at - '0') * unit;
	}
	if (at != record->value + record->value_size)
		return pv_fail(error, PV_ERROR_SYNTAX, "tar: PAX %s is not a time", record->key);
	pax->mtime = negative ? -(gint64)seconds : (gint64)seconds;
	if (negative && nanoseconds > 0) {
		pax->mtime--;
		nanoseconds = 1000000000 - nanoseconds;
	}
	pax->mtime_nanoseconds = nanoseconds;
	return TRUE;
}

static gboolean read_xattr(const Record *record, GArray *xattrs, GError **error)
{
	PvTarXattr xattr = { .name = record->key + strlen(XATTR_PREFIX),
			     .value = (const guint8 *)record->value,
			     .size = record->value_size };

	if (!*xattr.name)
		return pv_fail(error, PV_ERROR_SYNTAX, "tar: an extended attribute has no name");
	if (strlen(xattr.name) > PV_TAR_XATTR_NAME_BYTES_MAX)
		return pv_fail(error, PV_ERROR_LIMIT,
			       "tar: an extended attribute's name is longer than %d bytes",
			       PV_TAR_XATTR_NAME_BYTES_MAX);
	if (xattr.size > PV_TAR_XATTR_BYTES_MAX)
		return pv_fail(error, PV_ERROR_LIMIT,
			       "tar: an extended attribute is longer than %zu bytes",
			       PV_TAR_XATTR_BYTES_MAX);
	for (guint i = 0; i < xattrs->len; i++) {
		PvTarXattr *before = &g_array_index(xattrs, PvTarXattr, i);

		if (strcmp(before->name, xattr.name) == 0) {
			*before = xattr;
			return TRUE;
		}
	}
	if (xattrs->len >= PV_TAR_XATTRS_MAX)
		return pv_fail(error, PV_ERROR_LIMIT,
			       "tar: an entry has more than %d extended attributes",
			       PV_TAR_XATTRS_MAX);
	g_array_append_val(xattrs, xattr);
	return TRUE;
}

static gboolean read_value(const Record *record, PvTarPax *pax, GError **error)
{
	if (g_str_has_prefix(record->key, XATTR_PREFIX))
		return read_xattr(record, pax->xattrs, error);
	if (strcmp(record->key, "path") == 0)
		return read_text(record, &pax->path, error);
	if (strcmp(record->key, "linkpath") == 0)
		return read_text(record, &pax->link, error);
	if (strcmp(record->key, "size") == 0)
		return read_number(record, &pax->has_size, &pax->size, error);
	if (strcmp(record->key, "uid") == 0)
		return read_number(record, &pax->has_uid, &pax->uid, error);
	if (strcmp(record->key, "gid") == 0)
		return read_number(record, &pax->has_gid, &pax->gid, error);
	if (strcmp(record->key, "mtime") == 0)
		return read_time(record, pax, error);
	if (g_str_has_prefix(record->key, "GNU.sparse."))
		return pv_fail(error, PV_ERROR_UNSUPPORTED,
			       "tar: sparse files are not accepted in a layer");
	return TRUE; /* times, user names, comments: nothing an image's reader uses */
}

gboolean pv_tar_pax_read(char *text, gsize size, gboolean global, PvTarPax *pax, GError **error)
{
	char *at = text;
	GArray *xattrs = pax->xattrs;

	*pax = (PvTarPax){ .xattrs = xattrs };
	g_array_set_size(xattrs, 0);
	while (at < text + size) {
		Record record = { NULL };

		if (!read_record(&at, text + size, &record, error) ||
		    !read_value(&record, pax, error))
			return FALSE;
	}
	if (global && (pax->path || pax->link || pax->has_size))
		return pv_fail(error, PV_ERROR_UNSUPPORTED,
			       "tar: a global PAX header that names files is not accepted");
	return TRUE;
}
