/* SPDX-License-Identifier: Apache-2.0 */

/*
 * pavise-fetch SERVER GUN [CA [CERTIFICATE KEY]] ("" for none): speaks HTTP to a trust server for the program that started it
 * (trust/fetch_protocol.h). It knows no keys and believes nothing: what it brings is verified by
 * who asked.
 */

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/json.h"
#include "base/limits.h"
#include "config.h"
#include "oci/auth.h"
#include "oci/http.h"
#include "trust/fetch_protocol.h"

#define SOCKET_FD        3
#define GET_TIMEOUT_MS   40000 /* longer than PV_HTTP_SLOW_SECONDS, whose sentence says more */
#define GET_BYTES_PER_MS 64

typedef struct {
	const char *server, *gun;
	char *host; /* for messages and credentials */
	PvHttp *http;
	PvAuth *auth;
} Fetch;

static char *url_of(const Fetch *fetch, const char *file)
{
	const char *slash = g_str_has_suffix(fetch->server, "/") ? "" : "/";

	return g_strdup_printf("%s%sv2/%s/_trust/tuf/%s", fetch->server, slash, fetch->gun, file);
}

/* What the first error of a body says, in the server's own words. */
static char *reason_of(const PvHttpResponse *response, const char **ret_code, json_t **ret_body)
{
	json_t *body = pv_json_load(response->body, PV_HTTP_ERROR_BYTES_MAX, "", NULL);
	const json_t *first = json_array_get(json_object_get(body, "errors"), 0);
	const json_t *detail = json_object_get(first, "detail");
	const char *message = pv_json_string(first, "message");
	const char *why = pv_json_string(json_object_get(detail, "Error"), "Msg");

	*ret_body = body;
	*ret_code = pv_json_string(first, "code");
	if (!message)
		return g_strdup("no reason was given");
	return why ? g_strdup_printf("%s %s", message, why) : g_strdup(message);
}

static gboolean fail_by_status(const Fetch *fetch, const PvHttpResponse *response, GError **error)
{
	g_autoptr(json_t) body = NULL;
	const char *code;
	g_autofree char *reason = reason_of(response, &code, &body);

	switch (response->status) {
	case 404:
		return pv_fail(error, PV_ERROR_NOT_SIGNED, "%s has no trust data for %s",
			       fetch->host, fetch->gun);
	case 401:
	case 403:
		return pv_fail(error, PV_ERROR_UNAUTHORIZED, "%s does not allow this for %s",
			       fetch->host, fetch->gun);
	case 400:
		if (g_strcmp0(code, "VERSION") == 0)
			return pv_fail(error, PV_ERROR_CONFLICT,
				       "somebody else published %s meanwhile", fetch->gun);
		return pv_fail(error, PV_ERROR_REFUSED, "%s refused the trust data of %s: %s",
			       fetch->host, fetch->gun, reason);
	default:
		return pv_fail(error, PV_ERROR_UNREACHABLE, "%s answered for %s: %s (status %d)",
			       fetch->host, fetch->gun, reason, response->status);
	}
}

/* What a request needs to be allowed (trust.md 1.1). */
#define READ  "pull"
#define WRITE "push,pull"
#define ADMIN "*"

static GBytes *send_request(Fetch *fetch, PvHttpRequest *request, const char *actions,
			    GError **error)
{
	g_autofree char *scope = g_strdup_printf("repository:%s:%s", fetch->gun, actions);
	g_auto(PvHttpResponse) response = { 0 };

	if (!pv_auth_send(fetch->auth, fetch->http, request, scope, &response, error))
		return NULL;
	if (response.status != 200) {
		fail_by_status(fetch, &response, error);
		return NULL;
	}
	return g_bytes_ref(response.body);
}

static GBytes *get(Fetch *fetch, const PvMessage *question, const char *method, GError **error)
{
	g_autofree char *file = pv_message_text(question, 0);
	g_autofree char *max = pv_message_text(question, 1);
	g_autofree char *url = NULL;
	PvHttpRequest request = { .method = method };
	guint64 max_bytes;

	if (!file || !max ||
	    !g_ascii_string_to_unsigned(max, 10, 1, PV_METADATA_BYTES_MAX, &max_bytes, NULL))
		return pv_fail_null(error, PV_ERROR_INTERNAL, "a question out of form");
	url = url_of(fetch, file);
	request.url = url;
	request.max_bytes = max_bytes;
	/* A server that is just not slow enough to give up on must not hold anybody for hours. */
	request.timeout_ms = GET_TIMEOUT_MS + (guint)(max_bytes / GET_BYTES_PER_MS);
	if (strcmp(method, "POST") == 0)
		return send_request(fetch, &request, ADMIN, error);
	return send_request(fetch, &request, g_str_has_suffix(file, ".key") ? WRITE : READ, error);
}

static void append_part(GByteArray *body, const char *boundary, const char *role, GBytes *file)
{
	g_autofree char *head = g_strdup_printf(
		"--%s\r\nContent-Disposition: form-data; name=\"files\"; filename=\"%s\"\r\n"
		"Content-Type: application/octet-stream\r\n\r\n",
		boundary, role);
	gsize size;
	const guint8 *data = g_bytes_get_data(file, &size);

	g_byte_array_append(body, (const guint8 *)head, (guint)strlen(head));
	g_byte_array_append(body, data, (guint)size);
	g_byte_array_append(body, (const guint8 *)"\r\n", 2);
}

static GBytes *upload(Fetch *fetch, const PvMessage *question, GError **error)
{
	g_autoptr(GByteArray) body = g_byte_array_new();
	g_autofree char *boundary = g_strdup_printf("pavise%08x%08x%08x", g_random_int(),
						    g_random_int(), g_random_int());
	g_autofree char *type = g_strconcat("multipart/form-data; boundary=", boundary, NULL);
	g_autofree char *end = g_strdup_printf("--%s--\r\n", boundary);
	g_autofree char *url = url_of(fetch, "");
	PvHttpRequest request = { .method = "POST",
				  .url = url,
				  .content_type = type,
				  .max_bytes = PV_MIB,
				  .may_be_slow = TRUE };

	for (guint i = 0; i + 1 < question->fields->len; i += 2) {
		g_autofree char *role = pv_message_text(question, i);
		GBytes *file = pv_message_field(question, i + 1);

		if (!role || body->len + g_bytes_get_size(file) > PV_HTTP_BODY_BYTES_MAX)
			return pv_fail_null(error, PV_ERROR_LIMIT, "too much to upload at once");
		append_part(body, boundary, role, file);
	}
	g_byte_array_append(body, (const guint8 *)end, (guint)strlen(end));
	request.body = body->data;
	request.body_size = body->len;
	return send_request(fetch, &request, WRITE, error);
}

static GBytes *answer_to(Fetch *fetch, const PvMessage *question, GError **error)
{
	g_autofree char *url = NULL;
	PvHttpRequest remove = { .method = "DELETE", .max_bytes = PV_MIB };

	switch (question->kind) {
	case PV_FETCH_GET:
		return get(fetch, question, "GET", error);
	case PV_FETCH_NEW_KEY:
		return get(fetch, question, "POST", error);
	case PV_FETCH_UPLOAD:
		return upload(fetch, question, error);
	case PV_FETCH_DELETE:
		url = url_of(fetch, "");
		remove.url = url;
		return send_request(fetch, &remove, ADMIN, error);
	default:
		return pv_fail_null(error, PV_ERROR_INTERNAL, "a question of an unknown kind");
	}
}

static gboolean serve(Fetch *fetch, const GError *broken)
{
	for (;;) {
		g_autoptr(PvMessage) question =
			pv_message_receive(SOCKET_FD, PV_HTTP_BODY_BYTES_MAX, NULL);
		g_autoptr(PvMessage) answer = NULL;
		g_autoptr(GError) failure = NULL;
		g_autoptr(GBytes) body = NULL;

		if (!question)
			return TRUE;
		if (broken)
			failure = g_error_copy(broken);
		else
			body = answer_to(fetch, question, &failure);
		answer = pv_message_new(body ? PV_FETCH_OK : PV_FETCH_FAILED);
		if (body) {
			pv_message_add_bytes(answer, body);
		} else {
			g_autofree char *code = g_strdup_printf("%d", failure->code);

			pv_message_add_text(answer, code);
			pv_message_add_text(answer, failure->message);
		}
		if (!pv_message_send(SOCKET_FD, answer, NULL))
			return FALSE;
	}
}

/*
 * NOTARY_AUTH, else what Docker keeps for the trust server, else for the repository's registry: a
 * trust server asks for the registry's logins.
 */
static gboolean load_credentials(const Fetch *fetch, PvCredentials *credentials, GError **error)
{
	const char *given = g_getenv("NOTARY_AUTH");
	g_autofree char *registry = g_strndup(fetch->gun, strcspn(fetch->gun, "/"));

	if (given && *given)
		return pv_auth_from_basic(given, credentials, error);
	if (!pv_auth_load(fetch->host, credentials, error))
		return FALSE;
	if (credentials->user || credentials->token || strcmp(registry, fetch->host) == 0)
		return TRUE;
	pv_credentials_clear(credentials);
	return pv_auth_load(registry, credentials, error);
}

/* Prepares HTTP with Docker's TLS directories and credentials (trust.md 3.1, 1.7). */
static gboolean prepare(Fetch *fetch, const char *ca_file, const char *certificate_file,
			const char *key_file, GError **error)
{
	g_autofree char *docker = pv_docker_directory();
	g_autofree char *tls = g_build_filename(docker, "tls", NULL);
	const char *directories[] = { tls, NULL };
	PvHttpOptions options = { .ca_file = ca_file,
				  .certificate_file = certificate_file,
				  .key_file = key_file,
				  .server_directories = directories,
				  .user_agent = "pavise/" PV_VERSION };
	g_auto(PvCredentials) credentials = { 0 };

	fetch->host = pv_http_url_host(fetch->server);
	if (!fetch->host)
		return pv_fail(error, PV_ERROR_USAGE, "\"%.256s\" is no server's URL",
			       fetch->server);
	fetch->http = pv_http_new(&options, error);
	if (!fetch->http)
		return FALSE;
	if (!load_credentials(fetch, &credentials, error))
		return FALSE;
	fetch->auth = pv_auth_new(fetch->http, &credentials);
	return TRUE;
}

/* NULL for an argument that is not there or empty. */
static const char *argument(int argc, char **argv, int index)
{
	return index < argc && *argv[index] ? argv[index] : NULL;
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	Fetch fetch = { 0 };
	gboolean done;

	if (argc < 3 || argc > 6) {
		fputs("pavise-fetch is started by other programs of Pavise\n", stderr);
		return 2;
	}
	fetch.server = argv[1];
	fetch.gun = argv[2];
	prepare(&fetch, argument(argc, argv, 3), argument(argc, argv, 4), argument(argc, argv, 5),
		&error);
	done = serve(&fetch, error);
	pv_auth_free(fetch.auth);
	pv_http_free(fetch.http);
	g_free(fetch.host);
	/* Who asked waits for this end; what thirty libraries would clean up goes with the process. */
	_exit(done ? 0 : 3);
}
