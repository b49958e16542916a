/* SPDX-License-Identifier: Apache-2.0 */
#include "isolate/unpack.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"

typedef struct {
	char *top, *layer;
	int root;
	PvUnpack *unpack;
	PvLayerSink sink;
} Fixture;

static void set_up(Fixture *at, gconstpointer data)
{
	g_autofree char *outside = NULL;

	at->top = g_dir_make_tmp("pavise-unpack-XXXXXX", NULL);
	at->layer = g_build_filename(at->top, "layer", NULL);
	outside = g_build_filename(at->top, "outside", NULL);
	g_assert_cmpint(mkdir(at->layer, 0755), ==, 0);
	g_assert_true(g_file_set_contents(outside, "untouched", -1, NULL));
	at->root = open(at->layer, O_PATH | O_DIRECTORY | O_CLOEXEC);
	at->unpack = pv_unpack_new(at->root);
	at->sink = pv_unpack_sink(at->unpack);
}

static void tear_down(Fixture *at, gconstpointer data)
{
	g_autofree char *outside = g_build_filename(at->top, "outside", NULL);
	g_autofree char *text = NULL;

	g_assert_true(g_file_get_contents(outside, &text, NULL, NULL));
	g_assert_cmpstr(text, ==, "untouched");
	pv_unpack_free(at->unpack);
	close(at->root);
	g_assert_true(pv_file_remove_tree(at->top, NULL));
	g_free(at->top);
	g_free(at->layer);
}

static gboolean give(Fixture *at, const PvTarEntry *entry, const char *content, GError **error)
{
	if (!at->sink.entry(at->sink.sink, entry, error))
		return FALSE;
	if (entry->type != PV_TAR_FILE || entry->whiteout != PV_WHITEOUT_NONE ||
	    !at->sink.wants(at->sink.sink, entry))
		return TRUE;
	return (!content ||
		at->sink.content(at->sink.sink, (const guint8 *)content, strlen(content), error)) &&
	       at->sink.end(at->sink.sink, error);
}

static PvTarEntry entry_of(PvTarType type, const char *path, const char *link)
{
	return (PvTarEntry){ .type = type,
			     .path = path,
			     .link = link,
			     .mode = type == PV_TAR_DIRECTORY ? 0755 : 0644,
			     .mtime = 1700000000 };
}

static void put(Fixture *at, PvTarType type, const char *path, const char *link,
		const char *content)
{
	PvTarEntry entry = entry_of(type, path, link);
	g_autoptr(GError) error = NULL;

	give(at, &entry, content, &error);
	g_assert_no_error(error);
}

static void put_whiteout(Fixture *at, PvWhiteout kind, const char *path)
{
	PvTarEntry entry = entry_of(PV_TAR_FILE, path, "");
	g_autoptr(GError) error = NULL;

	entry.whiteout = kind;
	give(at, &entry, NULL, &error);
	g_assert_no_error(error);
}

static void refused(Fixture *at, PvTarType type, const char *path, const char *link, int code,
		    const char *message)
{
	PvTarEntry entry = entry_of(type, path, link);
	g_autoptr(GError) error = NULL;

	g_assert_false(give(at, &entry, "x", &error));
	g_assert_error(error, PV_ERROR, code);
	g_assert_cmpstr(error->message, ==, message);
}

static struct stat look(Fixture *at, const char *path)
{
	struct stat status = { 0 };

	if (fstatat(at->root, path, &status, AT_SYMLINK_NOFOLLOW) < 0)
		status.st_mode = 0;
	return status;
}

static void expect_content(Fixture *at, const char *path, const char *wanted)
{
	g_autofree char *full = g_build_filename(at->layer, path, NULL);
	g_autofree char *text = NULL;

	g_assert_true(g_file_get_contents(full, &text, NULL, NULL));
	g_assert_cmpstr(text, ==, wanted);
}

static gboolean is_whiteout(Fixture *at, const char *path)
{
	struct stat status = look(at, path);

	return S_ISCHR(status.st_mode) && status.st_rdev == makedev(0, 0);
}

static gboolean is_opaque(Fixture *at, const char *path)
{
	g_autofree char *full = g_build_filename(at->layer, path, NULL);
	char value[4];

	return lgetxattr(full, "user.overlay.opaque", value, sizeof(value)) == 1 && value[0] == 'y';
}

static void test_plain(Fixture *at, gconstpointer data)
{
	PvTarEntry program = entry_of(PV_TAR_FILE, "bin/su", "");

	put(at, PV_TAR_DIRECTORY, "", "", NULL);
	put(at, PV_TAR_DIRECTORY, "bin", "", NULL);
	program.mode = 04755;
	program.uid = 7;
	program.gid = 65535;
	g_assert_true(give(at, &program, "program", NULL));
	put(at, PV_TAR_HARDLINK, "bin/sudo", "bin/su", NULL);
	put(at, PV_TAR_SYMLINK, "bin/x", "/etc/passwd", NULL);
	put(at, PV_TAR_FIFO, "pipe", "", NULL);
	put(at, PV_TAR_FILE, "deep/er/file", "", ""); /* parents are made */
	put(at, PV_TAR_CHARACTER, "null", "", NULL);
	put(at, PV_TAR_BLOCK, "sda", "", NULL);
	g_assert_true(pv_unpack_finish(at->unpack, NULL));

	expect_content(at, "bin/su", "program");
	g_assert_cmpuint(look(at, "bin/su").st_mode, ==, S_IFREG | 04755);
	g_assert_cmpuint(look(at, "bin/su").st_uid, ==, 7);
	g_assert_cmpuint(look(at, "bin/su").st_gid, ==, 65535);
	g_assert_cmpint(look(at, "bin/su").st_mtime, ==, 1700000000);
	g_assert_cmpuint(look(at, "bin/su").st_nlink, ==, 2);
	g_assert_true(S_ISLNK(look(at, "bin/x").st_mode));
	g_assert_true(S_ISFIFO(look(at, "pipe").st_mode));
	g_assert_cmpint(look(at, "bin").st_mtime, ==, 1700000000);
	g_assert_cmpint(look(at, ".").st_mtime, ==, 1700000000);
	/* No device, ever. */
	g_assert_cmpuint(look(at, "null").st_mode, ==, 0);
	g_assert_cmpuint(look(at, "sda").st_mode, ==, 0);
}

/* The later entry of two wins, whatever they are. */
static void test_duplicates(Fixture *at, gconstpointer data)
{
	put(at, PV_TAR_FILE, "a", "", "one");
	put(at, PV_TAR_FILE, "a", "", "two");
	expect_content(at, "a", "two");
	put(at, PV_TAR_SYMLINK, "a", "/outside", NULL);
	put(at, PV_TAR_FILE, "a", "", "three"); /* not through the link */
	expect_content(at, "a", "three");
	put(at, PV_TAR_DIRECTORY, "a", "", NULL);
	put(at, PV_TAR_FILE, "a/b", "", "in");
	put(at, PV_TAR_DIRECTORY, "a", "", NULL); /* keeps what is in it */
	expect_content(at, "a/b", "in");
	put(at, PV_TAR_FILE, "a", "", "file"); /* and does not */
	expect_content(at, "a", "file");
	put(at, PV_TAR_HARDLINK, "a", "a", NULL);
	expect_content(at, "a", "file");
	g_assert_true(pv_unpack_finish(at->unpack, NULL));
}

static void test_links(Fixture *at, gconstpointer data)
{
	/* Absolute and climbing links lead to places inside the layer. */
	put(at, PV_TAR_SYMLINK, "l", "/", NULL);
	put(at, PV_TAR_FILE, "l/p", "", "inside");
	expect_content(at, "p", "inside");
	put(at, PV_TAR_DIRECTORY, "d", "", NULL);
	put(at, PV_TAR_SYMLINK, "up", "../../d", NULL);
	put(at, PV_TAR_FILE, "up/outside", "", "mine");
	expect_content(at, "d/outside", "mine");
	/* A parent that changes into a link meanwhile is looked up anew. */
	put(at, PV_TAR_DIRECTORY, "x", "", NULL);
	put(at, PV_TAR_FILE, "x/1", "", "1");
	put(at, PV_TAR_SYMLINK, "x", "d", NULL);
	put(at, PV_TAR_FILE, "x/2", "", "2");
	expect_content(at, "d/2", "2");
	put(at, PV_TAR_SYMLINK, "dangling", "/nowhere/at/all", NULL);
	refused(at, PV_TAR_FILE, "dangling/f", "", PV_ERROR_ESCAPE,
		"dangling/f: dangling: a symbolic link to nothing");
	refused(at, PV_TAR_FILE, "p/f", "", PV_ERROR_ESCAPE, "p/f: p: 'p' is not a directory");
	refused(at, PV_TAR_HARDLINK, "h", "missing", PV_ERROR_ESCAPE,
		"h: a hard link to 'missing', which is no file of this layer");
	refused(at, PV_TAR_HARDLINK, "h", "d", PV_ERROR_ESCAPE,
		"h: a hard link to 'd', which is no file of this layer");
	put(at, PV_TAR_SYMLINK, "out", "../outside", NULL);
	put(at, PV_TAR_HARDLINK, "h", "out", NULL); /* a second name of the link itself */
	g_assert_true(S_ISLNK(look(at, "h").st_mode));
}

static void test_whiteouts(Fixture *at, gconstpointer data)
{
	put_whiteout(at, PV_WHITEOUT_FILE, "gone");
	g_assert_true(is_whiteout(at, "gone"));
	refused(at, PV_TAR_HARDLINK, "h", "gone", PV_ERROR_ESCAPE,
		"h: a hard link to 'gone', which is no file of this layer");
	/* Removed and made anew as a directory: what was below does not show. */
	put(at, PV_TAR_DIRECTORY, "gone", "", NULL);
	g_assert_true(S_ISDIR(look(at, "gone").st_mode));
	g_assert_true(is_opaque(at, "gone"));
	/* The same in the other order. */
	put(at, PV_TAR_DIRECTORY, "new", "", NULL);
	g_assert_false(is_opaque(at, "new"));
	put_whiteout(at, PV_WHITEOUT_FILE, "new");
	g_assert_true(is_opaque(at, "new"));
	/* A file of this layer stays. */
	put(at, PV_TAR_FILE, "f", "", "stays");
	put_whiteout(at, PV_WHITEOUT_FILE, "f");
	expect_content(at, "f", "stays");
	put_whiteout(at, PV_WHITEOUT_OPAQUE, "made/for/it");
	g_assert_true(is_opaque(at, "made/for/it"));
	put_whiteout(at, PV_WHITEOUT_FILE, "away");
	put_whiteout(at, PV_WHITEOUT_OPAQUE, "away");
	g_assert_true(is_opaque(at, "away"));
	put(at, PV_TAR_DIRECTORY, "", "", NULL);
	g_assert_true(pv_unpack_finish(at->unpack, NULL));
}

static void test_ids(Fixture *at, gconstpointer data)
{
	PvTarEntry entry = entry_of(PV_TAR_FILE, "f", "");

	for (guint64 id = PV_ID_RANGE_SIZE - 2; id <= PV_ID_RANGE_SIZE; id++) {
		g_autoptr(GError) error = NULL;

		entry.uid = id;
		entry.gid = 0;
		g_assert_cmpint(give(at, &entry, "x", &error), ==, id < PV_ID_RANGE_SIZE);
		g_clear_error(&error);
		entry.uid = 0;
		entry.gid = id;
		g_assert_cmpint(give(at, &entry, "x", &error), ==, id < PV_ID_RANGE_SIZE);
		if (error) {
			g_assert_error(error, PV_ERROR, PV_ERROR_LIMIT);
			g_assert_cmpstr(error->message, ==,
					"f: owner 0:65536, a container has the ids 0 to 65535");
		}
	}
}

static void test_xattrs(Fixture *at, gconstpointer data)
{
	static const guint8 v2[20] = { 1, 0, 0, 2, 0, 4 }, v3[24] = { 1, 0, 0, 3, 0, 4 };
	PvTarXattr xattrs[] = {
		{ "user.note", (const guint8 *)"hello", 5 },
		{ "user.overlay.opaque", (const guint8 *)"y", 1 },
		{ "trusted.overlay.opaque", (const guint8 *)"y", 1 },
		{ "security.selinux", (const guint8 *)"x", 1 },
		{ "system.posix_acl_access", (const guint8 *)"x", 1 },
		{ "security.capability", v3, sizeof(v3) },
	};
	PvTarEntry entry = entry_of(PV_TAR_FILE, "f", "");
	g_autofree char *full = g_build_filename(at->layer, "f", NULL);
	g_autoptr(GError) error = NULL;
	char names[256];
	guint8 value[32];
	ssize_t size;

	entry.xattrs = xattrs;
	entry.xattr_count = G_N_ELEMENTS(xattrs);
	g_assert_true(give(at, &entry, "content", &error));
	g_assert_no_error(error);
	size = llistxattr(full, names, sizeof(names));
	/* Two names, in any order, and nothing else. */
	g_assert_cmpint(size, ==, sizeof("user.note") + sizeof("security.capability"));
	g_assert_cmpint(lgetxattr(full, "user.note", value, sizeof(value)), ==, 5);
	/* The namespace it was made in is gone: it is the unpacker's now. */
	size = lgetxattr(full, "security.capability", value, sizeof(value));
	g_assert_cmpmem(value, size, v2, sizeof(v2));

	xattrs[5].size = 19;
	g_assert_false(give(at, &entry, "content", &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_SYNTAX);
	g_clear_error(&error);
	xattrs[5].size = 20; /* of a v3 */
	g_assert_false(give(at, &entry, "content", &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_SYNTAX);
	g_clear_error(&error);
	entry.xattr_count = 1;
	xattrs[0].size = 65537;
	g_assert_false(give(at, &entry, "content", &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_LIMIT);
}

/* Parents that an entry implies are bounded, as are the names kept for their times. */
static void test_limits(Fixture *at, gconstpointer data)
{
	g_autoptr(GString) path = g_string_new("d");

	for (guint i = 1; i < PV_TAR_DEPTH_MAX; i++)
		g_string_append(path, "/d");
	g_string_append(path, "/f"); /* PV_TAR_DEPTH_MAX parents */
	put(at, PV_TAR_FILE, path->str, "", "x");
	g_assert_true(pv_file_remove_tree(at->layer, NULL));
	g_assert_cmpint(mkdir(at->layer, 0755), ==, 0);
	close(at->root);
	at->root = open(at->layer, O_PATH | O_DIRECTORY | O_CLOEXEC);
	pv_unpack_free(at->unpack);
	at->unpack = pv_unpack_new(at->root);
	at->sink = pv_unpack_sink(at->unpack);
	g_string_prepend(path, "d/");
	{
		PvTarEntry entry = entry_of(PV_TAR_FILE, path->str, "");
		g_autoptr(GError) error = NULL;

		g_assert_false(give(at, &entry, "x", &error));
		g_assert_error(error, PV_ERROR, PV_ERROR_LIMIT);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	if (geteuid() != 0) {
		g_print("1..0 # SKIP unpacking sets owners: needs root\n");
		return 0;
	}
	umask(0);
#define ADD(name, function) \
	g_test_add("/isolate/unpack/" name, Fixture, NULL, set_up, function, tear_down)
	ADD("plain", test_plain);
	ADD("duplicates", test_duplicates);
	ADD("links", test_links);
	ADD("whiteouts", test_whiteouts);
	ADD("ids", test_ids);
	ADD("xattrs", test_xattrs);
	ADD("limits", test_limits);
	return g_test_run();
}
