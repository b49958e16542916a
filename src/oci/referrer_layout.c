/* SPDX-License-Identifier: Apache-2.0 */

/* What refers to an image, in a layout: its blobs are the layout's, its list a file of its own. */

#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/limits.h"
#include "oci/layout_private.h"
#include "oci/manifest.h"
#include "oci/referrer_private.h"

#define FOLDER "referrers"

static char *list_path(const char *directory, const PvDigest *subject)
{
	g_autofree char *tag = pv_referrer_tag(subject);
	g_autofree char *name = g_strconcat(tag, ".json", NULL);

	return g_build_filename(directory, FOLDER, name, NULL);
}

/* (transfer full) (nullable) */
static json_t *read_list(const char *directory, const PvDigest *subject)
{
	g_autofree char *path = list_path(directory, subject);
	g_autoptr(GBytes) bytes = pv_file_read(path, PV_MANIFEST_BYTES_MAX, NULL);

	return bytes ? pv_referrer_parse_index(bytes) : NULL;
}

static gboolean write_list(const PvLayout *layout, const PvDigest *subject, const json_t *index,
			   GError **error)
{
	g_autofree char *path = list_path(layout->directory, subject);
	g_autofree char *folder = g_path_get_dirname(path);
	g_autoptr(GBytes) bytes = pv_referrer_bytes(index);
	gsize size;
	const void *data = g_bytes_get_data(bytes, &size);

	return pv_file_make_directory(folder, 0755, error) &&
	       pv_file_replace(path, data, size, 0644, error);
}

static gboolean write_blob(PvLayout *layout, const char *media_type, GBytes *bytes, GError **error)
{
	PvDescriptor descriptor = pv_referrer_describe(media_type, bytes);

	return pv_layout_has(layout, &descriptor) ||
	       pv_layout_write(layout, &descriptor, bytes, error);
}

gboolean pv_referrer_keep(PvLayout *layout, const PvDigest *subject, const PvReferrer *referrer,
			  GError **error)
{
	g_autoptr(GBytes) empty = g_bytes_new_static(PV_EMPTY, strlen(PV_EMPTY));
	g_autoptr(json_t) index = read_list(layout->directory, subject);
	g_autoptr(GError) failure = NULL;

	if (!write_blob(layout, PV_EMPTY_MEDIA, empty, error))
		return FALSE;
	for (guint i = 0; i < referrer->blobs->len; i++) {
		if (!write_blob(layout, PV_ATTESTATION_MEDIA, referrer->blobs->pdata[i], error))
			return FALSE;
	}
	if (!write_blob(layout, PV_MEDIA_OCI_MANIFEST, referrer->manifest, error))
		return FALSE;
	if (!index)
		index = pv_referrer_new_index();
	if (pv_referrer_enter(index, referrer, &failure))
		return write_list(layout, subject, index, error);
	if (!failure)
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&failure));
	return FALSE;
}

GPtrArray *pv_referrer_read_layout(PvBlobs *blobs, const char *directory, const PvDigest *subject,
				   const char *artifact_type, gsize blob_bytes_max)
{
	const PvOrigin origin = { NULL, blobs };
	g_autoptr(json_t) index = read_list(directory, subject);

	return pv_referrer_collect(&origin, index, subject, artifact_type, blob_bytes_max);
}
