/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policy.h"

#include <linux/capability.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"

#define KEY "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static PvPolicy *parse(const char *text, GError **error)
{
	g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));

	return pv_policy_parse(bytes, "p.yaml", error);
}

static const char full[] = "version: 1\n"
			   "images:\n"
			   "  - match: \"registry.example/shop/*\"\n"
			   "    signers: [targets, targets/qa]\n"
			   "    pin: " KEY "\n"
			   "    max-severity: high\n"
			   "    unfixed: allow\n"
			   "    profile: shop\n"
			   "  - match: oci:/srv/**\n"
			   "    trust: none\n"
			   "profiles:\n"
			   "  shop:\n"
			   "    capabilities: [NET_BIND_SERVICE, CAP_CHOWN]\n"
			   "    mounts: [/srv/shop, /data/]\n"
			   "    network: host\n"
			   "    read-only: true\n"
			   "    user: app\n";

static void test_full(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(PvPolicy) policy = parse(full, &error);
	const PvPolicyRule *rule;
	const PvProfile *profile;

	g_assert_no_error(error);
	g_assert_cmpuint(pv_policy_rule_count(policy), ==, 2);
	rule = pv_policy_find(policy, "registry.example/shop/cart");
	g_assert_cmpuint(rule->line, ==, 3);
	g_assert_true(rule->requires_trust);
	g_assert_cmpstr(rule->signers[1], ==, "targets/qa");
	g_assert_cmpstr(rule->pin, ==, KEY);
	g_assert_true(rule->has_maximum);
	g_assert_cmpint(rule->maximum, ==, PV_SEVERITY_HIGH);
	g_assert_true(rule->allows_unfixed);
	profile = pv_policy_profile(policy, rule->profile);
	g_assert_cmpuint(profile->capabilities, ==, 1u << CAP_NET_BIND_SERVICE | 1u << CAP_CHOWN);
	g_assert_true(profile->host_network);
	g_assert_true(profile->read_only);
	g_assert_cmpstr(profile->user, ==, "app");
	g_assert_true(pv_profile_allows_mount(profile, "/srv/shop/x"));
	g_assert_true(pv_profile_allows_mount(profile, "/data"));
	g_assert_false(pv_profile_allows_mount(profile, "/srv/shopping"));
	g_assert_false(pv_profile_allows_mount(profile, "/"));

	rule = pv_policy_find(policy, "oci:/srv/images/a");
	g_assert_cmpuint(rule->line, ==, 9);
	g_assert_false(rule->requires_trust);
	g_assert_cmpstr(rule->profile, ==, "default");
	/* A policy's built-in profiles mount nothing. */
	g_assert_false(pv_profile_allows_mount(pv_policy_profile(policy, "default"), "/srv/shop"));
	g_assert_null(pv_policy_find(policy, "registry.example/shop/a/b"));
}

static void test_errors(void)
{
	static const struct {
		const char *text, *message;
		PvErrorCode code;
	} cases[] = {
		{ "", "p.yaml:1:1: expected a policy, found the end", PV_ERROR_SYNTAX },
		{ "images: []\n", "p.yaml:1:1: the policy has no 'version: 1'", PV_ERROR_SYNTAX },
		{ "version: 2\n", "p.yaml:1:10: version: '2', expected one of 1", PV_ERROR_SYNTAX },
		{ "[]\n", "p.yaml:1:1: expected a mapping with 'version: 1', found a list",
		  PV_ERROR_SYNTAX },
		{ "version: 1\nimage: []\n", "p.yaml:2:1: unknown key 'image' in the policy",
		  PV_ERROR_SYNTAX },
		{ "version: 1\nversion: 1\n", "p.yaml:2:1: 'version' twice in the policy",
		  PV_ERROR_SYNTAX },
		{ "version: 1\nimages:\n  - matches: a\n",
		  "p.yaml:3:5: unknown key 'matches' in a rule", PV_ERROR_SYNTAX },
		{ "version: 1\nimages:\n  - profile: strict\n",
		  "p.yaml:3:1: the rule has no 'match'", PV_ERROR_SYNTAX },
		{ "version: 1\nimages:\n  - match: [a]\n",
		  "p.yaml:3:12: expected a value for 'match', found a list", PV_ERROR_SYNTAX },
		{ "version: 1\nimages:\n  - match:\n", "p.yaml:3:11: 'match' has no value",
		  PV_ERROR_SYNTAX },
		{ "version: 1\nimages:\n  - a\n", "p.yaml:3:5: expected a rule, found a value",
		  PV_ERROR_SYNTAX },
		{ "version: 1\nimages: {}\n",
		  "p.yaml:2:9: expected a list of rules, found a mapping", PV_ERROR_SYNTAX },
		{ "version: 1\nimages:\n  - match: a\n    trust: maybe\n",
		  "p.yaml:4:12: trust: 'maybe', expected one of none, required", PV_ERROR_SYNTAX },
		{ "version: 1\nimages:\n  - match: a\n    trust: none\n    signers: [targets]\n",
		  "p.yaml:3:1: the rule has 'trust: none', so 'signers', 'pin' and 'hardware' "
		  "would not count",
		  PV_ERROR_SYNTAX },
		{ "version: 1\nimages:\n  - match: a\n    signers: [root]\n",
		  "p.yaml:4:15: signers: 'root', expected a role: targets or targets/NAME",
		  PV_ERROR_SYNTAX },
		{ "version: 1\nimages:\n  - match: a\n    signers: [[targets]]\n",
		  "p.yaml:4:15: 'signers' has a list, expected values", PV_ERROR_SYNTAX },
		{ "version: 1\nimages:\n  - match: a\n    pin: 0123\n",
		  "p.yaml:4:10: pin: expected the 64 lower-case hexadecimal digits of a root "
		  "key's id",
		  PV_ERROR_SYNTAX },
		{ "version: 1\nimages:\n  - match: a\n    max-severity: grave\n",
		  "p.yaml:4:19: max-severity: 'grave', expected one of none, low, medium, high, "
		  "critical",
		  PV_ERROR_SYNTAX },
		{ "version: 1\nimages:\n  - match: a\n    profile: other\n",
		  "p.yaml:3:1: the rule names the profile 'other', which there is not",
		  PV_ERROR_SYNTAX },
		{ "version: 1\nprofiles: {strict: {}}\n",
		  "p.yaml:2:12: profile 'strict' is built in; choose another name",
		  PV_ERROR_SYNTAX },
		{ "version: 1\nprofiles: {a: {}, a: {}}\n", "p.yaml:2:19: profile 'a' twice",
		  PV_ERROR_SYNTAX },
		{ "version: 1\nprofiles: {a: 1}\n",
		  "p.yaml:2:15: expected a mapping for the profile, found a value",
		  PV_ERROR_SYNTAX },
		{ "version: 1\nprofiles: {[a]: 1}\n",
		  "p.yaml:2:12: expected a profile's name, found a list", PV_ERROR_SYNTAX },
		{ "version: 1\nprofiles: {a: {capabilities: [FLY]}}\n",
		  "p.yaml:2:31: unknown capability 'FLY'", PV_ERROR_SYNTAX },
		{ "version: 1\nprofiles: {a: {mounts: [etc]}}\n",
		  "p.yaml:2:25: mounts: 'etc', expected an absolute path without '.' and '..'",
		  PV_ERROR_SYNTAX },
		{ "version: 1\nprofiles: {a: {mounts: [/a/../etc]}}\n",
		  "p.yaml:2:25: mounts: '/a/../etc', expected an absolute path without '.' and "
		  "'..'",
		  PV_ERROR_SYNTAX },
		{ "version: 1\nprofiles: {a: {read-only: yes}}\n",
		  "p.yaml:2:27: read-only: 'yes', expected one of false, true", PV_ERROR_SYNTAX },
		{ "version: &a 1\n",
		  "p.yaml:1:10: anchors, aliases and tags are not allowed in a "
		  "policy",
		  PV_ERROR_SYNTAX },
		{ "version: !!int 1\n",
		  "p.yaml:1:10: anchors, aliases and tags are not allowed in "
		  "a policy",
		  PV_ERROR_SYNTAX },
		{ "version: 1\n---\nversion: 1\n",
		  "p.yaml:2:1: expected one document, found another", PV_ERROR_SYNTAX },
		{ "version: \"1\\0\"\n", "p.yaml:1:10: a NUL character", PV_ERROR_SYNTAX },
		{ "version: [\n", "p.yaml:1:10: expected a value for 'version', found a list",
		  PV_ERROR_SYNTAX },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(parse(cases[i].text, &error));
		g_assert_error(error, PV_ERROR, (int)cases[i].code);
		g_assert_cmpstr(error->message, ==, cases[i].message);
	}
}

/* Not YAML at all: the place is still said. */
static void test_not_yaml(void)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(parse("version: 1\nimages: ]\n", &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_SYNTAX);
	g_assert_true(g_str_has_prefix(error->message, "p.yaml:2:9: not YAML: "));
}

static GString *many(const char *begin, const char *each, guint count, const char *end)
{
	GString *text = g_string_new(begin);

	for (guint i = 0; i < count; i++)
		g_string_append_printf(text, "%s", each);
	g_string_append(text, end);
	return text;
}

static void expect_limit(GString *text, gboolean accepted)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(PvPolicy) policy = parse(text->str, &error);

	if (accepted)
		g_assert_no_error(error);
	else
		g_assert_error(error, PV_ERROR, PV_ERROR_LIMIT);
	g_string_free(text, TRUE);
}

static void test_limits(void)
{
	for (int i = -1; i <= 1; i++) {
		guint over = (guint)(i + 1);

		expect_limit(many("version: 1\nimages:\n", "- match: a\n",
				  PV_POLICY_RULES_MAX - 1 + over, ""),
			     i <= 0);
		expect_limit(many("version: 1\nprofiles: {a: {mounts: [", "/a,",
				  PV_POLICY_ITEMS_MAX - 1 + over, "]}}\n"),
			     i <= 0);
		expect_limit(many("version: 1\nimages:\n- match: ", "a",
				  PV_POLICY_VALUE_BYTES_MAX - 1 + over, "\n"),
			     i <= 0);
		expect_limit(many("version: 1\n#", "x", (guint)PV_POLICY_BYTES_MAX - 14 + over,
				  "\n"),
			     i <= 0);
	}
}

static void test_glob(void)
{
	static const struct {
		const char *pattern, *text;
		gboolean matches;
	} cases[] = {
		{ "*", "a/b/c", TRUE },
		{ "**", "a/b/c", TRUE },
		{ "a/*", "a/b", TRUE },
		{ "a/*", "a/b/c", FALSE },
		{ "a/**", "a/b/c", TRUE },
		{ "a/**/c", "a/b/b/c", TRUE },
		{ "a/?", "a/b", TRUE },
		{ "a?b", "a/b", FALSE },
		{ "a/*", "a/", TRUE },
		{ "", "", TRUE },
		{ "", "a", FALSE },
		{ "a", "", FALSE },
		{ "*b*", "abc", TRUE },
		{ "*.example/*", "x.example/y", TRUE },
		{ "*.example/*", "example/y", FALSE },
		{ "a*", "ba", FALSE },
		{ "docker.io/library/debian", "docker.io/library/debian", TRUE },
		{ "docker.io/library/debian", "docker.io/library/debian2", FALSE },
	};
	g_autofree char *pattern = g_strnfill(2000, '*');
	g_autofree char *text = g_strnfill(2000, 'a');

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
		g_assert_cmpint(pv_glob_matches(cases[i].pattern, cases[i].text), ==,
				cases[i].matches);
	pattern[1999] = 'b';
	g_assert_false(pv_glob_matches(pattern, text));
}

static const PvPolicyReason *reason(const PvVerdict *verdict, guint index)
{
	g_assert_cmpuint(index, <, verdict->reasons->len);
	return g_ptr_array_index(verdict->reasons, index);
}

static void test_decide(void)
{
	g_autoptr(PvPolicy) policy = parse(full, NULL);
	const char *const both[] = { "targets", "targets/qa", NULL };
	const char *const one[] = { "targets", NULL };
	PvPolicyFacts facts = { .is_signed = TRUE, .roles = both, .is_scanned = TRUE };
	g_autoptr(PvVerdict) good = NULL, role = NULL, bad = NULL, none = NULL, local = NULL;
	g_autoptr(PvVerdict) unscanned = NULL;

	facts.fixed[PV_SEVERITY_HIGH] = 3;
	facts.unfixed[PV_SEVERITY_CRITICAL] = 2; /* allowed: nobody can fix them */
	good = pv_policy_decide(policy, "registry.example/shop/cart", &facts);
	g_assert_true(good->is_admitted);
	g_assert_cmpuint(good->line, ==, 3);
	g_assert_cmpstr(good->rule, ==, "registry.example/shop/*");

	facts.roles = one;
	facts.fixed[PV_SEVERITY_CRITICAL] = 1;
	role = pv_policy_decide(policy, "registry.example/shop/cart", &facts);
	g_assert_false(role->is_admitted);
	g_assert_cmpuint(role->reasons->len, ==, 2);
	g_assert_cmpstr(reason(role, 0)->code, ==, "signer-missing");
	g_assert_cmpstr(reason(role, 0)->text, ==, "the role targets/qa has not signed the image");
	g_assert_cmpstr(reason(role, 1)->code, ==, "severity");
	g_assert_cmpstr(reason(role, 1)->text, ==,
			"1 finding of severity critical, the highest allowed is high");

	facts.is_signed = FALSE;
	facts.is_scanned = FALSE;
	bad = pv_policy_decide(policy, "registry.example/shop/cart", &facts);
	g_assert_cmpstr(reason(bad, 0)->code, ==, "not-signed");
	/* What nobody vouches for is not scanned either, and only the first is said. */
	g_assert_cmpuint(bad->reasons->len, ==, 1);
	facts.is_signed = TRUE;
	facts.roles = both;
	unscanned = pv_policy_decide(policy, "registry.example/shop/cart", &facts);
	g_assert_cmpuint(unscanned->reasons->len, ==, 1);
	g_assert_cmpstr(reason(unscanned, 0)->code, ==, "not-scanned");
	facts.is_signed = FALSE;

	none = pv_policy_decide(policy, "other.example/x", &facts);
	g_assert_false(none->is_admitted);
	g_assert_null(none->rule);
	g_assert_cmpstr(reason(none, 0)->text, ==, "no rule of p.yaml is for other.example/x");

	local = pv_policy_decide(policy, "oci:/srv/a/b", &facts);
	g_assert_true(local->is_admitted);
}

static void test_default(void)
{
	g_autoptr(PvPolicy) strict = pv_policy_default(FALSE), lax = pv_policy_default(TRUE);
	const char *const roles[] = { "targets", NULL };
	PvPolicyFacts facts = { 0 };
	g_autoptr(PvVerdict) refused = pv_policy_decide(strict, "a/b", &facts);
	g_autoptr(PvVerdict) let = pv_policy_decide(lax, "a/b", &facts);
	g_autoptr(PvVerdict) good = NULL;

	g_assert_false(refused->is_admitted);
	g_assert_cmpstr(reason(refused, 0)->code, ==, "not-signed");
	g_assert_true(let->is_admitted);
	facts.is_signed = TRUE;
	facts.roles = roles;
	good = pv_policy_decide(strict, "a/b", &facts);
	g_assert_true(good->is_admitted);
}

static void test_capabilities(void)
{
	g_autoptr(PvProfile) standard = pv_profile_built_in("default");
	const int dangerous[] = { CAP_NET_RAW, CAP_MKNOD, CAP_AUDIT_WRITE, CAP_SYS_ADMIN,
				  CAP_SYS_PTRACE };

	g_assert_cmpint(pv_profile_capability("CHOWN"), ==, CAP_CHOWN);
	g_assert_cmpint(pv_profile_capability("CAP_BPF"), ==, CAP_BPF);
	g_assert_cmpint(pv_profile_capability("CAP_CHECKPOINT_RESTORE"), ==,
			CAP_CHECKPOINT_RESTORE);
	g_assert_cmpint(pv_profile_capability("chown"), ==, -1);
	g_assert_cmpstr(pv_profile_capability_name(CAP_SYS_ADMIN), ==, "CAP_SYS_ADMIN");
	g_assert_null(pv_profile_capability_name(-1));
	for (gsize i = 0; i < G_N_ELEMENTS(dangerous); i++)
		g_assert_false(standard->capabilities & (guint64)1 << dangerous[i]);
	g_assert_null(pv_profile_built_in("other"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/policy/full", test_full);
	g_test_add_func("/policy/errors", test_errors);
	g_test_add_func("/policy/not-yaml", test_not_yaml);
	g_test_add_func("/policy/limits", test_limits);
	g_test_add_func("/policy/glob", test_glob);
	g_test_add_func("/policy/decide", test_decide);
	g_test_add_func("/policy/default", test_default);
	g_test_add_func("/policy/capabilities", test_capabilities);
	return g_test_run();
}
