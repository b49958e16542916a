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
