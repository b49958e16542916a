/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/limits.h"
#include "vuln/versions.h"

typedef struct {
	const char *a, *b;
	int sign;
} Pair;

static int sign(int value)
{
	return (value > 0) - (value < 0);
}

static void check_pairs(const char *name, const Pair *pairs, gsize count)
{
	const PvVersionOrder *order = pv_version_order(name);

	for (gsize i = 0; i < count; i++) {
		const Pair *pair = &pairs[i];

		g_test_message("%s: %s %s", name, pair->a, pair->b);
		g_assert_cmpint(sign(order->compare(pair->a, pair->b)), ==, pair->sign);
		g_assert_cmpint(sign(order->compare(pair->b, pair->a)), ==, -pair->sign);
		g_assert_cmpint(order->compare(pair->a, pair->a), ==, 0);
	}
}

/* Each is below the next, so below all that follow. */
static void check_chain(const char *name, const char *const *chain, gsize count)
{
	const PvVersionOrder *order = pv_version_order(name);

	for (gsize i = 0; i < count; i++) {
		g_test_message("%s", chain[i]);
		g_assert_true(order->is_valid(chain[i]));
		for (gsize k = 0; k < count; k++)
			g_assert_cmpint(sign(order->compare(chain[i], chain[k])), ==,
					(i > k) - (i < k));
	}
}

static void check_validity(const char *name, const char *const *versions, gsize count,
			   gboolean valid)
{
	for (gsize i = 0; i < count; i++) {
		g_test_message("%s: \"%s\"", name, versions[i]);
		g_assert_cmpint(pv_version_order(name)->is_valid(versions[i]), ==, valid);
	}
}

static void test_dpkg(void)
{
	static const char *const chain[] = {
		"0~~",        "0~",       "0",
		"0+b1",       "1.0~~",    "1.0~~a",
		"1.0~",       "1.0~rc1",  "1.0~rc1-1",
		"1.0",        "1.0-0+b1", "1.0-1~bpo1",
		"1.0-1",      "1.0-1+b1", "1.0-1+deb12u1",
		"1.0-1.1",    "1.0a",     "1.0+dfsg",
		"1.0+dfsg-1", "1.0.1",    "1.2",
		"1.9",        "1.10",     "1.10000000000000000000000",
		"2",          "2a",       "2z",
		"2+",         "2.0-1-1",  "1:0~",
		"1:0.1",      "2:0",
	};
	static const Pair pairs[] = {
		{ "1.0", "1.0-0", 0 },
		{ "0:1.0", "1.0", 0 },
		{ "00:1", "1", 0 },
		{ "1.01", "1.1", 0 },
		{ "1.0", "1.00", 0 },
		{ "1.0-", "1.0", 0 },
		{ "a", "1", 1 },
		{ "1:", "1:0", 0 },
		{ "", "", 0 },
		{ "1-2-3", "1-2-4", -1 },
		{ "99999999999999999999", "100000000000000000000", -1 },
	};
	static const char *const valid[] = {
		"1", "1.0-1", "2147483647:1", "1:1:1-1", "1-1-1", "0"
	};
	static const char *const invalid[] = { "",     ":",  ":1",           "a:1",  "1:",
					       "1-",   "a",  "2147483648:1", "1_0",  "1.0-1_0",
					       "1.0 ", "é1", "-1:1",         "1:-1", "1.0-1:1a/" };

	check_chain("dpkg", chain, G_N_ELEMENTS(chain));
	check_pairs("dpkg", pairs, G_N_ELEMENTS(pairs));
	check_validity("dpkg", valid, G_N_ELEMENTS(valid), TRUE);
	check_validity("dpkg", invalid, G_N_ELEMENTS(invalid), FALSE);
}

static void test_apk(void)
{
	static const char *const chain[] = {
		"0.1_alpha", "0.1_alpha1", "0.1_alpha2", "0.1_beta",     "0.1_pre",
		"0.1_rc",    "0.1_rc1-r1", "0.1",        "0.1-r1",       "0.1-r2",
		"0.1-r10",   "0.1_cvs",    "0.1_svn",    "0.1_git",      "0.1_git20230101",
		"0.1_hg",    "0.1_p",      "0.1_p1",     "0.1_p1-r1",    "0.1a",
		"0.1a-r1",   "0.1b",       "0.1.0",      "0.1.01",       "0.1.1",
		"0.1.2",     "0.1.10",     "0.2",        "1.0_alpha_p1", "1.0",
		"2.0",       "10.0",
	};
	static const Pair pairs[] = {
		{ "1.0", "1.0", 0 },
		{ "01.0", "1.0", 0 },
		{ "1.2.3~abc", "1.2.3~abd", -1 },
		{ "1.0", "1.0~a1", -1 },
		{ "3.0.12-r4", "3.0.12-r5", -1 },
		{ "1.1.1q-r0", "1.1.1u-r0", -1 },
		{ "1.0_rc1", "1.0_rc", 1 },
		{ "1.05", "1.1", -1 },
		{ "1.0-r0", "1.0", 1 },
	};
	static const char *const valid[] = { "1",           "1.2.3",  "1.0a",        "1.0_rc1",
					     "1.0_p1_git2", "1.0-r0", "1.0~0a1f-r1", "2024a-r0" };
	static const char *const invalid[] = {
		"",        "a",    ".1",    "1.",        "1.0ab", "1.0_x",  "1.0-1",   "1.0-r",
		"1.0-rc1", "1.0~", "1.0~g", "1.0-r1-r2", "1 ",    "1.0a.1", "1.0_rc.1"
	};

	check_chain("apk", chain, G_N_ELEMENTS(chain));
	check_pairs("apk", pairs, G_N_ELEMENTS(pairs));
	check_validity("apk", valid, G_N_ELEMENTS(valid), TRUE);
	check_validity("apk", invalid, G_N_ELEMENTS(invalid), FALSE);
}

static void test_semver(void)
{
	/* semver.org, section 11, and what lies around it */
	static const char *const chain[] = {
		"0.0.0-0",
		"0.0.0",
		"0.0.1",
		"1.0.0-0",
		"1.0.0-2",
		"1.0.0-10",
		"1.0.0--",
		"1.0.0-alpha",
		"1.0.0-alpha.1",
		"1.0.0-alpha.beta",
		"1.0.0-beta",
		"1.0.0-beta.2",
		"1.0.0-beta.11",
		"1.0.0-rc.1",
		"1.0.0",
		"1.0.1",
		"1.2.0",
		"1.10.0",
		"2.0.0",
		"10.0.0",
		"99999999999999999999999.0.0",
	};
	static const Pair pairs[] = {
		{ "1.0.0+a", "1.0.0+b", 0 },
		{ "v1.2.3", "1.2.3", 0 },
		{ "1.2", "1.2.0", 0 },
		{ "1.0.0-a+x", "1.0.0-a", 0 },
		{ "1.0.0-A", "1.0.0-a", -1 },
		{ "1", "1.0.0-rc", 1 },
		{ "1.0.0-a.b", "1.0.0-a-b", -1 },
		{ "", "0.0.0", 0 },
	};
	static const char *const valid[] = { "1.2.3",       "1.2.3-a.1",
					     "1.2.3+001",   "1.0.0-0A.is.legal",
					     "1.0.0-x-y.7", "1.0.0+x-y",
					     "v1.2.3" };
	static const char *const invalid[] = { "",        "1",      "1.2",      "1.2.3.4",
					       "01.2.3",  "1.2.3-", "1.2.3-01", "1.2.3-a..b",
					       "1.2.3-é", "1.2.x",  "-1.2.3",   "1.2.3 4" };

	check_chain("semver", chain, G_N_ELEMENTS(chain));
	check_pairs("semver", pairs, G_N_ELEMENTS(pairs));
	check_validity("semver", valid, G_N_ELEMENTS(valid), TRUE);
	check_validity("semver", invalid, G_N_ELEMENTS(invalid), FALSE);
}

/* What sorting needs: of any three, whatever they are. */
static void test_total(void)
{
	static const char *const odd[] = { "",      "~",     "-",     ":",    "1",     "1-",
					   "a",     "1.0a.", "_",     "1_rc", "1_",    "1.",
					   "v",     "+",     "1+",    "1-a",  "1.0-r", "00",
					   "0",     "é",     "1:2:3", "1~",   "-1",    "1.0.0-rc",
					   "1.0ab", "1-r1" };

	for (gsize o = 0; o < pv_version_orders_count; o++) {
		const PvVersionOrder *order = pv_version_orders[o];

		g_assert_true(pv_version_order(order->name) == order);
		for (gsize i = 0; i < G_N_ELEMENTS(odd); i++) {
			for (gsize k = 0; k < G_N_ELEMENTS(odd); k++) {
				int one = sign(order->compare(odd[i], odd[k]));

				g_test_message("%s %s %s", order->name, odd[i], odd[k]);
				g_assert_cmpint(one, ==, -sign(order->compare(odd[k], odd[i])));
				for (gsize m = 0; m < G_N_ELEMENTS(odd); m++) {
					if (one <= 0 && order->compare(odd[k], odd[m]) <= 0)
						g_assert_cmpint(order->compare(odd[i], odd[m]), <=,
								0);
				}
			}
		}
	}
	g_assert_null(pv_version_order("rpm"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/vuln/versions/dpkg", test_dpkg);
	g_test_add_func("/vuln/versions/apk", test_apk);
	g_test_add_func("/vuln/versions/semver", test_semver);
	g_test_add_func("/vuln/versions/total", test_total);
	return g_test_run();
}
