/* SPDX-License-Identifier: Apache-2.0 */

/*
 * policy.yaml from libyaml's events, so that every message says line and column, and the verdict
 * which rule it was. The structure is known, so each level has its own function and nothing else is
 * entered: depth needs no counting. Anchors, aliases, tags and a second document are refused: a
 * policy should mean what it looks like.
 */

#include "policy/policy.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "policy/policy_private.h"
#include "policy/reader.h"

static gboolean read_match(PvReader *reader, const char *key, void *into, GError **error)
{
	return (((PvPolicyRule *)into)->match = pv_reader_value(reader, key, error)) != NULL;
}

static gboolean read_trust(PvReader *reader, const char *key, void *into, GError **error)
{
	const char *const words[] = { "none", "required", NULL };
	guint index;

	if (!pv_reader_word(reader, key, words, &index, error))
		return FALSE;
	((PvPolicyRule *)into)->requires_trust = index == 1;
	return TRUE;
}

static gboolean is_role(PvReader *reader, const char *item, void *data, GError **error)
{
	if (g_str_equal(item, "targets") ||
	    (g_str_has_prefix(item, "targets/") && item[strlen("targets/")] != '\0'))
		return TRUE;
	return pv_reader_fail(reader, PV_ERROR_SYNTAX, error,
			      "signers: '%s', expected a role: targets or targets/NAME", item);
}

static gboolean read_signers(PvReader *reader, const char *key, void *into, GError **error)
{
	PvPolicyRule *rule = into;

	rule->signers = pv_reader_list(reader, key, is_role, NULL, error);
	return rule->signers != NULL;
}

static gboolean read_pin(PvReader *reader, const char *key, void *into, GError **error)
{
	PvPolicyRule *rule = into;

	rule->pin = pv_reader_value(reader, key, error);
	if (!rule->pin)
		return FALSE;
	if (strlen(rule->pin) == 64 && strspn(rule->pin, "0123456789abcdef") == 64)
		return TRUE;
	return pv_reader_fail(
		reader, PV_ERROR_SYNTAX, error,
		"pin: expected the 64 lower-case hexadecimal digits of a root key's id");
}

static gboolean read_maximum(PvReader *reader, const char *key, void *into, GError **error)
{
	const char *words[PV_SEVERITY_COUNT + 1] = { NULL };
	PvPolicyRule *rule = into;
	guint index;

	for (guint i = PV_SEVERITY_NONE; i < PV_SEVERITY_COUNT; i++)
		words[i - PV_SEVERITY_NONE] = pv_severity_name((PvSeverity)i);
	if (!pv_reader_word(reader, key, words, &index, error))
		return FALSE;
	rule->has_maximum = TRUE;
	rule->maximum = (PvSeverity)(index + PV_SEVERITY_NONE);
	return TRUE;
}

static gboolean read_unfixed(PvReader *reader, const char *key, void *into, GError **error)
{
	const char *const words[] = { "refuse", "allow", NULL };
	guint index;

	if (!pv_reader_word(reader, key, words, &index, error))
		return FALSE;
	((PvPolicyRule *)into)->allows_unfixed = index == 1;
	return TRUE;
}

static gboolean read_rule_profile(PvReader *reader, const char *key, void *into, GError **error)
{
	return (((PvPolicyRule *)into)->profile = pv_reader_value(reader, key, error)) != NULL;
}

static const PvReaderField rule_fields[] = {
	{ "match", read_match },          { "trust", read_trust },
	{ "signers", read_signers },      { "pin", read_pin },
	{ "max-severity", read_maximum }, { "unfixed", read_unfixed },
	{ "profile", read_rule_profile }, { "hardware", pv_reader_hardware },
};

static gboolean finish_rule(const PvReader *reader, PvPolicyRule *rule, GError **error)
{
	if (!rule->match)
		return pv_fail(error, PV_ERROR_SYNTAX, "%s:%u:1: the rule has no 'match'",
			       reader->name, rule->line);
	if (!rule->requires_trust && (rule->signers || rule->pin || rule->hardware))
		return pv_fail(error, PV_ERROR_SYNTAX,
			       "%s:%u:1: the rule has 'trust: none', so 'signers', 'pin' and "
			       "'hardware' would not count",
			       reader->name, rule->line);
	if (!rule->signers)
		rule->signers = g_new0(char *, 1);
	if (!rule->profile)
		rule->profile = g_strdup("default");
	return TRUE;
}

static gboolean read_images(PvReader *reader, const char *key, void *into, GError **error)
{
	GPtrArray *rules = reader->policy->rules;

	if (!pv_reader_expect(reader, YAML_SEQUENCE_START_EVENT, "a list of rules", error))
		return FALSE;
	while (pv_reader_next(reader, error)) {
		PvPolicyRule *rule;
		guint32 seen;

		if (reader->event.type == YAML_SEQUENCE_END_EVENT)
			return TRUE;
		if (reader->event.type != YAML_MAPPING_START_EVENT)
			return pv_reader_fail(reader, PV_ERROR_SYNTAX, error,
					      "expected a rule, found %s", pv_reader_found(reader));
		if (rules->len >= PV_POLICY_RULES_MAX)
			return pv_reader_fail(reader, PV_ERROR_LIMIT, error, "more than %d rules",
					      PV_POLICY_RULES_MAX);
		rule = pv_policy_rule_new((guint)reader->event.start_mark.line + 1);
		g_ptr_array_add(rules, rule);
		if (!pv_reader_fields(reader, "a rule", rule_fields, G_N_ELEMENTS(rule_fields),
				      rule, &seen, error) ||
		    !finish_rule(reader, rule, error))
			return FALSE;
	}
	return FALSE;
}

static gboolean read_version(PvReader *reader, const char *key, void *into, GError **error)
{
	const char *const words[] = { "1", NULL };
	guint index;

	return pv_reader_word(reader, key, words, &index, error);
}

static const PvReaderField policy_fields[] = {
	{ "version", read_version },
	{ "images", read_images },
	{ "profiles", pv_reader_profiles },
};

/* Profiles may stand after the rules that name them. */
static gboolean check_profiles(const PvReader *reader, GError **error)
{
	for (guint i = 0; i < reader->policy->rules->len; i++) {
		const PvPolicyRule *rule = g_ptr_array_index(reader->policy->rules, i);

		if (!pv_policy_profile(reader->policy, rule->profile))
			return pv_fail(error, PV_ERROR_SYNTAX,
				       "%s:%u:1: the rule names the profile '%s', which there is "
				       "not",
				       reader->name, rule->line, rule->profile);
	}
	return TRUE;
}

static gboolean read_policy(PvReader *reader, GError **error)
{
	guint32 seen = 0;

	if (!pv_reader_expect(reader, YAML_STREAM_START_EVENT, "YAML", error) ||
	    !pv_reader_expect(reader, YAML_DOCUMENT_START_EVENT, "a policy", error) ||
	    !pv_reader_expect(reader, YAML_MAPPING_START_EVENT, "a mapping with 'version: 1'",
			      error) ||
	    !pv_reader_fields(reader, "the policy", policy_fields, G_N_ELEMENTS(policy_fields),
			      NULL, &seen, error) ||
	    !pv_reader_expect(reader, YAML_DOCUMENT_END_EVENT, "the end", error) ||
	    !pv_reader_expect(reader, YAML_STREAM_END_EVENT, "one document", error))
		return FALSE;
	if (!(seen & 1))
		return pv_fail(error, PV_ERROR_SYNTAX, "%s:1:1: the policy has no 'version: 1'",
			       reader->name);
	return check_profiles(reader, error);
}

/* Where there is a policy, only what it names is mounted: so the built-in profiles mount nothing. */
static void forbid_mounts(PvPolicy *policy)
{
	GHashTableIter iter;
	gpointer profile;

	g_hash_table_iter_init(&iter, policy->profiles);
	while (g_hash_table_iter_next(&iter, NULL, &profile))
		((PvProfile *)profile)->mounts = g_new0(char *, 1);
}

PvPolicy *pv_policy_parse(GBytes *text, const char *name, GError **error)
{
	g_autoptr(PvPolicy) policy = NULL;
	PvReader reader = { .name = name };
	const guint8 *bytes;
	gboolean done;
	gsize size;

	if (g_bytes_get_size(text) > PV_POLICY_BYTES_MAX)
		return pv_fail_null(error, PV_ERROR_LIMIT, "%s: more than %zu bytes", name,
				    PV_POLICY_BYTES_MAX);
	if (!yaml_parser_initialize(&reader.parser))
		return pv_fail_null(error, PV_ERROR_INTERNAL, "cannot start the YAML parser");
	reader.policy = policy = pv_policy_new(name);
	forbid_mounts(policy);
	/* libyaml wants a pointer even to nothing. */
	bytes = g_bytes_get_data(text, &size);
	yaml_parser_set_input_string(&reader.parser, bytes ? bytes : (const guint8 *)"", size);
	done = read_policy(&reader, error);
	if (reader.has_event)
		yaml_event_delete(&reader.event);
	yaml_parser_delete(&reader.parser);
	return done ? g_steal_pointer(&policy) : NULL;
}
