/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Names in a tar: none may leave the root, and `.wh.` names say what a layer removes. A name with
 * a ".." part is refused even where it would stay inside: no honest builder writes one, and readers
 * differ in what it means. OCI image-spec 1.1, layer.md, "Whiteouts"; Docker's pkg/archive.
 */

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "oci/tar_private.h"

#define WHITEOUT        ".wh."
#define WHITEOUT_AUFS   ".wh..wh."
#define WHITEOUT_OPAQUE ".wh..wh..opq"

gboolean pv_tar_name_clean(const char *name, const char *what, char *ret_path, GError **error)
{
	const char *at = name;
	char *end = ret_path;
	guint depth = 0;

	if (!*name)
		return pv_fail(error, PV_ERROR_SYNTAX, "tar: %s is empty", what);
	for (;;) {
		gsize length;

		while (*at == '/')
			at++;
		length = strcspn(at, "/");
		if (length == 0)
			break;
		if (length == 2 && memcmp(at, "..", 2) == 0)
			return pv_fail(error, PV_ERROR_ESCAPE,
				       "tar: %s has a '..' part: it may leave the image's root",
				       what);
		if (length == 1 && *at == '.') {
			at++;
			continue;
		}
		if (length > 255)
			return pv_fail(error, PV_ERROR_LIMIT,
				       "tar: %s has a part of %zu bytes, at most 255 are possible",
				       what, length);
		if ((gsize)(end - ret_path) + (end > ret_path) + length >= PV_TAR_PATH_BYTES_MAX)
			return pv_fail(error, PV_ERROR_LIMIT, "tar: %s is longer than %d bytes",
				       what, PV_TAR_PATH_BYTES_MAX - 1);
		if (++depth > PV_TAR_DEPTH_MAX)
			return pv_fail(error, PV_ERROR_LIMIT, "tar: %s has more than %d parts",
				       what, PV_TAR_DEPTH_MAX);
		if (end > ret_path)
			*end++ = '/';
		memcpy(end, at, length);
		end += length;
		at += length;
	}
	*end = '\0';
	return TRUE;
}

/* A `.wh.` part before the last: aufs' own directories are passed over, all else is an abuse. */
static gboolean check_parents(const char *path, const char *base, gboolean *ret_skip,
			      GError **error)
{
	const char *at = path;

	while (at < base) {
		if (g_str_has_prefix(at, WHITEOUT_AUFS)) {
			*ret_skip = TRUE;
			return TRUE;
		}
		if (g_str_has_prefix(at, WHITEOUT))
			return pv_fail(error, PV_ERROR_SYNTAX,
				       "tar: a name lies below a whiteout, which is no directory");
		at = strchr(at, '/') + 1;
	}
	return TRUE;
}

gboolean pv_tar_name_whiteout(char *path, PvWhiteout *ret_whiteout, gboolean *ret_skip,
			      GError **error)
{
	char *slash = strrchr(path, '/');
	char *base = slash ? slash + 1 : path;
	const char *hidden;

	*ret_whiteout = PV_WHITEOUT_NONE;
	*ret_skip = FALSE;
	if (!strstr(path, WHITEOUT)) /* nearly every name */
		return TRUE;
	if (!check_parents(path, base, ret_skip, error))
		return FALSE;
	if (*ret_skip || !g_str_has_prefix(base, WHITEOUT))
		return TRUE;
	if (strcmp(base, WHITEOUT_OPAQUE) == 0) {
		*ret_whiteout = PV_WHITEOUT_OPAQUE;
		*(slash ? slash : path) = '\0';
		return TRUE;
	}
	if (g_str_has_prefix(base, WHITEOUT_AUFS)) {
		*ret_skip = TRUE;
		return TRUE;
	}
	hidden = base + strlen(WHITEOUT);
	if (!*hidden || strcmp(hidden, ".") == 0 || strcmp(hidden, "..") == 0)
		return pv_fail(error, PV_ERROR_ESCAPE,
			       "tar: the whiteout '%s' names no file of its directory", base);
	*ret_whiteout = PV_WHITEOUT_FILE;
	memmove(base, hidden, strlen(hidden) + 1);
	return TRUE;
}
