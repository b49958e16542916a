/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A repository of a registry (OCI distribution-spec 1.1): how it is reached, and its manifests. A
 * manifest's digest is computed from its bytes; what the registry says about it must agree.
 */

#include "oci/registry.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/limits.h"
#include "oci/manifest.h"
#include "oci/registry_private.h"

#define HUB              "docker.io"
#define HUB_SERVER       "registry-1.docker.io"
#define PROBE_TIMEOUT_MS 5000

PvHttp *pv_registry_client(const char *ca_file, guint slow_seconds, GError **error)
{
	g_autofree char *own = g_build_filename(g_get_user_config_dir(), "docker", "certs.d", NULL);
	const char *const directories[] = { own, "/etc/docker/certs.d", NULL };
	PvHttpOptions options = { .ca_file = ca_file,
				  .server_directories = directories,
				  .slow_seconds = slow_seconds };

	return pv_http_new(&options, error);
}

void pv_registry_free(PvRegistry *registry)
{
	g_clear_pointer(&registry->auth, pv_auth_free);
	g_free(registry->base);
	g_free(registry->name);
	g_free(registry->path);
	g_free(registry->scope);
	g_string_chunk_free(registry->strings);
	g_free(registry);
}

/* Whether a server on this machine speaks plain HTTP: asked without credentials. A TLS server
 * answers 400 or nothing that is HTTP. */
static gboolean speaks_plain(PvRegistry *registry, const char *server, GError **error)
{
	g_autofree char *url = g_strdup_printf("http://%s/v2/", server);
	PvHttpRequest request = { .url = url, .timeout_ms = PROBE_TIMEOUT_MS };
	g_auto(PvHttpResponse) response = { 0, NULL, NULL, NULL };

	if (!pv_http_send(registry->http, &request, &response, NULL))
		return FALSE;
	if (response.status == 401)
		return pv_auth_answer(registry->auth, &response, registry->scope, error);
	return response.status == 200;
}

static gboolean settle_base(PvRegistry *registry, const PvReference *reference, GError **error)
{
	const char *server = g_str_equal(reference->host, HUB) ? HUB_SERVER : reference->host;
	g_autoptr(GError) problem = NULL;
	gboolean plain = FALSE;

	if (pv_http_is_loopback(server)) {
		plain = speaks_plain(registry, server, &problem);
		if (problem) {
			g_propagate_error(error, g_steal_pointer(&problem));
			return FALSE;
		}
	}
	registry->base =
		g_strdup_printf("%s://%s/v2/%s", plain ? "http" : "https", server, reference->path);
	return TRUE;
}

PvRegistry *pv_registry_open(PvHttp *http, const PvReference *reference, gboolean may_push,
			     GError **error)
{
	g_autoptr(PvRegistry) registry = g_new0(PvRegistry, 1);
	g_auto(PvCredentials) credentials = { NULL, NULL, NULL };

	registry->http = http;
	registry->strings = g_string_chunk_new(256);
	registry->path = g_strdup(reference->path);
	registry->name = pv_reference_repository(reference);
	registry->scope = g_strdup_printf("repository:%s:%s", reference->path,
					  may_push ? "pull,push" : "pull");
	if (!pv_auth_load(reference->host, &credentials, error))
		return NULL;
	registry->auth = pv_auth_new(http, &credentials);
	return settle_base(registry, reference, error) ? g_steal_pointer(&registry) : NULL;
}

/* The first error of a distribution error body: "MANIFEST_UNKNOWN: manifest unknown". */
static char *error_words(const PvHttpResponse *response)
{
	g_autoptr(json_t) root =
		pv_json_load(response->body, PV_HTTP_ERROR_BYTES_MAX, "error", NULL);
	const json_t *first = json_array_get(json_object_get(root, "errors"), 0);
	const char *code = pv_json_string(first, "code");
	const char *message = pv_json_string(first, "message");

	if (!code)
		return g_strdup("");
	return g_strdup_printf(" (%.64s: %.200s)", code, message ? message : "");
}

gboolean pv_registry_fail(const PvRegistry *registry, const PvHttpResponse *response,
			  const char *what, GError **error)
{
	g_autofree char *words = error_words(response);

	switch (response->status) {
	case 404:
		return pv_fail(error, PV_ERROR_NOT_FOUND, "%s: no %s in the registry%s",
			       registry->name, what, words);
	case 401:
	case 403:
		return pv_fail(error, PV_ERROR_UNAUTHORIZED, "%s: %s: not allowed%s",
			       registry->name, what, words);
	case 429:
		return pv_fail(error, PV_ERROR_UNREACHABLE,
			       "%s: %s: the registry has had too many requests from here%s",
			       registry->name, what, words);
	default:
		return pv_fail(error, PV_ERROR_SERVER, "%s: %s: the registry answered %d%s",
			       registry->name, what, response->status, words);
	}
}

/* The media type without parameters, if it is one of a manifest. */
static const char *known_type(PvRegistry *registry, const PvHttpResponse *response)
{
	const char *header = pv_http_header(response, "content-type");
	g_autofree char *type = NULL;

	if (!header)
		return NULL;
	type = g_strndup(header, strcspn(header, "; \t"));
	if (pv_manifest_is_known_type(type) || strstr(type, "manifest.v1"))
		return g_string_chunk_insert_const(registry->strings, type);
	return NULL;
}

static gboolean check_digest(const PvRegistry *registry, const PvHttpResponse *response,
			     const PvDigest *digest, const PvDigest *wanted, GError **error)
{
	const char *header = pv_http_header(response, "docker-content-digest");
	char expected[PV_DIGEST_TEXT_SIZE], found[PV_DIGEST_TEXT_SIZE];
	PvDigest said;

	pv_digest_format(digest, found);
	if (wanted && !pv_digest_equal(digest, wanted)) {
		pv_digest_format(wanted, expected);
		return pv_fail(error, PV_ERROR_DIGEST,
			       "%s: manifest %s was changed: its bytes have the digest %s",
			       registry->name, expected, found);
	}
	if (header && pv_digest_parse(header, strlen(header), &said, NULL) &&
	    said.hash == digest->hash && !pv_digest_equal(digest, &said))
		return pv_fail(error, PV_ERROR_DIGEST,
			       "%s: the manifest was changed: the registry names %s, its bytes "
			       "have the digest %s",
			       registry->name, header, found);
	return TRUE;
}

static GBytes *check_manifest(PvRegistry *registry, const PvHttpResponse *response,
			      const PvDigest *wanted, PvDescriptor *ret_descriptor, GError **error)
{
	gsize size;
	const void *data = g_bytes_get_data(response->body, &size);
	PvDigest digest = pv_digest_of(wanted ? wanted->hash : PV_HASH_SHA256, data, size);
	g_autoptr(PvManifest) manifest = NULL;

	if (!check_digest(registry, response, &digest, wanted, error))
		return NULL;
	manifest = pv_manifest_parse(response->body, known_type(registry, response), registry->name,
				     error);
	if (!manifest)
		return NULL;
	ret_descriptor->digest = digest;
	ret_descriptor->size = size;
	ret_descriptor->media_type =
		g_string_chunk_insert_const(registry->strings, manifest->media_type);
	return g_bytes_ref(response->body);
}

GBytes *pv_registry_manifest(PvRegistry *registry, const char *tag, const PvDigest *digest,
			     PvDescriptor *ret_descriptor, GError **error)
{
	static const char *const headers[] = { "Accept: " PV_MEDIA_OCI_INDEX,
					       "Accept: " PV_MEDIA_OCI_MANIFEST,
					       "Accept: " PV_MEDIA_DOCKER_INDEX,
					       "Accept: " PV_MEDIA_DOCKER_MANIFEST, NULL };
	char text[PV_DIGEST_TEXT_SIZE];
	g_autofree char *url = NULL, *what = NULL;
	PvHttpRequest request = { .headers = headers, .max_bytes = PV_MANIFEST_BYTES_MAX };
	g_auto(PvHttpResponse) response = { 0, NULL, NULL, NULL };

	if (digest)
		pv_digest_format(digest, text);
	url = g_strdup_printf("%s/manifests/%s", registry->base, digest ? text : tag);
	what = g_strdup_printf("manifest %s", digest ? text : tag);
	request.url = url;
	if (!pv_auth_send(registry->auth, registry->http, &request, registry->scope, &response,
			  error))
		return NULL;
	if (response.status != 200) {
		pv_registry_fail(registry, &response, what, error);
		return NULL;
	}
	return check_manifest(registry, &response, digest, ret_descriptor, error);
}

gboolean pv_registry_put_manifest(PvRegistry *registry, const char *tag,
				  const PvDescriptor *descriptor, GBytes *bytes,
				  gboolean *ret_is_listed, GError **error)
{
	char text[PV_DIGEST_TEXT_SIZE];
	g_autofree char *url = NULL;
	PvHttpRequest request = { .method = "PUT",
				  .content_type = descriptor->media_type,
				  .may_be_slow = TRUE };
	g_auto(PvHttpResponse) response = { 0, NULL, NULL, NULL };

	pv_digest_format(&descriptor->digest, text);
	url = g_strdup_printf("%s/manifests/%s", registry->base, tag ? tag : text);
	request.url = url;
	request.body = g_bytes_get_data(bytes, &request.body_size);
	if (!pv_auth_send(registry->auth, registry->http, &request, registry->scope, &response,
			  error))
		return FALSE;
	if (response.status != 201 && response.status != 200)
		return pv_registry_fail(registry, &response, "manifest", error);
	if (ret_is_listed)
		*ret_is_listed = pv_http_header(&response, "oci-subject") != NULL;
	return check_digest(registry, &response, &descriptor->digest, NULL, error);
}

gboolean pv_registry_push_manifest(PvRegistry *registry, const char *tag,
				   const PvDescriptor *descriptor, GBytes *bytes, GError **error)
{
	return pv_registry_put_manifest(registry, tag, descriptor, bytes, NULL, error);
}
