/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/limits.h"
#include "vuln/osv.h"

/* All entries, a line each, or the error's sentence. Quotes in @json are written as '. */
static char *parsed(const char *json)
{
	g_autofree char *text = g_strdelimit(g_strdup(json), "'", '"');
	g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));
	g_autoptr(GError) error = NULL;
	g_autofree char *id = NULL;
	g_autoptr(GPtrArray) all = pv_osv_parse(bytes, "x", &id, &error);
	GString *lines = g_string_new(NULL);

	if (!all) {
		g_assert_null(id);
		g_string_append(lines, error->message);
		return g_string_free(lines, FALSE);
	}
	for (guint i = 0; i < all->len; i++) {
		PvOsvAffected *one = all->pdata[i];
		char *entry = json_dumps(one->entry, JSON_COMPACT | JSON_SORT_KEYS);

		g_string_append_printf(lines, "%s %s %s\n", one->ecosystem, one->name, entry);
		free(entry);
	}
	return g_string_free(lines, FALSE);
}

static void check(const char *json, const char *expected)
{
	g_autofree char *text = parsed(json);
	g_autofree char *wanted = g_strdelimit(g_strdup(expected), "'", '"');
	g_autofree char *said = g_strdelimit(g_strdup(text), "'", '"');

	g_assert_cmpstr(said, ==, wanted);
}

static void test_whole(void)
{
	check("{'id':'DSA-1-1','aliases':['GHSA-x','CVE-1-2','GHSA-x'],'upstream':['CVE-1-1','CVE-"
	      "1-2'],"
	      "'related':['CVE-9-9'],'affected':[{'package':{'ecosystem':'Debian:12','name':'a'},"
	      "'ranges':[{'type':'ECOSYSTEM','events':[{'introduced':'0'},{'fixed':'2'}]},"
	      "{'type':'GIT','events':[{'introduced':'0'}]}],'versions':['1','1.1'],"
	      "'ecosystem_specific':{'urgency':'high'}},"
	      "{'package':{'ecosystem':'npm','name':'@b/c'},"
	      "'ranges':[{'type':'SEMVER','events':[{'introduced':'1','last_affected':'2'}]}]}]}",
	      "Debian:12 a "
	      "{'aliases':['GHSA-x','CVE-1-2'],'id':'DSA-1-1','ids':['CVE-1-2','CVE-1-1'],"
	      "'ranges':[[['introduced','0'],['fixed','2']]],'severity':'high','versions':['1','1."
	      "1']}\n"
	      "npm @b/c {'aliases':['GHSA-x','CVE-1-2'],'id':'DSA-1-1','ids':['CVE-1-2','CVE-1-1'],"
	      "'ranges':[[['introduced','1'],['last_affected','2']]],'severity':'unknown',"
	      "'versions':[]}\n");
	check("{'id':'X','affected':[{'ranges':[]}]}", ""); /* a repository, no package */
	check("{'id':'X'}", "");
	check("{'id':'X','affected':null,'aliases':null}", "");
	check("{'id':'X','withdrawn':'2026-01-01T00:00:00Z','affected':[{'package':"
	      "{'ecosystem':'npm','name':'a'}}]}",
	      "");
	check("{'id':'CVE-1','withdrawn':null,'affected':[{'package':{'ecosystem':'npm','name':'a'}"
	      "}]}",
	      "npm a {'aliases':[],'id':'CVE-1','ids':['CVE-1'],'ranges':[],'severity':'unknown',"
	      "'versions':[]}\n");
	check("{'id':'X-1','aliases':['Y-1'],'affected':[{'package':{'ecosystem':'npm','name':'a'}}"
	      "]}",
	      "npm a {'aliases':['Y-1'],'id':'X-1','ids':['X-1'],'ranges':[],'severity':'unknown',"
	      "'versions':[]}\n");
}

#define AFFECTED "'affected':[{'package':{'ecosystem':'npm','name':'a'}"

static void test_severity(void)
{
	static const struct {
		const char *record, *affected, *severity;
	} rows[] = {
		{ "", "", "unknown" },
		{ "'severity':[{'type':'CVSS_V3','score':'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/"
		  "A:H'}],",
		  "", "critical" },
		{ "'severity':[{'type':'CVSS_V4','score':'CVSS:4.0/AV:N'}],"
		  "'database_specific':{'severity':'MODERATE'},",
		  "", "medium" },
		{ "'severity':[{'type':'CVSS_V3','score':'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/"
		  "A:H'}],",
		  ",'ecosystem_specific':{'urgency':'unimportant'}", "low" },
		{ "'severity':[{'type':'CVSS_V3','score':'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/"
		  "A:H'}],",
		  ",'ecosystem_specific':{'urgency':'not yet assigned'},"
		  "'severity':[{'score':'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H'}]",
		  "high" },
		{ "'severity':'high','database_specific':[],", "", "unknown" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *json = g_strdup_printf("{'id':'X',%s" AFFECTED "%s}]}",
							rows[i].record, rows[i].affected);
		g_autofree char *text = parsed(json);
		g_autofree char *wanted = g_strdup_printf("\"severity\":\"%s\"", rows[i].severity);

		g_assert_nonnull(strstr(text, wanted));
	}
}

static void test_refused(void)
{
	check("{'id':'X'", "x: not valid JSON at line 1 column 9: '}' expected near end of file");
	check("[]", "x: id: expected a text that is not empty");
	check("{'id':''}", "x: id: expected a text that is not empty");
	check("{'id':'a\\u0000b'}", "x: not valid JSON at line 1 column 16: \\u0000 is not allowed "
				    "without JSON_ALLOW_NUL "
				    "near ''a\\u0000b''");
	check("{'id':7}", "x: id: expected a text that is not empty");
	check("{'id':'X','withdrawn':true}", "x: withdrawn is not a time");
	check("{'id':'X','aliases':'CVE-1'}", "x: aliases is not a list");
	check("{'id':'X','aliases':[1]}", "x: aliases: expected a text that is not empty");
	check("{'id':'X','upstream':{}}", "x: upstream is not a list");
	check("{'id':'X','affected':{}}", "x: affected is not a list");
	check("{'id':'X','affected':[1]}",
	      "x: affected.package.ecosystem: expected a text that is not empty");
	check("{'id':'X','affected':[{'package':{'ecosystem':'npm'}}]}",
	      "x: affected.package.name: expected a text that is not empty");
	check("{'id':'X'," AFFECTED ",'ranges':1}]}", "x: ranges is not a list");
	check("{'id':'X'," AFFECTED ",'ranges':[{}]}]}", "x: a range without a type");
	check("{'id':'X'," AFFECTED ",'ranges':[{'type':'PEP'}]}]}",
	      "x: a range of type 'PEP', expected ECOSYSTEM, SEMVER or GIT");
	check("{'id':'X'," AFFECTED ",'ranges':[{'type':'SEMVER','events':{}}]}]}",
	      "x: events is not a list");
	check("{'id':'X'," AFFECTED ",'ranges':[{'type':'SEMVER','events':[{'fixd':'1'}]}]}]}",
	      "x: an event that is none of introduced, fixed, last_affected, limit");
	check("{'id':'X'," AFFECTED ",'ranges':[{'type':'SEMVER','events':[{'fixed':1}]}]}]}",
	      "x: fixed: expected a text that is not empty");
	check("{'id':'X'," AFFECTED ",'versions':'1'}]}", "x: versions is not a list");
	check("{'id':'X'," AFFECTED ",'versions':['1',2]}]}",
	      "x: versions: expected a text that is not empty");
}

/* A record with @count times @item in its @before … @after is taken up to @max. */
static void check_count(const char *before, const char *item, const char *after, gsize max)
{
	for (gsize count = max - 1; count <= max + 1; count++) {
		GString *json = g_string_new(before);
		g_autoptr(GError) error = NULL;
		g_autoptr(GBytes) bytes = NULL;
		g_autofree char *id = NULL;
		GPtrArray *all;

		for (gsize i = 0; i < count; i++)
			g_string_append_printf(json, "%s%s", i ? "," : "", item);
		g_string_append(json, after);
		g_strdelimit(json->str, "'", '"');
		bytes = g_string_free_to_bytes(json);
		all = pv_osv_parse(bytes, "x", &id, &error);
		if (count <= max) {
			g_assert_no_error(error);
			g_ptr_array_unref(all);
		} else {
			g_assert_error(error, PV_ERROR, PV_ERROR_LIMIT);
		}
	}
}

static void check_length(const char *before, const char *after, gsize max)
{
	for (gsize length = max - 1; length <= max + 1; length++) {
		g_autofree char *filler = g_strnfill(length, '1');
		g_autofree char *json = g_strconcat(before, filler, after, NULL);
		g_autofree char *text = parsed(json);

		g_assert_cmpint(strstr(text, "at most") != NULL, ==, length > max);
	}
}

static void test_limits(void)
{
	check_count("{'id':'X','aliases':[", "'CVE-1'", "]}", PV_OSV_NAMES_MAX);
	check_count("{'id':'X','upstream':[", "'CVE-1'", "]}", PV_OSV_NAMES_MAX);
	check_count("{'id':'X','affected':[", "{'package':{'ecosystem':'a','name':'b'}}", "]}",
		    PV_OSV_AFFECTED_MAX);
	check_count("{'id':'X'," AFFECTED ",'versions':[", "'1'", "]}]}", PV_OSV_VERSIONS_MAX);
	check_count("{'id':'X'," AFFECTED ",'ranges':[", "{'type':'GIT'}", "]}]}",
		    PV_OSV_EVENTS_MAX);
	check_count("{'id':'X'," AFFECTED ",'ranges':[{'type':'SEMVER','events':[", "{'fixed':'1'}",
		    "]}]}]}", PV_OSV_EVENTS_MAX);
	check_length("{'id':'", "'}", PV_OSV_ID_BYTES_MAX);
	check_length("{'id':'X','aliases':['", "']}", PV_OSV_ID_BYTES_MAX);
	check_length("{'id':'X','affected':[{'package':{'name':'a','ecosystem':'", "'}}]}",
		     PV_ECOSYSTEM_BYTES_MAX);
	check_length("{'id':'X','affected':[{'package':{'ecosystem':'a','name':'", "'}}]}",
		     PV_PACKAGE_FIELD_BYTES_MAX);
	check_length("{'id':'X'," AFFECTED ",'versions':['", "']}]}", PV_VERSION_BYTES_MAX);
	check_length("{'id':'X'," AFFECTED ",'ranges':[{'type':'SEMVER','events':[{'fixed':'",
		     "'}]}]}]}", PV_VERSION_BYTES_MAX);
}

static void test_record_size(void)
{
	for (gsize size = PV_OSV_RECORD_BYTES_MAX - 1; size <= PV_OSV_RECORD_BYTES_MAX + 1;
	     size++) {
		char *text = g_strnfill(size, ' ');
		g_autoptr(GBytes) bytes = g_bytes_new_take(text, size);
		g_autoptr(GError) error = NULL;
		g_autofree char *id = NULL;
		GPtrArray *all;

		memcpy(text, "{\"id\":\"X\"}", 10);
		all = pv_osv_parse(bytes, "x", &id, &error);
		g_assert_cmpint(all != NULL, ==, size <= PV_OSV_RECORD_BYTES_MAX);
		if (all)
			g_ptr_array_unref(all);
		else
			g_assert_error(error, PV_ERROR, PV_ERROR_LIMIT);
	}
}

static void test_evaluation(void)
{
	/* ranges as they are stored, listed versions, the version, the verdict and its fix */
	static const struct {
		const char *ranges, *versions, *version, *verdict;
	} rows[] = {
		{ "[['introduced','0'],['fixed','2']]", "", "1", "2" },
		{ "[['introduced','0'],['fixed','2']]", "", "2", "no" },
		{ "[['introduced','0'],['fixed','2']]", "", "2~rc1", "2" },
		{ "[['introduced','0']]", "", "~", "open" }, /* "0" is below everything */
		{ "[['introduced','0']]", "", "1", "open" },
		{ "[['fixed','2']]", "", "1", "no" },
		{ "", "", "1", "no" },
		{ "[]", "", "1", "no" },
		{ "[['introduced','1'],['last_affected','2']]", "", "0.9", "no" },
		{ "[['introduced','1'],['last_affected','2']]", "", "1", "open" },
		{ "[['introduced','1'],['last_affected','2']]", "", "2", "open" },
		{ "[['introduced','1'],['last_affected','2']]", "", "2.0.1", "no" },
		{ "[['last_affected','1'],['introduced','1']]", "", "1", "open" },
		{ "[['last_affected','1'],['introduced','1']]", "", "1.1", "no" },
		{ "[['fixed','4'],['introduced','3'],['fixed','2'],['introduced','0']]", "", "1",
		  "2" },
		{ "[['fixed','4'],['introduced','3'],['fixed','2'],['introduced','0']]", "", "2.5",
		  "no" },
		{ "[['fixed','4'],['introduced','3'],['fixed','2'],['introduced','0']]", "", "3",
		  "4" },
		{ "[['fixed','4'],['introduced','3'],['fixed','2'],['introduced','0']]", "", "5",
		  "no" },
		{ "[['introduced','0'],['fixed','1']],[['introduced','2'],['fixed','3']]", "", "2",
		  "3" },
		{ "[['introduced','0'],['limit','2']]", "", "1", "open" },
		{ "[['introduced','0'],['limit','2']]", "", "2", "no" },
		{ "[['introduced','0'],['limit','*']]", "", "2", "open" },
		{ "", "'1','1.5'", "1.5", "open" },
		{ "", "'1','1.5'", "1.50", "no" }, /* listed versions are texts */
		{ "[['introduced','3'],['fixed','5']],[['introduced','2'],['fixed','4']]", "'1'",
		  "1", "4" },
		{ "[['introduced','0'],['fixed','1']]", "'2'", "2", "open" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *json = g_strdup_printf("{'ranges':[%s],'versions':[%s]}",
							rows[i].ranges, rows[i].versions);
		g_autoptr(json_t) entry = json_loads(g_strdelimit(json, "'", '"'), 0, NULL);
		const char *fixed = "unset";
		gboolean affected = pv_osv_is_affected(entry, pv_version_order("dpkg"),
						       rows[i].version, &fixed);

		g_test_message("%s: %s", json, rows[i].version);
		g_assert_cmpstr(affected ? fixed ? fixed : "open" : "no", ==, rows[i].verdict);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/vuln/osv/whole", test_whole);
	g_test_add_func("/vuln/osv/severity", test_severity);
	g_test_add_func("/vuln/osv/refused", test_refused);
	g_test_add_func("/vuln/osv/limits", test_limits);
	g_test_add_func("/vuln/osv/record-size", test_record_size);
	g_test_add_func("/vuln/osv/evaluation", test_evaluation);
	return g_test_run();
}
