/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Imports OSV records from directories and archives. Archives are read by libarchive with just the
 * formats that OSV exports come in; of what is in them only bytes are taken, never paths.
 */

#include "vuln/import.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/limits.h"
#include "crypto/digest.h"
#include "vuln/database.h"

#define BLOCK          (256 * PV_KIB)
#define PROGRESS_EVERY 1000

typedef struct {
	PvDatabaseWriter *writer;
	const PvImportListener *listener;
	json_t *sources;
	PvHasher *hasher; /* of a directory's records; NULL while a file is read */
	guint64 skipped;
} Import;

static void refuse(Import *import, const char *sentence)
{
	import->skipped++;
	if (import->listener->refused)
		import->listener->refused(import->listener->data, sentence);
}

/* Adds one record; only what ends the whole import is an error here. */
static gboolean add(Import *import, GBytes *record, const char *what, GError **error)
{
	g_autoptr(GError) failure = NULL;
	guint64 records;

	if (!pv_database_writer_add(import->writer, record, what, &failure)) {
		if (pv_database_writer_has_failed(import->writer)) {
			g_propagate_error(error, g_steal_pointer(&failure));
			return FALSE;
		}
		refuse(import, failure->message);
	}
	records = pv_database_writer_records(import->writer);
	if (import->listener->progress && records % PROGRESS_EVERY == 0)
		import->listener->progress(import->listener->data, records);
	return TRUE;
}

static gboolean add_file(Import *import, const char *path, GError **error)
{
	g_autoptr(GError) failure = NULL;
	g_autoptr(GBytes) record = pv_file_read(path, PV_OSV_RECORD_BYTES_MAX, &failure);

	if (!record && g_error_matches(failure, PV_ERROR, PV_ERROR_LIMIT)) {
		refuse(import, failure->message);
		return TRUE;
	}
	if (!record) {
		g_propagate_error(error, g_steal_pointer(&failure));
		return FALSE;
	}
	if (import->hasher)
		pv_hasher_feed(import->hasher, g_bytes_get_data(record, NULL),
			       g_bytes_get_size(record));
	return add(import, record, path, error);
}

/* The same records in the same order on every file system, so that the digest is the same. */
static int compare_names(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static gboolean add_tree(Import *import, const char *path, GError **error)
{
	char *roots[] = { (char *)path, NULL };
	FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, compare_names);
	gboolean done = tree != NULL;
	FTSENT *entry;

	if (!tree)
		return pv_fail_errno(error, errno, "cannot read %s", path);
	while (done && (entry = fts_read(tree))) {
		if (entry->fts_info == FTS_ERR || entry->fts_info == FTS_DNR)
			done = pv_fail_errno(error, entry->fts_errno, "cannot read %s",
					     entry->fts_path);
		else if (entry->fts_info == FTS_F && g_str_has_suffix(entry->fts_name, ".json"))
			done = add_file(import, entry->fts_path, error);
	}
	fts_close(tree);
	return done;
}

static gboolean fail_archive(struct archive *archive, const char *path, GError **error)
{
	const char *why = archive_error_string(archive);

	return pv_fail(error, PV_ERROR_SYNTAX, "%s cannot be read as an archive: %s", path,
		       why ? why : "unknown format");
}

/* NULL without an error: a member that is too large, which is counted and passed over. */
static GBytes *read_member(struct archive *archive, const char *path, gboolean *ret_too_large,
			   GError **error)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	g_autofree guint8 *block = g_malloc(BLOCK);
	gssize got;

	*ret_too_large = FALSE;
	while ((got = archive_read_data(archive, block, BLOCK)) > 0) {
		if (bytes->len + (gsize)got > PV_OSV_RECORD_BYTES_MAX) {
			*ret_too_large = TRUE;
			return NULL;
		}
		g_byte_array_append(bytes, block, (guint)got);
	}
	if (got < 0) {
		fail_archive(archive, path, error);
		return NULL;
	}
	return g_byte_array_free_to_bytes(g_steal_pointer(&bytes));
}

static gboolean add_member(Import *import, struct archive *archive, struct archive_entry *entry,
			   const char *path, GError **error)
{
	const char *name = archive_entry_pathname_utf8(entry);
	g_autofree char *what = NULL;
	g_autofree char *sentence = NULL;
	g_autoptr(GBytes) record = NULL;
	gboolean too_large;

	if (archive_entry_filetype(entry) != AE_IFREG || !name || !g_str_has_suffix(name, ".json"))
		return TRUE;
	what = g_strdup_printf("%s: %s", path, name);
	record = read_member(archive, path, &too_large, error);
	if (!record && !too_large)
		return FALSE;
	if (record)
		return add(import, record, what, error);
	sentence = g_strdup_printf("%s: more than %" G_GSIZE_FORMAT " bytes", what,
				   (gsize)PV_OSV_RECORD_BYTES_MAX);
	refuse(import, sentence);
	return TRUE;
}

static gboolean add_archive(Import *import, const char *path, GError **error)
{
	struct archive *archive = archive_read_new();
	struct archive_entry *entry;
	gboolean done = TRUE;
	int code;

	archive_read_support_format_zip(archive);
	archive_read_support_format_tar(archive);
	archive_read_support_filter_gzip(archive);
	archive_read_support_filter_zstd(archive);
	if (archive_read_open_filename(archive, path, BLOCK) != ARCHIVE_OK)
		done = fail_archive(archive, path, error);
	while (done && (code = archive_read_next_header(archive, &entry)) != ARCHIVE_EOF) {
		if (code != ARCHIVE_OK && code != ARCHIVE_WARN)
			done = fail_archive(archive, path, error);
		else
			done = add_member(import, archive, entry, path, error);
	}
	archive_read_free(archive);
	return done;
}

static gboolean digest_of_file(const char *path, PvDigest *ret_digest, GError **error)
{
	g_autoptr(PvHasher) hasher = pv_hasher_new(PV_HASH_SHA256);
	g_autofree guint8 *block = g_malloc(BLOCK);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	gssize got = -1;

	while (fd >= 0 && (got = read(fd, block, BLOCK)) > 0)
		pv_hasher_feed(hasher, block, (gsize)got);
	if (got < 0)
		pv_fail_errno(error, errno, "cannot read %s", path);
	if (fd >= 0)
		close(fd);
	if (got == 0)
		*ret_digest = pv_hasher_finish(g_steal_pointer(&hasher));
	return got == 0;
}

static gboolean add_directory(Import *import, const char *path, PvDigest *ret_digest,
			      GError **error)
{
	gboolean done;

	import->hasher = pv_hasher_new(PV_HASH_SHA256);
	done = add_tree(import, path, error);
	*ret_digest = pv_hasher_finish(g_steal_pointer(&import->hasher));
	return done;
}

static gboolean add_regular(Import *import, const char *path, PvDigest *ret_digest, GError **error)
{
	gboolean done = g_str_has_suffix(path, ".json") ? add_file(import, path, error)
							: add_archive(import, path, error);

	return done && digest_of_file(path, ret_digest, error);
}

static gboolean add_source(Import *import, const char *path, GError **error)
{
	guint64 before = pv_database_writer_records(import->writer), records;
	g_autofree char *name = g_filename_display_name(path);
	char text[PV_DIGEST_TEXT_SIZE];
	struct stat status;
	PvDigest digest;

	if (stat(path, &status) != 0)
		return pv_fail_errno(error, errno, "cannot read %s", path);
	if (!S_ISDIR(status.st_mode) && !S_ISREG(status.st_mode))
		return pv_fail(error, PV_ERROR_SYNTAX, "%s is neither a file nor a directory",
			       path);
	if (S_ISDIR(status.st_mode) ? !add_directory(import, path, &digest, error)
				    : !add_regular(import, path, &digest, error))
		return FALSE;
	records = pv_database_writer_records(import->writer) - before;
	if (records == 0)
		return pv_fail(error, PV_ERROR_SYNTAX, "%s holds no OSV record%s", path,
			       import->skipped ? " that could be taken" : "");
	pv_digest_format(&digest, text);
	json_array_append_new(import->sources,
			      json_pack("{s:s, s:I, s:s}", "name", name, "records",
					(json_int_t)records, "sha256", text + strlen("sha256:")));
	return TRUE;
}

gboolean pv_import(const char *output, const char *const *sources, const PvImportListener *listener,
		   PvImportResult *ret_result, GError **error)
{
	g_autoptr(PvDatabaseWriter) writer = pv_database_writer_new(output, error);
	g_autoptr(json_t) names = json_array();
	Import import = { writer, listener, names, NULL, 0 };

	if (!writer)
		return FALSE;
	if (g_strv_length((char **)sources) > PV_DATABASE_SOURCES_MAX)
		return pv_fail(error, PV_ERROR_LIMIT, "more than %d sources",
			       PV_DATABASE_SOURCES_MAX);
	for (; *sources; sources++) {
		if (!add_source(&import, *sources, error))
			return FALSE;
	}
	if (!pv_database_writer_finish(writer, names, import.skipped, error))
		return FALSE;
	ret_result->records = pv_database_writer_records(writer);
	ret_result->skipped = import.skipped;
	return TRUE;
}
