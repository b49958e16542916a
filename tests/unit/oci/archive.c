/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/archive.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../tarball.h"
#include "base/error.h"
#include "base/limits.h"
#include "oci/archive_write.h"
#include "oci/docker_archive.h"

static PvArchive *open_bytes(const GByteArray *bytes, GError **error)
{
	int fd = memfd_create("archive", MFD_CLOEXEC);
	gsize done = 0;

	while (done < bytes->len) {
		ssize_t put = write(fd, bytes->data + done, bytes->len - done);

		g_assert_cmpint(put, >, 0);
		done += (gsize)put;
	}
	return pv_archive_open(fd, "t", error);
}

static void check_content(const PvArchive *archive, const char *path, const char *text)
{
	g_autoptr(GBytes) bytes = pv_archive_read(archive, path, 100, NULL);

	if (!text) {
		g_assert_null(bytes);
		return;
	}
	g_assert_nonnull(bytes);
	g_assert_cmpmem(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), text, strlen(text));
}

static void test_names(void)
{
	g_autoptr(GByteArray) tar = g_byte_array_new();
	g_autoptr(PvArchive) archive = NULL;
	g_autofree char *hundred = g_strnfill(100, 'n'), *far = g_strnfill(300, 'f');

	tarball_file(tar, "./a//b", "one");
	tarball_file(tar, hundred, "two");
	tarball_extension(tar, 'L', far, strlen(far) + 1);
	tarball_file(tar, "short", "three");
	tarball_pax(tar, "path", "p/q", 3);
	tarball_file(tar, "ignored", "four");
	tarball_file(tar, "twice", "old");
	tarball_file(tar, "twice", "new");
	tarball_header(tar, '5', "directory", 0, "");
	tarball_end(tar);
	archive = open_bytes(tar, NULL);
	check_content(archive, "a/b", "one");
	check_content(archive, "/a/./b", "one");
	check_content(archive, hundred, "two");
	check_content(archive, far, "three");
	check_content(archive, "short", NULL);
	check_content(archive, "p/q", "four");
	check_content(archive, "ignored", NULL);
	check_content(archive, "twice", "new");
	check_content(archive, "directory", NULL);
	check_content(archive, "../a/b", NULL);
}

static void test_links(void)
{
	g_autoptr(GByteArray) tar = g_byte_array_new();
	g_autoptr(PvArchive) archive = NULL;

	tarball_file(tar, "d/file", "x");
	tarball_header(tar, '2', "d/e/soft", 0, "../file");
	tarball_header(tar, '2', "absolute", 0, "/d/file");
	tarball_header(tar, '1', "hard", 0, "d/file");
	tarball_header(tar, '2', "out", 0, "../../etc/passwd");
	tarball_header(tar, '1', "out2", 0, "../d/file");
	tarball_header(tar, '2', "loop", 0, "loop");
	for (int i = 1; i <= 9; i++) {
		char name[8], target[8];

		snprintf(name, sizeof(name), "l%d", i);
		snprintf(target, sizeof(target), i == 1 ? "d/file" : "l%d", i - 1);
		tarball_header(tar, '2', name, 0, target);
	}
	tarball_end(tar);
	archive = open_bytes(tar, NULL);
	check_content(archive, "d/e/soft", "x");
	check_content(archive, "absolute", "x");
	check_content(archive, "hard", "x");
	check_content(archive, "out", NULL);
	check_content(archive, "out2", NULL);
	check_content(archive, "loop", NULL);
	check_content(archive, "l7", "x");
	check_content(archive, "l8", "x"); /* the limit: eight links */
	check_content(archive, "l9", NULL);
}

static void check_damage(GByteArray *tar, PvErrorCode code, const char *message)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(open_bytes(tar, &error));
	g_assert_error(error, PV_ERROR, (int)code);
	g_assert_cmpstr(error->message, ==, message);
	g_byte_array_set_size(tar, 0);
}

static void test_damaged(void)
{
	g_autoptr(GByteArray) tar = g_byte_array_new();

	g_byte_array_append(tar, (const guint8 *)"short", 5);
	check_damage(tar, PV_ERROR_SYNTAX, "t: too short for an archive");
	tarball_file(tar, "a", "x");
	tar->data[0] ^= 1;
	check_damage(tar, PV_ERROR_SYNTAX, "t: not a tar header at byte 0");
	tarball_header(tar, '0', "a", 5000, "");
	tarball_end(tar);
	check_damage(tar, PV_ERROR_SYNTAX,
		     "t: an entry of 5000 bytes goes beyond the archive's end");
	tarball_file(tar, "../a", "x");
	check_damage(tar, PV_ERROR_ESCAPE, "t: the entry '../a' leaves the archive");
	tarball_extension(tar, 'x', "99 path=a\n", 10);
	check_damage(tar, PV_ERROR_SYNTAX, "t: damaged extended header at byte 512");
	tarball_file(tar, "a", "x");
	g_byte_array_set_size(tar, 1024 + 100);
	memset(tar->data + 1024, 0, 100);
	check_damage(tar, PV_ERROR_SYNTAX, "t: ends in the middle, at byte 1124");
}

static void check_limit(GByteArray *tar, int offset)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(PvArchive) archive = open_bytes(tar, &error);

	g_assert_cmpint(archive != NULL, ==, offset <= 0);
	g_assert_true(offset <= 0 || g_error_matches(error, PV_ERROR, PV_ERROR_LIMIT));
	g_byte_array_set_size(tar, 0);
}

static void test_limits(void)
{
	for (int offset = -1; offset <= 1; offset++) {
		g_autoptr(GByteArray) tar = g_byte_array_new();
		g_autofree char *path = g_strnfill((gsize)(PV_TAR_PATH_BYTES_MAX + offset), 'p');
		gsize size = PV_TAR_PAX_BYTES_MAX + (gsize)offset;
		g_autofree char *extension = g_malloc0(size);

		for (int i = 0; i < PV_ARCHIVE_ENTRIES_MAX + offset; i++) {
			char name[16];

			snprintf(name, sizeof(name), "%d", i);
			tarball_header(tar, '0', name, 0, "");
		}
		check_limit(tar, offset);
		tarball_extension(tar, 'L', path, strlen(path) + 1);
		tarball_file(tar, "a", "x");
		check_limit(tar, offset);
		tarball_extension(tar, 'g', extension, size);
		check_limit(tar, offset);
	}
}

static void test_read_limit(void)
{
	g_autoptr(GByteArray) tar = g_byte_array_new();
	g_autoptr(PvArchive) archive = NULL;

	tarball_file(tar, "a", "12345");
	archive = open_bytes(tar, NULL);
	for (gsize max = 4; max <= 6; max++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(GBytes) bytes = pv_archive_read(archive, "a", max, &error);

		g_assert_cmpint(bytes != NULL, ==, max >= 5);
		g_assert_cmpstr(error ? error->message : NULL, ==,
				max >= 5 ? NULL : "t: a: 5 bytes, at most 4 allowed");
	}
}

/* Eleven octal digits end at 8 GiB - 1. The file is a hole. */
static void test_large(void)
{
	static const guint64 sizes[] = { 8 * PV_GIB - 1, 8 * PV_GIB, 64 * PV_GIB };

	for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
		int fd = memfd_create("archive", MFD_CLOEXEC);
		g_autoptr(PvArchive) archive = NULL;
		guint8 header[512];
		PvBlobRange range;

		pv_archive_make_header(header, "large", '0', sizes[i]);
		g_assert_cmpint(write(fd, header, 512), ==, 512);
		g_assert_cmpint(ftruncate(fd, (off_t)(sizes[i] + 4096)), ==, 0);
		archive = pv_archive_open(fd, "t", NULL);
		g_assert_nonnull(archive);
		g_assert_true(pv_archive_find(archive, "large", &range));
		g_assert_cmpuint(range.size, ==, sizes[i]);
		g_assert_cmpuint(range.offset, ==, 512);
	}
}

#define ID     "\"sha256:abababababababababababababababababababababababababababababababab\""
#define CONFIG "{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[" ID "]}}"

static void check_docker(const char *manifest, const char *config_name, const char *layer,
			 const char *name, PvErrorCode code, const char *message)
{
	g_autoptr(GByteArray) tar = g_byte_array_new();
	g_autoptr(PvArchive) archive = NULL;
	g_autoptr(GError) error = NULL;
	g_autoptr(PvDockerArchive) image = NULL;

	tarball_file(tar, "manifest.json", manifest);
	tarball_file(tar, config_name, CONFIG);
	tarball_file(tar, "l.tar", layer);
	archive = open_bytes(tar, NULL);
	image = pv_docker_archive_read(archive, name, &error);
	g_assert_cmpint(image != NULL, ==, !message);
	g_assert_cmpstr(error ? error->message : NULL, ==, message);
	if (message) {
		g_assert_error(error, PV_ERROR, (int)code);
		return;
	}
	g_assert_cmpuint(image->layer_count, ==, 1);
	g_assert_cmpuint(image->layers[0].digest.raw[0], ==, 0xab);
	g_assert_cmpuint(image->ranges[0].size, ==, strlen(layer));
}

#define ONE "{\"Config\":\"c.json\",\"RepoTags\":[\"debian:12\"],\"Layers\":[\"l.tar\"]}"

static void test_docker(void)
{
	check_docker("[" ONE "]", "c.json", "tar", NULL, 0, NULL);
	check_docker("[{\"Config\":\"x\"}," ONE "]", "c.json", "tar", "docker.io/library/debian:12",
		     0, NULL);
	check_docker("[" ONE "," ONE "]", "c.json", "tar", NULL, PV_ERROR_USAGE,
		     "the archive holds 2 images; name one: docker-archive:FILE:NAME");
	check_docker("[" ONE "]", "c.json", "tar", "debian:13", PV_ERROR_NOT_FOUND,
		     "no image 'debian:13' in the archive");
	check_docker("[]", "c.json", "tar", NULL, PV_ERROR_SYNTAX,
		     "manifest.json: no array of images");
	check_docker("[{}]", "c.json", "tar", NULL, PV_ERROR_SYNTAX, "manifest.json: no Config");
	check_docker("[{\"Config\":\"c.json\",\"Layers\":[]}]", "c.json", "tar", NULL,
		     PV_ERROR_SYNTAX, "configuration: 1 diff_ids, but 0 layers");
	check_docker("[{\"Config\":\"c.json\",\"Layers\":[\"m.tar\"]}]", "c.json", "tar", NULL,
		     PV_ERROR_NOT_FOUND, "layer 0, m.tar, is not in the archive");
	check_docker("[{\"Config\":\"c.json\",\"Layers\":[7]}]", "c.json", "tar", NULL,
		     PV_ERROR_NOT_FOUND, "layer 0, without a name, is not in the archive");
	check_docker("[" ONE "]", "c.json", "\x1f\x8b\x08 packed", NULL, PV_ERROR_UNSUPPORTED,
		     "layer 0 is compressed, which a docker archive's must not be; try "
		     "oci-archive:");
}

/* A configuration named by its digest must have it. */
static void test_docker_digest(void)
{
	PvDigest digest = pv_digest_of(PV_HASH_SHA256, CONFIG, strlen(CONFIG));
	g_autofree char *hex = pv_digest_hex(&digest), *zeros = g_strnfill(64, '0');
	g_autofree char *right = g_strconcat("blobs/sha256/", hex, NULL);
	g_autofree char *wrong = g_strconcat(zeros, ".json", NULL);
	g_autofree char *good =
		g_strdup_printf("[{\"Config\":\"%s\",\"Layers\":[\"l.tar\"]}]", right);
	g_autofree char *bad =
		g_strdup_printf("[{\"Config\":\"%s\",\"Layers\":[\"l.tar\"]}]", wrong);
	g_autofree char *message = g_strdup_printf(
		"the configuration %s was changed: its bytes have the digest sha256:%s", wrong,
		hex);

	check_docker(good, right, "tar", NULL, 0, NULL);
	check_docker(bad, wrong, "tar", NULL, PV_ERROR_DIGEST, message);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/archive/names", test_names);
	g_test_add_func("/archive/links", test_links);
	g_test_add_func("/archive/damaged", test_damaged);
	g_test_add_func("/archive/limits", test_limits);
	g_test_add_func("/archive/read-limit", test_read_limit);
	g_test_add_func("/archive/large", test_large);
	g_test_add_func("/docker-archive/read", test_docker);
	g_test_add_func("/docker-archive/digest", test_docker_digest);
	return g_test_run();
}
