/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/image.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "oci/layout.h"
#include "oci/plan.h"

typedef struct {
	char *path, *source;
	PvLayout *layout;
} Place;

static void place_start(Place *place, const void *data)
{
	place->path = g_dir_make_tmp("pavise-XXXXXX", NULL);
	place->source = g_strconcat("oci:", place->path, NULL);
	place->layout = pv_layout_open(place->path, TRUE, NULL);
	g_assert_nonnull(place->layout);
}

static void place_end(Place *place, const void *data)
{
	pv_layout_free(place->layout);
	pv_file_remove_tree(place->path, NULL);
	g_free(place->path);
	g_free(place->source);
}

static PvDescriptor store(const Place *place, const char *media_type, const char *text)
{
	g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));
	PvDescriptor descriptor = { pv_digest_of(PV_HASH_SHA256, text, strlen(text)), strlen(text),
				    media_type };

	g_assert_true(pv_layout_write(place->layout, &descriptor, bytes, NULL));
	return descriptor;
}

static char *text_of(const PvDescriptor *descriptor)
{
	char digest[PV_DIGEST_TEXT_SIZE];

	pv_digest_format(&descriptor->digest, digest);
	return g_strdup_printf("{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%" G_GUINT64_FORMAT
			       "}",
			       descriptor->media_type, digest, descriptor->size);
}

/* One layer, whose tar is the text "layer". */
static PvDescriptor store_image(const Place *place)
{
	PvDescriptor layer = store(place, PV_MEDIA_OCI_LAYER, "layer"), config;
	g_autofree char *hex = pv_digest_hex(&layer.digest), *config_text = NULL;
	g_autofree char *layer_json = text_of(&layer), *config_json = NULL, *text = NULL;

	config_text = g_strdup_printf(
		"{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:%s\"]},\"history\":[{"
		"\"created_by\":\"COPY\"}]}",
		hex);
	config = store(place, PV_MEDIA_OCI_CONFIG, config_text);
	config_json = text_of(&config);
	text = g_strdup_printf("{\"schemaVersion\":2,\"config\":%s,\"layers\":[%s]}", config_json,
			       layer_json);
	return store(place, PV_MEDIA_OCI_MANIFEST, text);
}

static PvDescriptor store_index(const Place *place, const PvDescriptor *entry)
{
	g_autofree char *json = text_of(entry);
	g_autofree char *text = g_strdup_printf("{\"schemaVersion\":2,\"manifests\":[%s]}", json);

	return store(place, PV_MEDIA_OCI_INDEX, text);
}

static void test_open(Place *place, const void *data)
{
	PvDescriptor root = store_image(place);
	g_autoptr(GError) error = NULL;
	g_autoptr(PvImage) image = NULL;
	PvBlobRange range;
	char text[5];

	g_assert_true(pv_layout_publish(place->layout, &root, "v1", NULL));
	image = pv_image_open(place->source, NULL, &error);
	g_assert_no_error(error);
	g_assert_true(pv_digest_equal(&pv_image_manifest(image)->digest, &root.digest));
	g_assert_cmpuint(pv_image_layer_count(image), ==, 1);
	g_assert_cmpstr(pv_image_created_by(image, 0), ==, "COPY");
	g_assert_true(
		pv_digest_equal(&pv_image_layer(image, 0)->digest, pv_image_diff_id(image, 0)));
	g_assert_true(pv_image_open_layer(image, 0, &range, NULL));
	g_assert_cmpint(pread(range.fd, text, 5, (off_t)range.offset), ==, 5);
	g_assert_cmpmem(text, 5, "layer", 5);
}

static void test_not_local(void)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(pv_image_open("docker://debian", NULL, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_USAGE);
	g_assert_cmpstr(error->message, ==,
			"not an image on this machine: oci:, oci-archive:, docker-archive: or - is "
			"expected");
}

static PvPlan *plan_of(const Place *place, gboolean select, GError **error)
{
	PvSource source = { .kind = PV_SOURCE_LAYOUT, .path = place->path };
	g_autoptr(PvBlobs) blobs = pv_blobs_open(&source, NULL);
	PvOrigin origin = { NULL, blobs };

	return pv_plan_new(&origin, pv_blobs_root(blobs), NULL, select, NULL, error);
}

/* Indexes around an image: as many as PV_INDEX_DEPTH_MAX, one less, one more. */
static void test_depth(Place *place, const void *data)
{
	for (int offset = -1; offset <= 1; offset++) {
		PvDescriptor root = store_image(place);
		g_autofree char *index = g_build_filename(place->path, "index.json", NULL);
		g_autoptr(GError) opening = NULL, planning = NULL, selecting = NULL;
		g_autoptr(PvImage) image = NULL;
		g_autoptr(PvPlan) whole = NULL, one = NULL;

		for (int i = 0; i < PV_INDEX_DEPTH_MAX + offset; i++)
			root = store_index(place, &root);
		g_unlink(index);
		g_assert_true(pv_layout_publish(place->layout, &root, "v1", NULL));
		image = pv_image_open(place->source, NULL, &opening);
		whole = plan_of(place, FALSE, &planning);
		one = plan_of(place, TRUE, &selecting);
		if (offset <= 0) {
			g_assert_no_error(opening);
			g_assert_no_error(planning);
			g_assert_no_error(selecting);
			g_assert_cmpuint(whole->manifests->len, ==,
					 (guint)(PV_INDEX_DEPTH_MAX + offset + 1));
			g_assert_cmpuint(one->manifests->len, ==, 1);
			g_assert_cmpuint(one->blobs->len, ==, 2);
		} else {
			g_assert_cmpstr(opening->message, ==, "indexes nested deeper than 4");
			g_assert_cmpstr(planning->message, ==, "indexes nested deeper than 4");
			g_assert_cmpstr(selecting->message, ==, "indexes nested deeper than 4");
		}
	}
}

/* An index of @count manifests, padded to the largest that are allowed, the last to @last bytes. */
static PvDescriptor store_padded(const Place *place, guint count, gsize last)
{
	PvDescriptor image = store_image(place);
	g_autofree char *path = NULL, *text = NULL;
	g_autoptr(GString) index = g_string_new("{\"schemaVersion\":2,\"manifests\":[");
	PvBlobRange range;
	gsize size = image.size;

	g_assert_true(pv_layout_open_blob(place->layout, &image, &range, NULL));
	text = g_malloc0(size + 1);
	g_assert_cmpint(pread(range.fd, text, size, 0), ==, (gssize)size);
	close(range.fd);
	for (guint i = 0; i < count; i++) {
		gsize wanted = i + 1 == count ? last : PV_MANIFEST_BYTES_MAX;
		g_autofree char *spaces = g_strnfill(wanted - size, ' ');
		g_autofree char *padded = NULL, *json = NULL;
		PvDescriptor one;

		memset(spaces, '\n', i); /* so that all differ */
		padded = g_strconcat(text, spaces, NULL);
		one = store(place, PV_MEDIA_OCI_MANIFEST, padded);
		json = text_of(&one);
		g_string_append_printf(index, "%s%s", i ? "," : "", json);
	}
	g_string_append(index, "]}");
	return store(place, PV_MEDIA_OCI_INDEX, index->str);
}

static void test_plan_bytes(Place *place, const void *data)
{
	guint count = PV_PLAN_BYTES_MAX / PV_MANIFEST_BYTES_MAX;

	for (int offset = -1; offset <= 1; offset++) {
		g_autofree char *index = g_build_filename(place->path, "index.json", NULL);
		g_autoptr(GError) error = NULL;
		g_autoptr(PvPlan) plan = NULL;
		/* A manifest has 4 MiB at most: to pass the limit takes one more. */
		PvDescriptor root =
			offset <= 0
				? store_padded(place, count, PV_MANIFEST_BYTES_MAX + (gsize)offset)
				: store_padded(place, count + 1, 2048);

		g_unlink(index);
		g_assert_true(pv_layout_publish(place->layout, &root, "v1", NULL));
		plan = plan_of(place, FALSE, &error);
		g_assert_cmpint(plan != NULL, ==, offset <= 0);
		g_assert_cmpstr(error ? error->message : NULL, ==,
				offset <= 0 ? NULL
					    : "the manifests of one image have more than 67108864 "
					      "bytes");
	}
}

#define ADD(name, function) g_test_add(name, Place, NULL, place_start, function, place_end)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("/image/open", test_open);
	g_test_add_func("/image/not-local", test_not_local);
	ADD("/image/depth", test_depth);
	ADD("/plan/bytes", test_plan_bytes);
	return g_test_run();
}
