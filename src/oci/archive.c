/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The table of contents of a tar that holds an image (docker save, OCI archive): POSIX ustar and
 * pax, and GNU's long names. Only names, sizes and positions are read; content is skipped, so a
 * gigabyte of layers costs a few kilobytes of reading.
 */

#include "oci/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"

#define BLOCK     512
#define LINKS_MAX 8 /* links followed from one name */
#define SPOOL     (256 * (gsize)1024)

typedef struct {
	guint64 offset, size;
	char *link; /* NULL for a file */
} Entry;

struct PvArchive {
	int fd;
	char *name;
	guint64 size;
	GHashTable *entries; /* path → Entry */
};

/* What long-name entries and pax headers say about the next entry. */
typedef struct {
	char *path, *link;
	gboolean has_size;
	guint64 size;
} Pending;

static void entry_free(void *data)
{
	Entry *entry = data;

	g_free(entry->link);
	g_free(entry);
}

void pv_archive_free(PvArchive *archive)
{
	if (archive->fd >= 0)
		close(archive->fd);
	g_free(archive->name);
	g_hash_table_unref(archive->entries);
	g_free(archive);
}

static void pending_clear(Pending *pending)
{
	g_clear_pointer(&pending->path, g_free);
	g_clear_pointer(&pending->link, g_free);
	pending->has_size = FALSE;
}

static gboolean read_at(const PvArchive *archive, void *buffer, gsize size, guint64 offset,
			GError **error)
{
	gsize done = 0;

	while (done < size) {
		ssize_t got = pread(archive->fd, (guint8 *)buffer + done, size - done,
				    (off_t)(offset + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return pv_fail_errno(error, errno, "%s: cannot read", archive->name);
		if (got == 0)
			return pv_fail(error, PV_ERROR_SYNTAX,
				       "%s: ends in the middle, at byte %" G_GUINT64_FORMAT,
				       archive->name, offset + done);
		done += (gsize)got;
	}
	return TRUE;
}

/* Octal digits, or GNU's base 256 when the first bit is set. */
static gboolean read_number(const guint8 *field, gsize size, guint64 *ret_number)
{
	guint64 number = 0;
	gsize i = 0;

	if (field[0] & 0x80) {
		if (field[0] != 0x80)
			return FALSE; /* negative, or beyond 64 bits */
		for (i = 1; i < size; i++) {
			if (number >> 55)
				return FALSE;
			number = number << 8 | field[i];
		}
		*ret_number = number;
		return TRUE;
	}
	while (i < size && field[i] == ' ')
		i++;
	for (; i < size && field[i] >= '0' && field[i] <= '7'; i++)
		number = number << 3 | (guint64)(field[i] - '0');
	*ret_number = number;
	return i == size || field[i] == '\0' || field[i] == ' ';
}

static gboolean checksum_is_right(const guint8 *header)
{
	guint64 said, sum = 0;

	for (gsize i = 0; i < BLOCK; i++)
		sum += i >= 148 && i < 156 ? ' ' : header[i];
	return read_number(header + 148, 8, &said) && said == sum;
}

/* Without leading "./" and "/", without trailing "/"; NULL if it has ".." in it. */
static char *clean_path(const char *path)
{
	g_auto(GStrv) parts = g_strsplit(path, "/", PV_TAR_DEPTH_MAX);
	GString *text = g_string_new(NULL);

	for (char **part = parts; *part; part++) {
		if (g_str_equal(*part, "..")) {
			g_string_free(text, TRUE);
			return NULL;
		}
		if (**part && !g_str_equal(*part, "."))
			g_string_append_printf(text, "%s%s", text->len ? "/" : "", *part);
	}
	return g_string_free(text, FALSE);
}

/* What a symbolic link at @path points to, inside the archive; NULL if it leaves it. */
static char *follow(const char *path, const char *link)
{
	g_autofree char *directory = g_path_get_dirname(path);
	g_autofree char *joined =
		link[0] == '/' ? g_strdup(link) : g_strdup_printf("%s/%s", directory, link);
	g_auto(GStrv) parts = g_strsplit(joined, "/", PV_TAR_DEPTH_MAX);
	g_autoptr(GPtrArray) kept = g_ptr_array_new();

	for (char **part = parts; *part; part++) {
		if (!**part || g_str_equal(*part, "."))
			continue;
		if (!g_str_equal(*part, ".."))
			g_ptr_array_add(kept, *part);
		else if (kept->len == 0)
			return NULL;
		else
			g_ptr_array_set_size(kept, (gint)kept->len - 1);
	}
	g_ptr_array_add(kept, NULL);
	return g_strjoinv("/", (char **)kept->pdata);
}

static char *header_path(const guint8 *header)
{
	g_autofree char *name = g_strndup((const char *)header, 100);
	g_autofree char *prefix = NULL;

	if (memcmp(header + 257, "ustar\0", 6) != 0 || header[345] == '\0')
		return g_steal_pointer(&name);
	prefix = g_strndup((const char *)header + 345, 155);
	return g_strdup_printf("%s/%s", prefix, name);
}

/* One "LENGTH KEY=VALUE\n" of a pax header. */
static gboolean read_pax_record(const char *record, gsize length, Pending *pending)
{
	const char *equals = memchr(record, '=', length);
	g_autofree char *key = NULL, *value = NULL;
	char *end;

	if (!equals)
		return FALSE;
	key = g_strndup(record, (gsize)(equals - record));
	value = g_strndup(equals + 1, length - (gsize)(equals + 1 - record));
	if (g_str_equal(key, "path")) {
		g_free(pending->path);
		pending->path = g_steal_pointer(&value);
	} else if (g_str_equal(key, "linkpath")) {
		g_free(pending->link);
		pending->link = g_steal_pointer(&value);
	} else if (g_str_equal(key, "size")) {
		pending->size = g_ascii_strtoull(value, &end, 10);
		pending->has_size = TRUE;
		return g_ascii_isdigit(value[0]) && *end == '\0';
	}
	return TRUE;
}

static gboolean read_pax(const char *text, gsize size, Pending *pending)
{
	gsize at = 0;

	while (at < size) {
		gsize digits = 0, length = 0;

		while (at + digits < size && g_ascii_isdigit(text[at + digits]) && digits < 8)
			length = length * 10 + (gsize)(text[at + digits++] - '0');
		if (digits == 0 || length < digits + 3 || length > size - at ||
		    text[at + digits] != ' ' || text[at + length - 1] != '\n')
			return FALSE;
		if (!read_pax_record(text + at + digits + 1, length - digits - 2, pending))
			return FALSE;
		at += length;
	}
	return TRUE;
}

/* An entry that says something about the next one. */
static gboolean read_extension(const PvArchive *archive, guint8 type, guint64 offset, guint64 size,
			       Pending *pending, GError **error)
{
	g_autofree char *text = NULL;

	if (size > PV_TAR_PAX_BYTES_MAX)
		return pv_fail(error, PV_ERROR_LIMIT,
			       "%s: %" G_GUINT64_FORMAT " bytes of extended header at byte "
			       "%" G_GUINT64_FORMAT ", at most %zu allowed",
			       archive->name, size, offset, PV_TAR_PAX_BYTES_MAX);
	text = g_malloc0(size + 1);
	if (!read_at(archive, text, size, offset, error))
		return FALSE;
	if (type == 'x')
		return read_pax(text, size, pending) ||
		       pv_fail(error, PV_ERROR_SYNTAX,
			       "%s: damaged extended header at byte %" G_GUINT64_FORMAT,
			       archive->name, offset);
	if (type == 'L') {
		g_free(pending->path);
		pending->path = g_steal_pointer(&text);
	} else if (type == 'K') {
		g_free(pending->link);
		pending->link = g_steal_pointer(&text);
	}
	return TRUE;
}

static gboolean keep_entry(PvArchive *archive, const guint8 *header, const Pending *pending,
			   guint64 offset, guint64 size, GError **error)
{
	g_autofree char *raw = pending->path ? g_strdup(pending->path) : header_path(header);
	g_autofree char *path = NULL;
	g_autofree char *link = pending->link ? g_strdup(pending->link)
					      : g_strndup((const char *)header + 157, 100);
	guint8 type = header[156];
	Entry *entry;

	if (strlen(raw) > PV_TAR_PATH_BYTES_MAX || strlen(link) > PV_TAR_PATH_BYTES_MAX)
		return pv_fail(error, PV_ERROR_LIMIT, "%s: a name of more than %d bytes",
			       archive->name, PV_TAR_PATH_BYTES_MAX);
	path = clean_path(raw);
	if (!path)
		return pv_fail(error, PV_ERROR_ESCAPE, "%s: the entry '%s' leaves the archive",
			       archive->name, raw);
	if (type != '0' && type != '\0' && type != '7' && type != '1' && type != '2')
		return TRUE;
	if (g_hash_table_size(archive->entries) >= PV_ARCHIVE_ENTRIES_MAX)
		return pv_fail(error, PV_ERROR_LIMIT, "%s: more than %d entries", archive->name,
			       PV_ARCHIVE_ENTRIES_MAX);
	entry = g_new0(Entry, 1);
	entry->offset = offset;
	entry->size = size;
	if (type == '2')
		entry->link = follow(path, link);
	else if (type == '1')
		entry->link = clean_path(link);
	if ((type == '1' || type == '2') && !entry->link)
		entry->link = g_strdup("");
	g_hash_table_replace(archive->entries, g_steal_pointer(&path), entry);
	return TRUE;
}

static gboolean is_zero(const guint8 *header)
{
	return header[0] == 0 && memcmp(header, header + 1, BLOCK - 1) == 0;
}

static gboolean read_entry_at(PvArchive *archive, guint64 *at, Pending *pending, gboolean *ret_end,
			      GError **error)
{
	guint8 header[BLOCK];
	guint64 size;
	gboolean is_file;

	if (*at == archive->size) {
		*ret_end = TRUE; /* some writers leave out the two empty blocks */
		return TRUE;
	}
	if (!read_at(archive, header, BLOCK, *at, error))
		return FALSE;
	*ret_end = is_zero(header);
	if (*ret_end)
		return TRUE;
	if (!checksum_is_right(header) || !read_number(header + 124, 12, &size))
		return pv_fail(error, PV_ERROR_SYNTAX,
			       "%s: not a tar header at byte %" G_GUINT64_FORMAT, archive->name,
			       *at);
	is_file = header[156] == '0' || header[156] == '\0' || header[156] == '7';
	if (pending->has_size && is_file)
		size = pending->size;
	*at += BLOCK;
	if (size > archive->size - *at)
		return pv_fail(error, PV_ERROR_SYNTAX,
			       "%s: an entry of %" G_GUINT64_FORMAT
			       " bytes goes beyond the archive's end",
			       archive->name, size);
	if (strchr("xLKg", header[156]) && header[156]) {
		if (!read_extension(archive, header[156], *at, size, pending, error))
			return FALSE;
	} else {
		if (!keep_entry(archive, header, pending, *at, is_file ? size : 0, error))
			return FALSE;
		pending_clear(pending);
	}
	*at = MIN(*at + (size + BLOCK - 1) / BLOCK * BLOCK, archive->size);
	return TRUE;
}

static gboolean read_contents(PvArchive *archive, GError **error)
{
	Pending pending = { NULL, NULL, FALSE, 0 };
	guint64 at = 0, headers = 0;
	gboolean end = FALSE, done = TRUE;

	while (done && !end) {
		if (++headers > 4 * (guint64)PV_ARCHIVE_ENTRIES_MAX)
			done = pv_fail(error, PV_ERROR_LIMIT, "%s: more than %d headers",
				       archive->name, 4 * PV_ARCHIVE_ENTRIES_MAX);
		else
			done = read_entry_at(archive, &at, &pending, &end, error);
	}
	pending_clear(&pending);
	return done;
}

PvArchive *pv_archive_open(int fd, const char *name, GError **error)
{
	g_autoptr(PvArchive) archive = g_new0(PvArchive, 1);
	struct stat st;

	archive->fd = fd;
	archive->name = g_strdup(name);
	archive->entries = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, entry_free);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return pv_fail_null(error, PV_ERROR_IO, "%s: not a regular file", name);
	archive->size = (guint64)st.st_size;
	if (archive->size < BLOCK)
		return pv_fail_null(error, PV_ERROR_SYNTAX, "%s: too short for an archive", name);
	return read_contents(archive, error) ? g_steal_pointer(&archive) : NULL;
}

PvArchive *pv_archive_open_path(const char *path, GError **error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0) {
		pv_fail_errno(error, errno, "%s: cannot open", path);
		return NULL;
	}
	return pv_archive_open(fd, path, error);
}

static gboolean spool(int from, int to, guint64 max_bytes, GError **error)
{
	g_autofree guint8 *buffer = g_malloc(SPOOL);
	guint64 total = 0;

	for (;;) {
		ssize_t got = read(from, buffer, SPOOL);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return pv_fail_errno(error, errno, "standard input: cannot read");
		if (got == 0)
			return TRUE;
		total += (guint64)got;
		if (total > max_bytes)
			return pv_fail(error, PV_ERROR_LIMIT,
				       "standard input: more than %" G_GUINT64_FORMAT " bytes",
				       max_bytes);
		if (!pv_file_write_all(to, buffer, (gsize)got, error))
			return pv_fail_wrap(error, "standard input");
	}
}

PvArchive *pv_archive_open_stream(int fd, GError **error)
{
	const char *directory = g_getenv("TMPDIR");
	int file = open(directory && *directory ? directory : "/var/tmp",
			O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (file < 0) {
		pv_fail_errno(error, errno, "standard input: no room to keep it");
		return NULL;
	}
	if (!spool(fd, file, PV_ARCHIVE_BYTES_MAX, error)) {
		close(file);
		return NULL;
	}
	return pv_archive_open(file, "standard input", error);
}

gboolean pv_archive_find(const PvArchive *archive, const char *path, PvBlobRange *ret_range)
{
	g_autofree char *clean = clean_path(path);
	const char *name = clean;

	for (int links = 0; name && links <= LINKS_MAX; links++) {
		const Entry *entry = g_hash_table_lookup(archive->entries, name);

		if (!entry)
			return FALSE;
		if (!entry->link) {
			*ret_range = (PvBlobRange){ archive->fd, entry->offset, entry->size };
			return TRUE;
		}
		name = entry->link;
	}
	return FALSE;
}

GBytes *pv_archive_read_range(const PvBlobRange *range, const char *what, GError **error)
{
	g_autofree guint8 *data = g_try_malloc(range->size ? range->size : 1);
	guint64 done = 0;

	if (!data)
		return pv_fail_null(error, PV_ERROR_LIMIT, "%s: no memory for it", what);
	while (done < range->size) {
		ssize_t got = pread(range->fd, data + done, range->size - done,
				    (off_t)(range->offset + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			pv_fail_errno(error, got < 0 ? errno : EIO, "%s: cannot read", what);
			return NULL;
		}
		done += (guint64)got;
	}
	return g_bytes_new_take(g_steal_pointer(&data), range->size);
}

GBytes *pv_archive_read(const PvArchive *archive, const char *path, gsize max_bytes, GError **error)
{
	PvBlobRange range;
	g_autofree char *what = g_strdup_printf("%s: %s", archive->name, path);

	if (!pv_archive_find(archive, path, &range))
		return pv_fail_null(error, PV_ERROR_NOT_FOUND, "%s: no %s in the archive",
				    archive->name, path);
	if (range.size > max_bytes)
		return pv_fail_null(error, PV_ERROR_LIMIT,
				    "%s: %" G_GUINT64_FORMAT " bytes, at most %zu allowed", what,
				    range.size, max_bytes);
	return pv_archive_read_range(&range, what, error);
}
