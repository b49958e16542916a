/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the trust API reads: metadata, by way of the answers kept in memory; the change feed; its own
 * health.
 */

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/limits.h"
#include "service/trust_handlers.h"

/* --- metadata ----------------------------------------------------------------------------- */

/* RFC 9110 5.6.7: "Mon, 23 Nov 2026 20:43:03 GMT". */
static char *http_date(PvTime time)
{
	static const char *const days[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
					      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	g_autoptr(GDateTime) date = g_date_time_new_from_unix_utc(time.seconds);

	return g_strdup_printf("%s, %02d %s %04d %02d:%02d:%02d GMT",
			       days[g_date_time_get_day_of_week(date) - 1],
			       g_date_time_get_day_of_month(date),
			       months[g_date_time_get_month(date) - 1], g_date_time_get_year(date),
			       g_date_time_get_hour(date), g_date_time_get_minute(date),
			       g_date_time_get_second(date));
}

/* FALSE if @route asks by a hash that no file can be found by: only lower-case sha256 ever is. */
static gboolean hash_of(const PvRoute *route, PvDigest *ret_digest)
{
	char text[sizeof "sha256:" + 64] = "sha256:";

	if (route->hash_length != 64)
		return FALSE;
	memcpy(text + strlen("sha256:"), route->hash, 64);
	return pv_digest_parse(text, strlen("sha256:") + 64, ret_digest, NULL);
}

PvReadyAnswer *pv_trust_ready_answer(const PvTrustApi *api, const char *content_type,
				     const PvStoredFile *file, gboolean is_fixed)
{
	const char *control = is_fixed ? api->consistent_cache_control : api->current_cache_control;
	g_autofree char *hex = pv_digest_hex(&file->sha256);
	g_autofree char *etag = g_strdup_printf("\"%s\"", hex);
	g_autofree char *date = http_date(file->created);
	const char *headers[] = {
		"Last-Modified", date, "Cache-Control", control, NULL, NULL, NULL
	};

	if (strstr(control, "no-store")) {
		headers[4] = "Pragma";
		headers[5] = "no-cache";
	}
	return pv_ready_answer_new(content_type, file->data, etag, headers);
}

void pv_trust_get_metadata(PvTrustApi *api, const PvRoute *route, const PvServerRequest *request,
			   PvServerAnswer *answer)
{
	gboolean by_hash = route->operation == PV_OPERATION_GET_ROLE_BY_HASH;
	g_auto(PvStoredFile) found = { 0 };
	g_autoptr(GError) error = NULL;
	guint64 generation = pv_store_generation(api->store, route->gun);
	PvDigest sha256;

	answer->ready = pv_current_get(api->current, request->path, generation);
	if (answer->ready)
		return;
	if (by_hash && !hash_of(route, &sha256)) {
		pv_trust_answer_refusal(answer, PV_REPLY_NOT_FOUND, json_object());
		return;
	}
	if (!pv_store_get(api->store, route->gun, route->role, by_hash ? &sha256 : NULL,
			  route->version, &found, &error)) {
		pv_trust_answer_error(answer, error);
		return;
	}
	answer->ready = pv_trust_ready_answer(api, "application/json", &found,
					      by_hash || route->version > 0);
	pv_current_put(api->current, request->path, answer->ready, generation);
}

/* --- change feed -------------------------------------------------------------------------- */

static json_t *json_of_change(const PvStoreChange *change)
{
	g_autofree char *id = g_strdup_printf("%" G_GINT64_FORMAT, change->id);
	char created[PV_TIME_TEXT_SIZE];

	pv_time_format(change->created, created);
	return json_pack("{s:s, s:s, s:s, s:I, s:s, s:s}", "ID", id, "CreatedAt", created, "GUN",
			 change->gun, "Version", (json_int_t)change->version, "SHA256",
			 change->sha256, "Category", change->is_deletion ? "deletion" : "update");
}

static gboolean integer_of(const char *text, gint64 *ret_value)
{
	return g_ascii_string_to_signed(text, 10, -G_MAXINT32, G_MAXINT64, ret_value, NULL);
}

void pv_trust_get_changes(PvTrustApi *api, const char *gun, const PvServerRequest *request,
			  PvServerAnswer *answer)
{
	const char *records_text = pv_http_server_query(request, "records");
	const char *after_text = pv_http_server_query(request, "change_id");
	gint64 records = 0, after = 0;
	g_autoptr(GPtrArray) changes = NULL;
	g_autoptr(GError) error = NULL;
	g_autoptr(json_t) list = json_array();
	g_autoptr(json_t) value = NULL;

	if (!records_text || !integer_of(records_text, &records)) {
		pv_trust_answer_refusal(answer, PV_REPLY_INVALID_PARAMETERS,
					json_string(
						"invalid records parameter: expected an integer"));
		return;
	}
	if (after_text && *after_text && !integer_of(after_text, &after)) {
		pv_trust_answer_refusal(answer, PV_REPLY_INVALID_PARAMETERS, json_object());
		return;
	}
	records = records == 0
			  ? 100
			  : CLAMP(records, -PV_CHANGEFEED_RECORDS_MAX, PV_CHANGEFEED_RECORDS_MAX);
	changes = pv_store_changes(api->store, gun, after, records, &error);
	if (!changes) {
		pv_trust_answer_error(answer, error);
		return;
	}
	for (guint i = 0; i < changes->len; i++)
		json_array_append_new(list, json_of_change(changes->pdata[i]));
	value = json_pack("{s:i, s:O}", "count", (int)changes->len, "records", list);
	if (changes->len == 0)
		json_object_set_new(value, "records", json_null());
	pv_trust_answer_json(answer, value);
}

/* --- health and metrics ------------------------------------------------------------------- */

void pv_trust_get_health(PvTrustApi *api, PvServerAnswer *answer)
{
	g_autoptr(GError) store = NULL;
	g_autoptr(GError) signer = NULL;
	g_autoptr(json_t) value = json_object();

	if (!pv_store_check(api->store, &store))
		json_object_set_new(value, "store", json_string(store->message));
	if (!pv_signer_check(api->signer, &signer))
		json_object_set_new(value, "signer", json_string(signer->message));
	pv_trust_answer_json(answer, value);
	if (json_object_size(value) > 0)
		answer->status = 503;
}

void pv_trust_get_metrics(PvTrustApi *api, PvServerAnswer *answer)
{
	char *text = pv_metrics_text(api->metrics);

	answer->content_type = "text/plain; version=0.0.4; charset=utf-8";
	answer->body = g_bytes_new_take(text, strlen(text));
}
