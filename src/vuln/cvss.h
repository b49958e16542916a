/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

typedef enum {
	PV_SEVERITY_UNKNOWN,
	PV_SEVERITY_NONE,
	PV_SEVERITY_LOW,
	PV_SEVERITY_MEDIUM,
	PV_SEVERITY_HIGH,
	PV_SEVERITY_CRITICAL,
	PV_SEVERITY_COUNT
} PvSeverity;

const char *pv_severity_name(PvSeverity severity);

/**
 * pv_severity_parse:
 * @text: untrusted: "high", "MODERATE", "important", Debian's urgencies such as "unimportant"
 *
 * Returns: PV_SEVERITY_UNKNOWN for a word that is not known.
 */
PvSeverity pv_severity_parse(const char *text);

/**
 * pv_cvss_score:
 * @vector: untrusted: "CVSS:3.1/AV:N/AC:L/…", version 3.0 or 3.1
 * @ret_score: (out): 0.0 to 10.0
 *
 * The base score. Source: FIRST, CVSS v3.1 specification, section 7.1 and appendix A.
 *
 * Returns: FALSE if it is no complete vector of these versions.
 */
gboolean pv_cvss_score(const char *vector, double *ret_score);

/* CVSS v3.1, section 5: 0 none, to 3.9 low, to 6.9 medium, to 8.9 high, else critical. */
PvSeverity pv_cvss_severity(double score);
