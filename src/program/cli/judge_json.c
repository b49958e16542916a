/* SPDX-License-Identifier: Apache-2.0 */

/* The judge's JSON: what it reads of `pavise verify --json`, and what it says itself. */

#include "base/error.h"
#include "base/json.h"
#include "base/limits.h"
#include "program/cli/judge_private.h"

/* "hardware": of --hardware. */
static gboolean take_hardware(PvJudgement *judgement, const json_t *roles, GError **error)
{
	const json_t *item;
	gsize i;

	if (!roles)
		return TRUE;
	judgement->hardware = g_ptr_array_new_with_free_func((GDestroyNotify)pv_hardware_role_free);
	judgement->facts.hardware = judgement->hardware;
	json_array_foreach(roles, i, item) {
		PvHardwareRole *role = pv_hardware_role_of_json(item, error);

		if (!role)
			return pv_fail_wrap(error, "pavise verify");
		g_ptr_array_add(judgement->hardware, role);
	}
	return TRUE;
}

gboolean pv_judge_take_answer(PvJudgement *judgement, GBytes *output, GError **error)
{
	g_autoptr(json_t) answer =
		pv_json_load(output, PV_CHILD_OUTPUT_BYTES_MAX, "pavise verify", error);
	g_autoptr(GStrvBuilder) roles = g_strv_builder_new();
	const json_t *role;
	gsize index;

	if (!answer)
		return FALSE;
	if (!pv_json_string(answer, "digest"))
		return pv_fail(error, PV_ERROR_INTERNAL, "pavise verify named no digest");
	json_array_foreach(json_object_get(answer, "roles"), index, role) {
		if (pv_json_string(role, "name"))
			g_strv_builder_add(roles, pv_json_string(role, "name"));
	}
	if (!take_hardware(judgement, json_object_get(answer, "hardware"), error))
		return FALSE;
	judgement->digest = g_strdup(pv_json_string(answer, "digest"));
	judgement->roles = g_strv_builder_end(roles);
	judgement->facts.is_signed = TRUE;
	judgement->facts.roles = (const char *const *)judgement->roles;
	return TRUE;
}

static json_t *reasons_json(const PvVerdict *verdict)
{
	json_t *reasons = json_array();

	for (guint i = 0; i < verdict->reasons->len; i++) {
		const PvPolicyReason *reason = g_ptr_array_index(verdict->reasons, i);

		json_array_append_new(reasons,
				      json_pack("{s:s?, s:i, s:s, s:s}", "rule", verdict->rule,
						"line", verdict->line, "code", reason->code, "text",
						reason->text));
	}
	return reasons;
}

static json_t *findings_json(const PvPolicyFacts *facts)
{
	json_t *counts = json_object();

	for (guint i = PV_SEVERITY_COUNT; i-- > PV_SEVERITY_LOW;)
		json_object_set_new(counts, pv_severity_name((PvSeverity)i),
				    json_integer((json_int_t)facts->fixed[i] + facts->unfixed[i]));
	return counts;
}

static json_t *hardware_json(const GPtrArray *hardware)
{
	json_t *roles = json_array();

	for (guint i = 0; i < hardware->len; i++)
		json_array_append_new(roles, pv_hardware_role_json(hardware->pdata[i]));
	return roles;
}

json_t *pv_judge_json(const PvJudgement *judgement)
{
	json_t *value = json_pack("{s:s, s:s?, s:b, s:s, s:s?, s:i, s:s?, s:o}", "reference",
				  judgement->reference, "digest", judgement->digest, "admitted",
				  judgement->verdict->is_admitted, "policy",
				  pv_policy_name(judgement->policy), "rule",
				  judgement->verdict->rule, "line", judgement->verdict->line,
				  "profile", judgement->profile ? judgement->profile->name : NULL,
				  "reasons", reasons_json(judgement->verdict));

	if (judgement->roles) {
		json_t *roles = json_array();

		for (guint i = 0; judgement->roles[i]; i++)
			json_array_append_new(roles, json_string(judgement->roles[i]));
		json_object_set_new(value, "roles", roles);
	}
	if (judgement->facts.is_scanned)
		json_object_set_new(value, "findings", findings_json(&judgement->facts));
	if (judgement->hardware)
		json_object_set_new(value, "hardware", hardware_json(judgement->hardware));
	return value;
}
