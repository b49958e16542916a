/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The ledger of id ranges: a small JSON file, read, changed and replaced under a lock. It is the
 * promise that two containers never share an id, so a file that cannot be read hands out nothing.
 * Design: design.md section 3 (isolate); the places that may own ids already: passwd, group,
 * subuid(5), subgid(5).
 */

#include "isolate/ledger.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/limits.h"

#define BLOCKS            ((PV_ID_LAST - PV_ID_FIRST + 1) / PV_ID_RANGE_SIZE)
#define LEDGER_BYTES_MAX  (PV_LEDGER_ENTRIES_MAX * 8 * PV_KIB)
#define ACCOUNT_BYTES_MAX (16 * PV_MIB)

G_STATIC_ASSERT(BLOCKS == PV_LEDGER_ENTRIES_MAX + 1);

typedef struct {
	json_t *root;   /* {"version":1,"next":N,"ranges":[{"first","container","path"}]} */
	json_t *ranges; /* borrowed from root */
	int lock;
} Ledger;

static void ledger_clear(Ledger *ledger)
{
	g_clear_pointer(&ledger->root, json_decref);
	if (ledger->lock >= 0)
		close(ledger->lock);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Ledger, ledger_clear)

static gint64 json_id(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	return json_is_integer(value) ? json_integer_value(value) : -1;
}

static gboolean is_block(gint64 first)
{
	return first > PV_ID_FIRST && first <= PV_ID_LAST &&
	       (first - PV_ID_FIRST) % PV_ID_RANGE_SIZE == 0;
}

static gboolean check(const char *file, const json_t *root, GError **error)
{
	const json_t *ranges = json_object_get(root, "ranges");
	const json_t *range;
	gsize index;

	if (json_id(root, "version") != 1 || !json_is_array(ranges) ||
	    !is_block(json_id(root, "next")))
		return pv_fail(error, PV_ERROR_SYNTAX, "%s: not a ledger of id ranges", file);
	if (json_array_size(ranges) > PV_LEDGER_ENTRIES_MAX)
		return pv_fail(error, PV_ERROR_LIMIT, "%s: more than %d ranges", file,
			       PV_LEDGER_ENTRIES_MAX);
	json_array_foreach(ranges, index, range) {
		if (!is_block(json_id(range, "first")) || !pv_json_string(range, "container") ||
		    !pv_json_string(range, "path"))
			return pv_fail(error, PV_ERROR_SYNTAX,
				       "%s: range %zu is damaged; no ids are handed out", file,
				       index);
	}
	return TRUE;
}

static gboolean ledger_open(const char *file, Ledger *ledger, GError **error)
{
	g_autofree char *directory = g_path_get_dirname(file);
	g_autofree char *lock = g_strconcat(file, ".lock", NULL);
	g_autoptr(GError) missing = NULL;
	g_autoptr(GBytes) bytes = NULL;

	if (!pv_file_make_directory(directory, 0711, error))
		return FALSE;
	ledger->lock = pv_file_lock(lock, TRUE, error);
	if (ledger->lock < 0)
		return FALSE;
	bytes = pv_file_read(file, LEDGER_BYTES_MAX, &missing);
	if (bytes)
		ledger->root = pv_json_load(bytes, LEDGER_BYTES_MAX, file, error);
	else if (g_error_matches(missing, PV_ERROR, PV_ERROR_NOT_FOUND))
		ledger->root = json_pack("{s:i, s:I, s:[]}", "version", 1, "next",
					 (json_int_t)(PV_ID_FIRST + PV_ID_RANGE_SIZE), "ranges");
	else
		g_propagate_error(error, g_steal_pointer(&missing));
	if (!ledger->root || !check(file, ledger->root, error))
		return FALSE;
	ledger->ranges = json_object_get(ledger->root, "ranges");
	return TRUE;
}

static gboolean ledger_save(const char *file, const Ledger *ledger, GError **error)
{
	g_autofree char *text = pv_json_text(ledger->root, TRUE);

	return pv_file_replace(file, text, strlen(text), 0600, error);
}

/* A container's directory that is gone gave its ids back: nothing of it is left in its store. */
static void drop_gone(Ledger *ledger)
{
	for (gsize i = json_array_size(ledger->ranges); i > 0; i--) {
		const json_t *range = json_array_get(ledger->ranges, i - 1);

		if (access(pv_json_string(range, "path"), F_OK) < 0 && errno == ENOENT)
			json_array_remove(ledger->ranges, i - 1);
	}
}

static void take_span(gboolean *taken, guint64 first, guint64 count)
{
	guint64 last;

	if (count == 0 || first > PV_ID_LAST)
		return;
	last = count > PV_ID_LAST - first ? PV_ID_LAST : first + count - 1;
	if (last < PV_ID_FIRST)
		return;
	first = MAX(first, PV_ID_FIRST);
	for (guint64 at = (first - PV_ID_FIRST) / PV_ID_RANGE_SIZE;
	     at <= (last - PV_ID_FIRST) / PV_ID_RANGE_SIZE; at++)
		taken[at] = TRUE;
}

/*
 * Takes what the lines of an account file own: field @column is an id, the next one how many
 * follow (subuid, subgid), or it is alone (passwd, group). A file that is not there owns nothing.
 */
static gboolean take_accounts(const char *etc, const char *name, guint column, gboolean is_range,
			      gboolean *taken, GError **error)
{
	g_autofree char *path = g_build_filename(etc, name, NULL);
	g_autoptr(GError) cause = NULL;
	g_autoptr(GBytes) bytes = pv_file_read(path, ACCOUNT_BYTES_MAX, &cause);
	g_autofree char *text = NULL;
	char *rest, *line;

	if (!bytes) {
		if (g_error_matches(cause, PV_ERROR, PV_ERROR_NOT_FOUND))
			return TRUE;
		g_propagate_error(error, g_steal_pointer(&cause));
		return FALSE;
	}
	if (g_bytes_get_size(bytes) == 0)
		return TRUE;
	text = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		g_auto(GStrv) fields = g_strsplit(line, ":", 8);
		guint64 first, count = 1;

		if (g_strv_length(fields) < column + 1u + is_range ||
		    !g_ascii_string_to_unsigned(fields[column], 10, 0, G_MAXUINT32, &first, NULL))
			continue;
		if (is_range && !g_ascii_string_to_unsigned(fields[column + 1], 10, 0, G_MAXUINT32,
							    &count, NULL))
			continue;
		take_span(taken, first, count);
	}
	return TRUE;
}

static gboolean take_all(const char *etc, const Ledger *ledger, gboolean *taken, GError **error)
{
	const json_t *range;
	gsize index;

	take_span(taken, PV_ID_FIRST, PV_ID_RANGE_SIZE);
	json_array_foreach(ledger->ranges, index, range)
		take_span(taken, (guint64)json_id(range, "first"), PV_ID_RANGE_SIZE);
	return take_accounts(etc, "passwd", 2, FALSE, taken, error) &&
	       take_accounts(etc, "group", 2, FALSE, taken, error) &&
	       take_accounts(etc, "subuid", 1, TRUE, taken, error) &&
	       take_accounts(etc, "subgid", 1, TRUE, taken, error);
}

static gssize find_container(const Ledger *ledger, const char *container)
{
	const json_t *range;
	gsize index;

	json_array_foreach(ledger->ranges, index, range) {
		if (g_str_equal(pv_json_string(range, "container"), container))
			return (gssize)index;
	}
	return -1;
}

gboolean pv_ledger_acquire(const char *file, const char *etc, const char *container,
			   const char *path, guint32 *ret_first, GError **error)
{
	g_auto(Ledger) ledger = { .lock = -1 };
	g_autofree gboolean *taken = g_new0(gboolean, BLOCKS);
	guint start, block = BLOCKS;
	guint32 first;

	if (!ledger_open(file, &ledger, error))
		return FALSE;
	drop_gone(&ledger);
	if (find_container(&ledger, container) >= 0)
		return pv_fail(error, PV_ERROR_EXISTS, "%s: container %s has its ids already", file,
			       container);
	if (!take_all(etc, &ledger, taken, error))
		return FALSE;
	start = ((guint)json_id(ledger.root, "next") - PV_ID_FIRST) / PV_ID_RANGE_SIZE;
	for (guint i = 0; i < BLOCKS && block == BLOCKS; i++) {
		if (!taken[(start + i) % BLOCKS])
			block = (start + i) % BLOCKS;
	}
	if (block == BLOCKS)
		return pv_fail(error, PV_ERROR_LIMIT,
			       "%s: all %d ranges of ids are taken; remove containers", file,
			       PV_LEDGER_ENTRIES_MAX);
	first = PV_ID_FIRST + block * PV_ID_RANGE_SIZE;
	block = block + 1 < BLOCKS ? block + 1 : 1;
	json_object_set_new(ledger.root, "next",
			    json_integer((json_int_t)PV_ID_FIRST + block * PV_ID_RANGE_SIZE));
	json_array_append_new(ledger.ranges,
			      json_pack("{s:I, s:s, s:s}", "first", (json_int_t)first, "container",
					container, "path", path));
	if (!ledger_save(file, &ledger, error))
		return FALSE;
	*ret_first = first;
	return TRUE;
}

gboolean pv_ledger_release(const char *file, const char *container, GError **error)
{
	g_auto(Ledger) ledger = { .lock = -1 };
	gssize at;

	if (!ledger_open(file, &ledger, error))
		return FALSE;
	at = find_container(&ledger, container);
	if (at < 0)
		return TRUE;
	json_array_remove(ledger.ranges, (gsize)at);
	return ledger_save(file, &ledger, error);
}
