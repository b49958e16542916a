/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>

#include "../tarball.h"
#include "base/error.h"
#include "base/limits.h"

/* All entries as lines of text, content included; bytes are given @step at a time. */
static char *list(const GByteArray *bytes, gsize step, GError **error)
{
	g_autoptr(PvTar) tar = pv_tar_new();
	g_autoptr(GString) text = g_string_new(NULL);

	for (gsize at = 0; at < bytes->len; at += step) {
		const guint8 *data = bytes->data + at;
		gsize size = MIN(step, bytes->len - at);
		PvTarEvent event;

		do {
			if (!pv_tar_step(tar, &data, &size, &event, error))
				return NULL;
			if (event.type == PV_TAR_ENTRY)
				g_string_append_printf(
					text,
					"%c%u '%s' '%s' %" G_GUINT64_FORMAT " %o %" G_GUINT64_FORMAT
					":%" G_GUINT64_FORMAT " %" G_GINT64_FORMAT ".%u x%u",
					"fdlhcbp"[event.entry->type], event.entry->whiteout,
					event.entry->path, event.entry->link, event.entry->size,
					event.entry->mode, event.entry->uid, event.entry->gid,
					event.entry->mtime, event.entry->mtime_nanoseconds,
					event.entry->xattr_count);
			if (event.type == PV_TAR_ENTRY && event.entry->type != PV_TAR_FILE)
				g_string_append_c(text, '\n');
			else if (event.type == PV_TAR_ENTRY)
				g_string_append(text, event.entry->whiteout ? "\n" : " [");
			if (event.type == PV_TAR_CONTENT)
				g_string_append_len(text, (const char *)event.data,
						    (gssize)event.size);
			if (event.type == PV_TAR_END)
				g_string_append(text, "]\n");
		} while (event.type != PV_TAR_MORE);
	}
	if (!pv_tar_finish(tar, error))
		return NULL;
	return g_strdup(text->str);
}

static void check_list(GByteArray *bytes, const char *expected)
{
	static const gsize steps[] = { 1, 7, 511, 512, 513, 1 << 20 };

	for (guint i = 0; i < G_N_ELEMENTS(steps); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *text = list(bytes, steps[i], &error);

		g_assert_no_error(error);
		g_assert_cmpstr(text, ==, expected);
	}
}

static void check_refused(GByteArray *bytes, PvErrorCode code, const char *sentence)
{
	for (gsize step = 100; step <= 100000; step *= 1000) {
		g_autoptr(GError) error = NULL;
		g_autofree char *text = list(bytes, step, &error);

		g_assert_null(text);
		g_assert_error(error, PV_ERROR, (int)code);
		g_assert_cmpstr(strstr(error->message, "layer: ")
					? strstr(error->message, "layer: ") + 7
					: error->message,
				==, sentence);
	}
}

static void test_plain(void)
{
	g_autoptr(GByteArray) tar = g_byte_array_new();

	tarball_header(tar, '5', "./", 0, "");
	tarball_file(tar, "./etc/motd", "hello");
	tarball_file(tar, "/abs//dou/./ble", "");
	tarball_header(tar, '2', "bin", 0, "/usr/../bin");
	tarball_header(tar, '1', "a", 77, "./etc/motd"); /* a hard link's size does not count */
	tarball_header(tar, '6', "fifo", 0, "");
	tarball_header(tar, '\0', "old/", 0, "");
	tarball_header(tar, '7', "contiguous", 0, "");
	tarball_end(tar);
	tarball_end(tar);
	check_list(tar, "d0 '' '' 0 644 0:0 0.0 x0\n"
			"f0 'etc/motd' '' 5 644 0:0 0.0 x0 [hello]\n"
			"f0 'abs/dou/ble' '' 0 644 0:0 0.0 x0 []\n"
			"l0 'bin' '/usr/../bin' 0 644 0:0 0.0 x0\n"
			"h0 'a' 'etc/motd' 0 644 0:0 0.0 x0\n"
			"p0 'fifo' '' 0 644 0:0 0.0 x0\n"
			"d0 'old' '' 0 644 0:0 0.0 x0\n"
			"f0 'contiguous' '' 0 644 0:0 0.0 x0 []\n");
}

/* An archive without its end, or of nothing, is what other readers accept too. */
static void test_ends(void)
{
	g_autoptr(GByteArray) tar = g_byte_array_new();

	check_list(tar, "");
	tarball_file(tar, "f", "x");
	check_list(tar, "f0 'f' '' 1 644 0:0 0.0 x0 [x]\n");
	g_byte_array_set_size(tar, tar->len - 1);
	check_refused(tar, PV_ERROR_SYNTAX, "tar: cut off after 1023 bytes");
	g_byte_array_set_size(tar, 512);
	check_refused(tar, PV_ERROR_SYNTAX, "tar: cut off after 512 bytes");
	g_byte_array_set_size(tar, 100);
	check_refused(tar, PV_ERROR_SYNTAX, "tar: cut off after 100 bytes");
	g_byte_array_set_size(tar, 0);
	tarball_end(tar);
	tarball_file(tar, "f", "x");
	check_refused(tar, PV_ERROR_SYNTAX, "tar: bytes follow the end of the archive");
	g_byte_array_set_size(tar, 512);
	tarball_file(tar, "f", "x");
	check_refused(tar, PV_ERROR_SYNTAX, "tar: goes on after a block of zeros");
	g_byte_array_set_size(tar, 0);
	tarball_pax(tar, "path", "x", 1);
	check_refused(tar, PV_ERROR_SYNTAX, "tar: cut off after 1024 bytes");
	tarball_end(tar);
	check_refused(tar, PV_ERROR_SYNTAX, "tar: ends after an extended header without its entry");
}

static void test_extensions(void)
{
	g_autoptr(GByteArray) tar = g_byte_array_new();
	g_autofree char *name = g_strnfill(200, 'n');
	g_autofree char *expected = NULL;

	tarball_extension(tar, 'L', name, 201);
	tarball_extension(tar, 'K', "target", 6);
	tarball_header(tar, '2', "short", 0, "other");
	tarball_extension(tar, 'g', "21 comment=by commit\n", 21);
	tarball_pax(tar, "path", "pax/name", 8);
	tarball_file(tar, "ignored", "c");
	tarball_pax(tar, "mtime", "-1.25", 5);
	tarball_file(tar, "time", "");
	tarball_pax(tar, "SCHILY.xattr.user.k", "v\0w", 3);
	tarball_file(tar, "xattr", "");
	tarball_pax(tar, "size", "3", 1);
	tarball_header(tar, '0', "sized", 0, "");
	tarball_content(tar, "abc", 3);
	tarball_pax(tar, "uid", "4294967296", 10);
	tarball_file(tar, "uid", "");
	tarball_pax(tar, "path", "", 0); /* an empty value takes the key back */
	tarball_file(tar, "kept", "");
	tarball_end(tar);
	expected = g_strdup_printf("l0 '%s' 'target' 0 644 0:0 0.0 x0\n"
				   "f0 'pax/name' '' 1 644 0:0 0.0 x0 [c]\n"
				   "f0 'time' '' 0 644 0:0 -2.750000000 x0 []\n"
				   "f0 'xattr' '' 0 644 0:0 0.0 x1 []\n"
				   "f0 'sized' '' 3 644 0:0 0.0 x0 [abc]\n"
				   "f0 'uid' '' 0 644 4294967296:0 0.0 x0 []\n"
				   "f0 'kept' '' 0 644 0:0 0.0 x0 []\n",
				   name);
	check_list(tar, expected);
}

static void test_base256(void)
{
	g_autoptr(GByteArray) tar = g_byte_array_new();
	guint8 *block = tarball_header(tar, '0', "f", 0, "");

	memset(block + 124, 0, 12);
	block[124] = 0x80;
	block[135] = 1;
	memset(block + 136, 0xff, 12); /* mtime -1 */
	tarball_checksum(block);
	tarball_content(tar, "z", 1);
	check_list(tar, "f0 'f' '' 1 644 0:0 -1.0 x0 [z]\n");

	memset(tar->data + 124, 0xff, 12);
	tarball_checksum(tar->data);
	check_refused(tar, PV_ERROR_SYNTAX, "tar header: size is negative");
	tar->data[124] = 0x81;
	tarball_checksum(tar->data);
	check_refused(tar, PV_ERROR_SYNTAX, "tar header: size does not fit 63 bits");
	memset(tar->data + 124, 0, 12);
	tar->data[124] = 0x80;
	tar->data[129] = 1; /* 2^48 */
	tarball_checksum(tar->data);
	check_refused(tar, PV_ERROR_LIMIT, "tar: a file of more than 274877906944 bytes");
	memcpy(tar->data + 124, "0000000x001", 11);
	tarball_checksum(tar->data);
	check_refused(tar, PV_ERROR_SYNTAX,
		      "tar header: size has byte 0x78, expected octal digits");
	tar->data[0] ^= 1;
	check_refused(tar, PV_ERROR_SYNTAX, "tar header: checksum is 5744, expected 5745");
}

/* The sum of signed bytes, which old writers made of names beyond ASCII. */
static void test_signed_checksum(void)
{
	g_autoptr(GByteArray) tar = g_byte_array_new();
	guint8 *block = tarball_header(tar, '5', "gr\xc3\xbcn", 0, "");
	guint sum = 0;

	memset(block + 148, ' ', 8);
	for (guint i = 0; i < 512; i++)
		sum += (guint)(gint8)block[i];
	g_snprintf((char *)block + 148, 8, "%06o", sum);
	check_list(tar, "d0 'grün' '' 0 644 0:0 0.0 x0\n");
	tarball_checksum(block);
	check_list(tar, "d0 'grün' '' 0 644 0:0 0.0 x0\n");
}

static void refused_entry(char type, const char *name, const char *link, PvErrorCode code,
			  const char *sentence)
{
	g_autoptr(GByteArray) tar = g_byte_array_new();

	tarball_header(tar, type, name, 0, link);
	tarball_end(tar);
	check_refused(tar, code, sentence);
}

/* reference/isolation.md section 7, rows 30, 32, 33 and 38. */
static void test_hostile_names(void)
{
	g_autoptr(GByteArray) tar = g_byte_array_new();
	const char *dots = "tar: a name has a '..' part: it may leave the image's root";
	const char *link =
		"tar: a hard link's target has a '..' part: it may leave the image's root";

	refused_entry('0', "../x", "", PV_ERROR_ESCAPE, dots);
	refused_entry('0', "a/../../x", "", PV_ERROR_ESCAPE, dots);
	refused_entry('0', "a/..", "", PV_ERROR_ESCAPE, dots);
	refused_entry('5', "..", "", PV_ERROR_ESCAPE, dots);
	refused_entry('2', "/../x", "y", PV_ERROR_ESCAPE, dots);
	refused_entry('0', "", "", PV_ERROR_SYNTAX, "tar: a name is empty");
	refused_entry('0', "/", "", PV_ERROR_ESCAPE, "tar: the root itself is not a directory");
	refused_entry('2', ".", "/etc", PV_ERROR_ESCAPE, "tar: the root itself is not a directory");
	refused_entry('2', "l", "", PV_ERROR_SYNTAX, "tar: a symbolic link is empty");
	refused_entry('1', "l", "../../etc/shadow", PV_ERROR_ESCAPE, link);
	refused_entry('1', "l", "", PV_ERROR_SYNTAX, "tar: a hard link's target is empty");
	refused_entry('1', "l", "./", PV_ERROR_ESCAPE,
		      "tar: a hard link's target is not a file of the image");
	refused_entry('1', "l", ".wh.x", PV_ERROR_ESCAPE,
		      "tar: a hard link's target is not a file of the image");
	refused_entry('0', "a/.wh.", "", PV_ERROR_ESCAPE,
		      "tar: the whiteout '.wh.' names no file of its directory");
	refused_entry('0', "a/.wh..", "", PV_ERROR_ESCAPE,
		      "tar: the whiteout '.wh..' names no file of its directory");
	refused_entry('0', "a/.wh...", "", PV_ERROR_ESCAPE,
		      "tar: the whiteout '.wh...' names no file of its directory");
	refused_entry('0', ".wh.../x", "", PV_ERROR_SYNTAX,
		      "tar: a name lies below a whiteout, which is no directory");
	refused_entry('S', "f", "", PV_ERROR_UNSUPPORTED,
		      "tar: entries of type 0x53 are not accepted (sparse files)");
	refused_entry('M', "f", "", PV_ERROR_UNSUPPORTED,
		      "tar: entries of type 0x4d are not accepted");

	tarball_pax(tar, "path", "a\0/../x", 7);
	tarball_file(tar, "f", "");
	check_refused(tar, PV_ERROR_ESCAPE, "tar: PAX path has a NUL");
	g_byte_array_set_size(tar, 0);
	tarball_extension(tar, 'L', "a\0b", 3);
	tarball_file(tar, "f", "");
	check_refused(tar, PV_ERROR_SYNTAX, "tar: a long name is empty or has a NUL");
	g_byte_array_set_size(tar, 0);
	tarball_extension(tar, 'L', "one", 3);
	tarball_pax(tar, "path", "two", 3);
	tarball_file(tar, "f", "");
	check_refused(tar, PV_ERROR_SYNTAX, "tar: GNU and PAX headers give one entry two names");
	g_byte_array_set_size(tar, 0);
	tarball_pax(tar, "path", "one", 3);
	tarball_pax(tar, "path", "two", 3);
	tarball_file(tar, "f", "");
	check_refused(tar, PV_ERROR_SYNTAX,
		      "tar: two extended headers of type 'x' before one entry");
	g_byte_array_set_size(tar, 0);
	tarball_extension(tar, 'g', "10 path=x\n", 10);
	check_refused(tar, PV_ERROR_UNSUPPORTED,
		      "tar: a global PAX header that names files is not accepted");
}

static void test_whiteouts(void)
{
	g_autoptr(GByteArray) tar = g_byte_array_new();

	tarball_file(tar, "a/.wh.b", "");
	tarball_file(tar, ".wh..wh..opq", "");
	tarball_file(tar, "d/.wh..wh..opq", "content that nobody sees");
	tarball_file(tar, ".wh..wh.aufs", "x");
	tarball_file(tar, ".wh..wh.plnk/1.2", "x");
	tarball_header(tar, '2', ".wh.link", 0, "target");
	tarball_file(tar, "x.wh.y", "");
	tarball_end(tar);
	check_list(tar, "f1 'a/b' '' 0 644 0:0 0.0 x0\n"
			"f2 '' '' 0 644 0:0 0.0 x0\n"
			"f2 'd' '' 0 644 0:0 0.0 x0\n"
			"l1 'link' '' 0 644 0:0 0.0 x0\n"
			"f0 'x.wh.y' '' 0 644 0:0 0.0 x0 []\n");
}

static void check_path_limit(gsize length, const char *sentence)
{
	g_autoptr(GByteArray) tar = g_byte_array_new();
	g_autofree char *name = g_malloc(length + 1);
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;

	memset(name, 'n', length);
	for (gsize i = 100; i + 1 < length; i += 100)
		name[i] = '/';
	name[length] = '\0';
	tarball_extension(tar, 'L', name, length + 1);
	tarball_file(tar, "f", "");
	if (sentence)
		check_refused(tar, PV_ERROR_LIMIT, sentence);
	else
		g_assert_nonnull(text = list(tar, 512, NULL));
}

static void check_depth_limit(guint depth, gboolean accepted)
{
	g_autoptr(GByteArray) tar = g_byte_array_new();
	g_autoptr(GString) name = g_string_new("n");
	g_autofree char *text = NULL;

	for (guint i = 1; i < depth; i++)
		g_string_append(name, "/n");
	tarball_pax(tar, "path", name->str, name->len);
	tarball_file(tar, "f", "");
	if (accepted)
		g_assert_nonnull(text = list(tar, 512, NULL));
	else
		check_refused(tar, PV_ERROR_LIMIT, "tar: a name has more than 1024 parts");
}

static void check_xattr_limit(gsize name_size, gsize value_size, const char *sentence)
{
	g_autoptr(GByteArray) tar = g_byte_array_new();
	g_autofree char *name = g_strnfill(name_size, 'n');
	g_autofree char *key = g_strconcat("SCHILY.xattr.", name, NULL);
	g_autofree char *value = g_strnfill(value_size, 'v');
	g_autofree char *text = NULL;

	tarball_pax(tar, key, value, value_size);
	tarball_file(tar, "f", "");
	if (sentence)
		check_refused(tar, name_size ? PV_ERROR_LIMIT : PV_ERROR_SYNTAX, sentence);
	else
		g_assert_nonnull(text = list(tar, 512, NULL));
}

static void check_xattr_count(guint count, gboolean accepted)
{
	g_autoptr(GByteArray) tar = g_byte_array_new();
	g_autoptr(GString) records = g_string_new(NULL);
	g_autofree char *text = NULL;

	for (guint i = 0; i < count; i++)
		g_string_append_printf(records, "28 SCHILY.xattr.user.%04u=v\n", i);
	g_string_append(records, "28 SCHILY.xattr.user.0000=w\n"); /* again: replaces */
	tarball_extension(tar, 'x', records->str, records->len);
	tarball_file(tar, "f", "");
	if (accepted)
		g_assert_nonnull(text = list(tar, 512, NULL));
	else
		check_refused(tar, PV_ERROR_LIMIT,
			      "tar: an entry has more than 128 extended attributes");
}

static void test_limits(void)
{
	g_autoptr(GByteArray) tar = g_byte_array_new();
	g_autofree char *part = g_strnfill(256, 'p');

	check_path_limit(PV_TAR_PATH_BYTES_MAX - 2, NULL);
	check_path_limit(PV_TAR_PATH_BYTES_MAX - 1, NULL);
	check_path_limit(PV_TAR_PATH_BYTES_MAX, "tar: a name is longer than 4095 bytes");
	check_path_limit(PV_TAR_PATH_BYTES_MAX + 1,
			 "tar: an extended header of 4098 bytes, at most 4097 are accepted");
	check_depth_limit(PV_TAR_DEPTH_MAX - 1, TRUE);
	check_depth_limit(PV_TAR_DEPTH_MAX, TRUE);
	check_depth_limit(PV_TAR_DEPTH_MAX + 1, FALSE);
	check_xattr_limit(0, 1, "tar: an extended attribute has no name");
	check_xattr_limit(254, PV_TAR_XATTR_BYTES_MAX - 1, NULL);
	check_xattr_limit(255, PV_TAR_XATTR_BYTES_MAX, NULL);
	check_xattr_limit(256, 1, "tar: an extended attribute's name is longer than 255 bytes");
	check_xattr_limit(255, PV_TAR_XATTR_BYTES_MAX + 1,
			  "tar: an extended attribute is longer than 65536 bytes");
	check_xattr_count(PV_TAR_XATTRS_MAX - 1, TRUE);
	check_xattr_count(PV_TAR_XATTRS_MAX, TRUE);
	check_xattr_count(PV_TAR_XATTRS_MAX + 1, FALSE);

	tarball_pax(tar, "path", part, 255);
	tarball_file(tar, "f", "");
	g_free(list(tar, 512, NULL));
	g_byte_array_set_size(tar, 0);
	tarball_pax(tar, "path", part, 256);
	tarball_file(tar, "f", "");
	check_refused(tar, PV_ERROR_LIMIT,
		      "tar: a name has a part of 256 bytes, at most 255 are possible");
	g_byte_array_set_size(tar, 0);
	tarball_header(tar, 'x', "1 GB of header", 1 << 30, "");
	check_refused(tar, PV_ERROR_LIMIT,
		      "tar: an extended header of 1073741824 bytes, at most 1048576 are accepted");
}

static void refused_pax(const char *records, PvErrorCode code, const char *sentence)
{
	g_autoptr(GByteArray) tar = g_byte_array_new();

	tarball_extension(tar, 'x', records, strlen(records));
	tarball_file(tar, "f", "");
	check_refused(tar, code, sentence);
}

static void test_pax_damage(void)
{
	const char *length = "tar: a PAX record does not begin with its length";
	const char *form = "tar: a PAX record is not 'KEY=VALUE'";

	refused_pax("path=x\n", PV_ERROR_SYNTAX, length);
	refused_pax("99 path=x\n", PV_ERROR_SYNTAX, length);
	refused_pax("3 path=x\n", PV_ERROR_SYNTAX, form);
	refused_pax("2 \n", PV_ERROR_SYNTAX, length);
	refused_pax("99999999999999999999999999 a=b\n", PV_ERROR_SYNTAX, length);
	refused_pax("8 path=x\n", PV_ERROR_SYNTAX, form);
	refused_pax("10 pathxx\n", PV_ERROR_SYNTAX, form);
	refused_pax("6 =x\n\n", PV_ERROR_SYNTAX, form);
	refused_pax("11 size=-1\n", PV_ERROR_SYNTAX, "tar: PAX size is not a decimal number");
	refused_pax("11 mtime=x\n", PV_ERROR_SYNTAX, "tar: PAX mtime is not a time");
	refused_pax("13 mtime=1.x\n", PV_ERROR_SYNTAX, "tar: PAX mtime is not a time");
	refused_pax("22 GNU.sparse.major=1\n", PV_ERROR_UNSUPPORTED,
		    "tar: sparse files are not accepted in a layer");
}

/* What libarchive writes in its formats, we read; and it reads the same in it. */
static void check_oracle(int format)
{
	g_autoptr(GByteArray) tar = g_byte_array_new();
	g_autoptr(GString) expected = g_string_new(NULL);
	g_autofree char *longest = g_strnfill(230, 'q');
	struct archive *writer = archive_write_new();
	gsize used = 0;

	g_byte_array_set_size(tar, 1 << 20);
	archive_write_set_format(writer, format);
	archive_write_open_memory(writer, tar->data, tar->len, &used);
	for (guint i = 0; i < 60; i++) {
		struct archive_entry *entry = archive_entry_new();
		gboolean is_long = format != ARCHIVE_FORMAT_TAR_USTAR && i % 7 == 0;
		g_autofree char *name =
			g_strdup_printf("dir%u/%s-%u", i % 5, is_long ? longest : "f", i);
		g_autofree char *content = g_strnfill(i * 37, 'a' + i % 26);

		archive_entry_set_pathname(entry, name);
		archive_entry_set_mode(entry, 0100000 | (i * 3 & 0777));
		archive_entry_set_uid(entry, i * 1000);
		archive_entry_set_gid(entry, i);
		archive_entry_set_mtime(entry, 1600000000 + i, 0);
		archive_entry_set_size(entry, (la_int64_t)strlen(content));
		g_assert_cmpint(archive_write_header(writer, entry), ==, ARCHIVE_OK);
		archive_write_data(writer, content, strlen(content));
		g_string_append_printf(expected, "f0 '%s' '' %zu %o %u:%u %u.0 x0 [%s]\n", name,
				       strlen(content), i * 3 & 0777, i * 1000, i, 1600000000 + i,
				       content);
		archive_entry_free(entry);
	}
	archive_write_close(writer);
	archive_write_free(writer);
	g_byte_array_set_size(tar, (guint)used);
	check_list(tar, expected->str);
}

static void test_oracle(void)
{
	check_oracle(ARCHIVE_FORMAT_TAR_USTAR);
	check_oracle(ARCHIVE_FORMAT_TAR_GNUTAR);
	check_oracle(ARCHIVE_FORMAT_TAR_PAX_INTERCHANGE);
	check_oracle(ARCHIVE_FORMAT_TAR_PAX_RESTRICTED);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/oci/tar/plain", test_plain);
	g_test_add_func("/oci/tar/ends", test_ends);
	g_test_add_func("/oci/tar/extensions", test_extensions);
	g_test_add_func("/oci/tar/base256", test_base256);
	g_test_add_func("/oci/tar/signed-checksum", test_signed_checksum);
	g_test_add_func("/oci/tar/hostile-names", test_hostile_names);
	g_test_add_func("/oci/tar/whiteouts", test_whiteouts);
	g_test_add_func("/oci/tar/limits", test_limits);
	g_test_add_func("/oci/tar/pax-damage", test_pax_damage);
	g_test_add_func("/oci/tar/oracle", test_oracle);
	return g_test_run();
}
