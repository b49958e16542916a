/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The trust API (trust.md 1.1): each request is routed, admitted, answered and counted. A GUN is
 * untrusted and only ever used as a key of the store.
 */

#include "service/trust_api.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/limits.h"
#include "service/publish.h"
#include "service/trust_handlers.h"
#include "service/upload.h"

GMutex *pv_trust_lock_of(PvTrustApi *api, const char *gun)
{
	return &api->publishing[g_str_hash(gun) % PV_PUBLISH_LOCKS];
}

/* --- answers ------------------------------------------------------------------------------ */

void pv_trust_answer_json(PvServerAnswer *answer, const json_t *value)
{
	char *text = pv_json_text(value, FALSE);

	answer->status = 200;
	answer->content_type = "application/json";
	answer->body = g_bytes_new_take(text, strcspn(text, "\n")); /* as Notary: no line end */
}

void pv_trust_answer_refusal(PvServerAnswer *answer, PvReply reply, json_t *detail)
{
	PvRefusal refusal = { reply, detail };

	pv_reply_send(answer, &refusal);
}

void pv_trust_answer_error(PvServerAnswer *answer, const GError *error)
{
	PvReply reply = PV_REPLY_UNKNOWN;

	if (g_error_matches(error, PV_ERROR, PV_ERROR_NOT_FOUND)) {
		pv_trust_answer_refusal(answer, PV_REPLY_NOT_FOUND, json_object());
		return;
	}
	g_warning("%s", error->message);
	if (g_error_matches(error, PV_ERROR, PV_ERROR_IO))
		reply = PV_REPLY_NO_STORAGE;
	else if (g_error_matches(error, PV_ERROR, PV_ERROR_KEY) ||
		 g_error_matches(error, PV_ERROR, PV_ERROR_UNREACHABLE))
		reply = PV_REPLY_NO_CRYPTOSERVICE;
	pv_trust_answer_refusal(answer, reply, NULL);
}

static void answer_moved(const char *path, PvServerAnswer *answer)
{
	g_autofree char *clean = pv_route_clean_path(path);
	g_autofree char *location = g_uri_escape_string(clean, "/:@", FALSE);

	answer->status = 301;
	pv_server_answer_header(answer, "Location", location);
}

/* --- keys, publish, delete ---------------------------------------------------------------- */

static void answer_key(PvTrustApi *api, const char *gun, const char *role, gboolean rotate,
		       PvServerAnswer *answer)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(PvPublicKey) key =
		pv_publish_server_key(api->store, api->signer, gun, role, rotate, &error);
	g_autoptr(json_t) value = NULL;
	g_autofree char *encoded = NULL;
	gsize size;
	const void *data;

	if (!key) {
		pv_trust_answer_error(answer, error);
		return;
	}
	data = g_bytes_get_data(pv_public_key_encoded(key), &size);
	encoded = g_base64_encode(data, size);
	value = json_pack("{s:s, s:{s:s, s:n}}", "keytype", pv_public_key_type(key), "keyval",
			  "public", encoded, "private");
	pv_trust_answer_json(answer, value);
}

static void post_upload(PvTrustApi *api, const char *gun, const PvServerRequest *request,
			PvServerAnswer *answer)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) parts = pv_upload_parse(request->content_type, request->body, &error);
	g_autoptr(GMutexLocker) locked = NULL;
	PvRefusal refusal = { 0 };

	if (!parts) {
		pv_trust_answer_refusal(answer, PV_REPLY_MALFORMED_UPLOAD, NULL);
		return;
	}
	locked = g_mutex_locker_new(pv_trust_lock_of(api, gun));
	if (!pv_publish_upload(api->store, api->signer, gun, parts, pv_time_now(), &refusal))
		pv_reply_send(answer, &refusal);
}

static void delete_gun(PvTrustApi *api, const char *gun, PvServerAnswer *answer)
{
	g_autoptr(GMutexLocker) locked = g_mutex_locker_new(pv_trust_lock_of(api, gun));
	g_autoptr(GError) error = NULL;

	/* The keys last: a repository without keys cannot be published, keys without one only lie. */
	if (!pv_store_remove(api->store, gun, pv_time_now(), &error) ||
	    !pv_signer_remove(api->signer, gun, &error))
		pv_trust_answer_error(answer, error);
}

/* --- requests ----------------------------------------------------------------------------- */

static void dispatch(PvTrustApi *api, const PvRoute *route, const PvServerRequest *request,
		     PvServerAnswer *answer)
{
	switch (route->operation) {
	case PV_OPERATION_PING:
		answer->content_type = "application/json";
		answer->body = g_bytes_new_static("{}", 2);
		return;
	case PV_OPERATION_HEALTH:
		pv_trust_get_health(api, answer);
		return;
	case PV_OPERATION_METRICS:
		pv_trust_get_metrics(api, answer);
		return;
	case PV_OPERATION_UPDATE:
		post_upload(api, route->gun, request, answer);
		return;
	case PV_OPERATION_GET_ROLE:
	case PV_OPERATION_GET_ROLE_BY_HASH:
	case PV_OPERATION_GET_ROLE_BY_VERSION:
		pv_trust_get_metadata(api, route, request, answer);
		return;
	case PV_OPERATION_GET_KEY:
	case PV_OPERATION_ROTATE_KEY:
		answer_key(api, route->gun, route->role,
			   route->operation == PV_OPERATION_ROTATE_KEY, answer);
		return;
	case PV_OPERATION_DELETE:
		delete_gun(api, route->gun, answer);
		return;
	case PV_OPERATION_CHANGES:
	case PV_OPERATION_ALL_CHANGES:
		pv_trust_get_changes(api, *route->gun ? route->gun : NULL, request, answer);
		return;
	case PV_OPERATION_GET_ATTESTATION:
		pv_trust_get_attestation(api, route, answer);
		return;
	case PV_OPERATION_PUT_ATTESTATION:
		pv_trust_put_attestation(api, route, request, answer);
		return;
	case PV_OPERATION_MOVED:
		answer_moved(request->path, answer);
		return;
	case PV_OPERATION_REFUSED:
		pv_trust_answer_refusal(answer, PV_REPLY_METHOD_NOT_ALLOWED, NULL);
		return;
	case PV_OPERATION_UNKNOWN:
	case PV_OPERATION_COUNT:
		break;
	}
	pv_trust_answer_refusal(answer, PV_REPLY_NOT_FOUND, NULL);
}

static gsize size_of(const PvServerAnswer *answer)
{
	if (answer->ready)
		return pv_ready_answer_size(answer->ready);
	return answer->body ? g_bytes_get_size(answer->body) : 0;
}

static void count(PvTrustApi *api, const PvRoute *route, const PvServerRequest *request,
		  const PvServerAnswer *answer, gint64 began_us)
{
	pv_metrics_count(api->metrics, route->operation, request->method, answer->status,
			 (guint64)(g_get_monotonic_time() - began_us),
			 strlen(request->path) +
				 (request->body ? g_bytes_get_size(request->body) : 0),
			 size_of(answer));
}

static gboolean admit(void *data, const PvServerRequest *request, PvServerAnswer *answer)
{
	PvTrustApi *api = data;
	gint64 began_us;
	PvRoute route;

	/* Most requests have no body and nobody to ask: they are routed once, when they are answered. */
	if (!api->options.access && strcmp(request->method, "PUT") != 0)
		return TRUE;
	began_us = g_get_monotonic_time();
	pv_route_parse(request->method, request->path, &route);
	if ((!api->options.access ||
	     pv_access_check(api->options.access, &route, request, answer)) &&
	    (route.operation != PV_OPERATION_PUT_ATTESTATION ||
	     pv_trust_admit_attestation(request, answer)))
		return TRUE;
	count(api, &route, request, answer, began_us);
	return FALSE;
}

static void handle(void *data, const PvServerRequest *request, PvServerAnswer *answer)
{
	PvTrustApi *api = data;
	gint64 began_us = g_get_monotonic_time();
	PvRoute route;

	pv_route_parse(request->method, request->path, &route);
	dispatch(api, &route, request, answer);
	count(api, &route, request, answer, began_us);
}

/* --- life --------------------------------------------------------------------------------- */

static char *cache_control(guint max_age_s, gboolean is_fixed)
{
	if (max_age_s == 0)
		return g_strdup("max-age=0, no-cache, no-store");
	return g_strdup_printf("public, max-age=%u, s-maxage=%u%s", max_age_s, max_age_s,
			       is_fixed ? "" : ", must-revalidate");
}

PvTrustApi *pv_trust_api_new(PvStore *store, PvSigner *signer, const PvTrustApiOptions *options)
{
	PvTrustApi *api = g_new0(PvTrustApi, 1);

	api->store = store;
	api->signer = signer;
	api->options = *options;
	api->current_cache_control = cache_control(options->current_max_age_s, FALSE);
	api->consistent_cache_control = cache_control(options->consistent_max_age_s, TRUE);
	api->current = pv_current_new(options->cache_bytes);
	api->metrics = pv_metrics_new();
	api->handler = (PvServerHandler){ admit, handle, api };
	for (guint i = 0; i < PV_PUBLISH_LOCKS; i++)
		g_mutex_init(&api->publishing[i]);
	pv_trust_clock_start(api);
	return api;
}

void pv_trust_api_free(PvTrustApi *api)
{
	if (!api)
		return;
	pv_trust_clock_stop(api);
	for (guint i = 0; i < PV_PUBLISH_LOCKS; i++)
		g_mutex_clear(&api->publishing[i]);
	pv_metrics_free(api->metrics);
	pv_current_free(api->current);
	g_free(api->current_cache_control);
	g_free(api->consistent_cache_control);
	g_free(api);
}

const PvServerHandler *pv_trust_api_handler(PvTrustApi *api)
{
	return &api->handler;
}
