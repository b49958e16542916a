/* SPDX-License-Identifier: Apache-2.0 */

/* Requests to a Docker engine over its Engine API, unversioned, as every engine answers them. */

#include "oci/engine.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/terminal.h"
#include "oci/http.h"

#define SILENCE_SECONDS 900 /* an engine compresses a large layer without a word */
#define HUB_KEY         "https://index.docker.io/v1/"

struct PvEngine {
	char *url;
	PvHttp *http;
};

PvEngine *pv_engine_new(const PvEngineAddress *address, GError **error)
{
	PvHttpOptions options = { .ca_file = address->ca_file,
				  .certificate_file = address->certificate_file,
				  .key_file = address->key_file,
				  .unix_socket = address->socket,
				  .slow_seconds = SILENCE_SECONDS };
	PvHttp *http = pv_http_new(&options, error);
	PvEngine *engine;

	if (!http)
		return NULL;
	engine = g_new0(PvEngine, 1);
	engine->url = g_strdup(address->url);
	engine->http = http;
	return engine;
}

void pv_engine_free(PvEngine *engine)
{
	if (!engine)
		return;
	pv_http_free(engine->http);
	g_free(engine->url);
	g_free(engine);
}

/* The name an engine knows an image by: "debian", "me/app", "registry:5000/app". */
static char *familiar(const PvReference *image)
{
	if (strcmp(image->host, "docker.io") != 0)
		return g_strdup_printf("%s/%s", image->host, image->path);
	if (g_str_has_prefix(image->path, "library/"))
		return g_strdup(image->path + strlen("library/"));
	return g_strdup(image->path);
}

static gboolean fail_by_answer(const PvHttpResponse *response, GError **error)
{
	g_autoptr(json_t) body = pv_json_load(response->body, PV_HTTP_ERROR_BYTES_MAX, "", NULL);
	const char *said = pv_json_string(body, "message");
	g_autofree char *reason =
		said ? pv_terminal_safe(said) : g_strdup_printf("status %d", response->status);

	return pv_fail(error, response->status == 404 ? PV_ERROR_NOT_FOUND : PV_ERROR_REFUSED,
		       "Error response from daemon: %s", reason);
}

gboolean pv_engine_check_image(PvEngine *engine, const PvReference *image, GError **error)
{
	g_autofree char *name = familiar(image);
	g_autofree char *url =
		g_strdup_printf("%s/images/%s:%s/json", engine->url, name, image->tag);
	g_auto(PvHttpResponse) response = { 0 };
	PvHttpRequest request = { .url = url, .max_bytes = PV_CONFIG_BYTES_MAX };

	if (!pv_http_send(engine->http, &request, &response, error))
		return FALSE;
	return response.status == 200 || fail_by_answer(&response, error);
}

/* base64url of the JSON that the engine hands on to the registry. */
static char *registry_auth(const PvReference *image, const PvCredentials *credentials)
{
	gboolean hub = strcmp(image->host, "docker.io") == 0;
	g_autoptr(json_t) value = json_object();
	g_autofree char *text = NULL;
	char *encoded;

	if (credentials && credentials->user)
		json_object_set_new(value, "username", json_string(credentials->user));
	if (credentials && credentials->password)
		json_object_set_new(value, "password", json_string(credentials->password));
	if (credentials && credentials->token)
		json_object_set_new(value, "identitytoken", json_string(credentials->token));
	if (json_object_size(value) > 0)
		json_object_set_new(value, "serveraddress",
				    json_string(hub ? HUB_KEY : image->host));
	text = pv_json_text(value, FALSE);
	encoded = g_base64_encode((const guchar *)text, strlen(text));
	explicit_bzero(text, strlen(text));
	g_strdelimit(encoded, "+", '-');
	g_strdelimit(encoded, "/", '_');
	return encoded;
}

/* A push under way. */
typedef struct {
	GByteArray *line; /* what came of the next message */
	const char *tag;
	PvEngineProgress progress;
	void *user_data;
	gboolean found;
	PvDigest digest;
	guint64 size;
} Push;

static gboolean end_line(Push *push, GError **error)
{
	g_auto(PvEngineMessage) message = { 0 };
	g_autoptr(GBytes) line = g_bytes_new(push->line->data, push->line->len);

	g_byte_array_set_size(push->line, 0);
	if (g_bytes_get_size(line) == 0)
		return TRUE;
	if (!pv_engine_message_parse(line, &message, error))
		return FALSE;
	if (message.problem)
		return pv_fail(error, PV_ERROR_REFUSED, "%s", message.problem);
	if (message.has_result && strcmp(message.tag, push->tag) == 0) {
		if (push->found && !pv_digest_equal(&push->digest, &message.digest))
			return pv_fail(error, PV_ERROR_SERVER,
				       "the engine names two digests for %s", push->tag);
		push->found = TRUE;
		push->digest = message.digest;
		push->size = message.size;
	}
	if (message.status)
		push->progress(push->user_data, &message);
	return TRUE;
}

static gboolean take_stream(void *user_data, const guint8 *data, gsize size, GError **error)
{
	Push *push = user_data;

	for (gsize i = 0; i < size; i++) {
		if (data[i] == '\n') {
			if (!end_line(push, error))
				return FALSE;
		} else if (data[i] != '\r') {
			if (push->line->len >= PV_ENGINE_MESSAGE_BYTES_MAX)
				return pv_fail(error, PV_ERROR_LIMIT,
					       "a message of the engine is longer than %zu bytes",
					       PV_ENGINE_MESSAGE_BYTES_MAX);
			g_byte_array_append(push->line, &data[i], 1);
		}
	}
	return TRUE;
}

static gboolean send_push(PvEngine *engine, const char *url, const char *auth, Push *push,
			  GError **error)
{
	g_autofree char *header = g_strconcat("X-Registry-Auth: ", auth, NULL);
	const char *headers[] = { header, NULL };
	g_auto(PvHttpResponse) response = { 0 };
	PvHttpRequest request = { .method = "POST",
				  .url = url,
				  .headers = headers,
				  .max_bytes = PV_ENGINE_STREAM_BYTES_MAX,
				  .may_be_slow = TRUE,
				  .sink = take_stream,
				  .user_data = push };
	gboolean sent = pv_http_send(engine->http, &request, &response, error);

	explicit_bzero(header, strlen(header));
	if (!sent)
		return FALSE;
	if (response.status != 200)
		return fail_by_answer(&response, error);
	return end_line(push, error);
}

gboolean pv_engine_push(PvEngine *engine, const PvReference *image,
			const PvCredentials *credentials, PvEngineProgress progress,
			void *user_data, PvDigest *ret_digest, guint64 *ret_size, GError **error)
{
	g_autofree char *name = familiar(image);
	g_autofree char *url =
		g_strdup_printf("%s/images/%s/push?tag=%s", engine->url, name, image->tag);
	g_autofree char *auth = registry_auth(image, credentials);
	g_autoptr(GByteArray) line = g_byte_array_new();
	Push push = { line, image->tag, progress, user_data, FALSE, { 0 }, 0 };
	gboolean done = send_push(engine, url, auth, &push, error);

	explicit_bzero(auth, strlen(auth));
	if (!done)
		return FALSE;
	if (!push.found)
		return pv_fail(error, PV_ERROR_SERVER,
			       "the engine does not say which digest it pushed");
	*ret_digest = push.digest;
	*ret_size = push.size;
	return TRUE;
}
