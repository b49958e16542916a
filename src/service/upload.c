/* SPDX-License-Identifier: Apache-2.0 */

/* multipart/form-data of a whole, bounded body; no copy of the parts is made. */

#include "service/upload.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"

#define BOUNDARY_BYTES_MAX 70 /* RFC 2046 5.1.1 */
#define HEADER_BYTES_MAX   (8 * PV_KIB)

void pv_upload_part_free(PvUploadPart *part)
{
	if (!part)
		return;
	g_free(part->filename);
	g_bytes_unref(part->data);
	g_free(part);
}

/*
 * (transfer full): the value of parameter @name of a header such as `form-data; name="x"`; NULL if
 * it is missing or out of form.
 */
static char *parameter(const char *header, const char *name)
{
	gsize length = strlen(name);
	const char *at = header;

	while ((at = strchr(at, ';'))) {
		at++;
		while (*at == ' ' || *at == '\t')
			at++;
		if (g_ascii_strncasecmp(at, name, length) != 0 || at[length] != '=')
			continue;
		at += length + 1;
		if (*at != '"')
			return g_strndup(at, strcspn(at, "; \t"));
		at++;
		for (gsize i = 0; at[i]; i++) {
			if (at[i] == '\\' && at[i + 1])
				i++;
			else if (at[i] == '"')
				return g_strndup(at, i);
		}
		return NULL;
	}
	return NULL;
}

static char *boundary_of(const char *content_type, GError **error)
{
	g_autofree char *boundary = NULL;

	if (g_ascii_strncasecmp(content_type, "multipart/", 10) != 0)
		return pv_fail_null(error, PV_ERROR_UNSUPPORTED, "the body is not multipart");
	boundary = parameter(content_type, "boundary");
	if (!boundary || !*boundary || strlen(boundary) > BOUNDARY_BYTES_MAX)
		return pv_fail_null(error, PV_ERROR_UNSUPPORTED, "the body has no usable boundary");
	return g_strconcat("\r\n--", boundary, NULL);
}

static const char *find(const char *data, gsize size, const char *what)
{
	return memmem(data, size, what, strlen(what));
}

/* Reads the header lines of a part; @data is at their start. Returns the bytes they take, or 0. */
static gsize read_headers(const char *data, gsize size, char **ret_filename)
{
	const char *end;
	g_auto(GStrv) lines = NULL;
	g_autofree char *text = NULL;
	gsize length;

	if (size >= 2 && memcmp(data, "\r\n", 2) == 0) { /* no headers at all */
		*ret_filename = g_strdup("");
		return 2;
	}
	end = find(data, MIN(size, HEADER_BYTES_MAX), "\r\n\r\n");
	if (!end)
		return 0;
	length = (gsize)(end - data);
	if (memchr(data, '\0', length))
		return 0;
	text = g_strndup(data, length);
	lines = g_strsplit(text, "\r\n", -1);
	*ret_filename = NULL;
	for (char **line = lines; *line; line++) {
		if (g_ascii_strncasecmp(*line, "content-disposition:", 20) == 0 && !*ret_filename)
			*ret_filename = parameter(*line + 20, "filename");
	}
	if (!*ret_filename)
		*ret_filename = g_strdup("");
	return length + 4;
}

static gboolean read_part(GPtrArray *parts, GBytes *body, gsize *at, const char *delimiter,
			  GError **error)
{
	gsize size;
	const char *data = g_bytes_get_data(body, &size);
	PvUploadPart *part = g_new0(PvUploadPart, 1);
	gsize headers = read_headers(data + *at, size - *at, &part->filename);
	const char *start, *end;

	if (headers == 0) {
		g_free(part);
		return pv_fail(error, PV_ERROR_SYNTAX, "part %u has no headers", parts->len + 1);
	}
	/* The delimiter of an empty part begins with the blank line's own line end. */
	start = data + *at + headers;
	end = find(start - 2, size - (gsize)(start - 2 - data), delimiter);
	if (!end)
		end = data + size;
	part->data = g_bytes_new_from_bytes(body, (gsize)(start - data),
					    end > start ? (gsize)(end - start) : 0);
	g_ptr_array_add(parts, part);
	*at = MIN((gsize)(end - data) + strlen(delimiter), size);
	return TRUE;
}

GPtrArray *pv_upload_parse(const char *content_type, GBytes *body, GError **error)
{
	g_autofree char *delimiter = boundary_of(content_type, error);
	g_autoptr(GPtrArray) parts =
		g_ptr_array_new_with_free_func((GDestroyNotify)pv_upload_part_free);
	const char *data, *first;
	gsize size, at;

	if (!delimiter)
		return NULL;
	data = g_bytes_get_data(body, &size);
	/* The first delimiter has no line end before it where there is no preamble. */
	if (size >= strlen(delimiter) - 2 &&
	    memcmp(data, delimiter + 2, strlen(delimiter) - 2) == 0) {
		at = strlen(delimiter) - 2;
	} else {
		first = size ? find(data, size, delimiter) : NULL;
		if (!first)
			return pv_fail_null(error, PV_ERROR_SYNTAX,
					    "the body does not hold its boundary");
		at = (gsize)(first - data) + strlen(delimiter);
	}
	while (at < size) {
		if (size - at >= 2 && memcmp(data + at, "--", 2) == 0)
			break;
		if (size - at < 2 || memcmp(data + at, "\r\n", 2) != 0)
			return pv_fail_null(error, PV_ERROR_SYNTAX,
					    "a boundary is not followed by a line end");
		at += 2;
		if (parts->len >= PV_UPLOAD_PARTS_MAX)
			return pv_fail_null(error, PV_ERROR_LIMIT, "more than %d parts",
					    PV_UPLOAD_PARTS_MAX);
		if (!read_part(parts, body, &at, delimiter, error))
			return NULL;
	}
	return g_steal_pointer(&parts);
}
