/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The audit trail: lines of JSON, appended under a lock and synced. Every program of Pavise writes
 * here, `pavise trace` reads.
 */

#include "trust/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"

static char *trail_path(void)
{
	const char *named = g_getenv("PAVISE_AUDIT");

	if (named && *named)
		return g_strdup(named);
	if (getuid() == 0)
		return g_strdup("/var/lib/pavise/audit.jsonl");
	return g_build_filename(g_get_user_state_dir(), "pavise", "audit.jsonl", NULL);
}

static json_t *make_record(const char *event, const char *reference, const char *digest,
			   json_t *members)
{
	json_t *record = json_object();
	char time[PV_TIME_TEXT_SIZE];

	pv_time_format(pv_time_now(), time);
	json_object_set_new(record, "time", json_string(time));
	json_object_set_new(record, "event", json_string(event));
	json_object_set_new(record, "reference", json_string(reference));
	if (digest)
		json_object_set_new(record, "digest", json_string(digest));
	json_object_set_new(record, "uid", json_integer(getuid()));
	if (members)
		json_object_update_missing(record, members);
	return record;
}

/* A line that a power loss tore has no end: it is ended, so that ours stands alone. */
static gboolean ends_in_line(int fd, gboolean *ret_ends, GError **error)
{
	off_t size = lseek(fd, 0, SEEK_END);
	char last = '\n';

	if (size < 0 || (size > 0 && pread(fd, &last, 1, size - 1) != 1))
		return pv_fail_errno(error, errno, "cannot read the audit trail");
	*ret_ends = last == '\n';
	return TRUE;
}

static gboolean append_line(int fd, const char *line, GError **error)
{
	gboolean ends = TRUE;

	if (!ends_in_line(fd, &ends, error) || (!ends && !pv_file_write_all(fd, "\n", 1, error)) ||
	    !pv_file_write_all(fd, line, strlen(line), error))
		return FALSE;
	if (fdatasync(fd) != 0)
		return pv_fail_errno(error, errno, "cannot sync the audit trail");
	return TRUE;
}

gboolean pv_trace_append(const char *event, const char *reference, const char *digest,
			 json_t *members, GError **error)
{
	g_autofree char *path = trail_path();
	g_autofree char *directory = g_path_get_dirname(path);
	g_autofree char *lock_path = g_strconcat(path, ".lock", NULL);
	g_autoptr(json_t) record = make_record(event, reference, digest, members);
	g_autofree char *line = pv_json_text(record, FALSE);
	gboolean done = FALSE;
	int lock, fd;

	if (!pv_file_make_directory(directory, 0700, error))
		return FALSE;
	lock = pv_file_lock(lock_path, TRUE, error);
	if (lock < 0)
		return FALSE;
	fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0) {
		pv_fail_errno(error, errno, "cannot open %s", path);
	} else {
		done = append_line(fd, line, error);
		close(fd);
	}
	close(lock);
	return done;
}

static json_t *read_all(const char *path, GError **error)
{
	g_autoptr(GError) failure = NULL;
	g_autoptr(GBytes) bytes = pv_file_read(path, PV_FILE_BYTES_MAX, &failure);
	g_autoptr(json_t) records = json_array();
	const char *at, *end;
	gsize size;

	if (!bytes) {
		if (g_error_matches(failure, PV_ERROR, PV_ERROR_NOT_FOUND))
			return g_steal_pointer(&records);
		g_propagate_error(error, g_steal_pointer(&failure));
		return NULL;
	}
	at = g_bytes_get_data(bytes, &size);
	end = at + size;
	while (at < end) {
		const char *stop = memchr(at, '\n', (gsize)(end - at));
		gsize length = (gsize)((stop ? stop : end) - at);
		json_t *record = json_loadb(at, length, JSON_REJECT_DUPLICATES, NULL);

		if (json_is_object(record))
			json_array_append(records, record);
		json_decref(record);
		at += length + 1;
	}
	return g_steal_pointer(&records);
}

/* The digests that records of @reference name: the same image may go by other names too. */
static GHashTable *digests_of(json_t *records, const char *reference)
{
	GHashTable *digests = g_hash_table_new(g_str_hash, g_str_equal);
	json_t *record;
	gsize i;

	g_hash_table_add(digests, (void *)reference);
	json_array_foreach(records, i, record) {
		const char *digest = pv_json_string(record, "digest");

		if (digest && g_strcmp0(pv_json_string(record, "reference"), reference) == 0)
			g_hash_table_add(digests, (void *)digest);
	}
	return digests;
}

json_t *pv_trace_read(const char *reference, GError **error)
{
	g_autofree char *path = trail_path();
	g_autoptr(json_t) records = read_all(path, error);
	g_autoptr(json_t) found = NULL;
	g_autoptr(GHashTable) digests = NULL;
	json_t *record;
	gsize i;

	if (!records || !reference)
		return g_steal_pointer(&records);
	digests = digests_of(records, reference);
	found = json_array();
	json_array_foreach(records, i, record) {
		const char *digest = pv_json_string(record, "digest");

		if (g_strcmp0(pv_json_string(record, "reference"), reference) == 0 ||
		    (digest && g_hash_table_contains(digests, digest)))
			json_array_append(found, record);
	}
	return g_steal_pointer(&found);
}
