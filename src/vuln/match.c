/* SPDX-License-Identifier: Apache-2.0 */

/* From packages and advisories to findings (scan.md 7.2). */

#include "vuln/match.h"

#include <string.h>

#include "base/json.h"
#include "base/sorted.h"
#include "vuln/osv.h"

typedef struct {
	const PvInventory *inventory;
	PvDatabase *database;
	PvMatch *match;
	GHashTable *by_key; /* "package index\0id" → PvFinding */
	GHashTable *found;  /* "ecosystem\0name" → json_t: source packages have many binaries */
} Matching;

static void finding_free(void *data)
{
	PvFinding *finding = data;

	g_ptr_array_unref(finding->advisories);
	g_ptr_array_unref(finding->aliases);
	g_free(finding);
}

void pv_match_free(PvMatch *match)
{
	if (!match)
		return;
	g_ptr_array_unref(match->findings);
	g_array_unref(match->unmatched);
	g_string_chunk_free(match->strings);
	g_free(match);
}

/* "12.5" → "12" for @parts 1, "3.19.1" → "3.19" for 2. */
static char *leading_parts(const char *version, guint parts)
{
	const char *end = version;

	for (guint i = 0; i < parts && end; i++)
		end = strchr(i ? end + 1 : end, '.');
	return end ? g_strndup(version, (gsize)(end - version)) : g_strdup(version);
}

static char *release_of(const char *ecosystem, const char *prefix, const char *version, guint parts)
{
	g_autofree char *release = leading_parts(version, parts);

	return *version ? g_strdup_printf("%s:%s%s", ecosystem, prefix, release)
			: g_strdup(ecosystem);
}

char *pv_match_ecosystem(const PvDistro *distro, const char *type, const char **ret_order)
{
	if (strcmp(type, "deb") == 0 && strcmp(distro->id, "debian") == 0) {
		*ret_order = "dpkg";
		return release_of("Debian", "", distro->version_id, 1);
	}
	if (strcmp(type, "apk") == 0 && strcmp(distro->id, "alpine") == 0) {
		*ret_order = "apk";
		/* edge calls itself "3.21_alpha20240923", a release that is not there yet */
		return release_of("Alpine", "v",
				  strchr(distro->version_id, '_') ? "" : distro->version_id, 2);
	}
	if (strcmp(type, "npm") == 0) {
		*ret_order = "semver";
		return g_strdup("npm");
	}
	return NULL;
}

static const char *keep(Matching *matching, const char *text)
{
	return g_string_chunk_insert_const(matching->match->strings, text);
}

static void add_name(Matching *matching, GPtrArray *names, const char *text)
{
	const char *kept = keep(matching, text);

	if (!g_ptr_array_find(names, kept, NULL))
		g_ptr_array_add(names, (void *)kept);
}

static void note_unmatched(Matching *matching, const char *type, const char *ecosystem)
{
	GArray *all = matching->match->unmatched;
	PvUnmatched fresh = { keep(matching, type), keep(matching, ecosystem), 1 };

	for (guint i = 0; i < all->len; i++) {
		PvUnmatched *one = &g_array_index(all, PvUnmatched, i);

		if (one->type == fresh.type) {
			one->packages++;
			return;
		}
	}
	g_array_append_val(all, fresh);
}

static PvFinding *finding_for(Matching *matching, const PvPackage *package, guint index,
			      const char *id)
{
	g_autofree char *key = g_strdup_printf("%u %s", index, id);
	PvFinding *finding = g_hash_table_lookup(matching->by_key, key);

	if (finding)
		return finding;
	finding = g_new0(PvFinding, 1);
	finding->id = keep(matching, id);
	finding->package = package;
	finding->fixed = "";
	finding->advisories = g_ptr_array_new();
	finding->aliases = g_ptr_array_new();
	g_ptr_array_add(matching->match->findings, finding);
	g_hash_table_insert(matching->by_key, g_steal_pointer(&key), finding);
	return finding;
}

static void add_finding(Matching *matching, const PvPackage *package, guint index, const char *id,
			const json_t *entry, const char *fixed, const PvVersionOrder *order)
{
	PvFinding *finding = finding_for(matching, package, index, id);
	PvSeverity severity = pv_severity_parse(pv_json_string(entry, "severity"));
	json_t *alias;
	gsize i;

	add_name(matching, finding->advisories, pv_json_string(entry, "id"));
	json_array_foreach(json_object_get(entry, "aliases"), i, alias) {
		const char *text = json_string_value(alias);

		/* The CVEs of one record are different vulnerabilities, not names of one. */
		if (text && strcmp(text, id) != 0 &&
		    (!g_str_has_prefix(text, "CVE-") || !g_str_has_prefix(id, "CVE-")))
			add_name(matching, finding->aliases, text);
	}
	finding->severity = MAX(finding->severity, severity);
	if (fixed && (!*finding->fixed || order->compare(fixed, finding->fixed) > 0))
		finding->fixed = keep(matching, fixed);
}

/* (transfer none): the entries for a source package; asked once. */
static json_t *entries_for(Matching *matching, const char *ecosystem, const char *name,
			   GError **error)
{
	g_autofree char *key = g_strdup_printf("%s\n%s", ecosystem, name);
	json_t *entries = g_hash_table_lookup(matching->found, key);

	if (entries)
		return entries;
	entries = pv_database_find(matching->database, ecosystem, name, error);
	if (entries)
		g_hash_table_insert(matching->found, g_steal_pointer(&key), entries);
	return entries;
}

static gboolean match_entries(Matching *matching, guint index, const char *ecosystem,
			      const PvVersionOrder *order, GError **error)
{
	const PvPackage *package = &g_array_index(matching->inventory->packages, PvPackage, index);
	json_t *entries = entries_for(matching, ecosystem, package->source_name, error);
	json_t *entry, *id;
	gsize i, k;

	if (!entries)
		return FALSE;
	json_array_foreach(entries, i, entry) {
		const char *fixed;

		if (!pv_osv_is_affected(entry, order, package->source_version, &fixed))
			continue;
		json_array_foreach(json_object_get(entry, "ids"), k, id) {
			add_finding(matching, package, index, json_string_value(id), entry, fixed,
				    order);
		}
	}
	return TRUE;
}

static gboolean match_package(Matching *matching, guint index, GError **error)
{
	const PvPackage *package = &g_array_index(matching->inventory->packages, PvPackage, index);
	const char *order_name = NULL;
	g_autofree char *ecosystem =
		pv_match_ecosystem(&matching->inventory->distro, package->type, &order_name);
	g_autofree char *unscoped = NULL;
	const PvVersionOrder *order;

	if (!ecosystem) {
		note_unmatched(matching, package->type, "");
		return TRUE;
	}
	order = pv_version_order(order_name);
	/* osv-schema: without ":RELEASE" a record is not limited to one. */
	unscoped = g_strndup(ecosystem, strcspn(ecosystem, ":"));
	if (!pv_database_covers(matching->database, ecosystem) &&
	    !pv_database_covers(matching->database, unscoped))
		note_unmatched(matching, package->type, ecosystem);
	if (!match_entries(matching, index, ecosystem, order, error))
		return FALSE;
	return strcmp(unscoped, ecosystem) == 0 ||
	       match_entries(matching, index, unscoped, order, error);
}

static int compare_findings(const void *a, const void *b)
{
	const PvFinding *left = *(const PvFinding *const *)a, *right = *(const PvFinding *const *)b;
	int order;

	if (left->severity != right->severity)
		return left->severity > right->severity ? -1 : 1;
	order = strcmp(left->package->name, right->package->name);
	if (order == 0)
		order = strcmp(left->id, right->id);
	if (order == 0)
		order = strcmp(left->package->purl, right->package->purl);
	return order ? order : strcmp(left->package->path, right->package->path);
}

static int compare_unmatched(const void *a, const void *b)
{
	return strcmp(((const PvUnmatched *)a)->type, ((const PvUnmatched *)b)->type);
}

static void finish(PvMatch *match)
{
	g_array_sort(match->unmatched, compare_unmatched);
	g_ptr_array_sort(match->findings, compare_findings);
	for (guint i = 0; i < match->findings->len; i++) {
		PvFinding *finding = match->findings->pdata[i];

		pv_sort_texts(finding->advisories);
		pv_sort_texts(finding->aliases);
		match->counts[finding->severity]++;
	}
}

PvMatch *pv_match(const PvInventory *inventory, PvDatabase *database, GError **error)
{
	g_autoptr(PvMatch) match = g_new0(PvMatch, 1);
	Matching matching = { inventory, database, match, NULL, NULL };
	gboolean done = TRUE;

	match->strings = g_string_chunk_new(4096);
	match->findings = g_ptr_array_new_with_free_func(finding_free);
	match->unmatched = g_array_new(FALSE, FALSE, sizeof(PvUnmatched));
	matching.by_key = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	matching.found =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)json_decref);
	for (guint i = 0; done && i < inventory->packages->len; i++)
		done = match_package(&matching, i, error);
	g_hash_table_unref(matching.by_key);
	g_hash_table_unref(matching.found);
	if (!done)
		return NULL;
	finish(match);
	return g_steal_pointer(&match);
}
