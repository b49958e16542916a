/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/layout.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"

typedef struct {
	char *root, *path; /* a scratch directory, and where the layout goes in it */
} Place;

static void place_start(Place *place, const void *data)
{
	place->root = g_dir_make_tmp("pavise-XXXXXX", NULL);
	place->path = g_build_filename(place->root, "layout", NULL);
}

static void place_end(Place *place, const void *data)
{
	pv_file_remove_tree(place->root, NULL);
	g_free(place->root);
	g_free(place->path);
}

static PvLayout *open_new(const Place *place)
{
	g_autoptr(GError) error = NULL;
	PvLayout *layout = pv_layout_open(place->path, TRUE, &error);

	g_assert_no_error(error);
	return layout;
}

static PvDescriptor descriptor_of(const char *text, const char *media_type)
{
	return (PvDescriptor){ pv_digest_of(PV_HASH_SHA256, text, strlen(text)), strlen(text),
			       media_type };
}

static void put(const Place *place, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(place->path, name, NULL);

	g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static gboolean has(const Place *place, const char *name)
{
	g_autofree char *path = g_build_filename(place->path, name, NULL);

	return g_file_test(path, G_FILE_TEST_EXISTS);
}

static void test_write(Place *place, const void *data)
{
	g_autoptr(PvLayout) layout = open_new(place);
	PvDescriptor descriptor = descriptor_of("hello", "x");
	g_autoptr(GBytes) right = g_bytes_new_static("hello", 5);
	g_autoptr(GBytes) wrong = g_bytes_new_static("hellO", 5);
	g_autoptr(GBytes) longer = g_bytes_new_static("hello!", 6);
	g_autoptr(GBytes) shorter = g_bytes_new_static("hell", 4);
	g_autoptr(GError) changed = NULL, too_long = NULL, too_short = NULL;
	PvBlobRange range;
	char text[5];

	g_assert_false(pv_layout_write(layout, &descriptor, wrong, &changed));
	g_assert_error(changed, PV_ERROR, PV_ERROR_DIGEST);
	g_assert_true(g_str_has_prefix(
		changed->message,
		"blob sha256:"
		"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824 was changed: "));
	g_assert_false(pv_layout_write(layout, &descriptor, longer, &too_long));
	g_assert_cmpstr(too_long->message, ==, "blob is longer than the 5 bytes its manifest says");
	g_assert_false(pv_layout_write(layout, &descriptor, shorter, &too_short));
	g_assert_error(too_short, PV_ERROR, PV_ERROR_DIGEST);
	g_assert_false(pv_layout_has(layout, &descriptor));
	g_assert_true(pv_layout_write(layout, &descriptor, right, NULL));
	g_assert_true(pv_layout_has(layout, &descriptor));
	g_assert_true(pv_layout_open_blob(layout, &descriptor, &range, NULL));
	g_assert_cmpint(pread(range.fd, text, 5, 0), ==, 5);
	g_assert_cmpmem(text, 5, "hello", 5);
	close(range.fd);
}

static void test_resume(Place *place, const void *data)
{
	g_autoptr(PvLayout) layout = open_new(place);
	PvDescriptor descriptor = descriptor_of("hello", "x");
	g_autoptr(GError) error = NULL;

	{
		g_autoptr(PvIngest) first = pv_ingest_open(layout, &descriptor, NULL);

		g_assert_cmpuint(pv_ingest_offset(first), ==, 0);
		g_assert_true(pv_ingest_feed(first, (const guint8 *)"hel", 3, NULL));
	}
	{
		g_autoptr(PvIngest) second = pv_ingest_open(layout, &descriptor, NULL);

		g_assert_cmpuint(pv_ingest_offset(second), ==, 3);
		g_assert_false(pv_ingest_feed(second, (const guint8 *)"lo!", 3, &error));
		g_assert_error(error, PV_ERROR, PV_ERROR_DIGEST);
		g_assert_true(pv_ingest_feed(second, (const guint8 *)"lo", 2, NULL));
		g_assert_true(pv_ingest_commit(second, NULL));
	}
	g_assert_true(pv_layout_has(layout, &descriptor));
}

/* What lies there is longer than the blob: it is somebody's rubbish. */
static void test_resume_too_long(Place *place, const void *data)
{
	g_autoptr(PvLayout) layout = open_new(place);
	PvDescriptor descriptor = descriptor_of("hello", "x");
	g_autofree char *hex = pv_digest_hex(&descriptor.digest);
	g_autofree char *name = g_strconcat("ingest/sha256-", hex, NULL);
	g_autoptr(PvIngest) ingest = NULL;

	put(place, name, "hello and more");
	ingest = pv_ingest_open(layout, &descriptor, NULL);
	g_assert_cmpuint(pv_ingest_offset(ingest), ==, 0);
}

static void test_publish(Place *place, const void *data)
{
	g_autoptr(PvLayout) layout = open_new(place);
	PvDescriptor one = descriptor_of("one", "a/b"), two = descriptor_of("two", "a/b");
	g_autoptr(PvManifest) index = NULL;
	g_autoptr(GError) error = NULL;

	g_assert_false(has(place, "oci-layout"));
	g_assert_true(pv_layout_publish(layout, &one, "v1", NULL));
	g_assert_true(has(place, "oci-layout"));
	g_assert_true(pv_layout_publish(layout, &one, NULL, NULL));
	g_assert_true(pv_layout_publish(layout, &one, NULL, NULL));
	g_assert_true(pv_layout_publish(layout, &two, "v1", NULL));
	index = pv_layout_index(layout, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(index->entry_count, ==, 2);
	g_assert_null(index->entries[0].ref_name);
	g_assert_true(pv_digest_equal(&index->entries[0].descriptor.digest, &one.digest));
	g_assert_cmpstr(index->entries[1].ref_name, ==, "v1");
	g_assert_true(pv_digest_equal(&index->entries[1].descriptor.digest, &two.digest));
}

static void test_publish_limit(Place *place, const void *data)
{
	g_autoptr(PvLayout) layout = open_new(place);
	PvDescriptor one = descriptor_of("one", "a/b");
	g_autofree char *hex = pv_digest_hex(&one.digest);
	g_autoptr(GString) index = g_string_new("{\"schemaVersion\":2,\"manifests\":[");
	g_autoptr(GError) error = NULL;

	for (int i = 0; i < PV_INDEX_MANIFESTS_MAX - 2; i++)
		g_string_append_printf(index,
				       "%s{\"mediaType\":\"x\",\"digest\":\"sha256:%s\",\"size\":1,"
				       "\"annotations\":{\"org.opencontainers.image.ref.name\":"
				       "\"%d\"}}",
				       i ? "," : "", hex, i);
	g_string_append(index, "]}");
	put(place, "index.json", index->str);
	g_assert_true(pv_layout_publish(layout, &one, "a", NULL)); /* limit - 1 */
	g_assert_true(pv_layout_publish(layout, &one, "b", NULL)); /* limit */
	g_assert_false(pv_layout_publish(layout, &one, "c", &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_LIMIT);
	g_assert_true(pv_layout_publish(layout, &one, "b", NULL)); /* replaces */
}

static void test_not_a_layout(Place *place, const void *data)
{
	g_autoptr(GError) missing = NULL, other = NULL, version = NULL, damaged = NULL;
	g_autofree char *expected =
		g_strdup_printf("%s/oci-layout: imageLayoutVersion is not 1.0.0", place->path);

	g_assert_null(pv_layout_open(place->path, FALSE, &missing));
	g_assert_error(missing, PV_ERROR, PV_ERROR_NOT_FOUND);
	g_assert_cmpint(g_mkdir(place->path, 0755), ==, 0);
	put(place, "precious", "x");
	g_assert_null(pv_layout_open(place->path, TRUE, &other));
	g_assert_error(other, PV_ERROR, PV_ERROR_USAGE);
	put(place, "oci-layout", "{\"imageLayoutVersion\":\"2.0.0\"}");
	g_assert_null(pv_layout_open(place->path, FALSE, &version));
	g_assert_error(version, PV_ERROR, PV_ERROR_SYNTAX);
	g_assert_cmpstr(version->message, ==, expected);
	put(place, "oci-layout", "{");
	g_assert_null(pv_layout_open(place->path, TRUE, &damaged));
	g_assert_error(damaged, PV_ERROR, PV_ERROR_SYNTAX);
}

/* Only what this process made itself is taken away again. */
static void test_discard(Place *place, const void *data)
{
	g_autoptr(PvLayout) layout = open_new(place);
	PvDescriptor one = descriptor_of("one", "a/b");
	g_autoptr(PvLayout) again = NULL;

	g_assert_true(pv_layout_publish(layout, &one, "v1", NULL));
	again = open_new(place);
	pv_layout_discard_new(again);
	g_assert_true(has(place, "index.json"));
	pv_layout_discard_new(layout);
	g_assert_false(has(place, "."));
}

static void test_wrong_length(Place *place, const void *data)
{
	g_autoptr(PvLayout) layout = open_new(place);
	PvDescriptor descriptor = descriptor_of("hello", "x");
	g_autofree char *hex = pv_digest_hex(&descriptor.digest);
	g_autofree char *name = g_strconcat("blobs/sha256/", hex, NULL);
	g_autoptr(GError) error = NULL, gone = NULL;
	PvBlobRange range;

	g_assert_false(pv_layout_open_blob(layout, &descriptor, &range, &gone));
	g_assert_error(gone, PV_ERROR, PV_ERROR_NOT_FOUND);
	put(place, name, "hell");
	g_assert_false(pv_layout_has(layout, &descriptor));
	g_assert_false(pv_layout_open_blob(layout, &descriptor, &range, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_DIGEST);
}

#define ADD(name, function) g_test_add(name, Place, NULL, place_start, function, place_end)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("/layout/write", test_write);
	ADD("/layout/resume", test_resume);
	ADD("/layout/resume-too-long", test_resume_too_long);
	ADD("/layout/publish", test_publish);
	ADD("/layout/publish-limit", test_publish_limit);
	ADD("/layout/not-a-layout", test_not_a_layout);
	ADD("/layout/discard", test_discard);
	ADD("/layout/wrong-length", test_wrong_length);
	return g_test_run();
}
