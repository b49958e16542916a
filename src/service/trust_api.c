/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Routes of the trust API (trust.md 1.1) and the clock behind it. A GUN is everything between
 * `/v2/` and the last `/_trust/`; it is untrusted and only ever used as a key of the store.
 */

#include "service/trust_api.h"

#include <string.h>

#include "base/canonical.h"
#include "base/error.h"
#include "base/json.h"
#include "base/limits.h"
#include "service/publish.h"
#include "service/upload.h"

#define JSON_TYPE       "application/json; charset=utf-8"
#define RENEW_BEFORE_S  ((gint64)7 * 24 * 3600) /* half of a timestamp's life is left */
#define RENEW_EVERY_S   60
#define RENEW_BATCH     100
#define CURRENT_MAX_AGE "public, max-age=300, s-maxage=300, must-revalidate"
#define FIXED_MAX_AGE   "public, max-age=2592000, s-maxage=2592000"

struct PvTrustApi {
	PvStore *store;
	PvSigner *signer;
	GMutex publishing; /* one publish at a time: each signs on top of the one before */
	GMutex clock_lock;
	GCond clock_wake;
	gboolean stopping;
	GThread *clock;
};

/* --- the clock ---------------------------------------------------------------------------- */

static void renew_expiring(PvTrustApi *api)
{
	g_autoptr(GError) error = NULL;
	PvTime now = pv_time_now();
	g_autoptr(GPtrArray) guns =
		pv_store_expiring(api->store, now, pv_time_add_seconds(now, RENEW_BEFORE_S),
				  RENEW_BATCH, &error);

	if (!guns) {
		g_warning("cannot look for timestamps to renew: %s", error->message);
		return;
	}
	for (guint i = 0; i < guns->len; i++) {
		g_autoptr(GMutexLocker) locked = g_mutex_locker_new(&api->publishing);
		g_autoptr(GError) failure = NULL;

		if (!pv_publish_renew(api->store, api->signer, guns->pdata[i], now, &failure))
			g_warning("cannot renew the timestamp of %s: %s",
				  (const char *)guns->pdata[i], failure->message);
	}
}

static void *run_clock(void *data)
{
	PvTrustApi *api = data;

	g_mutex_lock(&api->clock_lock);
	while (!api->stopping) {
		gint64 next = g_get_monotonic_time() + RENEW_EVERY_S * G_USEC_PER_SEC;

		g_mutex_unlock(&api->clock_lock);
		renew_expiring(api);
		g_mutex_lock(&api->clock_lock);
		while (!api->stopping &&
		       g_cond_wait_until(&api->clock_wake, &api->clock_lock, next))
			;
	}
	g_mutex_unlock(&api->clock_lock);
	return NULL;
}

PvTrustApi *pv_trust_api_new(PvStore *store, PvSigner *signer)
{
	PvTrustApi *api = g_new0(PvTrustApi, 1);

	api->store = store;
	api->signer = signer;
	g_mutex_init(&api->publishing);
	g_mutex_init(&api->clock_lock);
	g_cond_init(&api->clock_wake);
	api->clock = g_thread_new("renew", run_clock, api);
	return api;
}

void pv_trust_api_free(PvTrustApi *api)
{
	if (!api)
		return;
	g_mutex_lock(&api->clock_lock);
	api->stopping = TRUE;
	g_cond_signal(&api->clock_wake);
	g_mutex_unlock(&api->clock_lock);
	g_thread_join(api->clock);
	g_mutex_clear(&api->publishing);
	g_mutex_clear(&api->clock_lock);
	g_cond_clear(&api->clock_wake);
	g_free(api);
}

/* --- answers ------------------------------------------------------------------------------ */

static void answer_text(PvServerAnswer *answer, const char *type, const char *text)
{
	answer->status = 200;
	answer->content_type = type;
	answer->body = g_bytes_new(text, strlen(text));
}

static void answer_json(PvServerAnswer *answer, json_t *value)
{
	char *text = pv_json_text(value, FALSE);

	answer->status = 200;
	answer->content_type = JSON_TYPE;
	answer->body = g_bytes_new_take(text, strlen(text));
}

static void answer_refusal(PvServerAnswer *answer, PvReply reply, json_t *detail)
{
	PvRefusal refusal = { reply, detail };

	pv_reply_send(answer, &refusal);
}

static void answer_error(PvServerAnswer *answer, const GError *error)
{
	PvReply reply = PV_REPLY_UNKNOWN;

	if (g_error_matches(error, PV_ERROR, PV_ERROR_NOT_FOUND)) {
		answer_refusal(answer, PV_REPLY_NOT_FOUND, json_object());
		return;
	}
	g_warning("%s", error->message);
	if (g_error_matches(error, PV_ERROR, PV_ERROR_IO))
		reply = PV_REPLY_NO_STORAGE;
	else if (g_error_matches(error, PV_ERROR, PV_ERROR_KEY) ||
		 g_error_matches(error, PV_ERROR, PV_ERROR_UNREACHABLE))
		reply = PV_REPLY_NO_CRYPTOSERVICE;
	answer_refusal(answer, reply, NULL);
}

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

/* --- GET of metadata ---------------------------------------------------------------------- */

/* What `<role>.json`, `<role>.<sha256>.json` or `<n>.<role>.json` asks for. */
typedef struct {
	char *role;
	PvDigest sha256; /* size 0 if not by hash */
	gint64 version;  /* 0 if not by version */
} Wanted;

static gboolean is_digits(const char *text, gsize length)
{
	for (gsize i = 0; i < length; i++) {
		if (!g_ascii_isdigit(text[i]))
			return FALSE;
	}
	return length > 0;
}

static gboolean split_wanted(const char *file, Wanted *ret_wanted)
{
	g_autofree char *name = g_strndup(file, strlen(file) - strlen(".json"));
	char *dot = strrchr(name, '.');
	PvRoleKind kind;
	Wanted wanted = { 0 };

	if (dot && is_digits(name, (gsize)(dot - name)) && dot - name < 10) {
		wanted.version = g_ascii_strtoll(name, NULL, 10);
		wanted.role = g_strdup(dot + 1);
		if (wanted.version < 1)
			goto wrong;
	} else if (dot) {
		g_autofree char *text = g_strconcat("sha256:", dot + 1, NULL);

		wanted.role = g_strndup(name, (gsize)(dot - name));
		if (!pv_digest_parse(text, strlen(text), &wanted.sha256, NULL))
			goto wrong;
	} else {
		wanted.role = g_strdup(name);
	}
	if (pv_role_kind(wanted.role, &kind, NULL)) {
		*ret_wanted = wanted;
		return TRUE;
	}
wrong:
	g_free(wanted.role);
	return FALSE;
}

static void get_metadata(PvTrustApi *api, const char *gun, const char *file, PvServerAnswer *answer)
{
	g_auto(PvStoredFile) found = { 0 };
	g_autoptr(GError) error = NULL;
	g_autofree char *role = NULL;
	g_autofree char *date = NULL;
	gboolean fixed;
	Wanted wanted;

	if (!split_wanted(file, &wanted)) {
		answer_refusal(answer, PV_REPLY_NOT_FOUND, json_object());
		return;
	}
	role = wanted.role;
	fixed = wanted.sha256.size > 0 || wanted.version > 0;
	if (!pv_store_get(api->store, gun, role, wanted.sha256.size ? &wanted.sha256 : NULL,
			  wanted.version, &found, &error)) {
		answer_error(answer, error);
		return;
	}
	date = http_date(found.created);
	answer->status = 200;
	answer->content_type = "application/json";
	answer->body = g_steal_pointer(&found.data);
	pv_server_answer_header(answer, "Cache-Control", fixed ? FIXED_MAX_AGE : CURRENT_MAX_AGE);
	pv_server_answer_header(answer, "Last-Modified", date);
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
		answer_error(answer, error);
		return;
	}
	data = g_bytes_get_data(pv_public_key_encoded(key), &size);
	encoded = g_base64_encode(data, size);
	value = json_pack("{s:s, s:{s:s, s:n}}", "keytype", pv_public_key_type(key), "keyval",
			  "public", encoded, "private");
	answer_json(answer, value);
}

static void post_upload(PvTrustApi *api, const char *gun, const PvServerRequest *request,
			PvServerAnswer *answer)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) parts = pv_upload_parse(request->content_type, request->body, &error);
	g_autoptr(GMutexLocker) locked = NULL;
	PvRefusal refusal = { 0 };

	if (!parts) {
		answer_refusal(answer, PV_REPLY_MALFORMED_UPLOAD, NULL);
		return;
	}
	locked = g_mutex_locker_new(&api->publishing);
	if (pv_publish_upload(api->store, api->signer, gun, parts, pv_time_now(), &refusal))
		answer->status = 200;
	else
		pv_reply_send(answer, &refusal);
}

static void delete_gun(PvTrustApi *api, const char *gun, PvServerAnswer *answer)
{
	g_autoptr(GMutexLocker) locked = g_mutex_locker_new(&api->publishing);
	g_autoptr(GError) error = NULL;

	/* The keys last: a repository without keys cannot be published, keys without one only lie. */
	if (!pv_store_remove(api->store, gun, pv_time_now(), &error) ||
	    !pv_signer_remove(api->signer, gun, &error))
		answer_error(answer, error);
	else
		answer->status = 200;
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

static void get_changes(PvTrustApi *api, const char *gun, const PvServerRequest *request,
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
		answer_refusal(answer, PV_REPLY_INVALID_PARAMETERS,
			       json_string("invalid records parameter: expected an integer"));
		return;
	}
	if (after_text && *after_text && !integer_of(after_text, &after)) {
		answer_refusal(answer, PV_REPLY_INVALID_PARAMETERS, json_object());
		return;
	}
	records = records == 0
			  ? 100
			  : CLAMP(records, -PV_CHANGEFEED_RECORDS_MAX, PV_CHANGEFEED_RECORDS_MAX);
	changes = pv_store_changes(api->store, gun, after, records, &error);
	if (!changes) {
		answer_error(answer, error);
		return;
	}
	for (guint i = 0; i < changes->len; i++)
		json_array_append_new(list, json_of_change(changes->pdata[i]));
	value = json_pack("{s:i, s:O}", "count", (int)changes->len, "records", list);
	if (changes->len == 0)
		json_object_set_new(value, "records", json_null());
	answer_json(answer, value);
}

/* --- routes ------------------------------------------------------------------------------- */

static void get_health(PvTrustApi *api, PvServerAnswer *answer)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(json_t) value = NULL;

	if (pv_store_check(api->store, &error)) {
		answer_text(answer, JSON_TYPE, "{}");
		return;
	}
	value = json_pack("{s:s}", "store", error->message);
	answer_json(answer, value);
	answer->status = 503;
}

static void route_key(PvTrustApi *api, const char *gun, const char *file,
		      const PvServerRequest *request, PvServerAnswer *answer)
{
	g_autofree char *role = g_strndup(file, strlen(file) - strlen(".key"));
	gboolean get = strcmp(request->method, "GET") == 0;
	gboolean known = strcmp(role, "timestamp") == 0 || strcmp(role, "snapshot") == 0;

	if (known && (get || strcmp(request->method, "POST") == 0))
		answer_key(api, gun, role, !get, answer);
	else
		answer_refusal(answer, PV_REPLY_NOT_FOUND, NULL);
}

/* @rest is what follows `/_trust/`. */
static void route_repository(PvTrustApi *api, const char *gun, const char *rest,
			     const PvServerRequest *request, PvServerAnswer *answer)
{
	gboolean get = strcmp(request->method, "GET") == 0;

	if (strcmp(rest, "changefeed") == 0 && get)
		get_changes(api, gun, request, answer);
	else if (strcmp(rest, "tuf/") == 0 && strcmp(request->method, "POST") == 0)
		post_upload(api, gun, request, answer);
	else if (strcmp(rest, "tuf/") == 0 && strcmp(request->method, "DELETE") == 0)
		delete_gun(api, gun, answer);
	else if (g_str_has_prefix(rest, "tuf/") && g_str_has_suffix(rest, ".key"))
		route_key(api, gun, rest + 4, request, answer);
	else if (g_str_has_prefix(rest, "tuf/") && g_str_has_suffix(rest, ".json") && get)
		get_metadata(api, gun, rest + 4, answer);
	else
		answer_refusal(answer, PV_REPLY_NOT_FOUND, NULL);
}

static gboolean is_gun(const char *gun)
{
	return *gun && strlen(gun) <= PV_GUN_BYTES_MAX && !strchr(gun, '*') && !strstr(gun, "//") &&
	       !strstr(gun, "..") && g_utf8_validate(gun, -1, NULL);
}

static gboolean is_known_method(const char *method)
{
	static const char *const known[] = { "GET", "POST", "PUT", "HEAD", "DELETE", NULL };

	return g_strv_contains(known, method);
}

void pv_trust_api_handle(void *data, const PvServerRequest *request, PvServerAnswer *answer)
{
	PvTrustApi *api = data;
	gboolean get = strcmp(request->method, "GET") == 0;
	g_autofree char *gun = NULL;
	const char *path = request->path, *trust;

	if (!is_known_method(request->method)) {
		answer_refusal(answer, PV_REPLY_METHOD_NOT_ALLOWED, NULL);
		return;
	}
	if (get && strcmp(path, "/v2/") == 0) {
		answer_text(answer, "application/json", "{}");
		return;
	}
	if (get && strcmp(path, "/_notary_server/health") == 0) {
		get_health(api, answer);
		return;
	}
	if (get && strcmp(path, "/v2/_trust/changefeed") == 0) {
		get_changes(api, NULL, request, answer);
		return;
	}
	trust = g_str_has_prefix(path, "/v2/") ? g_strrstr(path, "/_trust/") : NULL;
	if (trust && trust > path + 4)
		gun = g_strndup(path + 4, (gsize)(trust - path - 4));
	if (gun && is_gun(gun))
		route_repository(api, gun, trust + strlen("/_trust/"), request, answer);
	else
		answer_refusal(answer, PV_REPLY_NOT_FOUND, NULL);
}
