/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Names of images. The grammar is Docker's (distribution/reference): strict, because the name
 * decides which server gets a request, which credentials go with it and under which name it is
 * trusted.
 */

#include "oci/reference.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"

#define NAME_BYTES_MAX 255 /* host and path together, as Docker */
#define TAG_BYTES_MAX  128
#define HUB            "docker.io"
#define HUB_OLD        "index.docker.io"
#define HUB_LIBRARY    "library/"
#define DEFAULT_TAG    "latest"

void pv_reference_clear(PvReference *reference)
{
	g_clear_pointer(&reference->host, g_free);
	g_clear_pointer(&reference->path, g_free);
	g_clear_pointer(&reference->tag, g_free);
}

gboolean pv_reference_is_tag(const char *text)
{
	gsize length = strlen(text);

	if (length == 0 || length > TAG_BYTES_MAX || text[0] == '.' || text[0] == '-')
		return FALSE;
	for (const char *c = text; *c; c++) {
		if (!g_ascii_isalnum(*c) && !strchr("_.-", *c))
			return FALSE;
	}
	return TRUE;
}

static gboolean is_port(const char *text)
{
	gsize digits = strspn(text, "0123456789");

	return digits > 0 && digits <= 5 && text[digits] == '\0' &&
	       g_ascii_strtoull(text, NULL, 10) <= 65535;
}

/* A label of a host name: letters, digits, and hyphens inside. */
static gboolean is_label(const char *text, gsize length)
{
	if (length == 0 || length > 63 || text[0] == '-' || text[length - 1] == '-')
		return FALSE;
	for (gsize i = 0; i < length; i++) {
		if (!g_ascii_isalnum(text[i]) && text[i] != '-')
			return FALSE;
	}
	return TRUE;
}

static gboolean is_host_name(const char *text)
{
	for (;;) {
		gsize length = strcspn(text, ".");

		if (!is_label(text, length))
			return FALSE;
		if (text[length] == '\0')
			return TRUE;
		text += length + 1;
	}
}

static gboolean is_host(const char *text)
{
	g_autofree char *host = g_strdup(text);
	char *end, *port;

	if (host[0] == '[') {
		end = strchr(host, ']');
		if (!end || end == host + 1)
			return FALSE;
		port = end[1] == ':' ? end + 2 : NULL;
		if (end[1] && (!port || !is_port(port)))
			return FALSE;
		*end = '\0';
		return strchr(host, ':') && g_hostname_is_ip_address(host + 1) &&
		       !strchr(host, '%');
	}
	port = strchr(host, ':');
	if (port)
		*port++ = '\0';
	return (!port || is_port(port)) && is_host_name(host);
}

/* How many bytes of separator are at @c: one of ".", "_", "__", or any number of "-". */
static gsize separator_length(const char *c)
{
	if (*c == '.')
		return 1;
	if (*c == '_')
		return c[1] == '_' ? 2 : 1;
	return strspn(c, "-");
}

static gsize word_length(const char *c)
{
	return strspn(c, "abcdefghijklmnopqrstuvwxyz0123456789");
}

/* Words of lower-case letters and digits, one separator between two, slashes between parts. */
static gboolean is_path(const char *c)
{
	for (;;) {
		gsize word = word_length(c);

		if (word == 0)
			return FALSE;
		c += word;
		if (*c == '\0')
			return TRUE;
		if (*c == '/') {
			c++;
			continue;
		}
		word = separator_length(c);
		if (word == 0)
			return FALSE;
		c += word;
	}
}

static gboolean is_hexadecimal_id(const char *text)
{
	return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

/* The first part is a host if it cannot be part of a path: a dot, a colon, or localhost. */
static gboolean names_host(const char *part)
{
	gboolean has_upper = FALSE;

	for (const char *c = part; *c; c++)
		has_upper = has_upper || g_ascii_isupper(*c);
	return strpbrk(part, ".:[") || g_str_equal(part, "localhost") || has_upper;
}

static void split_host(const char *name, char **ret_host, char **ret_path)
{
	const char *slash = strchr(name, '/');
	g_autofree char *first = slash ? g_strndup(name, (gsize)(slash - name)) : NULL;

	if (first && names_host(first)) {
		*ret_host = g_str_equal(first, HUB_OLD) ? g_strdup(HUB) : g_steal_pointer(&first);
		*ret_path = g_strdup(slash + 1);
	} else {
		*ret_host = g_strdup(HUB);
		*ret_path = g_strdup(name);
	}
	if (g_str_equal(*ret_host, HUB) && !strchr(*ret_path, '/')) {
		char *path = g_strconcat(HUB_LIBRARY, *ret_path, NULL);

		g_free(*ret_path);
		*ret_path = path;
	}
}

static gboolean check_name(const char *text, const char *name, const PvReference *reference,
			   GError **error)
{
	if (is_hexadecimal_id(name))
		return pv_fail(error, PV_ERROR_SYNTAX,
			       "reference '%s': 64 hexadecimal digits are no name; did you mean "
			       "NAME@sha256:%s?",
			       text, name);
	if (!is_host(reference->host))
		return pv_fail(error, PV_ERROR_SYNTAX, "reference '%s': '%s' is not a host", text,
			       reference->host);
	if (!is_path(reference->path))
		return pv_fail(error, PV_ERROR_SYNTAX,
			       "reference '%s': '%s' is not a repository: lower-case letters, "
			       "digits and single separators are allowed",
			       text, reference->path);
	if (strlen(reference->host) + 1 + strlen(reference->path) > NAME_BYTES_MAX)
		return pv_fail(error, PV_ERROR_LIMIT, "reference: a name of more than %d bytes",
			       NAME_BYTES_MAX);
	return TRUE;
}

/* Cuts "@digest" and ":tag" off @name. */
static gboolean cut_suffixes(const char *text, char *name, PvReference *reference, GError **error)
{
	char *at = strchr(name, '@'), *slash, *colon;

	if (at) {
		*at++ = '\0';
		if (!pv_digest_parse(at, strlen(at), &reference->digest, error))
			return pv_fail_wrap(error, "reference '%s'", text);
		reference->has_digest = TRUE;
	}
	slash = strrchr(name, '/');
	colon = strrchr(slash ? slash : name, ':');
	if (colon) {
		*colon++ = '\0';
		if (!pv_reference_is_tag(colon))
			return pv_fail(error, PV_ERROR_SYNTAX, "reference '%s': '%s' is not a tag",
				       text, colon);
		reference->tag = g_strdup(colon);
	} else if (!at) {
		reference->tag = g_strdup(DEFAULT_TAG);
	}
	return TRUE;
}

gboolean pv_reference_parse(const char *text, PvReference *ret_reference, GError **error)
{
	g_auto(PvReference) reference = { 0 };
	g_autofree char *name = NULL;

	if (strlen(text) > PV_REFERENCE_BYTES_MAX)
		return pv_fail(error, PV_ERROR_LIMIT, "reference: %zu bytes, at most %d allowed",
			       strlen(text), PV_REFERENCE_BYTES_MAX);
	if (!*text || !g_str_is_ascii(text))
		return pv_fail(error, PV_ERROR_SYNTAX, "reference '%s': not a name", text);
	name = g_strdup(text);
	if (!cut_suffixes(text, name, &reference, error))
		return FALSE;
	split_host(name, &reference.host, &reference.path);
	if (!check_name(text, name, &reference, error))
		return FALSE;
	*ret_reference = reference;
	memset(&reference, 0, sizeof(reference));
	return TRUE;
}

char *pv_reference_repository(const PvReference *reference)
{
	return g_strdup_printf("%s/%s", reference->host, reference->path);
}

char *pv_reference_format(const PvReference *reference)
{
	char digest[PV_DIGEST_TEXT_SIZE] = "";

	if (reference->has_digest)
		pv_digest_format(&reference->digest, digest);
	return g_strdup_printf("%s/%s%s%s%s%s", reference->host, reference->path,
			       reference->tag ? ":" : "", reference->tag ? reference->tag : "",
			       reference->has_digest ? "@" : "", digest);
}

void pv_source_clear(PvSource *source)
{
	g_clear_pointer(&source->path, g_free);
	g_clear_pointer(&source->name, g_free);
	pv_reference_clear(&source->reference);
}

static const struct {
	const char *prefix;
	PvSourceKind kind;
	gboolean has_name;
} schemes[] = {
	{ "oci:", PV_SOURCE_LAYOUT, TRUE },
	{ "docker-archive:", PV_SOURCE_DOCKER_ARCHIVE, TRUE },
	{ "oci-archive:", PV_SOURCE_OCI_ARCHIVE, TRUE },
	{ "dir:", PV_SOURCE_DIRECTORY, FALSE },
	{ "sbom:", PV_SOURCE_SBOM, FALSE },
};

static gboolean is_ref_name(const char *name)
{
	for (const char *c = name; *c; c++) {
		if (!g_ascii_isalnum(*c) && !strchr("-._/:@+", *c))
			return FALSE;
	}
	return g_ascii_isalnum(*name) && strlen(name) <= PV_REFERENCE_BYTES_MAX;
}

static gboolean split_path(const char *text, const char *rest, PvSource *source, GError **error)
{
	const char *digest = source->kind == PV_SOURCE_LAYOUT ? strstr(rest, "@sha") : NULL;
	const char *colon = strchr(rest, ':');

	if (digest && (!colon || colon > digest)) {
		source->path = g_strndup(rest, (gsize)(digest - rest));
		source->has_digest = TRUE;
		return pv_digest_parse(digest + 1, strlen(digest + 1), &source->digest, error) ||
		       pv_fail_wrap(error, "source '%s'", text);
	}
	if (!colon) {
		source->path = g_strdup(rest);
		return TRUE;
	}
	if (!is_ref_name(colon + 1))
		return pv_fail(error, PV_ERROR_USAGE, "source '%s': '%s' is not a name of an image",
			       text, colon + 1);
	source->path = g_strndup(rest, (gsize)(colon - rest));
	source->name = g_strdup(colon + 1);
	return TRUE;
}

static gboolean parse_scheme(const char *text, PvSource *source, gboolean *ret_found,
			     GError **error)
{
	for (gsize i = 0; i < G_N_ELEMENTS(schemes); i++) {
		const char *rest = text + strlen(schemes[i].prefix);

		if (!g_str_has_prefix(text, schemes[i].prefix))
			continue;
		*ret_found = TRUE;
		source->kind = schemes[i].kind;
		if (!schemes[i].has_name)
			source->path = g_strdup(rest);
		else if (!split_path(text, rest, source, error))
			return FALSE;
		if (!*source->path)
			return pv_fail(error, PV_ERROR_USAGE, "source '%s': no path after '%s'",
				       text, schemes[i].prefix);
	}
	return TRUE;
}

gboolean pv_source_parse(const char *text, PvSource *ret_source, GError **error)
{
	g_auto(PvSource) source = { 0 };
	gboolean found = FALSE;

	if (g_str_equal(text, "-")) {
		source.kind = PV_SOURCE_STDIN;
	} else {
		if (!parse_scheme(text, &source, &found, error))
			return FALSE;
		if (!found &&
		    !pv_reference_parse(g_str_has_prefix(text, "docker://") ? text + 9 : text,
					&source.reference, error))
			return FALSE;
	}
	*ret_source = source;
	memset(&source, 0, sizeof(source));
	return TRUE;
}
