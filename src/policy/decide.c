/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The policy's model and its verdicts. Every no carries all its reasons, each with a stable code,
 * so that neither people nor programs have to guess.
 */

#include "policy/policy.h"

#include <string.h>

#include "policy/policy_private.h"

void pv_policy_rule_free(PvPolicyRule *rule)
{
	g_free(rule->match);
	g_free(rule->pin);
	g_free(rule->profile);
	g_strfreev(rule->signers);
	pv_policy_hardware_free(rule->hardware);
	g_free(rule);
}

PvPolicyRule *pv_policy_rule_new(guint line)
{
	PvPolicyRule *rule = g_new0(PvPolicyRule, 1);

	rule->line = line;
	rule->requires_trust = TRUE;
	return rule;
}

PvPolicy *pv_policy_new(const char *name)
{
	PvPolicy *policy = g_new0(PvPolicy, 1);
	const char *const built_in[] = { "default", "strict" };

	policy->name = g_strdup(name);
	policy->rules = g_ptr_array_new_with_free_func((GDestroyNotify)pv_policy_rule_free);
	policy->profiles = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
						 (GDestroyNotify)pv_profile_free);
	for (gsize i = 0; i < G_N_ELEMENTS(built_in); i++)
		g_hash_table_insert(policy->profiles, g_strdup(built_in[i]),
				    pv_profile_built_in(built_in[i]));
	return policy;
}

PvPolicy *pv_policy_default(gboolean allows_unsigned)
{
	PvPolicy *policy = pv_policy_new("no policy file");
	PvPolicyRule *rule = pv_policy_rule_new(0);

	rule->match = g_strdup("**");
	rule->requires_trust = !allows_unsigned;
	rule->profile = g_strdup("default");
	rule->signers = g_new0(char *, 1);
	g_ptr_array_add(policy->rules, rule);
	return policy;
}

void pv_policy_free(PvPolicy *policy)
{
	if (!policy)
		return;
	g_free(policy->name);
	g_ptr_array_unref(policy->rules);
	g_hash_table_unref(policy->profiles);
	g_free(policy);
}

const char *pv_policy_name(const PvPolicy *policy)
{
	return policy->name;
}

guint pv_policy_rule_count(const PvPolicy *policy)
{
	return policy->rules->len;
}

const PvPolicyRule *pv_policy_find(const PvPolicy *policy, const char *repository)
{
	for (guint i = 0; i < policy->rules->len; i++) {
		const PvPolicyRule *rule = g_ptr_array_index(policy->rules, i);

		if (pv_glob_matches(rule->match, repository))
			return rule;
	}
	return NULL;
}

const PvProfile *pv_policy_profile(const PvPolicy *policy, const char *name)
{
	return g_hash_table_lookup(policy->profiles, name);
}

static void reason_free(PvPolicyReason *reason)
{
	g_free(reason->text);
	g_free(reason);
}

void pv_verdict_free(PvVerdict *verdict)
{
	if (!verdict)
		return;
	g_free(verdict->rule);
	g_clear_pointer(&verdict->reasons, g_ptr_array_unref);
	g_free(verdict);
}

PvVerdict *pv_verdict_new(void)
{
	PvVerdict *verdict = g_new0(PvVerdict, 1);

	verdict->reasons = g_ptr_array_new_with_free_func((GDestroyNotify)reason_free);
	return verdict;
}

void pv_verdict_refuse(PvVerdict *verdict, const char *code, char *text)
{
	PvPolicyReason *reason = g_new0(PvPolicyReason, 1);

	reason->code = code;
	reason->text = text;
	g_ptr_array_add(verdict->reasons, reason);
}

static void judge_trust(const PvPolicyRule *rule, const PvPolicyFacts *facts, PvVerdict *verdict)
{
	if (!rule->requires_trust)
		return;
	if (!facts->is_signed) {
		pv_verdict_refuse(verdict, "not-signed",
				  g_strdup(facts->why_not ? facts->why_not
							  : "the image is not signed"));
		return;
	}
	for (guint i = 0; rule->signers[i]; i++) {
		if (!facts->roles || !g_strv_contains(facts->roles, rule->signers[i]))
			pv_verdict_refuse(verdict, "signer-missing",
					  g_strdup_printf("the role %s has not signed the image",
							  rule->signers[i]));
	}
	pv_policy_judge_hardware(rule, facts, verdict);
}

static void judge_findings(const PvPolicyRule *rule, const PvPolicyFacts *facts, PvVerdict *verdict)
{
	if (!rule->has_maximum)
		return;
	if (!facts->is_scanned) {
		pv_verdict_refuse(verdict, "not-scanned", g_strdup("the image was not scanned"));
		return;
	}
	for (guint i = PV_SEVERITY_COUNT; i-- > (guint)rule->maximum + 1;) {
		guint count = facts->fixed[i] + (rule->allows_unfixed ? 0 : facts->unfixed[i]);

		if (count > 0)
			pv_verdict_refuse(
				verdict, "severity",
				g_strdup_printf("%u finding%s of severity %s, the highest allowed "
						"is %s",
						count, count == 1 ? "" : "s",
						pv_severity_name((PvSeverity)i),
						pv_severity_name(rule->maximum)));
	}
}

PvVerdict *pv_policy_decide(const PvPolicy *policy, const char *repository,
			    const PvPolicyFacts *facts)
{
	const PvPolicyRule *rule = pv_policy_find(policy, repository);
	PvVerdict *verdict = pv_verdict_new();

	if (!rule) {
		pv_verdict_refuse(verdict, "no-rule",
				  g_strdup_printf("no rule of %s is for %s", policy->name,
						  repository));
	} else {
		verdict->rule = g_strdup(rule->match);
		verdict->line = rule->line;
		judge_trust(rule, facts, verdict);
		/* What nobody vouches for is not fetched, and so was not scanned either. */
		if (verdict->reasons->len == 0 || facts->is_scanned)
			judge_findings(rule, facts, verdict);
	}
	verdict->is_admitted = verdict->reasons->len == 0;
	return verdict;
}
