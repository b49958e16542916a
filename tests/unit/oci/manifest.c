/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/manifest.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"

#define HEX    "abababababababababababababababababababababababababababababababab"
#define DIGEST "\"digest\":\"sha256:" HEX "\""
#define CONFIG "\"config\":{\"mediaType\":\"c\"," DIGEST ",\"size\":7}"
#define LAYER  "{\"mediaType\":\"l\"," DIGEST ",\"size\":9}"
#define IMAGE  CONFIG ",\"layers\":[" LAYER "]"
#define HEAD   "{\"schemaVersion\":2,"

static PvManifest *parse(const char *text, const char *media_type, GError **error)
{
	g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));

	return pv_manifest_parse(bytes, media_type, "m", error);
}

static void check_message(const char *text, const char *media_type, PvErrorCode code,
			  const char *message)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(parse(text, media_type, &error));
	g_assert_error(error, PV_ERROR, (int)code);
	g_assert_cmpstr(error->message, ==, message);
}

static void test_image(void)
{
	static const char *const types[] = { NULL, PV_MEDIA_OCI_MANIFEST,
					     PV_MEDIA_DOCKER_MANIFEST };

	for (gsize i = 0; i < G_N_ELEMENTS(types); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(PvManifest) manifest = parse(HEAD IMAGE "}", types[i], &error);

		g_assert_no_error(error);
		g_assert_false(manifest->is_index);
		g_assert_cmpstr(manifest->media_type, ==, types[i] ? types[i] : types[1]);
		g_assert_cmpuint(manifest->config.size, ==, 7);
		g_assert_cmpuint(manifest->layer_count, ==, 1);
		g_assert_cmpuint(manifest->layers[0].size, ==, 9);
		g_assert_cmpstr(manifest->layers[0].media_type, ==, "l");
	}
}

static void test_index(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(PvManifest) index =
		parse(HEAD "\"mediaType\":\"" PV_MEDIA_DOCKER_INDEX "\",\"manifests\":[{"
			   "\"mediaType\":\"x\"," DIGEST
			   ",\"size\":1,\"platform\":{\"os\":\"linux\","
			   "\"architecture\":\"arm\",\"variant\":\"v7\"},\"annotations\":{"
			   "\"org.opencontainers.image.ref.name\":\"v1\"}}]}",
		      NULL, &error);

	g_assert_no_error(error);
	g_assert_true(index->is_index);
	g_assert_cmpstr(index->media_type, ==, PV_MEDIA_DOCKER_INDEX);
	g_assert_cmpuint(index->entry_count, ==, 1);
	g_assert_cmpstr(index->entries[0].platform.variant, ==, "v7");
	g_assert_cmpstr(index->entries[0].ref_name, ==, "v1");
}

/* CVE-2021-41190: one digest must not be two images. */
static void test_confusion(void)
{
	check_message(HEAD IMAGE ",\"manifests\":[]}", NULL, PV_ERROR_SYNTAX,
		      "m: can be read as a manifest and as an index; one digest must not mean two "
		      "images");
	check_message(HEAD IMAGE "}", PV_MEDIA_OCI_INDEX, PV_ERROR_SYNTAX,
		      "m: called an index, but has the members of a manifest");
	check_message(HEAD "\"manifests\":[]}", PV_MEDIA_OCI_MANIFEST, PV_ERROR_SYNTAX,
		      "m: called a manifest, but has the members of an index");
	check_message(HEAD "\"mediaType\":\"" PV_MEDIA_DOCKER_MANIFEST "\"," IMAGE "}",
		      PV_MEDIA_OCI_MANIFEST, PV_ERROR_SYNTAX,
		      "m: called '" PV_MEDIA_OCI_MANIFEST "', but says '" PV_MEDIA_DOCKER_MANIFEST
		      "'");
	check_message(HEAD "\"schemaVersion\":2," IMAGE "}", NULL, PV_ERROR_SYNTAX,
		      "m: not valid JSON at line 1 column 34: duplicate object key near "
		      "'\"schemaVersion\"'");
}

static void test_unsupported(void)
{
	static const char schema1[] =
		"m: a schema 1 manifest, which cannot be verified; its publisher has to push it "
		"anew";

	check_message("{\"schemaVersion\":1}", NULL, PV_ERROR_UNSUPPORTED, schema1);
	check_message(HEAD IMAGE "}", "application/vnd.docker.distribution.manifest.v1+prettyjws",
		      PV_ERROR_UNSUPPORTED, schema1);
	check_message(HEAD IMAGE ",\"fsLayers\":[]}", NULL, PV_ERROR_UNSUPPORTED,
		      "m: has members of a schema 1 manifest, which cannot be verified; its "
		      "publisher has to push it anew");
	check_message(HEAD "\"mediaType\":\"text/html\"," IMAGE "}", NULL, PV_ERROR_UNSUPPORTED,
		      "m: media type 'text/html' is no image manifest or index");
	check_message(HEAD CONFIG ",\"layers\":[{\"mediaType\":\"l\",\"digest\":\"md5:00\","
				  "\"size\":1}]}",
		      NULL, PV_ERROR_UNSUPPORTED,
		      "m: layer 0: digest: hash is neither sha256 nor sha512");
}

static void test_damaged(void)
{
	static const struct {
		const char *text, *message;
	} rows[] = {
		{ "[]", "m: not a JSON object" },
		{ "{}", "m: schemaVersion is not 2" },
		{ "{\"schemaVersion\":\"2\"}", "m: schemaVersion is not 2" },
		{ HEAD CONFIG "}", "m: no array of layers" },
		{ HEAD "\"layers\":[]}", "m: config: no usable mediaType" },
		{ HEAD "\"manifests\":{}}", "m: no array of manifests" },
		{ HEAD "\"manifests\":[1]}", "m: manifest 0: no usable mediaType" },
		{ HEAD CONFIG ",\"layers\":[{\"mediaType\":\"l\",\"size\":1}]}",
		  "m: layer 0: no digest" },
		{ HEAD CONFIG ",\"layers\":[{\"mediaType\":\"l\"," DIGEST ",\"size\":-1}]}",
		  "m: layer 0: no usable size" },
		{ HEAD CONFIG ",\"layers\":[{\"mediaType\":\"l\"," DIGEST ",\"size\":1.0}]}",
		  "m: layer 0: no usable size" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
		check_message(rows[i].text, NULL, PV_ERROR_SYNTAX, rows[i].message);
}

static void check_limit(char *text, int offset)
{
	g_autofree char *owned = text;
	g_autoptr(GError) error = NULL;
	g_autoptr(PvManifest) manifest = parse(owned, NULL, &error);

	if (offset <= 0)
		g_assert_no_error(error);
	else
		g_assert_error(error, PV_ERROR, PV_ERROR_LIMIT);
	g_assert_cmpint(manifest != NULL, ==, offset <= 0);
}

static char *repeated(const char *head, const char *one, gsize count)
{
	g_autoptr(GString) text = g_string_new(head);

	for (gsize i = 0; i < count; i++)
		g_string_append_printf(text, "%s%s", i ? "," : "", one);
	g_string_append(text, "]}");
	return g_strdup(text->str);
}

static char *sized(const char *head, gsize size, const char *tail)
{
	return g_strdup_printf("%s%zu%s", head, size, tail);
}

static void test_limits(void)
{
	for (int offset = -1; offset <= 1; offset++) {
		gsize padding = PV_MANIFEST_BYTES_MAX + (gsize)offset - strlen(HEAD IMAGE "}");
		g_autofree char *spaces = g_strnfill(padding, ' ');

		check_limit(g_strconcat(HEAD IMAGE "}", spaces, NULL), offset);
		check_limit(repeated(HEAD CONFIG ",\"layers\":[", LAYER,
				     (gsize)(PV_LAYERS_MAX + offset)),
			    offset);
		check_limit(repeated(HEAD "\"manifests\":[", LAYER,
				     (gsize)(PV_INDEX_MANIFESTS_MAX + offset)),
			    offset);
		check_limit(sized(HEAD CONFIG ",\"layers\":[{\"mediaType\":\"l\"," DIGEST
					      ",\"size\":",
				  PV_BLOB_BYTES_MAX + (gsize)offset, "}]}"),
			    offset);
		check_limit(sized(HEAD "\"layers\":[],\"config\":{\"mediaType\":\"c\"," DIGEST
				       ",\"size\":",
				  PV_CONFIG_BYTES_MAX + (gsize)offset, "}}"),
			    offset);
		check_limit(sized(HEAD "\"manifests\":[{\"mediaType\":\"" PV_MEDIA_OCI_MANIFEST
				       "\"," DIGEST ",\"size\":",
				  PV_MANIFEST_BYTES_MAX + (gsize)offset, "}]}"),
			    offset);
	}
}

static char *platform_entry(const char *os, const char *architecture, const char *variant)
{
	return g_strdup_printf("{\"mediaType\":\"x\"," DIGEST ",\"size\":1,\"platform\":{"
			       "\"os\":\"%s\",\"architecture\":\"%s\",\"variant\":\"%s\"}}",
			       os, architecture, variant);
}

static PvManifest *platforms(const char *const *rows, gsize count)
{
	g_autoptr(GString) text = g_string_new(HEAD "\"manifests\":[");

	for (gsize i = 0; i < count; i++) {
		g_autofree char *entry =
			platform_entry(rows[3 * i], rows[3 * i + 1], rows[3 * i + 2]);

		g_string_append_printf(text, "%s%s", i ? "," : "", entry);
	}
	g_string_append(text, "]}");
	return parse(text->str, NULL, NULL);
}

static void test_select(void)
{
	static const char *const have[] = { "unknown", "unknown", "",   "windows", "amd64", "",
					    "linux",   "amd64",   "v3", "linux",   "amd64", "",
					    "linux",   "arm",     "v6", "linux",   "arm",   "v7",
					    "linux",   "arm64",   "v8" };
	static const struct {
		const char *wish;
		int index; /* -1: none, -2: no platform */
	} rows[] = {
		{ "linux/amd64", 3 },     { "linux/amd64/v3", 2 }, { "linux/amd64/v2", -1 },
		{ "linux/arm", 4 },       { "linux/arm/v7", 5 },   { "linux/arm64", 6 },
		{ "windows/amd64", 1 },   { "linux/arm64/v8", 6 }, { "linux/arm64/v9", -1 },
		{ "linux/s390x", -1 },    { "linux", -2 },         { "", -2 },
		{ "linux/", -2 },         { "/amd64", -2 },        { "linux/arm/", -2 },
		{ "linux/arm/v7/x", -2 },
	};
	g_autoptr(PvManifest) index = platforms(have, G_N_ELEMENTS(have) / 3);

	g_assert_nonnull(index);
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		const PvIndexEntry *found = pv_manifest_select(index, rows[i].wish, &error);

		if (rows[i].index >= 0)
			g_assert_true(found == &index->entries[rows[i].index]);
		else
			g_assert_error(error, PV_ERROR,
				       (rows[i].index == -1 ? PV_ERROR_NOT_FOUND : PV_ERROR_USAGE));
	}
}

static void test_select_message(void)
{
	static const char *const have[] = { "linux", "amd64", "", "linux", "arm", "v7" };
	g_autoptr(PvManifest) index = platforms(have, 2);
	g_autoptr(GError) error = NULL, usage = NULL;

	g_assert_null(pv_manifest_select(index, "linux/s390x", &error));
	g_assert_cmpstr(error->message, ==,
			"no image for linux/s390x in the index; it has: linux/amd64, linux/arm/v7");
	g_assert_null(pv_manifest_select(index, "amd64", &usage));
	g_assert_cmpstr(usage->message, ==, "platform 'amd64': not os/architecture[/variant]");
}

/* An index of one entry that does not say for whom it is: whoever asks gets it. */
static void test_select_only(void)
{
	g_autoptr(PvManifest) index = parse(HEAD "\"manifests\":[" LAYER "]}", NULL, NULL);
	g_autoptr(PvManifest) two = parse(HEAD "\"manifests\":[" LAYER "," LAYER "]}", NULL, NULL);
	g_autoptr(GError) error = NULL;

	g_assert_true(pv_manifest_select(index, NULL, NULL) == index->entries);
	g_assert_null(pv_manifest_select(two, "linux/amd64", &error));
	g_assert_cmpstr(error->message, ==,
			"no image for linux/amd64 in the index; it has: none with a platform");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/manifest/image", test_image);
	g_test_add_func("/manifest/index", test_index);
	g_test_add_func("/manifest/confusion", test_confusion);
	g_test_add_func("/manifest/unsupported", test_unsupported);
	g_test_add_func("/manifest/damaged", test_damaged);
	g_test_add_func("/manifest/limits", test_limits);
	g_test_add_func("/platform/select", test_select);
	g_test_add_func("/platform/message", test_select_message);
	g_test_add_func("/platform/only", test_select_only);
	return g_test_run();
}
