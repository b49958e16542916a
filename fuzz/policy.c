/* SPDX-License-Identifier: Apache-2.0 */
/* pv_policy_parse(): whatever is accepted has a profile for each rule and refuses the unknown. */
#include <stdint.h>

#include "policy/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GBytes) text = g_bytes_new(data, size);
	g_autoptr(PvPolicy) policy = pv_policy_parse(text, "policy.yaml", NULL);
	g_autoptr(PvVerdict) verdict = NULL;
	PvPolicyFacts facts = { 0 };
	const PvPolicyRule *rule;

	if (!policy)
		return 0;
	rule = pv_policy_find(policy, "registry.example/shop/cart");
	verdict = pv_policy_decide(policy, "registry.example/shop/cart", &facts);
	g_assert_true(rule ? pv_policy_profile(policy, rule->profile) != NULL
			   : !verdict->is_admitted);
	if (rule && rule->requires_trust)
		g_assert_false(verdict->is_admitted);
	return 0;
}
