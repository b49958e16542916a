/* SPDX-License-Identifier: Apache-2.0 */

/* CVSS v3 base scores (FIRST, CVSS v3.1 specification document) and the words for severities. */

#include "vuln/cvss.h"

#include <math.h>
#include <string.h>

static const char *const names[PV_SEVERITY_COUNT] = {
	[PV_SEVERITY_UNKNOWN] = "unknown", [PV_SEVERITY_NONE] = "none",
	[PV_SEVERITY_LOW] = "low",         [PV_SEVERITY_MEDIUM] = "medium",
	[PV_SEVERITY_HIGH] = "high",       [PV_SEVERITY_CRITICAL] = "critical",
};

const char *pv_severity_name(PvSeverity severity)
{
	return names[severity];
}

PvSeverity pv_severity_parse(const char *text)
{
	static const struct {
		const char *word;
		PvSeverity severity;
	} words[] = {
		{ "none", PV_SEVERITY_NONE },         { "negligible", PV_SEVERITY_LOW },
		{ "unimportant", PV_SEVERITY_LOW },   { "low", PV_SEVERITY_LOW },
		{ "medium", PV_SEVERITY_MEDIUM },     { "moderate", PV_SEVERITY_MEDIUM },
		{ "high", PV_SEVERITY_HIGH },         { "important", PV_SEVERITY_HIGH },
		{ "critical", PV_SEVERITY_CRITICAL },
	};

	for (gsize i = 0; text && i < G_N_ELEMENTS(words); i++) {
		if (g_ascii_strcasecmp(words[i].word, text) == 0)
			return words[i].severity;
	}
	return PV_SEVERITY_UNKNOWN;
}

PvSeverity pv_cvss_severity(double score)
{
	if (score <= 0)
		return PV_SEVERITY_NONE;
	if (score < 4)
		return PV_SEVERITY_LOW;
	if (score < 7)
		return PV_SEVERITY_MEDIUM;
	return score < 9 ? PV_SEVERITY_HIGH : PV_SEVERITY_CRITICAL;
}

/* The value letter of a metric ("AV") in a vector; 0 if it is missing or longer than a letter. */
static char metric(const char *vector, const char *name)
{
	gsize length = strlen(name);

	for (const char *at = strchr(vector, '/'); at; at = strchr(at, '/')) {
		at++;
		if (strncmp(at, name, length) == 0 && at[length] == ':' && at[length + 1] != '\0' &&
		    (at[length + 2] == '/' || at[length + 2] == '\0'))
			return at[length + 1];
	}
	return 0;
}

/* The weight of @letter in "N0.85A0.62…"-like pairs; below 0 if it is none of them. */
static double weight(char letter, const char *letters, const double *weights)
{
	const char *found = letter ? strchr(letters, letter) : NULL;

	return found ? weights[found - letters] : -1;
}

static double impact_weight(const char *vector, const char *name)
{
	static const double weights[] = { 0.56, 0.22, 0 };

	return weight(metric(vector, name), "HLN", weights);
}

/* Appendix A: the smallest number with one decimal that is not below @value. */
static double round_up(double value)
{
	gint64 scaled = (gint64)round(value * 100000);

	if (scaled % 10000 == 0)
		return (double)scaled / 100000;
	return floor((double)scaled / 10000 + 1) / 10;
}

gboolean pv_cvss_score(const char *vector, double *ret_score)
{
	static const double av_weights[] = { 0.85, 0.62, 0.55, 0.2 };
	static const double ac_weights[] = { 0.77, 0.44 };
	static const double pr_unchanged[] = { 0.85, 0.62, 0.27 };
	static const double pr_changed[] = { 0.85, 0.68, 0.5 };
	static const double ui_weights[] = { 0.85, 0.62 };
	char scope = metric(vector, "S");
	gboolean changed = scope == 'C';
	double av = weight(metric(vector, "AV"), "NALP", av_weights);
	double ac = weight(metric(vector, "AC"), "LH", ac_weights);
	double pr = weight(metric(vector, "PR"), "NLH", changed ? pr_changed : pr_unchanged);
	double ui = weight(metric(vector, "UI"), "NR", ui_weights);
	double c = impact_weight(vector, "C"), i = impact_weight(vector, "I");
	double a = impact_weight(vector, "A");
	double base, impact, exploitability;

	if ((!g_str_has_prefix(vector, "CVSS:3.1/") && !g_str_has_prefix(vector, "CVSS:3.0/")) ||
	    av < 0 || ac < 0 || pr < 0 || ui < 0 || c < 0 || i < 0 || a < 0 ||
	    (scope != 'C' && scope != 'U'))
		return FALSE;
	base = 1 - (1 - c) * (1 - i) * (1 - a);
	impact = changed ? 7.52 * (base - 0.029) - 3.25 * pow(base - 0.02, 15) : 6.42 * base;
	exploitability = 8.22 * av * ac * pr * ui;
	if (impact <= 0)
		*ret_score = 0;
	else
		*ret_score = round_up(MIN((changed ? 1.08 : 1) * (impact + exploitability), 10));
	return TRUE;
}
