/* SPDX-License-Identifier: Apache-2.0 */

/*
 * OSV records (ossf/osv-schema 1.7): from JSON to entries of the database, and the evaluation of an
 * entry. A record that is not understood as a whole is refused as a whole: half of it could hide a
 * vulnerability, and who imports is told.
 */

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

/* One record being read. What its entries share is made once: a record may affect thousands. */
typedef struct {
	const json_t *record;
	const char *what, *id;
	json_t *ids, *aliases;
} Reading;

static gboolean is_cve(const char *id)
{
	return g_str_has_prefix(id, "CVE-");
}

/* @ret_list: NULL if the member is missing or null, as some exporters write an empty list. */
static gboolean take_list(const Reading *reading, const json_t *object, const char *member,
			  gsize max, const json_t **ret_list, GError **error)
{
	const json_t *list = json_object_get(object, member);

	if (json_is_null(list))
		list = NULL;
	if (list && !json_is_array(list))
		return pv_fail(error, PV_ERROR_SYNTAX, "%s: %s is not a list", reading->what,
			       member);
	if (json_array_size(list) > max)
		return pv_fail(error, PV_ERROR_LIMIT, "%s: %zu %s, at most %zu allowed",
			       reading->what, json_array_size(list), member, max);
	*ret_list = list;
	return TRUE;
}

/* A text of 1 to @max bytes, or an error that names @member. */
static const char *take_text(const Reading *reading, const json_t *value, const char *member,
			     gsize max, GError **error)
{
	const char *text = json_string_value(value);

	/* A NUL inside would make two different names one. */
	if (!text || !*text || strlen(text) != json_string_length(value))
		return pv_fail_null(error, PV_ERROR_SYNTAX,
				    "%s: %s: expected a text that is not empty", reading->what,
				    member);
	if (json_string_length(value) > max)
		return pv_fail_null(error, PV_ERROR_LIMIT,
				    "%s: %s of %zu bytes, at most %zu allowed", reading->what,
				    member, json_string_length(value), max);
	return text;
}

static void add_once(json_t *list, GHashTable *seen, const char *text)
{
	if (g_hash_table_add(seen, (void *)text))
		json_array_append_new(list, json_string(text));
}

static gboolean add_names(const Reading *reading, const char *member, GHashTable *cves,
			  GHashTable *others, GError **error)
{
	const json_t *list, *item;
	gsize i;

	if (!take_list(reading, reading->record, member, PV_OSV_NAMES_MAX, &list, error))
		return FALSE;
	json_array_foreach(list, i, item) {
		const char *name = take_text(reading, item, member, PV_OSV_ID_BYTES_MAX, error);

		if (!name)
			return FALSE;
		if (is_cve(name))
			add_once(reading->ids, cves, name);
		if (others)
			add_once(reading->aliases, others, name);
	}
	return TRUE;
}

/* The vulnerabilities that a record is about, and its other names. */
static gboolean read_names(const Reading *reading, GError **error)
{
	g_autoptr(GHashTable) cves = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GHashTable) others = g_hash_table_new(g_str_hash, g_str_equal);

	if (is_cve(reading->id))
		add_once(reading->ids, cves, reading->id);
	if (!add_names(reading, "aliases", cves, others, error) ||
	    !add_names(reading, "upstream", cves, NULL, error))
		return FALSE;
	if (json_array_size(reading->ids) == 0)
		add_once(reading->ids, cves, reading->id);
	return TRUE;
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

/* One event: ["fixed","1.2"]. One that is not understood could hide a fix or a vulnerability. */
static gboolean read_event(const Reading *reading, const json_t *event, json_t *events,
			   GError **error)
{
	static const char *const kinds[] = { "introduced", "fixed", "last_affected", "limit" };
	gsize before = json_array_size(events);

	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
		const json_t *value = json_object_get(event, kinds[i]);
		const char *version;

		if (!value)
			continue;
		version = take_text(reading, value, kinds[i], PV_VERSION_BYTES_MAX, error);
		if (!version)
			return FALSE;
		json_array_append_new(events, json_pack("[ss]", kinds[i], version));
	}
	if (json_array_size(events) == before)
		return pv_fail(error, PV_ERROR_SYNTAX,
			       "%s: an event that is none of introduced, fixed, last_affected, "
			       "limit",
			       reading->what);
	return TRUE;
}

/* Appends the range's events to @ranges; a GIT range has no order and is left out. */
static gboolean read_range(const Reading *reading, const json_t *range, json_t *ranges,
			   GError **error)
{
	const char *type = pv_json_string(range, "type");
	g_autoptr(json_t) events = json_array();
	const json_t *list, *event;
	gsize i;

	if (!type)
		return pv_fail(error, PV_ERROR_SYNTAX, "%s: a range without a type", reading->what);
	if (strcmp(type, "GIT") == 0)
		return TRUE;
	if (strcmp(type, "ECOSYSTEM") != 0 && strcmp(type, "SEMVER") != 0)
		return pv_fail(error, PV_ERROR_UNSUPPORTED,
			       "%s: a range of type \"%.32s\", expected ECOSYSTEM, SEMVER or GIT",
			       reading->what, type);
	if (!take_list(reading, range, "events", PV_OSV_EVENTS_MAX, &list, error))
		return FALSE;
	json_array_foreach(list, i, event) {
		if (!read_event(reading, event, events, error))
			return FALSE;
	}
	json_array_append(ranges, events);
	return TRUE;
}

static json_t *read_ranges(const Reading *reading, const json_t *affected, GError **error)
{
	g_autoptr(json_t) ranges = json_array();
	const json_t *list, *range;
	gsize i;

	if (!take_list(reading, affected, "ranges", PV_OSV_EVENTS_MAX, &list, error))
		return NULL;
	json_array_foreach(list, i, range) {
		if (!read_range(reading, range, ranges, error))
			return NULL;
	}
	return g_steal_pointer(&ranges);
}

static json_t *read_versions(const Reading *reading, const json_t *affected, GError **error)
{
	g_autoptr(json_t) versions = json_array();
	const json_t *list;
	json_t *version;
	gsize i;

	if (!take_list(reading, affected, "versions", PV_OSV_VERSIONS_MAX, &list, error))
		return NULL;
	json_array_foreach(list, i, version) {
		if (!take_text(reading, version, "versions", PV_VERSION_BYTES_MAX, error))
			return NULL;
		json_array_append(versions, version);
	}
	return g_steal_pointer(&versions);
}

static PvOsvAffected *read_affected(const Reading *reading, const json_t *affected, GError **error)
{
	const json_t *package = json_object_get(affected, "package");
	const char *ecosystem =
		take_text(reading, json_object_get(package, "ecosystem"),
			  "affected.package.ecosystem", PV_ECOSYSTEM_BYTES_MAX, error);
	const char *name;
	g_autoptr(json_t) ranges = NULL;
	g_autoptr(json_t) versions = NULL;
	PvOsvAffected *made;

	if (!ecosystem)
		return NULL;
	name = take_text(reading, json_object_get(package, "name"), "affected.package.name",
			 PV_PACKAGE_FIELD_BYTES_MAX, error);
	if (!name)
		return NULL;
	ranges = read_ranges(reading, affected, error);
	if (!ranges)
		return NULL;
	versions = read_versions(reading, affected, error);
	if (!versions)
		return NULL;
	made = g_new0(PvOsvAffected, 1);
	made->ecosystem = g_strdup(ecosystem);
	made->name = g_strdup(name);
	made->entry = json_pack("{s:s, s:O, s:O, s:s, s:O, s:O}", "id", reading->id, "ids",
				reading->ids, "aliases", reading->aliases, "severity",
				pv_severity_name(severity_of(reading->record, affected)), "ranges",
				ranges, "versions", versions);
	return made;
}

static GPtrArray *read_all(const Reading *reading, GError **error)
{
	g_autoptr(GPtrArray) all =
		g_ptr_array_new_with_free_func((GDestroyNotify)pv_osv_affected_free);
	const json_t *list, *affected;
	gsize i;

	if (!read_names(reading, error) ||
	    !take_list(reading, reading->record, "affected", PV_OSV_AFFECTED_MAX, &list, error))
		return NULL;
	json_array_foreach(list, i, affected) {
		PvOsvAffected *one;

		if (json_is_object(affected) && !json_object_get(affected, "package"))
			continue; /* a record may name only a repository */
		one = read_affected(reading, affected, error);
		if (!one)
			return NULL;
		g_ptr_array_add(all, one);
	}
	return g_steal_pointer(&all);
}

GPtrArray *pv_osv_parse(GBytes *bytes, const char *what, char **ret_id, GError **error)
{
	g_autoptr(json_t) record = pv_json_load(bytes, PV_OSV_RECORD_BYTES_MAX, what, error);
	g_autoptr(json_t) ids = json_array();
	g_autoptr(json_t) aliases = json_array();
	Reading reading = { record, what, NULL, ids, aliases };
	const json_t *withdrawn;
	GPtrArray *all;

	if (!record)
		return NULL;
	reading.id = take_text(&reading, json_object_get(record, "id"), "id", PV_OSV_ID_BYTES_MAX,
			       error);
	if (!reading.id)
		return NULL;
	withdrawn = json_object_get(record, "withdrawn");
	if (withdrawn && !json_is_null(withdrawn) && !json_is_string(withdrawn))
		return pv_fail_null(error, PV_ERROR_SYNTAX, "%s: withdrawn is not a time", what);
	if (json_is_string(withdrawn))
		all = g_ptr_array_new_with_free_func((GDestroyNotify)pv_osv_affected_free);
	else
		all = read_all(&reading, error);
	if (all)
		*ret_id = g_strdup(reading.id);
	return all;
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
	int result = left_zero || right_zero ? right_zero - left_zero
					     : order->compare(left->version, right->version);

	/* "introduced 1, last affected 1" is one version, whichever is listed first. */
	if (result == 0)
		result = (strcmp(left->kind, "last_affected") == 0) -
			 (strcmp(right->kind, "last_affected") == 0);
	return result;
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

/* The lowest fixed version above @version in any range, for one that is only listed. */
static const char *fixed_above(const json_t *ranges, const PvVersionOrder *order,
			       const char *version)
{
	const char *fixed = NULL;
	json_t *range, *event;
	gsize i, k;

	json_array_foreach(ranges, i, range) {
		json_array_foreach(range, k, event) {
			const char *kind = json_string_value(json_array_get(event, 0));
			const char *bound = json_string_value(json_array_get(event, 1));

			if (g_strcmp0(kind, "fixed") == 0 && bound &&
			    order->compare(bound, version) > 0 &&
			    (!fixed || order->compare(bound, fixed) < 0))
				fixed = bound;
		}
	}
	return fixed;
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
	if (!is_listed(json_object_get(entry, "versions"), version))
		return FALSE;
	*ret_fixed = fixed_above(json_object_get(entry, "ranges"), order, version);
	return TRUE;
}
