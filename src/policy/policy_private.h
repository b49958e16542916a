/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "policy/policy.h"

/* What parse.c fills and decide.c reads; not for other files. */
struct PvPolicy {
	char *name;
	GPtrArray *rules;     /* of PvPolicyRule */
	GHashTable *profiles; /* name → PvProfile */
};

PvPolicy *pv_policy_new(const char *name);
PvPolicyRule *pv_policy_rule_new(guint line);
void pv_policy_rule_free(PvPolicyRule *rule);

PvVerdict *pv_verdict_new(void);

/* @text: (transfer full): one more reason why not. */
void pv_verdict_refuse(PvVerdict *verdict, const char *code, char *text);

/* Adds to @verdict why the keys of a signed image are not in such devices as @rule asks for. */
void pv_policy_judge_hardware(const PvPolicyRule *rule, const PvPolicyFacts *facts,
			      PvVerdict *verdict);
