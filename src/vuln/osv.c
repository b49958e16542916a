/* SPDX-License-Identifier: Apache-2.0 */

/* OSV records: from JSON to entries of the database, and the evaluation of an entry. */

#include "vuln/osv.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/limits.h"

void pv_osv_affected_free(PvOsvAffected *affected)
{
	if (!affected)
		return;
	g_free(affected->ecosystem);
	g_free(affected->name);
	json_decref(affected->entry);
	g_free(affected);
}

/* --- reading ------------------------------------------------------------------------------ */

static gboolean is_cve(const char *id)
{
	return g_str_has_prefix(id, "CVE-");
}

static void add_once(json_t *list, const char *text)
{
	json_t *item;
	gsize i;

	json_array_foreach(list, i, item) {
		if (strcmp(json_string_value(item), text) == 0)
			return;
	}
	json_array_append_new(list, json_string(text));
}

static void add_texts(json_t *list, const json_t *from, gboolean cves_only)
{
	json_t *item;
	gsize i;

	json_array_foreach(from, i, item) {
		const char *text = json_string_value(item);

		if (text && (!cves_only || is_cve(text)))
			add_once(list, text);
	}
}

/* The vulnerabilities that a record is about. */
static json_t *ids_of(const json_t *record, const char *id)
{
	json_t *ids = json_array();

	if (is_cve(id))
		add_once(ids, id);
	add_texts(ids, json_object_get(record, "aliases"), TRUE);
	add_texts(ids, json_object_get(record, "upstream"), TRUE);
	if (json_array_size(ids) == 0)
		add_once(ids, id);
	return ids;
}

static PvSeverity severity_of_vectors(const json_t *list)
{
	PvSeverity worst = PV_SEVERITY_UNKNOWN;
	json_t *item;
	gsize i;

	json_array_foreach(list, i, item) {
		const char *vector = pv_json_string(item, "score");
		double score;

		if (vector && pv_cvss_score(vector, &score))
			worst = MAX(worst, pv_cvss_severity(score));
	}
	return worst;
}

/* The vendor's own rating first, then CVSS vectors (scan.md 7.2). */
static PvSeverity severity_of(const json_t *record, const json_t *affected)
{
	const json_t *own[] = { json_object_get(affected, "ecosystem_specific"),
				json_object_get(affected, "database_specific"),
				json_object_get(record, "database_specific") };
	static const char *const members[] = { "urgency", "severity" };
	PvSeverity severity;

	for (gsize i = 0; i < G_N_ELEMENTS(own); i++) {
		for (gsize k = 0; k < G_N_ELEMENTS(members); k++) {
			severity = pv_severity_parse(pv_json_string(own[i], members[k]));
			if (severity != PV_SEVERITY_UNKNOWN)
				return severity;
		}
	}
	severity = severity_of_vectors(json_object_get(affected, "severity"));
	if (severity != PV_SEVERITY_UNKNOWN)
		return severity;
	return severity_of_vectors(json_object_get(record, "severity"));
}

static gboolean is_version(const char *text)
{
	return text && strlen(text) <= PV_VERSION_BYTES_MAX;
}

/* Events of one range that has an order: [["introduced","0"],["fixed","1.2"]]. */
static json_t *events_of(const json_t *range)
{
	static const char *const kinds[] = { "introduced", "fixed", "last_affected", "limit" };
	json_t *events = json_array(), *event;
	gsize i;

	json_array_foreach(json_object_get(range, "events"), i, event) {
		for (gsize k = 0; k < G_N_ELEMENTS(kinds); k++) {
			const char *version = pv_json_string(event, kinds[k]);

			if (is_version(version))
				json_array_append_new(events, json_pack("[ss]", kinds[k], version));
		}
	}
	return events;
}

static json_t *ranges_of(const json_t *affected)
{
	json_t *ranges = json_array(), *range;
	gsize i;

	json_array_foreach(json_object_get(affected, "ranges"), i, range) {
		const char *type = pv_json_string(range, "type");

		if (type && strcmp(type, "GIT") != 0)
			json_array_append_new(ranges, events_of(range));
	}
	return ranges;
}

static PvOsvAffected *affected_of(const json_t *record, const char *id, const json_t *affected,
				  const char *what, GError **error)
{
	const json_t *package = json_object_get(affected, "package");
	const char *ecosystem = pv_json_string(package, "ecosystem");
	const char *name = pv_json_string(package, "name");
	json_t *versions = json_array(), *aliases = json_array();
	PvOsvAffected *made;

	if (!ecosystem || !name || !*ecosystem || !*name) {
		json_decref(versions);
		json_decref(aliases);
		return pv_fail_null(error, PV_ERROR_SYNTAX,
				    "%s: affected.package needs an ecosystem and a name", what);
	}
	add_texts(aliases, json_object_get(record, "aliases"), FALSE);
	json_array_extend(versions, json_object_get(affected, "versions"));
	made = g_new0(PvOsvAffected, 1);
	made->ecosystem = g_strdup(ecosystem);
	made->name = g_strdup(name);
	made->entry = json_pack("{s:s, s:o, s:o, s:s, s:o, s:o}", "id", id, "ids",
				ids_of(record, id), "aliases", aliases, "severity",
				pv_severity_name(severity_of(record, affected)), "ranges",
				ranges_of(affected), "versions", versions);
	return made;
}

GPtrArray *pv_osv_parse(GBytes *bytes, const char *what, GError **error)
{
	g_autoptr(json_t) record = pv_json_load(bytes, PV_OSV_RECORD_BYTES_MAX, what, error);
	g_autoptr(GPtrArray) all =
		g_ptr_array_new_with_free_func((GDestroyNotify)pv_osv_affected_free);
	const char *id;
	json_t *affected;
	gsize i;

	if (!record)
		return NULL;
	id = pv_json_string(record, "id");
	if (!id || !*id || strlen(id) > PV_OSV_ID_BYTES_MAX)
		return pv_fail_null(error, PV_ERROR_SYNTAX,
				    "%s: an OSV record needs an id of at most %d bytes", what,
				    PV_OSV_ID_BYTES_MAX);
	if (pv_json_string(record, "withdrawn"))
		return g_steal_pointer(&all);
	json_array_foreach(json_object_get(record, "affected"), i, affected) {
		PvOsvAffected *one = NULL;

		if (!json_object_get(affected, "package"))
			continue; /* a record may name only a repository */
		one = affected_of(record, id, affected, what, error);
		if (!one)
			return NULL;
		g_ptr_array_add(all, one);
	}
	return g_steal_pointer(&all);
}

/* --- evaluation --------------------------------------------------------------------------- */

typedef struct {
	const char *kind, *version;
} Event;

static int compare_events(const void *a, const void *b, void *data)
{
	const Event *left = a, *right = b;
	const PvVersionOrder *order = data;
	gboolean left_zero = strcmp(left->version, "0") == 0;
	gboolean right_zero = strcmp(right->version, "0") == 0;

	if (left_zero || right_zero)
		return right_zero - left_zero;
	return order->compare(left->version, right->version);
}

static GArray *sorted_events(const json_t *range, const PvVersionOrder *order)
{
	GArray *events = g_array_new(FALSE, FALSE, sizeof(Event));
	json_t *item;
	gsize i;

	json_array_foreach(range, i, item) {
		Event event = { json_string_value(json_array_get(item, 0)),
				json_string_value(json_array_get(item, 1)) };

		if (event.kind && event.version)
			g_array_append_val(events, event);
	}
	g_array_sort_with_data(events, compare_events, (void *)order);
	return events;
}

static gboolean is_at_least(const char *version, const char *bound, const PvVersionOrder *order)
{
	return strcmp(bound, "0") == 0 || order->compare(version, bound) >= 0;
}

static gboolean is_in_range(const json_t *range, const PvVersionOrder *order, const char *version,
			    const char **ret_fixed)
{
	g_autoptr(GArray) events = sorted_events(range, order);
	gboolean affected = FALSE;
	const char *fixed = NULL;

	for (guint i = 0; i < events->len; i++) {
		const Event *event = &g_array_index(events, Event, i);
		gboolean reached = is_at_least(version, event->version, order);

		if (strcmp(event->kind, "introduced") == 0) {
			affected = reached ? TRUE : affected;
		} else if (strcmp(event->kind, "last_affected") == 0) {
			if (order->compare(version, event->version) > 0)
				affected = FALSE;
		} else if (reached && strcmp(event->version, "*") != 0) { /* fixed, limit */
			affected = FALSE;
		} else if (affected && !fixed && strcmp(event->kind, "fixed") == 0) {
			fixed = event->version;
		}
	}
	if (affected)
		*ret_fixed = fixed;
	return affected;
}

static gboolean is_listed(const json_t *versions, const char *version)
{
	json_t *item;
	gsize i;

	json_array_foreach(versions, i, item) {
		if (g_strcmp0(json_string_value(item), version) == 0)
			return TRUE;
	}
	return FALSE;
}

gboolean pv_osv_is_affected(const json_t *entry, const PvVersionOrder *order, const char *version,
			    const char **ret_fixed)
{
	json_t *range;
	gsize i;

	*ret_fixed = NULL;
	json_array_foreach(json_object_get(entry, "ranges"), i, range) {
		if (is_in_range(range, order, version, ret_fixed))
			return TRUE;
	}
	return is_listed(json_object_get(entry, "versions"), version);
}
