/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Fetching blobs: several at a time into a layout's ingest/, each hashed as it arrives. It works in
 * rounds: what broke off in one is continued in the next with a Range request, so a bad line costs
 * no byte twice; a blob that makes no progress for PV_HTTP_ATTEMPTS_MAX rounds ends the fetch.
 */

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "oci/registry_private.h"

#define BACKOFF_MS 200 /* more with each round that brought nothing */

typedef struct Fetch Fetch;

typedef struct {
	Fetch *fetch;
	PvDescriptor descriptor;
	PvIngest *ingest;
	guint64 started_at; /* offset when the round began */
	char *url, *range;
	const char *headers[2];
	gboolean done;
	guint stalls;  /* rounds in a row that brought nothing */
	GError *error; /* of the last round */
} Blob;

struct Fetch {
	PvRegistry *registry;
	PvLayout *layout;
	Blob *blobs;
	guint count;
	PvBlobProgress progress;
	void *user_data;
	GError *fatal;              /* ends everything */
	PvHttpResponse *challenged; /* a 401 of this round */
};

static gboolean begin_blob(void *user_data, const PvHttpResponse *response, GError **error)
{
	Blob *blob = user_data;
	const char *range = pv_http_header(response, "content-range");
	guint64 offset = pv_ingest_offset(blob->ingest);
	g_autofree char *expected = g_strdup_printf("bytes %" G_GUINT64_FORMAT "-", offset);

	if (response->status == 206)
		return (range && g_str_has_prefix(range, expected)) ||
		       pv_fail(error, PV_ERROR_SERVER,
			       "%s: asked for the rest from byte %" G_GUINT64_FORMAT
			       ", got another part",
			       response->url, offset);
	return offset == 0 || pv_ingest_restart(blob->ingest, error);
}

static gboolean take_blob(void *user_data, const guint8 *data, gsize size, GError **error)
{
	Blob *blob = user_data;
	Fetch *fetch = blob->fetch;

	if (fetch->fatal)
		return pv_fail(error, PV_ERROR_UNREACHABLE, "ended because another blob failed");
	if (!pv_ingest_feed(blob->ingest, data, size, error))
		return FALSE;
	if (fetch->progress && pv_ingest_offset(blob->ingest) < blob->descriptor.size)
		fetch->progress(fetch->user_data, &blob->descriptor,
				pv_ingest_offset(blob->ingest));
	return TRUE;
}

static void set_fatal(Fetch *fetch, GError *error)
{
	if (fetch->fatal)
		g_error_free(error);
	else
		fetch->fatal = error;
}

static void commit(Fetch *fetch, Blob *blob)
{
	GError *error = NULL;

	blob->done = pv_ingest_commit(blob->ingest, &error);
	g_clear_pointer(&blob->ingest, pv_ingest_free);
	if (!blob->done)
		set_fatal(fetch, error);
	else if (fetch->progress)
		fetch->progress(fetch->user_data, &blob->descriptor, blob->descriptor.size);
}

static PvHttpResponse *copy_response(const PvHttpResponse *response)
{
	PvHttpResponse *copy = g_new0(PvHttpResponse, 1);

	copy->status = response->status;
	copy->url = g_strdup(response->url);
	copy->headers = g_hash_table_ref(response->headers);
	copy->body = g_bytes_ref(response->body);
	return copy;
}

static void clear_challenged(Fetch *fetch)
{
	if (fetch->challenged)
		pv_http_response_clear(fetch->challenged);
	g_clear_pointer(&fetch->challenged, g_free);
}

static void judge_status(Fetch *fetch, Blob *blob, const PvHttpResponse *response)
{
	char digest[PV_DIGEST_TEXT_SIZE];
	g_autofree char *what = NULL;

	pv_digest_format(&blob->descriptor.digest, digest);
	what = g_strdup_printf("blob %s", digest);
	pv_registry_fail(fetch->registry, response, what, &blob->error);
	if (response->status == 401 && pv_http_origin_equal(response->url, blob->url)) {
		if (!fetch->challenged)
			fetch->challenged = copy_response(response);
		return;
	}
	if (response->status == 416)
		pv_ingest_restart(blob->ingest, NULL);
	else if (response->status < 500)
		set_fatal(fetch, g_steal_pointer(&blob->error));
}

static void end_blob(void *user_data, guint index, const PvHttpResponse *response,
		     const GError *error)
{
	Blob *blob = ((Blob **)user_data)[index];
	Fetch *fetch = blob->fetch;

	g_clear_error(&blob->error);
	if (!response && (g_error_matches(error, PV_ERROR, PV_ERROR_UNREACHABLE) ||
			  g_error_matches(error, PV_ERROR, PV_ERROR_SERVER)))
		blob->error = g_error_copy(error);
	else if (!response)
		set_fatal(fetch, g_error_copy(error));
	else if (response->status == 200 || response->status == 206)
		commit(fetch, blob);
	else
		judge_status(fetch, blob, response);
	if (blob->ingest)
		blob->stalls =
			pv_ingest_offset(blob->ingest) > blob->started_at ? 0 : blob->stalls + 1;
}

static PvHttpRequest request_for(Blob *blob)
{
	Fetch *fetch = blob->fetch;
	char digest[PV_DIGEST_TEXT_SIZE];
	guint64 offset = pv_ingest_offset(blob->ingest);

	pv_digest_format(&blob->descriptor.digest, digest);
	g_free(blob->url);
	blob->url = g_strdup_printf("%s/blobs/%s", fetch->registry->base, digest);
	g_clear_pointer(&blob->range, g_free);
	if (offset > 0)
		blob->range = g_strdup_printf("Range: bytes=%" G_GUINT64_FORMAT "-", offset);
	blob->headers[0] = blob->range;
	blob->headers[1] = NULL;
	blob->started_at = offset;
	return (PvHttpRequest){
		.url = blob->url,
		.headers = blob->headers,
		.authorization = pv_auth_header(fetch->registry->auth, fetch->registry->scope),
		.max_bytes = blob->descriptor.size,
		.begin = begin_blob,
		.sink = take_blob,
		.user_data = blob,
	};
}

/* Sends what is not there yet; FALSE if nothing was left to send. */
static gboolean run_round(Fetch *fetch)
{
	g_autofree PvHttpRequest *requests = g_new0(PvHttpRequest, fetch->count);
	g_autofree Blob **pending = g_new0(Blob *, fetch->count);
	guint count = 0;

	for (guint i = 0; i < fetch->count && !fetch->fatal; i++) {
		Blob *blob = &fetch->blobs[i];

		if (!blob->done && pv_ingest_offset(blob->ingest) == blob->descriptor.size)
			commit(fetch, blob);
		if (blob->done || fetch->fatal)
			continue;
		requests[count] = request_for(blob);
		pending[count++] = blob;
	}
	if (count > 0 && !fetch->fatal)
		pv_http_send_many(fetch->registry->http, requests, count, PV_HTTP_PARALLEL,
				  end_blob, pending);
	return count > 0 && !fetch->fatal;
}

/* The first blob that has stalled for too long, if one has. */
static const Blob *given_up(const Fetch *fetch, guint *ret_stalls)
{
	*ret_stalls = 0;
	for (guint i = 0; i < fetch->count; i++) {
		const Blob *blob = &fetch->blobs[i];

		if (blob->done)
			continue;
		*ret_stalls = MAX(*ret_stalls, blob->stalls);
		if (blob->stalls >= PV_HTTP_ATTEMPTS_MAX)
			return blob;
	}
	return NULL;
}

static gboolean run(Fetch *fetch, GError **error)
{
	guint stalls;

	while (run_round(fetch)) {
		const Blob *lost = given_up(fetch, &stalls);

		if (fetch->fatal)
			break;
		if (lost) {
			g_propagate_error(error, g_error_copy(lost->error));
			return FALSE;
		}
		if (fetch->challenged) {
			if (!pv_auth_answer(fetch->registry->auth, fetch->challenged,
					    fetch->registry->scope, error))
				return FALSE;
			clear_challenged(fetch);
		} else if (stalls > 0) {
			g_usleep(stalls * BACKOFF_MS * 1000);
		}
	}
	if (!fetch->fatal)
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&fetch->fatal));
	return FALSE;
}

static int compare_blobs(const void *a, const void *b)
{
	const Blob *one = a, *two = b;

	if (one->descriptor.digest.hash != two->descriptor.digest.hash)
		return one->descriptor.digest.hash < two->descriptor.digest.hash ? -1 : 1;
	return memcmp(one->descriptor.digest.raw, two->descriptor.digest.raw, PV_DIGEST_BYTES_MAX);
}

/* In the order of digests, so that two processes never wait for each other's locks; each once. */
static gboolean open_blobs(Fetch *fetch, const PvDescriptor *wanted, guint count, GError **error)
{
	guint kept = 0;

	fetch->blobs = g_new0(Blob, count);
	for (guint i = 0; i < count; i++) {
		fetch->blobs[i].fetch = fetch;
		fetch->blobs[i].descriptor = wanted[i];
	}
	qsort(fetch->blobs, count, sizeof(Blob), compare_blobs);
	for (guint i = 0; i < count; i++) {
		Blob *blob = &fetch->blobs[kept];

		if (i > 0 && kept > 0 &&
		    pv_digest_equal(&fetch->blobs[kept - 1].descriptor.digest,
				    &fetch->blobs[i].descriptor.digest))
			continue;
		*blob = fetch->blobs[i];
		if (pv_layout_has(fetch->layout, &blob->descriptor))
			continue;
		blob->ingest = pv_ingest_open(fetch->layout, &blob->descriptor, error);
		if (!blob->ingest)
			return FALSE;
		kept++;
		fetch->count = kept;
		blob->done = pv_layout_has(fetch->layout, &blob->descriptor);
	}
	return TRUE;
}

gboolean pv_registry_fetch(PvRegistry *registry, PvLayout *layout, const PvDescriptor *blobs,
			   guint count, PvBlobProgress progress, void *user_data, GError **error)
{
	Fetch fetch = {
		.registry = registry, .layout = layout, .progress = progress, .user_data = user_data
	};
	gboolean done = open_blobs(&fetch, blobs, count, error) && run(&fetch, error);

	for (guint i = 0; i < fetch.count; i++) {
		Blob *blob = &fetch.blobs[i];

		g_clear_pointer(&blob->ingest, pv_ingest_free);
		g_free(blob->url);
		g_free(blob->range);
		g_clear_error(&blob->error);
	}
	g_clear_error(&fetch.fatal);
	clear_challenged(&fetch);
	g_free(fetch.blobs);
	return done;
}
