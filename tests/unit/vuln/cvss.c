/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "vuln/cvss.h"

#define V31 "CVSS:3.1/"

static void test_scores(void)
{
	/* FIRST's examples and NVD's published scores */
	static const struct {
		const char *vector;
		double score;
	} rows[] = {
		{ V31 "AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8 },
		{ V31 "AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 10.0 },
		{ V31 "AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1 },
		{ V31 "AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", 6.4 },
		{ V31 "AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H", 7.8 },
		{ V31 "AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", 7.5 },
		{ V31 "AV:N/AC:H/PR:N/UI:N/S:U/C:N/I:L/A:N", 3.7 },
		{ V31 "AV:P/AC:L/PR:N/UI:N/S:U/C:N/I:H/A:N", 4.6 },
		{ V31 "AV:A/AC:H/PR:H/UI:R/S:C/C:L/I:N/A:N", 2.4 },
		{ V31 "AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0 },
		{ V31 "AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:P/RL:O", 9.8 },
		{ V31 "A:H/I:H/C:H/S:U/UI:N/PR:N/AC:L/AV:N", 9.8 },
		{ "CVSS:3.0/AV:L/AC:L/PR:L/UI:N/S:C/C:N/I:H/A:N", 6.5 },
		{ "CVSS:3.0/AV:N/AC:H/PR:N/UI:R/S:U/C:H/I:H/A:H", 7.5 },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		double score = -1;

		g_test_message("%s", rows[i].vector);
		g_assert_true(pv_cvss_score(rows[i].vector, &score));
		g_assert_cmpfloat_with_epsilon(score, rows[i].score, 0.0001);
	}
}

static void test_refused(void)
{
	static const char *const vectors[] = {
		"",
		"9.8",
		"CVSS:3.1",
		"CVSS:3.1/",
		"CVSS:3.1/AV:",
		"CVSS:3.1/AV",
		V31 "AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H",
		V31 "AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:",
		V31 "AV:X/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
		V31 "AV:NN/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
		V31 "AV:N/AC:L/PR:N/UI:N/S:X/C:H/I:H/A:H",
		"AV:N/AC:L/Au:N/C:P/I:P/A:P",
		"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
		"CVSS:2.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
	};
	double score = -1;

	for (gsize i = 0; i < G_N_ELEMENTS(vectors); i++) {
		/* on the heap, where a sanitizer sees a byte too many */
		g_autofree char *vector = g_strdup(vectors[i]);

		g_test_message("%s", vector);
		g_assert_false(pv_cvss_score(vector, &score));
	}
	g_assert_cmpfloat(score, ==, -1);
}

static void test_severities(void)
{
	g_assert_cmpint(pv_cvss_severity(0), ==, PV_SEVERITY_NONE);
	g_assert_cmpint(pv_cvss_severity(0.1), ==, PV_SEVERITY_LOW);
	g_assert_cmpint(pv_cvss_severity(3.9), ==, PV_SEVERITY_LOW);
	g_assert_cmpint(pv_cvss_severity(4.0), ==, PV_SEVERITY_MEDIUM);
	g_assert_cmpint(pv_cvss_severity(6.9), ==, PV_SEVERITY_MEDIUM);
	g_assert_cmpint(pv_cvss_severity(7.0), ==, PV_SEVERITY_HIGH);
	g_assert_cmpint(pv_cvss_severity(8.9), ==, PV_SEVERITY_HIGH);
	g_assert_cmpint(pv_cvss_severity(9.0), ==, PV_SEVERITY_CRITICAL);
	for (int i = PV_SEVERITY_NONE; i < PV_SEVERITY_COUNT; i++)
		g_assert_cmpint(pv_severity_parse(pv_severity_name((PvSeverity)i)), ==, i);
	g_assert_cmpint(pv_severity_parse("MODERATE"), ==, PV_SEVERITY_MEDIUM);
	g_assert_cmpint(pv_severity_parse("Important"), ==, PV_SEVERITY_HIGH);
	g_assert_cmpint(pv_severity_parse("unimportant"), ==, PV_SEVERITY_LOW);
	g_assert_cmpint(pv_severity_parse("not yet assigned"), ==, PV_SEVERITY_UNKNOWN);
	g_assert_cmpint(pv_severity_parse(""), ==, PV_SEVERITY_UNKNOWN);
	g_assert_cmpint(pv_severity_parse(NULL), ==, PV_SEVERITY_UNKNOWN);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/vuln/cvss/scores", test_scores);
	g_test_add_func("/vuln/cvss/refused", test_refused);
	g_test_add_func("/vuln/cvss/severities", test_severities);
	return g_test_run();
}
