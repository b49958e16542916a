/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/inspect.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../tarball.h"
#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"

#define STATUS                                                                  \
	"Package: libssl3\nStatus: install ok installed\nArchitecture: amd64\n" \
	"Source: openssl\nVersion: 3.0.15-1~deb12u1\nDescription: x\n more\n\n" \
	"Package: bash\nStatus: install ok installed\nArchitecture: amd64\n"    \
	"Version: 5.2.15-2+b7\nSource: bash (5.2.15-2)\n\n"
#define RELEASE "ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME='Debian GNU/Linux 12'\n"

typedef struct {
	char *directory, *rootfs, *layout, *source, *worker;
	PvInspectOptions options;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
	fixture->directory = g_dir_make_tmp("pavise-inspect-XXXXXX", NULL);
	fixture->rootfs = g_build_filename(fixture->directory, "rootfs.tar", NULL);
	fixture->layout = g_build_filename(fixture->directory, "layout", NULL);
	fixture->source = g_strconcat("oci:", fixture->layout, NULL);
	fixture->worker =
		g_build_filename(g_getenv("PAVISE_BUILD"), "src", "program", "pavise-worker", NULL);
	fixture->options = (PvInspectOptions){ fixture->worker, 60000 };
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
	g_assert_true(pv_file_remove_tree(fixture->directory, NULL));
	g_free(fixture->directory);
	g_free(fixture->rootfs);
	g_free(fixture->layout);
	g_free(fixture->source);
	g_free(fixture->worker);
}

/* The demo's image of @tar: this layer, and one with /etc/motd. */
static void make_image(Fixture *fixture, GByteArray *tar, const char *listing)
{
	g_autofree char *program =
		g_test_build_filename(G_TEST_DIST, "..", "demo", "make-image", NULL);
	const char *argv[] = { program, fixture->rootfs, fixture->layout, listing, NULL };
	int status;

	tarball_end(tar);
	g_assert_true(pv_file_create(fixture->rootfs, tar->data, tar->len, 0644, NULL));
	g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_STDERR_TO_DEV_NULL, NULL,
				   NULL, NULL, NULL, &status, NULL));
	g_assert_cmpint(status, ==, 0);
}

static char *list(const PvInventory *inventory)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < inventory->packages->len; i++) {
		const PvPackage *package = &g_array_index(inventory->packages, PvPackage, i);

		g_string_append_printf(text, "%s (%s %s) %s %u\n", package->purl,
				       package->source_name, package->source_version, package->path,
				       package->layer);
	}
	for (guint i = 0; i < inventory->unreadable->len; i++) {
		const PvUnreadable *bad = &g_array_index(inventory->unreadable, PvUnreadable, i);

		g_string_append_printf(text, "! %s: %s\n", bad->path, bad->why);
	}
	return g_string_free(text, FALSE);
}

static void test_image(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GByteArray) tar = g_byte_array_new();
	g_autofree char *listing = g_build_filename(fixture->directory, "list", NULL);
	g_autofree char *expected = NULL, *text = NULL;
	g_autoptr(GString) ours = g_string_new(NULL);
	g_autoptr(PvInventory) inventory = NULL;
	g_autoptr(GError) error = NULL;

	tarball_header(tar, '5', "./", 0, "");
	tarball_header(tar, '2', "./etc/os-release", 0, "../usr/lib/os-release");
	tarball_file(tar, "./usr/lib/os-release", RELEASE);
	tarball_file(tar, "./var/lib/dpkg/status", STATUS);
	tarball_file(tar, "./app/node_modules/@babel/core/package.json",
		     "{\"name\":\"@babel/core\",\"version\":\"7.1.0\"}");
	tarball_file(tar, "./app/node_modules/broken/package.json", "{\"name\":");
	make_image(fixture, tar, listing);
	inventory =
		pv_inspect_image_with(fixture->source, "linux/amd64", &fixture->options, &error);
	g_assert_no_error(error);
	text = list(inventory);
	g_assert_cmpstr(text, ==,
			"pkg:deb/debian/bash@5.2.15-2%2Bb7?arch=amd64&distro=debian-12 "
			"(bash 5.2.15-2) var/lib/dpkg/status 0\n"
			"pkg:deb/debian/libssl3@3.0.15-1~deb12u1?arch=amd64&distro=debian-12 "
			"(openssl 3.0.15-1~deb12u1) var/lib/dpkg/status 0\n"
			"pkg:npm/%40babel/core@7.1.0 (@babel/core 7.1.0) "
			"app/node_modules/@babel/core/package.json 0\n"
			"! app/node_modules/broken/package.json: package.json: not valid JSON at "
			"line 1 column 8: unexpected token near end of file\n");
	g_assert_cmpstr(inventory->distro.id, ==, "debian");
	g_assert_cmpstr(inventory->distro.version_id, ==, "12");
	g_assert_cmpstr(inventory->distro.pretty_name, ==, "Debian GNU/Linux 12");
	g_assert_cmpuint(inventory->layers->len, ==, 2);
	g_assert_cmpstr(g_array_index(inventory->layers, PvInventoryLayer, 1).created_by, ==,
			"COPY motd /etc/motd");
	g_assert_cmpuint(inventory->digest.size, ==, 32);

	/* the oracle: dpkg's own reading of the same database */
	for (guint i = 0; i < inventory->packages->len; i++) {
		const PvPackage *package = &g_array_index(inventory->packages, PvPackage, i);

		if (strcmp(package->type, "deb") == 0)
			g_string_append_printf(ours, "%s %s\n", package->name, package->version);
	}
	g_assert_true(g_file_get_contents(listing, &expected, NULL, NULL));
	g_assert_cmpstr(ours->str, ==, expected);
}

static char *blob_of_size_above(Fixture *fixture, goffset size)
{
	g_autofree char *path = g_build_filename(fixture->layout, "blobs", "sha256", NULL);
	g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);
	const char *name;

	while ((name = g_dir_read_name(directory))) {
		g_autofree char *file = g_build_filename(path, name, NULL);
		struct stat st;

		g_assert_cmpint(stat(file, &st), ==, 0);
		if (st.st_size > size)
			return g_steal_pointer(&file);
	}
	g_assert_not_reached();
}

/* One flipped byte anywhere in a layer: the layer is named, whatever it breaks first. */
static void test_flipped_byte(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GByteArray) tar = g_byte_array_new();
	g_autofree char *noise = g_malloc0(60001), *blob = NULL, *content = NULL;
	gsize size;

	for (guint i = 0; i < 60000; i++)
		noise[i] = (char)g_test_rand_int_range('0', 'z');
	tarball_file(tar, "noise", noise);
	make_image(fixture, tar, NULL);
	blob = blob_of_size_above(fixture, 40000);
	g_assert_true(g_file_get_contents(blob, &content, &size, NULL));
	for (gsize at = 0; at < size; at += size / 7) {
		g_autoptr(GError) error = NULL;

		content[at] ^= 4;
		g_assert_true(pv_file_replace(blob, content, size, 0644, NULL));
		g_assert_null(pv_inspect_image_with(fixture->source, "linux/amd64",
						    &fixture->options, &error));
		g_assert_error(error, PV_ERROR, PV_ERROR_DIGEST);
		g_assert_true(
			g_str_has_prefix(error->message, "layer 1 of 2: its bytes are sha256:"));
		g_assert_nonnull(strstr(error->message, ", but the manifest promises sha256:"));
		content[at] ^= 4;
	}
}

/* An archive that is what its digest says and is hostile: the layer's own error. */
static void test_hostile_layer(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GByteArray) tar = g_byte_array_new();
	g_autoptr(GError) error = NULL;

	tarball_file(tar, "../../etc/passwd", "x");
	make_image(fixture, tar, NULL);
	g_assert_null(
		pv_inspect_image_with(fixture->source, "linux/amd64", &fixture->options, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_ESCAPE);
	g_assert_cmpstr(error->message, ==,
			"layer 1 of 2: at byte 0 of the layer: tar: a name has a '..' part: it may "
			"leave the image's root");
}

/* A worker that dies in the middle is one sentence too. */
static void test_dying_worker(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GByteArray) tar = g_byte_array_new();
	g_autoptr(GError) error = NULL;
	g_autofree char *script = g_build_filename(fixture->directory, "worker", NULL);
	const char *text = "#!/bin/sh\nprintf '\\003\\004\\0\\0\\0\\177\\0\\0\\0' >&0\n"
			   "head -c 5 >/dev/null\nkill -BUS $$\n";

	tarball_file(tar, "f", "x");
	make_image(fixture, tar, NULL);
	g_assert_true(pv_file_create(script, text, strlen(text), 0755, NULL));
	fixture->options.worker = script;
	g_assert_null(
		pv_inspect_image_with(fixture->source, "linux/amd64", &fixture->options, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_INTERNAL);
	g_assert_cmpstr(error->message, ==,
			"layer 1 of 2: the worker that reads the image was killed by signal 7 (Bus "
			"error)");
}

/* One that never stops to answer costs bounded time and memory. */
static void test_endless_worker(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GByteArray) tar = g_byte_array_new();
	g_autoptr(GError) error = NULL;
	g_autofree char *script = g_build_filename(fixture->directory, "worker", NULL);
	const char *text = "#!/usr/bin/python3\n"
			   "import os\n"
			   "os.write(0, bytes([3, 4, 0, 0, 0, 127, 0, 0, 0]))\n"
			   "text = bytes([1, 16, 0, 0]) + b'x' * 4096 + bytes(1)\n"
			   "path = bytes([2, 0, 0, 0]) + b'p' + bytes(1)\n"
			   "record = path + text\n"
			   "record = bytes([7]) + len(record).to_bytes(4, 'little') + record\n"
			   "while True: os.write(0, record * 16)\n";

	tarball_file(tar, "f", "x");
	make_image(fixture, tar, NULL);
	g_assert_true(pv_file_create(script, text, strlen(text), 0755, NULL));
	fixture->options.worker = script;
	g_assert_null(
		pv_inspect_image_with(fixture->source, "linux/amd64", &fixture->options, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_LIMIT);
	g_assert_cmpstr(error->message, ==,
			"layer 1 of 2: the worker that reads the image answers with more than 512 "
			"MiB");
}

static void put(Fixture *fixture, const char *path, const char *text)
{
	g_autofree char *full = g_build_filename(fixture->directory, "root", path, NULL);
	g_autofree char *directory = g_path_get_dirname(full);

	g_assert_true(pv_file_make_directory(directory, 0755, NULL));
	g_assert_true(pv_file_create(full, text, strlen(text), 0644, NULL));
}

static void test_directory(Fixture *fixture, gconstpointer data)
{
	g_autofree char *root = g_build_filename(fixture->directory, "root", NULL);
	g_autofree char *fifo = g_build_filename(root, "usr/lib/apk/db/installed", NULL);
	g_autofree char *link = g_build_filename(root, "var/lib/dpkg/status", NULL);
	g_autofree char *loop = g_build_filename(root, "a/node_modules/loop", NULL);
	g_autofree char *text = NULL;
	g_autoptr(PvInventory) inventory = NULL;
	g_autoptr(GError) error = NULL;

	put(fixture, "etc/os-release", "ID=alpine\nVERSION_ID=3.19.1\n");
	put(fixture, "lib/apk/db/installed", "P:musl\nV:1.2.4-r2\nA:x86_64\no:musl\n\n");
	put(fixture, "a/node_modules/left-pad/package.json",
	    "{\"name\":\"left-pad\",\"version\":\"1.3.0\"}");
	put(fixture, "var/lib/dpkg/other", "");
	put(fixture, "usr/lib/apk/db/lock", "");
	g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
	g_assert_cmpint(symlink("/var/lib/dpkg/status", link), ==, 0);
	g_assert_cmpint(symlink("../..", loop), ==, 0);
	inventory = pv_inspect_directory_with(root, &fixture->options, &error);
	g_assert_no_error(error);
	text = list(inventory);
	g_assert_cmpstr(text, ==,
			"pkg:apk/alpine/musl@1.2.4-r2?arch=x86_64&distro=alpine-3.19.1 "
			"(musl 1.2.4-r2) lib/apk/db/installed 0\n"
			"pkg:npm/left-pad@1.3.0 (left-pad 1.3.0) "
			"a/node_modules/left-pad/package.json 0\n"
			"! usr/lib/apk/db/installed: not a regular file\n"
			"! var/lib/dpkg/status: a symbolic link, which is not followed\n");
	g_assert_cmpuint(inventory->layers->len, ==, 1);
	g_assert_cmpuint(inventory->digest.size, ==, 0);

	g_assert_null(pv_inspect_directory_with("/nonexistent", &fixture->options, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_NOT_FOUND);
}

#define ADD(name, test) g_test_add("/sandbox/inspect/" name, Fixture, NULL, set_up, test, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("image", test_image);
	ADD("flipped-byte", test_flipped_byte);
	ADD("hostile-layer", test_hostile_layer);
	ADD("dying-worker", test_dying_worker);
	ADD("endless-worker", test_endless_worker);
	ADD("directory", test_directory);
	return g_test_run();
}
