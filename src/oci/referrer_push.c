/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Pushing what refers to an image. A registry says by the header OCI-Subject that it keeps the list by
 * itself; for others it is read, added to and written back. Two who do so at once may lose an entry:
 * so it is read again afterwards, and written again.
 */

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "base/json.h"
#include "base/limits.h"
#include "oci/manifest.h"
#include "oci/referrer_private.h"
#include "oci/registry_private.h"

#define ROUNDS_MAX 5

PvDescriptor pv_referrer_describe(const char *media_type, GBytes *bytes)
{
	gsize size;
	const void *data = g_bytes_get_data(bytes, &size);

	return (PvDescriptor){ .media_type = media_type,
			       .digest = pv_digest_of(PV_HASH_SHA256, data, size),
			       .size = size };
}

static json_t *json_of(const PvDescriptor *descriptor)
{
	char digest[PV_DIGEST_TEXT_SIZE];

	pv_digest_format(&descriptor->digest, digest);
	return json_pack("{s:s, s:s, s:I}", "mediaType", descriptor->media_type, "digest", digest,
			 "size", (json_int_t)descriptor->size);
}

GBytes *pv_referrer_bytes(const json_t *value)
{
	char *text = pv_json_text(value, FALSE);

	return g_bytes_new_take(text, strcspn(text, "\n"));
}

PvReferrer *pv_referrer_new(const PvDescriptor *subject, const char *artifact_type,
			    const char *media_type, GPtrArray *blobs)
{
	g_autoptr(GBytes) empty = g_bytes_new_static(PV_EMPTY, strlen(PV_EMPTY));
	PvDescriptor config = pv_referrer_describe(PV_EMPTY_MEDIA, empty);
	PvReferrer *referrer = g_new0(PvReferrer, 1);
	g_autoptr(json_t) manifest = NULL;
	json_t *layers = json_array();

	for (guint i = 0; i < blobs->len; i++) {
		PvDescriptor blob = pv_referrer_describe(media_type, blobs->pdata[i]);

		json_array_append_new(layers, json_of(&blob));
	}
	manifest = json_pack("{s:i, s:s, s:s, s:o, s:o, s:o}", "schemaVersion", 2, "mediaType",
			     PV_MEDIA_OCI_MANIFEST, "artifactType", artifact_type, "config",
			     json_of(&config), "layers", layers, "subject", json_of(subject));
	referrer->manifest = pv_referrer_bytes(manifest);
	referrer->digest = pv_referrer_describe(PV_MEDIA_OCI_MANIFEST, referrer->manifest).digest;
	referrer->blobs = g_ptr_array_ref(blobs);
	return referrer;
}

/* --- blobs -------------------------------------------------------------------------------- */

/* The bytes as a file without a name: what is pushed is read from files. */
static gboolean open_blob(GBytes *bytes, PvPushBlob *ret_blob, GError **error)
{
	int fd = memfd_create("blob", MFD_CLOEXEC);
	gsize size;
	const char *data = g_bytes_get_data(bytes, &size);

	if (fd < 0 || write(fd, data, size) != (gssize)size) {
		pv_fail_errno(error, errno, "cannot hold a blob in memory");
		if (fd >= 0)
			close(fd);
		return FALSE;
	}
	ret_blob->descriptor = pv_referrer_describe("application/octet-stream", bytes);
	ret_blob->range = (PvBlobRange){ .fd = fd, .offset = 0, .size = size };
	return TRUE;
}

static gboolean push_blobs(PvRegistry *registry, const PvReferrer *referrer, GError **error)
{
	g_autoptr(GBytes) empty = g_bytes_new_static(PV_EMPTY, strlen(PV_EMPTY));
	g_autofree PvPushBlob *pushes = g_new0(PvPushBlob, referrer->blobs->len + 1);
	gboolean done = open_blob(empty, &pushes[0], error);
	guint opened = done ? 1 : 0;

	for (guint i = 0; done && i < referrer->blobs->len; i++) {
		done = open_blob(referrer->blobs->pdata[i], &pushes[opened], error);
		opened += done;
	}
	done = done && pv_registry_push(registry, pushes, opened, NULL, NULL, NULL, error);
	for (guint i = 0; i < opened; i++)
		close(pushes[i].range.fd);
	return done;
}

/* --- the list that a registry does not keep by itself -------------------------------------- */

json_t *pv_referrer_new_index(void)
{
	return json_pack("{s:i, s:s, s:[]}", "schemaVersion", 2, "mediaType", PV_MEDIA_OCI_INDEX,
			 "manifests");
}

static gboolean lists(const json_t *index, const char *digest)
{
	const json_t *entry;
	gsize i;

	json_array_foreach(json_object_get(index, "manifests"), i, entry) {
		if (g_strcmp0(pv_json_string(entry, "digest"), digest) == 0)
			return TRUE;
	}
	return FALSE;
}

gboolean pv_referrer_enter(json_t *index, const PvReferrer *referrer, GError **error)
{
	PvDescriptor descriptor = pv_referrer_describe(PV_MEDIA_OCI_MANIFEST, referrer->manifest);
	g_autoptr(json_t) manifest =
		pv_json_load(referrer->manifest, PV_MANIFEST_BYTES_MAX, "artifact", error);
	json_t *list = json_object_get(index, "manifests");
	g_autoptr(json_t) entry = json_of(&descriptor);

	if (!manifest || lists(index, pv_json_string(entry, "digest")))
		return FALSE;
	if (json_array_size(list) >= PV_INDEX_MANIFESTS_MAX)
		return pv_fail(error, PV_ERROR_LIMIT, "too many artifacts refer to this image");
	json_object_set_new(entry, "artifactType",
			    json_string(pv_json_string(manifest, "artifactType")));
	json_array_append(list, entry);
	return TRUE;
}

static gboolean write_list(PvRegistry *registry, const PvDigest *subject, const json_t *index,
			   GError **error)
{
	g_autofree char *tag = pv_referrer_tag(subject);
	g_autoptr(GBytes) bytes = pv_referrer_bytes(index);
	PvDescriptor descriptor = pv_referrer_describe(PV_MEDIA_OCI_INDEX, bytes);

	if (descriptor.size > PV_MANIFEST_BYTES_MAX)
		return pv_fail(error, PV_ERROR_LIMIT, "too many artifacts refer to this image");
	return pv_registry_push_manifest(registry, tag, &descriptor, bytes, error);
}

/* Until it is read back as entered. */
static gboolean enter_in_list(PvRegistry *registry, const PvDigest *subject,
			      const PvReferrer *referrer, GError **error)
{
	for (guint round = 0; round < ROUNDS_MAX; round++) {
		g_autoptr(GError) failure = NULL;
		g_autoptr(json_t) index = pv_referrer_fallback(registry, subject, &failure);

		if (!index && !failure)
			index = pv_referrer_new_index();
		if (failure || !pv_referrer_enter(index, referrer, &failure)) {
			if (!failure)
				return TRUE;
			g_propagate_error(error, g_steal_pointer(&failure));
			return FALSE;
		}
		if (!write_list(registry, subject, index, error))
			return FALSE;
	}
	return pv_fail(error, PV_ERROR_CONFLICT,
		       "others write the list of what refers to this image at the same time; try "
		       "again");
}

gboolean pv_referrer_push(PvRegistry *registry, const PvDigest *subject, const PvReferrer *referrer,
			  GError **error)
{
	PvDescriptor descriptor = pv_referrer_describe(PV_MEDIA_OCI_MANIFEST, referrer->manifest);
	gboolean is_listed;

	if (!push_blobs(registry, referrer, error) ||
	    !pv_registry_put_manifest(registry, NULL, &descriptor, referrer->manifest, &is_listed,
				      error))
		return FALSE;
	return is_listed || enter_in_list(registry, subject, referrer, error);
}
