/* SPDX-License-Identifier: Apache-2.0 */

/*
 * pavise-fetch[-full] SERVER GUN [CA [CERTIFICATE KEY]] ("" for none): speaks HTTP to a trust server
 * for the program that started it (trust/fetch_protocol.h). It knows no keys and believes nothing:
 * what it brings is verified by who asked.
 */

#include "program/cli/fetch.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/json.h"
#include "base/limits.h"
#include "config.h"
#include "oci/auth.h"
#include "trust/fetch_protocol.h"

#define SOCKET_FD        3
#define GET_TIMEOUT_MS   40000 /* longer than PV_HTTP_SLOW_SECONDS, whose sentence says more */
#define GET_BYTES_PER_MS 64

/* @folder: "tuf" or "attestations". */
static char *url_of(const PvFetch *fetch, const char *folder, const char *file)
{
	const char *slash = g_str_has_suffix(fetch->server, "/") ? "" : "/";

	return g_strdup_printf("%s%sv2/%s/_trust/%s/%s", fetch->server, slash, fetch->gun, folder,
			       file);
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
	if (!why)
		why = json_string_value(detail);
	return why ? g_strdup_printf("%s %s", message, why) : g_strdup(message);
}

static gboolean fail_by_status(const PvFetch *fetch, const PvHttpResponse *response, GError **error)
{
	g_autoptr(json_t) body = NULL;
	const char *code;
	g_autofree char *reason = reason_of(response, &code, &body);

	switch (response->status) {
	case 404:
		if (g_strcmp0(code, "ATTESTATION_NOT_FOUND") == 0)
			return pv_fail(error, PV_ERROR_NOT_FOUND,
				       "%s has no such attestation for %s", fetch->host,
				       fetch->gun);
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

/* A login, a proxy's login or another address: what only pavise-fetch-full can follow. */
static gboolean wants_more(int status)
{
	return status == 401 || status == 407 || (status >= 300 && status <= 399);
}

static gboolean send_request(PvFetch *fetch, PvHttpRequest *request, const char *actions,
			     GError **error)
{
	g_autofree char *scope = g_strdup_printf("repository:%s:%s", fetch->gun, actions);
	g_auto(PvHttpResponse) response = { 0 };

	if (!fetch->transport->send(fetch, request, scope, &response, error))
		return FALSE;
	if (fetch->transport->is_direct && wants_more(response.status)) {
		fetch->wants_more = TRUE;
		return FALSE;
	}
	return response.status == 200 || response.status == 201 ||
	       fail_by_status(fetch, &response, error);
}

/* --- a body goes on in parts, so that who asked can work on it while it comes --------------- */

static gboolean flush_part(PvFetch *fetch, GError **error)
{
	g_autoptr(PvMessage) part = pv_message_new(PV_FETCH_PART);

	if (fetch->part->len == 0)
		return TRUE;
	pv_message_add_bytes(part, g_bytes_new_static(fetch->part->data, fetch->part->len));
	g_byte_array_set_size(fetch->part, 0);
	return pv_message_send(SOCKET_FD, part, error);
}

static gboolean take_piece(void *user_data, const guint8 *data, gsize size, GError **error)
{
	PvFetch *fetch = user_data;

	while (size > 0) {
		gsize room = PV_FETCH_PART_BYTES_MAX - fetch->part->len;
		gsize now = MIN(room, size);

		g_byte_array_append(fetch->part, data, (guint)now);
		data += now;
		size -= now;
		if (now == room && !flush_part(fetch, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean get(PvFetch *fetch, const PvMessage *question, const char *method,
		    const char *folder, GError **error)
{
	g_autofree char *file = pv_message_text(question, 0);
	g_autofree char *max = pv_message_text(question, 1);
	g_autofree char *url = NULL;
	PvHttpRequest request = { .method = method };
	guint64 max_bytes;

	if (!file || !max ||
	    !g_ascii_string_to_unsigned(max, 10, 1, PV_METADATA_BYTES_MAX, &max_bytes, NULL))
		return pv_fail(error, PV_ERROR_INTERNAL, "a question out of form");
	url = url_of(fetch, folder, file);
	request.url = url;
	request.max_bytes = max_bytes;
	request.sink = take_piece;
	request.user_data = fetch;
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

static gboolean upload(PvFetch *fetch, const PvMessage *question, GError **error)
{
	g_autoptr(GByteArray) body = g_byte_array_new();
	g_autofree char *boundary = g_strdup_printf("pavise%08x%08x%08x", g_random_int(),
						    g_random_int(), g_random_int());
	g_autofree char *type = g_strconcat("multipart/form-data; boundary=", boundary, NULL);
	g_autofree char *end = g_strdup_printf("--%s--\r\n", boundary);
	g_autofree char *url = url_of(fetch, "tuf", "");
	PvHttpRequest request = { .method = "POST",
				  .url = url,
				  .content_type = type,
				  .max_bytes = PV_MIB,
				  .may_be_slow = TRUE };

	for (guint i = 0; i + 1 < question->fields->len; i += 2) {
		g_autofree char *role = pv_message_text(question, i);
		GBytes *file = pv_message_field(question, i + 1);

		if (!role || body->len + g_bytes_get_size(file) > PV_HTTP_BODY_BYTES_MAX)
			return pv_fail(error, PV_ERROR_LIMIT, "too much to upload at once");
		append_part(body, boundary, role, file);
	}
	g_byte_array_append(body, (const guint8 *)end, (guint)strlen(end));
	request.body = body->data;
	request.body_size = body->len;
	return send_request(fetch, &request, WRITE, error);
}

/* --- attestations ------------------------------------------------------------------------- */

/* A route that is not there: Notary's servers have none for attestations. */
static gboolean fail_attestation(const PvFetch *fetch, const GError *failure, GError **error)
{
	if (g_error_matches(failure, PV_ERROR, PV_ERROR_NOT_SIGNED))
		pv_fail(error, PV_ERROR_UNSUPPORTED, "%s keeps no attestations", fetch->host);
	else if (failure) /* none: pavise-fetch-full is to be asked */
		g_propagate_error(error, g_error_copy(failure));
	return FALSE;
}

static gboolean is_key_id(const char *text)
{
	return text && strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

static gboolean get_attestation(PvFetch *fetch, const PvMessage *question, GError **error)
{
	g_autofree char *id = pv_message_text(question, 0);
	g_autoptr(GError) failure = NULL;

	if (!is_key_id(id))
		return pv_fail(error, PV_ERROR_INTERNAL, "a question out of form");
	return get(fetch, question, "GET", "attestations", &failure) ||
	       fail_attestation(fetch, failure, error);
}

static gboolean put_attestation(PvFetch *fetch, const PvMessage *question, GError **error)
{
	g_autofree char *id = pv_message_text(question, 0);
	GBytes *file = pv_message_field(question, 1);
	g_autofree char *url = NULL;
	g_autoptr(GError) failure = NULL;
	PvHttpRequest request = { .method = "PUT",
				  .content_type = "application/pem-certificate-chain",
				  .max_bytes = PV_MIB };

	if (!is_key_id(id) || !file)
		return pv_fail(error, PV_ERROR_INTERNAL, "a question out of form");
	url = url_of(fetch, "attestations", id);
	request.url = url;
	request.body = g_bytes_get_data(file, &request.body_size);
	return send_request(fetch, &request, WRITE, &failure) ||
	       fail_attestation(fetch, failure, error);
}

static gboolean answer_to(PvFetch *fetch, const PvMessage *question, GError **error)
{
	g_autofree char *url = NULL;
	PvHttpRequest remove = { .method = "DELETE", .max_bytes = PV_MIB };

	switch (question->kind) {
	case PV_FETCH_GET:
		return get(fetch, question, "GET", "tuf", error);
	case PV_FETCH_NEW_KEY:
		return get(fetch, question, "POST", "tuf", error);
	case PV_FETCH_UPLOAD:
		return upload(fetch, question, error);
	case PV_FETCH_DELETE:
		url = url_of(fetch, "tuf", "");
		remove.url = url;
		return send_request(fetch, &remove, ADMIN, error);
	case PV_FETCH_GET_ATTESTATION:
		return get_attestation(fetch, question, error);
	case PV_FETCH_PUT_ATTESTATION:
		return put_attestation(fetch, question, error);
	default:
		return pv_fail(error, PV_ERROR_INTERNAL, "a question of an unknown kind");
	}
}

/* (transfer full): OK with what is left of the body, or why not. */
static PvMessage *answer(PvFetch *fetch, const PvMessage *question, const GError *broken)
{
	g_autoptr(GError) failure = broken ? g_error_copy(broken) : NULL;
	g_autofree char *code = NULL;
	PvMessage *message = pv_message_new(PV_FETCH_OK);

	g_byte_array_set_size(fetch->part, 0);
	if (!fetch->wants_more && !failure && answer_to(fetch, question, &failure)) {
		pv_message_add(message, fetch->part->data, fetch->part->len);
		return message;
	}
	if (fetch->wants_more) {
		message->kind = PV_FETCH_MORE;
		return message;
	}
	message->kind = PV_FETCH_FAILED;
	code = g_strdup_printf("%d", failure->code);
	pv_message_add_text(message, code);
	pv_message_add_text(message, failure->message);
	return message;
}

/*
 * Until the other end closes. After MORE, questions asked ahead are taken off the socket unanswered:
 * if they lay there when this end closes, MORE itself might be lost with them.
 */
static gboolean serve(PvFetch *fetch, const GError *broken)
{
	gboolean has_given_up = FALSE;

	for (;;) {
		g_autoptr(PvMessage) question =
			pv_message_receive(SOCKET_FD, PV_HTTP_BODY_BYTES_MAX, NULL);
		g_autoptr(PvMessage) message = NULL;

		if (!question)
			return TRUE;
		if (has_given_up)
			continue;
		message = answer(fetch, question, broken);
		has_given_up = message->kind == PV_FETCH_MORE;
		if (!pv_message_send(SOCKET_FD, message, NULL))
			return FALSE;
	}
}

/* NULL for an argument that is not there or empty. */
static const char *argument(int argc, char **argv, int index)
{
	return index < argc && *argv[index] ? argv[index] : NULL;
}

/* With Docker's TLS directories (trust.md 3.1). */
static gboolean open_transport(PvFetch *fetch, int argc, char **argv, GError **error)
{
	g_autofree char *docker = pv_docker_directory();
	g_autofree char *tls = g_build_filename(docker, "tls", NULL);
	const char *directories[] = { tls, NULL };
	PvHttpOptions options = { .ca_file = argument(argc, argv, 3),
				  .certificate_file = argument(argc, argv, 4),
				  .key_file = argument(argc, argv, 5),
				  .server_directories = directories,
				  .user_agent = "pavise/" PV_VERSION };

	return fetch->transport->open(fetch, &options, error);
}

int pv_fetch_main(int argc, char **argv, const PvFetchTransport *transport)
{
	g_autoptr(GError) error = NULL;
	PvFetch fetch = { .transport = transport };

	if (argc < 3 || argc > 6) {
		fputs("pavise-fetch is started by other programs of Pavise\n", stderr);
		return 2;
	}
	fetch.server = argv[1];
	fetch.gun = argv[2];
	fetch.part = g_byte_array_new();
	open_transport(&fetch, argc, argv, &error);
	/* Who asked waits for this end; what would be cleaned up goes with the process. */
	_exit(serve(&fetch, error) ? 0 : 3);
}
