/* SPDX-License-Identifier: Apache-2.0 */

/* Reading what refers to an image. All of it is untrusted: bounded, and hashed against its descriptor. */

#include "oci/referrer.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/limits.h"
#include "oci/manifest.h"
#include "oci/referrer_private.h"
#include "oci/registry_private.h"

void pv_referrer_free(PvReferrer *referrer)
{
	if (!referrer)
		return;
	g_bytes_unref(referrer->manifest);
	g_ptr_array_unref(referrer->blobs);
	g_free(referrer);
}

char *pv_referrer_tag(const PvDigest *subject)
{
	char text[PV_DIGEST_TEXT_SIZE];

	pv_digest_format(subject, text);
	return g_strdelimit(g_strdup(text), ":", '-');
}

/* (transfer full) (nullable): the body of a 200; NULL without an error for 404. */
static GBytes *get(PvRegistry *registry, const char *path, const char *accept, gsize max_bytes,
		   GError **error)
{
	g_autofree char *url = g_strdup_printf("%s/%s", registry->base, path);
	g_autofree char *header = g_strconcat("Accept: ", accept, NULL);
	const char *const headers[] = { header, NULL };
	PvHttpRequest request = { .url = url, .headers = headers, .max_bytes = max_bytes };
	g_auto(PvHttpResponse) response = { 0 };

	if (!pv_auth_send(registry->auth, registry->http, &request, registry->scope, &response,
			  error))
		return NULL;
	if (response.status == 200)
		return g_bytes_ref(response.body);
	/* Old registries answer an unknown path in several ways. */
	if (response.status != 404 && response.status != 400 && response.status != 405)
		pv_registry_fail(registry, &response, "list of referrers", error);
	return NULL;
}

json_t *pv_referrer_parse_index(GBytes *bytes)
{
	json_t *index = pv_json_load(bytes, PV_MANIFEST_BYTES_MAX, "referrers", NULL);

	if (json_array_size(json_object_get(index, "manifests")) <= PV_INDEX_MANIFESTS_MAX &&
	    json_is_array(json_object_get(index, "manifests")))
		return index;
	json_decref(index);
	return NULL;
}

json_t *pv_referrer_fallback(PvRegistry *registry, const PvDigest *subject, GError **error)
{
	g_autofree char *tag = pv_referrer_tag(subject);
	g_autofree char *path = g_strconcat("manifests/", tag, NULL);
	g_autoptr(GBytes) bytes =
		get(registry, path, PV_MEDIA_OCI_INDEX, PV_MANIFEST_BYTES_MAX, error);

	return bytes ? pv_referrer_parse_index(bytes) : NULL;
}

/* (nullable): the list, from the API or the tag. */
static json_t *list(PvRegistry *registry, const PvDigest *subject, GError **error)
{
	char text[PV_DIGEST_TEXT_SIZE];
	g_autofree char *path = NULL;
	g_autoptr(GError) failure = NULL;
	g_autoptr(GBytes) bytes = NULL;
	json_t *index;

	pv_digest_format(subject, text);
	path = g_strconcat("referrers/", text, NULL);
	bytes = get(registry, path, PV_MEDIA_OCI_INDEX, PV_MANIFEST_BYTES_MAX, &failure);
	index = bytes ? pv_referrer_parse_index(bytes) : NULL;
	if (failure)
		g_propagate_error(error, g_steal_pointer(&failure));
	else if (!index)
		index = pv_referrer_fallback(registry, subject, error);
	return index;
}

/* --- one artifact ------------------------------------------------------------------------- */

static gboolean digest_of(const json_t *descriptor, PvDigest *ret_digest)
{
	const char *text = pv_json_string(descriptor, "digest");

	return text && pv_digest_parse(text, strlen(text), ret_digest, NULL) &&
	       ret_digest->hash == PV_HASH_SHA256;
}

gboolean pv_referrer_is_wanted(GBytes *bytes, const char *artifact_type, const PvDigest *subject)
{
	g_autoptr(json_t) manifest = pv_json_load(bytes, PV_MANIFEST_BYTES_MAX, "artifact", NULL);
	PvDigest digest;

	return g_strcmp0(pv_json_string(manifest, "artifactType"), artifact_type) == 0 &&
	       digest_of(json_object_get(manifest, "subject"), &digest) &&
	       pv_digest_equal(&digest, subject);
}

static GBytes *read_blob(PvRegistry *registry, const PvDescriptor *blob, gsize max_bytes,
			 GError **error)
{
	char text[PV_DIGEST_TEXT_SIZE];
	g_autofree char *path = NULL;
	g_autoptr(GBytes) bytes = NULL;
	PvDigest digest;
	const void *data;
	gsize size;

	pv_digest_format(&blob->digest, text);
	if (blob->size == 0 || blob->size > max_bytes)
		return pv_fail_null(error, PV_ERROR_LIMIT,
				    "blob %s has %" G_GUINT64_FORMAT " bytes, 1 to %zu expected",
				    text, blob->size, max_bytes);
	path = g_strconcat("blobs/", text, NULL);
	bytes = get(registry, path, "*/*", blob->size, error);
	if (!bytes)
		return NULL;
	data = g_bytes_get_data(bytes, &size);
	digest = pv_digest_of(blob->digest.hash, data, size);
	if (!pv_digest_equal(&digest, &blob->digest))
		return pv_fail_null(error, PV_ERROR_DIGEST,
				    "blob %s was changed: its bytes have another digest", text);
	return g_steal_pointer(&bytes);
}

/* --- from wherever it is ------------------------------------------------------------------ */

static GBytes *blob_of(const PvOrigin *origin, const PvDescriptor *blob, gsize max_bytes)
{
	return origin->registry ? read_blob(origin->registry, blob, max_bytes, NULL)
				: pv_blobs_read(origin->blobs, blob, max_bytes, NULL);
}

static GBytes *manifest_of(const PvOrigin *origin, const PvDescriptor *descriptor)
{
	PvDescriptor found;

	if (!origin->registry && !origin->blobs)
		return NULL;
	return origin->registry
		       ? pv_registry_manifest(origin->registry, NULL, &descriptor->digest, &found,
					      NULL)
		       : pv_blobs_read(origin->blobs, descriptor, PV_MANIFEST_BYTES_MAX, NULL);
}

static gboolean read_blobs(const PvOrigin *origin, const PvManifest *manifest, gsize max_bytes,
			   GPtrArray *blobs)
{
	if (manifest->is_index || manifest->layer_count == 0 ||
	    manifest->layer_count > PV_REFERRER_BLOBS_MAX)
		return FALSE;
	for (guint i = 0; i < manifest->layer_count; i++) {
		GBytes *blob = blob_of(origin, &manifest->layers[i], max_bytes);

		if (!blob)
			return FALSE;
		g_ptr_array_add(blobs, blob);
	}
	return TRUE;
}

/* (nullable): NULL for what is out of form. */
static PvReferrer *read_one(const PvOrigin *origin, const PvDescriptor *descriptor,
			    const PvDigest *subject, const char *artifact_type, gsize max_bytes)
{
	g_autoptr(GBytes) bytes = manifest_of(origin, descriptor);
	g_autoptr(PvManifest) manifest = NULL;
	g_autoptr(GPtrArray) blobs = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	PvReferrer *referrer;

	if (!bytes || !pv_referrer_is_wanted(bytes, artifact_type, subject))
		return NULL;
	manifest = pv_manifest_parse(bytes, PV_MEDIA_OCI_MANIFEST, "artifact", NULL);
	if (!manifest || !read_blobs(origin, manifest, max_bytes, blobs))
		return NULL;
	referrer = g_new0(PvReferrer, 1);
	referrer->digest = descriptor->digest;
	referrer->manifest = g_steal_pointer(&bytes);
	referrer->blobs = g_steal_pointer(&blobs);
	return referrer;
}

GPtrArray *pv_referrer_collect(const PvOrigin *origin, const json_t *index, const PvDigest *subject,
			       const char *artifact_type, gsize blob_bytes_max)
{
	GPtrArray *found = g_ptr_array_new_with_free_func((GDestroyNotify)pv_referrer_free);
	const json_t *entry;
	guint looked_at = 0;
	gsize i;

	json_array_foreach(json_object_get(index, "manifests"), i, entry) {
		json_int_t size = json_integer_value(json_object_get(entry, "size"));
		PvDescriptor descriptor = { .media_type = PV_MEDIA_OCI_MANIFEST };
		PvReferrer *referrer;

		if (g_strcmp0(pv_json_string(entry, "artifactType"), artifact_type) != 0 ||
		    !digest_of(entry, &descriptor.digest) || size <= 0 ||
		    (guint64)size > PV_MANIFEST_BYTES_MAX)
			continue;
		if (looked_at++ == PV_REFERRERS_MAX)
			break;
		descriptor.size = (guint64)size;
		referrer = read_one(origin, &descriptor, subject, artifact_type, blob_bytes_max);
		if (referrer)
			g_ptr_array_add(found, referrer);
	}
	return found;
}

GPtrArray *pv_referrer_read(PvRegistry *registry, const PvDigest *subject,
			    const char *artifact_type, gsize blob_bytes_max, GError **error)
{
	const PvOrigin origin = { registry, NULL };
	g_autoptr(GError) failure = NULL;
	g_autoptr(json_t) index = list(registry, subject, &failure);

	if (failure) {
		g_propagate_error(error, g_steal_pointer(&failure));
		return NULL;
	}
	return pv_referrer_collect(&origin, index, subject, artifact_type, blob_bytes_max);
}
