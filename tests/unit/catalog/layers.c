/* SPDX-License-Identifier: Apache-2.0 */

/* The collector and the merger together: what is installed after several layers. */

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../tarball.h"
#include "base/error.h"
#include "base/limits.h"
#include "catalog/collect.h"
#include "catalog/merge.h"

static gboolean read_layer(PvCollector *collector, const GByteArray *tar, GError **error)
{
	PvLayerSink sink = pv_collector_sink(collector);
	PvLayerResult result;
	int fd = memfd_create("layer", MFD_CLOEXEC);
	gboolean done;

	g_assert_cmpint(write(fd, tar->data, tar->len), ==, tar->len);
	done = pv_layer_read(fd, 0, tar->len, "", &sink, 1, &result, error);
	close(fd);
	return done;
}

/* "NAME VERSION@LAYER" of all packages, "!PATH: WHY" of what is unreadable, "<ID>". */
static char *after(GByteArray **layers, guint count)
{
	g_autoptr(PvInventory) inventory = pv_inventory_new();
	g_autoptr(PvMerger) merger = pv_merger_new(inventory);
	PvCatalogEvents events = pv_merger_events(merger);
	g_autoptr(PvCollector) collector = pv_collector_new(&events);
	g_autoptr(GError) error = NULL;
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < count; i++) {
		pv_merger_start_layer(merger, i);
		g_assert_true(read_layer(collector, layers[i], &error));
		g_assert_no_error(error);
	}
	pv_merger_finish(merger);
	for (guint i = 0; i < inventory->packages->len; i++) {
		const PvPackage *package = &g_array_index(inventory->packages, PvPackage, i);

		g_string_append_printf(text, "%s %s@%u ", package->name, package->version,
				       package->layer);
	}
	for (guint i = 0; i < inventory->unreadable->len; i++) {
		const PvUnreadable *bad = &g_array_index(inventory->unreadable, PvUnreadable, i);

		g_string_append_printf(text, "!%s: %s ", bad->path, bad->why);
	}
	g_string_append_printf(text, "<%s>", inventory->distro.id);
	return g_string_free(text, FALSE);
}

static void check_after(GByteArray **layers, guint count, const char *expected)
{
	g_autofree char *text = after(layers, count);

	g_assert_cmpstr(text, ==, expected);
}

#define STATUS "var/lib/dpkg/status"
#define MODULE "app/node_modules/m/package.json"

static void with_layers(GByteArray **layers)
{
	for (guint i = 0; i < 3; i++)
		layers[i] = g_byte_array_new();
	tarball_file(layers[0], "etc/os-release", "ID=base\n");
	tarball_file(
		layers[0], STATUS,
		"Package: a\nVersion: 1\n\nPackage: b\nVersion: 1\n\nPackage: c\nVersion: 1\n");
	tarball_file(layers[0], MODULE, "{\"name\":\"m\",\"version\":\"1.0.0\"}");
}

static void free_layers(GByteArray **layers)
{
	for (guint i = 0; i < 3; i++)
		g_byte_array_unref(layers[i]);
}

/* The database rewritten: what stayed is of its first layer, c is gone, b and d are new. */
static void test_attribution(void)
{
	GByteArray *layers[3];

	with_layers(layers);
	tarball_file(
		layers[1], STATUS,
		"Package: a\nVersion: 1\n\nPackage: b\nVersion: 2\n\nPackage: d\nVersion: 1\n");
	tarball_file(
		layers[2], STATUS,
		"Package: a\nVersion: 1\n\nPackage: b\nVersion: 2\n\nPackage: b\nVersion: 2\n\n"
		"Package: c\nVersion: 1\n");
	check_after(layers, 1, "a 1@0 b 1@0 c 1@0 m 1.0.0@0 <base>");
	check_after(layers, 2, "a 1@0 b 2@1 d 1@1 m 1.0.0@0 <base>");
	check_after(layers, 3, "a 1@0 b 2@1 c 1@2 m 1.0.0@0 <base>");
	free_layers(layers);
}

static void test_whiteouts(void)
{
	GByteArray *layers[3];

	with_layers(layers);
	tarball_file(layers[1], "app/.wh.node_modules", "");
	tarball_file(layers[1], "var/lib/dpkg/.wh.status", "");
	tarball_file(layers[1], "var/lib/dpkg/.wh.nothing", "");
	tarball_file(layers[2], STATUS, "Package: a\nVersion: 1\n");
	check_after(layers, 2, "<base>");
	check_after(layers, 3, "a 1@2 <base>"); /* it was not there in between */
	free_layers(layers);

	/* an opaque directory hides what is below it, but not the layer's own, in either order */
	with_layers(layers);
	tarball_file(layers[1], "var/lib/dpkg/status.d/x", "Package: x\nVersion: 1\n");
	tarball_file(layers[1], "var/.wh..wh..opq", "");
	tarball_file(layers[1], "var/lib/dpkg/status.d/y", "Package: y\nVersion: 1\n");
	tarball_file(layers[2], ".wh..wh..opq", "");
	check_after(layers, 2, "x 1@1 y 1@1 m 1.0.0@0 <base>");
	check_after(layers, 3, "<>");
	free_layers(layers);

	/* removed and written again in one layer: still the base's */
	with_layers(layers);
	tarball_file(layers[1], "var/lib/.wh.dpkg", "");
	tarball_file(layers[1], STATUS, "Package: a\nVersion: 1\n");
	check_after(layers, 2, "a 1@0 m 1.0.0@0 <base>");
	free_layers(layers);
}

/* Something else where a directory or a database was. */
static void test_replaced(void)
{
	GByteArray *layers[3];

	with_layers(layers);
	tarball_header(layers[1], '2', "app", 0, "elsewhere");
	tarball_header(layers[1], '5', STATUS, 0, "");
	tarball_header(layers[1], '5', "var", 0, ""); /* a directory again: nothing is hidden */
	tarball_header(layers[1], '2', "etc/os-release", 0, "../usr/lib/os-release");
	tarball_file(layers[2], "usr/lib/os-release", "ID=other\n");
	check_after(layers, 2, "<>");
	check_after(layers, 3, "<other>");
	free_layers(layers);

	with_layers(layers);
	tarball_header(layers[1], '2', STATUS, 0, "/proc/self/environ");
	tarball_header(layers[1], '6', MODULE, 0, "");
	tarball_file(layers[2], STATUS, "Package: a\nVersion: 1\n");
	check_after(layers, 2,
		    "!app/node_modules/m/package.json: not a regular file "
		    "!var/lib/dpkg/status: a symbolic link, which is not followed <base>");
	check_after(layers, 3, "a 1@2 !app/node_modules/m/package.json: not a regular file <base>");
	free_layers(layers);

	/* the last of two entries of one name counts */
	with_layers(layers);
	tarball_file(layers[1], STATUS, "Package: a\nVersion: 9\n");
	tarball_file(layers[1], STATUS, "Package: b\nVersion: 1\n");
	check_after(layers, 2, "b 1@0 m 1.0.0@0 <base>");
	free_layers(layers);
}

static void test_unreadable(void)
{
	GByteArray *layers[3];

	with_layers(layers);
	tarball_file(layers[1], STATUS, "Package: a\nVersion: 1\n\nbroken\n");
	tarball_header(layers[2], '0', STATUS, 0, "");
	check_after(layers, 2,
		    "a 1@0 m 1.0.0@0 !var/lib/dpkg/status: line 4: not a field, expected 'Name: "
		    "value' <base>");
	check_after(layers, 3, "m 1.0.0@0 <base>");
	free_layers(layers);
}

static void test_links(void)
{
	GByteArray *layers[3];

	with_layers(layers);
	tarball_header(layers[1], '1', "b/node_modules/m/package.json", 0, MODULE);
	tarball_header(layers[1], '1', "c/node_modules/n/package.json", 0, "store/1234");
	check_after(layers, 2,
		    "a 1@0 b 1@0 c 1@0 m 1.0.0@0 m 1.0.0@1 !c/node_modules/n/package.json: a hard "
		    "link to a file that was not read <base>");
	free_layers(layers);
}

/* A file that claims more than is read is named, and its content passed over. */
static void test_too_large(void)
{
	GByteArray *layers[3];
	g_autofree char *large = g_strnfill(PV_PACKAGE_FILE_BYTES_MAX + 1, ' ');

	with_layers(layers);
	tarball_file(layers[1], MODULE, large);
	check_after(layers, 2,
		    "a 1@0 b 1@0 c 1@0 !app/node_modules/m/package.json: 4194305 bytes, at most "
		    "4194304 are read as a file of npm <base>");
	free_layers(layers);
}

/* Events in an order that only a compromised worker sends. */
static void test_senseless(void)
{
	g_autoptr(PvInventory) inventory = pv_inventory_new();
	g_autoptr(PvMerger) merger = pv_merger_new(inventory);
	PvCatalogEvents events = pv_merger_events(merger);
	PvFoundPackage package = { "deb", "a", "1", "", "a", "1" };
	PvFoundDistro distro = { "", "", "", "" };
	g_autoptr(GError) error = NULL;

	pv_merger_start_layer(merger, 0);
	g_assert_false(events.package(merger, &package, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_SYNTAX);
	g_clear_error(&error);
	g_assert_false(events.distro(merger, &distro, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_SYNTAX);
	g_clear_error(&error);
	g_assert_true(events.link(merger, "a", "a", &error));
	g_assert_true(events.hidden(merger, "", PV_HIDE_REPLACE, &error));
	g_assert_true(events.unreadable(merger, "\xff", "\xfe", &error));
	pv_merger_finish(merger);
	g_assert_cmpuint(inventory->unreadable->len, ==, 1);
	g_assert_true(g_utf8_validate(g_array_index(inventory->unreadable, PvUnreadable, 0).path,
				      -1, NULL));
}

static void test_package_limit(void)
{
	g_autoptr(PvInventory) inventory = pv_inventory_new();
	g_autoptr(PvMerger) merger = pv_merger_new(inventory);
	PvCatalogEvents events = pv_merger_events(merger);
	g_autoptr(GError) error = NULL;

	g_assert_true(events.file(merger, &pv_catalog_dpkg, STATUS, &error));
	for (guint i = 0; i <= PV_PACKAGES_MAX; i++) {
		char version[16];
		PvFoundPackage package = { "deb", "a", version, "", "a", version };

		g_snprintf(version, sizeof(version), "%u", i);
		g_assert_true(events.package(merger, &package, &error) == (i < PV_PACKAGES_MAX));
	}
	g_assert_error(error, PV_ERROR, PV_ERROR_LIMIT);
	g_assert_cmpstr(error->message, ==, "more than 1000000 packages in one image");
}

static void test_file_limit(void)
{
	g_autoptr(PvInventory) inventory = pv_inventory_new();
	g_autoptr(PvMerger) merger = pv_merger_new(inventory);
	PvCatalogEvents events = pv_merger_events(merger);
	g_autoptr(GError) error = NULL;

	for (guint i = 0; i <= PV_CATALOG_FILES_MAX; i++) {
		char path[16];

		g_snprintf(path, sizeof(path), "%u", i);
		g_assert_true(events.file(merger, &pv_catalog_npm, path, &error) ==
			      (i < PV_CATALOG_FILES_MAX));
	}
	g_assert_error(error, PV_ERROR, PV_ERROR_LIMIT);
	g_assert_cmpstr(error->message, ==, "more than 1000000 package files in one image");
	g_clear_error(&error);

	/* each look at a file that may have to be hidden is counted: ten looks at each of them */
	for (guint i = 0; i <= PV_CATALOG_WORK_MAX / PV_CATALOG_FILES_MAX; i++) {
		gboolean within = i < PV_CATALOG_WORK_MAX / PV_CATALOG_FILES_MAX;

		g_assert_true(events.hidden(merger, "", PV_HIDE_WHITEOUT, &error) == within);
	}
	g_assert_error(error, PV_ERROR, PV_ERROR_LIMIT);
	g_assert_cmpstr(error->message, ==, "the layers remove and replace too many package files");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/catalog/layers/attribution", test_attribution);
	g_test_add_func("/catalog/layers/whiteouts", test_whiteouts);
	g_test_add_func("/catalog/layers/replaced", test_replaced);
	g_test_add_func("/catalog/layers/unreadable", test_unreadable);
	g_test_add_func("/catalog/layers/links", test_links);
	g_test_add_func("/catalog/layers/too-large", test_too_large);
	g_test_add_func("/catalog/layers/senseless", test_senseless);
	g_test_add_func("/catalog/layers/package-limit", test_package_limit);
	g_test_add_func("/catalog/layers/file-limit", test_file_limit);
	return g_test_run();
}
