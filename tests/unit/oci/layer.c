/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/layer.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "../tarball.h"
#include "base/error.h"
#include "base/limits.h"
#include "oci/decompress.h"

static void gzip_member(GByteArray *out, const guint8 *data, gsize size)
{
	z_stream stream = { .next_in = (guint8 *)data, .avail_in = (guint)size };
	gsize bound, at = out->len;

	g_assert_cmpint(deflateInit2(&stream, 6, Z_DEFLATED, 31, 8, 0), ==, Z_OK);
	bound = deflateBound(&stream, size);
	g_byte_array_set_size(out, (guint)(at + bound));
	stream.next_out = out->data + at;
	stream.avail_out = (guint)bound;
	g_assert_cmpint(deflate(&stream, Z_FINISH), ==, Z_STREAM_END);
	g_byte_array_set_size(out, (guint)(at + stream.total_out));
	deflateEnd(&stream);
}

static void zstd_frame(GByteArray *out, const guint8 *data, gsize size)
{
	gsize bound = ZSTD_compressBound(size), at = out->len;

	g_byte_array_set_size(out, (guint)(at + bound));
	bound = ZSTD_compress(out->data + at, bound, data, size, 3);
	g_assert_false(ZSTD_isError(bound));
	g_byte_array_set_size(out, (guint)(at + bound));
}

static GByteArray *big_tar(void)
{
	GByteArray *tar = g_byte_array_new();
	g_autoptr(GRand) rand = g_rand_new_with_seed(7);

	for (guint i = 0; i < 20; i++) {
		g_autofree char *name = g_strdup_printf("f%u", i);
		g_autofree char *text = g_strnfill(20000 + i, 'x');

		for (guint j = 0; j < 20000; j += 1 + i % 3)
			text[j] = (char)g_rand_int_range(rand, 'a', 'z');
		tarball_file(tar, name, text);
	}
	tarball_end(tar);
	return tar;
}

/* All that comes out when @stored is fed @step bytes at a time. */
static GByteArray *inflate_all(const GByteArray *stored, gsize step, GError **error)
{
	g_autoptr(PvDecompress) decompress = pv_decompress_new();
	g_autoptr(GByteArray) out = g_byte_array_new();

	for (gsize at = 0; at < stored->len; at += step) {
		const guint8 *data;
		gsize size;

		pv_decompress_feed(decompress, stored->data + at, MIN(step, stored->len - at));
		do {
			if (!pv_decompress_next(decompress, &data, &size, error))
				return NULL;
			g_byte_array_append(out, data, (guint)size);
		} while (size > 0);
	}
	if (!pv_decompress_finish(decompress, error))
		return NULL;
	return g_steal_pointer(&out);
}

static void check_inflate(const GByteArray *stored, const GByteArray *plain)
{
	static const gsize steps[] = { 1, 2, 3, 5, 4096, 1 << 22 };

	for (guint i = 0; i < G_N_ELEMENTS(steps); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(GByteArray) out = inflate_all(stored, steps[i], &error);

		g_assert_no_error(error);
		g_assert_cmpmem(out->data, out->len, plain->data, plain->len);
	}
}

static void test_decompress(void)
{
	static const guint8 skippable[] = { 0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 'h', 'i' };
	g_autoptr(GByteArray) plain = big_tar(), stored = g_byte_array_new();
	gsize half = plain->len / 2;

	check_inflate(plain, plain);
	gzip_member(stored, plain->data, plain->len);
	check_inflate(stored, plain);
	g_byte_array_set_size(stored, 0);
	gzip_member(stored, plain->data, half);
	gzip_member(stored, plain->data, 0);
	gzip_member(stored, plain->data + half, plain->len - half);
	check_inflate(stored, plain);
	g_byte_array_set_size(stored, 0);
	zstd_frame(stored, plain->data, half);
	zstd_frame(stored, plain->data + half, plain->len - half);
	g_byte_array_append(stored, skippable, sizeof(skippable));
	check_inflate(stored, plain);
	g_byte_array_set_size(stored, 0);
	g_byte_array_append(stored, skippable, sizeof(skippable));
	zstd_frame(stored, plain->data, plain->len);
	check_inflate(stored, plain);
}

static void check_damaged(const GByteArray *stored, const char *sentence)
{
	static const gsize steps[] = { 1, 1 << 22 };

	for (guint i = 0; i < G_N_ELEMENTS(steps); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(inflate_all(stored, steps[i], &error));
		g_assert_error(error, PV_ERROR, PV_ERROR_SYNTAX);
		g_assert_cmpstr(error->message, ==, sentence);
	}
}

static void test_damaged(void)
{
	g_autoptr(GByteArray) plain = big_tar(), stored = g_byte_array_new();

	gzip_member(stored, plain->data, plain->len);
	stored->data[stored->len - 8] ^= 1;
	check_damaged(stored, "gzip data is damaged: a wrong checksum");
	stored->data[stored->len - 8] ^= 1;
	g_byte_array_append(stored, (const guint8 *)"garbage after the member", 24);
	check_damaged(stored, "gzip data is damaged: no gzip header where one belongs");
	g_byte_array_set_size(stored, stored->len - 25);
	check_damaged(stored, "the compressed layer is cut off");
	g_byte_array_set_size(stored, stored->len / 2);
	check_damaged(stored, "the compressed layer is cut off");
	g_byte_array_set_size(stored, 4);
	check_damaged(stored, "the compressed layer is cut off");
	g_byte_array_set_size(stored, 3);
	check_damaged(stored, "the layer is cut off after 3 bytes");
	g_byte_array_set_size(stored, 0);
	zstd_frame(stored, plain->data, plain->len);
	g_byte_array_set_size(stored, stored->len - 1);
	check_damaged(stored, "the compressed layer is cut off");
}

static int memory_file(const GByteArray *bytes)
{
	int fd = memfd_create("layer", MFD_CLOEXEC);

	g_assert_cmpint(write(fd, bytes->data, bytes->len), ==, bytes->len);
	return fd;
}

/* Row 37: 64 MiB of zeros in a few KiB. */
static void test_bomb(void)
{
	g_autofree guint8 *zeros = g_malloc0(64 * PV_MIB);
	g_autoptr(GByteArray) stored = g_byte_array_new();
	g_autoptr(GError) error = NULL;
	g_autoptr(PvDecompress) decompress = pv_decompress_new();
	const guint8 *data;
	gsize size, total = 0;

	/* Frames stand behind one another as one stream. */
	for (guint i = 0; i < 5; i++)
		zstd_frame(stored, zeros, 64 * PV_MIB);
	pv_decompress_feed(decompress, stored->data, stored->len);
	while (pv_decompress_next(decompress, &data, &size, &error) && size > 0)
		total += size;
	g_assert_error(error, PV_ERROR, PV_ERROR_LIMIT);
	g_assert_cmpstr(error->message, ==,
			"the layer inflates more than 200 times: a decompression bomb");
	g_assert_cmpuint(total, <=, PV_LAYER_RATIO_FREE + stored->len * (PV_LAYER_RATIO_MAX + 1));
}

typedef struct {
	GString *seen;
	const char *only; /* the one file whose content is wanted; NULL for all */
} Witness;

static gboolean see_entry(void *sink, const PvTarEntry *entry, GError **error)
{
	g_string_append_printf(((Witness *)sink)->seen, "<%s", entry->path);
	return TRUE;
}

static gboolean see_content(void *sink, const guint8 *data, gsize size, GError **error)
{
	g_string_append_len(((Witness *)sink)->seen, (const char *)data, (gssize)size);
	return TRUE;
}

static gboolean see_end(void *sink, GError **error)
{
	g_string_append(((Witness *)sink)->seen, ">");
	return TRUE;
}

static gboolean see_wants(void *sink, const PvTarEntry *entry)
{
	return strcmp(entry->path, ((Witness *)sink)->only) == 0;
}

static gboolean refuse_entry(void *sink, const PvTarEntry *entry, GError **error)
{
	return pv_fail(error, PV_ERROR_REFUSED, "no %s", entry->path);
}

static void test_layer(void)
{
	g_autoptr(GByteArray) tar = g_byte_array_new(), stored = g_byte_array_new();
	g_autoptr(GString) all = g_string_new(NULL), one = g_string_new(NULL);
	g_autoptr(GError) error = NULL;
	Witness everything = { all, NULL }, single = { one, "b" };
	PvLayerSink sinks[] = { { see_entry, see_content, see_end, NULL, &everything },
				{ see_entry, see_content, see_end, see_wants, &single },
				{ refuse_entry, NULL, NULL, NULL, NULL } };
	PvLayerResult result;
	PvDigest digest, expected;
	int fd;

	tarball_file(tar, "a", "AAA");
	tarball_file(tar, ".wh.w", "gone");
	tarball_header(tar, '5', "d", 0, "");
	tarball_file(tar, "b", "BBB");
	tarball_end(tar);
	g_byte_array_append(stored, (const guint8 *)"before", 6);
	gzip_member(stored, tar->data, tar->len);
	expected = pv_digest_of(PV_HASH_SHA256, stored->data + 6, stored->len - 6);
	g_byte_array_append(stored, (const guint8 *)"after", 5);
	fd = memory_file(stored);

	g_assert_true(pv_layer_read(fd, 6, stored->len - 11, "", sinks, 2, &result, &error));
	g_assert_no_error(error);
	g_assert_cmpstr(all->str, ==, "<aAAA><w<d<bBBB>");
	g_assert_cmpstr(one->str, ==, "<a<w<d<bBBB>");
	g_assert_true(pv_digest_equal(&result.digest, &expected));
	digest = pv_digest_of(PV_HASH_SHA256, tar->data, tar->len);
	g_assert_true(pv_digest_equal(&result.diff_id, &digest));
	g_assert_cmpuint(result.size, ==, stored->len - 11);
	g_assert_cmpuint(result.tar_size, ==, tar->len);
	g_assert_cmpuint(result.entries, ==, 4);
	g_assert_true(pv_layer_hash(fd, 6, stored->len - 11, PV_HASH_SHA256, &digest, NULL));
	g_assert_true(pv_digest_equal(&digest, &expected));

	g_assert_false(pv_layer_read(fd, 6, stored->len - 11, "", sinks, 3, &result, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_REFUSED);
	g_clear_error(&error);
	g_assert_false(pv_layer_read(fd, 6, stored->len - 6, "", sinks, 0, &result, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_SYNTAX); /* "after" is no gzip member */
	g_clear_error(&error);
	g_assert_false(pv_layer_hash(fd, 6, stored->len, PV_HASH_SHA256, &digest, &error));
	g_assert_cmpstr(error->message, ==, "the layer's file ends 6 bytes early");
	g_clear_error(&error);
	g_assert_false(pv_layer_read(fd, 0, PV_BLOB_BYTES_MAX + 1, "", sinks, 0, &result, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_LIMIT);
	close(fd);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/oci/layer/decompress", test_decompress);
	g_test_add_func("/oci/layer/damaged", test_damaged);
	g_test_add_func("/oci/layer/bomb", test_bomb);
	g_test_add_func("/oci/layer/sinks", test_layer);
	return g_test_run();
}
