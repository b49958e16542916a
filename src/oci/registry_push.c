/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Pushing blobs (distribution-spec 1.1, "Pushing blobs"): ask which are there, mount what another
 * repository has, upload the rest in one piece each. Three rounds for all blobs together, so that
 * twenty layers cost as many round trips as one.
 */

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "oci/registry_private.h"

typedef struct {
	PvHttpResponse *responses;
	guint count;
	GError *error;
} Batch;

static void keep_response(void *user_data, guint index, const PvHttpResponse *response,
			  const GError *error)
{
	Batch *batch = user_data;
	PvHttpResponse *kept = &batch->responses[index];

	if (!response) {
		if (!batch->error)
			batch->error = g_error_copy(error);
		return;
	}
	pv_http_response_clear(kept);
	kept->status = response->status;
	kept->url = g_strdup(response->url);
	kept->headers = g_hash_table_ref(response->headers);
	kept->body = g_bytes_ref(response->body);
}

static gboolean send_batch(PvRegistry *registry, PvHttpRequest *requests, guint count,
			   const char *scope, PvHttpResponse *responses, GError **error)
{
	Batch batch = { responses, count, NULL };

	for (guint i = 0; i < count; i++) {
		/* An upload's address may be another server's: it gets no credentials. */
		if (g_str_has_prefix(requests[i].url, registry->base) ||
		    pv_http_origin_equal(requests[i].url, registry->base))
			requests[i].authorization = pv_auth_header(registry->auth, scope);
	}
	pv_http_send_many(registry->http, requests, count, PV_HTTP_PARALLEL, keep_response, &batch);
	if (!batch.error)
		return TRUE;
	g_propagate_error(error, batch.error);
	return FALSE;
}

gboolean pv_registry_send_all(PvRegistry *registry, PvHttpRequest *requests, guint count,
			      const char *scope, PvHttpResponse *ret_responses, GError **error)
{
	g_autofree PvHttpRequest *again = g_new0(PvHttpRequest, count);
	g_autofree PvHttpResponse *answers = g_new0(PvHttpResponse, count);
	g_autofree guint *places = g_new0(guint, count);
	guint left = 0;
	gboolean done;

	if (!send_batch(registry, requests, count, scope, ret_responses, error))
		return FALSE;
	for (guint i = 0; i < count; i++) {
		if (ret_responses[i].status != 401)
			continue;
		if (left == 0 && !pv_auth_answer(registry->auth, &ret_responses[i], scope, error))
			return FALSE;
		again[left] = requests[i];
		places[left++] = i;
	}
	if (left == 0)
		return TRUE;
	done = send_batch(registry, again, left, scope, answers, error);
	for (guint i = 0; i < left; i++) {
		pv_http_response_clear(&ret_responses[places[i]]);
		ret_responses[places[i]] = answers[i];
	}
	return done;
}

/* The blobs of one call and how far each is. */
typedef struct {
	PvRegistry *registry;
	const PvPushBlob *blobs;
	guint count;
	guint *pending; /* indexes of blobs that are not there yet */
	guint left;
	char **uploads; /* for each blob: where it may be put */
	PvBlobProgress progress;
	void *user_data;
} Push;

/* One blob on its way out. */
typedef struct {
	const PvPushBlob *blob;
	Push *push;
	PvHasher *hasher;
	guint64 hashed;
} Passing;

static void clear_responses(PvHttpResponse *responses, guint count)
{
	for (guint i = 0; i < count; i++)
		pv_http_response_clear(&responses[i]);
	g_free(responses);
}

static char *blob_url(const PvRegistry *registry, const PvDigest *digest)
{
	char text[PV_DIGEST_TEXT_SIZE];

	pv_digest_format(digest, text);
	return g_strdup_printf("%s/blobs/%s", registry->base, text);
}

static gboolean fail_blob(const PvRegistry *registry, const PvHttpResponse *response,
			  const PvDigest *digest, GError **error)
{
	char text[PV_DIGEST_TEXT_SIZE];
	g_autofree char *what = NULL;

	pv_digest_format(digest, text);
	what = g_strdup_printf("upload of blob %s", text);
	return pv_registry_fail(registry, response, what, error);
}

static void report_done(Push *push, const PvDescriptor *descriptor)
{
	if (push->progress)
		push->progress(push->user_data, descriptor, descriptor->size);
}

/* Drops the blobs that the repository has. */
static gboolean ask_present(Push *push, GError **error)
{
	g_autofree PvHttpRequest *requests = g_new0(PvHttpRequest, push->left);
	g_auto(GStrv) urls = g_new0(char *, push->left + 1);
	PvHttpResponse *responses = g_new0(PvHttpResponse, push->left);
	guint asked = push->left, left = 0;
	gboolean done;

	for (guint i = 0; i < asked; i++) {
		urls[i] =
			blob_url(push->registry, &push->blobs[push->pending[i]].descriptor.digest);
		requests[i] = (PvHttpRequest){ .method = "HEAD", .url = urls[i] };
	}
	done = pv_registry_send_all(push->registry, requests, asked, push->registry->scope,
				    responses, error);
	for (guint i = 0; done && i < asked; i++) {
		const PvDescriptor *descriptor = &push->blobs[push->pending[i]].descriptor;

		if (responses[i].status == 200)
			report_done(push, descriptor);
		else if (responses[i].status == 404)
			push->pending[left++] = push->pending[i];
		else
			done = fail_blob(push->registry, &responses[i], &descriptor->digest, error);
	}
	push->left = left;
	clear_responses(responses, asked);
	return done;
}

static char *upload_address(const PvHttpResponse *response, const PvDigest *digest, GError **error)
{
	const char *location = pv_http_header(response, "location");
	g_autofree char *url = location ? pv_http_resolve(response->url, location) : NULL;
	g_autofree char *escaped = NULL;
	char text[PV_DIGEST_TEXT_SIZE];

	if (!url)
		return pv_fail_null(error, PV_ERROR_SERVER, "%s: no address for the upload",
				    response->url);
	pv_digest_format(digest, text);
	escaped = pv_http_escape(text);
	return g_strdup_printf("%s%sdigest=%s", url, strchr(url, '?') ? "&" : "?", escaped);
}

/* Begins the uploads, or has blobs mounted from repository @from. */
static gboolean begin_uploads(Push *push, const char *from, GError **error)
{
	g_autofree PvHttpRequest *requests = g_new0(PvHttpRequest, push->left);
	g_autofree char *scope = NULL;
	g_auto(GStrv) urls = g_new0(char *, push->left + 1);
	PvHttpResponse *responses = g_new0(PvHttpResponse, push->left);
	guint asked = push->left, left = 0;
	gboolean done;

	for (guint i = 0; i < asked; i++) {
		char digest[PV_DIGEST_TEXT_SIZE];

		pv_digest_format(&push->blobs[push->pending[i]].descriptor.digest, digest);
		urls[i] = from ? g_strdup_printf("%s/blobs/uploads/?mount=%s&from=%s",
						 push->registry->base, digest, from)
			       : g_strdup_printf("%s/blobs/uploads/", push->registry->base);
		requests[i] = (PvHttpRequest){ .method = "POST", .url = urls[i] };
	}
	if (from)
		scope = g_strdup_printf("%s repository:%s:pull", push->registry->scope, from);
	done = pv_registry_send_all(push->registry, requests, asked,
				    scope ? scope : push->registry->scope, responses, error);
	for (guint i = 0; done && i < asked; i++) {
		guint index = push->pending[i];
		const PvDescriptor *descriptor = &push->blobs[index].descriptor;

		if (from && responses[i].status == 201) {
			report_done(push, descriptor);
			continue;
		}
		push->pending[left++] = index;
		if (responses[i].status != 202)
			done = fail_blob(push->registry, &responses[i], &descriptor->digest, error);
		else
			push->uploads[index] =
				upload_address(&responses[i], &descriptor->digest, error);
		done = done && push->uploads[index];
	}
	push->left = left;
	clear_responses(responses, asked);
	return done;
}

/* Hashes a piece that is about to be sent; the last one of wrong content stays here. */
static gboolean hash_piece(void *user_data, guint64 offset, const guint8 *data, gsize size,
			   GError **error)
{
	Passing *passing = user_data;
	const PvDescriptor *descriptor = &passing->blob->descriptor;
	char text[PV_DIGEST_TEXT_SIZE];
	PvDigest digest;

	if (offset == 0) {
		g_clear_pointer(&passing->hasher, pv_hasher_free);
		passing->hasher = pv_hasher_new(descriptor->digest.hash);
		passing->hashed = 0;
	}
	if (!passing->hasher || offset != passing->hashed)
		return pv_fail(error, PV_ERROR_INTERNAL, "an upload went on from the middle");
	pv_hasher_feed(passing->hasher, data, size);
	passing->hashed += size;
	if (passing->hashed < descriptor->size) {
		if (passing->push->progress)
			passing->push->progress(passing->push->user_data, descriptor,
						passing->hashed);
		return TRUE;
	}
	digest = pv_hasher_finish(g_steal_pointer(&passing->hasher));
	if (pv_digest_equal(&digest, &descriptor->digest))
		return TRUE;
	pv_digest_format(&descriptor->digest, text);
	return pv_fail(error, PV_ERROR_DIGEST, "blob %s was changed: its bytes have another digest",
		       text);
}

static gboolean upload(Push *push, GError **error)
{
	g_autofree PvHttpRequest *requests = g_new0(PvHttpRequest, push->left);
	g_autofree Passing *passing = g_new0(Passing, push->left);
	PvHttpResponse *responses = g_new0(PvHttpResponse, push->left);
	gboolean done;

	for (guint i = 0; i < push->left; i++) {
		const PvPushBlob *blob = &push->blobs[push->pending[i]];

		passing[i] = (Passing){ blob, push, NULL, 0 };
		requests[i] = (PvHttpRequest){ .method = "PUT",
					       .url = push->uploads[push->pending[i]],
					       .content_type = "application/octet-stream",
					       .has_body_fd = TRUE,
					       .body_fd = blob->range.fd,
					       .body_fd_offset = blob->range.offset,
					       .body_fd_size = blob->range.size,
					       .passing = hash_piece,
					       .user_data = &passing[i],
					       .may_be_slow = TRUE };
	}
	done = pv_registry_send_all(push->registry, requests, push->left, push->registry->scope,
				    responses, error);
	for (guint i = 0; i < push->left; i++) {
		const PvDescriptor *descriptor = &passing[i].blob->descriptor;

		g_clear_pointer(&passing[i].hasher, pv_hasher_free);
		if (done && responses[i].status != 201 && responses[i].status != 204)
			done = fail_blob(push->registry, &responses[i], &descriptor->digest, error);
		else if (done)
			report_done(push, descriptor);
	}
	clear_responses(responses, push->left);
	return done;
}

static void push_start(Push *push)
{
	push->pending = g_new0(guint, push->count);
	push->uploads = g_new0(char *, push->count);
	for (guint i = 0; i < push->count; i++) {
		gboolean again = FALSE;

		for (guint j = 0; j < i && !again; j++)
			again = pv_digest_equal(&push->blobs[i].descriptor.digest,
						&push->blobs[j].descriptor.digest);
		if (!again)
			push->pending[push->left++] = i;
	}
}

static void push_end(Push *push)
{
	for (guint i = 0; i < push->count; i++)
		g_free(push->uploads[i]);
	g_free(push->uploads);
	g_free(push->pending);
}

gboolean pv_registry_push(PvRegistry *registry, const PvPushBlob *blobs, guint count,
			  const char *from, PvBlobProgress progress, void *user_data,
			  GError **error)
{
	Push push = { .registry = registry,
		      .blobs = blobs,
		      .count = count,
		      .progress = progress,
		      .user_data = user_data };
	gboolean done;

	push_start(&push);
	done = ask_present(&push, error) && begin_uploads(&push, from, error) &&
	       upload(&push, error);
	push_end(&push);
	return done;
}

gboolean pv_registry_mount(PvRegistry *registry, const PvDescriptor *blobs, guint count,
			   const char *from, gboolean *ret_left, GError **error)
{
	g_autofree PvPushBlob *wanted = g_new0(PvPushBlob, count);
	Push push = { .registry = registry, .blobs = wanted, .count = count };
	gboolean done;

	for (guint i = 0; i < count; i++)
		wanted[i].descriptor = blobs[i];
	push_start(&push);
	done = ask_present(&push, error) && begin_uploads(&push, from, error);
	for (guint i = 0; i < count; i++)
		ret_left[i] = FALSE;
	for (guint i = 0; done && i < push.left; i++)
		ret_left[push.pending[i]] = TRUE;
	push_end(&push);
	return done;
}
